/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-top.c - vscanctl top: as text, and on a pseudo terminal.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include <cmocka.h>

#include "answerer.h"
#include "child.h"
#include "command.h"
#include "fake.h"
#include "names.h"
#include "vscanctl.h"

static char said[65536];

static int start(void **state)
{
    sigset_t set;

    vscanctl_start(state);
    answerer_start();
    answerer_says(ANSWERER_FRONT, 5, "stats", "events 100\nrecord-hits 50\n"
                  "held 1\ninfected 2\nnot-scanned 3");
    answerer_says(3, 5, "stats", "requests 10\nknown 4\noctets 1000\n"
                  "answer-us 20000\nfile 2000 1 1 /a%1b");
    fake_front_write(5, NODE_STATE, "4");
    fake_back_write(3, 5, NODE_STATE, "4");
    fake_back_write(3, 5, NODE_ENGINES, "clamav ok 1: x\nyara down 0: y");
    /* As proc_signals() of a test before has left it. */
    sigemptyset(&set);
    sigprocmask(SIG_SETMASK, &set, NULL);
    return 0;
}

static int stop(void **state)
{
    answerer_stop();
    return vscanctl_stop(state);
}

#define RUN(...) \
    vscanctl_run(top_main, (const char *const[]){ __VA_ARGS__, NULL }, said, \
                 sizeof(said))

#define HEAD \
    "NAME          ID STATE      ACC/s SCN/s  MB/s KNOWN  REC HELD FOUND " \
    "UNSCN    ms\n"

/* There are no rates yet in a first frame. */
static void as_text(void **state)
{
    (void)state;
    assert_int_equal(RUN("-b", "-n", "1"), STATUS_DONE);
    assert_non_null(strstr(said, ": 1 guest, 1 protected, 0 alarms, "
                                 "by accesses\nengines: clamav "));
    assert_non_null(strstr(said, ", yara down ?\n\n" HEAD));
    assert_non_null(strstr(said,
        "web            5 protected      -     -     -   40%  50%"
        "    1     2     3     2\n"
        "\nCostliest of web(5):\n"));
    assert_non_null(strstr(said, "  /a\\x1b\n"));
}

/* A line each. */
static void as_json(void **state)
{
    (void)state;
    assert_int_equal(RUN("--json", "-n", "1"), STATUS_DONE);
    assert_non_null(strstr(said, "{\"time\":\"20"));
    assert_non_null(strstr(said, "\"protected\":1,\"alarms\":0,\"guests\":["
                                 "{\"domain\":\"web\","));
    assert_non_null(strstr(said, "\"files\":[{\"path\":\"/a\\u001b\","));
    assert_non_null(strstr(said, "\"rates\":{\"accesses_per_s\":null,"));
    assert_int_equal(strcspn(said, "\n"), strlen(said) - 1);
    /* A second: there is no shorter time from one to the next. */
    assert_int_equal(RUN("--json", "-b", "-d", "1", "-n", "2"), STATUS_DONE);
    assert_non_null(strstr(said, "}\n{\"time\":"));
    assert_non_null(strstr(said, "\"rates\":{\"accesses_per_s\":0.000,"));
}

static void no_guests(void **state)
{
    (void)state;
    fake_device_remove(5, 3);
    fake_remove(WEB_RECORD);
    assert_int_equal(RUN("-b", "-n", "1"), STATUS_DONE);
    assert_non_null(strstr(said, ": 0 guests, 0 protected, 0 alarms, "
                                 "by accesses\nengines: -\n"));
}

static void usage(void **state)
{
    (void)state;
    assert_int_equal(RUN("web"), STATUS_USAGE);
    assert_int_equal(RUN("-x"), STATUS_USAGE);
    assert_int_equal(RUN("-d", "0", "-b"), STATUS_USAGE);
    assert_int_equal(RUN("-d", "3601", "-b"), STATUS_USAGE);
    assert_int_equal(RUN("-n", "1"), STATUS_USAGE);
    assert_int_equal(RUN("-b", "-n", "0"), STATUS_USAGE);
    /* Standard output is a file. */
    assert_int_equal(RUN("-d", "1"), STATUS_FAILED);
    fake_at(FAKE_XS_DIRECTORY, 1, NULL, NULL, EIO);
    assert_int_equal(RUN("-b"), STATUS_FAILED);
}

