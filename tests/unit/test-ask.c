/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-ask.c - questions to fronts and backs that answer, are silent, lie or are
 * gone.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cmocka.h>

#include "answerer.h"
#include "ask.h"
#include "child.h"
#include "fake.h"
#include "folder.h"
#include "names.h"
#include "two-domains.h"

/* What no test waits for. */
#define LONG_MS 200000

static char dir[FOLDER_PATH_MAX], lock[2 * FOLDER_PATH_MAX];
static struct xs_handle *xs;
static struct ask asks[3];

static int start(void **state)
{
    (void)state;
    folder_make(dir);
    snprintf(lock, sizeof(lock), "%s/lock", dir);
    two_domains_start();
    fake_enter(0);
    fake_device_create(FRONT, BACK, "");
    xs = xs_open(0);
    assert_non_null(xs);
    answerer_start();
    memset(asks, 0, sizeof(asks));
    asks[0] = (struct ask){ .front = FRONT,
                            .question = { .kind = QUESTION_STATS } };
    asks[1] = (struct ask){ .to_back = true, .front = FRONT, .back = BACK,
                            .question = { .kind = QUESTION_STATS } };
    return 0;
}

static int stop(void **state)
{
    (void)state;
    answerer_stop();
    xs_close(xs);
    fake_stop();
    folder_remove(dir);
    return 0;
}

static void both_answer(void **state)
{
    (void)state;
    answerer_says(ANSWERER_FRONT, FRONT, "stats", "a 1\nb 2");
    answerer_says(BACK, FRONT, "stats", "");
    for (int i = 0; i < 3; i++) {
        ask(xs, lock, asks, 2, LONG_MS);
        assert_int_equal(asks[0].rc, 0);
        assert_string_equal(asks[0].lines, "a 1\nb 2");
        assert_int_equal(asks[1].rc, 0);
        assert_string_equal(asks[1].lines, "");
    }
}

/* Old, of another question, too long, with a NUL: it is waited through. */
static void what_is_no_answer(void **state)
{
    char longest[VSCANIF_MAX_TEXT + 2];

    (void)state;
    answerer_says_to_another(ANSWERER_FRONT, FRONT, "stats", "a 1");
    fake_write_octets("/local/domain/3/backend/vscan/5/0/answer", "1\0", 2);
    ask(xs, lock, asks, 2, 1);
    assert_int_equal(asks[0].rc, -ETIMEDOUT);
    assert_int_equal(asks[1].rc, -ETIMEDOUT);
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = 0;
    answerer_says(ANSWERER_FRONT, FRONT, "stats", longest);
    ask(xs, lock, asks, 1, 1);
    assert_int_equal(asks[0].rc, -ETIMEDOUT);
}

/* At the edge of what it may be; the number is of ten digits at most. */
static void longest_answer(void **state)
{
    char lines[VSCANIF_MAX_TEXT];

    (void)state;
    memset(lines, 'x', sizeof(lines));
    lines[VSCANIF_MAX_TEXT - 11] = 0;
    answerer_says(ANSWERER_FRONT, FRONT, "stats", lines);
    ask(xs, lock, asks, 1, LONG_MS);
    assert_int_equal(asks[0].rc, 0);
    assert_string_equal(asks[0].lines, lines);
}

static void unknown_question(void **state)
{
    (void)state;
    answerer_says(ANSWERER_FRONT, FRONT, "stats", "unknown");
    ask(xs, lock, asks, 1, LONG_MS);
    assert_int_equal(asks[0].rc, -EOPNOTSUPP);
    answerer_says(ANSWERER_FRONT, FRONT, "stats", "unknown ");
    ask(xs, lock, asks, 1, LONG_MS);
    assert_int_equal(asks[0].rc, 0);
}

