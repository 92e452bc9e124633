/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ipc.c - see ipc.h. */
#define _GNU_SOURCE
#include "ipc.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* Room for one more descriptor than we take, to see that there were more. */
union control {
    struct cmsghdr align;
    char space[CMSG_SPACE(2 * sizeof(int))];
};

int ipc_pair(int ends_r[2])
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
                   ends_r))
        return -errno;
    return 0;
}

int ipc_send(int end, const void *message, size_t size, int fd)
{
    struct iovec iov = { (void *)(size_t)message, size };
    union control control;
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
    ssize_t r;

    if (fd >= 0) {
        struct cmsghdr *c;

        memset(&control, 0, sizeof(control));
        msg.msg_control = control.space;
        msg.msg_controllen = CMSG_SPACE(sizeof(int));
        c = CMSG_FIRSTHDR(&msg);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(c), &fd, sizeof(fd));
    }
    do {
        r = sendmsg(end, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (r < 0 && errno == EINTR);
    if (r < 0)
        return errno == ECONNRESET ? -EPIPE : -errno;
    return 0;
}

int ipc_send_wait(int end, const void *message, size_t size, int fd,
                  int timeout_ms)
{
    struct pollfd room = { .fd = end, .events = POLLOUT };
    int rc;

    while ((rc = ipc_send(end, message, size, fd)) == -EAGAIN &&
           poll(&room, 1, timeout_ms) > 0)
        ;
    return rc;
}

/* Closes all descriptors of @msg but the first.  Returns their number. */
static int take_fds(struct msghdr *msg, int *first_r)
{
    int count = 0;

    *first_r = -1;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        size_t n;

        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < n; i++) {
            int fd;

            memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
            if (count++ == 0)
                *first_r = fd;
            else
                close(fd);
        }
    }
    return count;
}

int ipc_recv(int end, void *message_r, size_t size, int *fd_r)
{
    struct iovec iov = { message_r, size };
    union control control;
    struct msghdr msg = {
        .msg_iov = &iov, .msg_iovlen = 1,
        .msg_control = control.space, .msg_controllen = sizeof(control.space),
    };
    int fd, count;
    ssize_t r;

    if (fd_r)
        *fd_r = -1;
    do {
        r = recvmsg(end, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    } while (r < 0 && errno == EINTR);
    if (r < 0)
        return errno == ECONNRESET ? 0 : -errno;
    count = take_fds(&msg, &fd);
    if (r == 0 && count == 0)
        return 0;
    if ((size_t)r != size || count > 1 || (count == 1 && !fd_r) ||
        msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
        if (fd >= 0)
            close(fd);
        return -EPROTO;
    }
    if (fd_r)
        *fd_r = fd;
    return 1;
}
