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

_Static_assert(offsetof(struct incident, serial) == 0 &&
               offsetof(struct remedy_line, serial) == 0, "one place");

static int parse_incident(const char *line, size_t len,
                          union intake_thing *thing_r)
{
    return incident_parse(line, len, &thing_r->incident);
}

static int parse_remedy(const char *line, size_t len,
                        union intake_thing *thing_r)
{
    return remedy_line_parse(line, len, &thing_r->remedy);
}

static const struct {
    const char *node, *kept;
    int (*parse)(const char *line, size_t len, union intake_thing *thing_r);
} kinds[INTAKE_KINDS] = {
    [INTAKE_INCIDENTS] = { NODE_INCIDENTS, OWN_INCIDENTS, parse_incident },
    [INTAKE_REMEDIES] = { NODE_REMEDIES, OWN_REMEDIES, parse_remedy },
};

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

void intake_init(struct intake *intake, struct xs_handle *xs,
                 enum intake_kind kind, uint32_t front, uint32_t back)
{
    char *text = NULL;

    *intake = (struct intake){ .kind = kind, .front = front, .back = back };
    if (own_node_read(xs, front, kinds[kind].kept, &text))
        return;
    if (read_head(text, &intake->life, &intake->serial))
        intake->life = intake->serial = 0;
    free(text);
}

int intake_keep(const struct intake *intake, struct xs_handle *xs)
{
    char text[32];

    snprintf(text, sizeof(text), "%u %u", intake->life, intake->serial);
    return own_node_write(xs, intake->front, kinds[intake->kind].kept, text);
}

/* The text of a node, cut into its lines. */
struct lines {
    uint32_t life, newest;
    unsigned int nr;
    char *line[INTAKE_MAX_LINES];
};

/* All of it is as it must be, or nothing counts: serials go up, to that of the
 * newest. */
static int check_lines(char *rest, enum intake_kind kind, struct lines *l)
{
    union intake_thing thing;
    uint32_t last = 0;

    while (rest && *rest) {
        char *line = rest;

        rest = strchr(line, '\n');
        if (rest)
            *rest++ = 0;
        if (l->nr == INTAKE_MAX_LINES ||
            kinds[kind].parse(line, strlen(line), &thing) ||
            thing.serial <= last)
            return -EINVAL;
        last = thing.serial;
        l->line[l->nr++] = line;
    }
    return last == l->newest ? 0 : -EINVAL;
}

static struct vscan_path folder_of(const struct intake *intake)
{
    return intake->kind == INTAKE_INCIDENTS ?
           names_back(intake->back, intake->front) :
           names_front(intake->front);
}

/* Returns 0 with lines of *@text_r, which is to be freed in any case; -ENOENT
 * when there is no node; -EINVAL. */
static int read_lines(const struct intake *intake, struct xs_handle *xs,
                      char **text_r, struct lines *l)
{
    int rc = xsx_read(xs, XBT_NULL, folder_of(intake).s,
                      kinds[intake->kind].node, text_r);
    char *rest;

    if (rc)
        return rc == -EINVAL ? rc : -ENOENT;
    l->nr = 0;
    rest = strchr(*text_r, '\n');
    if (rest)
        *rest++ = 0;
    rc = read_head(*text_r, &l->life, &l->newest);
    return rc ? rc : check_lines(rest, intake->kind, l);
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

/* Is it the first of this content, as far as that is remembered?  One that is not
 * known (incident.h) is none. */
static bool is_first(struct intake *intake, const struct incident *incident)
{
    if (!incident_digest_is_known(incident->digest))
        return false;
    for (unsigned int i = 0; i < INTAKE_SEEN && i < intake->nr_seen; i++)
        if (!memcmp(intake->seen[i], incident->digest,
                    sizeof(intake->seen[i])))
            return false;
    memcpy(intake->seen[intake->nr_seen++ % INTAKE_SEEN], incident->digest,
           sizeof(intake->seen[0]));
    return true;
}

/* One that is new, as far as there is room for it. */
static void take_one(struct intake *intake, const union intake_thing *thing,
                     int64_t now_ms, struct intake_result *result)
{
    const bool first = intake->kind == INTAKE_INCIDENTS &&
                       is_first(intake, &thing->incident);

    if ((!has_room(intake, now_ms) && !first) || result->nr == INTAKE_BURST)
        return;
    result->thing[result->nr] = *thing;
    result->is_first[result->nr++] = first;
}

/* What is new, as far as there is room for it. */
static void take_lines(struct intake *intake, const struct lines *l,
                       int64_t now_ms, struct intake_result *result)
{
    /* Who was started anew counts from 1. */
    if (l->life != intake->life) {
        intake->life = l->life;
        intake->serial = 0;
    }
    if (l->newest <= intake->serial)
        return;
    for (unsigned int i = 0; i < l->nr; i++) {
        union intake_thing thing;

        if (!kinds[intake->kind].parse(l->line[i], strlen(l->line[i]), &thing) &&
            thing.serial > intake->serial)
            take_one(intake, &thing, now_ms, result);
    }
    result->missed = l->newest - intake->serial - result->nr;
    intake->serial = l->newest;
}

void intake_take(struct intake *intake, struct xs_handle *xs, int64_t now_ms,
                 struct intake_result *result_r)
{
    struct lines lines;
    char *text = NULL;
    int rc = read_lines(intake, xs, &text, &lines);

    result_r->nr = result_r->missed = 0;
    result_r->malformed = rc == -EINVAL && now_ms >= intake->quiet_until_ms;
    if (result_r->malformed)
        intake->quiet_until_ms = now_ms + INTAKE_QUIET_MS;
    if (!rc)
        take_lines(intake, &lines, now_ms, result_r);
    free(text);
}
