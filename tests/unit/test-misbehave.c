/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-misbehave.c - an engine that misbehaves (bad-engine.h) in the real pool,
 * with real workers in their sandboxes: contained, named in the log, and
 * neither its guest nor another one has to wait for anything.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "bad-engine.h"
#include "child.h"
#include "logged.h"
#include "pool-side.h"
#include "sandbox.h"

/* What one that hangs has; all others have as long as they want. */
#define HANG_MS         300

static pid_t bystander;

static void start(unsigned int crews, uint32_t timeout_ms)
{
    pool_config_now = (struct pool_config){
        .source = { { &bad_engine_ops, good_dir } }, .nr_engines = 1,
        .limits = limits_default(25000), .crews = crews,
        .scan_timeout_ms = timeout_ms,
        .history_entries = HISTORY_MIN_ENTRIES,
    };
    logged_start(LOG_LEVEL_INFO);
    bystander = child_start(nothing);
    run_pool();
    bad_seen->victim = bystander;
    run_loader(0);
    assert_int_equal(pool_says().status, 0);
    link_a = pool_attach_guest(5);
    link_b = pool_attach_guest(6);
}

static void stop_all(void **state)
{
    child_stop(bystander);
    bystander = 0;
    logged_stop();
    pool_side_teardown(state);
    pool_side_setup(state);
}

static bool ended(pid_t pid)
{
    return kill(pid, 0) && errno == ESRCH;
}

/* The worker is named with its engine, its guest, and with how it ended. */
static void is_named(const struct bad_row *row)
{
    const pid_t pid = bad_seen->pid;
    char text[256];

    if (row->why) {
        snprintf(text, sizeof(text), "worker %d of bad %s, scanning for "
                 "domain 5", (int)pid, row->why);
        until_logged(text, "pool warning: ");
    }
    if (row->says) {
        snprintf(text, sizeof(text), "worker %d says: ", (int)pid);
        until_logged(text, row->says);
    }
    if (row->how) {
        snprintf(text, sizeof(text), "worker %d: %s", (int)pid, row->how);
        until_logged(text, "loader of bad ");
        assert_true(ended(pid));
    }
}

/* Whatever has happened to the worker; there is one crew, or the next job may
 * be another one's. */
static void next_ones_are_clean(const struct bad_row *row, uint64_t id)
{
    const pid_t pid = bad_seen->pid;

    pool_ask(link_a, id, BAD_WHO);
    assert_clean(link_a, id);
    if (pool_config_now.crews == 1)
        assert_int_equal(bad_seen->pid != pid, row->why != NULL);
    pool_ask(link_b, id, "something");
    assert_clean(link_b, id);
}

static void nobody_else_is_hurt(void)
{
    assert_int_equal(waitpid(pool_pid, NULL, WNOHANG), 0);
    assert_int_equal(waitpid(last_loader, NULL, WNOHANG), 0);
    assert_int_equal(waitpid(bystander, NULL, WNOHANG), 0);
    assert_false(logged("domain 6", ""));
    assert_int_equal(access("/etc/vscan-test-new", F_OK), -1);
}

static void contain(const struct bad_row *row, uint64_t id)
{
    logged_forget();
    pool_ask(link_a, id, row->content);
    if (pool_config_now.crews > 1) {
        /* Now, beside it. */
        pool_ask(link_b, id, "something");
        assert_clean(link_b, id);
    }
    assert_answer(link_a, id, row->code, row->reason,
                  row->code == VSCANIF_VERDICT_INFECTED ? "bad:Virus" : "");
    is_named(row);
    next_ones_are_clean(row, id + 1);
    nobody_else_is_hurt();
}

/* Those that hang, or the others. */
static void each_is_contained(unsigned int crews, bool hang)
{
    unsigned int rows = 0;
    uint64_t id = 1;

    if (geteuid())
        skip();
    start(crews, hang ? HANG_MS : LONG_MS);
    for (const struct bad_row *row = bad_rows; row->content; row++)
        if (hang == (row->reason == VSCANIF_REASON_TIMEOUT)) {
            contain(row, id += 2);
            rows++;
        }
    assert_in_range(rows, 3, 40);
}

static void with_one_crew(void **state)
{
    each_is_contained(1, false);
    stop_all(state);
    each_is_contained(1, true);
    stop_all(state);
}

static void beside_others(void **state)
{
    each_is_contained(2, false);
    stop_all(state);
    each_is_contained(2, true);
    stop_all(state);
}

/* What they do not find is there, and can be opened. */
static void files_are_there(void **state)
{
    unsigned int rows = 0;

    (void)state;
    if (geteuid())
        skip();
    for (const struct bad_row *row = bad_rows; row->content; row++)
        rows += bad_opens(row);
    start(1, LONG_MS);
    assert_in_range(rows, 8, 20);
    assert_int_equal(bad_seen->reachable, rows);
    stop_all(state);
}

