/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * history.c - what the history of scanned content costs: a look-up, a result,
 * and memory; and a digest, without which there is no look-up.
 *
 * Overview: a table of the default size, half full, and a link's view of it.
 * Each way is done in bursts, one way after the other, many times round, so
 * that whatever else the machine does meets all ways alike; of each way the
 * median burst counts.  Contents are taken in no order, so that most are in no
 * cache of the processor.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

#include "histories.h"

#define ROUNDS      101
#define BURST       1000
#define PRESENT     (HISTORY_DEFAULT_ENTRIES / 2)
#define GENERATION  7
#define LARGE       (1 << 20)

static struct history_key present[PRESENT], absent[PRESENT];
static uint8_t octets[LARGE];

static struct {
    struct history history, full;
    struct history_view view;
    struct digest digest;
    uint32_t next;
} b;

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static uint32_t any(void)
{
    return b.next = (b.next * 1664525 + 1013904223);
}

static void look_up(const struct history_key *key, bool hit)
{
    struct verdict verdict;
    uint64_t time;

    assert_int_equal(history_lookup(&b.view, key, ONE, GENERATION, &verdict,
                                    &time), hit);
}

static void hit(void)
{
    look_up(&present[any() % PRESENT], true);
}

static void miss(void)
{
    look_up(&absent[any() % PRESENT], false);
}

static void put(struct history *h, const struct history_key *key)
{
    struct verdict verdict = clean_in(GENERATION);

    assert_int_equal(history_put(h, key, ONE, &verdict, 1), 0);
}

static void put_again(void)
{
    put(&b.history, &present[any() % PRESENT]);
}

/* A content with such a size has never been there. */
static void put_new(void)
{
    struct history_key key = absent[any() % PRESENT];

    key.size = any();
    put(&b.full, &key);
}

static void digest(size_t size)
{
    uint8_t sum[DIGEST_OCTETS];

    assert_int_equal(digest_start(&b.digest), 0);
    assert_int_equal(digest_add(&b.digest, octets, size), 0);
    assert_int_equal(digest_end(&b.digest, sum), 0);
}

static void digest_small(void)
{
    digest(4096);
}

static void digest_large(void)
{
    digest(LARGE);
}

static const struct {
    const char *name;
    void (*once)(void);
    int burst;
} ways[] = {
    { "look-up, known", hit, BURST },
    { "look-up, unknown", miss, BURST },
    { "result, for what is known", put_again, BURST },
    { "result, for which another goes", put_new, BURST },
    { "SHA-256 of 4 KiB", digest_small, 100 },
    { "SHA-256 of 1 MiB", digest_large, 1 },
};

#define NR_WAYS (sizeof(ways) / sizeof(ways[0]))

static double one_burst(unsigned int way)
{
    const int64_t begin = now_ns();

    for (int i = 0; i < ways[way].burst; i++)
        ways[way].once();
    return (double)(now_ns() - begin) / ways[way].burst;
}

static int compare(const void *x, const void *y)
{
    const double *a = x, *c = y;

    return (*a > *c) - (*a < *c);
}

static void measure(double median_r[NR_WAYS])
{
    static double ns[NR_WAYS][ROUNDS];

    for (int round = 0; round < ROUNDS; round++)
        for (unsigned int way = 0; way < NR_WAYS; way++)
            ns[way][round] = one_burst(way);
    for (unsigned int way = 0; way < NR_WAYS; way++) {
        qsort(ns[way], ROUNDS, sizeof(ns[way][0]), compare);
        median_r[way] = ns[way][ROUNDS / 2];
    }
}

/* A hit is to be one: what has had to go already is not asked for. */
static void prepare(void)
{
    uint32_t n = 0;

    history_of(&b.history, HISTORY_DEFAULT_ENTRIES, GENERATION);
    history_of(&b.full, HISTORY_DEFAULT_ENTRIES, GENERATION);
    assert_int_equal(history_attach(&b.view, b.history.table_fd,
                                    b.history.marks_fd), 0);
    for (uint32_t i = 0; i < PRESENT; i++) {
        present[i] = content(i);
        absent[i] = content(i + PRESENT);
        put(&b.history, &present[i]);
    }
    for (uint32_t i = 0; i < PRESENT; i++)
        if (knows(&b.history, i))
            present[n++] = present[i];
    while (n < PRESENT)
        present[n++] = present[0];
    for (uint32_t i = 0; i < 4 * HISTORY_DEFAULT_ENTRIES; i++)
        put_new();
    memset(octets, 0xa5, sizeof(octets));
}

static long octets_of(int fd)
{
    struct stat st;

    assert_int_equal(fstat(fd, &st), 0);
    return st.st_size;
}

static void bench(void **state)
{
    const struct history *h = &b.history;
    double median[NR_WAYS];
    long size;

    (void)state;
    prepare();
    measure(median);
    size = octets_of(h->table_fd) + octets_of(h->marks_fd);
    printf("%d rounds of bursts, the median burst of each way\n\n", ROUNDS);
    for (unsigned int way = 0; way < NR_WAYS; way++)
        printf("%-40s %8.0f ns\n", ways[way].name, median[way]);
    printf("%-40s %8ld octets\n", "an entry", size / h->view.entries);
    printf("%-40s %8ld KiB\n", "a table of the default size", size / 1024);
    printf("%-40s %8.2f %%\n", "gone of as many as half of its entries",
           100.0 * (double)h->evictions / PRESENT);
    history_detach(&b.view);
    history_dispose(&b.history);
    history_dispose(&b.full);
    digest_dispose(&b.digest);
}

int main(void)
{
    const struct CMUnitTest benches[] = {
        cmocka_unit_test(bench),
    };

    return cmocka_run_group_tests_name("history", benches, NULL, NULL);
}
