/* SPDX-License-Identifier: GPL-2.0-or-later */
/* notify.c - see notify.h. */
#define _GNU_SOURCE
#include "notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "number.h"

void notify_manager(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    size_t len = path ? strlen(path) : 0;
    int sock;

    if (len < 2 || len >= sizeof(to.sun_path) ||
        (path[0] != '/' && path[0] != '@'))
        return;
    memcpy(to.sun_path, path, len);
    if (path[0] == '@')
        to.sun_path[0] = 0;
    sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (sock < 0)
        return;
    /* A manager that does not listen now gets the next one. */
    (void)sendto(sock, state, strlen(state), MSG_NOSIGNAL,
                 (struct sockaddr *)&to,
                 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
    close(sock);
}

int64_t notify_watchdog_ms(void)
{
    const char *text = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    uint64_t usec;
    uint32_t whose;

    if (!text || number_parse(text, 2000, INT64_MAX, &usec))
        return 0;
    if (pid && (number_parse_u32(pid, 1, INT32_MAX, &whose) ||
                (pid_t)whose != getpid()))
        return 0;
    return (int64_t)(usec / 1000);
}
