/* SPDX-License-Identifier: GPL-2.0-or-later */
/* actor.c - see actor.h. */
#define _GNU_SOURCE
#include "actor.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAP_SIZE    4096

struct order {
    int act, value;
    char path[64];
};

/* What an actor keeps. */
struct kept {
    int fd;
    char *map;
};

static void must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "actor: %s: %s\n", what, strerror(errno));
        abort();
    }
}

int64_t actor_sum(int fd)
{
    uint64_t sum = UINT64_C(14695981039346656037);
    unsigned char octets[256];
    off_t at = 0;
    ssize_t n;

    while ((n = pread(fd, octets, sizeof(octets), at)) > 0) {
        for (ssize_t i = 0; i < n; i++)
            sum = (sum ^ octets[i]) * UINT64_C(1099511628211);
        at += n;
    }
    return n < 0 ? -errno : (int64_t)(sum >> 1);
}

static int64_t result(bool ok)
{
    return ok ? 0 : -errno;
}

static int64_t put(const char *path, int flags, const void *octets, size_t len)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0755);
    int64_t rc;

    if (fd < 0)
        return -errno;
    rc = result(write(fd, octets, len) == (ssize_t)len);
    close(fd);
    return rc;
}

static int64_t put_text(const char *path, int value)
{
    char text[32];

    snprintf(text, sizeof(text), "content %d", value);
    return put(path, O_CREAT | O_TRUNC, text, strlen(text));
}

static int64_t rename_over(const char *path, int value)
{
    char other[80];
    int64_t rc;

    snprintf(other, sizeof(other), "%s-new", path);
    rc = put_text(other, value);
    return rc ? rc : result(!rename(other, path));
}

static int64_t touch_back(const char *path, int value)
{
    const char octet = (char)value;
    struct timespec times[2];
    struct stat st;
    int64_t rc;

    if (stat(path, &st))
        return -errno;
    rc = put(path, 0, &octet, 1);
    times[0] = st.st_atim;
    times[1] = st.st_mtim;
    return rc ? rc : result(!utimensat(AT_FDCWD, path, times, 0));
}

static int64_t add_name(const char *path)
{
    char other[80];

    snprintf(other, sizeof(other), "%s-link", path);
    return result(!link(path, other));
}

/* Opens it, does one thing with it, closes it. */
static int64_t with_file(const struct order *order, int flags)
{
    int fd = open(order->path, flags | O_CLOEXEC);
    int64_t rc = 0;

    if (fd < 0)
        return -errno;
    if (order->act == ACT_READ)
        rc = actor_sum(fd);
    else if (order->act == ACT_FTRUNCATE)
        rc = result(!ftruncate(fd, order->value));
    else if (order->act == ACT_PUNCH)
        rc = result(!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                               0, order->value));
    close(fd);
    return rc;
}

static int64_t execute(const char *path)
{
    char *argv[] = { NULL }, *env[] = { NULL };
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        execve(path, argv, env);
        _exit(errno);
    }
    waitpid(pid, &status, 0);
    return -WEXITSTATUS(status);
}

static int64_t keep(struct kept *kept, const struct order *order)
{
    kept->fd = open(order->path, order->act == ACT_OPEN ? order->value :
                    order->act == ACT_MAP ? O_RDWR : O_RDONLY);
    if (kept->fd < 0)
        return -errno;
    if (order->act == ACT_LEASE)
        return result(!fcntl(kept->fd, F_SETLEASE, F_WRLCK));
    if (order->act == ACT_OPEN)
        return 0;
    kept->map = mmap(NULL, MAP_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
                     kept->fd, 0);
    close(kept->fd);
    return result(kept->map != MAP_FAILED);
}

static sigjmp_buf beyond_the_end;

static void on_bus_error(int sig)
{
    (void)sig;
    siglongjmp(beyond_the_end, 1);
}

/* The file may have become shorter. */
static int64_t map_write(const struct kept *kept, char octet)
{
    if (sigsetjmp(beyond_the_end, 1))
        return -EFAULT;
    *(volatile char *)kept->map = octet;
    return 0;
}

static int64_t perform(struct kept *kept, const struct order *order)
{
    const char octet = (char)order->value, *path = order->path;

    switch ((enum act)order->act) {
    case ACT_PUT:
        return put_text(path, order->value);
    case ACT_READ:
        return with_file(order, O_RDONLY);
    case ACT_FTRUNCATE:
    case ACT_PUNCH:
        return with_file(order, O_WRONLY);
    case ACT_CUT:
        return with_file(order, O_RDONLY | O_TRUNC);
    case ACT_EXEC:
        return execute(path);
    case ACT_OPEN:
    case ACT_MAP:
    case ACT_LEASE:
        return keep(kept, order);
    case ACT_WRITE:
        return result(pwrite(kept->fd, &octet, 1, 0) == 1);
    case ACT_CLOSE:
        return result(!close(kept->fd));
    case ACT_OVERWRITE:
        return put(path, 0, &octet, 1);
    case ACT_APPEND:
        return put(path, O_APPEND, &octet, 1);
    case ACT_TRUNCATE:
        return result(!truncate(path, order->value));
    case ACT_CHMOD:
        return result(!chmod(path, (mode_t)order->value));
    case ACT_RENAME_OVER:
        return rename_over(path, order->value);
    case ACT_RECREATE:
        return unlink(path) ? -errno : put_text(path, order->value);
    case ACT_TOUCH_BACK:
        return touch_back(path, order->value);
    case ACT_MAP_WRITE:
        return map_write(kept, octet);
    case ACT_UNMAP:
        return result(!munmap(kept->map, MAP_SIZE));
    case ACT_LINK:
        return add_name(path);
    case ACT_UNLINK:
        return result(!unlink(path));
    case ACT_END:
        break;
    }
    return -EINVAL;
}

static void live(int sock)
{
    struct kept kept = { .fd = -1 };
    struct order order;
    int64_t answer;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGIO, SIG_IGN);
    signal(SIGBUS, on_bus_error);
    while (recv(sock, &order, sizeof(order), 0) == (ssize_t)sizeof(order)) {
        answer = perform(&kept, &order);
        must(send(sock, &answer, sizeof(answer), 0) == sizeof(answer), "send");
    }
}

void actor_start(struct actor *actor)
{
    int ends[2];

    must(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends),
         "socketpair");
    fflush(NULL);
    actor->pid = fork();
    must(actor->pid >= 0, "fork");
    if (actor->pid == 0) {
        close(ends[0]);
        live(ends[1]);
        _exit(0);
    }
    close(ends[1]);
    actor->sock = ends[0];
}

void actor_stop(struct actor *actor)
{
    close(actor->sock);
    kill(actor->pid, SIGKILL);
    waitpid(actor->pid, NULL, 0);
}

void actor_tell(const struct actor *actor, enum act act_now, const char *path,
                int value)
{
    struct order order = { .act = (int)act_now, .value = value };

    must(snprintf(order.path, sizeof(order.path), "%s", path) <
         (int)sizeof(order.path), "path");
    must(send(actor->sock, &order, sizeof(order), 0) == sizeof(order), "tell");
}

int64_t actor_result(const struct actor *actor)
{
    int64_t answer;

    must(recv(actor->sock, &answer, sizeof(answer), 0) == sizeof(answer),
         "the actor has ended");
    return answer;
}
