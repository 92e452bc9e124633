/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xsfront.c - see xsfront.h, and vscanif.h for the tables. */
#define _GNU_SOURCE
#include "xsfront.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "check.h"
#include "handshake.h"
#include "log.h"
#include "number.h"
#include "policy.h"
#include "proc.h"
#include "vscanif.h"
#include "xs.h"
#include "xsnodes.h"

/* Steps that follow from one look; more would be a peer that flaps. */
#define MAX_STEPS       8
/* After the front has closed the connection by itself. */
#define RETRY_MS        5000

/* It has been written. */
static void note_state(struct xsfront *front, enum xenbus_state state)
{
    front->news += front->state != state;
    if (front->state != state && log_limit_ok(&front->log_limit))
        log_info("state %s -> %s (back in domain %u)",
                 handshake_name(front->state), handshake_name(state),
                 front->back_domid);
    front->state = state;
}

static void set_state(struct xsfront *front, enum xenbus_state state)
{
    int rc = xsx_write_state(front->xs, XBT_NULL, FRONT_FOLDER, state);

    if (rc)
        log_error("cannot write the state: %s", strerror(-rc));
    note_state(front, state);
}

static void set_error(struct xsfront *front, const char *error)
{
    if (log_limit_ok(&front->log_limit))
        log_error("%s", error);
    xsx_write(front->xs, XBT_NULL, FRONT_FOLDER, NODE_ERROR, error);
}

/* Drops ring and port; those of a domain that has been saved and restored since
 * are nobody's any more, which whoever drops them has to know. */
static void drop(struct xsfront *front)
{
    const uint32_t before = front->life.domid;

    if (life_is_over(&front->life, front->xs)) {
        /* When it cannot begin now, it does so at the next look. */
        life_begin(&front->life, front->xs);
        log_info("this guest has been restored: it was domain %u, and is %u",
                 before, front->life.domid);
        front->ops->restored(front->arg);
    }
    front->ops->drop(front->arg);
}

static void drop_and_set(struct xsfront *front, enum xenbus_state state)
{
    drop(front);
    set_state(front, state);
}

static void close_refused(struct xsfront *front, const char *error)
{
    drop(front);
    set_error(front, error);
    front->refused = true;
    front->again_ms = proc_now_ms() + RETRY_MS;
    set_state(front, XenbusStateClosed);
}

/* Does the list of numbers in @text contain our version? */
static bool has_our_version(char *text)
{
    uint32_t version;

    for (char *word = text, *next; word; word = next) {
        next = strchr(word, ',');
        if (next)
            *next++ = 0;
        if (!number_parse_u32(word, 1, UINT32_MAX, &version) &&
            version == VSCANIF_VERSION)
            return true;
    }
    return false;
}

/* Reads a number that the back may have left out.  Returns as read_offer(). */
static int read_limit(struct xsfront *front, const char *node, uint32_t min,
                      uint32_t max, uint32_t *value_r, char *why,
                      size_t why_size)
{
    int rc = xsx_read_u32(front->xs, XBT_NULL, front->back.s, node, min, max,
                          value_r);

    if (rc == -ENOENT)
        rc = 0;
    if (rc)
        snprintf(why, why_size, "back: %s: %s", node, strerror(-rc));
    return rc;
}

