/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * keeper.h - a process that keeps open what must not be closed.
 *
 * Overview: when a domain has been restored from an image, or has been migrated,
 * its ports are gone, and the kernel knows them no more.  To unbind one, or to
 * close the handle of /dev/xen/evtchn that it was bound with, is a BUG() of Linux
 * (evtchn_unbind_from_user() in drivers/xen/evtchn.c), in which the process is
 * stuck for good.  So that handle stays open, in a process that has nothing else
 * and that nobody waits for, and all others can end.
 */
#ifndef VSCAN_KEEPER_H
#define VSCAN_KEEPER_H

/* As ps shows it. */
#define KEEPER_NAME     "vscan-restored"

/* Starts one for @fd, which the caller may close then, and may die.  Returns 0 or
 * -errno. */
int keeper_start(int fd);

#endif
