/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * list.c - vscanctl list: a table of all scan devices.
 *
 * Overview: one row a device, and below it, indented, what is wrong with it and
 * with the back's engines, and what the guest says it does not cover.  Whatever front or back have
 * written is parsed or escaped before it is shown.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attachment.h"
#include "check.h"
#include "command.h"
#include "device.h"
#include "domain.h"
#include "engine-line.h"
#include "handshake.h"
#include "names.h"
#include "policy.h"
#include "xs.h"

/* Name, ID, Backend, Front, Back, Fail, Timeout: 79 columns. */
#define ROW "%-16s %5s %-12s %-12s %-12s %-6s %9s\n"

/* Lines of what is not covered that are shown of one guest. */
#define MAX_NOT_COVERED 32

static const char *state_of(const struct machine *m, const char *folder)
{
    enum xenbus_state state;

    if (xsx_read_state(m->xs, XBT_NULL, folder, &state))
        return "?";
    return handshake_name(state);
}

/* 0, or -errno with *@policy_r unchanged and a sentence in @why. */
static int read_policy(const struct machine *m, uint32_t front,
                       struct policy *policy_r, char *why, size_t size)
{
    struct vscan_path folder = names_policy(front);
    char *text;
    int rc;

    rc = xsx_read(m->xs, XBT_NULL, folder.s, NODE_POLICY, &text);
    if (rc) {
        snprintf(why, size, "policy: %s", rc == -ENOENT ? "there is none" :
                 "the node is malformed");
        return rc;
    }
    rc = policy_parse(text, policy_r, why, size);
    free(text);
    return rc;
}

static void print_error(const struct machine *m, const char *whose,
                        const char *folder)
{
    char safe[512], *text;

    if (xsx_read(m->xs, XBT_NULL, folder, NODE_ERROR, &text))
        return;
    if (*text)
        printf("    %s: %s\n", whose, escape(text, safe, sizeof(safe)));
    free(text);
}

/*
 * A front has escaped what it writes here: to do so once more would make names
 * hard to read.  What it would not have written is shown as "?".
 */
static void print_line(const char *what, const char *line)
{
    printf("    %s: ", what);
    for (; *line; line++)
        putchar(*line >= 0x20 && *line < 0x7f ? *line : '?');
    putchar('\n');
}

/* Of one that is not in order. */
static void print_engine(const struct engine_line *line)
{
    char title[64];

    if (line->state == ENGINE_LINE_OK)
        return;
    snprintf(title, sizeof(title), "%s %s", line->name,
             line->state == ENGINE_LINE_DOWN ? "does not scan" :
             "keeps its old signatures");
    print_line(title, line->text);
}

/* A back that does not write it says nothing. */
static void print_engines(const struct machine *m, const char *folder)
{
    unsigned int count = 0;
    struct engine_line line;
    char *text, *rest;
    int rc;

    rc = xsx_read(m->xs, XBT_NULL, folder, NODE_ENGINES, &text);
    if (rc == -EINVAL)
        puts("    engines: the node is malformed");
    if (rc)
        return;
    for (rest = text; (rc = engine_line_next(&rest, &line)) == 1;) {
        if (++count > VSCANIF_MAX_ENGINES) {
            rc = -EINVAL;
            break;
        }
        print_engine(&line);
    }
    if (rc)
        puts("    engines: the node is malformed");
    free(text);
}

/* A line each, which a guest can fill with anything, in any number. */
static void print_not_covered(const struct machine *m, const char *folder)
{
    unsigned int count = 0;
    char *text;
    int rc;

    rc = xsx_read(m->xs, XBT_NULL, folder, NODE_NOT_COVERED, &text);
    if (rc == -EINVAL)
        print_line("not covered", "(the node is malformed)");
    if (rc)
        return;
    for (char *line = text, *next; line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = 0;
        if (*line && ++count <= MAX_NOT_COVERED)
            print_line("not covered", line);
    }
    if (count > MAX_NOT_COVERED)
        printf("    not covered: %u more\n", count - MAX_NOT_COVERED);
    free(text);
}

/* vscand waits for another domain with that name. */
static void print_orphan(const struct machine *m, const struct device *d)
{
    char safe[DOMAIN_NAME_SIZE], *name;

    if (device_back_name(m->xs, d->front, &name)) {
        printf("    stale: the back's domain %u is gone; vscanctl detach %u\n",
               d->back, d->front);
        return;
    }
    printf("    stale: the back's domain %u is gone; create \"%s\" anew, or "
           "vscanctl detach %u\n", d->back, escape(name, safe, sizeof(safe)),
           d->front);
    free(name);
}

