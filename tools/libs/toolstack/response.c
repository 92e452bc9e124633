/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * response.c - see response.h.
 *
 * Overview: one row for each key says how its value is read and written.  A
 * text is read into a response of our own that replaces the caller's when all
 * of it was good.
 */
#include "response.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "number.h"
#include "vscanif.h"
#include "words.h"

#define OFF "off"

/* What is wrong with a text. */
struct blame {
    char *why;
    size_t size;
};

struct key {
    const char *name;
    /* 0, or -EINVAL and the reason is said. */
    int (*read)(struct response *response, const struct key *key,
                const char *value, const struct blame *blame);
    void (*write)(struct text *text, const struct key *key,
                  const struct response *response);
    /* A list of actions, or a number: where struct response has it. */
    size_t field;
    uint32_t min, max;
    bool can_be_off;
};

/* "policy: WHAT: "KEY=VALUE"", with @value NULL "policy: WHAT: "KEY"". */
static int fail(const struct blame *blame, const char *what, const char *key,
                const char *value)
{
    char safe_key[64], safe_value[64];

    snprintf(blame->why, blame->size, "policy: %s: \"%s%s%s\"", what,
             escape(key, safe_key, sizeof(safe_key)), value ? "=" : "",
             escape(value ? value : "", safe_value, sizeof(safe_value)));
    return -EINVAL;
}

/* Actions ------------------------------------------------------------------ */

static int read_actions(struct response *response, const struct key *key,
                        const char *value, const struct blame *blame)
{
    struct actions *actions = (void *)((char *)response + key->field);
    char why[384];

    if (!actions_parse(value, actions, why, sizeof(why)))
        return 0;
    snprintf(blame->why, blame->size, "policy: %s: %s", key->name, why);
    return -EINVAL;
}

static void write_actions(struct text *text, const struct key *key,
                          const struct response *response)
{
    char list[ACTIONS_TEXT_SIZE];

    text_add(text, actions_format((const void *)((const char *)response +
                                                 key->field), list));
}

/* Numbers ------------------------------------------------------------------ */

static int read_number(struct response *response, const struct key *key,
                       const char *value, const struct blame *blame)
{
    uint32_t number = 0;

    if (!(key->can_be_off && !strcmp(value, OFF)) &&
        number_parse_u32(value, key->min, key->max, &number))
        return fail(blame, "bad value", key->name, value);
    memcpy((char *)response + key->field, &number, sizeof(number));
    return 0;
}

static void add_number(struct text *text, uint32_t number)
{
    char digits[16];

    snprintf(digits, sizeof(digits), "%u", number);
    text_add(text, digits);
}

static void write_number(struct text *text, const struct key *key,
                         const struct response *response)
{
    uint32_t number;

    memcpy(&number, (const char *)response + key->field, sizeof(number));
    if (key->can_be_off && !number)
        text_add(text, OFF);
    else
        add_number(text, number);
}

/* Threshold ---------------------------------------------------------------- */

static int read_threshold(struct response *response, const struct key *key,
                          const char *value, const struct blame *blame)
{
    const char *slash = strchr(value, '/');
    size_t len = slash ? (size_t)(slash - value) : 0;
    char count[16] = "";

    if (slash && len < sizeof(count))
        memcpy(count, value, len);
    if (!slash ||
        number_parse_u32(count, RESPONSE_MIN_THRESHOLD, RESPONSE_MAX_THRESHOLD,
                         &response->threshold) ||
        number_parse_u32(slash + 1, RESPONSE_MIN_THRESHOLD_S,
                         RESPONSE_MAX_THRESHOLD_S, &response->threshold_s))
        return fail(blame, "bad value", key->name, value);
    return 0;
}

static void write_threshold(struct text *text, const struct key *key,
                            const struct response *response)
{
    (void)key;
    add_number(text, response->threshold);
    text_add(text, "/");
    add_number(text, response->threshold_s);
}

/* Keys --------------------------------------------------------------------- */

#define ACTIONS(member) .read = read_actions, .write = write_actions, \
    .field = offsetof(struct response, member)
#define NUMBER(member, least, most) .read = read_number, \
    .write = write_number, .field = offsetof(struct response, member), \
    .min = (least), .max = (most)

/* In the order in which they are written. */
static const struct key keys[] = {
    { .name = "on-incident", ACTIONS(on_incident) },
    { .name = "threshold", .read = read_threshold, .write = write_threshold },
    { .name = "on-outbreak", ACTIONS(on_outbreak) },
    { .name = "outbreak", NUMBER(outbreak, RESPONSE_MIN_OUTBREAK,
                                 RESPONSE_MAX_OUTBREAK), .can_be_off = true },
    { .name = "on-unprotected", ACTIONS(on_unprotected) },
    { .name = "unprotected-s", NUMBER(unprotected_s, RESPONSE_MIN_UNPROTECTED_S,
                                      RESPONSE_MAX_UNPROTECTED_S) },
    { .name = "signatures-days",
      NUMBER(signatures_days, RESPONSE_MIN_SIGNATURES_DAYS,
             RESPONSE_MAX_SIGNATURES_DAYS), .can_be_off = true },
};

#define NR_KEYS (sizeof(keys) / sizeof(keys[0]))

struct response response_default(void)
{
    return (struct response){
        .threshold = 1,
        .threshold_s = 60,
        .unprotected_s = 60,
        .signatures_days = 7,
    };
}

/* NR_KEYS: there is no such key. */
static size_t find(const char *word, size_t len)
{
    size_t i = 0;

    while (i < NR_KEYS && (strlen(keys[i].name) != len ||
                           strncmp(word, keys[i].name, len)))
        i++;
    return i;
}

bool response_has_key(const char *word)
{
    const char *equals = strchr(word, '=');

    return equals && find(word, (size_t)(equals - word)) < NR_KEYS;
}

static int read_word(struct response *response, char *word, bool *seen,
                     const struct blame *blame)
{
    char *value = strchr(word, '=');
    size_t i;

    if (!value)
        return fail(blame, "not KEY=VALUE", word, NULL);
    *value++ = 0;
    i = find(word, strlen(word));
    if (i == NR_KEYS)
        return fail(blame, "unknown key", word, NULL);
    if (seen[i])
        return fail(blame, "key given twice", word, NULL);
    seen[i] = true;
    return keys[i].read(response, &keys[i], value, blame);
}

int response_parse(const char *text, struct response *response_r, char *why,
                   size_t why_size)
{
    const struct blame blame = { .why = why, .size = why_size };
    struct response response = response_default();
    char copy[VSCANIF_MAX_NODE + 1];
    bool seen[NR_KEYS] = { false };
    size_t len = strnlen(text, sizeof(copy));

    if (len == sizeof(copy))
        return fail(&blame, "longer than a node", "", NULL);
    memcpy(copy, text, len + 1);

    /* An empty one is one too: all defaults. */
    for (char *word = copy, *next; len && word; word = next) {
        next = strchr(word, ' ');
        if (next)
            *next++ = 0;
        if (read_word(&response, word, seen, &blame))
            return -EINVAL;
    }
    *response_r = response;
    return 0;
}

char *response_format(const struct response *response,
                      char out[RESPONSE_TEXT_SIZE])
{
    struct text text = { .out = out, .size = RESPONSE_TEXT_SIZE };

    for (size_t i = 0; i < NR_KEYS; i++) {
        if (i)
            text_add(&text, " ");
        text_add(&text, keys[i].name);
        text_add(&text, "=");
        keys[i].write(&text, &keys[i], response);
    }
    assert(text.len < text.size);
    return out;
}
