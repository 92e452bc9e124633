/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy-text.c - see policy-text.h. */
#include "policy-text.h"

#include <err.h>
#include <errno.h>
#include <string.h>

#include "policy-file.h"
#include "policy.h"
#include "words.h"

static int named(const char *name, char text_r[VSCANIF_MAX_NODE + 1])
{
    char why[512];
    int rc = policy_file_read(POLICY_DIR, name, text_r, why, sizeof(why));

    if (rc)
        warnx("policy: %s", why);
    return rc ? -EINVAL : 0;
}

int policy_text(char *const words[], int nr,
                char text_r[VSCANIF_MAX_NODE + 1])
{
    /* What is too long for a node is cut to what policy_parse() refuses. */
    char joined[VSCANIF_MAX_NODE + 2] = "", why[256];
    struct text text = { .out = joined, .size = sizeof(joined) };
    struct policy policy;

    if (nr == 0)
        return named(POLICY_DEFAULT, text_r);
    if (nr == 1 && *words[0] && !strchr(words[0], '='))
        return named(words[0], text_r);
    for (int i = 0; i < nr; i++) {
        /* A variable of a script that is not set asks for no defaults. */
        if (!*words[i]) {
            warnx("policy: an empty word");
            return -EINVAL;
        }
        if (i)
            text_add(&text, " ");
        text_add(&text, words[i]);
    }
    if (policy_parse(joined, &policy, why, sizeof(why))) {
        warnx("%s", why);
        return -EINVAL;
    }
    if (!policy_format(&policy, text_r, VSCANIF_MAX_NODE + 1)) {
        warnx("policy: with all keys named, longer than a node (%d octets)",
              VSCANIF_MAX_NODE);
        return -EINVAL;
    }
    return 0;
}
