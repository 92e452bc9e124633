/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-cache-writers.c - tests of xen-guest-front/cache.c with the kernel's
 * fanotify and leases: the first writer of a file on record, writers that are
 * not looked at, and changes that are none of the content.
 */
#define _GNU_SOURCE
#include <sys/wait.h>

#include "cache-gate.h"
#include "cache-marks.h"

/* Until Linux 6.5, and with an overlay somewhere: this world has no /sys to
 * tell that there is none. */
static void hide_writers(void)
{
    cache.overlays_hide = true;
}

static void watched(const char *path)
{
    fixed_a = false;
    cache_forget_all(&cache);
    recorded(path);
    assert_int_equal(cache.kept, 0);
}

static void first_writer_is_a_hit(void **state)
{
    (void)state;
    need_world();
    for (int map = 0; map < 2; map++) {
        watched(FILE_A);
        by(1, map ? ACT_MAP : ACT_OPEN, FILE_A, O_RDWR);
        assert_int_equal(hits, 1);
        assert_int_equal(cache.records, 0);
        /* Nobody after him is, be it for reading or writing. */
        reads(0, FILE_A);
        by(2, ACT_OPEN, FILE_A, O_WRONLY);
        assert_int_equal(hits, 1);
        assert_int_equal(alone, 2);
        by(2, ACT_CLOSE, FILE_A, 0);
        by(1, map ? ACT_MAP_WRITE : ACT_WRITE, FILE_A, 'y');
        reads(0, FILE_A);
        assert_int_equal(alone, 3);
        by(1, map ? ACT_UNMAP : ACT_CLOSE, FILE_A, 0);
    }
}

/* He has written, or cut it, and is there still: what he has made of it is no
 * hit for who comes after the record of that. */
static void writer_of_before_is_no_hit(void **state)
{
    (void)state;
    need_world();
    watched(FILE_A);
    by(1, ACT_OPEN, FILE_A, O_RDWR);
    by(1, ACT_WRITE, FILE_A, 'y');
    start_counting();
    for (int i = 0; i < 3; i++)
        reads(0, FILE_A);
    by(2, ACT_OVERWRITE, FILE_A, 'z');
    assert_int_equal(hits + leads, 0);
    by(1, ACT_CLOSE, FILE_A, 0);
}

/* Not his, either, when it was cut before he came. */
static void cut_file_is_no_hit_for_a_writer(void **state)
{
    (void)state;
    need_world();
    watched(FILE_A);
    done(ACT_TRUNCATE, FILE_A, 3);
    done(ACT_TRUNCATE, FILE_A, 9);
    start_counting();
    by(1, ACT_OPEN, FILE_A, O_RDWR);
    assert_int_equal(hits, 0);
    assert_int_equal(alone, 1);
    by(1, ACT_CLOSE, FILE_A, 0);
}

/* Not on a tmpfs, where there would be no record at all. */
static void hidden_writer_is_no_hit(void **state)
{
    (void)state;
    need_world();
    mkdir("/ram", 0755);
    assert_int_equal(mount("ram", "/ram", "ramfs", 0, NULL), 0);
    mark("/ram");
    watched("/ram/a");
    hide_writers();
    reads(0, "/ram/a");
    assert_int_equal(hits, 1);
    by(1, ACT_OPEN, "/ram/a", O_RDWR);
    assert_int_equal(hits, 1);
    assert_int_equal(alone, 1);
    by(1, ACT_CLOSE, "/ram/a", 0);
    reads(0, "/ram/a");
    /* And the time counts. */
    start_counting();
    done(ACT_CHMOD, "/ram/a", 0700);
    reads(0, "/ram/a");
    assert_int_equal(hits, 0);
    assert_int_equal(leads, 1);
    cache_forget_all(&cache);
    assert_int_equal(umount("/ram"), 0);
}

static void tmpfs_with_hidden_writers(void **state)
{
    (void)state;
    need_world();
    watched(FILE_A);
    hide_writers();
    for (unsigned int i = 1; i < 4; i++) {
        reads(0, FILE_A);
        assert_int_equal(leads, i);
    }
    assert_int_equal(hits, 0);
    /* With descriptor and lease it can be on record. */
    fixed_a = true;
    reads(0, FILE_A);
    start_counting();
    reads(0, FILE_A);
    assert_int_equal(events, 0);
}

