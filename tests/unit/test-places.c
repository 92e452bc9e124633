/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-places.c - tests of xen-guest-front/places.c with real processes in a
 * world of their own (world.h).  Skipped without root.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "places.h"
#include "world.h"

enum { MANY = 24 };

static bool in_world;
static struct {
    unsigned int nr;
    struct place place[256];
    char mounts[256][1024];
} visited;

static void need_world(void)
{
    if (!in_world)
        skip();
}

static void visit(void *data, const struct place *place)
{
    assert_ptr_equal(data, &visited);
    assert_true(visited.nr < 256);
    assert_true(fcntl(place->root, F_GETFL) & O_PATH);
    assert_true(pread(place->mountinfo, visited.mounts[visited.nr], 1023, 0) >
                0);
    visited.place[visited.nr++] = *place;
}

static int visit_all(void)
{
    memset(&visited, 0, sizeof(visited));
    return places_visit(visit, &visited);
}

/* A process that has done @what and then waits to be killed. */
static pid_t start(void (*what)(void))
{
    int ready[2];
    char c;
    pid_t pid;

    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        what();
        if (write(ready[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &c, 1), 1);
    close(ready[0]);
    return pid;
}

static void stop(pid_t pid)
{
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void must(bool ok)
{
    if (!ok)
        _exit(1);
}

static void nothing(void)
{
}

static void own_mounts(void)
{
    must(!unshare(CLONE_NEWNS));
}

static void users_mounts(void)
{
    must(!unshare(CLONE_NEWUSER | CLONE_NEWNS));
}

static void own_mounts_chrooted(void)
{
    own_mounts();
    must(!chroot("/tmp") && !chdir("/"));
}

static void *thread(void *ready)
{
    must(!unshare(CLONE_FS) && !unshare(CLONE_NEWNS));
    must(write(*(int *)ready, "x", 1) == 1);
    for (;;)
        pause();
    return NULL;
}

static void threads_mounts(void)
{
    int ready[2];
    pthread_t id;
    char c;

    must(!pipe(ready) && !pthread_create(&id, NULL, thread, &ready[1]) &&
         read(ready[0], &c, 1) == 1);
}

static void none(void **state)
{
    pid_t pid;

    (void)state;
    need_world();
    pid = start(nothing);
    assert_int_equal(visit_all(), 0);
    assert_int_equal(visited.nr, 0);
    stop(pid);
}

static void trusted_ones_first(void **state)
{
    pid_t user, other;

    (void)state;
    need_world();
    user = start(users_mounts);
    other = start(own_mounts);
    assert_int_equal(visit_all(), 0);
    assert_int_equal(visited.nr, 2);
    assert_int_equal(visited.place[0].pid, other);
    assert_true(visited.place[0].trusted);
    assert_int_equal(visited.place[1].pid, user);
    assert_false(visited.place[1].trusted);
    stop(user);
    stop(other);
}

/* In the same namespace a chrooted process sees less. */
static void each_root_directory(void **state)
{
    pid_t first, inner = 0;

    (void)state;
    need_world();
    first = start(own_mounts_chrooted);
    assert_int_equal(visit_all(), 0);
    assert_int_equal(visited.nr, 1);
    assert_null(strstr(visited.mounts[0], " /proc "));
    inner = start(own_mounts);
    assert_int_equal(visit_all(), 0);
    assert_int_equal(visited.nr, 2);
    assert_non_null(strstr(visited.mounts[1], " /proc "));
    stop(first);
    stop(inner);
}

static void threads(void **state)
{
    pid_t pid;

    (void)state;
    need_world();
    pid = start(threads_mounts);
    assert_int_equal(visit_all(), 0);
    assert_int_equal(visited.nr, 1);
    assert_int_not_equal(visited.place[0].pid, pid);
    stop(pid);
}

/* One process's children, each in its namespace but with its own root. */
static void many_roots(void)
{
    char dir[32];
    int ready[2];
    char c;

    own_mounts();
    must(!pipe(ready));
    for (int i = 0; i < MANY; i++) {
        snprintf(dir, sizeof(dir), "/tmp/root-%d", i);
        mkdir(dir, 0755);
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            must(!chroot(dir) && write(ready[1], "x", 1) == 1);
            for (;;)
                pause();
        }
    }
    for (int i = 0; i < MANY; i++)
        must(read(ready[0], &c, 1) == 1);
}

static void roots_are_bounded(void **state)
{
    pid_t pid, other;

    (void)state;
    need_world();
    pid = start(many_roots);
    other = start(own_mounts);
    assert_int_equal(visit_all(), MANY + 1 - PLACES_MAX_ROOTS);
    /* Others are not touched by that. */
    assert_int_equal(visited.nr, PLACES_MAX_ROOTS + 1);
    assert_int_equal(visited.place[PLACES_MAX_ROOTS].pid, other);
    stop(pid);
    stop(other);
}

static int run_all(bool world)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(none), cmocka_unit_test(trusted_ones_first),
        cmocka_unit_test(each_root_directory), cmocka_unit_test(threads),
        cmocka_unit_test(roots_are_bounded),
    };

    in_world = world;
    return cmocka_run_group_tests_name("places", tests, NULL, NULL);
}

int main(void)
{
    return world_run(run_all);
}
