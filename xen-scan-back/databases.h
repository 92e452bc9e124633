/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * databases.h - directories of signatures, and a loader when one changes.
 *
 * Overview: owned by the parent.  It watches the directory of each engine and
 * starts a process (proc-loader.h) that loads what it holds, when there is
 * none, when one has failed, and when the directory has changed and been at
 * rest for a while; the pool then decides.  It never looks into a file.
 */
#ifndef VSCAN_DATABASES_H
#define VSCAN_DATABASES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "proc-pool.h"

/* How long a directory must not have changed before it is loaded. */
#define DATABASES_SETTLE_MS    1000
/* Loaders of one engine: of what is in use, and of what is to follow. */
#define DATABASES_MAX_LOADERS  2

struct databases {
    const struct pool_config *config;
    int inotify;
    struct {
        int watch;                  /* -1: the directory is not there */
        int64_t due_ms;             /* when to load it; -1: as it is */
        pid_t loader[DATABASES_MAX_LOADERS];   /* 0: none */
    } engine[ENGINE_MAX];
};

/* All are due.  Returns 0 or -errno. */
int databases_open(struct databases *s, const struct pool_config *config);

/* Readable when a directory has changed; then: */
int databases_fd(const struct databases *s);
void databases_on_change(struct databases *s);

/* All that are not what is loaded are to be loaded, whether seen to change or
 * not. */
void databases_reload(struct databases *s);

/*
 * Starts a loader for each engine that is due and gives the pool at @control
 * its socket.  Returns when to be called again, or -1.
 */
int64_t databases_start(struct databases *s, int control);

/* A child has ended: returns whether it was a loader. */
bool databases_on_exit(struct databases *s, pid_t pid, int status);

#endif