/* One who is silent costs the others nothing but the time. */
static void one_is_silent(void **state)
{
    (void)state;
    answerer_says(BACK, FRONT, "stats", "a 1");
    do {
        ask(xs, lock, asks, 2, 50);
        assert_int_equal(asks[0].rc, -ETIMEDOUT);
    } while (asks[1].rc == -ETIMEDOUT);
    assert_int_equal(asks[1].rc, 0);
    assert_string_equal(asks[1].lines, "a 1");
}

/* Nothing is made of what is not there, nor waited for. */
static void nobody_is_there(void **state)
{
    (void)state;
    asks[2] = asks[0];
    asks[2].front = OTHER;
    asks[1].front = OTHER;
    answerer_says(ANSWERER_FRONT, FRONT, "stats", "a 1");
    ask(xs, lock, asks, 3, LONG_MS);
    assert_int_equal(asks[0].rc, 0);
    assert_int_equal(asks[1].rc, -ENOENT);
    assert_int_equal(asks[2].rc, -ENOENT);
    assert_null(fake_read("/local/domain/7"));
    assert_null(fake_read("/local/domain/3/backend/vscan/7"));
}

static void failures_are_told(void **state)
{
    (void)state;
    answerer_says(ANSWERER_FRONT, FRONT, "stats", "a 1");
    answerer_says(BACK, FRONT, "stats", "a 1");
    fake_at(FAKE_XS_WATCH, 1, NULL, NULL, ENOMEM);
    ask(xs, lock, asks, 2, LONG_MS);
    assert_int_equal(asks[0].rc, -ENOMEM);
    assert_int_equal(asks[1].rc, 0);
    fake_at(FAKE_XS_WRITE, 1, NULL, NULL, EIO);
    ask(xs, lock, asks, 2, LONG_MS);
    assert_int_equal(asks[0].rc, -EIO);
    assert_int_equal(asks[1].rc, 0);
    ask(xs, "/nonexistent/lock", asks, 2, LONG_MS);
    assert_int_equal(asks[0].rc, -EIO);
    ask(xs, lock, asks, 0, LONG_MS);
}

/* By somebody else, who asks the front. */
static int lock_front(void)
{
    struct flock front = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET,
        .l_start = ask_lock_octet(&asks[0]), .l_len = 1,
    };
    int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    must(fd >= 0 && !fcntl(fd, F_OFD_SETLK, &front));
    return fd;
}

static void hold_lock(void)
{
    lock_front();
}

static void others_are_asking(void **state)
{
    pid_t pid = child_start(hold_lock);

    (void)state;
    answerer_says(ANSWERER_FRONT, FRONT, "stats", "a 1");
    ask(xs, lock, asks, 1, 1);
    assert_int_equal(asks[0].rc, -EBUSY);
    assert_null(fake_read("/local/domain/5/vscan/0/question"));
    child_stop(pid);
    ask(xs, lock, asks, 1, LONG_MS);
    assert_int_equal(asks[0].rc, 0);
}

/* As in a selftest of a front that hangs: other sides answer. */
static void others_are_asking_one_side(void **state)
{
    pid_t pid = child_start(hold_lock);

    (void)state;
    answerer_says(ANSWERER_FRONT, FRONT, "stats", "a 1");
    answerer_says(BACK, FRONT, "stats", "b 1");
    ask(xs, lock, asks + 1, 1, LONG_MS);
    assert_int_equal(asks[1].rc, 0);
    assert_string_equal(asks[1].lines, "b 1");
    do {
        ask(xs, lock, asks, 2, 50);
        assert_int_equal(asks[0].rc, -EBUSY);
    } while (asks[1].rc == -ETIMEDOUT);
    assert_int_equal(asks[1].rc, 0);
    child_stop(pid);
}

/* Until somebody else opens it, too. */
static void hold_until_opened(void)
{
    int fd = lock_front(), events = inotify_init1(IN_CLOEXEC);
    char buffer[512];

    must(inotify_add_watch(events, lock, IN_OPEN) >= 0);
    if (fork() == 0) {
        struct flock all = { .l_type = F_UNLCK, .l_whence = SEEK_SET };

        must(read(events, buffer, sizeof(buffer)) > 0);
        must(!fcntl(fd, F_OFD_SETLK, &all));
        _exit(0);
    }
    close(fd);
}

