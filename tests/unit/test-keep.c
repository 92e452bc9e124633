/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-keep.c - tests of which records keep descriptor and lease, by the age
 * of their files: xen-guest-front/gate-access.c.
 *
 * Overview: a whole front with a stub of the link (tests/lib/front.h), and a
 * clock that stands still.  A kept file raises no event when it is opened
 * again.  Skipped without root.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "front.h"

#define FILE1   "/tmp/file1"
#define DAY     86400
#define NOW     1900000000

int proc_link(int sock)
{
    return front_stub_link(sock);
}

/* In place of libc's. */
time_t time(time_t *now_r)
{
    if (now_r)
        *now_r = NOW;
    return NOW;
}

/* Is the record of a file kept that was modified at @when? */
static bool is_kept(struct timespec when)
{
    const struct front_config config = { .generation = 7 };
    const struct timespec times[2] = { when, when };
    uint64_t before;
    bool kept;

    write_file(FILE1, "C");
    assert_int_equal(utimensat(AT_FDCWD, FILE1, times, 0), 0);
    front_start(config);
    assert_int_equal(open_result(FILE1), 0);
    before = status->count[COUNT_EVENTS];
    assert_int_equal(REQUESTS(assert_int_equal(open_result(FILE1), 0)), 0);
    kept = status->count[COUNT_EVENTS] == before;
    front_stop(NULL);
    unlink(FILE1);
    return kept;
}

static void older_than_a_day(void **state)
{
    static const struct {
        struct timespec when;
        bool kept;
    } samples[] = {
        { { NOW - DAY - 1, 999999999 }, true },
        { { NOW - DAY - 1, 0 }, true },
        { { NOW - DAY, 0 }, false },
        { { NOW - DAY + 1, 0 }, false },
        /* A clock that was set back. */
        { { NOW + 1, 0 }, false },
        { { 0, 0 }, true },
    };

    (void)state;
    front_need_world();
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
        if (is_kept(samples[i].when) != samples[i].kept)
            fail_msg("modified %lld seconds ago",
                     NOW - (long long)samples[i].when.tv_sec);
}

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(older_than_a_day, front_stop),
    };

    return cmocka_run_group_tests_name("keep", tests, NULL, NULL);
}

int main(void)
{
    return front_main(run_all);
}
