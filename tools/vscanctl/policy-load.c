/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy-load.c - see policy-load.h. */
#include "policy-load.h"

#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "device.h"
#include "domain.h"
#include "policy-file.h"

struct load {
    const char *dir;
    struct machine m;
    struct device_list devices;
};

/* Rows of a guest stand together: the others are of what is left over. */
static bool is_first_row(const struct device_list *list, size_t i)
{
    return i == 0 || list->devices[i - 1].front != list->devices[i].front;
}

/* In one transaction, so that a guest that follows another one by now keeps it.
 * Returns 1 when the guest has it. */
static int give(const struct load *l, uint32_t front,
                const struct policy_texts *texts)
{
    char name[DOMAIN_NAME_SIZE];
    int rc = device_load_policy(l->m.xs, front, texts);

    if (rc == -ESRCH || rc == -ENOENT)
        return 0;
    domain_name(&l->m, front, name);
    if (rc) {
        warnx("cannot write the policy of domain %u (%s): %s", front, name,
              strerror(-rc));
        return rc;
    }
    printf("domain %u (%s) has the policy %s\n", front, name, texts->name);
    return 1;
}

static int load_one(const struct load *l, const char *name)
{
    const struct device_list *list = &l->devices;
    struct policy_texts texts;
    bool any = false;
    char why[512];
    int rc = policy_file_read(l->dir, name, &texts, why, sizeof(why)), last;

    if (rc) {
        warnx("%s", why);
        return rc;
    }
    for (size_t i = 0; i < list->count; i++) {
        if (!is_first_row(list, i))
            continue;
        last = give(l, list->devices[i].front, &texts);
        any |= last != 0;
        if (last < 0)
            rc = last;
    }
    if (!any)
        printf("no guest has the policy %s\n", name);
    return rc;
}

static bool is_among(const char *name, char *const *names, size_t nr)
{
    for (size_t i = 0; i < nr; i++)
        if (!strcmp(name, names[i]))
            return true;
    return false;
}

/* Each that a guest follows, once. */
static int load_all(const struct load *l)
{
    const struct device_list *list = &l->devices;
    char **names = calloc(list->count + 1, sizeof(*names)), *name;
    size_t nr = 0;
    int rc = names ? 0 : -ENOMEM, last;

    if (rc)
        warnx("no memory");
    for (size_t i = 0; names && i < list->count; i++) {
        if (device_policy_name(l->m.xs, list->devices[i].front, &name))
            continue;
        if (is_among(name, names, nr)) {
            free(name);
            continue;
        }
        names[nr++] = name;
        last = load_one(l, name);
        if (last)
            rc = last;
    }
    while (nr > 0)
        free(names[--nr]);
    free(names);
    return rc;
}

int policy_load(const char *dir, const char *name)
{
    struct load l = { .dir = dir };
    int rc = machine_init(&l.m);

    if (rc)
        return rc;
    rc = device_list(l.m.xs, &l.devices);
    if (rc) {
        warnx("cannot read xenstore: %s", strerror(-rc));
    } else {
        rc = name ? load_one(&l, name) : load_all(&l);
        device_list_dispose(&l.devices);
    }
    machine_dispose(&l.m);
    return rc;
}
