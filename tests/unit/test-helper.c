/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-helper.c - other programs: what they get, how they end, what is told.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake.h"
#include "helper.h"
#include "host.h"
#include "logged.h"

/* Runs the program "x", which is @script. */
static int run_as(struct host *h, const char *script, struct helper helper)
{
    static char path[512];
    static char *const argv[] = { path, (char *)(size_t)"one word", NULL };
    static char *const envp[] = {
        (char *)(size_t)HELPER_PATH, (char *)(size_t)"A=b", NULL,
    };

    snprintf(path, sizeof(path), "%s", host_path(h, "x"));
    if (script)
        host_script(path, script);
    helper.argv = argv;
    helper.envp = envp;
    if (!helper.limit_ms)
        helper.limit_ms = h->places.program_ms;
    h->text[0] = 0;
    return helper_run(&helper, h->text, sizeof(h->text));
}

static int run(struct host *h, const char *script)
{
    return run_as(h, script, (struct helper){ .title = NULL });
}

/* What it has written to "out", which is its first word. */
static void assert_wrote(struct host *h, const char *script,
                         const char *expected)
{
    char all[1024];

    snprintf(all, sizeof(all), "exec >'%s'\n%s", host_path(h, "out"), script);
    if (run(h, all))
        fail_msg("%s", h->text);
    assert_string_equal(host_read(host_path(h, "out")), expected);
}

static void it_gets_little(void **state)
{
    struct host *h = *state;
    const int open_here = dup(STDERR_FILENO), before = dup(STDIN_FILENO);
    const int other = open("/", O_RDONLY | O_CLOEXEC);

    assert_int_equal(dup2(other, STDIN_FILENO), STDIN_FILENO);
    close(other);

    assert_wrote(h, "echo \"$#:$1\"", "1:one word\n");
    assert_wrote(h, "tr '\\0' '\\n' </proc/$$/environ",
                 "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:"
                 "/bin\nA=b\n");
    assert_wrote(h, "pwd; umask", "/\n0077\n");
    assert_wrote(h, "readlink /proc/self/fd/0", "/dev/null\n");
    /* The script itself is the shell's 10, and what it reads here its 3. */
    assert_wrote(h, "cd /proc/$$/fd; echo *", "0 1 10 2 3\n");
    assert_wrote(h, "cut -d' ' -f5,6 /proc/$$/stat | "
                 "{ read a b; test $a = $$ && test $b = $$ && echo own; }",
                 "own\n");
    close(open_here);
    assert_int_equal(dup2(before, STDIN_FILENO), STDIN_FILENO);
    close(before);
}

static void its_end_is_told(void **state)
{
    struct host *h = *state;
    char expected[1024];

    assert_int_equal(run(h, "exit 0"), 0);
    assert_int_equal(run(h, "echo one; echo two >&2; exit 3"), -EIO);
    snprintf(expected, sizeof(expected), "%s: exit status 3: two",
             host_path(h, "x"));
    assert_string_equal(h->text, expected);
    assert_int_equal(run(h, "echo one; echo libxl: error: cause >&2;"
                         "echo libxl: error: another >&2; echo end; exit 1"),
                     -EIO);
    snprintf(expected, sizeof(expected),
             "%s: exit status 1: libxl: error: cause", host_path(h, "x"));
    assert_string_equal(h->text, expected);
    assert_int_equal(run(h, "kill -9 $$"), -EIO);
    snprintf(expected, sizeof(expected), "%s: signal 9 (Killed)",
             host_path(h, "x"));
    assert_string_equal(h->text, expected);
    /* Of what it says nothing that a terminal would obey is left. */
    assert_int_equal(run(h, "printf 'a\\033b\\0c'; exit 1"), -EIO);
    snprintf(expected, sizeof(expected), "%s: exit status 1: a\\x1bb?c",
             host_path(h, "x"));
    assert_string_equal(h->text, expected);
}

static void one_that_cannot_run_is_told(void **state)
{
    struct host *h = *state;

    assert_int_equal(run(h, NULL), -ENOENT);
    host_script(host_path(h, "x"), "exit 0");
    assert_int_equal(chmod(host_path(h, "x"), 0644), 0);
    assert_int_equal(run(h, NULL), -EACCES);
    assert_non_null(strstr(h->text, "Permission denied"));
}

/* Waits until nobody has it open for writing. */
static void until_closed(int fifo)
{
    char octet;

    fcntl(fifo, F_SETFL, 0);
    while (read(fifo, &octet, 1) > 0)
        ;
    close(fifo);
}

