/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine-line.h - a line of the back's node "engines" (vscanif.h), as the
 * scanner domain has written it.
 */
#ifndef VSCAN_TOOLSTACK_ENGINE_LINE_H
#define VSCAN_TOOLSTACK_ENGINE_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "vscanif.h"

enum engine_line_state { ENGINE_LINE_OK, ENGINE_LINE_REFUSED,
                         ENGINE_LINE_DOWN };

struct engine_line {
    char name[17];
    enum engine_line_state state;
    uint64_t time;              /* of its signatures, since 1970; 0: unknown */
    char text[VSCANIF_MAX_NODE + 1];        /* as it is there: to be escaped */
};

/*
 * Takes the next line of *@rest_r, the node's value, which it cuts up.  Returns
 * 1; 0 when there is no more; -EINVAL when the line is malformed.
 */
int engine_line_next(char **rest_r, struct engine_line *line_r);

#endif
