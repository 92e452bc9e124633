/* SPDX-License-Identifier: GPL-2.0-or-later */
/* announce.c - see announce.h. */
#include "announce.h"

#include <string.h>

void announce_add(struct announce *announce,
                  const uint8_t digest[INCIDENT_DIGEST_OCTETS],
                  const char name[VSCANIF_MAX_NAME])
{
    struct question *question = &announce->question;

    *question = (struct question){ .kind = QUESTION_OUTBREAK };
    memcpy(question->digest, digest, sizeof(question->digest));
    memcpy(question->name, name, sizeof(question->name));
    announce->waits = true;
}

bool announce_take(struct announce *announce, int64_t now_ms,
                   struct question *question_r)
{
    if (!announce->waits || now_ms < announce->due_ms)
        return false;
    *question_r = announce->question;
    announce->waits = false;
    announce->due_ms = now_ms + ANNOUNCE_MS;
    return true;
}

int announce_next(const struct announce *announce, int64_t now_ms)
{
    if (!announce->waits)
        return -1;
    return announce->due_ms > now_ms ? (int)(announce->due_ms - now_ms) : 1;
}
