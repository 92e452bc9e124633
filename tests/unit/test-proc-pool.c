/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-proc-pool.c - xen-scan-back/proc-pool.c with real processes
 * (pool-side.h).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ipc.h"
#include "log.h"
#include "messages.h"
#include "offer.h"
#include "pool-side.h"
#include "pool.h"
#include "proc-pool.h"
#include "snapshot.h"

static void assert_closed(int link)
{
    struct pool_answer got;

    int rc;

    do {
        wait_readable(link);
        rc = ipc_recv(link, &got, sizeof(got), NULL);
    } while (rc == 1 && got.kind == POOL_ENGINE);
    assert_int_equal(rc, 0);
}

/* The process id of a child that has ended, or will. */
static pid_t waitable(void)
{
    siginfo_t info;

    assert_int_equal(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), 0);
    return info.si_pid;
}

/* Tests ---------------------------------------------------------------------*/

static void says_that_it_is_ready(void **state)
{
    (void)state;
    pool_config_now = (struct pool_config){
        .source = { { &fake_engine_ops[0], good_dir } }, .nr_engines = 1,
        .limits = limits_default(25000),
        .crews = 2, .scan_timeout_ms = LONG_MS,
        .history_entries = HISTORY_MIN_ENTRIES,
    };
    if (geteuid())
        skip();
    run_pool();
    run_loader(0);
    assert_string_equal(pool_says().text, "fake 1.0, 7 signatures");
}

static void scans_for_two_guests(void **state)
{
    (void)state;
    pool_side_start(2, LONG_MS);
    pool_ask(link_a, 1, "clean");
    pool_ask(link_b, 1, "virus");
    assert_clean(link_a, 1);
    assert_answer(link_b, 1, VSCANIF_VERDICT_INFECTED, VSCANIF_REASON_NONE,
                  "fake:Test.Virus");
    pool_ask(link_a, UINT64_MAX, "virus");
    assert_answer(link_a, UINT64_MAX, VSCANIF_VERDICT_INFECTED,
                  VSCANIF_REASON_NONE,
                  "fake:Test.Virus");
}

static void scans_with_clamav(void **state)
{
    char dir[] = "/tmp/test-pool-XXXXXX", path[64];
    FILE *file;

    (void)state;
    if (geteuid())
        skip();
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/test.ndb", dir);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs("Test.Word:0:*:6d616c69636520736179732068656c6c6f\n", file);
    fclose(file);
    pool_config_now = (struct pool_config){
        .source = { { &engine_clamav, dir } }, .nr_engines = 1,
        .limits = limits_default(25000), .crews = 2,
        .scan_timeout_ms = LONG_MS, .history_entries = HISTORY_MIN_ENTRIES,
    };
    run_pool();
    run_loader(0);
    assert_int_equal(pool_says().status, 0);
    unlink(path);
    rmdir(dir);
    link_a = pool_attach_guest(5);
    for (uint64_t id = 1; id <= 8; id++) {
        pool_ask(link_a, id, id % 2 ? "nothing to be seen" :
                 "alice: malice says hello");
        if (id % 2)
            assert_clean(link_a, id);
        else
            assert_answer(link_a, id, VSCANIF_VERDICT_INFECTED,
                          VSCANIF_REASON_NONE,
                          "clamav:Test.Word.UNOFFICIAL");
    }
}

static void answers_with_the_digest(void **state)
{
    static const char *const contents[] = { "a virus", "clean", "a virus" };
    uint8_t digest[DIGEST_OCTETS];

    (void)state;
    pool_side_start(1, LONG_MS);
    for (uint64_t id = 0; id < 3; id++) {
        struct pool_answer got;

        pool_ask_exactly(link_a, id, contents[id]);
        got = pool_answer_of(link_a);
        assert_int_equal(digest_of(contents[id], strlen(contents[id]), digest),
                         0);
        assert_memory_equal(got.digest, digest, sizeof(digest));
    }
}

/* The link counts on it: what comes back is room for more. */
static void answers_with_the_size(void **state)
{
    static const char *const contents[] = { "clean", "a virus", "exit" };

    (void)state;
    pool_side_start(1, LONG_MS);
    for (uint64_t id = 0; id < 3; id++) {
        pool_ask_exactly(link_a, id, contents[id]);
        assert_int_equal(pool_answer_of(link_a).size, strlen(contents[id]));
    }
}

