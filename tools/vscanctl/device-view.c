/* SPDX-License-Identifier: GPL-2.0-or-later */
/* device-view.c - see device-view.h. */
#include "device-view.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "handshake.h"
#include "names.h"
#include "xs.h"

void device_view_tame(char *text)
{
    for (; *text; text++)
        if (*text < 0x20 || *text >= 0x7f)
            *text = '?';
}

static const char *state_of(const struct machine *m, const char *folder)
{
    enum xenbus_state state;

    if (xsx_read_state(m->xs, XBT_NULL, folder, &state))
        return "?";
    return handshake_name(state);
}

static void read_policy(const struct machine *m, uint32_t front,
                        struct device_view *v)
{
    struct vscan_path folder = names_policy(front);
    char *text;
    int rc;

    v->policy = policy_default();
    rc = xsx_read(m->xs, XBT_NULL, folder.s, NODE_POLICY, &text);
    if (rc) {
        snprintf(v->policy_why, sizeof(v->policy_why), "policy: %s",
                 rc == -ENOENT ? "there is none" : "the node is malformed");
    } else {
        rc = policy_parse(text, &v->policy, v->policy_why,
                          sizeof(v->policy_why));
        free(text);
    }
    v->policy_rc = rc;
}

static char *read_error(const struct machine *m, const char *folder)
{
    char *text;

    if (xsx_read(m->xs, XBT_NULL, folder, NODE_ERROR, &text))
        return NULL;
    if (*text)
        return text;
    free(text);
    return NULL;
}

/* A back that does not write it says nothing. */
static void read_engines(const struct machine *m, const char *folder,
                         struct engine_view *e)
{
    struct engine_line line;
    char *text, *rest;
    int rc;

    rc = xsx_read(m->xs, XBT_NULL, folder, NODE_ENGINES, &text);
    e->malformed = rc == -EINVAL;
    if (rc)
        return;
    for (rest = text; (rc = engine_line_next(&rest, &line)) == 1;) {
        if (e->nr == VSCANIF_MAX_ENGINES) {
            rc = -EINVAL;
            break;
        }
        device_view_tame(line.text);
        e->line[e->nr++] = line;
    }
    e->malformed = rc != 0;
    free(text);
}

/* A line each, which a guest can fill with anything, in any number. */
static void read_not_covered(const struct machine *m, const char *folder,
                             struct not_covered *n)
{
    int rc = xsx_read(m->xs, XBT_NULL, folder, NODE_NOT_COVERED, &n->text);

    n->malformed = rc == -EINVAL;
    if (rc)
        return;
    for (char *line = n->text, *next; line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = 0;
        if (!*line)
            continue;
        device_view_tame(line);
        if (n->nr < MAX_NOT_COVERED)
            n->line[n->nr++] = line;
        else
            n->more++;
    }
}

/* vscand waits for another domain with that name. */
static void tell_orphan(const struct machine *m, const struct device *d,
                        char *out, size_t size)
{
    char safe[DOMAIN_NAME_SIZE], *name;

    if (device_back_name(m->xs, d->front, &name)) {
        snprintf(out, size, "stale: the back's domain %u is gone; "
                 "vscanctl detach %u", d->back, d->front);
        return;
    }
    snprintf(out, size, "stale: the back's domain %u is gone; create \"%s\" "
             "anew, or vscanctl detach %u", d->back,
             escape(name, safe, sizeof(safe)), d->front);
    free(name);
}

static void tell_stale(const struct machine *m, const struct device *d,
                       char *out, size_t size)
{
    *out = 0;
    if (domain_state(m, d->front) == DOMAIN_GONE)
        snprintf(out, size, "stale: domain %u is gone; vscanctl detach %u",
                 d->front, d->front);
    else if (domain_state(m, d->back) == DOMAIN_GONE)
        tell_orphan(m, d, out, size);
    else if (domain_state(m, d->back) == DOMAIN_DOWN)
        snprintf(out, size, "the back's domain %u has crashed or shut down",
                 d->back);
    else if (!d->recorded || !d->back_folder)
        snprintf(out, size, "stale: nodes are missing; vscanctl detach %u",
                 d->front);
}

void device_view_take(const struct machine *m, const struct device *d,
                      struct device_view *view_r)
{
    struct vscan_path front = names_front(d->front);
    struct vscan_path back = names_back(d->back, d->front);
    struct device_view *v = view_r;

    *v = (struct device_view){ .front_state = state_of(m, front.s),
                               .back_state = state_of(m, back.s) };
    domain_name(m, d->front, v->name);
    domain_name(m, d->back, v->back_name);
    read_policy(m, d->front, v);
    tell_stale(m, d, v->stale, sizeof(v->stale));
    v->front_error = read_error(m, front.s);
    v->back_error = read_error(m, back.s);
    read_engines(m, back.s, &v->engines);
    read_not_covered(m, front.s, &v->not_covered);
}

void device_view_dispose(struct device_view *view)
{
    free(view->front_error);
    free(view->back_error);
    free(view->not_covered.text);
    view->front_error = view->back_error = view->not_covered.text = NULL;
}
