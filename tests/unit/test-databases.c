/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-databases.c - tests of xen-scan-back/databases.c with real loaders; the
 * test plays the pool, and sets times instead of waiting for them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "databases.h"
#include "ipc.h"
#include "log.h"
#include "messages.h"
#include "proc-loader.h"
#include "proc.h"

#define LONG_MS     60000
/* SIGNATURES that are bad, or kill their loader. */
#define BAD         "bad"
#define DEADLY      "deadly"

static char top[] = "/tmp/test-databases-XXXXXX";
static char first_dir[64], second_dir[64];
static struct databases db;
static int pool, control;       /* both ends */

static int has(const char *dir, const char *name)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return !access(path, F_OK);
}

static struct engine fake;

static int load(const char *dir, const char *temp_dir,
                const struct engine_limits *limits, struct engine **engine_r,
                char error_r[ENGINE_TEXT])
{
    (void)temp_dir;
    (void)limits;
    if (has(dir, DEADLY))
        raise(SIGKILL);
    if (has(dir, BAD)) {
        snprintf(error_r, ENGINE_TEXT, "bad");
        return -EINVAL;
    }
    *engine_r = &fake;
    return 0;
}

static void describe(const struct engine *engine, char text_r[ENGINE_TEXT])
{
    (void)engine;
    snprintf(text_r, ENGINE_TEXT, "fake");
}

static unsigned int signatures(const struct engine *engine)
{
    (void)engine;
    return 1;
}

static void unload(struct engine *engine)
{
    (void)engine;
}

static const struct engine_ops ops = {
    .name = "fake", .load = load, .describe = describe,
    .signatures = signatures, .unload = unload,
};
static struct engine fake = { &ops };

static struct pool_config config = {
    .source = { { &ops, first_dir }, { &ops, second_dir } },
    .nr_engines = 2,
};

static int make_dirs(void **state)
{
    (void)state;
    config.limits = limits_default(25000);
    if (!mkdtemp(top))
        return -1;
    snprintf(first_dir, sizeof(first_dir), "%s/first", top);
    snprintf(second_dir, sizeof(second_dir), "%s/second", top);
    return mkdir(first_dir, 0755) || mkdir(second_dir, 0755);
}

static int remove_dirs(void **state)
{
    (void)state;
    return rmdir(first_dir) || rmdir(second_dir) || rmdir(top);
}

static int setup(void **state)
{
    int ends[2];

    (void)state;
    if (ipc_pair(ends) || databases_open(&db, &config))
        return -1;
    pool = ends[0];
    control = ends[1];
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    close(pool);
    close(control);
    close(databases_fd(&db));
    while (waitpid(-1, NULL, 0) > 0)
        ;
    return 0;
}

static void put(const char *dir, const char *name)
{
    char path[PATH_MAX];
    int fd;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    close(fd);
}

static void take_away(const char *dir, const char *name)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    assert_int_equal(unlink(path), 0);
}

static void receive(int fd, void *message, size_t size, int *fd_r)
{
    struct pollfd in = { .fd = fd, .events = POLLIN };

    assert_int_equal(poll(&in, 1, LONG_MS), 1);
    assert_int_equal(ipc_recv(fd, message, size, fd_r), 1);
}

/* The socket of a loader of @engine that has been started. */
static int expect_loader(unsigned int engine)
{
    struct pool_order order;
    int fd;

    receive(pool, &order, sizeof(order), &fd);
    assert_int_equal(order.kind, POOL_LOADER);
    assert_int_equal(order.number, engine);
    assert_true(fd >= 0);
    return fd;
}

static void expect_none(void)
{
    struct pool_order order;
    int fd;

    assert_int_equal(ipc_recv(pool, &order, sizeof(order), &fd), -EAGAIN);
}

/* It is told to load; returns its status. */
static int loaded(int loader)
{
    struct loader_order order;
    struct loader_said said;

    memset(&order, 0, sizeof(order));
    order.kind = LOADER_LOAD;
    assert_int_equal(ipc_send(loader, &order, sizeof(order), -1), 0);
    receive(loader, &said, sizeof(said), NULL);
    assert_int_equal(said.kind, LOADER_READY);
    return said.status;
}

/* A loader ends, and it is seen. */
static int next_exit(void)
{
    int status;
    pid_t pid = waitpid(-1, &status, 0);

    assert_true(pid > 0);
    assert_true(databases_on_exit(&db, pid, status));
    assert_false(databases_on_exit(&db, pid, status));
    return status;
}

static void wait_for_change(void)
{
    struct pollfd in = { .fd = databases_fd(&db), .events = POLLIN };

    assert_int_equal(poll(&in, 1, LONG_MS), 1);
    databases_on_change(&db);
}

/* Both engines have a loader that has loaded; nothing is due. */
static void start_both(int loader_r[2])
{
    assert_int_equal(databases_start(&db, control), -1);
    for (unsigned int e = 0; e < 2; e++) {
        loader_r[e] = expect_loader(e);
        assert_int_equal(loaded(loader_r[e]), 0);
    }
    assert_int_equal(databases_start(&db, control), -1);
    expect_none();
}

