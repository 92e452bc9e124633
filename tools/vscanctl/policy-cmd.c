/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy-cmd.c - vscanctl policy: shows, replaces and checks policies.
 *
 * Overview: a new policy replaces all of the old one, in one transaction, after
 * all of it was found good; the front follows at once.  What follows from a file
 * is in policy-load.c, and how it is changed in policy-edit.c.
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
#include "names.h"
#include "policy-edit.h"
#include "policy-file.h"
#include "policy-load.h"
#include "policy-text.h"
#include "xs.h"

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
static int print_policy(const struct machine *m, uint32_t front)
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
        print_words(policy_format(&policy, shown, sizeof(shown)));
    return rc;
}

static int print_response(const struct machine *m, uint32_t front)
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
        print_words(response_format(&response, shown));
    return rc;
}

static int show_domain(const struct machine *m, uint32_t front)
{
    char safe[4 * POLICY_NAME_MAX], *name = NULL;
    int rc;

    if (!device_attached(m->xs, front))
        return not_attached(m, front);
    rc = check_read(front, device_policy_name(m->xs, front, &name));
    if (name)
        printf("# policy %s\n", escape(name, safe, sizeof(safe)));
    free(name);
    if (!rc)
        rc = print_policy(m, front);
    return rc ? rc : print_response(m, front);
}

static int show_file(const char *dir, const char *name)
{
    struct policy_texts texts;
    char safe[256], why[512];
    int rc = policy_file_read(dir, name, &texts, why, sizeof(why));

    if (!rc) {
        print_words(texts.policy);
        print_words(texts.response);
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

static int show(const char *dir, int nr, char *const words[])
{
    struct machine m;
    uint32_t front;
    int rc = machine_init(&m);

    (void)nr;
    if (rc)
        return rc;
    if (is_domain(&m, words[0])) {
        rc = domain_find(&m, words[0], &front);
        if (!rc)
            rc = show_domain(&m, front);
    } else {
        rc = show_file(dir, words[0]);
    }
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

static int set(const char *dir, int nr, char *const words[])
{
    struct policy_texts texts;
    struct machine m;
    uint32_t front;
    int rc;

    if (policy_text(dir, words + 1, nr - 1, &texts))
        return STATUS_USAGE;
    rc = machine_init(&m);
    if (rc)
        return rc;
    rc = domain_find(&m, words[0], &front);
    if (!rc)
        rc = replace(&m, front, &texts);
    machine_dispose(&m);
    return rc;
}

/* Check -------------------------------------------------------------------- */

/* A word with a slash in it is a path. */
static int check_one(const char *dir, const char *word)
{
    struct policy_texts texts;
    char safe[1024], why[512];
    int rc = strchr(word, '/') ?
             policy_file_read_path(word, &texts, why, sizeof(why)) :
             policy_file_read(dir, word, &texts, why, sizeof(why));

    if (rc)
        warnx("%s", why);
    else
        printf("%s: ok\n", escape(word, safe, sizeof(safe)));
    return rc;
}

/* What editors leave behind is no policy. */
static int is_no_leftover(const struct dirent *entry)
{
    return entry->d_name[0] != '.' &&
           entry->d_name[strlen(entry->d_name) - 1] != '~';
}

static int check_all(const char *dir)
{
    struct dirent **entries;
    int nr = scandir(dir, &entries, is_no_leftover, alphasort), rc = 0;

    if (nr < 0) {
        rc = -errno;
        warn("%s", dir);
        return rc;
    }
    for (int i = 0; i < nr; i++) {
        int last = check_one(dir, entries[i]->d_name);

        if (last)
            rc = last;
        free(entries[i]);
    }
    free(entries);
    return rc;
}

static int check(const char *dir, int nr, char *const words[])
{
    int rc = nr ? 0 : check_all(dir);

    for (int i = 0; i < nr; i++) {
        int last = check_one(dir, words[i]);

        if (last)
            rc = last;
    }
    return rc;
}

/* The others --------------------------------------------------------------- */

static int load(const char *dir, int nr, char *const words[])
{
    return policy_load(dir, nr ? words[0] : NULL);
}

static int edit(const char *dir, int nr, char *const words[])
{
    int rc = policy_edit(dir, words[0]);

    (void)nr;
    if (!rc)
        printf("nothing was changed\n");
    return rc > 0 ? policy_load(dir, words[0]) : rc;
}

/* 0, -errno, or STATUS_USAGE. */
static const struct subcommand {
    const char *name, *arguments;
    int (*run)(const char *dir, int nr, char *const words[]);
    int min, max;           /* words */
} subcommands[] = {
    { "show", "a domain or a policy", show, 1, 1 },
    { "set", "a domain and a policy", set, 2, INT_MAX },
    { "check", "policies", check, 0, INT_MAX },
    { "load", "one policy at most", load, 0, 1 },
    { "edit", "a policy", edit, 1, 1 },
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
    static const struct option options[] = { { NULL, 0, NULL, 0 } };
    const struct subcommand *sub;
    int rc, nr;

    if (getopt_long(argc, argv, "", options, NULL) != -1)
        return STATUS_USAGE;
    nr = argc - optind - 1;
    sub = find(nr < 0 ? "" : argv[optind]);
    if (!sub)
        return STATUS_USAGE;
    if (nr < sub->min || nr > sub->max) {
        warnx("policy %s takes %s", sub->name, sub->arguments);
        return STATUS_USAGE;
    }
    rc = sub->run(dir, nr, argv + optind + 1);
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