/* An access that is let through: to an excluded program, say. */
static void passing_writer(void **state)
{
    (void)state;
    BOTH_KINDS {
        for (int map = 0; map < 2; map++) {
            cache_forget_all(&cache);
            recorded(FILE_A);
            passing = true;
            by(1, map ? ACT_MAP : ACT_OPEN, FILE_A, O_RDWR);
            passing = false;
            assert_int_equal(cache.records, 0);
            by(1, map ? ACT_MAP_WRITE : ACT_WRITE, FILE_A, 'y');
            reads(0, FILE_A);
            assert_int_equal(hits, 0);
            /* The writer's own raises an event, if the file was watched. */
            assert_int_equal(alone, 1 + kind_);
            by(1, map ? ACT_UNMAP : ACT_CLOSE, FILE_A, 0);
            cache_on_watch(&cache);
            reads(0, FILE_A);
            assert_int_equal(leads, 1);
        }
    }
}

static void passing_reader(void **state)
{
    (void)state;
    need_world();
    watched(FILE_A);
    passing = true;
    reads(1, FILE_A);
    passing = false;
    assert_int_equal(cache.records, 1);
    reads(0, FILE_A);
    assert_int_equal(hits, 1);
    /* And he does not disturb a scan that runs. */
    cache_forget_all(&cache);
    begin_scan(FILE_A);
    passing = true;
    by(1, ACT_READ, FILE_A, 0);
    passing = false;
    assert_true(end_scan(held[0].fd, true));
    finish(0);
    nr_held = 0;
    assert_int_equal(cache.records, 1);
}

/* A writer who is let through ends the scan that runs, too. */
static void passing_writer_while_scanned(void **state)
{
    (void)state;
    BOTH_KINDS {
        done(ACT_PUT, FILE_A, 1);
        settle(FILE_A);
        begin_scan(FILE_A);
        passing = true;
        by(1, ACT_OVERWRITE, FILE_A, 'y');
        passing = false;
        assert_false(cache_intact(&cache, held[0].fd));
        assert_false(end_scan(held[0].fd, true));
        finish(0);
        nr_held = 0;
        assert_int_equal(cache.records, 0);
    }
}

/* An open of an empty file is let through: who fills it then, by a way that
 * raises no event, is a writer all the same. */
static void filled_after_an_empty_open(void **state)
{
    (void)state;
    need_world();
    watched(FILE_A);
    done(ACT_TRUNCATE, FILE_A, 0);
    by(1, ACT_OPEN, FILE_A, O_RDWR);
    done(ACT_TRUNCATE, FILE_A, 9);
    start_counting();
    reads(0, FILE_A);
    assert_int_equal(hits, 0);
    assert_int_equal(alone, 1);
    by(1, ACT_CLOSE, FILE_A, 0);
}

static void rename_to(const char *from, const char *to)
{
    assert_int_equal(rename(from, to), 0);
}

/* Names, owner, mode: whatever changes the time and not the content. */
static void other_changes_are_hits(void **state)
{
    (void)state;
    need_world();
    watched(FILE_A);
    settle(FILE_A);
    done(ACT_CHMOD, FILE_A, 0700);
    reads(0, FILE_A);
    done(ACT_LINK, FILE_A, 0);
    reads(0, FILE_A);
    done(ACT_UNLINK, FILE_A "-link", 0);
    reads(0, FILE_A);
    rename_to(FILE_A, "/fix/b");
    reads(0, "/fix/b");
    by(1, ACT_OPEN, "/fix/b", O_WRONLY);
    assert_int_equal(hits, 5);
    assert_int_equal(leads + alone, 0);
    by(1, ACT_CLOSE, "/fix/b", 0);
}

/* Written aside, scanned, and put in the place of one that is on record. */
static void renamed_over_is_a_hit(void **state)
{
    (void)state;
    need_world();
    watched(FILE_A);
    recorded("/fix/b");
    rename_to("/fix/b", FILE_A);
    reads(0, FILE_A);
    assert_int_equal(hits, 1);
    assert_int_equal(leads, 0);
}

/* Of two files one was cut: the other's time still does not count. */
static void cut_is_of_one_file(void **state)
{
    (void)state;
    need_world();
    watched(FILE_A);
    recorded("/fix/b");
    done(ACT_TRUNCATE, FILE_A, 3);
    done(ACT_TRUNCATE, FILE_A, 9);
    done(ACT_CHMOD, FILE_A, 0700);
    done(ACT_CHMOD, "/fix/b", 0700);
    reads(0, "/fix/b");
    assert_int_equal(hits, 1);
    reads(0, FILE_A);
    assert_int_equal(hits, 1);
    assert_int_equal(leads, 1);
}

