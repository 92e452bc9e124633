/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * perform.h - actions on a VM are performed, and undone.
 *
 * All of this waits until what it does is done; each part has a limit in time
 * (action-places.h; libxl has its own).  A daemon calls it in a child process,
 * with a machine_init() of that child's: a context of libxl is not to be used
 * on both sides of a fork.
 */
#ifndef VSCAN_TOOLSTACK_PERFORM_H
#define VSCAN_TOOLSTACK_PERFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "action-places.h"
#include "action-program.h"
#include "actions.h"
#include "domain.h"

/* Octets of what is told of one action, the closing NUL included. */
#define PERFORM_TEXT_SIZE 1024

/* Facts that a caller may give. */
#define PERFORM_MAX_FACTS (ACTION_MAX_FACTS - 3)

/* Why it is done. */
struct perform_cause {
    const char *text;           /* for ACTION_NOTIFY; any octets; no NULL */
    /* For ACTION_RUN, which has VSCAN_DOMID, VSCAN_DOMAIN and VSCAN_UUID
     * anyway. */
    const struct action_fact *facts;
    size_t nr_facts;
    bool by_policy;             /* or: by hand */
    /* acted_releases() when it was wanted; NULL: now. */
    const uint32_t *releases;
};

/* One action has ended: @rc is 0, and @text is a path or "" or a few words; or
 * @rc is -errno, and @text a sentence.  It is printable. */
typedef void perform_done(void *arg, enum action action, int rc,
                          const char *text);

/*
 * Performs all that @actions says, in the order of enum action, on a guest.
 * One that fails does not keep the later ones from being done; what is left when
 * the guest is released fails with -ECANCELED, and so does what is undone by that.
 * Returns 0; or the first -errno; -EINVAL, and nothing is done, for Domain-0.
 */
int perform(const struct machine *m, const struct action_places *places,
            uint32_t domid, const struct actions *actions,
            const struct perform_cause *cause, perform_done *done, void *arg);

/*
 * Undoes ACTION_NET_DISCONNECT and ACTION_PAUSE, also those of a perform() that is
 * still at work: *@nics_r interfaces were
 * plugged in, and *@unpaused_r tells whether the guest was let go on.  Returns
 * 0, also when there was nothing to undo; or the first -errno with a sentence in
 * @why, after all that could be undone was.
 */
int perform_release(const struct machine *m, uint32_t domid,
                    unsigned int *nics_r, bool *unpaused_r, char *why,
                    size_t why_size);

#endif