/* Who gives it up is noticed. */
static void turns_are_taken(void **state)
{
    pid_t pid = child_start(hold_until_opened);

    (void)state;
    answerer_says(ANSWERER_FRONT, FRONT, "stats", "a 1");
    ask(xs, lock, asks, 1, LONG_MS);
    assert_int_equal(asks[0].rc, 0);
    child_stop(pid);
}

/* A survey of both sides, whose back is silent. */
static struct ask survey[2];
static struct xs_handle *survey_xs;

static void *survey_both(void *arg)
{
    ask(survey_xs, lock, survey, 2, LONG_MS);
    return arg;
}

static void answer_by_hand(void)
{
    char answer[16];
    uint32_t nr = survey[1].question.nr;

    snprintf(answer, sizeof(answer), "%u\nb 1", nr);
    fake_back_write(BACK, FRONT, "answer", answer);
}

/* Its turn with the front is over as soon as that has answered. */
static void turns_end_with_the_answer(void **state)
{
    pthread_t thread;

    (void)state;
    answerer_says(ANSWERER_FRONT, FRONT, "stats", "a 1");
    memcpy(survey, asks, sizeof(survey));
    survey_xs = xs_open(0);
    assert_int_equal(pthread_create(&thread, NULL, survey_both, NULL), 0);
    /* It has begun, and waits. */
    while (!fake_read("/local/domain/3/backend/vscan/5/0/question"))
        usleep(1000);
    ask(xs, lock, asks, 1, LONG_MS);
    assert_int_equal(asks[0].rc, 0);
    assert_null(fake_read("/local/domain/3/backend/vscan/5/0/answer"));
    answer_by_hand();
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(survey[1].rc, 0);
    xs_close(survey_xs);
}

#define ANNOUNCEMENT "7 outbreak 0000000000000000000000000000000000000000000" \
                     "000000000000000000001 x"

/* It is left to the front until that has it, but not for ever. */
static void announcements_are_left_alone(void **state)
{
    static const char question[] = "/local/domain/5/vscan/0/question";

    (void)state;
    answerer_says(ANSWERER_FRONT, FRONT, "stats", "a 1");
    answerer_says(BACK, FRONT, "stats", "b 1");
    fake_write(question, ANNOUNCEMENT);
    ask(xs, lock, asks, 2, 50);
    assert_int_equal(asks[0].rc, -EBUSY);
    assert_string_equal(fake_read(question), ANNOUNCEMENT);
    ask(xs, lock, asks, 2, LONG_MS);
    assert_int_equal(asks[0].rc, 0);
    assert_int_equal(asks[1].rc, 0);
    /* An answer to it. */
    fake_write(question, ANNOUNCEMENT);
    fake_front_write(FRONT, "answer", "7\ndone");
    do
        ask(xs, lock, asks, 1, 200);
    while (asks[0].rc == -ETIMEDOUT);
    assert_int_equal(asks[0].rc, 0);
}

static void reasons(void **state)
{
    (void)state;
    assert_string_equal(ask_why(-ETIMEDOUT), "no answer");
    assert_string_equal(ask_why(-EIO), strerror(EIO));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(both_answer),
        TEST(what_is_no_answer),
        TEST(longest_answer),
        TEST(unknown_question),
        TEST(one_is_silent),
        TEST(nobody_is_there),
        TEST(failures_are_told),
        TEST(others_are_asking),
        TEST(others_are_asking_one_side),
        TEST(turns_are_taken),
        TEST(turns_end_with_the_answer),
        TEST(announcements_are_left_alone),
        TEST(reasons),
    };

    return cmocka_run_group_tests_name("ask", tests, NULL, NULL);
}