/* Reads what the back offers.  Returns 0, or -errno with a sentence. */
static int read_offer(struct xsfront *front, char *why, size_t why_size)
{
    struct xsfront_limits *limits = &front->limits;
    char *versions = NULL;
    int rc = xsx_read(front->xs, XBT_NULL, front->back.s, NODE_VERSIONS,
                      &versions);

    if (rc) {
        snprintf(why, why_size, "back: versions: %s", strerror(-rc));
        return rc;
    }
    rc = has_our_version(versions) ? 0 : -EPROTONOSUPPORT;
    free(versions);
    if (rc) {
        snprintf(why, why_size, "back: no version in common (ours is %d)",
                 VSCANIF_VERSION);
        return rc;
    }
    *limits = (struct xsfront_limits){ .max_pages = VSCANIF_MAX_REQUEST_PAGES,
                                       .max_ring_pages = 1 };
    rc = read_limit(front, NODE_MAX_REQUEST_PAGES, 1, VSCANIF_MAX_REQUEST_PAGES,
                    &limits->max_pages, why, why_size);
    if (!rc)
        rc = read_limit(front, NODE_MAX_POOL_PAGES, 0, VSCANIF_MAX_POOL_PAGES,
                        &limits->max_pool_pages, why, why_size);
    if (!rc)
        rc = read_limit(front, NODE_MAX_STREAM_MIB, 0, VSCANIF_MAX_STREAM_MIB,
                        &limits->max_stream_mib, why, why_size);
    if (!rc)
        rc = read_limit(front, NODE_MAX_RING_PAGES, 1, VSCANIF_MAX_RING_PAGES,
                        &limits->max_ring_pages, why, why_size);
    return rc;
}

/*
 * There are no transactions here.  One that is open when its process dies is ended
 * by Linux, which takes it off a count that it was not added to (xs_state_users;
 * seen in 6.1), and for ever waits for that to be 0 when the guest is to be
 * suspended: the guest hangs.  A link may be killed at any time.
 */

static int write_ring(const struct connection *connection, struct xs_handle *xs)
{
    char refs[CONNECTION_RING_SIZE];

    if (!connection->nr_more)
        return xsx_remove(xs, XBT_NULL, FRONT_FOLDER, NODE_RING_REFS);
    return xsx_write(xs, XBT_NULL, FRONT_FOLDER, NODE_RING_REFS,
                     connection_format_ring(connection, refs));
}

/* What an earlier connection had goes. */
static int write_pool(const struct connection *connection, struct xs_handle *xs)
{
    char refs[CONNECTION_REFS_SIZE];
    int rc;

    if (!connection->pool_pages) {
        rc = xsx_remove(xs, XBT_NULL, FRONT_FOLDER, NODE_POOL_PAGES);
        return rc ? rc : xsx_remove(xs, XBT_NULL, FRONT_FOLDER, NODE_POOL_REFS);
    }
    rc = xsx_printf(xs, XBT_NULL, FRONT_FOLDER, NODE_POOL_PAGES, "%u",
                    connection->pool_pages);
    return rc ? rc : xsx_write(xs, XBT_NULL, FRONT_FOLDER, NODE_POOL_REFS,
                               connection_format_refs(connection, refs));
}

/* The first node is there still: nobody has made the folder anew since. */
static int check_folder(struct xs_handle *xs)
{
    uint32_t version;
    int rc = xsx_read_u32(xs, XBT_NULL, FRONT_FOLDER, NODE_VERSION, 1,
                          UINT32_MAX, &version);

    return rc == -ENOENT ? -EAGAIN : rc;
}

/* The state last: until then the back does not look at what is written here.
 * Returns -EAGAIN when some of it was written into a folder that is gone. */
static int write_publication(const struct xsfront *front,
                             const struct connection *connection, uint32_t id)
{
    struct xs_handle *xs = front->xs;
    const char *error = front->policy_error;    /* remains to be told */
    int rc;

    if ((rc = xsx_printf(xs, XBT_NULL, FRONT_FOLDER, NODE_VERSION, "%d",
                         VSCANIF_VERSION)) ||
        (rc = xsx_printf(xs, XBT_NULL, FRONT_FOLDER, NODE_RING_REF, "%u",
                         connection->ring_ref)) ||
        (rc = write_ring(connection, xs)) ||
        (rc = xsx_printf(xs, XBT_NULL, FRONT_FOLDER, NODE_EVENT_CHANNEL, "%u",
                         connection->port)) ||
        (rc = write_pool(connection, xs)) ||
        (rc = xsx_printf(xs, XBT_NULL, FRONT_FOLDER, NODE_CONNECTION_ID, "%u",
                         id)) ||
        (rc = xsnodes_write_in_force(front)) ||
        (rc = error[0] ?
              xsx_write(xs, XBT_NULL, FRONT_FOLDER, NODE_ERROR, error) :
              xsx_remove(xs, XBT_NULL, FRONT_FOLDER, NODE_ERROR)) ||
        (rc = xsx_write_state(xs, XBT_NULL, FRONT_FOLDER,
                              XenbusStateInitialised)))
        return rc;
    return check_folder(xs);
}

