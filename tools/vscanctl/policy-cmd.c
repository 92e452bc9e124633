/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy-cmd.c - vscanctl policy: shows, replaces and checks policies.
 *
 * Overview: a new policy replaces all of the old one, in one transaction, after
 * all of it was found good; the front follows at once.  What follows from a
 * file is in policy-load.c, and how it is changed in policy-edit.c.
 */
#define _GNU_SOURCE
#include "policy-cmd.h"

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "command.h"
#include "device.h"
#include "domain.h"
#include "json-add.h"
#include "names.h"
#include "policy-edit.h"
#include "policy-file.h"
#include "policy-load.h"
#include "policy-text.h"
#include "xs.h"

struct request {
    const char *dir;
    bool json;
    int nr;
    char *const *words;
};

static int not_attached(const struct machine *m, uint32_t front)
{
    char name[DOMAIN_NAME_SIZE];

    if (!domain_exists(m, front))
        warnx("there is no domain %u", front);
    else
        warnx("domain %u (%s) is not attached", front,
              domain_name(m, front, name));
    return -ENOENT;
}

/* Show --------------------------------------------------------------------- */

/* As a file has them: a line each. */
static void print_words(const char *words)
{
    for (; *words; words++)
        putchar(*words == ' ' ? '\n' : *words);
    putchar('\n');
}

/* Each key with its value, as text. */
static void add_words(struct json_object *keys, char *words)
{
    char *rest, *word;

    for (word = strtok_r(words, " ", &rest); word;
         word = strtok_r(NULL, " ", &rest)) {
        char *value = strchr(word, '=');

        *value++ = 0;
        json_add_text(keys, word, value);
    }
}

/* @keys is NULL: as text. */
static void show_words(struct json_object *keys, char *words)
{
    if (keys)
        add_words(keys, words);
    else
        print_words(words);
}

/* What @rc of a read of a policy's node is, which may be absent. */
static int check_read(uint32_t front, int rc)
{
    if (!rc || rc == -ENOENT)
        return 0;
    warnx("cannot read the policy of domain %u: %s", front,
          rc == -EINVAL ? "the node is malformed" : strerror(-rc));
    return rc;
}

/* Without a node the front takes the defaults. */
static int show_policy(const struct machine *m, uint32_t front,
                       struct json_object *keys)
{
    char shown[POLICY_TEXT_SIZE], why[256], *text = NULL;
    struct policy policy;
    int rc = check_read(front, xsx_read(m->xs, XBT_NULL, names_policy(front).s,
                                        NODE_POLICY, &text));

    if (rc)
        return rc;
    rc = policy_parse(text ? text : "", &policy, why, sizeof(why));
    free(text);
    if (rc)
        warnx("%s", why);
    else
        show_words(keys, policy_format(&policy, shown, sizeof(shown)));
    return rc;
}

static int show_response(const struct machine *m, uint32_t front,
                         struct json_object *keys)
{
    char shown[RESPONSE_TEXT_SIZE], why[512], *text = NULL;
    struct response response;
    int rc = check_read(front, device_response(m->xs, front, &text));

    if (rc)
        return rc;
    rc = response_parse(text ? text : "", &response, why, sizeof(why));
    free(text);
    if (rc)
        warnx("%s", why);
    else
        show_words(keys, response_format(&response, shown));
    return rc;
}

/* *@name_r is that of the policy which it follows, for the caller to free, or
 * stays NULL. */
static int show_domain(const struct machine *m, uint32_t front,
                       struct json_object *keys, char **name_r)
{
    char safe[4 * POLICY_NAME_MAX];
    int rc;

    if (!device_attached(m->xs, front))
        return not_attached(m, front);
    rc = check_read(front, device_policy_name(m->xs, front, name_r));
    if (*name_r && !keys)
        printf("# policy %s\n", escape(*name_r, safe, sizeof(safe)));
    if (!rc)
        rc = show_policy(m, front, keys);
    return rc ? rc : show_response(m, front, keys);
}

