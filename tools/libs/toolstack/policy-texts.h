/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy-texts.h - a whole policy as it is published: the text of the policy
 * node, for guest and scanner, and that of the toolstack's own keys
 * (response.h).
 *
 * Overview: takes the words of a policy one by one, of both kinds and in any
 * order, and says at once which one makes it a bad one.
 */
#ifndef VSCAN_TOOLSTACK_POLICY_TEXTS_H
#define VSCAN_TOOLSTACK_POLICY_TEXTS_H

#include <stdbool.h>
#include <stddef.h>

#include "policy.h"
#include "response.h"
#include "vscanif.h"
#include "words.h"

/* Octets of a name: letters, digits, "-", "_" and ".", which is not the
 * first. */
#define POLICY_NAME_MAX     64

bool policy_name_is_one(const char *name);

struct policy_texts {
    char name[POLICY_NAME_MAX + 1];         /* "": it has none */
    char policy[VSCANIF_MAX_NODE + 1];      /* policy_format() */
    char response[RESPONSE_TEXT_SIZE];      /* response_format() */
};

/* Words that are being read, by kind: what is too long for a node is cut to
 * what the parsers refuse. */
struct policy_reading {
    struct text text, own_text;
    char words[VSCANIF_MAX_NODE + 2], own_words[VSCANIF_MAX_NODE + 2];
    struct policy policy;
    struct response response;
};

/* No words: a policy of defaults.  May not be copied or moved. */
void policy_reading_init(struct policy_reading *r);

/* Takes a word KEY=VALUE.  Returns 0; or -EINVAL with a sentence in @why, and
 * the reading is of no use any more. */
int policy_reading_add(struct policy_reading *r, const char *word, char *why,
                       size_t why_size);

/* Writes what was read, without a name.  Returns 0; or -EINVAL with a sentence
 * in @why when it is too long with all keys named. */
int policy_reading_end(const struct policy_reading *r,
                       struct policy_texts *texts_r, char *why,
                       size_t why_size);

#endif
