/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * action-program.h - a program of the administrator's is run in dom0 when
 * something has happened in a guest.
 *
 * It runs as root, and gets what has happened in its environment, by variables
 * that begin with "VSCAN_".  The guest has written some of them: any octet but
 * NUL may be in one.  A shell script has to quote each use of them,
 * "$VSCAN_PATH", and must not hand them to eval or to another shell.
 */
#ifndef VSCAN_TOOLSTACK_ACTION_PROGRAM_H
#define VSCAN_TOOLSTACK_ACTION_PROGRAM_H

#include <stddef.h>

#include "action-places.h"

/* Facts of one run. */
#define ACTION_MAX_FACTS    64

struct action_fact {
    const char *name;           /* "VSCAN_..." */
    const char *value;
};

/*
 * Runs @name of @places->programs_dir, which has to be a regular file that can
 * be executed; it and the folder root's, and not writable by others.  Its
 * output is logged.  Returns 0; or -errno and a sentence in @why: -EPERM when
 * it is none that may be run, -E2BIG when there are more facts, or as
 * helper_run().
 */
int action_program_run(const struct action_places *places, const char *name,
                       const struct action_fact *facts, size_t nr, char *why,
                       size_t why_size);

#endif
