/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-cache.c - tests of xen-guest-front/cache.c with the kernel's fanotify
 * and leases.
 *
 * Overview: the test is the listener, in a world of its own (world.h), and a
 * gate in small: what is not known it scans at once, unless a test holds it.
 * Scanning is to note what was read.  Whatever is hit, and whatever an actor
 * (actor.h) reads without any event, must be what was noted.  The files are on
 * a tmpfs, which stays mounted ("kept") or not ("watched") as a test says.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <linux/capability.h>

#include "actor.h"
#include "cache.h"
#include "world.h"

#define FILE_A      "/fix/a"
#define LONG_MS     30000       /* only a broken test ever waits so long */
#define MAX_INO     65536
#define ACTORS      3
#define MAX_HELD    8

/* An access that a test keeps from going on. */
struct held {
    int fd;
    uint64_t id;
    enum cache_answer answer;
    uint64_t leader;
};

static bool in_world;
static struct cache cache;
static int group, signals;
static struct actor actors[ACTORS];
static int64_t scanned[MAX_INO];        /* sums, by inode */
static bool fixed_a, hold_leads, blind; /* how the gate in small goes */
static unsigned int events, hits, leads, alone;
static struct held held[MAX_HELD];
static unsigned int nr_held;
static uint64_t next_id;

/* The gate in small ---------------------------------------------------------*/

/* Names that end with a digit say whether they "stay mounted". */
static bool is_fixed(int fd)
{
    char link[32], path[64] = "";
    ssize_t n;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, path, sizeof(path) - 1);
    if (n > 0 && path[n - 1] >= '0' && path[n - 1] <= '9')
        return path[n - 1] % 2;
    return fixed_a;
}

/* The kernel knows the access by the number alone; nobody shall meet our
 * descriptor of it. */
static void allow(int fd)
{
    struct fanotify_response response = { .fd = fd, .response = FAN_ALLOW };

    assert_int_equal(write(group, &response, sizeof(response)),
                     sizeof(response));
}

static ino_t ino_of(int fd)
{
    struct stat st;

    assert_int_equal(fstat(fd, &st), 0);
    assert_true(st.st_ino < MAX_INO);
    return st.st_ino;
}

/* The end of a scan: whether the result is good. */
static bool end_scan(int fd, bool clean)
{
    bool kept, intact;

    intact = cache_scanned(&cache, fd, clean, is_fixed(fd), &kept);
    if (!kept)
        close(fd);
    allow(fd);
    return intact;
}

static void on_access(int fd)
{
    struct held access = { .fd = fd, .id = ++next_id };
    struct stat st;
    bool kept = false;

    events++;
    assert_int_equal(fstat(fd, &st), 0);
    access.answer = CACHE_ALONE;
    if (!blind && st.st_size > 0)
        access.answer = cache_look(&cache, fd, &st, access.id, is_fixed(fd),
                                   &access.leader, &kept);
    if (access.answer == CACHE_HIT) {
        hits++;
        assert_int_equal(actor_sum(fd), scanned[ino_of(fd)]);
    } else if (access.answer == CACHE_LEAD) {
        leads++;
        scanned[ino_of(fd)] = actor_sum(fd);
    } else {
        alone += access.answer == CACHE_ALONE;
    }
    if (hold_leads && access.answer != CACHE_HIT) {
        assert_true(nr_held < MAX_HELD);
        held[nr_held++] = access;
    } else if (access.answer == CACHE_LEAD) {
        assert_true(end_scan(fd, true));
    } else {
        if (!kept)
            close(fd);
        allow(fd);
    }
}

static void on_group(void)
{
    struct fanotify_event_metadata m;

    while (read(group, &m, sizeof(m)) == (ssize_t)sizeof(m)) {
        assert_true(m.fd >= 0);
        if (m.mask & FAN_OPEN_PERM) {
            on_access(m.fd);
            continue;
        }
        close(m.fd);
        allow(m.fd);
    }
}

