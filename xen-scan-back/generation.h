/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * generation.h - a number for engines and their signatures (vscanif.h).
 *
 * It is made of content alone, so that a back that has loaded the same again,
 * after a restart or on another disk, announces the same.
 */
#ifndef VSCAN_GENERATION_H
#define VSCAN_GENERATION_H

#include <stdint.h>

#include "engine.h"

/* What a directory holds: SHA-256 of names, sizes and contents. */
struct generation_files {
    uint8_t digest[32];
};

/*
 * Reads every regular file in @dir, to its end, and those that symbolic links
 * there lead to, as engines do; not those in folders below.  Returns 0 or
 * -errno.
 */
int generation_files(const char *dir, struct generation_files *files_r);

/*
 * The generation of @engines, loaded from @files; never 0.  Returns 0, or
 * -ENOMEM when the digest cannot be made.
 */
int generation_make(const struct engines *engines,
                    const struct generation_files *files,
                    uint64_t *generation_r);

#endif
