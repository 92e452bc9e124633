/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy.c - see policy.h.
 *
 * Overview: one row for each key says how its value is read and written; words
 * of lists are decoded by words.c.  A text is read into a policy of our own
 * that replaces the caller's when all of it was good.
 */
#include "policy.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "number.h"
#include "vscanif.h"
#include "words.h"

/* What allow= and deny= say of a reason. */
enum said { SAID_NOTHING, SAID_ALLOW, SAID_DENY };

/*
 * A text that is being read.  The lists begin after one NUL, which is the
 * empty list of all keys that are not given.  @used never passes the end: a
 * list is stored in at most two octets more than its value has (a NUL for each
 * comma, one after the last word, one after the list), and "KEY=" has more
 * than two; so all lists together need fewer than 1 + VSCANIF_MAX_NODE.
 */
struct reading {
    struct policy policy;
    enum said said[REASON_END];
    size_t used;            /* octets of policy.lists */
    char *why;
    size_t why_size;
};

_Static_assert(sizeof(((struct policy *)0)->lists) > VSCANIF_MAX_NODE + 1,
               "lists hold what fits into a node");
_Static_assert(sizeof(((struct policy *)0)->lists) <= UINT16_MAX,
               "list_at can name each octet");
_Static_assert(sizeof(bool) == 1, "a choice is one octet");

#define MAX_CHOICES 5

struct key {
    const char *name;
    /* 0, or -EINVAL and the reason is said. */
    int (*read)(struct reading *r, const struct key *key, char *value);
    void (*write)(struct text *text, const struct key *key,
                  const struct policy *policy);
    /* One of some words: in the order of the numbers that they stand for, and
     * the octet of struct policy that holds that number. */
    const char *choices[MAX_CHOICES];
    size_t field;
    /* A number, in the 32 bits at @field. */
    uint32_t min, max;
    /* Reasons. */
    enum said said;
    /* A list of words: how many at most, and what is wrong with a word. */
    enum policy_list list;
    unsigned int max_words;
    const char *(*wrong)(const char *word);
};

/* "policy: WHAT: "KEY=WORD"", with @word NULL "policy: WHAT: "KEY"". */
static int fail(struct reading *r, const char *what, const char *key,
                const char *word)
{
    char safe_key[64], safe_word[64];

    snprintf(r->why, r->why_size, "policy: %s: \"%s%s%s\"", what,
             escape(key, safe_key, sizeof(safe_key)), word ? "=" : "",
             escape(word ? word : "", safe_word, sizeof(safe_word)));
    return -EINVAL;
}

static void write_key(struct text *text, const struct key *key)
{
    if (text->len)
        text_add(text, " ");
    text_add(text, key->name);
    text_add(text, "=");
}

/* One of some words -------------------------------------------------------- */

static int read_choice(struct reading *r, const struct key *key, char *value)
{
    for (uint8_t i = 0; i < MAX_CHOICES && key->choices[i]; i++) {
        if (strcmp(value, key->choices[i]))
            continue;
        memcpy((char *)&r->policy + key->field, &i, 1);
        return 0;
    }
    return fail(r, "bad value", key->name, value);
}

static void write_choice(struct text *text, const struct key *key,
                         const struct policy *policy)
{
    uint8_t i;

    memcpy(&i, (const char *)policy + key->field, 1);
    assert(i < MAX_CHOICES && key->choices[i]);
    write_key(text, key);
    text_add(text, key->choices[i]);
}

/* Numbers ------------------------------------------------------------------ */

static int read_number(struct reading *r, const struct key *key, char *value)
{
    uint32_t number;

    if (number_parse_u32(value, key->min, key->max, &number))
        return fail(r, "bad value", key->name, value);
    memcpy((char *)&r->policy + key->field, &number, sizeof(number));
    return 0;
}

static void write_number(struct text *text, const struct key *key,
                         const struct policy *policy)
{
    uint32_t number;
    char digits[16];

    memcpy(&number, (const char *)policy + key->field, sizeof(number));
    snprintf(digits, sizeof(digits), "%u", number);
    write_key(text, key);
    text_add(text, digits);
}

/* Reasons ------------------------------------------------------------------ */

static int read_reasons(struct reading *r, const struct key *key, char *value)
{
    char *word;

    while ((word = words_next(&value))) {
        int reason = reason_from_text(word);

        if (reason < 0 || reason == VSCANIF_REASON_NONE)
            return fail(r, "unknown reason", key->name, word);
        if (r->said[reason] == key->said)
            return fail(r, "reason given twice", key->name, word);
        if (r->said[reason] != SAID_NOTHING)
            return fail(r, "reason both allowed and denied", key->name, word);
        r->said[reason] = key->said;
    }
    return 0;
}