static void on_signal(void)
{
    struct signalfd_siginfo info;

    while (read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
        cache_break(&cache, info.ssi_signo == SIGIO ? -1 : info.ssi_fd);
}

/* One turn; does @actor have a result? */
static bool turn(const struct actor *actor, int wait_ms)
{
    struct pollfd fds[] = {
        { .fd = group, .events = POLLIN },
        { .fd = signals, .events = POLLIN },
        { .fd = cache.watch, .events = POLLIN },
        { .fd = cache.links, .events = POLLIN },
        { .fd = actor ? actor->sock : -1, .events = POLLIN },
    };

    if (poll(fds, 5, wait_ms) == 0 && wait_ms == LONG_MS)
        fail_msg("nothing comes");
    if (fds[1].revents)
        on_signal();
    if (fds[0].revents)
        on_group();
    if (fds[2].revents)
        cache_on_watch(&cache);
    if (fds[3].revents)
        cache_on_links(&cache);
    return fds[4].revents;
}

static int64_t finish(int actor)
{
    while (!turn(&actors[actor], LONG_MS))
        ;
    return actor_result(&actors[actor]);
}

static int64_t by(int actor, enum act act, const char *path, int value)
{
    actor_tell(&actors[actor], act, path, value);
    return finish(actor);
}

static void done(enum act act, const char *path, int value)
{
    assert_int_equal(by(0, act, path, value), 0);
}

static void wait_held(unsigned int number)
{
    while (nr_held < number)
        turn(NULL, LONG_MS);
}

/* Until the next change of the file has another time. */
static void settle(const char *path)
{
    struct timespec now;
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    do
        clock_gettime(CLOCK_REALTIME_COARSE, &now);
    while (now.tv_sec < st.st_ctim.tv_sec ||
           (now.tv_sec == st.st_ctim.tv_sec &&
            now.tv_nsec <= st.st_ctim.tv_nsec));
}

/* An access for reading.  What was read must have been scanned, unless
 * somebody could be writing. */
static void reads(int actor, const char *path)
{
    unsigned int alone_before = alone;
    int64_t sum = by(actor, ACT_READ, path, 0);
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    if (alone == alone_before && st.st_size > 0)
        assert_int_equal(sum, scanned[st.st_ino]);
}

static void start_counting(void)
{
    events = hits = leads = alone = 0;
}

/* A file on record. */
static void recorded(const char *path)
{
    uint32_t before = cache.records;

    done(ACT_PUT, path, 1);
    settle(path);
    reads(0, path);
    assert_int_equal(cache.records, before + 1);
    start_counting();
}

/* Start and end -------------------------------------------------------------*/

static void mark(const char *path)
{
    assert_int_equal(fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
                                   FAN_OPEN_PERM | FAN_OPEN_EXEC_PERM,
                                   AT_FDCWD, path), 0);
}

static void open_cache(uint32_t max_kept)
{
    group = fanotify_init(FAN_CLASS_CONTENT | FAN_UNLIMITED_QUEUE |
                          FAN_UNLIMITED_MARKS | FAN_CLOEXEC | FAN_NONBLOCK,
                          O_RDONLY | O_LARGEFILE | O_CLOEXEC | O_NONBLOCK |
                          O_NOATIME);
    assert_true(group >= 0);
    assert_int_equal(cache_open(&cache, group, max_kept), 0);
    mark("/fix");
}

static void close_cache(void)
{
    cache_close(&cache);
    close(group);
}

static int start(void **state)
{
    (void)state;
    if (!in_world)
        return 0;
    mkdir("/fix", 0755);
    assert_int_equal(mount("fix", "/fix", "tmpfs", 0,
                           "size=128m,nr_inodes=24000"), 0);
    for (int i = 0; i < ACTORS; i++)
        actor_start(&actors[i]);
    open_cache(CACHE_MAX);
    memset(scanned, 0, sizeof(scanned));
    hold_leads = blind = false;
    fixed_a = true;
    nr_held = 0;
    start_counting();
    return 0;
}

/* That the filesystem can be unmounted shows that nothing is left open. */
static int stop(void **state)
{
    (void)state;
    if (!in_world)
        return 0;
    for (int i = 0; i < ACTORS; i++)
        actor_stop(&actors[i]);
    close_cache();
    on_signal();
    return umount("/fix");
}

static void need_world(void)
{
    if (!in_world)
        skip();
}

#define BOTH_KINDS for (int kind_ = 0; kind_ < 2 && set_kind(kind_); kind_++)

static bool set_kind(int kind)
{
    need_world();
    cache_forget_all(&cache);
    fixed_a = !kind;
    start_counting();
    return true;
}

/* The inode has left memory, or is another one with the same numbers. */
static void mark_is_gone(void **state)
{
    (void)state;
    need_world();
    fixed_a = false;
    recorded(FILE_A);
    assert_int_equal(fanotify_mark(cache.watch, FAN_MARK_FLUSH, 0, AT_FDCWD,
                                   "/"), 0);
    reads(0, FILE_A);
    assert_int_equal(hits, 0);
    assert_int_equal(leads, 1);
    reads(0, FILE_A);
    assert_int_equal(hits, 1);
}

/* Hits ----------------------------------------------------------------------*/

static void kept_raises_nothing(void **state)
{
    (void)state;
    need_world();
    recorded(FILE_A);
    assert_int_equal(cache.kept, 1);
    reads(0, FILE_A);
    reads(1, FILE_A);
    assert_int_equal(by(0, ACT_EXEC, FILE_A, 0), -ENOEXEC);
    assert_int_equal(events, 0);
}

static void watched_is_hit(void **state)
{
    (void)state;
    need_world();
    fixed_a = false;
    recorded(FILE_A);
    assert_int_equal(cache.kept, 0);
    reads(0, FILE_A);
    assert_int_equal(by(1, ACT_EXEC, FILE_A, 0), -ENOEXEC);
    assert_int_equal(events, 2);
    assert_int_equal(hits, 2);
}

