/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * places.h - the mount namespaces that processes are in, but our own.
 *
 * Overview: walks /proc, threads too, since each may have a namespace of its
 * own.  A process sees the mounts below its root directory only, so a place is
 * a namespace as seen from one root directory.
 */
#ifndef VSCAN_PLACES_H
#define VSCAN_PLACES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What is more is left out: root directories of one namespace, all places,
 * threads looked at. */
#define PLACES_MAX_ROOTS    16
#define PLACES_MAX          1024
#define PLACES_MAX_THREADS  262144

struct place {
    pid_t pid;          /* a thread that is there; 0: ourselves */
    bool trusted;       /* who may mount there is privileged here, too: the
                         * namespace belongs to our user namespace */
    int root;           /* O_PATH */
    int mountinfo;      /* readable */
};

/*
 * Calls @visit once for each place, the trusted ones first, so that no user
 * can use up the bounds before them.  The descriptors are its caller's and
 * open until @visit returns.  Threads that vanish are passed over.  Returns
 * how many threads were left out because a bound was reached (in a place that
 * has been visited or not), or -errno when /proc cannot be read.
 */
int places_visit(void (*visit)(void *data, const struct place *place),
                 void *data);

#endif
