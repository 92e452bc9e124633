/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy-load.h - a policy's file is given to the guests that follow it.
 */
#ifndef VSCANCTL_POLICY_LOAD_H
#define VSCANCTL_POLICY_LOAD_H

#include <stdbool.h>

/*
 * Publishes the policy @name of the folder @dir to all guests that follow it,
 * or with @name NULL each one that a guest follows; says which on standard
 * output, with @json as an object.
 * A policy that is malformed changes nothing for its guests.  Returns 0; or
 * -errno when any could not be published, and has said why.
 */
int policy_load(const char *dir, const char *name, bool json);

#endif
