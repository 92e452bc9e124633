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

#include "child.h"
#include "need.h"
#include "places.h"
#include "world.h"

static struct {
    unsigned int nr;
    struct place place[PLACES_MAX];
    char mounts[PLACES_MAX][1024];
} visited;

static void visit(void *data, const struct place *place)
{
    assert_ptr_equal(data, &visited);
    assert_true(visited.nr < PLACES_MAX);
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

static ssize_t size_of(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char c;
    ssize_t n = read(fd, &c, 1);

    close(fd);
    return n;
}

static int wait_any(void)
{
    int status;

    assert_true(wait(&status) > 0);
    return status;
}

static void none(void **state)
{
    pid_t pid;

    (void)state;
    need_world();
    pid = child_start(nothing);
    assert_int_equal(visit_all(), 0);
    assert_int_equal(visited.nr, 0);
    child_stop(pid);
}

static void trusted_ones_first(void **state)
{
    pid_t user, other;

    (void)state;
    need_world();
    user = child_start(users_mounts);
    other = child_start(own_mounts);
    assert_int_equal(visit_all(), 0);
    assert_int_equal(visited.nr, 2);
    assert_int_equal(visited.place[0].pid, other);
    assert_true(visited.place[0].trusted);
    assert_int_equal(visited.place[1].pid, user);
    assert_false(visited.place[1].trusted);
    child_stop(user);
    child_stop(other);
}

/* A process that sees nothing of it does not hide the namespace. */
static void seen_from_the_top(void **state)
{
    char text[64];
    pid_t pid;

    (void)state;
    need_world();
    pid = child_start(own_mounts_chrooted);
    snprintf(text, sizeof(text), "/proc/%d/mountinfo", (int)pid);
    assert_int_equal(size_of(text), 0);
    assert_int_equal(visit_all(), 0);
    assert_int_equal(visited.nr, 1);
    assert_non_null(strstr(visited.mounts[0], " /proc "));
    child_stop(pid);
}

/* Visits end where they began. */
static void back_home(void **state)
{
    struct stat ns, root, then;
    pid_t pid;

    (void)state;
    need_world();
    pid = child_start(own_mounts);
    assert_int_equal(stat("/proc/self/ns/mnt", &ns), 0);
    if (fork() == 0) {
        /* Also from below another root directory. */
        must(!mkdir("/tmp/jail", 0755) && !mkdir("/tmp/jail/proc", 0755) &&
             !mount("/proc", "/tmp/jail/proc", NULL, MS_BIND, NULL) &&
             !chroot("/tmp/jail") && !chdir("/"));
        must(!stat("/", &root) && visit_all() == 0 && visited.nr == 1);
        must(!stat("/", &then) && then.st_ino == root.st_ino);
        must(!stat("/proc/self/ns/mnt", &then) && then.st_ino == ns.st_ino);
        _exit(0);
    }
    assert_int_equal(wait_any(), 0);
    assert_int_equal(umount2("/tmp/jail/proc", MNT_DETACH), 0);
    child_stop(pid);
}

static void threads(void **state)
{
    pid_t pid;

    (void)state;
    need_world();
    pid = child_start(threads_mounts);
    assert_int_equal(visit_all(), 0);
    assert_int_equal(visited.nr, 1);
    assert_int_not_equal(visited.place[0].pid, pid);
    child_stop(pid);
}

/* As many children as bring it to one more than PLACES_MAX. */
static void many_mounts(void)
{
    int ready[2];
    char c;

    must(!pipe(ready));
    for (int i = 0; i < PLACES_MAX + 1; i++) {
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            users_mounts();
            must(write(ready[1], "x", 1) == 1);
            for (;;)
                pause();
        }
    }
    for (int i = 0; i < PLACES_MAX + 1; i++)
        must(read(ready[0], &c, 1) == 1);
}

/* A user who uses up the bound takes nothing from the others. */
static void bounded(void **state)
{
    pid_t pid, other;

    (void)state;
    need_world();
    pid = child_start(many_mounts);
    other = child_start(own_mounts);
    assert_int_equal(visit_all(), 2);
    assert_int_equal(visited.nr, PLACES_MAX);
    assert_int_equal(visited.place[0].pid, other);
    assert_false(visited.place[1].trusted);
    child_stop(pid);
    child_stop(other);
}

/*
 * A made-up /proc of PLACES_MAX_THREADS threads, in 512 processes of 512 each;
 * of the first one a thread is in the mount namespace of @pid.  The real one is
 * at /real.
 */
static void make_proc(pid_t pid)
{
    char path[64], from[64];

    must(!mount("x", "/proc", "tmpfs", 0, NULL) &&
         !symlink("/real/self", "/proc/self") &&
         !mkdir("/proc/first", 0755) && !mkdir("/proc/first/task", 0755) &&
         !mkdir("/proc/other", 0755) && !mkdir("/proc/other/task", 0755));
    snprintf(from, sizeof(from), "/real/%d", (int)pid);
    for (int i = 1; i <= 512; i++) {
        snprintf(path, sizeof(path), "/proc/first/task/%d", i);
        must(i == 512 ? !symlink(from, path) : !mknod(path, S_IFREG, 0));
        snprintf(path, sizeof(path), "/proc/other/task/%d", i);
        must(!mknod(path, S_IFREG, 0));
        snprintf(path, sizeof(path), "/proc/%d", i);
        must(!symlink(i == 1 ? "first" : "other", path));
    }
}

/* What is more is not looked at, and said. */
static void bounded_threads(void **state)
{
    pid_t pid;

    (void)state;
    need_world();
    assert_int_equal(PLACES_MAX_THREADS, 512 * 512);
    must(!mkdir("/real", 0755) && !mount("x", "/real", "proc", 0, NULL));
    pid = child_start(own_mounts);
    make_proc(pid);
    assert_int_equal(visit_all(), 0);
    assert_int_equal(visited.nr, 1);
    /* One process more, of one thread; then a process of many. */
    must(!mkdir("/proc/last", 0755) && !mkdir("/proc/last/task", 0755) &&
         !mknod("/proc/last/task/1", S_IFREG, 0) &&
         !symlink("last", "/proc/513"));
    assert_int_equal(visit_all(), 2);
    must(!symlink("other", "/proc/514"));
    assert_int_equal(visit_all(), 2);
    umount2("/proc", MNT_DETACH);
    child_stop(pid);
    umount2("/real", MNT_DETACH);
    rmdir("/real");
}

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(none), cmocka_unit_test(trusted_ones_first),
        cmocka_unit_test(seen_from_the_top),
        cmocka_unit_test(back_home), cmocka_unit_test(threads),
        cmocka_unit_test(bounded), cmocka_unit_test(bounded_threads),
    };

    return cmocka_run_group_tests_name("places", tests, NULL, NULL);
}

int main(void)
{
    return world_run(run_all);
}