/* What was watched is kept once its filesystem is known to stay. */
static void watched_becomes_kept(void **state)
{
    (void)state;
    need_world();
    fixed_a = false;
    recorded(FILE_A);
    fixed_a = true;
    reads(0, FILE_A);
    assert_int_equal(hits, 1);
    assert_int_equal(cache.kept, 1);
    reads(0, FILE_A);
    assert_int_equal(events, 1);
    done(ACT_OVERWRITE, FILE_A, 'x');
    reads(0, FILE_A);
    assert_int_equal(hits, 1);
    assert_int_equal(leads, 1);
}

static void links_share_a_record(void **state)
{
    (void)state;
    BOTH_KINDS {
        done(ACT_PUT, FILE_A, 1);
        done(ACT_LINK, FILE_A, 0);
        settle(FILE_A);
        start_counting();
        reads(0, FILE_A);
        reads(0, FILE_A "-link");
        assert_int_equal(leads, 1);
        assert_int_equal(hits, kind_);
        assert_int_equal(cache.records, 1);
        done(ACT_UNLINK, FILE_A "-link", 0);
        reads(0, FILE_A);
        /* A new time of change; a kept one raises no event. */
        assert_int_equal(leads, 1 + kind_);
    }
}

static void infected_is_not_recorded(void **state)
{
    (void)state;
    BOTH_KINDS {
        done(ACT_PUT, FILE_A, 1);
        settle(FILE_A);
        hold_leads = true;
        actor_tell(&actors[0], ACT_READ, FILE_A, 0);
        wait_held(1);
        assert_true(end_scan(held[0].fd, false));
        finish(0);
        hold_leads = false;
        nr_held = 0;
        assert_int_equal(cache.records, 0);
        reads(0, FILE_A);
        assert_int_equal(leads, 2);
    }
}

/* No hit --------------------------------------------------------------------*/

static const struct {
    enum act act;
    int value;
} changes[] = {
    { ACT_OVERWRITE, 'x' }, { ACT_APPEND, 'x' }, { ACT_TRUNCATE, 3 },
    { ACT_TRUNCATE, 300 }, { ACT_FTRUNCATE, 3 }, { ACT_PUT, 2 },
    { ACT_PUNCH, 4 }, { ACT_CHMOD, 0700 }, { ACT_RENAME_OVER, 2 },
    { ACT_RECREATE, 2 }, { ACT_TOUCH_BACK, 'x' }, { ACT_CUT, 0 },
};

static void changed_is_no_hit(void **state)
{
    (void)state;
    BOTH_KINDS {
        for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
            cache_forget_all(&cache);
            recorded(FILE_A);
            done(changes[i].act, FILE_A, changes[i].value);
            reads(0, FILE_A);
            reads(1, FILE_A);
            if (changes[i].act != ACT_CHMOD && changes[i].act != ACT_CUT)
                assert_true(leads > 0);
        }
    }
}

/* Cut and filled up again: size, and times as far as anybody can set them, are
 * what they were. */
static void cut_and_filled_is_no_hit(void **state)
{
    (void)state;
    BOTH_KINDS {
        recorded(FILE_A);
        done(ACT_CUT, FILE_A, 0);
        start_counting();
        done(ACT_TRUNCATE, FILE_A, 9);
        reads(0, FILE_A);
        assert_int_equal(hits, 0);
        assert_int_equal(leads, 1);
        settle(FILE_A);
        reads(0, FILE_A);
        start_counting();
        done(ACT_TRUNCATE, FILE_A, 3);
        done(ACT_TRUNCATE, FILE_A, 9);
        reads(0, FILE_A);
        assert_int_equal(hits, 0);
        assert_int_equal(leads, 1);
    }
}

static void fresh_file_is_not_watched(void **state)
{
    struct timespec now;
    struct stat st;

    (void)state;
    need_world();
    fixed_a = false;
    /* Its time is the clock's, or later. */
    do {
        done(ACT_PUT, FILE_A, 1);
        cache_forget_all(&cache);
        reads(0, FILE_A);
        assert_int_equal(stat(FILE_A, &st), 0);
        clock_gettime(CLOCK_REALTIME_COARSE, &now);
    } while (now.tv_sec != st.st_ctim.tv_sec ||
             now.tv_nsec > st.st_ctim.tv_nsec);
    assert_int_equal(cache.records, 0);
}

/* Writers -------------------------------------------------------------------*/

