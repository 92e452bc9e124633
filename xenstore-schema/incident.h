/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * incident.h - what a back has found in a guest, as a line of the back's node
 * "incidents" (vscanif.h, "Back nodes").
 */
#ifndef VSCAN_INCIDENT_H
#define VSCAN_INCIDENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vscanif.h"

#define INCIDENT_DIGEST_OCTETS  32
/* As hex digits, NUL included. */
#define INCIDENT_DIGEST_SIZE    (2 * INCIDENT_DIGEST_OCTETS + 1)

struct incident {
    uint32_t serial;        /* 1, 2, ... in one life of the back's link */
    uint64_t time;          /* seconds since 1970, by the back's clock */
    uint8_t event;          /* VSCANIF_EVENT_* */
    uint32_t pid, uid;      /* the guest's word */
    uint64_t size;          /* octets of content */
    uint8_t digest[INCIDENT_DIGEST_OCTETS];     /* SHA-256 of the content; 0:
                                                 * not known */
    char name[VSCANIF_MAX_NAME];                /* as in the response */
    char process[VSCANIF_MAX_PROCESS];          /* the guest's word */
    char path[VSCANIF_MAX_PATH];                /* the guest's word; cut to what
                                                 * a line holds */
};

/*
 * Writes one line, without an end, to @out; a path that is too long for
 * VSCANIF_MAX_LINE octets loses its beginning, and has "..." there.
 * Returns @out.
 */
char *incident_format(const struct incident *incident,
                      char out[VSCANIF_MAX_LINE + 1]);

/*
 * Reads one line, @len octets at @line.  Returns 0; or -EINVAL, and
 * *@incident_r unchanged, when it is malformed.
 */
int incident_parse(const char *line, size_t len, struct incident *incident_r);

/* Parts of such lines that others have, too.  A digest, written to and read
 * from hex digits in lower case; and a word of at most @size octets, NUL
 * included, read.  Return @out; 0 or -EINVAL. */
char *incident_digest(const uint8_t digest[INCIDENT_DIGEST_OCTETS],
                      char out[INCIDENT_DIGEST_SIZE]);
int incident_digest_parse(const char *text,
                          uint8_t digest_r[INCIDENT_DIGEST_OCTETS]);
bool incident_digest_is_known(const uint8_t digest[INCIDENT_DIGEST_OCTETS]);
int incident_word_parse(const char *word, char *out, size_t size);

#endif
