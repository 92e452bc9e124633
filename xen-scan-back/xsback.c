/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xsback.c - see xsback.h, and vscanif.h for the tables. */
#define _GNU_SOURCE
#include "xsback.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "handshake.h"
#include "log.h"
#include "policy.h"
#include "proc.h"
#include "vscanif.h"
#include "xs.h"

/* Steps that follow from one look; more would be a peer that flaps. */
#define MAX_STEPS       8
/* After a ring could not be joined, for want of memory perhaps, or xenstore did
 * not take, or tell, something. */
#define RETRY_MS        5000

/* Of the watches. */
#define TOKEN_FRONT     "front"
#define TOKEN_ONLINE    "online"

struct update {
    struct xsback *back;
    enum xenbus_state state;
    const char *error;          /* NULL: none to be written */
    bool offer, connected;      /* what else belongs to this state */
};

/* Not each time: a guest can have us offer ourselves as often as it likes. */
static int restore_incidents(const struct xsback *back, struct xs_handle *xs,
                             xs_transaction_t t)
{
    char *text = NULL;
    int rc = xsx_read(xs, t, back->back.s, NODE_INCIDENTS, &text);
    const bool same = !rc && !strcmp(text, back->incidents);

    free(text);
    return same ? 0 : xsx_write(xs, t, back->back.s, NODE_INCIDENTS,
                                back->incidents);
}

/* One page is what each back takes, and what it means to say nothing: a back that
 * knows of no others leaves alone what stands there. */
static int write_ring_offer(const struct xsback *back, struct xs_handle *xs,
                            xs_transaction_t t)
{
    const uint32_t max = back->limits.max_ring_pages;

    if (max == 1)
        return xsx_remove(xs, t, back->back.s, NODE_MAX_RING_PAGES);
    return xsx_printf(xs, t, back->back.s, NODE_MAX_RING_PAGES, "%u", max);
}

/* The toolstack removes the folder when it likes, and writing would make it again:
 * so look first, in the same transaction.  Returns -ENOENT when it is gone. */
static int look_first(const struct xsback *back, struct xs_handle *xs,
                      xs_transaction_t t)
{
    char *text = NULL;
    int rc = xsx_read(xs, t, back->back.s, NODE_FRONTEND_ID, &text);

    free(text);
    return xsx_is_absent(rc) ? -ENOENT : rc;
}

/* All that the back writes. */
static int write_update(struct xs_handle *xs, xs_transaction_t t, void *arg)
{
    const struct update *u = arg;
    const char *folder = u->back->back.s;
    int rc = look_first(u->back, xs, t);

    if (rc)
        return rc;
    if (u->offer &&
        ((rc = xsx_printf(xs, t, folder, NODE_VERSIONS, "%d",
                          VSCANIF_VERSION)) ||
         (rc = xsx_printf(xs, t, folder, NODE_MAX_REQUEST_PAGES, "%u",
                          u->back->limits.max_pages)) ||
         (rc = xsx_printf(xs, t, folder, NODE_MAX_POOL_PAGES, "%u",
                          VSCANIF_MAX_POOL_PAGES)) ||
         (rc = xsx_printf(xs, t, folder, NODE_MAX_STREAM_MIB, "%u",
                          u->back->limits.max_stream_mib)) ||
         (rc = write_ring_offer(u->back, xs, t))))
        return rc;
    if (u->offer && u->back->incidents[0] &&
        (rc = restore_incidents(u->back, xs, t)))
        return rc;
    if (u->state == XenbusStateClosed &&
        ((rc = xsx_remove(xs, t, folder, NODE_ENGINES)) ||
         (rc = xsx_remove(xs, t, folder, NODE_MAX_RING_PAGES))))
        return rc;
    if (u->state != XenbusStateClosed && u->back->engines[0] &&
        (rc = xsx_write(xs, t, folder, NODE_ENGINES, u->back->engines)))
        return rc;
    if (u->connected &&
        ((rc = xsx_printf(xs, t, folder, NODE_CONNECTION_ID, "%u",
                          u->back->connection_id)) ||
         (rc = xsx_remove(xs, t, folder, NODE_ERROR))))
        return rc;
    if (u->error && (rc = xsx_write(xs, t, folder, NODE_ERROR, u->error)))
        return rc;
    return xsx_write_state(xs, t, folder, u->state);
}