/* Where files have no handles, or marks by handle cannot be had. */
static void without_handles_the_time_counts(void **state)
{
    int cuts;

    (void)state;
    need_world();
    fixed_a = false;
    cuts = cache.cuts;
    cache.cuts = -1;
    recorded(FILE_A);
    reads(0, FILE_A);
    assert_int_equal(hits, 1);
    done(ACT_CHMOD, FILE_A, 0700);
    reads(0, FILE_A);
    assert_int_equal(hits, 1);
    assert_int_equal(leads, 1);
    cache.cuts = cuts;
}

/* Mounting one opens files in it. */
static void mount_overlay(void)
{
    pid_t pid = fork();
    int status;

    if (pid == 0)
        _exit(mount("overlay", "/merged", "overlay", 0, "lowerdir=/fix/lower,"
                    "upperdir=/fix/upper,workdir=/fix/work") ? errno : 0);
    while (waitpid(pid, &status, WNOHANG) == 0)
        turn(NULL, 10);
    assert_int_equal(status, 0);
}

/* Through an overlay that the file is part of; the content that is hit, and
 * that is read, is compared by the gate in small. */
static void writer_on_an_overlay(void **state)
{
    (void)state;
    need_world();
    mkdir("/fix/lower", 0755);
    mkdir("/fix/upper", 0755);
    mkdir("/fix/work", 0755);
    mkdir("/merged", 0755);
    mount_overlay();
    for (int map = 0; map < 2; map++) {
        watched("/fix/upper/a");
        by(1, map ? ACT_MAP : ACT_OPEN, "/merged/a", O_RDWR);
        reads(0, "/fix/upper/a");
        by(1, map ? ACT_MAP_WRITE : ACT_WRITE, "/merged/a", 'y');
        reads(0, "/fix/upper/a");
        by(2, ACT_OPEN, "/fix/upper/a", O_WRONLY);
        by(2, ACT_CLOSE, "/fix/upper/a", 0);
        assert_in_range(alone, 2, 4);
        assert_int_equal(cache.records, 0);
        by(1, map ? ACT_UNMAP : ACT_CLOSE, "/merged/a", 0);
        settle("/fix/upper/a");
        start_counting();
        reads(0, "/fix/upper/a");
        assert_int_equal(leads, 1);
    }
    assert_int_equal(umount("/merged"), 0);
}

/* A policy excludes its filesystem for a while: nothing is held there. */
static void forgotten_when_nothing_was_held(void **state)
{
    (void)state;
    need_world();
    watched(FILE_A);
    assert_int_equal(fanotify_mark(group, FAN_MARK_REMOVE |
                                   FAN_MARK_FILESYSTEM, FAN_OPEN_PERM |
                                   FAN_OPEN_EXEC_PERM, AT_FDCWD, "/fix"), 0);
    by(1, ACT_MAP, FILE_A, O_RDWR);
    by(1, ACT_MAP_WRITE, FILE_A, 'y');
    cache_forget_all(&cache);
    mark("/fix");
    start_counting();
    reads(0, FILE_A);
    assert_int_equal(hits, 0);
    assert_int_equal(alone, 1);
    by(1, ACT_UNMAP, FILE_A, 0);
}

/* The access has a number that is too high for a record. */
static void writer_with_a_high_number(void **state)
{
    uint64_t leader;
    struct stat st;
    bool kept;

    (void)state;
    need_world();
    watched(FILE_A);
    blind = hold_leads = true;
    actor_tell(&actors[1], ACT_MAP, FILE_A, O_RDWR);
    wait_held(1);
    blind = hold_leads = false;
    assert_int_equal(dup2(held[0].fd, CACHE_MAX_FD), CACHE_MAX_FD);
    assert_int_equal(fstat(CACHE_MAX_FD, &st), 0);
    assert_int_equal(cache_look(&cache, CACHE_MAX_FD, &st, 1, false, &leader,
                                &kept), CACHE_ALONE);
    assert_int_equal(cache.records, 0);
    close(CACHE_MAX_FD);
    close(held[0].fd);
    allow(held[0].fd);
    finish(1);
    nr_held = 0;
    by(1, ACT_UNMAP, FILE_A, 0);
}

