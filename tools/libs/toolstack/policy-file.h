/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy-file.h - policies that have a name: vscan-policy(5).
 *
 * A file of this name in the folder: lines KEY=VALUE, of the policy node
 * (vscanif.h, "Policy nodes") or of the toolstack's own (response.h), empty
 * ones, and comments that begin with "#".
 */
#ifndef VSCAN_TOOLSTACK_POLICY_FILE_H
#define VSCAN_TOOLSTACK_POLICY_FILE_H

#include <stddef.h>

#include "policy-texts.h"

#define POLICY_DIR          "/etc/xen/vscan/policy.d"

/* The one of guests for which none is named; without a file it has no lines. */
#define POLICY_DEFAULT      "default"

/*
 * Reads the policy @name in @dir.  Returns 0; or -errno with a sentence in
 * @why, which names the file and, where one is to blame, the line: -EINVAL when
 * the name or the file is malformed, -ENOENT when there is no such file.
 */
int policy_file_read(const char *dir, const char *name,
                     struct policy_texts *texts_r, char *why, size_t why_size);

/* The same for a file anywhere; what it says has no name. */
int policy_file_read_path(const char *path, struct policy_texts *texts_r,
                          char *why, size_t why_size);

#endif
