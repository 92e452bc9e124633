/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * helper.h - another program is run, and does not get out of hand.
 */
#ifndef VSCAN_TOOLSTACK_HELPER_H
#define VSCAN_TOOLSTACK_HELPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lines of its output that are logged, and octets of one; more is left out. */
#define HELPER_MAX_LINES    200
#define HELPER_MAX_LINE     512

#define HELPER_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:" \
                    "/sbin:/bin"

struct helper {
    char *const *argv;          /* the first is its path; no shell is used */
    char *const *envp;          /* all that there is in its environment */
    int64_t limit_ms;           /* then it is killed */
    uint64_t file_size;         /* of a file that it writes; 0: any */
    const char *title;          /* its output is logged with it; NULL: not */
    bool finishes;              /* not killed when this process dies */
    /* Asked once, after @check_ms, where it is not NULL; false: it is killed. */
    bool (*goes_well)(void *arg);
    void *arg;
    int64_t check_ms;
};

/*
 * Runs it, with a session of its own, the root as its directory, no
 * descriptor but /dev/null and its output, and umask 077, and waits for its
 * end; what it leaves running is killed then, as far as it has stayed in that
 * session's first process group.  Returns 0 when it has ended with status 0;
 * or, with a sentence in @why that has the last line of its output, or the first of
 * libxl's errors in it, -EIO when it has failed, -ETIMEDOUT when it was killed;
 * another -errno when it could not be started.  To be called in a process with no
 * other children that it waits for by number.
 */
int helper_run(const struct helper *helper, char *why, size_t why_size);

#endif