/* Another one than the last, and never 0. */
static uint32_t new_connection_id(uint32_t last)
{
    uint32_t id = 0;

    while (id == 0 || id == last)
        if (getrandom(&id, sizeof(id), 0) != sizeof(id))
            id = last + 1;
    return id;
}

static void publish_ring(struct xsfront *front)
{
    struct connection connection;
    char why[128];
    uint32_t id;
    int rc;

    drop(front);
    if (read_offer(front, why, sizeof(why))) {
        close_refused(front, why);
        return;
    }
    rc = front->ops->make(front->arg, front->back_domid, &front->limits,
                          &connection);
    if (rc) {
        snprintf(why, sizeof(why), "cannot make ring and event channel: %s",
                 strerror(-rc));
        close_refused(front, why);
        return;
    }
    id = new_connection_id(front->connection_id);
    rc = write_publication(front, &connection, id);
    if (rc == -EAGAIN) {
        drop_and_set(front, XenbusStateInitialising);
        return;
    }
    if (rc) {
        snprintf(why, sizeof(why), "cannot write the front's nodes: %s",
                 strerror(-rc));
        close_refused(front, why);
        return;
    }
    front->connection_id = id;
    note_state(front, XenbusStateInitialised);
}

/* A back that has had its ration of rings waits for the next one.  Returns whether
 * it has it. */
static bool publish(struct xsfront *front)
{
    front->again_ms = ration_take(&front->rings, proc_now_ms());
    if (!front->again_ms)
        publish_ring(front);
    else if (front->state != XenbusStateInitialising)
        drop_and_set(front, XenbusStateInitialising);
    return !front->again_ms;
}

/* Is the back connected to what we have published last? */
static bool ids_agree(struct xsfront *front)
{
    uint32_t id;

    return !xsx_read_u32(front->xs, XBT_NULL, front->back.s,
                         NODE_CONNECTION_ID, 1, UINT32_MAX, &id) &&
           id == front->connection_id;
}

/* Takes one step.  Returns whether there may be another. */
static bool take_step(struct xsfront *front, enum handshake_step step)
{
    switch (step) {
    case STEP_NONE:
        return false;
    case STEP_PUBLISH:
        return publish(front);
    case STEP_CONNECT:
        if (!ids_agree(front))
            return false;
        /* Written before the first request: a back that starts anew must not
         * take a used ring for a new one. */
        set_state(front, XenbusStateConnected);
        if (!front->ops->connected(front->arg, front->back_domid,
                                   &front->limits))
            drop_and_set(front, XenbusStateInitialising);
        return true;
    case STEP_CHECK:
        if (ids_agree(front))
            return false;
        drop_and_set(front, XenbusStateInitialising);
        return true;
    case STEP_RESET:
        drop_and_set(front, XenbusStateInitialising);
        return true;
    case STEP_CLOSE:
        drop_and_set(front, XenbusStateClosed);
        return true;
    }
    return false;
}

static void run_table(struct xsfront *front)
{
    for (int i = 0; i < MAX_STEPS; i++) {
        enum xenbus_state peer = XenbusStateUnknown;

        xsx_read_state(front->xs, XBT_NULL, front->back.s, &peer);
        if (front->refused || !take_step(front, handshake_front(front->state,
                                                                peer)))
            return;
    }
}

static void watch_back(struct xsfront *front)
{
    if (front->watched.s[0])
        xs_unwatch(front->xs, front->watched.s, "back");
    front->watched = names_node(front->back.s, NODE_STATE);
    if (!xs_watch(front->xs, front->watched.s, "back"))
        log_error("cannot watch %s: %s", front->watched.s, strerror(errno));
}

