/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sandbox-seccomp.h - which system calls a role may make.
 *
 * Any other call, and any by another way than x86-64's own (int $0x80, x32),
 * kills the process with SIGSYS; the kernel's log names the number of the
 * call.
 */
#ifndef VSCAN_SANDBOX_SECCOMP_H
#define VSCAN_SANDBOX_SECCOMP_H

#include "sandbox.h"

/*
 * Loads the filter of @role for good, for this process and its children, who
 * can only add to it.  Needs no_new_privs.  Returns 0 or -errno.
 */
int sandbox_seccomp(enum sandbox_role role);

#endif