/* A pipe with a name, that a script can hold open. */
static int make_fifo(struct host *h, char hold[600])
{
    int fd;

    assert_int_equal(mkfifo(host_path(h, "fifo"), 0600), 0);
    fd = open(host_path(h, "fifo"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(fd >= 0);
    snprintf(hold, 600, "exec 5>'%s'\n", host_path(h, "fifo"));
    return fd;
}

/* With what it has started. */
static void one_that_takes_too_long_is_killed(void **state)
{
    struct host *h = *state;
    char script[800];
    const int fifo = make_fifo(h, script);

    strcat(script, "sleep 1000 & echo more; wait");
    assert_int_equal(run_as(h, script, (struct helper){ .limit_ms = 300 }),
                     -ETIMEDOUT);
    assert_non_null(strstr(h->text, "has taken more than 0.300 s"));
    until_closed(fifo);
}

/* One in the background that keeps the output open holds nobody up. */
static void what_it_leaves_is_killed(void **state)
{
    struct host *h = *state;
    char script[800];
    const int fifo = make_fifo(h, script);

    strcat(script, "sleep 1000 & exit 0");
    assert_int_equal(run(h, script), 0);
    until_closed(fifo);
    assert_int_equal(run(h, "exec >&- 2>&-; exit 4"), -EIO);
}

static void its_file_has_a_bound(void **state)
{
    struct host *h = *state;
    char script[512];

    snprintf(script, sizeof(script), "head -c 1024 /dev/zero >'%s'",
             host_path(h, "file"));
    assert_int_equal(run_as(h, script, (struct helper){ .file_size = 1024 }),
                     0);
    snprintf(script, sizeof(script), "head -c 1025 /dev/zero >'%s'",
             host_path(h, "file"));
    assert_int_equal(run_as(h, script, (struct helper){ .file_size = 1024 }),
                     -EIO);
}

static void its_output_is_logged(void **state)
{
    struct host *h = *state;
    char script[256];

    logged_start(LOG_LEVEL_INFO);
    assert_int_equal(run_as(h, "echo 'a\"b'; echo", (struct helper){
                         .title = "run:x" }), 0);
    assert_true(logged("run:x: a\\x22b", "info"));
    assert_int_equal(logged_lines("run:x"), 1);
    assert_int_equal(run(h, "echo quiet"), 0);
    assert_false(logged("quiet", ""));
    logged_forget();
    snprintf(script, sizeof(script), "seq %d", HELPER_MAX_LINES);
    assert_int_equal(run_as(h, script, (struct helper){ .title = "y" }), 0);
    assert_int_equal(logged_lines(" y: "), HELPER_MAX_LINES);
    assert_false(logged("left out", ""));
    logged_forget();
    snprintf(script, sizeof(script), "seq %d", HELPER_MAX_LINES + 2);
    assert_int_equal(run_as(h, script, (struct helper){ .title = "y" }), 0);
    assert_int_equal(logged_lines(" y: "), HELPER_MAX_LINES + 1);
    assert_true(logged("it says more, which is left out", " y: "));
    logged_stop();
}

static void a_line_has_its_bound(void **state)
{
    struct host *h = *state;
    char script[256], line[HELPER_MAX_LINE + 2];

    memset(line, '0', sizeof(line));
    snprintf(script, sizeof(script), "printf '%%0%dd'; exit 1",
             HELPER_MAX_LINE + 1);
    line[HELPER_MAX_LINE] = 0;
    assert_int_equal(run(h, script), -EIO);
    assert_non_null(strstr(h->text, line));
    line[HELPER_MAX_LINE] = '0';
    line[HELPER_MAX_LINE + 1] = 0;
    assert_null(strstr(h->text, line));
}

/* No descriptor is left, whatever comes of it. */
static void nothing_stays_open(void **state)
{
    struct host *h = *state;
    const unsigned int before = fake_open_fds();

    run(h, "exit 0");
    run(h, "exit 1");
    run_as(h, "sleep 1000", (struct helper){ .limit_ms = 1 });
    unlink(host_path(h, "x"));
    run(h, NULL);
    assert_int_equal(fake_open_fds(), before);
}

/* What is not to be left half done goes on when its caller is killed, and says
 * what it has to say to nobody. */
static void one_that_finishes(void **state)
{
    struct host *h = *state;
    char script[2048], go[512], on[512], done[512], word[16] = "";
    int status, fd;
    pid_t pid;

    snprintf(go, sizeof(go), "%s", host_path(h, "go"));
    snprintf(on, sizeof(on), "%s", host_path(h, "on"));
    snprintf(done, sizeof(done), "%s", host_path(h, "done"));
    assert_int_equal(mkfifo(go, 0600), 0);
    assert_int_equal(mkfifo(on, 0600), 0);
    assert_int_equal(mkfifo(done, 0600), 0);
    snprintf(script, sizeof(script), "read word <'%s'; echo one; echo two; "
             "read word <'%s'; echo one; echo two; echo end >'%s'", go, on,
             done);
    pid = fork();
    if (pid == 0) {
        run_as(h, script, (struct helper){ .finishes = true });
        _exit(0);
    }
    fd = open(go, O_WRONLY);
    assert_int_equal(write(fd, "x\n", 2), 2);
    close(fd);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    fd = open(on, O_WRONLY);
    assert_int_equal(write(fd, "x\n", 2), 2);
    close(fd);
    fd = open(done, O_RDONLY);
    assert_int_equal(read(fd, word, sizeof(word) - 1), 4);
    close(fd);
    assert_string_equal(word, "end\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOST_TEST(it_gets_little),
        HOST_TEST(its_end_is_told),
        HOST_TEST(one_that_cannot_run_is_told),
        HOST_TEST(one_that_takes_too_long_is_killed),
        HOST_TEST(what_it_leaves_is_killed),
        HOST_TEST(its_file_has_a_bound),
        HOST_TEST(its_output_is_logged),
        HOST_TEST(a_line_has_its_bound),
        HOST_TEST(nothing_stays_open),
        HOST_TEST(one_that_finishes),
    };

    return cmocka_run_group_tests_name("helper", tests, NULL, NULL);
}
