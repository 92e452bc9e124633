/* SPDX-License-Identifier: GPL-2.0-or-later */
/* intake.c - see intake.h. */
#include "intake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "number.h"
#include "own-node.h"
#include "xs.h"

/* "LIFE SERIAL", as in the first line of the node. */
static int read_head(char *text, uint32_t *life_r, uint32_t *serial_r)
{
    char *blank = strchr(text, ' ');

    if (!blank)
        return -EINVAL;
    *blank = 0;
    return number_parse_u32(text, 1, UINT32_MAX, life_r) ||
           number_parse_u32(blank + 1, 0, UINT32_MAX, serial_r) ? -EINVAL : 0;
}

void intake_init(struct intake *intake, struct xs_handle *xs, uint32_t front,
                 uint32_t back)
{
    char *text = NULL;

    *intake = (struct intake){ .front = front, .back = back };
    if (own_node_read(xs, front, OWN_INCIDENTS, &text))
        return;
    if (read_head(text, &intake->life, &intake->serial))
        intake->life = intake->serial = 0;
    free(text);
}

int intake_keep(const struct intake *intake, struct xs_handle *xs)
{
    char text[32];

    snprintf(text, sizeof(text), "%u %u", intake->life, intake->serial);
    return own_node_write(xs, intake->front, OWN_INCIDENTS, text);
}

struct window {
    uint32_t life, newest;
    unsigned int nr;
    struct incident incident[INTAKE_MAX_LINES];
};

/* Serials go up, to that of the newest. */
static int read_lines(char *rest, struct window *w)
{
    uint32_t last = 0;

    while (rest && *rest) {
        char *line = rest;
        struct incident *incident = &w->incident[w->nr];

        rest = strchr(line, '\n');
        if (rest)
            *rest++ = 0;
        if (w->nr == INTAKE_MAX_LINES ||
            incident_parse(line, strlen(line), incident) ||
            incident->serial <= last)
            return -EINVAL;
        last = incident->serial;
        w->nr++;
    }
    return last == w->newest ? 0 : -EINVAL;
}

/* Returns 0; -ENOENT when there is no node; -EINVAL. */
static int read_window(const struct intake *intake, struct xs_handle *xs,
                       struct window *w)
{
    struct vscan_path folder = names_back(intake->back, intake->front);
    char *text = NULL, *rest;
    int rc = xsx_read(xs, XBT_NULL, folder.s, NODE_INCIDENTS, &text);

    if (rc)
        return rc == -EINVAL ? rc : -ENOENT;
    w->nr = 0;
    rest = strchr(text, '\n');
    if (rest)
        *rest++ = 0;
    rc = read_head(text, &w->life, &w->newest);
    if (!rc)
        rc = read_lines(rest, w);
    free(text);
    return rc;
}

/* May one more be taken now? */
static bool has_room(struct intake *intake, int64_t now_ms)
{
    const int64_t more = (now_ms - intake->filled_ms) / INTAKE_MORE_MS;

    intake->room = more >= INTAKE_BURST - intake->room ? INTAKE_BURST :
                   intake->room + (unsigned int)more;
    intake->filled_ms += more * INTAKE_MORE_MS;
    if (!intake->room)
        return false;
    intake->room--;
    return true;
}

void intake_take(struct intake *intake, struct xs_handle *xs, int64_t now_ms,
                 struct intake_result *result_r)
{
    struct window w;
    int rc = read_window(intake, xs, &w);

    *result_r = (struct intake_result){ .nr = 0 };
    if (rc == -EINVAL && now_ms >= intake->quiet_until_ms) {
        result_r->malformed = true;
        intake->quiet_until_ms = now_ms + INTAKE_QUIET_MS;
    }
    if (rc)
        return;
    /* A back that was started anew counts from 1. */
    if (w.life != intake->life) {
        intake->life = w.life;
        intake->serial = 0;
    }
    if (w.newest <= intake->serial)
        return;
    for (unsigned int i = 0; i < w.nr; i++)
        if (w.incident[i].serial > intake->serial && has_room(intake, now_ms))
            result_r->incident[result_r->nr++] = w.incident[i];
    result_r->missed = w.newest - intake->serial - result_r->nr;
    intake->serial = w.newest;
}
