/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * device-view.h - all that the nodes of one scan device tell, for people.
 *
 * Overview: what front and back have written is bounded here; their errors are
 * still to be escaped.
 */
#ifndef VSCANCTL_DEVICE_VIEW_H
#define VSCANCTL_DEVICE_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "device.h"
#include "domain.h"
#include "engine-line.h"
#include "policy.h"

/* Lines of what is not covered that are shown of one guest. */
#define MAX_NOT_COVERED 32

struct engine_view {
    bool malformed;             /* the node, behind those that there are */
    unsigned int nr;
    struct engine_line line[VSCANIF_MAX_ENGINES];
};

struct not_covered {
    bool malformed;
    unsigned int nr, more;      /* how many are shown, and not */
    char *line[MAX_NOT_COVERED];
    char *text;                 /* what they point to */
};

struct device_view {
    char name[DOMAIN_NAME_SIZE], back_name[DOMAIN_NAME_SIZE];
    const char *front_state, *back_state;
    int policy_rc;              /* 0; -ENOENT: there is none; else, why not */
    struct policy policy;
    char policy_why[256];
    char stale[512];            /* that a domain is gone, and the like; "" */
    char *front_error, *back_error;     /* NULL: none */
    struct engine_view engines;
    struct not_covered not_covered;
};

void device_view_take(const struct machine *m, const struct device *d,
                      struct device_view *view_r);
void device_view_dispose(struct device_view *view);

/*
 * Printable ASCII in place of all else in @text: "?".  For what a front or a
 * back has escaped already; to do so once more would make names hard to read.
 */
void device_view_tame(char *text);

#endif
