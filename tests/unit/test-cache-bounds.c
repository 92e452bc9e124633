/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-cache-bounds.c - tests of xen-guest-front/cache.c: numbers of records
 * and descriptors, files without leases, and a long random history.
 */
#define _GNU_SOURCE
#include <linux/capability.h>
#include <sys/syscall.h>

#include "cache-gate.h"

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

/* What is kept raises no event by which we would know of its use. */
static void oldest_makes_room(void **state)
{
    (void)state;
    need_world();
    for (int fixed = 0; fixed < 2; fixed++) {
        close_cache();
        open_cache(CACHE_MAX);
        fill(CACHE_MAX, fixed);
        assert_int_equal(cache.records, CACHE_MAX);
        done(ACT_PUT, FILE_A, 1);
        settle(FILE_A);
        reads(0, fixed ? "/fix/0-1" : "/fix/0-0");
        assert_int_equal(leads, 0);
        reads(0, FILE_A);
        assert_int_equal(leads, 1);
        assert_int_equal(cache.records, CACHE_MAX);
        reads(0, fixed ? "/fix/1-1" : "/fix/0-0");
        reads(0, FILE_A);
        assert_int_equal(leads, 1);
        reads(0, fixed ? "/fix/0-1" : "/fix/1-0");
        assert_int_equal(leads, 2);
        assert_int_equal(cache.records, CACHE_MAX);
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

/* Nor is one on an overlay good for anything. */
static void overlay_is_alone(void **state)
{
    uint64_t leader;
    struct stat st;
    bool kept;
    int fd;

    (void)state;
    need_world();
    mkdir("/tmp/lower", 0755);
    mkdir("/tmp/upper", 0755);
    mkdir("/tmp/work", 0755);
    mkdir("/tmp/both", 0755);
    if (mount("overlay", "/tmp/both", "overlay", 0, "lowerdir=/tmp/lower,"
              "upperdir=/tmp/upper,workdir=/tmp/work"))
        skip();
    done(ACT_PUT, "/tmp/both/x", 1);
    fd = open("/tmp/both/x", O_RDONLY | O_CLOEXEC);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(cache_look(&cache, fd, &st, 1, true, &leader, &kept),
                     CACHE_ALONE);
    assert_int_equal(fcntl(fd, F_GETLEASE), F_UNLCK);
    assert_false(cache_intact(&cache, fd));
    close(fd);
    assert_int_equal(umount("/tmp/both"), 0);
}

/*
 * The upper file of an overlay, opened directly: truncate(2) by way of the
 * overlay does not ask for the lease.
 */
static void cut_through_an_overlay(void **state)
{
    int r;

    (void)state;
    need_world();
    mkdir("/fix/upper", 0755);
    mkdir("/fix/work", 0755);
    /* That opens files there, which would wait for us. */
    close_cache();
    r = mount("overlay", "/tmp/both", "overlay", 0, "lowerdir=/tmp/lower,"
              "upperdir=/fix/upper,workdir=/fix/work");
    open_cache(CACHE_MAX);
    if (r)
        skip();
    BOTH_KINDS {
        recorded("/fix/upper/a");
        reads(0, "/fix/upper/a");
        start_counting();
        blind = true;
        done(ACT_TRUNCATE, "/tmp/both/a", 3);
        done(ACT_TRUNCATE, "/tmp/both/a", 9);
        blind = false;
        reads(0, "/fix/upper/a");
        assert_int_equal(hits, 0);
        assert_int_equal(leads, 1);
    }
    assert_int_equal(umount("/tmp/both"), 0);
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

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ten_thousand_kept), TEST(oldest_makes_room),
        TEST(max_kept_is_kept), TEST(high_descriptors), TEST(no_leases),
        TEST(overlay_is_alone), TEST(cut_through_an_overlay),
        TEST(random_history),
    };

    start_all();
    return cmocka_run_group_tests_name("cache-bounds", tests, NULL, NULL);
}

int main(void)
{
    return world_run(run_all);
}
