/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * generation.h - a number for engines and their signatures (vscanif.h).
 *
 * It is made of content alone, so that a back that has loaded the same again,
 * after a restart or on another disk, announces the same.
 */
#ifndef VSCAN_GENERATION_H
#define VSCAN_GENERATION_H

#include <stddef.h>
#include <stdint.h>

#include "digest.h"
#include "scan-limits.h"

/* What a directory holds: SHA-256 of names, sizes and contents. */
struct generation_files {
    uint8_t digest[DIGEST_OCTETS];
};

/*
 * Reads every regular file in @dir, to its end, and those that symbolic links
 * there lead to, as engines do; not those in folders below.  Returns 0 or
 * -errno.
 */
int generation_files(const char *dir, struct generation_files *files_r);

/* What one engine adds to a generation; octets that have no meaning are 0. */
struct generation_part {
    struct generation_files files;
    char name[16];              /* of the engine */
    char version[200];          /* of engine and signatures, as it says */
    uint64_t limits[LIMITS_NR]; /* of what it looks at, scan-limits.h */
    uint64_t alerts;
};

/*
 * The generation of engines that have loaded these @nr parts, in this order;
 * never 0.  Returns 0, or -ENOMEM when the digest cannot be made.
 */
int generation_make(const struct generation_part *const *parts,
                    unsigned int nr, uint64_t *generation_r);

#endif
