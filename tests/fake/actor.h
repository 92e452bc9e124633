/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * actor.h - a process that opens and changes files as it is told.
 *
 * Overview: whoever listens to accesses must not make any, nor wait for who
 * does; so a test tells an actor what to do, serves its accesses, and reads the
 * result when the actor's socket is readable.  An actor keeps one descriptor
 * and one mapping from act to act.
 */
#ifndef VSCAN_FAKE_ACTOR_H
#define VSCAN_FAKE_ACTOR_H

#include <stdint.h>
#include <sys/types.h>

struct actor {
    pid_t pid;
    int sock;
};

enum act {
    ACT_PUT,            /* writes the file anew: "content" and @value */
    ACT_READ,           /* reads it; the result is its sum */
    ACT_EXEC,           /* executes it */
    ACT_OPEN,           /* opens it with flags @value, keeps the descriptor */
    ACT_WRITE,          /* an octet @value through the kept descriptor */
    ACT_CLOSE,          /* the kept descriptor */
    ACT_OVERWRITE,      /* opens, writes an octet @value, closes */
    ACT_APPEND,         /* the same at the end */
    ACT_TRUNCATE,       /* truncate(2) to @value octets */
    ACT_FTRUNCATE,
    ACT_CUT,            /* open(2) with O_TRUNC, but for reading only */
    ACT_PUNCH,          /* fallocate(2): a hole in its first octets */
    ACT_CHMOD,
    ACT_RENAME_OVER,    /* a new file in its place, as ACT_PUT */
    ACT_RECREATE,       /* unlink(2), then ACT_PUT */
    ACT_TOUCH_BACK,     /* ACT_OVERWRITE, then the old times again */
    ACT_MAP,            /* maps it shared, writable; closes the descriptor */
    ACT_MAP_WRITE,      /* an octet @value through the mapping */
    ACT_UNMAP,
    ACT_LINK,           /* a second name: "-link" behind it */
    ACT_UNLINK,
    ACT_LEASE,          /* opens it for reading, keeps it, with a write lease */
    ACT_END
};

/* Forks one; it inherits all that is open. */
void actor_start(struct actor *actor);
void actor_stop(struct actor *actor);

void actor_tell(const struct actor *actor, enum act act, const char *path,
                int value);

/* Waits for the result: 0 or what is named above, or -errno. */
int64_t actor_result(const struct actor *actor);

/* The sum of what can be read from the beginning of @fd, or -errno. */
int64_t actor_sum(int fd);

#endif
