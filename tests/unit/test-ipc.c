/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-ipc.c - messages, descriptors, and peers that keep to no size. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ipc.h"

struct message {
    uint32_t number;
    char text[60];
};

static struct {
    int ends[2];
    int open;       /* descriptors before the test */
} pair;

static int count_open(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int count = 0;

    assert_non_null(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

static int pair_init(void **state)
{
    (void)state;
    pair.open = count_open();
    return ipc_pair(pair.ends);
}

/* No test may leave a descriptor behind. */
static int pair_dispose(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++)
        if (pair.ends[i] >= 0)
            close(pair.ends[i]);
    return count_open() == pair.open ? 0 : -1;
}

static void flags(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_true(fcntl(pair.ends[i], F_GETFD) & FD_CLOEXEC);
        assert_true(fcntl(pair.ends[i], F_GETFL) & O_NONBLOCK);
    }
}

static void both_ways(void **state)
{
    struct message sent = { .text = "hello" }, got;
    int fd = 0;

    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        sent.number = i;
        assert_int_equal(ipc_send(pair.ends[i & 1], &sent, sizeof(sent), -1),
                         0);
        assert_int_equal(ipc_recv(pair.ends[~i & 1], &got, sizeof(got), &fd),
                         1);
        assert_memory_equal(&got, &sent, sizeof(got));
        assert_int_equal(fd, -1);
    }
    assert_int_equal(ipc_recv(pair.ends[0], &got, sizeof(got), &fd), -EAGAIN);
    assert_int_equal(ipc_recv(pair.ends[1], &got, sizeof(got), NULL), -EAGAIN);
}

static void keeps_order(void **state)
{
    struct message message = { .number = 0 };

    (void)state;
    for (message.number = 0; message.number < 8; message.number++)
        assert_int_equal(ipc_send(pair.ends[0], &message, sizeof(message), -1),
                         0);
    for (uint32_t i = 0; i < 8; i++) {
        assert_int_equal(ipc_recv(pair.ends[1], &message, sizeof(message),
                                  NULL), 1);
        assert_int_equal(message.number, i);
    }
}

static void passes_descriptor(void **state)
{
    struct message message = { .number = 1 };
    int sent = memfd_create("test", MFD_CLOEXEC), got = -1;
    char text[4] = "";

    (void)state;
    assert_true(sent >= 0);
    assert_int_equal(pwrite(sent, "abc", 3, 0), 3);
    assert_int_equal(ipc_send(pair.ends[0], &message, sizeof(message), sent),
                     0);
    /* It stays the sender's. */
    assert_int_equal(pread(sent, text, 3, 0), 3);
    close(sent);
    assert_int_equal(ipc_recv(pair.ends[1], &message, sizeof(message), &got),
                     1);
    assert_true(got >= 0);
    assert_true(fcntl(got, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(pread(got, text, 3, 0), 3);
    assert_string_equal(text, "abc");
    close(got);
}

static void bad_descriptor(void **state)
{
    struct message message = { .number = 1 };

    (void)state;
    assert_int_equal(ipc_send(pair.ends[0], &message, sizeof(message), 99999),
                     -EBADF);
}

/* Sends a message of any size with any number of descriptors. */
static void send_raw(const void *data, size_t size, unsigned int nr_fds)
{
    struct iovec iov = { (void *)(uintptr_t)data, size };
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(8 * sizeof(int))];
    } control;
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

    memset(&control, 0, sizeof(control));
    if (nr_fds) {
        struct cmsghdr *c;

        msg.msg_control = control.space;
        msg.msg_controllen = CMSG_SPACE(nr_fds * sizeof(int));
        c = CMSG_FIRSTHDR(&msg);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(nr_fds * sizeof(int));
        for (unsigned int i = 0; i < nr_fds; i++)
            memcpy(CMSG_DATA(c) + i * sizeof(int), &(int){ STDERR_FILENO },
                   sizeof(int));
    }
    assert_true(sendmsg(pair.ends[0], &msg, 0) == (ssize_t)size);
}

static void refuse(size_t size, unsigned int nr_fds, int take_fd)
{
    static const char data[4096];
    struct message got;
    int fd = -1, before = count_open();

    send_raw(data, size, nr_fds);
    assert_int_equal(ipc_recv(pair.ends[1], &got, sizeof(got),
                              take_fd ? &fd : NULL), -EPROTO);
    assert_int_equal(fd, -1);
    assert_int_equal(count_open(), before);
}