static void try_again(struct xsback *back)
{
    back->retry_ms = proc_now_ms() + RETRY_MS;
}

static void set_state(struct xsback *back, enum xenbus_state state,
                      const char *error)
{
    struct update u = {
        .back = back, .state = state, .error = error,
        .offer = state == XenbusStateInitWait,
        .connected = state == XenbusStateConnected,
    };
    int rc = xsx_transaction(back->xs, write_update, &u);

    back->gone |= rc == -ENOENT;
    back->unwritten = rc && !back->gone;
    if (back->unwritten) {
        if (error != back->error)
            snprintf(back->error, sizeof(back->error), "%s", error ? error : "");
        try_again(back);
        if (log_limit_ok(&back->log_limit))
            log_error("cannot write the state: %s", strerror(-rc));
    }
    back->news++;
    if (error && log_limit_ok(&back->log_limit))
        log_error("%s", error);
    if (back->state != state && log_limit_ok(&back->log_limit))
        log_info("state %s -> %s", handshake_name(back->state),
                 handshake_name(state));
    back->state = state;
}

static void drop_and_set(struct xsback *back, enum xenbus_state state,
                         const char *error)
{
    back->ops->drop(back->arg);
    set_state(back, state, error);
}

struct news {
    const struct xsback *back;
    const char *node, *text;
};

static int write_news(struct xs_handle *xs, xs_transaction_t t, void *arg)
{
    const struct news *news = arg;
    int rc = look_first(news->back, xs, t);

    return rc ? rc : xsx_write(xs, t, news->back->back.s, news->node, news->text);
}

/* Returns false when it has to be told again. */
static bool tell(struct xsback *back, const char *node, const char *text)
{
    struct news news = { .back = back, .node = node, .text = text };
    int rc = xsx_transaction(back->xs, write_news, &news);

    if (!rc || xsx_is_absent(rc))
        return true;
    if (log_limit_ok(&back->log_limit))
        log_error("cannot write %s: %s", node, strerror(-rc));
    return false;
}

/* The first state brings both along, and the next one the engines, of which a
 * closed device has no node. */
static void tell_untold(struct xsback *back)
{
    const bool offered = back->state != XenbusStateUnknown && !back->gone;
    const bool open = offered && back->state != XenbusStateClosed;

    back->engines_untold = back->engines_untold && open &&
                           !tell(back, NODE_ENGINES, back->engines);
    back->incidents_untold = back->incidents_untold && offered &&
                             !tell(back, NODE_INCIDENTS, back->incidents);
    if (back->engines_untold || back->incidents_untold)
        try_again(back);
}

struct front_nodes {
    struct xsback *back;
    enum xenbus_state state;
    uint32_t version, connection_id;
    struct connection connection;
    const char *node;           /* the one that was looked at last */
};

static int read_number(const struct front_nodes *f, struct xs_handle *xs,
                       xs_transaction_t t, uint32_t *value_r)
{
    return xsx_read_u32(xs, t, f->back->front.s, f->node, 1, UINT32_MAX,
                        value_r);
}

/* A front whose ring is one page may know of no others.  How many there are was
 * offered to the front, perhaps by another back, before this one came. */
static int read_ring(struct front_nodes *f, struct xs_handle *xs,
                     xs_transaction_t t)
{
    char *text = NULL;
    int rc;

    f->node = NODE_RING_REF;
    if ((rc = read_number(f, xs, t, &f->connection.ring_ref)))
        return rc;
    f->node = NODE_RING_REFS;
    f->connection.nr_more = 0;
    rc = xsx_read(xs, t, f->back->front.s, f->node, &text);
    if (xsx_is_absent(rc))
        return 0;
    if (!rc)
        rc = connection_parse_ring(text, &f->connection);
    free(text);
    return rc;
}

