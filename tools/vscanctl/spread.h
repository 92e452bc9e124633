/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spread.h - in which guests each content has been found, from incidents.
 *
 * Overview: a table of fixed size, as what guests have found in them, and how
 * often, is theirs to choose; what has no place in it is counted.  A guest in
 * which ever new contents are found has its share of the table alone, so that
 * what others have in common has a place.
 */
#ifndef VSCANCTL_SPREAD_H
#define VSCANCTL_SPREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

#include "incident-log.h"
#include "incident.h"

/* Contents, and guests, that are remembered; guests of one content. */
#define SPREAD_MAX            10000
/* Of those that only one guest has, its own. */
#define SPREAD_OWN            1000
#define SPREAD_MAX_GUESTS     1024
#define CONTENT_MAX_GUESTS      64

struct content {
    uint8_t digest[INCIDENT_DIGEST_OCTETS];
    char detection[VSCANIF_MAX_NAME];       /* of the latest; to be escaped */
    char first[INCIDENT_LOG_TIME_SIZE], last[INCIDENT_LOG_TIME_SIZE];
    uint64_t incidents;
    unsigned int nr_guests;
    uint16_t guests[CONTENT_MAX_GUESTS];
};

struct content_guest {
    char uuid[40], name[80];                /* to be escaped */
    unsigned int own;                       /* contents that it alone has */
};

struct spread {
    size_t nr, nr_guests;
    uint64_t left_out;          /* incidents for which there was no place */
    uint32_t *slots;            /* number of a content and 1; 0: free */
    struct content *content;
    struct content_guest *guests;
};

/* 0 or -ENOMEM. */
int spread_init(struct spread *spread);
void spread_dispose(struct spread *spread);

/* A record of the log; one that is no incident with a content is nothing. */
void spread_add(struct spread *spread, struct json_object *record);

/* Keeps those of two guests or more, those of most guests first; nothing can be
 * added any more. */
void spread_sort(struct spread *spread);

#endif