/* A terminal --------------------------------------------------------------- */

static struct {
    int fd;
    pid_t pid;
    struct termios before;
    char seen[65536];
    size_t len;
} tty;

/* No guests: nobody in there is left to answer. */
static void open_terminal(void)
{
    struct winsize size = { .ws_row = 24, .ws_col = 80 };
    char *words[] = { (char *)"vscanctl", (char *)"-d", (char *)"3600", NULL };
    int slave;

    fake_device_remove(5, 3);
    fake_remove(WEB_RECORD);
    tty.len = 0;
    setenv("TERM", "xterm", 1);
    assert_int_equal(openpty(&tty.fd, &slave, NULL, NULL, &size), 0);
    assert_int_equal(tcgetattr(slave, &tty.before), 0);
    fflush(NULL);
    tty.pid = fork();
    if (tty.pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(tty.fd);
        must(!login_tty(slave));
        optind = 0;
        _exit(top_main(3, words));
    }
    close(slave);
}

static void until_seen(const char *text)
{
    struct pollfd p = { .fd = tty.fd, .events = POLLIN };

    while (tty.seen[tty.len] = 0, !strstr(tty.seen, text)) {
        ssize_t n;

        assert_true(poll(&p, 1, -1) == 1);
        n = read(tty.fd, tty.seen + tty.len, sizeof(tty.seen) - 1 - tty.len);
        if (n <= 0)
            fail_msg("\"%s\" is not in \"%s\"", text, tty.seen);
        tty.len += (size_t)n;
    }
    tty.len = 0;
}

static void type(const char *keys)
{
    assert_int_equal(write(tty.fd, keys, strlen(keys)), (ssize_t)strlen(keys));
}

/* The terminal is as it was, and shows what it did before (rmcup). */
static void assert_restored(void)
{
    struct termios after;

    until_seen("\x1b[?1049l");
    assert_int_equal(outcome(tty.pid), STATUS_DONE);
    assert_int_equal(tcgetattr(tty.fd, &after), 0);
    assert_int_equal(after.c_lflag, tty.before.c_lflag);
    assert_int_equal(after.c_iflag, tty.before.c_iflag);
    assert_int_equal(after.c_oflag, tty.before.c_oflag);
    close(tty.fd);
}

static void keys(void **state)
{
    (void)state;
    open_terminal();
    until_seen("by accesses");
    type("s");
    until_seen("scans");
    type("x\x1b[A\x1b[Bpfb s");
    until_seen("MB");
    type("q");
    assert_restored();
}

static void end_by(int signal)
{
    open_terminal();
    until_seen("by accesses");
    kill(tty.pid, signal);
    assert_restored();
}

static void terminated(void **state)
{
    (void)state;
    end_by(SIGTERM);
}

static void interrupted(void **state)
{
    (void)state;
    end_by(SIGINT);
}

/* A line that had no room is there when there is. */
static void resize(void **state)
{
    struct winsize narrow = { .ws_row = 24, .ws_col = 20 };
    struct winsize wide = { .ws_row = 10, .ws_col = 90 };

    (void)state;
    open_terminal();
    until_seen("by accesses");
    assert_int_equal(ioctl(tty.fd, TIOCSWINSZ, &narrow), 0);
    until_seen("vscanctl top");
    assert_int_equal(ioctl(tty.fd, TIOCSWINSZ, &wide), 0);
    until_seen("by accesses");
    type("q");
    assert_restored();
}

static void hang_up(void **state)
{
    int status;

    (void)state;
    open_terminal();
    until_seen("by accesses");
    close(tty.fd);
    assert_int_equal(waitpid(tty.pid, &status, 0), tty.pid);
    assert_true(WIFEXITED(status));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(as_text),
        TEST(as_json),
        TEST(no_guests),
        TEST(usage),
        TEST(keys),
        TEST(terminated),
        TEST(interrupted),
        TEST(resize),
        TEST(hang_up),
    };

    return cmocka_run_group_tests_name("top", tests, NULL, NULL);
}
