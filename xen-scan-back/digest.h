/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * digest.h - SHA-256, of octets in memory and of files.
 *
 * Every call that returns int returns 0, or -ENOMEM when libcrypto cannot.
 */
#ifndef VSCAN_DIGEST_H
#define VSCAN_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define DIGEST_OCTETS   32

struct evp_md_ctx_st;

/*
 * For one digest after the other: what libcrypto needs is found at the first
 * start and kept, which is worth a tenth of the digest of 4 KiB.
 */
struct digest {
    struct evp_md_ctx_st *ctx;      /* NULL: never started */
};

#define DIGEST_INIT     { NULL }

/* Forgets what was added before; always the first call. */
int digest_start(struct digest *digest);
int digest_add(struct digest *digest, const void *octets, size_t size);

/* Of all that was added since the start.  The next call is a start. */
int digest_end(struct digest *digest, uint8_t digest_r[DIGEST_OCTETS]);

/* As often as one likes; may be started again. */
void digest_dispose(struct digest *digest);

int digest_of(const void *octets, size_t size,
              uint8_t digest_r[DIGEST_OCTETS]);

/*
 * Of the file @fd, from its first octet to its end, wherever its offset is:
 * that is shared with everybody who has been sent the descriptor, and is
 * neither used nor moved.  *@size_r is how many octets there were.  Returns 0
 * or another -errno, -ESPIPE for what is no file.
 */
int digest_file(int fd, uint64_t *size_r, uint8_t digest_r[DIGEST_OCTETS]);

#endif