/* When all keys are known, as their order says nothing. */
static void apply_reasons(struct reading *r)
{
    for (unsigned int i = 0; i < REASON_END; i++)
        r->policy.deny[i] = r->said[i] == SAID_NOTHING ?
                            r->policy.fail_closed : r->said[i] == SAID_DENY;
}

/* Only those that the preset does not say already. */
static void write_reasons(struct text *text, const struct key *key,
                          const struct policy *policy)
{
    bool deny = key->said == SAID_DENY, first = true;

    if (policy->fail_closed == deny)
        return;
    for (unsigned int i = VSCANIF_REASON_NONE + 1; i < REASON_END; i++) {
        if (policy->deny[i] != deny || !reason_exists(i))
            continue;
        if (first)
            write_key(text, key);
        else
            text_add(text, ",");
        text_add(text, reason_text(i));
        first = false;
    }
}

/* Lists -------------------------------------------------------------------- */

static int read_list(struct reading *r, const struct key *key, char *value)
{
    struct policy *policy = &r->policy;
    unsigned int count = 0;
    char *word;

    policy->list_at[key->list] = (uint16_t)r->used;
    while ((word = words_next(&value))) {
        char *out = policy->lists + r->used;
        const char *wrong;

        if (key->max_words && ++count > key->max_words)
            return fail(r, "one word too many", key->name, word);
        assert(r->used + strlen(word) + 2 <= sizeof(policy->lists));
        wrong = word_decode(word, out);
        if (!wrong && key->wrong)
            wrong = key->wrong(out);
        if (wrong)
            return fail(r, wrong, key->name, word);
        r->used += strlen(out) + 1;
    }
    policy->lists[r->used++] = 0;
    return 0;
}

static void write_list(struct text *text, const struct key *key,
                       const struct policy *policy)
{
    const char *word = NULL;
    bool first = true;

    while ((word = policy_word(policy, key->list, word))) {
        if (first)
            write_key(text, key);
        else
            text_add(text, ",");
        text_add_word(text, word);
        first = false;
    }
}

static const char *wrong_path(const char *word)
{
    return word[0] == '/' ? NULL : "no absolute path";
}

static const char *wrong_run(const char *word)
{
    if (strlen(word) > VSCANIF_MAX_RUN)
        return "path too long";
    return wrong_path(word);
}

static const char *wrong_uid(const char *word)
{
    uint32_t uid;

    /* (uid_t)-1 is no user. */
    return number_parse_u32(word, 0, UINT32_MAX - 1, &uid) ? "no uid" : NULL;
}

/* Engines: a list, and a word for the empty one ------------------------------ */

#define ALL "all"

static int read_engines(struct reading *r, const struct key *key, char *value)
{
    const struct policy *policy = &r->policy;
    const char *a = NULL, *b;
    int rc;

    if (!strcmp(value, ALL))
        return 0;
    rc = read_list(r, key, value);
    while (!rc && (a = policy_word(policy, key->list, a)))
        for (b = a; !rc && (b = policy_word(policy, key->list, b));)
            if (!strcmp(a, b))
                rc = fail(r, "engine given twice", key->name, a);
    return rc;
}

static void write_engines(struct text *text, const struct key *key,
                          const struct policy *policy)
{
    if (policy_word(policy, key->list, NULL)) {
        write_list(text, key, policy);
        return;
    }
    write_key(text, key);
    text_add(text, ALL);
}

