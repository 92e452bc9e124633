/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-cache.c - tests of xen-guest-front/cache.c with the kernel's fanotify
 * and leases: what is a hit, and what is none.
 */
#define _GNU_SOURCE
#include <sys/statfs.h>
#include <sys/wait.h>

#include "cache-gate.h"

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
        assert_int_equal(leads, 1);
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

/* Where nothing but its time tells that it was cut. */
static void fresh_file_is_not_watched(void **state)
{
    const int cuts = cache.cuts;
    struct timespec now;
    struct stat st;

    (void)state;
    need_world();
    fixed_a = false;
    cache.cuts = -1;
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
    cache.cuts = cuts;
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
            /* The writer's own open, if it raised an event. */
            assert_int_equal(hits, kind_);
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
        begin_scan(FILE_A);
        assert_true(cache_intact(&cache, held[0].fd));
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
        begin_scan(FILE_A);
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
        begin_scan(FILE_A);
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
        begin_scan(FILE_A);
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
        begin_scan(FILE_A);
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
    begin_scan(FILE_A);
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

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        TEST(kept_raises_nothing), TEST(watched_is_hit),
        TEST(watched_becomes_kept), TEST(links_share_a_record),
        TEST(infected_is_not_recorded), TEST(changed_is_no_hit),
        TEST(cut_and_filled_is_no_hit), TEST(fresh_file_is_not_watched),
        TEST(writer_before_the_scan), TEST(writer_after_the_record), TEST(writer_that_does_not_wait),
        TEST(writer_while_scanned), TEST(writer_not_known_of),
        TEST(mark_is_gone), TEST(cut_while_scanned), TEST(signal_is_lost),
        TEST(old_signals_harm_nobody), TEST(event_is_lost),
        TEST(child_has_copies), TEST(others_join), TEST(a_second_leader),
        TEST(forgets_all), TEST(forgets_while_scanned),
        TEST(forgets_while_a_writer_waits), TEST(deleted_is_let_go_of),
        TEST(deleted_while_scanned), TEST(unmounted),
    };

    start_all();
    return cmocka_run_group_tests_name("cache", tests, NULL, NULL);
}

int main(void)
{
    return world_run(run_all);
}
