/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-keeper.c - xen-guest-front/keeper.c: what it keeps open stays so when
 * whoever has started it has ended, and nobody finds it by mistake.
 */
#define _GNU_SOURCE
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
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "keeper.h"

#define LONG_MS 60000

static void read_of(pid_t pid, const char *name, char *text, size_t size)
{
    char path[64];
    ssize_t n;
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd < 0 ? 0 : read(fd, text, size - 1);
    text[n > 0 ? n : 0] = 0;
    close(fd);
}

/* Until it does nothing any more. */
static void wait_for_rest(pid_t pid)
{
    char text[64], rest[8];

    snprintf(rest, sizeof(rest), "%d ", SYS_pause);
    do
        read_of(pid, "syscall", text, sizeof(text));
    while (strncmp(text, rest, strlen(rest)));
}

static void keeps_it_open(void **state)
{
    int ends[2], status;
    struct pollfd end;
    char name[64], text[64], status_text[2048];
    pid_t pid;

    (void)state;
    /* Who is left without a parent is ours. */
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid = fork();
    if (!pid)
        _exit(keeper_start(ends[1]) ? 1 : 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    close(ends[1]);
    end = (struct pollfd){ .fd = ends[0], .events = POLLIN };
    snprintf(name, sizeof(name), "task/%d/children", (int)getpid());
    read_of(getpid(), name, text, sizeof(text));
    pid = atoi(text);
    assert_true(pid > 0);
    wait_for_rest(pid);
    read_of(pid, "comm", text, sizeof(text));
    assert_string_equal(text, KEEPER_NAME "\n");
    snprintf(name, sizeof(name), "/proc/%d/fd/%d", (int)pid, ends[1]);
    assert_true(readlink(name, text, sizeof(text)) > 0);
    snprintf(name, sizeof(name), "/proc/%d/fd/%d", (int)pid, ends[0]);
    assert_int_equal(readlink(name, text, sizeof(text)), -1);
    for (int fd = 0; fd <= STDERR_FILENO; fd++) {
        snprintf(name, sizeof(name), "/proc/%d/fd/%d", (int)pid, fd);
        assert_int_equal(readlink(name, text, sizeof(text)), -1);
    }
    read_of(pid, "status", status_text, sizeof(status_text));
    snprintf(text, sizeof(text), "\nUid:\t%u\t%u\t", KEEPER_UID, KEEPER_UID);
    assert_non_null(strstr(status_text, text));
    kill(pid, SIGTERM);
    kill(pid, SIGHUP);
    kill(pid, SIGRTMIN);
    wait_for_rest(pid);
    assert_int_equal(poll(&end, 1, 0), 0);
    kill(pid, SIGKILL);
    assert_int_equal(poll(&end, 1, LONG_MS), 1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    close(ends[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(keeps_it_open) };

    return cmocka_run_group_tests_name("keeper", tests, NULL, NULL);
}
