/* SPDX-License-Identifier: GPL-2.0-or-later */
/* child.c - see child.h. */
#define _GNU_SOURCE
#include "child.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

void must(bool ok)
{
    if (!ok)
        _exit(99);
}

void nothing(void)
{
}

void put_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

    must(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

pid_t child_start(void (*what)(void))
{
    int ready[2];
    char c;
    pid_t pid;

    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        what();
        /* Only now: a new uid drops it. */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        must(write(ready[1], "x", 1) == 1);
        for (;;)
            pause();
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &c, 1), 1);
    close(ready[0]);
    return pid;
}

void child_stop(pid_t pid)
{
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

const char *status_field(pid_t pid, const char *name)
{
    static char line[512];
    char path[48], *end;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    file = fopen(path, "re");
    assert_non_null(file);
    do
        assert_non_null(fgets(line, sizeof(line), file));
    while (strncmp(line, name, strlen(name)));
    fclose(file);
    for (char *c = line; *c; c++)
        if (*c == '\t' || *c == '\n')
            *c = ' ';
    for (end = line + strlen(line); end[-1] == ' '; end--)
        end[-1] = 0;
    return line + strlen(name) + strspn(line + strlen(name), " ");
}

int outcome(pid_t pid)
{
    int status;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}
