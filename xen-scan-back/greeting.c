/* SPDX-License-Identifier: GPL-2.0-or-later */
/* greeting.c - see greeting.h. */
#include "greeting.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "ipc.h"
#include "messages.h"

/* Its next message, which is of this kind. */
static int wait_for(int pool, enum pool_answer_kind kind,
                    struct pool_answer *msg_r, int *fd_r)
{
    struct pollfd in = { .fd = pool, .events = POLLIN };
    int rc;

    while ((rc = ipc_recv(pool, msg_r, sizeof(*msg_r), fd_r)) == -EAGAIN)
        if (poll(&in, 1, -1) < 0 && errno != EINTR)
            return -errno;
    if (rc != 1)
        return rc ? rc : -EPIPE;
    return msg_r->kind == kind ? 0 : -EPROTO;
}

int greeting_wait(int pool, struct history_view *history_r,
                  uint64_t *generation_r, engine_set *needed_r)
{
    int table = -1, marks = -1;
    struct pool_answer msg;
    int rc;

    rc = wait_for(pool, POOL_HISTORY, &msg, &table);
    if (!rc)
        rc = wait_for(pool, POOL_MARKS, &msg, &marks);
    if (!rc)
        rc = history_attach(history_r, table, marks);
    if (!rc)
        rc = wait_for(pool, POOL_GENERATION, &msg, NULL);
    if (!rc) {
        *generation_r = msg.verdict.generation;
        *needed_r = (engine_set)msg.id;
    }
    if (table >= 0)
        close(table);
    if (marks >= 0)
        close(marks);
    return rc;
}
