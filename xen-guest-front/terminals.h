/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * terminals.h - a message on the terminals of one user, and who is logged in.
 */
#ifndef VSCAN_TERMINALS_H
#define VSCAN_TERMINALS_H

#include <sys/types.h>
#include <utmpx.h>

/* Of one user, in one message. */
#define TERMINALS_MAX   16

/*
 * Writes @text, which has been escaped, to the terminal @tty (0: none) and to
 * those where utmp has the user @name (NULL: not known) logged in; only to
 * terminals that belong to @uid, each once, and never waiting.  @dev is
 * "/dev".  Returns how many have taken it.
 */
int terminals_write(const char *dev, uid_t uid, const char *name, dev_t tty,
                    const char *text);

/* Of those who are logged in. */
#define TERMINALS_USERS 16

struct terminals_user {
    char name[sizeof(((struct utmpx *)0)->ut_user) + 1];
};

/* Whom utmp has logged in, each once.  Returns how many; further ones are left
 * out. */
int terminals_users(struct terminals_user users_r[TERMINALS_USERS]);

#endif
