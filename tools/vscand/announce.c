/* SPDX-License-Identifier: GPL-2.0-or-later */
/* announce.c - see announce.h. */
#include "announce.h"

#include <string.h>

void announce_add(struct announce *announce, uint32_t back,
                  const uint8_t digest[INCIDENT_DIGEST_OCTETS],
                  const char name[VSCANIF_MAX_NAME])
{
    struct question *question = &announce->question;

    *question = (struct question){ .kind = QUESTION_OUTBREAK };
    memcpy(question->digest, digest, sizeof(question->digest));
    memcpy(question->name, name, sizeof(question->name));
    announce->back = back;
    announce->waits = true;
}

/* After the one that is said now. */
static int64_t next_pause(const struct announce *announce, int64_t now_ms)
{
    const int64_t pause_ms = announce->pause_ms;

    if (!pause_ms || now_ms - announce->said_ms >= ANNOUNCE_MAX_MS +
                     announce->pause_ms)
        return ANNOUNCE_MS;
    return pause_ms < ANNOUNCE_MAX_MS / 2 ? 2 * pause_ms : ANNOUNCE_MAX_MS;
}

bool announce_take(struct announce *announce, int64_t now_ms,
                   struct question *question_r, uint32_t *back_r)
{
    if (!announce->waits || now_ms < announce->due_ms)
        return false;
    *question_r = announce->question;
    *back_r = announce->back;
    announce->waits = false;
    announce->pause_ms = next_pause(announce, now_ms);
    announce->said_ms = now_ms;
    announce->due_ms = now_ms + announce->pause_ms;
    return true;
}

void announce_again(struct announce *announce, int64_t due_ms)
{
    announce->waits = true;
    announce->due_ms = due_ms;
}

int announce_next(const struct announce *announce, int64_t now_ms)
{
    if (!announce->waits)
        return -1;
    return announce->due_ms > now_ms ? (int)(announce->due_ms - now_ms) : 1;
}