/* A front without a pool has neither of the two. */
static int read_pool(struct front_nodes *f, struct xs_handle *xs,
                     xs_transaction_t t)
{
    struct connection *connection = &f->connection;
    char *text = NULL;
    int rc;

    f->node = NODE_POOL_PAGES;
    rc = xsx_read_u32(xs, t, f->back->front.s, f->node, 1,
                      VSCANIF_MAX_POOL_PAGES, &connection->pool_pages);
    if (xsx_is_absent(rc)) {
        connection->pool_pages = 0;
        return 0;
    }
    if (rc)
        return rc;
    f->node = NODE_POOL_REFS;
    rc = xsx_read(xs, t, f->back->front.s, f->node, &text);
    if (!rc)
        rc = connection_parse_refs(text, connection);
    free(text);
    return rc;
}

static int read_front(struct xs_handle *xs, xs_transaction_t t, void *arg)
{
    struct front_nodes *f = arg;
    int rc;

    rc = xsx_read_state(xs, t, f->back->front.s, &f->state);
    if (rc || f->state != XenbusStateInitialised)
        return rc;
    f->node = NODE_VERSION;
    if ((rc = read_number(f, xs, t, &f->version)))
        return rc;
    if ((rc = read_ring(f, xs, t)))
        return rc;
    f->node = NODE_EVENT_CHANNEL;
    if ((rc = read_number(f, xs, t, &f->connection.port)) ||
        (rc = read_pool(f, xs, t)))
        return rc;
    f->node = NODE_CONNECTION_ID;
    return read_number(f, xs, t, &f->connection_id);
}

static bool is_malformed(int rc)
{
    return rc == -EINVAL || rc == -ERANGE || xsx_is_absent(rc);
}

static const char *node_fault(int rc)
{
    if (rc == -EINVAL)
        return "malformed";
    if (rc == -ERANGE)
        return "out of range";
    return xsx_is_absent(rc) ? "missing" : strerror(-rc);
}

static bool offer_again(struct xsback *back, const char *error)
{
    drop_and_set(back, XenbusStateInitWait, error);
    try_again(back);
    return false;
}

/*
 * Returns whether the state has changed.  Nodes that are malformed close the
 * link; what xenstore does not tell now does not, nor a ring that cannot be
 * joined, since its front may have died meanwhile and be about to publish
 * another: vscanif.h, "Recovery".  A front that has had its ration of attempts
 * waits for the next one, be it good or bad: all that it can make the back write
 * follows from these.
 */
static bool connect_front(struct xsback *back)
{
    struct front_nodes f = { .back = back, .node = NODE_STATE };
    char error[160];
    const char *why = NULL;
    const int64_t when_ms = ration_take(&back->connects, proc_now_ms());
    int rc;

    if (when_ms) {
        back->retry_ms = when_ms;
        return false;
    }
    rc = xsx_transaction(back->xs, read_front, &f);
    if (!rc && f.state != XenbusStateInitialised)
        return false;
    if (rc) {
        snprintf(error, sizeof(error), "front: %s is %s", f.node,
                 node_fault(rc));
        if (!is_malformed(rc))
            return offer_again(back, error);
        drop_and_set(back, XenbusStateClosed, error);
        return true;
    }
    if (f.version != VSCANIF_VERSION) {
        snprintf(error, sizeof(error), "front: version %u is not known "
                 "(ours is %d)", f.version, VSCANIF_VERSION);
        drop_and_set(back, XenbusStateClosed, error);
        return true;
    }
    rc = back->ops->connect(back->arg, &f.connection, &why);
    if (rc) {
        snprintf(error, sizeof(error), "%s: %s", why, strerror(-rc));
        return offer_again(back, error);
    }
    back->connection_id = f.connection_id;
    set_state(back, XenbusStateConnected, NULL);
    return true;
}

static bool ids_agree(struct xsback *back)
{
    uint32_t id;

    return !xsx_read_u32(back->xs, XBT_NULL, back->front.s,
                         NODE_CONNECTION_ID, 1, UINT32_MAX, &id) &&
           id == back->connection_id;
}