static void writer_before_the_scan(void **state)
{
    (void)state;
    BOTH_KINDS {
        for (int map = 0; map < 2; map++) {
            done(ACT_PUT, FILE_A, 1);
            settle(FILE_A);
            assert_int_equal(by(1, map ? ACT_MAP : ACT_OPEN, FILE_A, O_RDWR),
                             0);
            start_counting();
            reads(0, FILE_A);
            assert_int_equal(alone, 1);
            assert_int_equal(cache.records, 0);
            by(1, map ? ACT_MAP_WRITE : ACT_WRITE, FILE_A, 'y');
            reads(0, FILE_A);
            assert_int_equal(alone, 2);
            by(1, map ? ACT_UNMAP : ACT_CLOSE, FILE_A, 0);
            settle(FILE_A);
            reads(0, FILE_A);
            assert_int_equal(leads, 1);
            assert_int_equal(cache.records, 1);
        }
    }
}

static void writer_after_the_record(void **state)
{
    (void)state;
    BOTH_KINDS {
        for (int map = 0; map < 2; map++) {
            cache_forget_all(&cache);
            recorded(FILE_A);
            assert_int_equal(by(1, map ? ACT_MAP : ACT_OPEN, FILE_A, O_RDWR),
                             0);
            /* Known before the open has returned. */
            assert_int_equal(cache.records, 0);
            assert_int_equal(cache.kept, 0);
            by(1, map ? ACT_MAP_WRITE : ACT_WRITE, FILE_A, 'y');
            reads(0, FILE_A);
            by(1, map ? ACT_MAP_WRITE : ACT_WRITE, FILE_A, 'z');
            reads(0, FILE_A);
            assert_int_equal(hits, 0);
            assert_int_equal(leads, 0);
            by(1, map ? ACT_UNMAP : ACT_CLOSE, FILE_A, 0);
            settle(FILE_A);
            reads(0, FILE_A);
            assert_int_equal(leads, 1);
            /* Not kept again: its next writer need not wait. */
            assert_int_equal(cache.records, 1);
            assert_int_equal(cache.kept, 0);
        }
    }
}

/* Nobody looks at the writer's open: he is excluded, say. */
static void unseen_writer(void **state)
{
    (void)state;
    BOTH_KINDS {
        for (int map = 0; map < 2; map++) {
            cache_forget_all(&cache);
            recorded(FILE_A);
            blind = true;
            by(1, map ? ACT_MAP : ACT_OPEN, FILE_A, O_RDWR);
            by(1, map ? ACT_MAP_WRITE : ACT_WRITE, FILE_A, 'y');
            by(1, map ? ACT_UNMAP : ACT_CLOSE, FILE_A, 0);
            blind = false;
            reads(0, FILE_A);
            assert_int_equal(hits, 0);
            assert_int_equal(leads, 1);
        }
    }
}

static void writer_that_does_not_wait(void **state)
{
    (void)state;
    need_world();
    recorded(FILE_A);
    assert_int_equal(by(1, ACT_OPEN, FILE_A, O_WRONLY | O_NONBLOCK),
                     -EWOULDBLOCK);
    /* The signal, if it has not come before the result. */
    on_signal();
    assert_int_equal(cache.kept, 0);
    assert_int_equal(by(1, ACT_OPEN, FILE_A, O_WRONLY | O_NONBLOCK), 0);
    by(1, ACT_WRITE, FILE_A, 'x');
    by(1, ACT_CLOSE, FILE_A, 0);
    reads(0, FILE_A);
    assert_int_equal(hits, 0);
}

static void writer_while_scanned(void **state)
{
    (void)state;
    BOTH_KINDS {
        done(ACT_PUT, FILE_A, 1);
        settle(FILE_A);
        hold_leads = true;
        actor_tell(&actors[0], ACT_READ, FILE_A, 0);
        wait_held(1);
        assert_true(cache_intact(&cache, held[0].fd));
        hold_leads = false;
        /* Does not wait for the end of the scan. */
        assert_int_equal(by(1, ACT_OVERWRITE, FILE_A, 'x'), 0);
        assert_false(cache_intact(&cache, held[0].fd));
        assert_false(end_scan(held[0].fd, true));
        finish(0);
        nr_held = 0;
        assert_int_equal(cache.records, 0);
        reads(0, FILE_A);
        assert_int_equal(hits, 0);
    }
}

/* The same before we have been told, by a signal that is still to be read. */
static void writer_not_known_of(void **state)
{
    struct pollfd fd = { .fd = signals, .events = POLLIN };

    (void)state;
    BOTH_KINDS {
        done(ACT_PUT, FILE_A, 1);
        settle(FILE_A);
        hold_leads = true;
        actor_tell(&actors[0], ACT_READ, FILE_A, 0);
        wait_held(1);
        hold_leads = false;
        blind = true;
        actor_tell(&actors[1], ACT_OVERWRITE, FILE_A, 'x');
        fd.fd = group;
        assert_int_equal(poll(&fd, 1, LONG_MS), 1);
        on_group();
        blind = false;
        fd.fd = signals;
        assert_int_equal(poll(&fd, 1, LONG_MS), 1);
        assert_false(cache_intact(&cache, held[0].fd));
        assert_false(end_scan(held[0].fd, true));
        finish(0);
        finish(1);
        nr_held = 0;
        assert_int_equal(cache.records, 0);
    }
}

