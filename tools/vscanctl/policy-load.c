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
#include "json-add.h"
#include "policy-file.h"

struct load {
    const char *dir;
    struct machine m;
    struct device_list devices;
    struct json_object *policies;       /* NULL: text */
};

/* Rows of a guest stand together: the others are of what is left over. */
static bool is_first_row(const struct device_list *list, size_t i)
{
    return i == 0 || list->devices[i - 1].front != list->devices[i].front;
}

static void say_given(const struct load *l, uint32_t front,
                      const struct policy_texts *texts, int rc,
                      struct json_object *guests)
{
    char name[DOMAIN_NAME_SIZE];
    struct json_object *one;

    domain_name(&l->m, front, name);
    if (guests) {
        one = json_object_new_object();
        json_add_text(one, "domain", name);
        json_add_number(one, "domid", front);
        json_add_text(one, "error", rc ? strerror(-rc) : NULL);
        json_object_array_add(guests, one);
    } else if (rc) {
        warnx("cannot write the policy of domain %u (%s): %s", front, name,
              strerror(-rc));
    } else {
        printf("domain %u (%s) has the policy %s\n", front, name, texts->name);
    }
}

/* In one transaction, so that a guest that follows another one by now keeps it.
 * Returns 1 when the guest has it. */
static int give(const struct load *l, uint32_t front,
                const struct policy_texts *texts, struct json_object *guests)
{
    int rc = device_load_policy(l->m.xs, front, texts);

    if (rc == -ESRCH || rc == -ENOENT)
        return 0;
    say_given(l, front, texts, rc, guests);
    return rc ? rc : 1;
}

static int give_all(const struct load *l, const struct policy_texts *texts,
                    struct json_object *guests)
{
    const struct device_list *list = &l->devices;
    bool any = false;
    int rc = 0, last;

    for (size_t i = 0; i < list->count; i++) {
        if (!is_first_row(list, i))
            continue;
        last = give(l, list->devices[i].front, texts, guests);
        any |= last != 0;
        if (last < 0)
            rc = last;
    }
    if (!any && !guests)
        printf("no guest has the policy %s\n", texts->name);
    return rc;
}

static int load_one(const struct load *l, const char *name)
{
    struct json_object *one, *guests = l->policies ? json_object_new_array() :
                                       NULL;
    struct policy_texts texts;
    char why[512];
    int rc = policy_file_read(l->dir, name, &texts, why, sizeof(why));

    if (l->policies) {
        one = json_object_new_object();
        json_add_text(one, "policy", name);
        json_add_text(one, "error", rc ? why : NULL);
        json_object_object_add(one, "guests", guests);
        json_object_array_add(l->policies, one);
    } else if (rc) {
        warnx("%s", why);
    }
    return rc ? rc : give_all(l, &texts, guests);
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

static void show_json(const struct load *l)
{
    struct json_object *all = json_object_new_object();

    json_object_object_add(all, "policies", l->policies);
    json_show(all);
}

int policy_load(const char *dir, const char *name, bool json)
{
    struct load l = { .dir = dir };
    int rc = machine_init(&l.m);

    if (rc)
        return rc;
    rc = device_list(l.m.xs, &l.devices);
    if (rc) {
        warnx("cannot read xenstore: %s", strerror(-rc));
    } else {
        l.policies = json ? json_object_new_array() : NULL;
        rc = name ? load_one(&l, name) : load_all(&l);
        if (json)
            show_json(&l);
        device_list_dispose(&l.devices);
    }
    machine_dispose(&l.m);
    return rc;
}
