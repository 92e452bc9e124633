/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy-edit.h - a policy's file is changed in an editor.
 *
 * Overview: the editor gets a copy beside the file, ".NAME.XXXXXX", which takes
 * the file's place when it is a good policy: there is never another one, or
 * half of one, under the name.  When it is not, the copy stays where it is.
 */
#ifndef VSCANCTL_POLICY_EDIT_H
#define VSCANCTL_POLICY_EDIT_H

/*
 * Has the policy @name of the folder @dir edited, by $VISUAL, $EDITOR or vi;
 * when it is malformed then, says why, and asks on a terminal whether to go on.
 * Returns 1 when there is a new file; 0 when nothing was changed; or -errno,
 * and has said why, and where the copy is.
 */
int policy_edit(const char *dir, const char *name);

#endif