static void change_is_loaded_when_it_has_settled(void **state)
{
    int loader[2], next;
    int64_t before;

    (void)state;
    start_both(loader);
    before = proc_now_ms();
    put(second_dir, "new");
    wait_for_change();
    assert_int_equal(db.engine[0].due_ms, -1);
    assert_true(db.engine[1].due_ms >= before + DATABASES_SETTLE_MS);
    db.engine[1].due_ms = INT64_MAX;
    assert_true(databases_start(&db, control) == INT64_MAX);
    expect_none();
    /* Another change puts it off. */
    db.engine[1].due_ms = 0;
    take_away(second_dir, "new");
    wait_for_change();
    assert_true(db.engine[1].due_ms >= before + DATABASES_SETTLE_MS);
    db.engine[1].due_ms = 0;
    assert_int_equal(databases_start(&db, control), -1);
    next = expect_loader(1);
    assert_int_equal(loaded(next), 0);
    expect_none();
    close(next);
    close(loader[0]);
    close(loader[1]);
}

static void every_kind_of_change_is_seen(void **state)
{
    char from[PATH_MAX], to[PATH_MAX];
    int loader[2];

    (void)state;
    start_both(loader);
    snprintf(from, sizeof(from), "%s/file", top);
    snprintf(to, sizeof(to), "%s/file", first_dir);
    put(top, "file");
    for (int how = 0; how < 5; how++) {
        db.engine[0].due_ms = -1;
        switch (how) {
        case 0:
            assert_int_equal(rename(from, to), 0);
            break;
        case 1:
            put(first_dir, "file");     /* written anew */
            break;
        case 2:
            assert_int_equal(truncate(to, 5), 0);
            break;
        case 3:
            assert_int_equal(rename(to, from), 0);
            break;
        case 4:
            assert_int_equal(rename(from, to), 0);
            wait_for_change();
            db.engine[0].due_ms = -1;
            take_away(first_dir, "file");
            break;
        }
        wait_for_change();
        assert_true(db.engine[0].due_ms > 0);
        assert_int_equal(db.engine[1].due_ms, -1);
    }
    close(loader[0]);
    close(loader[1]);
}

static void two_at_a_time(void **state)
{
    int loader[2], next;

    (void)state;
    start_both(loader);
    databases_reload(&db);
    db.engine[1].due_ms = -1;
    assert_int_equal(databases_start(&db, control), -1);
    next = expect_loader(0);
    assert_int_equal(loaded(next), 0);
    databases_reload(&db);
    db.engine[1].due_ms = -1;
    /* It stays due, until one of the two has ended. */
    assert_int_equal(databases_start(&db, control), -1);
    expect_none();
    close(loader[0]);
    assert_int_equal(next_exit(), 0);
    assert_int_equal(databases_start(&db, control), -1);
    loader[0] = expect_loader(0);
    close(loader[0]);
    close(loader[1]);
    close(next);
}

static void bad_ones_wait_for_a_change(void **state)
{
    int loader[2], next, status;

    (void)state;
    start_both(loader);
    put(first_dir, BAD);
    wait_for_change();
    db.engine[0].due_ms = 0;
    assert_int_equal(databases_start(&db, control), -1);
    next = expect_loader(0);
    assert_int_equal(loaded(next), -EINVAL);
    close(next);
    status = next_exit();
    assert_int_equal(WEXITSTATUS(status), LOADER_EXIT_REFUSED);
    assert_int_equal(databases_start(&db, control), -1);
    expect_none();
    take_away(first_dir, BAD);
    wait_for_change();
    assert_true(db.engine[0].due_ms > 0);
    close(loader[0]);
    close(loader[1]);
}

static void one_that_dies_is_started_again(void **state)
{
    int64_t before = proc_now_ms();
    struct loader_order order;
    int loader[2], next;

    (void)state;
    start_both(loader);
    put(first_dir, DEADLY);
    wait_for_change();
    db.engine[0].due_ms = 0;
    assert_int_equal(databases_start(&db, control), -1);
    next = expect_loader(0);
    memset(&order, 0, sizeof(order));
    order.kind = LOADER_LOAD;
    assert_int_equal(ipc_send(next, &order, sizeof(order), -1), 0);
    assert_int_equal(next_exit(), SIGKILL);
    close(next);
    take_away(first_dir, DEADLY);
    assert_true(db.engine[0].due_ms > before);
    assert_true(databases_start(&db, control) > before);
    expect_none();
    db.engine[0].due_ms = 0;
    assert_int_equal(databases_start(&db, control), -1);
    next = expect_loader(0);
    assert_int_equal(loaded(next), 0);
    close(next);
    close(loader[0]);
    close(loader[1]);
}

static void directory_that_comes_and_goes(void **state)
{
    char away[PATH_MAX];
    int64_t when;
    int loader[2];

    (void)state;
    start_both(loader);
    snprintf(away, sizeof(away), "%s/away", top);
    assert_int_equal(rename(first_dir, away), 0);
    wait_for_change();
    assert_int_equal(db.engine[0].watch, -1);
    db.engine[0].due_ms = -1;
    /* It is looked for, some time later. */
    when = databases_start(&db, control);
    assert_true(when > proc_now_ms());
    expect_none();
    assert_int_equal(rename(away, first_dir), 0);
    assert_int_equal(databases_start(&db, control), -1);
    close(expect_loader(0));
    assert_true(db.engine[0].watch >= 0);
    close(loader[0]);
    close(loader[1]);
}

static void others_children_are_not_ours(void **state)
{
    (void)state;
    assert_false(databases_on_exit(&db, getpid(), 0));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(change_is_loaded_when_it_has_settled),
        TEST(every_kind_of_change_is_seen), TEST(two_at_a_time),
        TEST(bad_ones_wait_for_a_change),
        TEST(one_that_dies_is_started_again),
        TEST(directory_that_comes_and_goes),
        TEST(others_children_are_not_ours),
    };

    log_init("test-databases", LOG_LEVEL_ERROR);
    return cmocka_run_group_tests_name("databases", tests, make_dirs,
                                       remove_dirs);
}
