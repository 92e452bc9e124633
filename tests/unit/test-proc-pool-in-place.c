/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-proc-pool-in-place.c - scans of a guest's own pages, with real processes
 * (pool-side.h): what proc-pool-links.c, proc-pool-crews.c and proc-worker.c do
 * for them.
 *
 * The guests' pages are a file, which can be mapped as what a link offers can.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "digest.h"
#include "ipc.h"
#include "log.h"
#include "pool-side.h"

#define PAGE    ((size_t)VSCANIF_PAGE_SIZE)
#define PAGES   16

#define NO_PLACE    1

static int memory = -1;
static char *pages;

static int setup(void **state)
{
    memory = memfd_create("guest", MFD_CLOEXEC);
    assert_true(memory >= 0);
    assert_int_equal(ftruncate(memory, PAGES * PAGE), 0);
    pages = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, memory,
                 0);
    assert_true(pages != MAP_FAILED);
    return pool_side_setup(state);
}

static int teardown(void **state)
{
    munmap(pages, PAGES * PAGE);
    close(memory);
    return pool_side_teardown(state);
}

/* Of the guest's pages from @at on, for both engines. */
static void ask_for(int link, uint64_t id, uint64_t size, uint64_t at)
{
    struct pool_request request = { .id = id, .size = size, .at = { at, at },
                                    .kind = POOL_SCAN_IN_PLACE,
                                    .engines = pool_all_engines() };

    assert_int_equal(ipc_send(link, &request, sizeof(request), memory), 0);
}

/* Of a page of its own for each id. */
static void ask_in_place(int link, uint64_t id, const char *content)
{
    strcpy(pages + id % PAGES * PAGE, content);
    ask_for(link, id, strlen(content), id % PAGES * PAGE);
}

/* Nobody knows of what, as nobody has digested it. */
static void has_no_digest(void **state)
{
    static const uint8_t none[DIGEST_OCTETS];
    struct pool_answer got;

    (void)state;
    pool_side_start(1, LONG_MS);
    ask_in_place(link_a, 1, "virus");
    got = pool_answer_of(link_a);
    assert_int_equal(got.verdict.code, VSCANIF_VERDICT_INFECTED);
    assert_memory_equal(got.digest, none, sizeof(none));
}

static void infected(int link, uint64_t id)
{
    assert_answer(link, id, VSCANIF_VERDICT_INFECTED, VSCANIF_REASON_NONE,
                  "fake:Test.Virus");
}

static void refused(int link, uint64_t id, uint64_t size)
{
    struct pool_answer got = pool_answer_of(link);
    struct pool_answer expected = { .id = id, .size = size,
                                    .kind = POOL_NO_CREW };

    assert_memory_equal(&got, &expected, sizeof(got));
}

/* Of no child of ours, and that whoever it is a child of has buried it. */
static void until_gone(pid_t pid, int pidfd)
{
    struct pollfd in = { .fd = pidfd, .events = POLLIN };

    assert_true(pid > 0 && pidfd >= 0);
    assert_int_equal(poll(&in, 1, LONG_MS), 1);
    close(pidfd);
}

