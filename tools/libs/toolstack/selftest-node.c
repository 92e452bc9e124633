/* SPDX-License-Identifier: GPL-2.0-or-later */
/* selftest-node.c - see selftest-node.h. */
#include "selftest-node.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"
#include "own-node.h"

/* Of the 68 octets of the text. */
static const char eicar[] =
    "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f";

int selftest_begin(struct xs_handle *xs, uint32_t domid, uint64_t now,
                   uint32_t timeout_ms)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRIu64, now + timeout_ms / 1000 +
             SELFTEST_SECONDS);
    return own_node_write(xs, domid, OWN_SELFTEST, text);
}

bool selftest_holds(struct xs_handle *xs, uint32_t domid, uint64_t now)
{
    uint64_t until;
    char *text;
    bool holds;

    if (own_node_read(xs, domid, OWN_SELFTEST, &text))
        return false;
    holds = !number_parse(text, now, now + SELFTEST_MAX_SECONDS, &until);
    free(text);
    return holds;
}

bool selftest_is_text(const uint8_t digest[INCIDENT_DIGEST_OCTETS])
{
    char text[INCIDENT_DIGEST_SIZE];

    return !strcmp(incident_digest(digest, text), eicar);
}
