/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy.h - the text of the policy node (vscanif.h, "Policy nodes").
 */
#ifndef VSCAN_POLICY_H
#define VSCAN_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "verdict.h"
#include "vscanif.h"

/* Whether the front acts on what is found (enforce), lets everything go on and
 * only counts (monitor), or leaves accesses alone (off). */
enum policy_mode { MODE_ENFORCE, MODE_MONITOR, MODE_OFF };

/* What happens to an infected file beside that its access is denied. */
enum policy_remedy { REMEDY_DENY, REMEDY_QUARANTINE, REMEDY_DELETE };

/* What of a file's content is scanned (the back alone goes by it). */
enum policy_scan { SCAN_SNAPSHOT, SCAN_IN_PLACE };

/* How content reaches the back. */
enum policy_transport {
    TRANSPORT_AUTO, TRANSPORT_POOL, TRANSPORT_STREAM, TRANSPORT_PAGES,
    TRANSPORT_PER_REQUEST
};

/* Keys whose values are lists of words. */
enum policy_list {
    POLICY_EXCLUDE_PATH,    /* prefix (ends with "/"), glob or path */
    POLICY_EXCLUDE_FS,      /* filesystem type, as in mountinfo */
    POLICY_EXCLUDE_EXE,     /* path of the executable of the process */
    POLICY_EXCLUDE_UID,     /* decimal */
    POLICY_ENGINES,         /* names; none: all (the back alone goes by it) */
    POLICY_RUN,             /* at most one: path of a program to be run */
    POLICY_NR_LISTS
};

struct policy {
    uint8_t mode;           /* enum policy_mode */
    bool fail_closed;       /* the preset; also for reasons not known to us */
    /* By reason (verdict.h): an access without a verdict is denied. */
    bool deny[REASON_END];
    bool read_events;       /* hold each read, too */
    bool close_write;       /* scan a file when its last writer has closed it */
    bool notify;            /* tell the user */
    uint8_t remedy;         /* enum policy_remedy */
    uint8_t scan;           /* enum policy_scan */
    bool history;           /* what is known of content counts, and is kept (the
                             * back alone goes by it) */
    uint8_t transport;      /* enum policy_transport */
    uint32_t timeout_ms;    /* longest time that an access is held */
    uint32_t max_file_mib;
    uint32_t pool_pages;
    /* Lists: decoded words, each with its NUL, one more NUL after the last
     * word of a list; where each list begins.  lists[0] is the empty list. */
    uint16_t list_at[POLICY_NR_LISTS];
    char lists[VSCANIF_MAX_NODE + POLICY_NR_LISTS + 2];
};

/* What holds where a policy says nothing. */
struct policy policy_default(void);

/*
 * Reads a whole policy.  Returns 0; or -EINVAL with a sentence that names the
 * word in @why (cut to @why_size), and *@policy_r unchanged.
 */
int policy_parse(const char *text, struct policy *policy_r, char *why,
                 size_t why_size);

/*
 * The words of a list, in order: the first one with @word NULL, then the one
 * after @word; NULL after the last.  Whatever the octets of *@policy are, no
 * word ends outside it.
 */
const char *policy_word(const struct policy *policy, enum policy_list list,
                        const char *word);

/* Room for every policy that a node can hold, written with all keys and each
 * octet as %XX. */
#define POLICY_TEXT_SIZE (4 * VSCANIF_MAX_NODE)

/*
 * Writes @policy as its node's text, which parses to the same policy: all keys
 * are named, but of the reasons only those that differ from the preset, and no
 * empty lists but that of the engines, "all".  Returns @out; or NULL when that
 * needs more than @size octets (VSCANIF_MAX_NODE + 1 for a node), as it may when
 * a text that left out keys filled its node.
 */
char *policy_format(const struct policy *policy, char *out, size_t size);

#endif
