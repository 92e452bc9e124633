/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy-text.h - a policy as the administrator types it.
 */
#ifndef VSCANCTL_POLICY_TEXT_H
#define VSCANCTL_POLICY_TEXT_H

#include "vscanif.h"

/*
 * Makes the text of the policy node from @nr words: all KEY=VALUE, or one that is
 * the name of a policy (policy-file.h); none is "default".  Returns 0, or -EINVAL
 * and has said why.
 */
int policy_text(char *const words[], int nr,
                char text_r[VSCANIF_MAX_NODE + 1]);

#endif
