/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * move.c - vscanctl move: a guest goes on with the back in another domain.
 *
 * Overview: has attachment.c do it, and then waits until front and back are
 * connected: any domain can be named, one in which no back runs, too, and the
 * guest is not protected by that.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attachment.h"
#include "command.h"
#include "domain.h"
#include "handshake.h"
#include "json-add.h"
#include "names.h"
#include "number.h"
#include "proc.h"
#include "xs.h"

/* How long the two may take. */
#define DEFAULT_WAIT_S  10
#define MAX_WAIT_S      3600

struct move {
    const struct machine *m;
    const char *front_text, *back_text;
    uint32_t wait_s;
    bool json;
    uint32_t front, back, old_back;
    enum xenbus_state front_state, back_state;
};

static int look(struct move *v)
{
    int rc = xsx_read_state(v->m->xs, XBT_NULL, names_front(v->front).s,
                            &v->front_state);

    return rc ? rc : xsx_read_state(v->m->xs, XBT_NULL,
                                    names_back(v->back, v->front).s,
                                    &v->back_state);
}

static bool connected(const struct move *v)
{
    return v->front_state == XenbusStateConnected &&
           v->back_state == XenbusStateConnected;
}

/* Until a watch has fired, or may have; -ETIMEDOUT.  One event at a time: the
 * guest can write its node faster than they are taken. */
static int wait_event(struct xs_handle *xs, int64_t deadline)
{
    struct pollfd fd = { .fd = xs_fileno(xs), .events = POLLIN };
    const int64_t left = deadline - proc_now_ms();
    char **event;

    if (left <= 0)
        return -ETIMEDOUT;
    if (poll(&fd, 1, (int)left) < 0)
        return errno == EINTR ? 0 : -errno;
    event = xs_check_watch(xs);
    if (!event)
        return errno == EAGAIN ? 0 : -errno;
    free(event);
    return 0;
}

static int wait_watched(struct move *v)
{
    const int64_t deadline = proc_now_ms() + 1000 * (int64_t)v->wait_s;
    int rc;

    do {
        rc = look(v);
        if (rc || connected(v))
            return rc;
        rc = wait_event(v->m->xs, deadline);
    } while (!rc);
    return rc;
}

static int wait_until_connected(struct move *v)
{
    struct vscan_path front = names_node(names_front(v->front).s, NODE_STATE);
    struct vscan_path back = names_node(names_back(v->back, v->front).s,
                                        NODE_STATE);
    struct xs_handle *xs = v->m->xs;
    int rc;

    if (!xs_watch(xs, front.s, "move"))
        return -errno;
    if (xs_watch(xs, back.s, "move")) {
        rc = wait_watched(v);
        xs_unwatch(xs, back.s, "move");
    } else {
        rc = -errno;
    }
    xs_unwatch(xs, front.s, "move");
    return rc;
}

/* What was done stays done. */
static int wait_and_tell(struct move *v)
{
    int rc = wait_until_connected(v);

    if (rc == -ETIMEDOUT)
        warnx("domain %u has been moved, but is not connected after %u s "
              "(front %s, back %s): until it is, accesses get no verdict",
              v->front, v->wait_s, handshake_name(v->front_state),
              handshake_name(v->back_state));
    else if (rc)
        warnx("domain %u has been moved, but whether it is connected cannot "
              "be told: %s", v->front, strerror(-rc));
    return rc;
}

static void print(const struct move *v)
{
    char front_name[DOMAIN_NAME_SIZE], back_name[DOMAIN_NAME_SIZE];

    printf("%s: moved from the back in domain %u to the one in domain %u "
           "(%s)\n", domain_name(v->m, v->front, front_name), v->old_back,
           v->back, domain_name(v->m, v->back, back_name));
    fflush(stdout);
}

/* After the waiting. */
static void show_json(const struct move *v)
{
    struct json_object *all = json_object_new_object();
    char name[DOMAIN_NAME_SIZE];

    json_add_text(all, "domain", domain_name(v->m, v->front, name));
    json_add_number(all, "domid", v->front);
    json_add_number(all, "old_backend_domid", v->old_back);
    json_add_text(all, "backend", domain_name(v->m, v->back, name));
    json_add_number(all, "backend_domid", v->back);
    json_add_text(all, "front_state", handshake_name(v->front_state));
    json_add_text(all, "back_state", handshake_name(v->back_state));
    json_show(all);
}

static int move(struct move *v)
{
    char why[512];
    int rc;

    if (domain_find(v->m, v->front_text, &v->front) ||
        domain_find(v->m, v->back_text, &v->back))
        return -ENOENT;
    rc = attachment_move(v->m, v->front, v->back, &v->old_back, why,
                         sizeof(why));
    if (rc) {
        warnx("%s", why);
        return rc;
    }
    if (!v->json)
        print(v);
    rc = v->wait_s ? wait_and_tell(v) : look(v);
    if (v->json)
        show_json(v);
    return rc;
}

static int parse(int argc, char **argv, struct move *v)
{
    static const struct option options[] = {
        { "backend", required_argument, NULL, 'b' },
        { "json", no_argument, NULL, 'j' },
        { "wait", required_argument, NULL, 'w' },
        { NULL, 0, NULL, 0 },
    };
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'b') {
            v->back_text = optarg;
        } else if (option == 'j') {
            v->json = true;
        } else if (option != 'w') {
            return -EINVAL;
        } else if (number_parse_u32(optarg, 0, MAX_WAIT_S, &v->wait_s)) {
            warnx("--wait takes 0 to %d seconds", MAX_WAIT_S);
            return -EINVAL;
        }
    }
    if (argc - optind != 1 || !v->back_text) {
        warnx("move takes a domain, and --backend");
        return -EINVAL;
    }
    v->front_text = argv[optind];
    return 0;
}

int move_main(int argc, char **argv)
{
    struct move v = { .wait_s = DEFAULT_WAIT_S };
    struct machine m;
    int rc;

    if (parse(argc, argv, &v))
        return STATUS_USAGE;
    if (machine_init(&m))
        return STATUS_FAILED;
    v.m = &m;
    rc = move(&v);
    machine_dispose(&m);
    return rc ? STATUS_FAILED : STATUS_DONE;
}