/* Takes one step.  Returns whether there may be another. */
static bool take_step(struct xsback *back, enum handshake_step step)
{
    switch (step) {
    case STEP_CONNECT:
        return connect_front(back);
    case STEP_CHECK:
        if (ids_agree(back))
            return false;
        drop_and_set(back, XenbusStateInitWait, NULL);
        return true;
    case STEP_RESET:
        drop_and_set(back, XenbusStateInitWait, NULL);
        return true;
    default:
        return false;
    }
}

/*
 * Is the device there, well-formed and to be served?  If not, *@error_r tells
 * what is wrong with its nodes, NULL when they are in order.  Returns -1 when
 * xenstore does not tell.
 */
static int served(struct xsback *back, const char **error_r)
{
    uint32_t domid, online = 0;
    int rc = xsx_read_u32(back->xs, XBT_NULL, back->back.s, NODE_FRONTEND_ID,
                          0, DOMID_FIRST_RESERVED - 1, &domid);

    *error_r = NULL;
    if (xsx_is_absent(rc)) {
        back->gone = true;
        return 0;
    }
    if (rc && !is_malformed(rc))
        return -1;
    if (rc || domid != back->front_domid) {
        *error_r = "back: frontend-id is malformed";
        return 0;
    }
    rc = xsx_read_u32(back->xs, XBT_NULL, back->back.s, NODE_ONLINE, 0, 1,
                      &online);
    if (rc && !is_malformed(rc))
        return -1;
    if (rc)
        *error_r = "back: online is missing or malformed";
    return !rc && online == 1;
}

/* Has the toolstack made the device anew, behind our back? */
static bool was_made_anew(struct xsback *back)
{
    enum xenbus_state node = back->state;

    xsx_read_state(back->xs, XBT_NULL, back->back.s, &node);
    return node != back->state;
}

static void evaluate(struct xsback *back)
{
    back->retry_ms = -1;
    if (back->unwritten)
        set_state(back, back->state, back->error[0] ? back->error : NULL);
    tell_untold(back);
    for (int i = 0; i < MAX_STEPS && !back->unwritten; i++) {
        enum xenbus_state peer = XenbusStateUnknown;
        const char *error;
        const int is_served = served(back, &error);

        if (is_served < 0) {
            try_again(back);
            return;
        }
        if (!is_served) {
            if (back->gone)
                back->ops->drop(back->arg);
            else if (back->state != XenbusStateClosed || error ||
                     was_made_anew(back))
                drop_and_set(back, XenbusStateClosed, error);
            return;
        }
        if (was_made_anew(back))
            drop_and_set(back, XenbusStateInitWait, NULL);
        if (back->unwritten)
            return;
        xsx_read_state(back->xs, XBT_NULL, back->front.s, &peer);
        if (!take_step(back, handshake_back(back->state, peer)))
            return;
    }
}

/* One that cannot be read, or does not parse, widens nothing: others learn no more
 * of the guest's content than by the one before, and it is trusted with no scan in
 * place. */
static void read_policy(struct xsback *back)
{
    struct vscan_path folder = names_policy(back->front_domid);
    char why[160] = "policy: the node cannot be read", *text = NULL;
    int rc = xsx_read(back->xs, XBT_NULL, folder.s, NODE_POLICY, &text);
    const bool absent = xsx_is_absent(rc);

    if (!rc)
        rc = policy_parse(text, &back->policy, why, sizeof(why));
    free(text);
    if (rc) {
        back->policy.scan = SCAN_SNAPSHOT;
        if (!back->has_policy)
            back->policy.history = absent;
    }
    back->has_policy |= !rc;
    if (rc && !absent && log_limit_ok(&back->log_limit))
        log_warning("%s; engines and history are as before", why);
}

static void look_at_policy(struct xsback *back)
{
    const bool before = back->in_place;

    read_policy(back);
    back->in_place = back->policy.scan == SCAN_IN_PLACE;
    if (back->in_place != before && log_limit_ok(&back->log_limit))
        log_info("scan=%s", back->in_place ? "in-place" : "snapshot");
}

/* An earlier life of ours may have done it. */
static bool is_answered(struct xsback *back, uint32_t nr)
{
    char *text = NULL;
    bool is = !xsx_read(back->xs, XBT_NULL, back->back.s, NODE_ANSWER, &text) &&
              answer_lines(text, nr);

    free(text);
    return is;
}

