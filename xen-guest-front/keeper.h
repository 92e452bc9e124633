/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * keeper.h - a process that keeps open what must not be closed.
 *
 * Overview: when a domain has been restored from an image, or has been migrated,
 * its ports are gone, and the kernel knows them no more.  To unbind one, or to
 * close the handle of /dev/xen/evtchn that it was bound with, is a BUG() of Linux
 * (evtchn_unbind_from_user() in drivers/xen/evtchn.c), in which the process is
 * stuck for good; and to unmap the page whose end is signalled through such a port
 * is a WARNING.  So the handle stays open, and the page mapped, in a process that
 * does nothing else and that nobody waits for: all others can end.
 */
#ifndef VSCAN_KEEPER_H
#define VSCAN_KEEPER_H

#include <sys/types.h>

/* As ps shows it. */
#define KEEPER_NAME     "vscan-restored"
/* No user's: nobody is to end it, and who looks for the front by program and user
 * does not find it (xen-guest-front.init). */
#define KEEPER_UID      ((uid_t)-3)

/* Starts one for @fd and what this process has mapped (but see
 * proc_not_inherited()): it may close and unmap that then, and die.  Returns 0 or
 * -errno. */
int keeper_start(int fd);

#endif
