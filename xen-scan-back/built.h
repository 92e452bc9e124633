/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * built.h - when the signatures in a directory were made.
 */
#ifndef VSCAN_BUILT_H
#define VSCAN_BUILT_H

#include <stdint.h>

/* When the signatures in the file @path were made, as it says itself, in
 * seconds since 1970; 0 when it does not say. */
typedef uint64_t built_in(const char *path);

/*
 * The time of the newest file in @dir that tells its own; when there is none,
 * of the regular file that was changed last.  Seconds since 1970, 0 when
 * nothing is known.  @in NULL: no file tells.
 */
uint64_t built_newest(const char *dir, built_in *in);

#endif
