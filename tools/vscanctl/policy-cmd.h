/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy-cmd.h - vscanctl policy, with the folder in which the policies are.
 */
#ifndef VSCANCTL_POLICY_CMD_H
#define VSCANCTL_POLICY_CMD_H

/* As policy_main() of command.h, which has the policies of POLICY_DIR. */
int policy_command(const char *dir, int argc, char **argv);

#endif
