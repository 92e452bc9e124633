/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy-file.h - policies that have a name: vscan-policy(5).
 *
 * A file of this name in the folder: lines KEY=VALUE as in the policy node
 * (vscanif.h, "Policy nodes"), empty ones, and comments that begin with "#".
 */
#ifndef VSCAN_TOOLSTACK_POLICY_FILE_H
#define VSCAN_TOOLSTACK_POLICY_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "vscanif.h"

#define POLICY_DIR          "/etc/xen/vscan/policy.d"

/* The one of guests for which none is named; without a file it has no lines. */
#define POLICY_DEFAULT      "default"

/* Octets of a name: letters, digits, "-", "_" and ".", which is not the first. */
#define POLICY_NAME_MAX     64

bool policy_name_is_one(const char *name);

/*
 * Makes the text of the policy node from the policy @name in @dir.  Returns 0;
 * or -errno with a sentence in @why, which names the file and, where one is to
 * blame, the line: -EINVAL when the name or the file is malformed, -ENOENT when
 * there is no such file.
 */
int policy_file_read(const char *dir, const char *name,
                     char text_r[VSCANIF_MAX_NODE + 1], char *why,
                     size_t why_size);

#endif