static void generation_is_of_the_signatures(void **state)
{
    uint64_t first;

    (void)state;
    pool_side_start(1, LONG_MS);
    first = pool_shared->generation;
    close(link_a);
    link_a = pool_attach_guest(7);
    assert_int_equal(pool_shared->generation, first);
    pool_side_teardown(state);
    pool_side_setup(state);
    put_signatures("new.ndb");
    pool_side_start(1, LONG_MS);
    assert_int_not_equal(pool_shared->generation, first);
    pool_side_teardown(state);
    pool_side_setup(state);
    remove_signatures("new.ndb");
    pool_side_start(1, LONG_MS);
    assert_int_equal(pool_shared->generation, first);
}

static void bad_request(unsigned int how)
{
    struct pool_request request = { .kind = POOL_SCAN, .id = 1, .size = 5,
                                    .engines = pool_all_engines() };
    const struct pool_request cancel = { .kind = POOL_CANCEL, .id = 1 };
    int fd = -1;

    switch (how) {
    case 0:                     /* no snapshot */
        assert_int_equal(ipc_send(link_a, &request, sizeof(request), -1), 0);
        return;
    case 1:                     /* not sealed */
        fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        assert_int_equal(write(fd, "clean", 5), 5);
        break;
    case 2:                     /* another size */
        assert_int_equal(snapshot_make("clean!", 6, &fd), 0);
        break;
    case 3:                     /* no size */
        assert_int_equal(snapshot_make("clean", 5, &fd), 0);
        request.size = 0;
        break;
    case 4:                     /* half a message */
        assert_int_equal(ipc_send(link_a, &request, sizeof(request) / 2, -1),
                         0);
        return;
    case 5:                     /* no file at all */
        fd = dup(STDERR_FILENO);
        break;
    case 6:                     /* no kind that there is */
        assert_int_equal(snapshot_make("clean", 5, &fd), 0);
        request.kind = POOL_SCAN_IN_PLACE + 1;
        break;
    case 7:                     /* to be cancelled, with a snapshot */
        assert_int_equal(snapshot_make("clean", 5, &fd), 0);
        request = cancel;
        break;
    case 8:                     /* with a size */
        request = cancel;
        request.size = 5;
        assert_int_equal(ipc_send(link_a, &request, sizeof(request), -1), 0);
        return;
    case 9:                     /* in place, of nothing that could be mapped */
        request.kind = POOL_SCAN_IN_PLACE;
        assert_int_equal(ipc_send(link_a, &request, sizeof(request), -1), 0);
        return;
    case 10:                    /* of more pages than there can be */
        assert_int_equal(snapshot_make("clean", 5, &fd), 0);
        request.kind = POOL_SCAN_IN_PLACE;
        request.size = OFFER_MAX + 1;
        break;
    case 11:                    /* of none */
        assert_int_equal(snapshot_make("clean", 5, &fd), 0);
        request.kind = POOL_SCAN_IN_PLACE;
        request.size = 0;
        break;
    case 12:                    /* by no engine */
        assert_int_equal(snapshot_make("clean", 5, &fd), 0);
        request.engines = 0;
        break;
    case 13:                    /* by more than there can be */
        assert_int_equal(snapshot_make("clean", 5, &fd), 0);
        request.engines = 1 | (engine_set)~ENGINE_SET_ANY;
        break;
    case 14:                    /* neither alone nor not */
        assert_int_equal(snapshot_make("clean", 5, &fd), 0);
        request.alone = 2;
        break;
    default:                    /* to be cancelled, and what else there is */
        request = cancel;
        request.engines = how == 15;
        request.alone = how == 16;
        request.at[0] = how == 17;
        request.reserved[1] = how == 18;
        assert_int_equal(ipc_send(link_a, &request, sizeof(request), -1), 0);
        return;
    }
    assert_int_equal(ipc_send(link_a, &request, sizeof(request), fd), 0);
    close(fd);
}

static void breach_costs_one_link(void **state)
{
    (void)state;
    pool_side_start(1, LONG_MS);
    for (unsigned int how = 0; how < 19; how++) {
        bad_request(how);
        assert_closed(link_a);
        pool_ask(link_b, how, "clean");
        assert_clean(link_b, how);
        close(link_a);
        link_a = pool_attach_guest(5);
        pool_ask(link_a, how, "clean");
        assert_clean(link_a, how);
    }
}

static void requests_in_flight_are_bounded(void **state)
{
    (void)state;
    pool_side_start(1, LONG_MS);
    for (uint64_t id = 1; id <= POOL_LINK_JOBS; id++)
        pool_ask(link_a, id, "wait");
    until_waiting();
    assert_int_equal(kill(pool_shared->pid, SIGKILL), 0);
    /* It has not lost its link: as many as that are allowed. */
    assert_reason(link_a, 1, VSCANIF_REASON_ENGINE);
    until_waiting();
    pool_ask(link_a, 100, "wait");
    pool_ask(link_a, 101, "wait");
    assert_closed(link_a);
    pool_ask(link_b, 1, "clean");
    assert_clean(link_b, 1);
    /* The jobs that waited went with the link, and the one that ran. */
    assert_int_equal(pool_shared->scans, 3);
}