static int watch_process(pid_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

static void pages_are_scanned(void **state)
{
    (void)state;
    pool_side_start_both(1, LONG_MS);
    ask_in_place(link_a, 1, "clean");
    assert_clean(link_a, 1);
    ask_in_place(link_a, 2, "virus");
    assert_answer(link_a, 2, VSCANIF_VERDICT_INFECTED, VSCANIF_REASON_NONE,
                  "fake:Test.Virus other:Other.Virus");
    ask_in_place(link_a, 3, "other limits");
    assert_reason(link_a, 3, VSCANIF_REASON_LIMITS);
    /* To the last octet of several pages, and no further. */
    memset(pages, 'x', PAGES * PAGE);
    memcpy(pages + PAGE, "virus", 5);
    ask_for(link_a, 4, 3 * PAGE, PAGE);
    assert_answer(link_a, 4, VSCANIF_VERDICT_INFECTED, VSCANIF_REASON_NONE,
                  "fake:Test.Virus other:Other.Virus");
    ask_for(link_a, 5, 4, PAGE);
    assert_clean(link_a, 5);
}

static bool link_knows(const char *content)
{
    struct history_key key = { .size = strlen(content) };
    struct verdict verdict;
    uint64_t time;

    assert_int_equal(digest_of(content, key.size, key.digest), 0);
    return history_lookup(&link_history, &key, pool_all_engines(),
                          pool_shared->generation,
                          &verdict, &time);
}

/* Neither clean nor infected; and what the others know counts for nothing. */
static void nothing_is_known_of_them(void **state)
{
    const struct history_key nameless = { .size = 0 };
    struct verdict verdict;
    uint64_t time;

    (void)state;
    pool_side_start(1, LONG_MS);
    for (uint64_t id = 1; id <= 6; id += 2) {
        ask_in_place(link_a, id, "clean");
        assert_clean(link_a, id);
        ask_in_place(link_a, id + 1, "virus");
        infected(link_a, id + 1);
    }
    assert_int_equal(pool_shared->scans, 6);
    assert_false(history_lookup(&link_history, &nameless, pool_all_engines(),
                                pool_shared->generation, &verdict, &time));
    assert_false(link_knows("clean"));
    assert_false(link_knows("virus"));
    pool_ask_exactly(link_b, 1, "clean");
    assert_clean(link_b, 1);
    assert_int_equal(pool_shared->scans, 7);
    assert_true(link_knows("clean"));
    ask_in_place(link_a, 7, "clean");
    assert_clean(link_a, 7);
    assert_int_equal(pool_shared->scans, 8);
}

/* And none is scanned for another's sake. */
static void same_content_runs_twice(void **state)
{
    (void)state;
    pool_side_start(1, LONG_MS);
    pool_ask_exactly(link_b, 1, "stop");
    until_waiting();
    ask_in_place(link_a, 1, "stop");
    until_waiting();
    __atomic_store_n(&pool_shared->go, 1, __ATOMIC_SEQ_CST);
    assert_clean(link_a, 1);
    assert_clean(link_b, 1);
    assert_int_equal(pool_shared->scans, 2);
}

/* The shared worker is busy with another guest, the guest's own with it. */
static void workers_are_apart(void **state)
{
    pid_t shared;

    (void)state;
    pool_side_start(1, LONG_MS);
    pool_ask(link_b, 1, "stop");
    until_waiting();
    shared = pool_shared->pid;
    ask_in_place(link_a, 1, "pid");
    assert_clean(link_a, 1);
    assert_int_not_equal(pool_shared->pid, shared);
    __atomic_store_n(&pool_shared->go, 1, __ATOMIC_SEQ_CST);
    assert_clean(link_b, 1);
    __atomic_store_n(&pool_shared->go, 0, __ATOMIC_SEQ_CST);
    ask_in_place(link_a, 2, "stop");
    until_waiting();
    ask_in_place(link_a, 3, "clean");
    pool_ask(link_b, 2, "virus");
    infected(link_b, 2);
    /* One file of a guest at a time. */
    assert_int_equal(pool_shared->scans, 4);
    __atomic_store_n(&pool_shared->go, 1, __ATOMIC_SEQ_CST);
    assert_clean(link_a, 2);
    assert_clean(link_a, 3);
}

/* Each of two guests has one. */
static void each_guest_has_its_own(void **state)
{
    pid_t of_a;

    (void)state;
    pool_side_start(1, LONG_MS);
    ask_in_place(link_a, 1, "stop");
    until_waiting();
    of_a = pool_shared->pid;
    ask_in_place(link_b, 2, "pid");
    assert_clean(link_b, 2);
    assert_int_not_equal(pool_shared->pid, of_a);
    assert_int_equal(kill(of_a, SIGKILL), 0);
    assert_reason(link_a, 1, VSCANIF_REASON_ENGINE);
}

/* Each engine's worker has an offer of its own. */
static void engines_have_their_places(void **state)
{
    struct pool_request request = { .id = 1, .size = 11,
                                    .at = { 0, PAGE }, .engines = 3,
                                    .kind = POOL_SCAN_IN_PLACE };

    (void)state;
    pool_side_start_both(1, LONG_MS);
    strcpy(pages, "some octets");
    strcpy(pages + PAGE, "other virus");
    assert_int_equal(ipc_send(link_a, &request, sizeof(request), memory), 0);
    assert_answer(link_a, 1, VSCANIF_VERDICT_INFECTED, VSCANIF_REASON_NONE,
                  "other:Other.Virus");
}

static void pages_that_cannot_be_mapped(void **state)
{
    struct pool_request request = { .id = 9, .size = 5,
                                    .kind = POOL_SCAN_IN_PLACE,
                                    .engines = 1 };
    int ends[2];

    (void)state;
    pool_side_start(1, LONG_MS);
    for (uint64_t id = 1; id <= 3; id++) {
        ask_for(link_a, id, PAGE + 1, NO_PLACE);
        assert_reason(link_a, id, VSCANIF_REASON_GRANT);
    }
    /* Of a kind that is never mapped. */
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(ipc_send(link_a, &request, sizeof(request), ends[0]), 0);
    assert_reason(link_a, 9, VSCANIF_REASON_RESOURCES);
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(pool_shared->scans, 0);
    /* It is not there: the worker dies of it. */
    ask_for(link_a, 10, 5, PAGES * PAGE);
    assert_reason(link_a, 10, VSCANIF_REASON_ENGINE);
    ask_in_place(link_a, 4, "virus");
    infected(link_a, 4);
}

static void worker_that_dies_costs_one_verdict(void **state)
{
    (void)state;
    pool_side_start(1, LONG_MS);
    for (uint64_t id = 1; id <= 8; id += 2) {
        /* It is tried each time: it may be another content each time. */
        ask_in_place(link_a, id, "exit");
        ask_in_place(link_a, id + 1, "virus");
        pool_ask(link_b, id, "clean");
        assert_clean(link_b, id);
        assert_reason(link_a, id, VSCANIF_REASON_ENGINE);
        infected(link_a, id + 1);
    }
    assert_int_equal(pool_shared->scans, 12);
}

static void time_is_bounded(void **state)
{
    (void)state;
    pool_side_start(1, 50);
    ask_in_place(link_a, 1, "wait");
    assert_reason(link_a, 1, VSCANIF_REASON_TIMEOUT);
    ask_in_place(link_a, 2, "clean");
    assert_clean(link_a, 2);
}

static void worker_cannot_lie(void **state)
{
    static const char *const lies[] = {
        "forge other", "forge hello", "short", "odd 0", "odd 1", "odd 2",
        "odd 3", "odd 5", "odd 6", "odd 7", "odd 8", "odd 9",
    };

    (void)state;
    pool_side_start(1, LONG_MS);
    for (uint64_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        ask_in_place(link_a, i, lies[i]);
        assert_reason(link_a, i, VSCANIF_REASON_ENGINE);
    }
    /* This one it may have met. */
    ask_in_place(link_a, 20, "odd 4");
    assert_reason(link_a, 20, VSCANIF_REASON_GRANT);
}

static void worker_is_confined(void **state)
{
    (void)state;
    pool_side_start(1, LONG_MS);
    ask_in_place(link_a, 1, "look");
    assert_clean(link_a, 1);
    assert_string_equal(pool_shared->confined,
        "fds 6 tmp 0 root -30 var -2 etc -2 proc -2 dev -2 sys -2 library -30 "
        "koi8 1 utf7 1");
    ask_in_place(link_a, 2, "socket");
    assert_reason(link_a, 2, VSCANIF_REASON_ENGINE);
}

/* Lives ------------------------------------------------------------------- */

/* One that does not look at its socket any more, once it has said who it is. */
static pid_t have_hostile_worker(int *pidfd_r)
{
    ask_in_place(link_a, 8, "pid");
    assert_clean(link_a, 8);
    ask_in_place(link_a, 9, "forge true and stay");
    assert_clean(link_a, 9);
    *pidfd_r = watch_process(pool_shared->pid);
    return pool_shared->pid;
}

static void workers_end_with_their_link(void **state)
{
    pid_t pid;
    int pidfd;

    (void)state;
    pool_side_start_both(1, LONG_MS);
    pid = have_hostile_worker(&pidfd);
    close(link_a);
    link_a = -1;
    until_gone(pid, pidfd);
    link_a = pool_attach_guest(5);
    ask_in_place(link_a, 1, "pid");
    assert_clean(link_a, 1);
    assert_int_not_equal(pool_shared->pid, pid);
    /* In the middle of a scan, too. */
    ask_in_place(link_a, 2, "wait");
    until_waiting();
    ask_in_place(link_a, 3, "clean");
    pid = pool_shared->pid;
    pidfd = watch_process(pid);
    close(link_a);
    link_a = pool_attach_guest(5);
    until_gone(pid, pidfd);
    ask_in_place(link_a, 3, "virus");
    assert_int_equal(pool_answer_of(link_a).verdict.code,
                     VSCANIF_VERDICT_INFECTED);
}

/* The policy says scan=snapshot again. */
static void workers_end_when_they_are_not_used(void **state)
{
    pid_t pid;
    int pidfd;

    (void)state;
    pool_side_start(1, LONG_MS);
    pid = have_hostile_worker(&pidfd);
    pool_ask(link_b, 2, "clean");
    assert_clean(link_b, 2);
    assert_int_equal(kill(pid, 0), 0);
    pool_ask(link_a, 2, "clean");
    assert_clean(link_a, 2);
    until_gone(pid, pidfd);
    ask_in_place(link_a, 3, "virus");
    infected(link_a, 3);
    /* What waits or runs in place comes to its end before. */
    ask_in_place(link_a, 4, "stop");
    until_waiting();
    pool_ask(link_a, 5, "virus");
    infected(link_a, 5);
    __atomic_store_n(&pool_shared->go, 1, __ATOMIC_SEQ_CST);
    assert_clean(link_a, 4);
}

static void there_are_so_many(void **state)
{
    int link[POOL_OWN_CREWS + 1];

    (void)state;
    pool_side_start(1, LONG_MS);
    link[0] = link_a;
    for (uint32_t i = 1; i <= POOL_OWN_CREWS; i++)
        link[i] = pool_attach_guest(100 + i);
    for (unsigned int i = 0; i < POOL_OWN_CREWS; i++) {
        ask_in_place(link[i], i, "clean");
        assert_int_equal(pool_answer_of(link[i]).kind, POOL_VERDICT);
    }
    ask_in_place(link[POOL_OWN_CREWS], 77, "clean");
    refused(link[POOL_OWN_CREWS], 77, 5);
    /* It is scanned all the same. */
    pool_ask(link[POOL_OWN_CREWS], 78, "clean");
    assert_clean(link[POOL_OWN_CREWS], 78);
    /* Those who have one keep it. */
    ask_in_place(link_a, 1, "virus");
    infected(link_a, 1);
    close(link[3]);
    /* The pool has seen it when this link is there. */
    link[3] = pool_attach_guest(200);
    ask_in_place(link[POOL_OWN_CREWS], 79, "virus");
    infected(link[POOL_OWN_CREWS], 79);
    for (unsigned int i = 1; i <= POOL_OWN_CREWS; i++)
        close(link[i]);
}

static void new_signatures_are_used(void **state)
{
    struct pool_answer got;
    uint64_t old;
    pid_t first;

    (void)state;
    pool_side_start(1, LONG_MS);
    first = last_loader;
    old = pool_shared->generation;
    ask_in_place(link_a, 1, "stop");
    until_waiting();
    put_signatures("new");
    run_loader(0);
    until_new_generation(link_b);
    /* It ends as it has begun. */
    __atomic_store_n(&pool_shared->go, 1, __ATOMIC_SEQ_CST);
    assert_int_equal(pool_answer_of(link_a).kind, POOL_GENERATION);
    got = pool_answer_of(link_a);
    assert_int_equal(got.verdict.code, VSCANIF_VERDICT_CLEAN);
    assert_int_equal(got.verdict.generation, old);
    ask_in_place(link_a, 2, "virus");
    infected(link_a, 2);
    assert_int_equal(loader_status(first), 0);
    remove_signatures("new");
}

/* The loader can have no more descriptors, but poll() those that it has. */
static void crew_that_cannot_start(void **state)
{
    const struct rlimit few = { 4, 4 };

    (void)state;
    pool_side_start(1, LONG_MS);
    assert_int_equal(prlimit(last_loader, RLIMIT_NOFILE, &few, NULL), 0);
    ask_in_place(link_a, 1, "clean");
    refused(link_a, 1, 5);
    pool_ask(link_a, 2, "clean");
    assert_clean(link_a, 2);
    assert_int_equal(pool_shared->scans, 1);
}

/* Nobody waits for an engine that is away. */
static void without_engine(void **state)
{
    (void)state;
    pool_side_start(1, LONG_MS);
    ask_in_place(link_a, 1, "wait");
    until_waiting();
    ask_in_place(link_a, 2, "clean");
    assert_int_equal(kill(last_loader, SIGKILL), 0);
    assert_reason(link_a, 1, VSCANIF_REASON_ENGINE);
    assert_reason(link_a, 2, VSCANIF_REASON_RESOURCES);
    assert_int_equal(waitpid(last_loader, NULL, 0), last_loader);
    run_loader(0);
    for (uint64_t id = 3;; id++) {
        struct pool_answer got;

        ask_in_place(link_a, id, "clean");
        got = pool_answer_of(link_a);
        assert_int_equal(got.kind, POOL_VERDICT);
        if (got.verdict.code == VSCANIF_VERDICT_CLEAN)
            break;
        assert_int_equal(got.verdict.reason, VSCANIF_REASON_RESOURCES);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pages_are_scanned), TEST(has_no_digest),
        TEST(nothing_is_known_of_them),
        TEST(same_content_runs_twice), TEST(workers_are_apart),
        TEST(each_guest_has_its_own), TEST(engines_have_their_places),
        TEST(pages_that_cannot_be_mapped),
        TEST(worker_that_dies_costs_one_verdict), TEST(time_is_bounded),
        TEST(worker_cannot_lie), TEST(worker_is_confined),
        TEST(workers_end_with_their_link),
        TEST(workers_end_when_they_are_not_used), TEST(there_are_so_many),
        TEST(new_signatures_are_used), TEST(crew_that_cannot_start),
        TEST(without_engine),
    };

    log_init("test-proc-pool-in-place", LOG_LEVEL_ERROR);
    return cmocka_run_group_tests_name("proc-pool-in-place", tests,
                                       pool_side_make_dirs,
                                       pool_side_remove_dirs);
}