static void on_detached(struct xsfront *front)
{
    if (!front->attached && front->told)
        return;
    drop(front);
    front->attached = false;
    front->told = true;
    front->state = XenbusStateUnknown;
    free(front->policy_text);
    front->policy_text = NULL;
    front->policy_rc = 1;
    front->policy_error[0] = 0;
    xsnodes_forget(front);
    log_info("detached: no device");
    front->ops->detached(front->arg);
}

/* Has the toolstack made the device anew, behind our back?  In a guest that was
 * restored the state alone does not tell: that of a new one may be ours. */
static bool was_made_anew(struct xsfront *front)
{
    enum xenbus_state node = front->state;

    xsx_read_state(front->xs, XBT_NULL, FRONT_FOLDER, &node);
    return node != front->state || life_is_over(&front->life, front->xs);
}

/* The device is there: new, moved to another back, or as it was.  Returns
 * whether its folder may have been made anew. */
static bool on_device(struct xsfront *front, uint32_t back_domid)
{
    if (front->attached && front->back_domid == back_domid &&
        !was_made_anew(front))
        return false;
    drop(front);
    front->attached = true;
    front->refused = front->backed_off = false;
    front->rings = (struct ration){ 0 };
    front->back_domid = back_domid;
    front->back = names_back(back_domid, front->life.domid);
    watch_back(front);
    log_info("attached: the back is in domain %u", back_domid);
    set_state(front, XenbusStateInitialising);
    /* In a folder that was made anew there is nothing of ours. */
    xsnodes_write_again(front);
    return true;
}

struct policy_nodes {
    char *text;
    uint32_t generation;
};

/* An absent policy is empty. */
static int read_policy_text(struct xs_handle *xs, char **text_r)
{
    int rc = xsx_read(xs, XBT_NULL, POLICY_FOLDER, NODE_POLICY, text_r);

    if (!xsx_is_absent(rc))
        return rc;
    *text_r = strdup("");
    return *text_r ? 0 : -ENOMEM;
}

/* An absent generation is 0. */
static int read_generation(struct xs_handle *xs, uint32_t *generation_r)
{
    int rc;

    *generation_r = 0;
    rc = xsx_read_u32(xs, XBT_NULL, POLICY_FOLDER, NODE_POLICY_GENERATION, 1,
                      UINT32_MAX, generation_r);
    return xsx_is_absent(rc) ? 0 : rc;
}

/* Reads both nodes, which the toolstack writes at once, as they stand at one
 * moment; no text unless both are good. */
static int fetch_policy(struct xsfront *front, struct policy_nodes *nodes_r)
{
    uint32_t before;
    int rc;

    for (unsigned int i = 0; i < XSX_MAX_ATTEMPTS; i++) {
        *nodes_r = (struct policy_nodes){ .text = NULL };
        if ((rc = read_generation(front->xs, &before)) ||
            (rc = read_policy_text(front->xs, &nodes_r->text)))
            return rc;
        rc = read_generation(front->xs, &nodes_r->generation);
        if (!rc && nodes_r->generation == before)
            return 0;
        free(nodes_r->text);
        nodes_r->text = NULL;
        if (rc)
            return rc;
    }
    return -EAGAIN;
}

/* Is it what was found the last time? */
static bool is_known(const struct xsfront *front,
                     const struct policy_nodes *nodes, int rc)
{
    return rc == front->policy_rc &&
           (rc || (nodes->generation == front->policy_generation &&
                   !strcmp(front->policy_text, nodes->text)));
}

