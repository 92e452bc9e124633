/* SPDX-License-Identifier: GPL-2.0-or-later */
/* alarm.c - see alarm.h. */
#include "alarm.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"
#include "own-node.h"
#include "vscanif.h"
#include "words.h"
#include "xs.h"

static const char *const names[ALARM_END] = {
    [ALARM_NOT_ATTACHED] = "not-attached",
    [ALARM_BACK] = "back-gone",
    [ALARM_FRONT] = "front-gone",
    [ALARM_ENGINE] = "engine-degraded",
    [ALARM_SIGNATURES] = "signatures-old",
    [ALARM_NOT_COVERED] = "not-covered",
    [ALARM_POLICY] = "policy-not-applied",
};

_Static_assert(ALARM_END * (ALARM_TEXT_SIZE + 48) <= VSCANIF_MAX_NODE,
               "all of them fit into the node");

const char *alarm_text(enum alarm alarm)
{
    return names[alarm];
}

bool alarm_is_unprotected(enum alarm alarm)
{
    return alarm == ALARM_NOT_ATTACHED || alarm == ALARM_BACK ||
           alarm == ALARM_FRONT;
}

int alarms_write(struct xs_handle *xs, uint32_t domid,
                 const struct alarms *alarms)
{
    char node[VSCANIF_MAX_NODE + 1] = "", since[32];
    struct text text = { .out = node, .size = sizeof(node) };

    for (enum alarm a = 0; a < ALARM_END; a++) {
        if (!alarms->alarm[a].since)
            continue;
        snprintf(since, sizeof(since), "%s%" PRIu64 " ", text.len ? "\n" : "",
                 alarms->alarm[a].since);
        text_add(&text, since);
        text_add(&text, names[a]);
        text_add(&text, " ");
        text_add(&text, alarms->alarm[a].text);
    }
    return text.len ? own_node_write(xs, domid, OWN_ALARMS, node) :
           own_node_remove(xs, domid, OWN_ALARMS);
}

static void read_line(char *line, struct alarms *alarms)
{
    char *word = strchr(line, ' ');
    char *text = word ? strchr(word + 1, ' ') : NULL;
    uint64_t since;

    if (!text)
        return;
    *word++ = *text++ = 0;
    if (number_parse(line, 1, UINT64_MAX, &since))
        return;
    for (enum alarm a = 0; a < ALARM_END; a++) {
        if (strcmp(word, names[a]))
            continue;
        alarms->alarm[a].since = since;
        snprintf(alarms->alarm[a].text, ALARM_TEXT_SIZE, "%s", text);
    }
}

int alarms_read(struct xs_handle *xs, uint32_t domid, struct alarms *alarms_r)
{
    char *text = NULL;
    int rc = own_node_read(xs, domid, OWN_ALARMS, &text);

    *alarms_r = (struct alarms){ 0 };
    if (rc)
        return xsx_is_absent(rc) ? 0 : rc;
    for (char *line = text, *next; line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = 0;
        read_line(line, alarms_r);
    }
    free(text);
    return 0;
}