static int show_file(const char *dir, const char *name,
                     struct json_object *keys)
{
    struct policy_texts texts;
    char safe[256], why[512];
    int rc = policy_file_read(dir, name, &texts, why, sizeof(why));

    if (!rc) {
        show_words(keys, texts.policy);
        show_words(keys, texts.response);
    } else if (rc == -ENOENT || !policy_name_is_one(name)) {
        warnx("there is no domain and no policy \"%s\"",
              escape(name, safe, sizeof(safe)));
    } else {
        warnx("%s", why);
    }
    return rc;
}

/* A number is an id, and where there is a domain it counts more. */
static bool is_domain(const struct machine *m, const char *text)
{
    uint32_t domid;

    return strspn(text, "0123456789") == strlen(text) ||
           !domain_by_name(m, text, &domid);
}

/* @front is NULL: the policy itself, of no guest. */
static void show_json(const struct machine *m, const uint32_t *front,
                      const char *name, struct json_object *keys)
{
    struct json_object *all = json_object_new_object();
    char *domain = front ? domain_own_name(m, *front) : NULL;

    json_add_text(all, "policy", name);
    json_add_text(all, "domain", domain);
    json_object_object_add(all, "domid", front ?
                           json_object_new_uint64(*front) : NULL);
    json_object_object_add(all, "keys", json_object_get(keys));
    json_show(all);
    free(domain);
}

static int show_one(const struct machine *m, const struct request *r,
                    struct json_object *keys)
{
    char *name = NULL;
    uint32_t front;
    int rc;

    if (!is_domain(m, r->words[0])) {
        rc = show_file(r->dir, r->words[0], keys);
        if (!rc && keys)
            show_json(m, NULL, r->words[0], keys);
        return rc;
    }
    rc = domain_find(m, r->words[0], &front);
    if (!rc)
        rc = show_domain(m, front, keys, &name);
    if (!rc && keys)
        show_json(m, &front, name, keys);
    free(name);
    return rc;
}

static int show(const struct request *r)
{
    struct json_object *keys;
    struct machine m;
    int rc = machine_init(&m);

    if (rc)
        return rc;
    keys = r->json ? json_object_new_object() : NULL;
    rc = show_one(&m, r, keys);
    json_object_put(keys);
    machine_dispose(&m);
    return rc;
}

/* Set ---------------------------------------------------------------------- */

static int replace(const struct machine *m, uint32_t front,
                   const struct policy_texts *texts)
{
    int rc = device_set_policy(m->xs, front, texts);

    if (rc == -ENOENT)
        return not_attached(m, front);
    if (rc)
        warnx("cannot write the policy of domain %u: %s", front,
              strerror(-rc));
    return rc;
}

static int set(const struct request *r)
{
    struct policy_texts texts;
    struct machine m;
    uint32_t front;
    int rc;

    if (policy_text(r->dir, r->words + 1, r->nr - 1, &texts))
        return STATUS_USAGE;
    rc = machine_init(&m);
    if (rc)
        return rc;
    rc = domain_find(&m, r->words[0], &front);
    if (!rc)
        rc = replace(&m, front, &texts);
    machine_dispose(&m);
    return rc;
}

/* Check -------------------------------------------------------------------- */

/* A word with a slash in it is a path. */
static int check_one(const char *dir, const char *word,
                     struct json_object *checked)
{
    struct policy_texts texts;
    struct json_object *one;
    char safe[1024], why[512];
    int rc = strchr(word, '/') ?
             policy_file_read_path(word, &texts, why, sizeof(why)) :
             policy_file_read(dir, word, &texts, why, sizeof(why));

    if (checked) {
        one = json_object_new_object();
        json_add_text(one, "policy", word);
        json_object_object_add(one, "ok", json_object_new_boolean(!rc));
        json_add_text(one, "error", rc ? why : NULL);
        json_object_array_add(checked, one);
    } else if (rc) {
        warnx("%s", why);
    } else {
        printf("%s: ok\n", escape(word, safe, sizeof(safe)));
    }
    return rc;
}

