/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * response.h - the keys of a policy that are the toolstack's own: what is done
 * with a VM, and when.  Guest and scanner do not get to see them.
 *
 * Written as the policy node is (vscanif.h, "Policy nodes"): words KEY=VALUE
 * with one blank between them, each key once, in any order.  ACTIONS are those
 * of actions.h.
 *
 *   on-incident=ACTIONS, threshold=N/SECONDS
 *       N incidents of a guest within SECONDS
 *   on-outbreak=ACTIONS, outbreak=N|off
 *       the same content in N guests within an hour
 *   on-unprotected=ACTIONS, unprotected-s=SECONDS
 *       a guest that has been without protection for that long
 *   signatures-days=DAYS|off
 *       signatures older than that are an alarm
 */
#ifndef VSCAN_TOOLSTACK_RESPONSE_H
#define VSCAN_TOOLSTACK_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "actions.h"

#define RESPONSE_MIN_THRESHOLD          1
#define RESPONSE_MAX_THRESHOLD          1000
#define RESPONSE_MIN_THRESHOLD_S        1
#define RESPONSE_MAX_THRESHOLD_S        86400
#define RESPONSE_MIN_OUTBREAK           2
#define RESPONSE_MAX_OUTBREAK           64
#define RESPONSE_MIN_UNPROTECTED_S      5
#define RESPONSE_MAX_UNPROTECTED_S      86400
#define RESPONSE_MIN_SIGNATURES_DAYS    1
#define RESPONSE_MAX_SIGNATURES_DAYS    365

struct response {
    struct actions on_incident, on_outbreak, on_unprotected;
    uint32_t threshold;         /* incidents ... */
    uint32_t threshold_s;       /* ... within so many seconds */
    uint32_t outbreak;          /* guests; 0: off */
    uint32_t unprotected_s;     /* seconds */
    uint32_t signatures_days;   /* days; 0: off */
};

/* Octets of any of them as response_format() writes it, its closing NUL
 * included: three lists of actions, and the rest. */
#define RESPONSE_TEXT_SIZE  (3 * ACTIONS_TEXT_SIZE + 192)

/* What holds where nothing is said. */
struct response response_default(void);

/* Is this word KEY=VALUE with one of the keys above? */
bool response_has_key(const char *word);

/*
 * Reads a whole text.  Returns 0; or -EINVAL with a sentence that names the
 * word in @why (cut to @why_size), and *@response_r unchanged.
 */
int response_parse(const char *text, struct response *response_r, char *why,
                   size_t why_size);

/* Writes the text that parses to @response, with all keys.  Returns @out. */
char *response_format(const struct response *response,
                      char out[RESPONSE_TEXT_SIZE]);

#endif
