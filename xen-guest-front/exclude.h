/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exclude.h - accesses that the policy leaves out.
 *
 * Overview: a path counts only when the mount that it goes through is one of
 * our own mount namespace; a user can give any name to anything in a namespace
 * of his own (user_namespaces(7)).  exclude-fs is not decided here: such
 * filesystems are not marked (mounts.h).
 *
 * exclude-path    glob.h says what matches
 * exclude-exe     the path of the program, also believed only on a mount of
 *                 ours.  Whoever may execute a program can have it do what he
 *                 likes (facts_exe()), so it applies only to processes of root,
 *                 and to programs that "others" may not execute
 * exclude-uid     the filesystem uid, as our user namespace sees it
 */
#ifndef VSCAN_EXCLUDE_H
#define VSCAN_EXCLUDE_H

#include <stdbool.h>
#include <sys/types.h>

#include "mounts.h"
#include "policy.h"

/* Has the policy any exclusion that exclude_matches() would look at? */
bool exclude_any(const struct policy *policy);

/*
 * Does one apply to the access of @pid, which is held meanwhile, to the file
 * @fd?  About @coverage see coverage_own_mount().
 */
bool exclude_matches(const struct policy *policy,
                     const struct coverage *coverage, pid_t pid, int fd);

#endif
