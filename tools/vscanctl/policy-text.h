/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy-text.h - a policy as the administrator types it.
 */
#ifndef VSCANCTL_POLICY_TEXT_H
#define VSCANCTL_POLICY_TEXT_H

#include "policy-texts.h"

/*
 * Makes a policy from @nr words: all KEY=VALUE, or one that is the name of a
 * policy in the folder @dir (policy-file.h); none is "default".  Returns 0, or
 * -EINVAL and has said why.
 */
int policy_text(const char *dir, char *const words[], int nr,
                struct policy_texts *texts_r);

#endif
