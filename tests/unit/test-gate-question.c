/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-gate-question.c - tests of xen-guest-front/gate-question.c: a whole
 * front, its remedy process included, with a stub of the link
 * (tests/lib/front.h) that asks.  Skipped without root.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "front.h"
#include "remedy-line.h"
#include "selftest.h"

#define DIGEST \
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff"

int proc_link(int sock)
{
    return front_stub_link(sock);
}

static void start(const char *words)
{
    struct front_config config = { .generation = 7 };

    front_need_world();
    snprintf(config.words, sizeof(config.words), "%s", words);
    mkdir("/var", 0755);
    mkdir("/var/lib", 0755);
    mkdir(SELFTEST_DIR, 01777);
    /* What children of the remedy process read. */
    mkdir("/dev", 0755);
    mknod("/dev/null", S_IFCHR | 0666, makedev(1, 3));
    front_start(config);
}

/* What stands behind @before in the answer. */
static uint64_t number_of(const char *answer, const char *before)
{
    const char *at = strstr(answer, before);

    if (!at)
        fail_msg("no %s in %s", before, answer);
    return strtoull(at + strlen(before), NULL, 10);
}

static void assert_begins(const char *answer, const char *begin)
{
    if (strncmp(answer, begin, strlen(begin)))
        fail_msg("%s", answer);
}

static void stats(void **state)
{
    const char *answer;
    uint64_t denied;

    (void)state;
    start("");
    answer = front_answer("11 stats");
    assert_begins(answer, "11\nprotected 1\n");
    denied = number_of(answer, "\ndenied ");
    assert_int_equal(open_result(FRONT_INFECTED), EPERM);
    answer = front_answer("12 stats");
    assert_begins(answer, "12\nprotected 1\n");
    assert_int_equal(number_of(answer, "\ndenied "), denied + 1);
    assert_int_equal(number_of(answer, "\nlink-starts "), 1);
    front_policy("mode=monitor");
    assert_begins(front_answer("13 stats"), "13\nprotected 0\n");
}

static void unknown(void **state)
{
    (void)state;
    start("");
    assert_string_equal(front_answer("1 what is this"), "1\nunknown");
    assert_string_equal(front_answer("2 stats now"), "2\nunknown");
    assert_string_equal(front_answer("3 quarantine"), "3\nunknown");
    /* No question: the next one is answered, and that alone. */
    front_ask("0 stats");
    assert_string_equal(front_answer("5 x"), "5\nunknown");
    assert_int_equal(shared->answers, 4);
}

static void assert_nothing_left(void)
{
    assert_int_equal(rmdir(SELFTEST_DIR), 0);
}

static void selftest_is_denied(void **state)
{
    const char *answer;

    (void)state;
    start("close-write=yes");
    for (unsigned int i = 1; i <= 2; i++) {
        char question[16], begin[32];

        snprintf(question, sizeof(question), "%u selftest", i);
        snprintf(begin, sizeof(begin), "%u\nselftest denied ", i);
        answer = front_answer(question);
        assert_begins(answer, begin);
        assert_true(number_of(answer, "denied ") > 0);
        assert_string_equal(strrchr(answer, ' '), " -");
    }
    assert_nothing_left();
}

/* The remedy may be quicker, or not. */
static void selftest_and_remedy(void **state)
{
    (void)state;
    start("remedy=delete");
    assert_begins(front_answer("1 selftest"), "1\nselftest denied ");
    assert_nothing_left();
}

static void selftest_is_allowed(void **state)
{
    const char *answer;

    (void)state;
    start("");
    front_policy_in_force("mode=monitor");
    answer = front_answer("3 selftest");
    assert_begins(answer, "3\nselftest allowed ");
    assert_string_equal(strrchr(answer, ' '), " mode=monitor");
    front_policy_in_force("mode=off");
    answer = front_answer("4 selftest");
    assert_string_equal(strrchr(answer, ' '), " mode=off");
    front_policy_in_force("exclude-path=" SELFTEST_DIR "/");
    answer = front_answer("5 selftest");
    assert_begins(answer, "5\nselftest allowed ");
    assert_string_equal(strrchr(answer, ' '), " -");
    assert_nothing_left();
    answer = front_answer("6 selftest");
    assert_begins(answer, "6\nselftest failed 0 cannot%20make%20a%20file:");
}

