/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy-text.c - see policy-text.h. */
#define _GNU_SOURCE
#include "policy-text.h"

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy-file.h"

static int named(const char *dir, const char *name,
                 struct policy_texts *texts_r)
{
    char why[512];
    int rc = policy_file_read(dir, name, texts_r, why, sizeof(why));

    if (rc)
        warnx("policy: %s", why);
    return rc ? -EINVAL : 0;
}

/* What the shell took for one word may be several.  Empty ones are refused: a
 * variable of a script that is not set asks for no defaults. */
static int add(struct policy_reading *r, const char *words, char *why,
               size_t size)
{
    char *copy = strdup(words), *rest = copy, *word;
    int rc = copy ? 0 : -ENOMEM;

    while (!rc && (word = strsep(&rest, " ")))
        rc = policy_reading_add(r, word, why, size);
    free(copy);
    return rc;
}

int policy_text(const char *dir, char *const words[], int nr,
                struct policy_texts *texts_r)
{
    struct policy_reading r;
    char why[512] = "no memory";

    if (nr == 0)
        return named(dir, POLICY_DEFAULT, texts_r);
    if (nr == 1 && *words[0] && !strchr(words[0], '='))
        return named(dir, words[0], texts_r);
    policy_reading_init(&r);
    for (int i = 0; i < nr; i++) {
        if (add(&r, words[i], why, sizeof(why))) {
            warnx("%s", why);
            return -EINVAL;
        }
    }
    if (policy_reading_end(&r, texts_r, why, sizeof(why))) {
        warnx("policy: %s", why);
        return -EINVAL;
    }
    return 0;
}
