/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * world.h - a mount namespace that holds one tmpfs and nothing else, and a
 * pid namespace with no process but the test's.
 *
 * Overview: fanotify marks of whole filesystems must never reach those of the
 * machine that the tests run on.  world_run() forks; in the child the root is
 * a new tmpfs, with a proc in it, and no other mount is left; that proc shows
 * no process of the machine, through whose /proc/PID/root its filesystems could
 * be reached.  Both are checked before anything runs there.
 */
#ifndef VSCAN_FAKE_WORLD_H
#define VSCAN_FAKE_WORLD_H

#include <stdbool.h>

/*
 * Runs @body in such a world and returns what it returns; in this process,
 * without one, when there can be none because we are not root.
 */
int world_run(int (*body)(void));

/* Is this process in one? */
bool world_is_here(void);

#endif
