/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * remedy-line.h - what a front has done to an infected file, as a line of its
 * node "remedies" (vscanif.h, "Front nodes").
 */
#ifndef VSCAN_REMEDY_LINE_H
#define VSCAN_REMEDY_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "vscanif.h"

/* Of an item in the quarantine: 16 hex digits, NUL included. */
#define REMEDY_LINE_ID_SIZE     17

enum remedied {
    REMEDIED_QUARANTINED = 1,
    REMEDIED_DELETED,
    REMEDIED_GONE,              /* somebody else had removed it */
    REMEDIED_FAILED,
    REMEDIED_END
};

/* All of it is the guest's word. */
struct remedy_line {
    uint32_t serial;            /* 1, 2, ... in one life of the front's link */
    uint64_t time;              /* seconds since 1970, by the guest's clock */
    enum remedied result;
    char id[REMEDY_LINE_ID_SIZE];   /* when quarantined; else "" */
    uint32_t pid, uid;          /* of the program whose access it was */
    char name[VSCANIF_MAX_NAME];    /* of the detection, not empty */
    char path[VSCANIF_MAX_PATH];    /* cut to what a line holds */
};

/* One word; "unknown" for what is no result. */
const char *remedied_text(enum remedied result);

/*
 * Writes one line, without an end, to @out; a path that is too long for
 * VSCANIF_MAX_LINE octets loses its beginning, and has "..." there.
 * Returns @out.
 */
char *remedy_line_format(const struct remedy_line *line,
                         char out[VSCANIF_MAX_LINE + 1]);

/*
 * Reads one line, @len octets at @text.  Returns 0; or -EINVAL, and *@line_r
 * unchanged, when it is malformed.
 */
int remedy_line_parse(const char *text, size_t len,
                      struct remedy_line *line_r);

#endif
