/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache-gate.h - what the tests of xen-guest-front/cache.c share.
 *
 * Overview: the test is the listener, in a world of its own (world.h), and a
 * gate in small: what is not known it scans at once, unless a test holds it.
 * Scanning is to note what was read.  Whatever is hit, and whatever an actor
 * (actor.h) reads without any event, must be what was noted.  The files are on
 * a tmpfs, which stays mounted ("kept") or not ("watched") as a test says.
 */
#ifndef VSCAN_CACHE_GATE_H
#define VSCAN_CACHE_GATE_H

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
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "actor.h"
#include "cache.h"
#include "need.h"
#include "world.h"

#define FILE_A      "/fix/a"
#define LONG_MS     30000       /* only a broken test ever waits so long */
#define MAX_INO     65536       /* no two of a test differ by that */
#define ACTORS      3
#define MAX_HELD    8

/* An access that a test keeps from going on. */
struct held {
    int fd;
    uint64_t id;
    enum cache_answer answer;
    uint64_t leader;
};

static struct cache cache;
static int group, signals;
static struct actor actors[ACTORS];
static int64_t scanned[MAX_INO];        /* sums, by inode */
/* How the gate in small goes: "passing" lets all through, "blind" without
 * having looked. */
static bool fixed_a, hold_leads, passing, blind;
static unsigned int events, hits, leads, alone;
static struct held held[MAX_HELD];
static unsigned int nr_held;
static uint64_t next_id;

/* The gate in small ---------------------------------------------------------*/

/* Names that end with a digit say whether they "stay mounted". */
static inline bool is_fixed(int fd)
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
static inline void allow(int fd)
{
    struct fanotify_response response = { .fd = fd, .response = FAN_ALLOW };

    assert_int_equal(write(group, &response, sizeof(response)),
                     sizeof(response));
}

static inline ino_t ino_of(int fd)
{
    struct stat st;

    assert_int_equal(fstat(fd, &st), 0);
    return st.st_ino % MAX_INO;
}

/* The end of a scan: whether the result is good. */
static inline bool end_scan(int fd, bool clean)
{
    bool kept, intact;

    intact = cache_scanned(&cache, fd, clean, is_fixed(fd), &kept);
    if (!kept)
        close(fd);
    allow(fd);
    return intact;
}

static inline void on_access(int fd)
{
    struct held access = { .fd = fd, .id = ++next_id };
    struct stat st;
    bool kept = false;

    events++;
    assert_int_equal(fstat(fd, &st), 0);
    access.answer = CACHE_ALONE;
    if (!blind && (passing || st.st_size == 0))
        cache_pass(&cache, fd, &st);
    else if (!blind)
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

static inline void on_group(void)
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

static inline void on_signal(void)
{
    struct signalfd_siginfo info;

    while (read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
        cache_break(&cache, info.ssi_signo == SIGIO ? -1 : info.ssi_fd);
}

/* One turn; does @actor have a result? */
static inline bool turn(const struct actor *actor, int wait_ms)
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

static inline int64_t finish(int actor)
{
    while (!turn(&actors[actor], LONG_MS))
        ;
    return actor_result(&actors[actor]);
}

static inline int64_t by(int actor, enum act act, const char *path, int value)
{
    actor_tell(&actors[actor], act, path, value);
    return finish(actor);
}

static inline void done(enum act act, const char *path, int value)
{
    assert_int_equal(by(0, act, path, value), 0);
}

static inline void wait_held(unsigned int number)
{
    while (nr_held < number)
        turn(NULL, LONG_MS);
}

/* Actor 0 reads @path, and the scan for that does not end: held[0]. */
static inline void begin_scan(const char *path)
{
    hold_leads = true;
    actor_tell(&actors[0], ACT_READ, path, 0);
    wait_held(1);
    hold_leads = false;
}

/* Until the next change of the file has another time. */
static inline void settle(const char *path)
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
static inline void reads(int actor, const char *path)
{
    unsigned int alone_before = alone;
    int64_t sum = by(actor, ACT_READ, path, 0);
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    if (alone == alone_before && st.st_size > 0)
        assert_int_equal(sum, scanned[st.st_ino % MAX_INO]);
}

static inline void start_counting(void)
{
    events = hits = leads = alone = 0;
}

/* A file on record. */
static inline void recorded(const char *path)
{
    uint32_t before = cache.records;

    done(ACT_PUT, path, 1);
    settle(path);
    reads(0, path);
    assert_int_equal(cache.records, before + 1);
    start_counting();
}

/* Start and end -------------------------------------------------------------*/

static inline void mark(const char *path)
{
    assert_int_equal(fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
                                   FAN_OPEN_PERM | FAN_OPEN_EXEC_PERM,
                                   AT_FDCWD, path), 0);
}

static inline void open_cache(uint32_t max_kept)
{
    group = fanotify_init(FAN_CLASS_CONTENT | FAN_UNLIMITED_QUEUE |
                          FAN_UNLIMITED_MARKS | FAN_CLOEXEC | FAN_NONBLOCK,
                          O_RDONLY | O_LARGEFILE | O_CLOEXEC | O_NONBLOCK |
                          O_NOATIME);
    assert_true(group >= 0);
    assert_int_equal(cache_open(&cache, group, max_kept), 0);
    mark("/fix");
}

static inline void close_cache(void)
{
    cache_close(&cache);
    close(group);
}

static inline int start(void **state)
{
    (void)state;
    if (!world_is_here())
        return 0;
    mkdir("/fix", 0755);
    assert_int_equal(mount("fix", "/fix", "tmpfs", 0,
                           "size=128m,nr_inodes=24000"), 0);
    for (int i = 0; i < ACTORS; i++)
        actor_start(&actors[i]);
    open_cache(CACHE_MAX);
    memset(scanned, 0, sizeof(scanned));
    hold_leads = passing = blind = false;
    fixed_a = true;
    nr_held = 0;
    start_counting();
    return 0;
}

/* That the filesystem can be unmounted shows that nothing is left open. */
static inline int stop(void **state)
{
    (void)state;
    if (!world_is_here())
        return 0;
    for (int i = 0; i < ACTORS; i++)
        actor_stop(&actors[i]);
    close_cache();
    on_signal();
    return umount("/fix");
}

#define BOTH_KINDS for (int kind_ = 0; kind_ < 2 && set_kind(kind_); kind_++)

static inline bool set_kind(int kind)
{
    need_world();
    cache_forget_all(&cache);
    fixed_a = !kind;
    start_counting();
    return true;
}

/* Before the first test. */
static inline void start_all(void)
{
    const struct rlimit many = { CACHE_MAX_FD + 64, CACHE_MAX_FD + 64 };
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    sigaddset(&set, SIGIO);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    setrlimit(RLIMIT_NOFILE, &many);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)

#endif
