/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-history-race.c - links look things up while the pool writes.
 *
 * Overview: every result has a time, and all else of it is a function of that
 * time and of the content: half of one result and half of another do not pass.
 * Links are processes of their own; they end when they have seen enough, and
 * the pool goes on until all have.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "child.h"
#include "histories.h"
#include "history-private.h"

#define LINKS       3
#define CONTENTS    12          /* for one set of 8: some always have to go */
#define HITS        300000      /* that each link wants */
#define MAX_LOOKUPS (100 * (uint64_t)HITS)
/* Results of one generation. */
#define OF_ONE      100
#define DEATHS      30

/* Status of a link, but for those of must(). */
enum { FINE, TORN, OLD, TOO_FEW };

/* What the pool has announced. */
struct announced {
    _Atomic uint64_t generation;
    _Atomic int stop;
};

static struct history_key keys[CONTENTS];
static struct announced *announced;

static int setup(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < CONTENTS; i++)
        keys[i] = content(i);
    announced = mmap(NULL, sizeof(*announced), PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return announced == MAP_FAILED ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    return munmap(announced, sizeof(*announced));
}

/* The result of content @i at this time; some are always clean. */
static struct verdict result_at(uint32_t i, uint64_t time,
                                uint64_t generation)
{
    struct verdict verdict = clean_in(generation);

    if (i % 4 == 0)
        return verdict;
    verdict.code = VSCANIF_VERDICT_INFECTED;
    memset(verdict.name, (int)('A' + (time + i) % 26),
           sizeof(verdict.name) - 1);
    return verdict;
}

static int check(uint32_t i, uint64_t generation, const struct verdict *got,
                 uint64_t time)
{
    struct verdict want = result_at(i, time, generation);

    return memcmp(got, &want, sizeof(want)) ? TORN : FINE;
}

/* A link: what it sees is whole, and of the generation that it asks for; and
 * nothing is left of the one before that was announced. */
static int look_up(const struct history_view *view, uint64_t wanted)
{
    uint64_t hits = 0;

    for (uint64_t n = 0; n < MAX_LOOKUPS && hits < wanted; n++) {
        uint64_t generation = atomic_load(&announced->generation), time;
        uint32_t i = (uint32_t)(n % CONTENTS);
        struct verdict got;

        if (generation > 1 && history_lookup(view, &keys[i], ONE, generation - 1,
                                             &got, &time))
            return OLD;
        if (!history_lookup(view, &keys[i], ONE, generation, &got, &time))
            continue;
        hits++;
        if (check(i, generation, &got, time))
            return TORN;
    }
    return hits < wanted ? TOO_FEW : FINE;
}

static pid_t start_link(const struct history *h, bool hostile)
{
    struct history_view view;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    must(!history_attach(&view, h->table_fd, h->marks_fd));
    for (uint32_t n = 0; hostile; n = n * 69069 + 1)
        atomic_store(&view.marks[(n >> 16) % view.entries], (uint8_t)n);
    _exit(look_up(&view, HITS));
}

/* The pool, until every link has ended; returns how many did so well. */
static unsigned int write_for(struct history *h, unsigned int links)
{
    unsigned int good = 0;
    uint64_t generation = 1;

    for (uint64_t time = 1; links; time++) {
        uint32_t i = (uint32_t)(time * 7 % CONTENTS);
        struct verdict verdict = result_at(i, time, generation);
        int status;

        if (history_put(h, &keys[i], ONE, &verdict, time))
            return 0;
        if (time % OF_ONE)
            continue;
        history_start_generation(h, ++generation);
        atomic_store(&announced->generation, generation);
        if (waitpid(-1, &status, WNOHANG) <= 0)
            continue;
        links--;
        if (status)
            print_message("a link ended with %#x\n", (unsigned int)status);
        good += status == 0;
    }
    return good;
}

static void results_are_whole(void **state)
{
    struct history h;

    (void)state;
    history_of(&h, HISTORY_WAYS, 1);
    atomic_store(&announced->generation, 1);
    for (unsigned int i = 0; i < LINKS; i++)
        start_link(&h, false);
    assert_int_equal(write_for(&h, LINKS), LINKS);
    history_dispose(&h);
}

static void results_are_whole_beside_a_hostile_link(void **state)
{
    struct history h;
    pid_t pid;

    (void)state;
    history_of(&h, HISTORY_WAYS, 1);
    atomic_store(&announced->generation, 1);
    pid = start_link(&h, true);
    start_link(&h, false);
    assert_int_equal(write_for(&h, 1), 1);
    child_stop(pid);
    history_dispose(&h);
}

/* A pool that is killed in the middle of what it writes. */
static void what_a_dead_pool_leaves_is_whole(void **state)
{
    (void)state;
    for (unsigned int n = 0; n < DEATHS; n++) {
        struct history_view view;
        struct history h;
        unsigned int seen = 0;
        pid_t pid;

        history_of(&h, HISTORY_WAYS, 1);
        assert_int_equal(history_attach(&view, h.table_fd, h.marks_fd), 0);
        /* For once the child is to have the writer's memory. */
        assert_int_equal(madvise(h.table, history_octets(HISTORY_WAYS),
                                 MADV_DOFORK), 0);
        assert_int_equal(madvise((void *)(uintptr_t)h.view.marks,
                                 HISTORY_WAYS, MADV_DOFORK), 0);
        atomic_store(&announced->generation, 1);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            for (uint64_t time = 1;; time++) {
                uint32_t i = (uint32_t)(time % HISTORY_WAYS);
                struct verdict verdict = result_at(i, time, 1);

                must(!history_put(&h, &keys[i], ONE, &verdict, time));
            }
        }
        assert_int_equal(look_up(&view, 1000 + n * 10), FINE);
        child_stop(pid);
        for (uint32_t i = 0; i < HISTORY_WAYS; i++) {
            struct verdict got;
            uint64_t time;

            if (!history_lookup(&view, &keys[i], ONE, 1, &got, &time))
                continue;
            assert_int_equal(check(i, 1, &got, time), FINE);
            seen++;
        }
        /* At most one was in the making. */
        assert_true(seen >= HISTORY_WAYS - 1);
        history_detach(&view);
        history_dispose(&h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_are_whole),
        cmocka_unit_test(results_are_whole_beside_a_hostile_link),
        cmocka_unit_test(what_a_dead_pool_leaves_is_whole),
    };

    return cmocka_run_group_tests_name("history-race", tests, setup,
                                       teardown);
}
