/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ipc.h - messages of one size between processes of one program.
 *
 * A channel is a pair of sequenced-packet sockets; a message is a whole
 * structure and at most one descriptor.  All calls return at once.
 */
#ifndef VSCAN_IPC_H
#define VSCAN_IPC_H

#include <stddef.h>

/* Two ends, close-on-exec and non-blocking.  Returns 0 or -errno. */
int ipc_pair(int ends_r[2]);

/*
 * Sends @size octets and, unless -1, the descriptor @fd, which stays the
 * caller's.  Returns 0; -EAGAIN when the peer does not keep up; -EPIPE when it
 * is gone; another -errno.
 */
int ipc_send(int end, const void *message, size_t size, int fd);

/*
 * The same; waits up to @timeout_ms while the peer does not keep up.  Not for
 * processes that must never wait.
 */
int ipc_send_wait(int end, const void *message, size_t size, int fd,
                  int timeout_ms);

/*
 * Receives a message of exactly @size octets.  Returns 1; 0 when the peer is
 * gone; -EAGAIN when there is none; -EPROTO when it has another size or more
 * descriptors (they are closed); another -errno.  *@fd_r becomes the caller's
 * or, whatever is returned, -1; with @fd_r NULL a message with a descriptor is -EPROTO.
 */
int ipc_recv(int end, void *message_r, size_t size, int *fd_r);

#endif
