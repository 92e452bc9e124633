/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * places.h - the mount namespaces that processes are in, but our own.
 *
 * Overview: walks /proc, threads too, since each may have a namespace of its
 * own.  /proc/PID/{root,mountinfo} show only what is below the process's root
 * directory, which may be an empty one in a filesystem that is then not shown
 * at all; so each namespace is entered for a moment, to see it from its top.
 */
#ifndef VSCAN_PLACES_H
#define VSCAN_PLACES_H

#include <stdbool.h>
#include <sys/types.h>

/* What is more is left out: namespaces, threads looked at. */
#define PLACES_MAX          1024
#define PLACES_MAX_THREADS  262144

struct place {
    pid_t pid;          /* a thread that is there; 0: ourselves */
    bool trusted;       /* who may mount there is privileged here, too: the
                         * namespace belongs to our user namespace */
    int root;           /* its topmost directory, O_PATH */
    int mountinfo;      /* of all of it, readable */
};

/*
 * Calls @visit once for each namespace, the trusted ones first, so that no
 * user can use up PLACES_MAX before them.  The descriptors are its caller's
 * and open until @visit returns.  Threads that vanish are passed over.
 * Returns how many threads were left out because a bound was reached or their
 * namespace could not be entered, all those beyond PLACES_MAX_THREADS counted
 * as two; or -errno when /proc cannot be read, or there is no way back.  For a
 * process without other threads, which is in "/" afterwards.
 */
int places_visit(void (*visit)(void *data, const struct place *place),
                 void *data);

#endif
