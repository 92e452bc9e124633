/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * quarantine-cmd.h - the command line of the quarantine.
 */
#ifndef VSCAN_QUARANTINE_CMD_H
#define VSCAN_QUARANTINE_CMD_H

/*
 * xen-guest-front --quarantine COMMAND ...: @argv[1] is --quarantine.  Returns
 * the exit status: 0 done; 1 failed, said on standard error; 2 usage.
 */
int quarantine_main(int argc, char **argv);

/* The same for the store at @store_path; @argv[0] is the command. */
int quarantine_cmd(const char *store_path, int argc, char **argv);

#endif
