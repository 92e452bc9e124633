/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy-texts.c - see policy-texts.h. */
#include "policy-texts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool policy_name_is_one(const char *name)
{
    static const char octets[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789-_.";
    const size_t len = strlen(name);

    return len > 0 && len <= POLICY_NAME_MAX && name[0] != '.' &&
           strspn(name, octets) == len;
}

void policy_reading_init(struct policy_reading *r)
{
    *r = (struct policy_reading){ .policy = policy_default(),
                                  .response = response_default() };
    r->text = (struct text){ .out = r->words, .size = sizeof(r->words) };
    r->own_text = (struct text){ .out = r->own_words,
                                 .size = sizeof(r->own_words) };
}

static void add(struct text *text, const char *word)
{
    if (text->len)
        text_add(text, " ");
    text_add(text, word);
}

int policy_reading_add(struct policy_reading *r, const char *word, char *why,
                       size_t why_size)
{
    if (!*word) {
        snprintf(why, why_size, "policy: an empty word");
        return -EINVAL;
    }
    if (response_has_key(word)) {
        add(&r->own_text, word);
        return response_parse(r->own_words, &r->response, why, why_size);
    }
    add(&r->text, word);
    return policy_parse(r->words, &r->policy, why, why_size);
}

int policy_reading_end(const struct policy_reading *r,
                       struct policy_texts *texts_r, char *why,
                       size_t why_size)
{
    texts_r->name[0] = 0;
    response_format(&r->response, texts_r->response);
    if (policy_format(&r->policy, texts_r->policy, sizeof(texts_r->policy)))
        return 0;
    snprintf(why, why_size, "with all keys named, longer than a node "
             "(%d octets)", VSCANIF_MAX_NODE);
    return -EINVAL;
}