/* No lease is asked for there. */
static void cut_while_scanned(void **state)
{
    (void)state;
    BOTH_KINDS {
        done(ACT_PUT, FILE_A, 1);
        settle(FILE_A);
        hold_leads = true;
        actor_tell(&actors[0], ACT_READ, FILE_A, 0);
        wait_held(1);
        hold_leads = false;
        blind = true;
        assert_int_equal(by(1, ACT_CUT, FILE_A, 0), 0);
        blind = false;
        assert_false(cache_intact(&cache, held[0].fd));
        assert_false(end_scan(held[0].fd, true));
        finish(0);
        nr_held = 0;
        assert_int_equal(cache.records, 0);
    }
}

static void signal_is_lost(void **state)
{
    struct rlimit old, none;

    (void)state;
    need_world();
    recorded(FILE_A);
    assert_int_equal(getrlimit(RLIMIT_SIGPENDING, &old), 0);
    none = old;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_SIGPENDING, &none), 0);
    actor_tell(&actors[1], ACT_OVERWRITE, FILE_A, 'x');
    assert_int_equal(finish(1), 0);     /* by SIGIO */
    assert_int_equal(setrlimit(RLIMIT_SIGPENDING, &old), 0);
    assert_int_equal(cache.kept, 0);
    reads(0, FILE_A);
    assert_int_equal(hits, 0);
}

static void old_signals_harm_nobody(void **state)
{
    (void)state;
    need_world();
    recorded(FILE_A);
    for (int fd = -2; fd < 64; fd++)
        cache_break(&cache, fd);
    cache_break(&cache, CACHE_MAX_FD);
    cache_break(&cache, INT32_MAX);
    assert_int_equal(cache.kept, 1);
    reads(0, FILE_A);
    assert_int_equal(events, 0);
}

/* A write lease of the writer's keeps the kernel from opening the file for
 * us; the event is gone. */
static void event_is_lost(void **state)
{
    (void)state;
    need_world();
    fixed_a = false;
    for (int before = 0; before < 2; before++) {
        cache_forget_all(&cache);
        recorded(FILE_A);
        if (before)
            recorded("/fix/b");
        /* As busy as the gate may be: nobody serves the group "watch". */
        blind = true;
        if (before)
            actor_tell(&actors[1], ACT_OVERWRITE, "/fix/b", 'x');
        for (int i = 0; i < 2 * before; i++) {
            struct pollfd fd = { .fd = group, .events = POLLIN };

            if (i == 0)
                poll(&fd, 1, LONG_MS);
            on_group();
        }
        if (before)
            assert_int_equal(actor_result(&actors[1]), 0);
        for (int i = 0; i < 2; i++) {
            struct pollfd fds[] = { { .fd = group, .events = POLLIN },
                { .fd = actors[1].sock, .events = POLLIN } };

            actor_tell(&actors[1], i ? ACT_LEASE : ACT_OVERWRITE, FILE_A, 'x');
            do {
                poll(fds, 2, LONG_MS);
                on_group();
            } while (!fds[1].revents);
            assert_int_equal(actor_result(&actors[1]), 0);
        }
        cache_on_watch(&cache);
        assert_int_equal(cache.records, 0);
        by(1, ACT_CLOSE, FILE_A, 0);
        blind = false;
        reads(0, FILE_A);
        assert_int_equal(hits, 0);
    }
}

