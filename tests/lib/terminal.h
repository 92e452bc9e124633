/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * terminal.h - a pseudo terminal in a room (room.h), which shows what is
 * written to it as it is.
 */
#ifndef VSCAN_TESTS_TERMINAL_H
#define VSCAN_TESTS_TERMINAL_H

#include <sys/types.h>

struct terminal {
    int master, slave;
    char name[32];
    dev_t device;
};

void terminal_open(struct terminal *t, uid_t owner);
void terminal_close(struct terminal *t);

#endif
