/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * quarantine-lines.h - an answer to "quarantine" (vscanif.h, "Questions"), as a
 * guest has written it.
 */
#ifndef VSCAN_TOOLSTACK_QUARANTINE_LINES_H
#define VSCAN_TOOLSTACK_QUARANTINE_LINES_H

#include <stdint.h>

#include "vscanif.h"

/* Of an item's id, its NUL included. */
#define QUARANTINE_ID_SIZE  17

struct quarantine_line {
    char id[QUARANTINE_ID_SIZE];        /* hex digits */
    uint64_t time, size;                /* seconds since 1970; octets */
    char name[VSCANIF_MAX_NAME];        /* as the guest has them: to be ... */
    char path[VSCANIF_MAX_TEXT + 1];       /* ... escaped */
};

/* What there is in all. */
struct quarantine_total {
    uint32_t nr;
    uint64_t octets;
};

/* Takes the first line of *@rest_r, the answer, which is cut up.  0 or
 * -EINVAL. */
int quarantine_lines_total(char **rest_r, struct quarantine_total *total_r);

/* Takes the next one.  1; 0: there is no more; or -EINVAL. */
int quarantine_lines_next(char **rest_r, struct quarantine_line *line_r);

#endif
