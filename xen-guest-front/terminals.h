/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * terminals.h - a message on the terminals of one user.
 */
#ifndef VSCAN_TERMINALS_H
#define VSCAN_TERMINALS_H

#include <sys/types.h>

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

#endif