static void child_has_copies(void **state)
{
    pid_t pid;

    (void)state;
    need_world();
    recorded(FILE_A);
    pid = fork();
    if (pid == 0) {
        pause();
        _exit(0);
    }
    done(ACT_OVERWRITE, FILE_A, 'x');
    reads(0, FILE_A);
    assert_int_equal(hits, 0);
    assert_int_equal(leads, 1);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* Scans that run ------------------------------------------------------------*/

static void others_join(void **state)
{
    (void)state;
    BOTH_KINDS {
        done(ACT_PUT, FILE_A, 1);
        settle(FILE_A);
        start_counting();
        hold_leads = true;
        for (unsigned int i = 0; i < ACTORS; i++) {
            actor_tell(&actors[i], ACT_READ, FILE_A, 0);
            wait_held(i + 1);
        }
        hold_leads = false;
        assert_int_equal(leads, 1);
        assert_int_equal(held[0].answer, CACHE_LEAD);
        for (int i = 1; i < ACTORS; i++) {
            assert_int_equal(held[i].answer, CACHE_JOIN);
            assert_int_equal(held[i].leader, held[0].id);
            close(held[i].fd);
            allow(held[i].fd);
        }
        assert_true(end_scan(held[0].fd, true));
        for (int i = 0; i < ACTORS; i++)
            finish(i);
        nr_held = 0;
        assert_int_equal(cache.records, 1);
    }
}

/* One after the other may lead when writers come between. */
static void a_second_leader(void **state)
{
    (void)state;
    BOTH_KINDS {
        done(ACT_PUT, FILE_A, 1);
        hold_leads = true;
        actor_tell(&actors[0], ACT_READ, FILE_A, 0);
        wait_held(1);
        hold_leads = false;
        by(1, ACT_OVERWRITE, FILE_A, 'x');
        settle(FILE_A);
        hold_leads = true;
        actor_tell(&actors[2], ACT_READ, FILE_A, 0);
        wait_held(2);
        hold_leads = false;
        assert_int_equal(held[1].answer, CACHE_LEAD);
        assert_false(end_scan(held[0].fd, true));
        assert_true(end_scan(held[1].fd, true));
        finish(0);
        finish(2);
        nr_held = 0;
        assert_int_equal(cache.records, 1);
        assert_int_equal(cache.kept, 0);
        reads(0, FILE_A);
        assert_int_equal(hits, 1);
    }
}

/* New signatures ------------------------------------------------------------*/

static void forgets_all(void **state)
{
    (void)state;
    BOTH_KINDS {
        recorded(FILE_A);
        cache_forget_all(&cache);
        assert_int_equal(cache.records, 0);
        assert_int_equal(cache.kept, 0);
        reads(0, FILE_A);
        assert_int_equal(leads, 1);
        assert_int_equal(hits, 0);
    }
}

static void forgets_while_scanned(void **state)
{
    (void)state;
    BOTH_KINDS {
        recorded("/fix/b");
        done(ACT_PUT, FILE_A, 1);
        settle(FILE_A);
        hold_leads = true;
        actor_tell(&actors[0], ACT_READ, FILE_A, 0);
        wait_held(1);
        hold_leads = false;
        cache_forget_all(&cache);
        assert_int_equal(cache.records, 0);
        assert_true(cache_intact(&cache, held[0].fd));
        assert_true(end_scan(held[0].fd, true));
        finish(0);
        nr_held = 0;
        assert_int_equal(cache.records, 1);
    }
}

static void forgets_while_a_writer_waits(void **state)
{
    struct pollfd fd = { .events = POLLIN };

    (void)state;
    need_world();
    recorded(FILE_A);
    actor_tell(&actors[1], ACT_OVERWRITE, FILE_A, 'x');
    fd.fd = signals;
    assert_int_equal(poll(&fd, 1, LONG_MS), 1);
    cache_forget_all(&cache);
    fd.fd = actors[1].sock;
    assert_int_equal(poll(&fd, 1, LONG_MS), 1);
    assert_int_equal(actor_result(&actors[1]), 0);
    on_signal();
    reads(0, FILE_A);
    assert_int_equal(hits, 0);
    assert_int_equal(leads, 1);
}

/* Deleted, unmounted --------------------------------------------------------*/

static void deleted_is_let_go_of(void **state)
{
    enum act ways[] = { ACT_UNLINK, ACT_RENAME_OVER };
    struct statfs before, after;

    (void)state;
    need_world();
    for (int i = 0; i < 2; i++) {
        by(0, ACT_UNLINK, FILE_A, 0);
        if (ways[i] == ACT_RENAME_OVER)
            done(ACT_PUT, FILE_A, 0);
        assert_int_equal(statfs("/fix", &before), 0);
        recorded(FILE_A);
        assert_int_equal(cache.kept, 1);
        done(ways[i], FILE_A, 1);
        turn(NULL, 0);
        assert_int_equal(cache.kept, 0);
        assert_int_equal(statfs("/fix", &after), 0);
        assert_int_equal(after.f_bfree, before.f_bfree);
        assert_int_equal(after.f_ffree, before.f_ffree);
    }
}

/* ... and is not kept when it was deleted before. */
static void deleted_while_scanned(void **state)
{
    (void)state;
    need_world();
    done(ACT_PUT, FILE_A, 1);
    settle(FILE_A);
    hold_leads = true;
    actor_tell(&actors[0], ACT_READ, FILE_A, 0);
    wait_held(1);
    hold_leads = false;
    assert_int_equal(by(1, ACT_UNLINK, FILE_A, 0), 0);
    /* Its time has changed with its names, too. */
    end_scan(held[0].fd, true);
    finish(0);
    nr_held = 0;
    assert_int_equal(cache.kept, 0);
}

static void unmounted(void **state)
{
    struct stat old, new;

    (void)state;
    need_world();
    fixed_a = false;
    mkdir("/usb", 0755);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(mount("usb", "/usb", "tmpfs", 0, NULL), 0);
        mark("/usb");
        if (i == 0)
            recorded("/usb/a");
        else
            done(ACT_PUT, "/usb/a", 2);
        assert_int_equal(stat("/usb/a", i ? &new : &old), 0);
        start_counting();
        reads(0, "/usb/a");
        assert_int_equal(hits, i == 0);
        assert_int_equal(umount("/usb"), 0);
    }
    assert_int_equal(new.st_ino, old.st_ino);
    assert_int_equal(new.st_dev, old.st_dev);
}

