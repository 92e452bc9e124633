/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * snapshot.h - a private, immutable copy of a file's content.
 *
 * What the link hashes and what an engine scans is the same snapshot: nobody,
 * not even its maker, can change it (DESIGN, "Hashed bytes are scanned
 * bytes").
 */
#ifndef VSCAN_SNAPSHOT_H
#define VSCAN_SNAPSHOT_H

#include <stdint.h>

/* Octets of the largest snapshot: libclamav cannot scan more. */
#define SNAPSHOT_MAX            ((uint64_t)INT32_MAX - 2)

/*
 * Copies @size octets at @pages, which others may be writing to meanwhile,
 * each octet once.  Returns 0 with *@fd_r the caller's; -EINVAL for no octets;
 * -EFBIG for more than SNAPSHOT_MAX; -EFAULT when a page cannot be read;
 * another -errno.  On failure nothing is left open and *@fd_r is -1.
 */
int snapshot_make(const void *pages, uint64_t size, int *fd_r);

/*
 * The same, bit by bit: snapshot_begin() makes one of @size octets, all 0;
 * snapshot_add() writes to it, within that size; snapshot_end() seals it.  They
 * return as snapshot_make(), but that the descriptor is the caller's between
 * them, whatever becomes of it.
 */
int snapshot_begin(uint64_t size, int *fd_r);
int snapshot_add(int fd, uint64_t at, const void *pages, uint64_t size);
int snapshot_end(int fd, uint64_t size);

/*
 * Maps one, read-only; holes take no memory, however often they are read.
 * Returns NULL when that fails, and when it has another size.
 */
void *snapshot_map(int fd, uint64_t size);

/*
 * Whether @fd, which came from another process, is a snapshot of exactly
 * @size octets that nobody can change any more.  Returns 0; -EINVAL for any
 * other kind of file or size; -EPERM when a seal is missing; -EFBIG.
 */
int snapshot_check(int fd, uint64_t size);

#endif