static void wrong_size(void **state)
{
    static const size_t sizes[] = { 1, sizeof(struct message) - 1,
                                    sizeof(struct message) + 1, 4096 };

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        refuse(sizes[i], 0, 1);
        refuse(sizes[i], 1, 1);
        refuse(sizes[i], 1, 0);
    }
}

static void too_many_descriptors(void **state)
{
    (void)state;
    for (unsigned int nr_fds = 2; nr_fds <= 8; nr_fds++) {
        refuse(sizeof(struct message), nr_fds, 1);
        refuse(sizeof(struct message), nr_fds, 0);
    }
    refuse(sizeof(struct message), 1, 0);
}

/* What comes after a bad message is not lost. */
static void goes_on(void **state)
{
    struct message message = { .number = 42 };

    (void)state;
    refuse(3, 2, 1);
    assert_int_equal(ipc_send(pair.ends[0], &message, sizeof(message), -1), 0);
    message.number = 0;
    assert_int_equal(ipc_recv(pair.ends[1], &message, sizeof(message), NULL),
                     1);
    assert_int_equal(message.number, 42);
}

static void full(void **state)
{
    struct message message = { .number = 0 };
    uint32_t sent = 0;
    int rc;

    (void)state;
    while (!(rc = ipc_send(pair.ends[0], &message, sizeof(message), -1))) {
        message.number++;
        assert_true(++sent < 1000000);
    }
    assert_int_equal(rc, -EAGAIN);
    for (uint32_t i = 0; i < sent; i++) {
        assert_int_equal(ipc_recv(pair.ends[1], &message, sizeof(message),
                                  NULL), 1);
        assert_int_equal(message.number, i);
    }
    assert_int_equal(ipc_send(pair.ends[0], &message, sizeof(message), -1), 0);
}

/* Waits until there is room, but not for ever. */
static void waits_for_room(void **state)
{
    struct message message = { .number = 0 };
    int status;
    pid_t pid;

    (void)state;
    while (!ipc_send(pair.ends[0], &message, sizeof(message), -1))
        ;
    assert_int_equal(ipc_send_wait(pair.ends[0], &message, sizeof(message), -1,
                                   1), -EAGAIN);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        /* The kernel calls a socket writable when most of it is free. */
        while (ipc_recv(pair.ends[1], &message, sizeof(message), NULL) == 1)
            ;
        _exit(0);
    }
    assert_int_equal(ipc_send_wait(pair.ends[0], &message, sizeof(message), -1,
                                   30000), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void peer_gone(void **state)
{
    struct message message = { .number = 7 };

    (void)state;
    assert_int_equal(ipc_send(pair.ends[0], &message, sizeof(message), -1), 0);
    close(pair.ends[0]);
    pair.ends[0] = -1;
    /* Its last words still arrive. */
    assert_int_equal(ipc_recv(pair.ends[1], &message, sizeof(message), NULL),
                     1);
    assert_int_equal(ipc_recv(pair.ends[1], &message, sizeof(message), NULL),
                     0);
    /* No SIGPIPE. */
    assert_int_equal(ipc_send(pair.ends[1], &message, sizeof(message), -1),
                     -EPIPE);
}

/* A peer that dies with something unread in its own queue. */
static void peer_gone_with_mail(void **state)
{
    struct message message = { .number = 7 };

    (void)state;
    assert_int_equal(ipc_send(pair.ends[1], &message, sizeof(message), -1), 0);
    close(pair.ends[0]);
    pair.ends[0] = -1;
    assert_int_equal(ipc_recv(pair.ends[1], &message, sizeof(message), NULL),
                     0);
    assert_int_equal(ipc_send(pair.ends[1], &message, sizeof(message), -1),
                     -EPIPE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, pair_init, \
                                                   pair_dispose)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(flags), TEST(both_ways), TEST(keeps_order),
        TEST(passes_descriptor), TEST(bad_descriptor), TEST(wrong_size),
        TEST(too_many_descriptors), TEST(goes_on), TEST(full),
        TEST(waits_for_room),
        TEST(peer_gone), TEST(peer_gone_with_mail),
    };

    return cmocka_run_group_tests_name("ipc", tests, NULL, NULL);
}