/* Bounds --------------------------------------------------------------------*/

static void name_number(char *path, size_t size, int i, bool fixed)
{
    snprintf(path, size, "/fix/%d-%d", i, fixed);
}

static long resident_kib(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    long size, pages = 0;

    assert_non_null(file);
    assert_int_equal(fscanf(file, "%ld %ld", &size, &pages), 2);
    fclose(file);
    return pages * 4;
}

static void fill(int number, bool fixed)
{
    char path[32];

    for (int i = 0; i < number; i++) {
        name_number(path, sizeof(path), i, fixed);
        done(ACT_PUT, path, i);
    }
    settle(path);
    for (int i = 0; i < number; i++) {
        name_number(path, sizeof(path), i, fixed);
        reads(0, path);
    }
    start_counting();
}

static void ten_thousand_kept(void **state)
{
    long kib;

    (void)state;
    need_world();
    fill(10000, true);
    assert_int_equal(cache.kept, 10000);
    kib = resident_kib();
    print_message("resident with 10,000 kept files: %ld KiB\n", kib);
#ifndef __SANITIZE_ADDRESS__
    assert_true(kib < 8192);
#endif
    cache_break(&cache, -1);
    assert_int_equal(cache.kept, 10000);
    cache_forget_all(&cache);
    assert_int_equal(cache.kept, 0);
}

static void oldest_makes_room(void **state)
{
    (void)state;
    for (int fixed = 0; fixed < 2; fixed++) {
        need_world();
        fill(CACHE_MAX, fixed);
        assert_int_equal(cache.records, CACHE_MAX);
        done(ACT_PUT, FILE_A, 1);
        settle(FILE_A);
        reads(0, FILE_A);
        assert_int_equal(leads, 1);
        start_counting();
        reads(0, fixed ? "/fix/0-1" : "/fix/0-0");
        assert_int_equal(hits, 0);
        assert_int_equal(leads, 1);
        assert_int_equal(cache.records, CACHE_MAX);
        reads(0, fixed ? "/fix/2-1" : "/fix/2-0");
        assert_int_equal(leads, 1);
        close_cache();
        open_cache(CACHE_MAX);
    }
}

static void max_kept_is_kept(void **state)
{
    (void)state;
    need_world();
    for (uint32_t max = 0; max < 3; max++) {
        close_cache();
        open_cache(max);
        fill(3, true);
        assert_int_equal(cache.records, 3);
        assert_int_equal(cache.kept, max);
        reads(0, "/fix/0-1");
        reads(0, "/fix/1-1");
        reads(0, "/fix/2-1");
        assert_int_equal(hits, 3 - max);
        assert_int_equal(leads, 0);
        /* One leaves, another one comes. */
        if (max == 0)
            continue;
        done(ACT_UNLINK, "/fix/0-1", 0);
        turn(NULL, 0);
        assert_int_equal(cache.kept, max - 1);
        reads(0, "/fix/2-1");
        assert_int_equal(cache.kept, max);
    }
}

static void high_descriptors(void **state)
{
    uint64_t leader;
    struct stat st;
    bool kept;

    (void)state;
    need_world();
    done(ACT_PUT, "/tmp/x", 1);
    settle("/tmp/x");
    assert_int_equal(stat("/tmp/x", &st), 0);
    for (int i = -1; i < 2; i++) {
        int low = open("/tmp/x", O_RDONLY | O_CLOEXEC);
        int fd = fcntl(low, F_DUPFD_CLOEXEC, CACHE_MAX_FD + i);

        close(low);
        assert_int_equal(fd, CACHE_MAX_FD + i);
        assert_int_equal(cache_look(&cache, fd, &st, 1, true, &leader, &kept),
                         i < 0 ? CACHE_LEAD : CACHE_ALONE);
        assert_int_equal(cache_intact(&cache, fd), i < 0);
        assert_int_equal(cache_scanned(&cache, fd, i < 0, true, &kept), i < 0);
        assert_int_equal(kept, i < 0);
        if (!kept)
            close(fd);
        cache_forget_all(&cache);
    }
}

/* No lease can be had: another's file, and we lack CAP_LEASE. */
static void no_leases(void **state)
{
    struct __user_cap_header_struct head = {
        .version = _LINUX_CAPABILITY_VERSION_3,
    };
    struct __user_cap_data_struct all[2], some[2];

    (void)state;
    need_world();
    done(ACT_PUT, FILE_A, 1);
    settle(FILE_A);
    assert_int_equal(chown(FILE_A, 1000, 1000), 0);
    assert_int_equal(syscall(SYS_capget, &head, all), 0);
    memcpy(some, all, sizeof(all));
    some[0].effective &= ~(1u << CAP_LEASE);
    assert_int_equal(syscall(SYS_capset, &head, some), 0);
    start_counting();
    reads(0, FILE_A);
    reads(0, FILE_A);
    assert_int_equal(alone, 2);
    assert_int_equal(cache.records, 0);
    assert_int_equal(syscall(SYS_capset, &head, all), 0);
}