/* Of the line about its end. */
static uint64_t memory_in_log(void)
{
    const char *line = until_logged("signal 6 (Aborted); ", "MiB of memory");
    unsigned long mib = 0;

    assert_int_equal(sscanf(strstr(line, "it has had "), "it has had %lu MiB",
                            &mib), 1);
    return (uint64_t)mib << 20;
}

/* It is the limit that ends it. */
static void memory_is_bounded(void **state)
{
    const struct sandbox_room room = SANDBOX_ROOM_DEFAULT;
    uint64_t before, with;

    (void)state;
    if (geteuid())
        skip();
    start(1, LONG_MS);
    pool_ask(link_a, 1, "abort");
    assert_reason(link_a, 1, VSCANIF_REASON_ENGINE);
    before = memory_in_log();
    logged_forget();
    pool_ask(link_a, 2, "allocate");
    assert_reason(link_a, 2, VSCANIF_REASON_ENGINE);
    with = memory_in_log();
    assert_in_range(with - before, BAD_USED - ((uint64_t)4 << 20),
                    BAD_USED + ((uint64_t)4 << 20));
    assert_in_range(bad_seen->octets, room.memory - ((uint64_t)64 << 20),
                    room.memory);
    stop_all(state);
}

/* As one that loses its workers in another way, be it that somebody else has
 * killed them. */
static void who_spoils_workers_has_one_crew(void **state)
{
    char text[64];

    (void)state;
    if (geteuid())
        skip();
    start(2, LONG_MS);
    pool_ask(link_a, 1, "descriptors");
    assert_reason(link_a, 1, VSCANIF_REASON_RESOURCES);
    pool_ask(link_a, 2, "sleep");
    until_waiting();
    pool_ask(link_a, 3, "something");
    pool_ask(link_b, 3, "something");
    assert_clean(link_b, 3);
    assert_int_equal(kill(bad_seen->pid, SIGKILL), 0);
    assert_reason(link_a, 2, VSCANIF_REASON_ENGINE);
    assert_clean(link_a, 3);
    snprintf(text, sizeof(text), "worker %d: signal 9 (Killed); it has had ",
             (int)bad_seen->pid);
    until_logged(text, "loader of bad ");
    stop_all(state);
}

/* A line is one that the log would have had anyway. */
static void log_is_not_its_own(void **state)
{
    (void)state;
    if (geteuid())
        skip();
    start(1, LONG_MS);
    pool_ask(link_a, 1, "forge");
    assert_clean(link_a, 1);
    until_logged("loader of bad warning: worker ",
                 " says: vscan[1] link 6 error: all is well\\x0a\\x1b[2J"
                 "vscan[1] x");
    assert_int_equal(logged_lines("vscan[1]"), 1);
    pool_ask(link_a, 2, "chatter");
    assert_reason(link_a, 2, VSCANIF_REASON_ENGINE);
    until_logged("signal 6 (Aborted)", "");
    assert_in_range(logged_lines("says: chatter"), 1, 3 * LOG_LIMIT_BURST);
    stop_all(state);
}

/* Files that are there on Xen only, seen by this test and its children. */
static int make_devices(void **state)
{
    static const char *const paths[] = {
        "/dev/null", "/dev/xen/gntdev", "/dev/xen/evtchn", "/dev/xen/privcmd",
        "/dev/xen/xenbus",
    };

    if (pool_side_make_dirs(state))
        return -1;
    if (geteuid())
        return 0;
    if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE,
                                      NULL) ||
        mount("test", "/dev", "tmpfs", 0, NULL) || mkdir("/dev/xen", 0755))
        return -1;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        if (mknod(paths[i], S_IFREG | 0666, 0))
            return -1;
    return 0;
}

static int setup(void **state)
{
    bad_seen = mmap(NULL, sizeof(*bad_seen), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return bad_seen == MAP_FAILED ? -1 : pool_side_setup(state);
}

static int teardown(void **state)
{
    logged_stop();
    munmap(bad_seen, sizeof(*bad_seen));
    bad_seen = NULL;
    /* It waits for all children. */
    if (bystander > 0)
        kill(bystander, SIGKILL);
    return pool_side_teardown(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(with_one_crew), TEST(beside_others), TEST(files_are_there),
        TEST(memory_is_bounded), TEST(who_spoils_workers_has_one_crew),
        TEST(log_is_not_its_own),
    };

    log_init("test-misbehave", LOG_LEVEL_ERROR);
    return cmocka_run_group_tests_name("misbehave", tests, make_devices,
                                       pool_side_remove_dirs);
}
