/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * outbreak.h - the same infected content in several guests.
 *
 * Overview: remembers, by its digest, in which guests a content has been found
 * within the last hour.  It has a bound; a guest in which ever new content is
 * found displaces what has been found in it alone, not what others have.  (Two
 * that share what they have found can displace it: they are an outbreak by
 * that.)
 */
#ifndef VSCAND_OUTBREAK_H
#define VSCAND_OUTBREAK_H

#include <stdbool.h>
#include <stdint.h>

#include "incident.h"

#define OUTBREAK_SECONDS    3600

/* Contents that are remembered; of those that only one guest has, its own. */
#define OUTBREAK_CONTENTS   256
#define OUTBREAK_OWN        16
/* Guests of one content: above this number all is an outbreak anyway. */
#define OUTBREAK_GUESTS     64

struct outbreak_content {
    uint8_t digest[INCIDENT_DIGEST_OCTETS];
    int64_t last_ms;            /* found in any of them */
    unsigned int nr;            /* guests; 0: not in use */
    bool is_new;                /* the one of the last call is */
    bool announced;
    struct {
        uint32_t domid;
        int64_t when_ms;
    } guest[OUTBREAK_GUESTS];
};

struct outbreak {
    struct outbreak_content content[OUTBREAK_CONTENTS];
};

/*
 * This content has been found in that guest at @now_ms.  Returns what is known
 * of it, which holds until the next call; its guests are those of the last
 * OUTBREAK_SECONDS, this one among them.
 */
const struct outbreak_content *outbreak_found(
    struct outbreak *outbreak, const uint8_t digest[INCIDENT_DIGEST_OCTETS],
    uint32_t domid, int64_t now_ms);

/* The guests are told of this content, as outbreak_found() has returned it.
 * Returns whether they have been before, as long as it has been remembered. */
bool outbreak_announced(struct outbreak *outbreak,
                        const struct outbreak_content *content);

/* The domain has gone: another one may get its number. */
void outbreak_forget(struct outbreak *outbreak, uint32_t domid);

#endif