/* A bad policy leaves the one before in force, or else the default. */
static void read_policy(struct xsfront *front)
{
    struct policy policy = policy_default();
    bool first = front->policy_rc == 1, had_error = front->policy_error[0];
    char *why = front->policy_error;
    struct policy_nodes nodes;
    int rc = fetch_policy(front, &nodes);

    if (is_known(front, &nodes, rc)) {
        free(nodes.text);
        return;
    }
    front->news++;
    free(front->policy_text);
    front->policy_text = nodes.text;
    front->policy_generation = nodes.generation;
    front->policy_rc = rc;
    why[0] = 0;
    if (rc)
        snprintf(why, sizeof(front->policy_error),
                 "policy: the node cannot be read: %s", strerror(-rc));
    else
        policy_parse(front->policy_text, &policy, why,
                     sizeof(front->policy_error));
    if (why[0])
        set_error(front, why);
    else if (had_error)
        xsx_remove(front->xs, XBT_NULL, FRONT_FOLDER, NODE_ERROR);
    if (!why[0]) {
        front->knows_in_force = false;
        front->ops->attached(front->arg, front->policy_text,
                             front->policy_generation);
    } else if (first) {
        front->ops->attached(front->arg, NULL, 0);
    }
    front->told = true;
}

static void evaluate(struct xsfront *front)
{
    uint32_t back_domid;
    bool anew;
    int rc = xsx_read_u32(front->xs, XBT_NULL, FRONT_FOLDER, NODE_BACKEND_ID,
                          0, DOMID_FIRST_RESERVED - 1, &back_domid);

    if (xsx_is_absent(rc)) {
        on_detached(front);
        return;
    }
    if (rc) {
        /* Somebody wants us protected: hold accesses, without a back. */
        if (!front->attached || front->state != XenbusStateClosed) {
            front->attached = true;
            front->back_domid = DOMID_INVALID;
            close_refused(front, "front: backend-id is malformed");
        }
        read_policy(front);
        return;
    }
    anew = on_device(front, back_domid);
    read_policy(front);
    if (anew)
        xsnodes_tell_in_force(front);
    run_table(front);
}

void xsfront_run(struct xsfront *front)
{
    bool any = false;
    char **event;

    while ((event = xs_check_watch(front->xs))) {
        /* The back has written its state, be it the same one: it may be a new
         * back, with another offer. */
        if (!strcmp(event[XS_WATCH_TOKEN], "back") && !front->backed_off)
            front->refused = false;
        free(event);
        any = true;
    }
    if (!any)
        return;
    evaluate(front);
    if (front->attached)
        xsnodes_look_at_question(front);
}

void xsfront_reset(struct xsfront *front, const char *error)
{
    if (!front->attached)
        return;
    if (error) {
        /* A back that is at fault is given time, or both would never rest. */
        front->backed_off = true;
        close_refused(front, error);
    } else {
        drop_and_set(front, XenbusStateInitialising);
    }
    run_table(front);
}

void xsfront_retry(struct xsfront *front)
{
    front->again_ms = 0;
    if (!front->attached)
        return;
    front->refused = front->backed_off = false;
    evaluate(front);
}

int xsfront_fd(const struct xsfront *front)
{
    return xs_fileno(front->xs);
}

int xsfront_open(struct xsfront *front, const struct xsfront_ops *ops,
                 void *arg, const char **why_r)
{
    int rc;

    *front = (struct xsfront){ .ops = ops, .arg = arg, .policy_rc = 1 };
    rc = xsx_open(&front->xs, why_r);
    if (rc)
        return rc;
    rc = life_begin(&front->life, front->xs);
    if (rc) {
        *why_r = "cannot read our own domid";
        return rc;
    }
    /* A watch fires once when it is set: that is the first look. */
    if (!xs_watch(front->xs, VSCAN_FRONT_HOME, "front") ||
        !xs_watch(front->xs, VSCAN_CLASS, "policy")) {
        *why_r = "cannot set a watch";
        return -errno;
    }
    return 0;
}

void xsfront_close(struct xsfront *front)
{
    const struct connection none = { .pool_pages = 0 };

    if (front->attached) {
        drop_and_set(front, XenbusStateClosed);
        /* Whoever comes next may know of none of these, and leaves them
         * alone. */
        write_ring(&none, front->xs);
        write_pool(&none, front->xs);
    }
    free(front->policy_text);
    xsnodes_dispose(front);
    xs_close(front->xs);
}
