/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * command.h - what vscanctl can be told to do.
 *
 * A command gets the program's name and its own arguments, says on standard
 * error what failed, and returns one of the exit statuses.
 */
#ifndef VSCANCTL_COMMAND_H
#define VSCANCTL_COMMAND_H

enum status {
    STATUS_DONE = 0,
    STATUS_FAILED = 1,
    STATUS_USAGE = 2,
    STATUS_ALARM = 3,   /* done; and something is not as it is to be */
};

int act_main(int argc, char **argv);
int attach_main(int argc, char **argv);
int detach_main(int argc, char **argv);
int guest_selftest_main(int argc, char **argv);
int incidents_main(int argc, char **argv);
int list_main(int argc, char **argv);
int move_main(int argc, char **argv);
int outbreak_main(int argc, char **argv);
int policy_main(int argc, char **argv);
int quarantine_list_main(int argc, char **argv);
int release_main(int argc, char **argv);
int reload_main(int argc, char **argv);
int show_main(int argc, char **argv);
int stats_main(int argc, char **argv);
int status_main(int argc, char **argv);
int top_main(int argc, char **argv);

#endif