/* The command: its own process, and the same file. */
static void selftest_command(void **state)
{
    int status_r;
    pid_t pid;

    (void)state;
    start("");
    for (unsigned int i = 0; i < 2; i++) {
        fflush(stdout);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            int null = open("/tmp/said", O_WRONLY | O_CREAT | O_TRUNC, 0600);

            dup2(null, STDOUT_FILENO);
            _exit(selftest_main(STATUS_FILE));
        }
        status_r = outcome(pid);
        assert_int_equal(status_r, i);
        front_policy_in_force("mode=monitor");
    }
    assert_nothing_left();
    unlink("/tmp/said");
}

static void line_of_remedy(void **state)
{
    struct remedy_line line;
    char begin[64];

    (void)state;
    start("remedy=quarantine close-write=no");
    /* By front_start(); and it is gone. */
    WAIT_FOR(shared->remedies == 1);
    assert_int_equal(remedy_line_parse(shared->remedy, strlen(shared->remedy),
                                       &line), 0);
    assert_int_equal(line.serial, 1);
    assert_int_equal(line.result, REMEDIED_QUARANTINED);
    assert_int_equal(line.uid, 0);
    assert_string_equal(line.name, "Test");
    assert_string_equal(line.path, FRONT_INFECTED);
    assert_begins(front_answer("5 quarantine 1"), "5\nitems 1 ");
    assert_null(strstr(shared->answer, "\nitem "));
    snprintf(begin, sizeof(begin), "\nitem %s ", line.id);
    assert_non_null(strstr(front_answer("6 quarantine 0"), begin));
    assert_non_null(strstr(shared->answer, " 1 Test " FRONT_INFECTED));
    front_policy_in_force("remedy=delete close-write=no");
    write_file(FRONT_INFECTED, "I");
    assert_int_equal(open_result(FRONT_INFECTED), EPERM);
    WAIT_FOR(shared->remedies == 2);
    assert_int_equal(remedy_line_parse(shared->remedy, strlen(shared->remedy),
                                       &line), 0);
    assert_int_equal(line.result, REMEDIED_DELETED);
    /* Denied alone is no remedy. */
    front_policy_in_force("remedy=deny");
    assert_int_equal(shared->remedies, 2);
}

static void outbreak(void **state)
{
    (void)state;
    start("");
    assert_int_equal(open_result(FRONT_CLEAN), 0);
    assert_int_equal(REQUESTS(open_result(FRONT_CLEAN)), 0);
    assert_string_equal(front_answer("9 outbreak " DIGEST " clamav:A%20b"),
                        "9\ndone");
    assert_int_equal(REQUESTS(open_result(FRONT_CLEAN)), 1);
    assert_int_equal(REQUESTS(open_result(FRONT_CLEAN)), 0);
    /* With those told who are logged in: nobody, here. */
    front_policy_in_force("mode=enforce");
    assert_string_equal(front_answer("10 outbreak " DIGEST " x"), "10\ndone");
    assert_string_equal(front_answer("11 outbreak " DIGEST), "11\nunknown");
}

/* A scan that takes its time holds up no answer, nor does a question it. */
static void while_an_access_is_held(void **state)
{
    pid_t pid;

    (void)state;
    start("close-write=no");
    write_file("/tmp/later", "L");
    pid = opens("/tmp/later");
    WAIT_FOR(shared->later == 1);
    assert_begins(front_answer("1 selftest"), "1\nselftest denied ");
    assert_int_equal(number_of(front_answer("2 stats"), "\nheld "), 1);
    front_release('C');
    assert_int_equal(outcome(pid), 0);
    unlink("/tmp/later");
}

#define TEST(test) cmocka_unit_test_teardown(test, front_stop)

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        TEST(stats), TEST(unknown), TEST(selftest_is_denied),
        TEST(selftest_and_remedy), TEST(selftest_is_allowed),
        TEST(selftest_command), TEST(line_of_remedy), TEST(outbreak),
        TEST(while_an_access_is_held),
    };

    return cmocka_run_group_tests_name("gate-question", tests, NULL, NULL);
}

int main(void)
{
    return front_main(run_all);
}
