/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spread.c - see spread.h. */
#include "spread.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A power of two; a third of them is in use at most. */
#define NR_SLOTS    32768u

_Static_assert(NR_SLOTS >= 3 * SPREAD_MAX, "a free one is found soon");

int spread_init(struct spread *spread)
{
    *spread = (struct spread){
        .slots = calloc(NR_SLOTS, sizeof(spread->slots[0])),
        .content = calloc(SPREAD_MAX, sizeof(spread->content[0])),
        .guests = calloc(SPREAD_MAX_GUESTS, sizeof(spread->guests[0])),
    };
    if (spread->slots && spread->content && spread->guests)
        return 0;
    spread_dispose(spread);
    return -ENOMEM;
}

void spread_dispose(struct spread *spread)
{
    free(spread->slots);
    free(spread->content);
    free(spread->guests);
    *spread = (struct spread){ .nr = 0 };
}

static const char *text_of(struct json_object *record, const char *key)
{
    struct json_object *value;

    return json_object_object_get_ex(record, key, &value) ?
           json_object_get_string(value) : "";
}

/* A digest is a hash itself; who makes others collide only makes this slow.
 * Returns the slot of the content, or where it is to be put. */
static uint32_t *find_slot(const struct spread *c, const uint8_t *digest)
{
    uint32_t at;

    memcpy(&at, digest, sizeof(at));
    for (at &= NR_SLOTS - 1; c->slots[at]; at = (at + 1) & (NR_SLOTS - 1))
        if (!memcmp(c->content[c->slots[at] - 1].digest, digest,
                    INCIDENT_DIGEST_OCTETS))
            break;
    return &c->slots[at];
}

/* NULL: there is no place for one that is new, and @guest's. */
static struct content *find_content(struct spread *c, const uint8_t *digest,
                                    int guest)
{
    uint32_t *slot = find_slot(c, digest);
    struct content *content;

    if (*slot)
        return &c->content[*slot - 1];
    if (c->nr == SPREAD_MAX || guest < 0 || c->guests[guest].own == SPREAD_OWN)
        return NULL;
    content = &c->content[c->nr++];
    *slot = (uint32_t)c->nr;
    memcpy(content->digest, digest, INCIDENT_DIGEST_OCTETS);
    return content;
}

/* By its UUID, as another guest may get its domid and its name; -1: there is no
 * place. */
static int find_guest(struct spread *c, struct json_object *record)
{
    const char *uuid = text_of(record, "uuid");
    struct content_guest *guest;

    for (size_t i = 0; i < c->nr_guests; i++)
        if (!strcmp(c->guests[i].uuid, uuid))
            return (int)i;
    if (c->nr_guests == SPREAD_MAX_GUESTS ||
        strlen(uuid) >= sizeof(guest->uuid))
        return -1;
    guest = &c->guests[c->nr_guests];
    snprintf(guest->uuid, sizeof(guest->uuid), "%s", uuid);
    snprintf(guest->name, sizeof(guest->name), "%s",
             text_of(record, "domain"));
    return (int)c->nr_guests++;
}

/* Returns whether it is there now. */
static bool add_guest(struct spread *c, struct content *content, int guest)
{
    if (guest < 0)
        return false;
    for (unsigned int i = 0; i < content->nr_guests; i++)
        if (content->guests[i] == guest)
            return true;
    if (content->nr_guests == CONTENT_MAX_GUESTS)
        return false;
    content->guests[content->nr_guests++] = (uint16_t)guest;
    if (content->nr_guests == 1)
        c->guests[guest].own++;
    else if (content->nr_guests == 2)
        c->guests[content->guests[0]].own--;
    return true;
}

static bool is_none(const uint8_t digest[INCIDENT_DIGEST_OCTETS])
{
    static const uint8_t none[INCIDENT_DIGEST_OCTETS];

    return !memcmp(digest, none, sizeof(none));
}

/* As vscand's, an outbreak is made of what nobody has brought about. */
static bool is_selftest(struct json_object *record)
{
    struct json_object *value;

    return json_object_object_get_ex(record, "selftest", &value) &&
           json_object_get_boolean(value);
}

void spread_add(struct spread *spread, struct json_object *record)
{
    uint8_t digest[INCIDENT_DIGEST_OCTETS];
    struct content *content;
    const char *time = text_of(record, "time");
    int guest;

    if (strcmp(text_of(record, "kind"), "incident") || is_selftest(record) ||
        incident_digest_parse(text_of(record, "sha256"), digest) ||
        is_none(digest))
        return;
    guest = find_guest(spread, record);
    content = find_content(spread, digest, guest);
    if (!content || !add_guest(spread, content, guest)) {
        spread->left_out++;
        return;
    }
    if (!content->incidents++)
        snprintf(content->first, sizeof(content->first), "%s", time);
    snprintf(content->last, sizeof(content->last), "%s", time);
    snprintf(content->detection, sizeof(content->detection), "%s",
             text_of(record, "detection"));
}

static int by_guests(const void *a, const void *b)
{
    const struct content *x = a, *y = b;

    if (x->nr_guests != y->nr_guests)
        return x->nr_guests > y->nr_guests ? -1 : 1;
    if (x->incidents != y->incidents)
        return x->incidents > y->incidents ? -1 : 1;
    return memcmp(x->digest, y->digest, sizeof(x->digest));
}

void spread_sort(struct spread *spread)
{
    qsort(spread->content, spread->nr, sizeof(spread->content[0]),
          by_guests);
    while (spread->nr && spread->content[spread->nr - 1].nr_guests < 2)
        spread->nr--;
}
