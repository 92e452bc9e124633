/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memtext.h - a text that travels from process to process as the descriptor of
 * a piece of memory, beside a message of fixed size (ipc.h).
 */
#ifndef VSCAN_MEMTEXT_H
#define VSCAN_MEMTEXT_H

#include <stddef.h>

/* Returns a descriptor of @text, the caller's, close-on-exec; or -errno. */
int memtext_make(const char *text);

/*
 * Reads the text of @fd, which stays the caller's; what does not fit into
 * @size octets, the closing NUL included, is left out.  Returns 0; or -errno
 * (-EBADF, too, for -1), and *@out is empty.
 */
int memtext_read(int fd, char *out, size_t size);

#endif