/* A long history ------------------------------------------------------------*/

#define FILES   12

enum has { NOTHING, A_FILE, A_MAP };

static void one_change(enum has *has)
{
    static const enum act acts[] = {
        ACT_PUT, ACT_OVERWRITE, ACT_APPEND, ACT_TRUNCATE, ACT_FTRUNCATE,
        ACT_CUT, ACT_PUNCH, ACT_CHMOD, ACT_RENAME_OVER, ACT_RECREATE,
        ACT_TOUCH_BACK, ACT_OPEN, ACT_MAP,
    };
    int actor = (int)(random() % ACTORS), value = (int)(random() % 40);
    enum act act = acts[random() % 13];
    char path[32];

    snprintf(path, sizeof(path), "/fix/h%ld", random() % FILES);
    if (has[actor] != NOTHING) {
        bool more = random() % 2;

        if (has[actor] == A_FILE)
            by(actor, more ? ACT_WRITE : ACT_CLOSE, path, value);
        else
            by(actor, more ? ACT_MAP_WRITE : ACT_UNMAP, path, value);
        if (!more)
            has[actor] = NOTHING;
        return;
    }
    if (act == ACT_CHMOD)
        value = 0755;
    if (act == ACT_OPEN)
        value = O_WRONLY | (value % 2 ? O_NONBLOCK : 0);
    if (act == ACT_MAP) {
        struct stat st;

        /* Beyond its end is no content. */
        assert_int_equal(stat(path, &st), 0);
        if (st.st_size == 0)
            return;
    }
    if (by(actor, act, path, value))
        return;
    if (act == ACT_OPEN || act == ACT_MAP)
        has[actor] = act == ACT_MAP ? A_MAP : A_FILE;
}

static void random_history(void **state)
{
    enum has has[ACTORS] = { NOTHING };
    unsigned int passed = 0;
    char path[32];

    (void)state;
    need_world();
    srandom(1);
    for (int i = 0; i < FILES; i++) {
        snprintf(path, sizeof(path), "/fix/h%d", i);
        done(ACT_PUT, path, i);
    }
    start_counting();
    for (int step = 0; step < 100000; step++) {
        unsigned int before = events;

        if (random() % 40 == 0)
            one_change(has);
        if (random() % 5000 == 0)
            cache_forget_all(&cache);
        if (random() % 1000 == 0)
            cache_break(&cache, -1);
        before = events;
        snprintf(path, sizeof(path), "/fix/h%ld", random() % FILES);
        reads((int)(random() % ACTORS), path);
        passed += events == before;
    }
    print_message("%u without event, %u hits, %u scans, %u alone\n", passed,
                  hits, leads, alone);
    assert_true(passed > 100 && hits > 100 && leads > 100 && alone > 100);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)

static int run_all(bool world)
{
    const struct rlimit many = { CACHE_MAX_FD + 64, CACHE_MAX_FD + 64 };
    const struct CMUnitTest tests[] = {
        TEST(kept_raises_nothing), TEST(watched_is_hit),
        TEST(watched_becomes_kept), TEST(links_share_a_record),
        TEST(infected_is_not_recorded), TEST(changed_is_no_hit),
        TEST(cut_and_filled_is_no_hit), TEST(fresh_file_is_not_watched),
        TEST(writer_before_the_scan), TEST(writer_after_the_record),
        TEST(unseen_writer), TEST(writer_that_does_not_wait),
        TEST(writer_while_scanned),
        TEST(writer_not_known_of), TEST(mark_is_gone), TEST(cut_while_scanned),
        TEST(signal_is_lost), TEST(old_signals_harm_nobody),
        TEST(event_is_lost), TEST(child_has_copies), TEST(others_join),
        TEST(a_second_leader), TEST(forgets_all),
        TEST(forgets_while_scanned), TEST(forgets_while_a_writer_waits),
        TEST(deleted_is_let_go_of), TEST(deleted_while_scanned),
        TEST(unmounted), TEST(ten_thousand_kept), TEST(oldest_makes_room),
        TEST(max_kept_is_kept), TEST(high_descriptors), TEST(no_leases),
        TEST(random_history),
    };
    sigset_t set;

    in_world = world;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    sigaddset(&set, SIGIO);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    setrlimit(RLIMIT_NOFILE, &many);
    return cmocka_run_group_tests_name("cache", tests, NULL, NULL);
}

int main(void)
{
    return world_run(run_all);
}