/* What the owner can set of a file says nothing about which one it is. */
static void generation_is_not_counted(void **state)
{
    union {
        struct file_handle handle;
        char room[sizeof(struct file_handle) + 12];
    } a = { .handle = { 8, 1 } }, b = { .handle = { 8, 1 } };

    (void)state;
    memcpy(a.handle.f_handle, "inodgen1", 8);
    memcpy(b.handle.f_handle, "inodgen2", 8);
    assert_int_equal(mark_hash(&a.handle), mark_hash(&b.handle));
    a.handle.handle_type = b.handle.handle_type = 2;
    a.handle.handle_bytes = b.handle.handle_bytes = 12;
    memcpy(b.handle.f_handle, "inodgen1dir2", 12);
    assert_int_equal(mark_hash(&a.handle), mark_hash(&b.handle));
    memcpy(b.handle.f_handle, "INODgen1dir2", 12);
    assert_true(mark_hash(&a.handle) != mark_hash(&b.handle));
    /* Others as a whole. */
    a.handle.handle_type = b.handle.handle_type = 0x4d;
    memcpy(a.handle.f_handle, "inodgen1dir1", 12);
    memcpy(b.handle.f_handle, "inodgen1dir2", 12);
    assert_true(mark_hash(&a.handle) != mark_hash(&b.handle));
}

static void when_time_tells(void **state)
{
    const struct timespec clock = { 100, 50000001 };
    static const struct {
        struct timespec ctim;
        bool settled;
    } cases[] = {
        { { 100, 50000001 }, false }, { { 100, 50000002 }, false },
        { { 101, 1 }, false },
        /* The clock was set back. */
        { { 102, 1 }, true }, { { 102, 0 }, true },
        { { 100, 49999999 }, true }, { { 99, 999999999 }, true },
        /* Pieces of 10 ms, and of two seconds. */
        { { 100, 50000000 }, false }, { { 100, 40000000 }, true },
        { { 100, 0 }, false }, { { 99, 0 }, false }, { { 98, 0 }, true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(is_settled(&cases[i].ctim, &clock),
                         cases[i].settled);
}

/* Cut in the tick of the clock in which it was looked at, or as if it was. */
static void cut_in_the_same_tick(void **state)
{
    struct cache_record *record;
    struct stat st;

    (void)state;
    need_world();
    fixed_a = false;
    done(ACT_PUT, FILE_A, 1);
    hold_leads = true;
    do {
        done(ACT_CHMOD, FILE_A, 0700);
        actor_tell(&actors[0], ACT_READ, FILE_A, 0);
        wait_held(1);
        record = &cache.record[cache.by_fd[held[0].fd]];
        if (!record->handle) {
            end_scan(held[0].fd, false);
            nr_held = 0;
            finish(0);
        }
    } while (!nr_held);
    hold_leads = false;
    assert_true(cache_intact(&cache, held[0].fd));
    blind = true;
    assert_int_equal(by(1, ACT_CUT, FILE_A, 0), 0);
    blind = false;
    /* The same time and size, for all that they tell. */
    assert_int_equal(fstat(held[0].fd, &st), 0);
    record->size = st.st_size;
    record->ctim = st.st_ctim;
    assert_false(cache_intact(&cache, held[0].fd));
    assert_false(end_scan(held[0].fd, true));
    finish(0);
    nr_held = 0;
    assert_int_equal(cache.records, 0);
}

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        TEST(first_writer_is_a_hit),
        TEST(writer_of_before_is_no_hit),
        TEST(cut_file_is_no_hit_for_a_writer),
        TEST(hidden_writer_is_no_hit),
        TEST(tmpfs_with_hidden_writers),
        TEST(passing_writer),
        TEST(passing_reader),
        TEST(passing_writer_while_scanned),
        TEST(filled_after_an_empty_open),
        TEST(other_changes_are_hits),
        TEST(renamed_over_is_a_hit),
        TEST(cut_is_of_one_file),
        TEST(without_handles_the_time_counts),
        TEST(writer_on_an_overlay),
        TEST(forgotten_when_nothing_was_held),
        TEST(writer_with_a_high_number),
        cmocka_unit_test(generation_is_not_counted),
        cmocka_unit_test(when_time_tells),
        TEST(cut_in_the_same_tick),
    };

    start_all();
    return cmocka_run_group_tests_name("cache-writers", tests, NULL, NULL);
}

int main(void)
{
    return world_run(run_all);
}