static const char *wrong_engine(const char *word)
{
    const size_t len = strlen(word);

    if (len > VSCANIF_MAX_ENGINE_NAME || !strcmp(word, ALL) ||
        strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789") != len)
        return "no engine's name";
    return NULL;
}

/* Keys --------------------------------------------------------------------- */

#define CHOICE(member, ...) .read = read_choice, .write = write_choice, \
    .field = offsetof(struct policy, member), .choices = { __VA_ARGS__ }
#define REASONS(which) .read = read_reasons, .write = write_reasons, \
    .said = (which)
#define NUMBER(member, from, to) .read = read_number, .write = write_number, \
    .field = offsetof(struct policy, member), .min = (from), .max = (to)
#define LIST(which, check) .read = read_list, .write = write_list, \
    .list = (which), .wrong = (check)

/* In the order in which they are written. */
static const struct key keys[] = {
    { .name = "mode", CHOICE(mode, [MODE_ENFORCE] = "enforce",
                             [MODE_MONITOR] = "monitor",
                             [MODE_OFF] = "off") },
    { .name = "fail", CHOICE(fail_closed, "open", "closed") },
    { .name = "allow", REASONS(SAID_ALLOW) },
    { .name = "deny", REASONS(SAID_DENY) },
    { .name = "timeout-ms", NUMBER(timeout_ms, VSCANIF_MIN_TIMEOUT_MS,
                                   VSCANIF_MAX_TIMEOUT_MS) },
    { .name = "read", CHOICE(read_events, "no", "yes") },
    { .name = "close-write", CHOICE(close_write, "no", "yes") },
    { .name = "notify", CHOICE(notify, "no", "yes") },
    { .name = "remedy", CHOICE(remedy, [REMEDY_DENY] = "deny",
                       [REMEDY_QUARANTINE] = "quarantine",
                       [REMEDY_DELETE] = "delete") },
    { .name = "scan", CHOICE(scan, [SCAN_SNAPSHOT] = "snapshot",
                             [SCAN_IN_PLACE] = "in-place") },
    { .name = "engines", .read = read_engines, .write = write_engines,
      .list = POLICY_ENGINES, .wrong = wrong_engine,
      .max_words = VSCANIF_MAX_ENGINES },
    { .name = "history", CHOICE(history, "no", "yes") },
    { .name = "transport", CHOICE(transport, [TRANSPORT_AUTO] = "auto",
                                  [TRANSPORT_POOL] = "pool",
                                  [TRANSPORT_STREAM] = "stream",
                                  [TRANSPORT_PAGES] = "pages",
                                  [TRANSPORT_PER_REQUEST] = "per-request") },
    { .name = "max-file-mib", NUMBER(max_file_mib, 1,
                                     VSCANIF_MAX_STREAM_MIB) },
    { .name = "pool-pages", NUMBER(pool_pages, 1, VSCANIF_MAX_POOL_PAGES) },
    { .name = "run", LIST(POLICY_RUN, wrong_run), .max_words = 1 },
    { .name = "exclude-path", LIST(POLICY_EXCLUDE_PATH, wrong_path) },
    { .name = "exclude-fs", LIST(POLICY_EXCLUDE_FS, NULL) },
    { .name = "exclude-exe", LIST(POLICY_EXCLUDE_EXE, wrong_path) },
    { .name = "exclude-uid", LIST(POLICY_EXCLUDE_UID, wrong_uid) },
};

#define NR_KEYS (sizeof(keys) / sizeof(keys[0]))

struct policy policy_default(void)
{
    return (struct policy){
        .mode = MODE_ENFORCE,
        .fail_closed = false,
        .close_write = true,
        .notify = true,
        .remedy = REMEDY_DENY,
        .scan = SCAN_SNAPSHOT,
        .history = true,
        .timeout_ms = VSCANIF_DEFAULT_TIMEOUT_MS,
        .max_file_mib = VSCANIF_DEFAULT_FILE_MIB,
        .pool_pages = VSCANIF_DEFAULT_POOL_PAGES,
    };
}

static int read_word(struct reading *r, char *word, bool *seen)
{
    char *value = strchr(word, '=');
    size_t i;

    if (!value)
        return fail(r, "not KEY=VALUE", word, NULL);
    *value++ = 0;
    for (i = 0; i < NR_KEYS && strcmp(word, keys[i].name); i++)
        ;
    if (i == NR_KEYS)
        return fail(r, "unknown key", word, NULL);
    if (seen[i])
        return fail(r, "key given twice", word, NULL);
    seen[i] = true;
    return keys[i].read(r, &keys[i], value);
}

int policy_parse(const char *text, struct policy *policy_r, char *why,
                 size_t why_size)
{
    struct reading r = { .policy = policy_default(), .used = 1,
                         .why = why, .why_size = why_size };
    char copy[VSCANIF_MAX_NODE + 1];
    bool seen[NR_KEYS] = { false };
    size_t len = strnlen(text, sizeof(copy));

    if (len == sizeof(copy))
        return fail(&r, "longer than a node", "", NULL);
    memcpy(copy, text, len + 1);

    /* An empty policy is one too: all defaults. */
    for (char *word = copy, *next; len && word; word = next) {
        next = strchr(word, ' ');
        if (next)
            *next++ = 0;
        if (read_word(&r, word, seen))
            return -EINVAL;
    }
    apply_reasons(&r);
    *policy_r = r.policy;
    return 0;
}

const char *policy_word(const struct policy *policy, enum policy_list list,
                        const char *word)
{
    const char *lists = policy->lists;
    const size_t size = sizeof(policy->lists);
    size_t at = word ? (size_t)(word - lists) + strlen(word) + 1 :
                       policy->list_at[list];

    /* Policies go from process to process: no word passes the end. */
    if (at >= size || !lists[at] || !memchr(lists + at, 0, size - at))
        return NULL;
    return lists + at;
}

char *policy_format(const struct policy *policy, char *out, size_t size)
{
    struct text text = { .out = out, .size = size };

    for (size_t i = 0; i < NR_KEYS; i++)
        keys[i].write(&text, &keys[i], policy);
    return text.len < size ? out : NULL;
}