/* What editors leave behind is no policy. */
static int is_no_leftover(const struct dirent *entry)
{
    return entry->d_name[0] != '.' &&
           entry->d_name[strlen(entry->d_name) - 1] != '~';
}

static int check_all(const char *dir, struct json_object *checked)
{
    struct dirent **entries;
    int nr = scandir(dir, &entries, is_no_leftover, alphasort), rc = 0;

    if (nr < 0) {
        rc = -errno;
        warn("%s", dir);
        return rc;
    }
    for (int i = 0; i < nr; i++) {
        int last = check_one(dir, entries[i]->d_name, checked);

        if (last)
            rc = last;
        free(entries[i]);
    }
    free(entries);
    return rc;
}

static int check_words(const struct request *r, struct json_object *checked)
{
    int rc = r->nr ? 0 : check_all(r->dir, checked);

    for (int i = 0; i < r->nr; i++) {
        int last = check_one(r->dir, r->words[i], checked);

        if (last)
            rc = last;
    }
    return rc;
}

static int check(const struct request *r)
{
    struct json_object *all, *checked = r->json ? json_object_new_array() :
                                        NULL;
    int rc = check_words(r, checked);

    if (checked) {
        all = json_object_new_object();
        json_object_object_add(all, "policies", checked);
        json_show(all);
    }
    return rc;
}

/* The others --------------------------------------------------------------- */

static int load(const struct request *r)
{
    return policy_load(r->dir, r->nr ? r->words[0] : NULL, r->json);
}

static int edit(const struct request *r)
{
    int rc = policy_edit(r->dir, r->words[0]);

    if (!rc)
        printf("nothing was changed\n");
    return rc > 0 ? policy_load(r->dir, r->words[0], false) : rc;
}

/* 0, -errno, or STATUS_USAGE. */
static const struct subcommand {
    const char *name, *arguments;
    int (*run)(const struct request *r);
    int min, max;           /* words */
    bool json;              /* it knows that option */
} subcommands[] = {
    { "show", "a domain or a policy", show, 1, 1, true },
    { "set", "a domain and a policy", set, 2, INT_MAX, false },
    { "check", "policies", check, 0, INT_MAX, true },
    { "load", "one policy at most", load, 0, 1, true },
    { "edit", "a policy", edit, 1, 1, false },
};

#define NR_SUBCOMMANDS (sizeof(subcommands) / sizeof(subcommands[0]))

static const struct subcommand *find(const char *name)
{
    char safe[64];

    for (size_t i = 0; i < NR_SUBCOMMANDS; i++)
        if (!strcmp(name, subcommands[i].name))
            return &subcommands[i];
    warnx("policy: not show, set, check, load or edit: \"%s\"",
          escape(name, safe, sizeof(safe)));
    return NULL;
}

int policy_command(const char *dir, int argc, char **argv)
{
    static const struct option options[] = {
        { "json", no_argument, NULL, 'j' },
        { NULL, 0, NULL, 0 },
    };
    struct request r = { .dir = dir };
    const struct subcommand *sub;
    int option, rc;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option != 'j')
            return STATUS_USAGE;
        r.json = true;
    }
    r.nr = argc - optind - 1;
    sub = find(r.nr < 0 ? "" : argv[optind]);
    if (!sub)
        return STATUS_USAGE;
    if (r.nr < sub->min || r.nr > sub->max || (r.json && !sub->json)) {
        warnx("policy %s takes %s%s", sub->name, sub->arguments,
              sub->json ? ", and --json" : "");
        return STATUS_USAGE;
    }
    r.words = argv + optind + 1;
    rc = sub->run(&r);
    if (fflush(stdout)) {
        warn("standard output");
        rc = -EIO;
    }
    return rc == STATUS_USAGE || !rc ? rc : STATUS_FAILED;
}

int policy_main(int argc, char **argv)
{
    return policy_command(POLICY_DIR, argc, argv);
}
