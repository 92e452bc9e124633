/* SPDX-License-Identifier: GPL-2.0-or-later */
/* surveyed.c - see surveyed.h. */
#include "surveyed.h"

#include <errno.h>
#include <stdio.h>

#include "child.h"

static void answered(struct survey_side *side, const char *lines)
{
    side->state = XenbusStateConnected;
    side->rc = lines ? 0 : -ETIMEDOUT;
    must(!lines || !stat_lines_parse(lines, &side->stats));
}

void surveyed(struct survey_guest *guest, uint32_t domid, const char *name,
              const char *front, const char *back)
{
    *guest = (struct survey_guest){ .domid = domid, .back_domid = 3,
                                    .mode = "enforce" };
    snprintf(guest->name, sizeof(guest->name), "%s", name);
    snprintf(guest->back_name, sizeof(guest->back_name), "scanner");
    answered(&guest->front, front);
    answered(&guest->back, back);
}
