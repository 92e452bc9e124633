/* SPDX-License-Identifier: GPL-2.0-or-later */
/* outbreak.c - see outbreak.h. */
#include "outbreak.h"

#include <string.h>

static void forget_guest(struct outbreak_content *content, unsigned int i)
{
    content->guest[i] = content->guest[--content->nr];
}

static void expire(struct outbreak_content *content, int64_t now_ms)
{
    for (unsigned int i = 0; i < content->nr; i++)
        if (now_ms - content->guest[i].when_ms >= OUTBREAK_SECONDS * 1000)
            forget_guest(content, i--);
}

/* The guest that alone has it. */
static bool is_own(const struct outbreak_content *content, uint32_t domid)
{
    return content->nr == 1 && content->guest[0].domid == domid;
}

static bool is_older(const struct outbreak_content *a,
                     const struct outbreak_content *b)
{
    return !b || a->last_ms < b->last_ms;
}

/* One for another content: the oldest that @domid has alone, when it has its
 * share of those; else a free one, or the oldest of all. */
static struct outbreak_content *make_room(struct outbreak *outbreak,
                                          uint32_t domid)
{
    struct outbreak_content *unused = NULL, *oldest = NULL, *own = NULL;
    unsigned int nr_own = 0;

    for (unsigned int i = 0; i < OUTBREAK_CONTENTS; i++) {
        struct outbreak_content *content = &outbreak->content[i];

        if (!content->nr) {
            unused = content;
            continue;
        }
        if (is_older(content, oldest))
            oldest = content;
        if (!is_own(content, domid))
            continue;
        nr_own++;
        if (is_older(content, own))
            own = content;
    }
    if (nr_own >= OUTBREAK_OWN)
        return own;
    return unused ? unused : oldest;
}

static struct outbreak_content *find(struct outbreak *outbreak,
                                     const uint8_t *digest, int64_t now_ms)
{
    struct outbreak_content *found = NULL;

    for (unsigned int i = 0; i < OUTBREAK_CONTENTS; i++) {
        struct outbreak_content *content = &outbreak->content[i];

        expire(content, now_ms);
        if (content->nr &&
            !memcmp(content->digest, digest, sizeof(content->digest)))
            found = content;
    }
    return found;
}

const struct outbreak_content *outbreak_found(
    struct outbreak *outbreak, const uint8_t digest[INCIDENT_DIGEST_OCTETS],
    uint32_t domid, int64_t now_ms)
{
    struct outbreak_content *content = find(outbreak, digest, now_ms);
    unsigned int i = 0;

    if (!content) {
        content = make_room(outbreak, domid);
        memcpy(content->digest, digest, sizeof(content->digest));
        content->nr = 0;
        content->announced = false;
    }
    content->last_ms = now_ms;
    while (i < content->nr && content->guest[i].domid != domid)
        i++;
    content->is_new = i == content->nr && i < OUTBREAK_GUESTS;
    if (content->is_new)
        content->nr++;
    if (i < OUTBREAK_GUESTS) {
        content->guest[i].domid = domid;
        content->guest[i].when_ms = now_ms;
    }
    return content;
}

bool outbreak_announced(struct outbreak *outbreak,
                        const struct outbreak_content *content)
{
    struct outbreak_content *own =
        &outbreak->content[content - outbreak->content];
    const bool before = own->announced;

    own->announced = true;
    return before;
}

void outbreak_forget(struct outbreak *outbreak, uint32_t domid)
{
    for (unsigned int c = 0; c < OUTBREAK_CONTENTS; c++) {
        struct outbreak_content *content = &outbreak->content[c];

        for (unsigned int i = 0; i < content->nr; i++)
            if (content->guest[i].domid == domid)
                forget_guest(content, i--);
    }
}