static void end_of_link_drops_its_jobs(void **state)
{
    (void)state;
    pool_side_start(1, LONG_MS);
    pool_ask(link_a, 1, "wait");
    until_waiting();
    pool_ask(link_a, 2, "wait");
    pool_ask(link_a, 3, "virus");
    close(link_a);
    link_a = -1;
    pool_ask(link_b, 1, "clean");
    assert_clean(link_b, 1);
    assert_int_equal(pool_shared->scans, 2);
}

/* Returns 0, or -EPIPE when the link is closed. */
static int ask_once_more(uint64_t id)
{
    struct pool_request request = { .kind = POOL_SCAN, .id = id,
                                    .engines = pool_all_engines() };
    char content[32];
    int fd, rc;

    request.size = (uint64_t)snprintf(content, sizeof(content), "clean %u",
                                      (unsigned int)id);
    assert_int_equal(snapshot_make(content, request.size, &fd), 0);
    rc = ipc_send(link_a, &request, sizeof(request), fd);
    close(fd);
    return rc;
}

/* Takes no answer; the pool must not wait for it.  How many its socket holds is
 * the kernel's business. */
static void deaf_link_is_closed(void **state)
{
    struct pollfd gone = { .events = POLLRDHUP };
    unsigned int id = 0;

    (void)state;
    pool_side_start(1, LONG_MS);
    gone.fd = link_a;
    while (!gone.revents && id < 100000 && !ask_once_more(id)) {
        id++;
        while (__atomic_load_n(&pool_shared->scans, __ATOMIC_SEQ_CST) < id &&
               !gone.revents) {
            sched_yield();
            poll(&gone, 1, 0);
        }
    }
    assert_in_range(id, POOL_LINK_JOBS + 1, 99999);
    pool_ask(link_b, 1, "clean");
    assert_clean(link_b, 1);
}

/* More than some sockets hold, taken late. */
static void slow_link_gets_all_its_answers(void **state)
{
    (void)state;
    pool_side_start(1, LONG_MS);
    for (unsigned int id = 1; id <= POOL_LINK_JOBS; id++) {
        pool_ask(link_a, id, "clean");
        while (__atomic_load_n(&pool_shared->scans, __ATOMIC_SEQ_CST) < id)
            sched_yield();
    }
    for (unsigned int id = 1; id <= POOL_LINK_JOBS; id++)
        assert_clean(link_a, id);
    pool_ask(link_a, 100, "virus");
    assert_answer(link_a, 100, VSCANIF_VERDICT_INFECTED, VSCANIF_REASON_NONE,
                  "fake:Test.Virus");
}

/* With all that has been started for it. */
static void ends_with_its_parent(void **state)
{
    pid_t worker;

    (void)state;
    pool_side_start(2, LONG_MS);
    pool_ask(link_a, 1, "wait");
    until_waiting();
    worker = pool_shared->pid;
    close(pool_control);
    pool_control = -1;
    assert_int_equal(pool_status(), 0);
    /* The loader, which has waited for its workers. */
    assert_int_equal(loader_status(waitable()), 0);
    assert_int_equal(kill(worker, 0), -1);
    assert_int_equal(errno, ESRCH);
    assert_closed(link_a);
    assert_closed(link_b);
}

static void ends_on_sigterm(void **state)
{
    (void)state;
    pool_side_start(1, LONG_MS);
    assert_int_equal(kill(pool_pid, SIGTERM), 0);
    assert_int_equal(pool_status(), 0);
    assert_closed(link_a);
}

#define TEST(name) cmocka_unit_test_setup_teardown( \
    name, pool_side_setup, pool_side_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(says_that_it_is_ready),
        TEST(scans_for_two_guests), TEST(scans_with_clamav),
        TEST(answers_with_the_size), TEST(answers_with_the_digest),
        TEST(generation_is_of_the_signatures),
        TEST(breach_costs_one_link), TEST(requests_in_flight_are_bounded),
        TEST(end_of_link_drops_its_jobs), TEST(deaf_link_is_closed),
        TEST(slow_link_gets_all_its_answers),
        TEST(ends_with_its_parent), TEST(ends_on_sigterm),
    };

    log_init("test-proc-pool", LOG_LEVEL_ERROR);
    return cmocka_run_group_tests_name("proc-pool", tests, pool_side_make_dirs,
                                       pool_side_remove_dirs);
}