/* One without a number cannot be answered. */
static void look_at_question(struct xsback *back)
{
    struct question question;
    char *text = NULL;

    if (!xsx_read(back->xs, XBT_NULL, back->back.s, NODE_QUESTION, &text) &&
        !question_parse(text, &question) && question.nr != back->asked) {
        back->asked = question.nr;
        if (!is_answered(back, question.nr))
            back->question = question;
    }
    free(text);
}

/* Policy and question have no watch of their own, as each costs guests
 * (proc-parent.h): who changes them writes "online" anew.  What is asked is
 * looked for only then: a guest can have its own state watched at will. */
void xsback_run(struct xsback *back)
{
    bool any = false, online = false;
    char **event;

    while ((event = xs_check_watch(back->xs))) {
        online |= !strcmp(event[XS_WATCH_TOKEN], TOKEN_ONLINE);
        free(event);
        any = true;
    }
    if (!any)
        return;
    back->news += online;
    look_at_policy(back);
    evaluate(back);
    if (online && !back->gone)
        look_at_question(back);
}

void xsback_reset(struct xsback *back, const char *error)
{
    if (error)
        drop_and_set(back, XenbusStateClosed, error);
    else
        drop_and_set(back, XenbusStateInitWait, NULL);
    evaluate(back);
}

void xsback_retry(struct xsback *back)
{
    if (back->retry_ms >= 0)
        evaluate(back);
}

int xsback_fd(const struct xsback *back)
{
    return xs_fileno(back->xs);
}

static int set_watches(struct xsback *back)
{
    struct vscan_path state = names_node(back->front.s, NODE_STATE);
    struct vscan_path own = names_node(back->back.s, NODE_ONLINE);

    if (!xs_watch(back->xs, state.s, TOKEN_FRONT) ||
        !xs_watch(back->xs, own.s, TOKEN_ONLINE))
        return -errno;
    return 0;
}

int xsback_open(struct xsback *back, uint32_t front_domid,
                const struct xsback_limits *limits,
                const struct xsback_ops *ops, void *arg, const char **why_r)
{
    *back = (struct xsback){ .ops = ops, .arg = arg, .limits = *limits,
                             .front_domid = front_domid, .retry_ms = -1,
                             .policy = policy_default() };
    return xsx_open(&back->xs, why_r);
}

int xsback_start(struct xsback *back, const char **why_r)
{
    uint32_t own_domid;
    char *name = NULL;
    int rc;

    rc = xsx_own_domid(back->xs, &own_domid);
    if (rc) {
        *why_r = "cannot read our own domid";
        return rc;
    }
    back->back = names_back(own_domid, back->front_domid);
    back->front = names_front(back->front_domid);
    rc = xsx_read(back->xs, XBT_NULL, back->back.s, NODE_DOMAIN, &name);
    escape(rc ? "?" : name, back->name, sizeof(back->name));
    free(name);
    rc = set_watches(back);
    if (rc) {
        *why_r = "cannot set a watch";
        return rc;
    }
    /* Whatever an earlier life of ours has left there. */
    set_state(back, XenbusStateInitWait, NULL);
    if (back->gone) {
        *why_r = "there is no such device";
        return -ENOENT;
    }
    return 0;
}

void xsback_set_engines(struct xsback *back, const char *text)
{
    snprintf(back->engines, sizeof(back->engines), "%s", text);
    back->engines_untold = true;
    tell_untold(back);
}

void xsback_set_incidents(struct xsback *back, const char *text)
{
    snprintf(back->incidents, sizeof(back->incidents), "%s", text);
    back->incidents_untold = true;
    tell_untold(back);
}

bool xsback_question(struct xsback *back, struct question *question_r)
{
    *question_r = back->question;
    back->question.nr = 0;
    return question_r->nr;
}

void xsback_answer(struct xsback *back, const char *text)
{
    if (!back->gone)
        tell(back, NODE_ANSWER, text);
}

void xsback_close(struct xsback *back)
{
    drop_and_set(back, XenbusStateClosed, NULL);
    xs_close(back->xs);
}