static void print_stale(const struct machine *m, const struct device *d)
{
    if (domain_state(m, d->front) == DOMAIN_GONE)
        printf("    stale: domain %u is gone; vscanctl detach %u\n", d->front,
               d->front);
    else if (domain_state(m, d->back) == DOMAIN_GONE)
        print_orphan(m, d);
    else if (domain_state(m, d->back) == DOMAIN_DOWN)
        printf("    the back's domain %u has crashed or shut down\n", d->back);
    else if (!d->recorded || !d->back_folder)
        printf("    stale: nodes are missing; vscanctl detach %u\n", d->front);
}

/* Connected, and yet: */
static void print_mode(const struct policy *policy)
{
    if (policy->mode == MODE_MONITOR)
        puts("    mode=monitor: nothing is denied");
    else if (policy->mode == MODE_OFF)
        puts("    mode=off: nothing is scanned");
}

static void print_device(const struct machine *m, const struct device *d)
{
    struct vscan_path front_folder = names_front(d->front);
    struct vscan_path back_folder = names_back(d->back, d->front);
    char front[DOMAIN_NAME_SIZE], back[DOMAIN_NAME_SIZE];
    char id[16], timeout[16], why[256];
    struct policy policy = policy_default();
    int rc;

    rc = read_policy(m, d->front, &policy, why, sizeof(why));
    snprintf(id, sizeof(id), "%u", d->front);
    snprintf(timeout, sizeof(timeout), "%u ms", policy.timeout_ms);
    printf(ROW, domain_name(m, d->front, front), id,
           domain_name(m, d->back, back), state_of(m, front_folder.s),
           state_of(m, back_folder.s),
           rc ? "?" : policy.fail_closed ? "closed" : "open",
           rc ? "?" : timeout);
    print_stale(m, d);
    print_mode(&policy);
    if (rc && rc != -ENOENT)
        printf("    %s\n", why);
    print_error(m, "front", front_folder.s);
    print_error(m, "back", back_folder.s);
    print_engines(m, back_folder.s);
    print_not_covered(m, front_folder.s);
}

static bool is_back(const struct device_list *devices, uint32_t domid)
{
    for (size_t i = 0; i < devices->count; i++)
        if (devices->devices[i].back == domid)
            return true;
    return false;
}

/* What vscand would say of it. */
static void print_unprotected(const struct machine *m, uint32_t domid)
{
    char name[DOMAIN_NAME_SIZE], id[16], why[512];

    snprintf(id, sizeof(id), "%u", domid);
    printf(ROW, domain_name(m, domid, name), id, "-", "-", "-", "-", "-");
    if (device_stays_detached(m->xs, domid))
        snprintf(why, sizeof(why), "it has been detached");
    else if (!attachment_find(m, &attachment_places, domid, why, sizeof(why)))
        snprintf(why, sizeof(why), "vscand is about to attach it");
    printf("    not protected: %s\n", why);
}

/* All others, but those that scan. */
static int list_unprotected(const struct machine *m,
                            const struct device_list *devices)
{
    unsigned int nr;
    uint32_t *domids;
    int rc = domain_list(m, &domids, &nr);

    if (rc) {
        warnx("cannot list the domains: %s", strerror(-rc));
        return rc;
    }
    for (unsigned int i = 0; i < nr; i++)
        if (!device_attached(m->xs, domids[i]) && !is_back(devices, domids[i]))
            print_unprotected(m, domids[i]);
    free(domids);
    return 0;
}

static int list(const struct machine *m)
{
    struct device_list devices;
    char why[512];
    int rc;

    attachment_check_dirs(&attachment_places, why, sizeof(why));
    if (why[0])
        warnx("%s", why);
    rc = device_list(m->xs, &devices);
    if (rc) {
        warnx("cannot read xenstore: %s", strerror(-rc));
        return rc;
    }
    printf(ROW, "Name", "ID", "Backend", "Front", "Back", "Fail", "Timeout");
    for (size_t i = 0; i < devices.count; i++)
        print_device(m, &devices.devices[i]);
    rc = list_unprotected(m, &devices);
    device_list_dispose(&devices);
    return rc;
}

int list_main(int argc, char **argv)
{
    static const struct option options[] = { { NULL, 0, NULL, 0 } };
    struct machine m;
    int rc;

    if (getopt_long(argc, argv, "", options, NULL) != -1)
        return STATUS_USAGE;
    if (optind != argc) {
        warnx("list takes no domain");
        return STATUS_USAGE;
    }
    if (machine_init(&m))
        return STATUS_FAILED;
    rc = list(&m);
    machine_dispose(&m);
    if (!rc && fflush(stdout)) {
        warn("standard output");
        rc = -EIO;
    }
    return rc ? STATUS_FAILED : STATUS_DONE;
}
