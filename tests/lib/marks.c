/* SPDX-License-Identifier: GPL-2.0-or-later */
/* marks.c - see marks.h. */
#define _GNU_SOURCE
#include "marks.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "mounts.h"
#include "world.h"

/* Only a broken test ever waits so long. */
#define LONG_MS 30000

static int group;

struct policy policy;

struct coverage *coverage;

int marks_setup(void **state)
{
    (void)state;
    if (!world_is_here())
        return 0;
    policy = policy_default();
    group = fanotify_init(FAN_CLASS_CONTENT | FAN_UNLIMITED_QUEUE |
                          FAN_UNLIMITED_MARKS | FAN_CLOEXEC | FAN_NONBLOCK,
                          O_RDONLY | O_CLOEXEC);
    return group < 0;
}

int marks_teardown(void **state)
{
    (void)state;
    if (world_is_here())
        close(group);
    return 0;
}

/* Answers the events of @pid until it has ended; those of others fail.  How
 * many there were. */
static unsigned int serve(pid_t pid, bool allow, int *status_r)
{
    struct fanotify_event_metadata m;
    struct pollfd fd = { .fd = group, .events = POLLIN };
    unsigned int events = 0;
    pid_t ended;

    while (!(ended = waitpid(pid, status_r, WNOHANG))) {
        if (poll(&fd, 1, 1) <= 0)
            continue;
        while (read(group, &m, sizeof(m)) == sizeof(m)) {
            struct fanotify_response answer = {
                .fd = m.fd, .response = allow ? FAN_ALLOW : FAN_DENY,
            };

            events += m.pid == pid;
            if (m.mask & (OPENS | FAN_ACCESS_PERM))
                must(write(group, &answer, sizeof(answer)) > 0);
            close(m.fd);
        }
    }
    assert_int_equal(ended, pid);
    return events;
}

int mark_with(int fan)
{
    int status;
    pid_t pid = fork();

    if (pid == 0)
        _exit(-mounts_mark(fan, &policy, coverage));
    serve(pid, true, &status);
    assert_true(WIFEXITED(status));
    return -WEXITSTATUS(status);
}

void mark(void)
{
    assert_int_equal(mark_with(group), 0);
    assert_int_equal(coverage->text[COVERAGE_TEXT - 1], 0);
}

unsigned int mask_of(const char *path)
{
    unsigned int dev, mask, found = 0;
    char name[64], line[256];
    struct stat st;
    FILE *info;

    assert_int_equal(stat(path, &st), 0);
    snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", group);
    info = fopen(name, "re");
    assert_non_null(info);
    while (fgets(line, sizeof(line), info))
        if (sscanf(line, "fanotify sdev:%x mflags:%*x mask:%x", &dev, &mask) ==
            2 && dev == (major(st.st_dev) << 20 | minor(st.st_dev)))
            found = mask;
    fclose(info);
    return found;
}

void coverage_has(const char *line)
{
    if (!strstr(coverage->text, line))
        fail_msg("no \"%s\" in\n%s", line, coverage->text);
}

void coverage_lacks(const char *text)
{
    if (strstr(coverage->text, text))
        fail_msg("\"%s\" in\n%s", text, coverage->text);
}

void mount_tmpfs(const char *path)
{
    mkdir(path, 0755);
    must(!mount("x", path, "tmpfs", 0, NULL));
}

void unmount(const char *path)
{
    assert_int_equal(umount2(path, MNT_DETACH), 0);
    rmdir(path);
}

struct opener opener_start(void (*what)(void), void (*then)(void))
{
    struct opener opener;
    int ready[2], go[2];
    char c;

    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    assert_int_equal(pipe2(go, O_CLOEXEC), 0);
    opener.pid = fork();
    assert_true(opener.pid >= 0);
    if (opener.pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(group);
        close(go[1]);
        what();
        must(write(ready[1], "x", 1) == 1);
        must(read(go[0], &c, 1) == 1);
        then();
        _exit(0);
    }
    close(ready[1]);
    close(go[0]);
    opener.go = go[1];
    assert_int_equal(read(ready[0], &c, 1), 1);
    close(ready[0]);
    return opener;
}

unsigned int opener_go(struct opener opener)
{
    int status;
    unsigned int events;

    assert_int_equal(write(opener.go, "x", 1), 1);
    events = serve(opener.pid, false, &status);
    close(opener.go);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    return events;
}

void open_m(void)
{
    must(open("/tmp/m/file", O_RDONLY) < 0 && errno == EPERM);
}
