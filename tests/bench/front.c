/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * front.c - what the front costs: an open and close of a file, and memory.
 *
 * Overview: a whole front with a stub of the link (tests/lib/front.h) that
 * answers at once, in a world of its own.  One process opens files in bursts,
 * one way after the other, many times round, so that whatever else the machine
 * does meets all ways alike; of each way the median burst counts.  All files
 * are on tmpfs; what is unprotected is on one that is mounted nowhere, which
 * the front cannot find.  They are opened from their directory (openat(2)): a
 * longer path makes all ways dearer, and the ratios smaller.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "front.h"

#define ROUNDS      201
#define BURST       200
#define HELD_BURST  20          /* each with its way through two processes */
#define MANY        10000       /* files on record */

enum way { UNPROTECTED, KEPT, WATCHED, HELD_OPEN, NR_WAYS };

static struct {
    const char *name, *file;
    int burst, dir;
} ways[NR_WAYS] = {
    [UNPROTECTED] = { "unprotected", "bare", BURST, -1 },
    [KEPT] = { "on record, kept (no event)", "kept", BURST, -1 },
    [WATCHED] = { "on record, watched (event, no message)", "watched",
                  HELD_BURST, -1 },
    [HELD_OPEN] = { "held and answered (no record)", "held", HELD_BURST, -1 },
};

int proc_link(int sock)
{
    return front_stub_link(sock);
}

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static double one_burst(enum way way)
{
    const int64_t begin = now_ns();

    for (int i = 0; i < ways[way].burst; i++) {
        int fd = openat(ways[way].dir, ways[way].file, O_RDONLY | O_CLOEXEC);

        assert_true(fd >= 0);
        close(fd);
    }
    return (double)(now_ns() - begin) / ways[way].burst;
}

static int compare(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static void measure(double median_r[NR_WAYS])
{
    static double ns[NR_WAYS][ROUNDS];

    for (int round = 0; round < ROUNDS; round++)
        for (int way = 0; way < NR_WAYS; way++)
            ns[way][round] = one_burst(way);
    for (int way = 0; way < NR_WAYS; way++) {
        qsort(ns[way], ROUNDS, sizeof(ns[way][0]), compare);
        median_r[way] = ns[way][ROUNDS / 2];
    }
}

/* Proportional share of a process's resident memory, in KiB. */
static long pss(pid_t pid)
{
    char path[64], line[128];
    long sum = 0, kib;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
    file = fopen(path, "re");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file))
        if (sscanf(line, "Pss: %ld", &kib) == 1)
            sum += kib;
    fclose(file);
    return sum;
}

/* 10,000 files, each of which is on record and kept. */
static void fill_record(void)
{
    char path[32];

    for (int i = 0; i < MANY; i++) {
        int fd;

        snprintf(path, sizeof(path), "/tmp/many/%d", i);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        assert_true(fd >= 0);
        close(fd);
    }
    WAIT_FOR(status->records_kept >= MANY);
}

/* A tmpfs that is in no mount namespace, with its file. */
static int bare_directory(void)
{
    int context = fsopen("tmpfs", FSOPEN_CLOEXEC), mount, fd;

    assert_true(context >= 0);
    assert_int_equal(fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0), 0);
    mount = fsmount(context, FSMOUNT_CLOEXEC, 0);
    assert_true(mount >= 0);
    close(context);
    fd = openat(mount, "bare", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    assert_int_equal(write(fd, "C", 1), 1);
    close(fd);
    return mount;
}

/* Has a burst of opens raised events that the gate answered by the record?  It
 * counts after it has answered. */
static bool is_watched(void)
{
    uint64_t hits = status->count[COUNT_RECORD_HITS];

    one_burst(WATCHED);
    return status->count[COUNT_RECORD_HITS] - hits >= HELD_BURST - 1;
}

static void prepare(void)
{
    char path[32];
    int tmp = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);

    /* Each file needs a page. */
    assert_int_equal(mount(NULL, "/", NULL, MS_REMOUNT, "size=128m"), 0);
    assert_int_equal(mkdir("/tmp/many", 0755), 0);
    for (int i = 0; i < MANY; i++) {
        snprintf(path, sizeof(path), "/tmp/many/%d", i);
        write_file(path, "C");
    }
    write_file("/tmp/kept", "C");
    write_file("/tmp/watched", "C");
    write_file("/tmp/held", "N");
    front_start((struct front_config){ .generation = 7 });
    for (int way = 0; way < NR_WAYS; way++)
        ways[way].dir = way == UNPROTECTED ? bare_directory() : tmp;
    /* Whoever writes to a record takes its lease: it is watched from then on,
     * when the close after writing has been seen and the file scanned. */
    one_burst(WATCHED);
    write_file("/tmp/watched", "C");
    WAIT_FOR(is_watched());
}

/* Is each way what its name says? */
static void check_ways(void)
{
    uint64_t events = status->count[COUNT_EVENTS];

    one_burst(KEPT);
    one_burst(KEPT);
    one_burst(UNPROTECTED);
    assert_true(status->count[COUNT_EVENTS] - events <= 1);
    assert_true(is_watched());
    assert_int_equal(REQUESTS(one_burst(WATCHED)), 0);
    assert_int_equal(REQUESTS(one_burst(HELD_OPEN)), HELD_BURST);
}

static void bench(void **state)
{
    double median[NR_WAYS];
    long kib = 0;

    (void)state;
    front_need_world();
    prepare();
    check_ways();
    measure(median);
    fill_record();
    kib = pss(status->guard) + pss(status->gate) + pss(status->link);
    printf("%d rounds of bursts, the median burst of each way\n\n", ROUNDS);
    for (int way = 0; way < NR_WAYS; way++)
        printf("%-40s %8.0f ns %7.2f x\n", ways[way].name, median[way],
               median[way] / median[UNPROTECTED]);
    printf("%-40s %8ld KiB\n", "guard, gate, stub; 10,000 records (Pss)", kib);
    printf("%-40s %8ld KiB\n", "  guard", pss(status->guard));
    printf("%-40s %8ld KiB\n", "  gate", pss(status->gate));
}

static int run_all(void)
{
    const struct CMUnitTest benches[] = {
        cmocka_unit_test_teardown(bench, front_stop),
    };

    return cmocka_run_group_tests_name("front", benches, NULL, NULL);
}

int main(void)
{
    return front_main(run_all);
}
