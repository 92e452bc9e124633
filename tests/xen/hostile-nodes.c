/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hostile-nodes.c - a front that breaks the rules of xenstore, for
 * 60-hostile-front.sh: its nodes and states are written by hand.
 *
 *   hostile-nodes malformed
 *
 * Publishes a ring again and again, each time with one node that is malformed:
 * prints "closed N of N" when the back has closed each time and said why.
 *
 *   hostile-nodes states
 *
 * Rewrites its nodes in every state, 3, 4, 3 again: prints "connected" when the
 * back stays with what it has read, comes to rest, and connects to what is good
 * in the end.
 *
 *   hostile-nodes flap
 *
 * Writes all states there are, and others, and good and bad nodes between them,
 * again and again until standard input ends: says "begun", and "writes N" in
 * the end.
 *
 * Exit status 0 then; 1 when the back did not do what it should, named on
 * standard error; 2 usage.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "channel.h"
#include "check.h"
#include "log.h"
#include "names.h"
#include "share.h"
#include "xs.h"
#include "xsnodes.h"

/* Milliseconds without any event, after which the back is taken for silent. */
#define PATIENCE_MS 60000

struct hostile {
    struct xs_handle *xs;
    struct channel channel;
    struct share share;
    struct vscan_path back;
    uint32_t back_domid, connection_id;
};

static void die(const char *what)
{
    fprintf(stderr, "hostile-nodes: %s\n", what);
    exit(1);
}

static void write_node(const struct hostile *h, const char *node,
                       const char *text)
{
    if (xsx_write(h->xs, XBT_NULL, FRONT_FOLDER, node, text))
        die(node);
}

static void write_number(const struct hostile *h, const char *node,
                         uint32_t number)
{
    char text[16];

    snprintf(text, sizeof(text), "%u", number);
    write_node(h, node, text);
}

static void set_state(const struct hostile *h, enum xenbus_state state)
{
    write_number(h, NODE_STATE, state);
}

static void expect(const struct hostile *h, enum xenbus_state expected)
{
    enum xenbus_state state = XenbusStateUnknown;
    char **event;

    for (;;) {
        struct pollfd fd = { .fd = xs_fileno(h->xs), .events = POLLIN };

        while ((event = xs_check_watch(h->xs)))
            free(event);
        xsx_read_state(h->xs, XBT_NULL, h->back.s, &state);
        if (state == expected)
            return;
        if (poll(&fd, 1, PATIENCE_MS) <= 0) {
            fprintf(stderr, "the back is in state %d, not %d\n", (int)state,
                    (int)expected);
            die("it does not come to rest");
        }
    }
}

/* Good nodes, of a new ring, in no particular order; the state is left. */
static void write_good(struct hostile *h)
{
    if (channel_create(&h->channel, h->back_domid, 1, 0, 0))
        die("cannot make a ring");
    write_number(h, NODE_VERSION, VSCANIF_VERSION);
    write_number(h, NODE_RING_REF, h->channel.ring_ref);
    write_number(h, NODE_EVENT_CHANNEL, (uint32_t)h->channel.port);
    write_number(h, NODE_CONNECTION_ID, ++h->connection_id);
    xsx_remove(h->xs, XBT_NULL, FRONT_FOLDER, NODE_RING_REFS);
    xsx_remove(h->xs, XBT_NULL, FRONT_FOLDER, NODE_POOL_PAGES);
    xsx_remove(h->xs, XBT_NULL, FRONT_FOLDER, NODE_POOL_REFS);
}

static void write_bad(const struct hostile *h)
{
    write_node(h, NODE_VERSION, "9");
    write_node(h, NODE_RING_REF, "30000");
    write_node(h, NODE_RING_REFS, "30000,30001");
    write_node(h, NODE_EVENT_CHANNEL, "-1");
    write_node(h, NODE_POOL_PAGES, "4097");
    write_node(h, NODE_POOL_REFS, ",");
}

/* The front starts anew, whatever was before. */
static void start_anew(const struct hostile *h)
{
    set_state(h, XenbusStateInitialising);
    expect(h, XenbusStateInitWait);
}

static void connect_back(struct hostile *h)
{
    uint32_t id = 0;

    write_good(h);
    set_state(h, XenbusStateInitialised);
    expect(h, XenbusStateConnected);
    if (xsx_read_u32(h->xs, XBT_NULL, h->back.s, NODE_CONNECTION_ID, 1,
                     UINT32_MAX, &id) || id != h->connection_id)
        die("it is connected to something else");
}

/* Malformed --------------------------------------------------------------- */

/* "R" is the reference of the ring. */
static const struct malformed {
    const char *node, *text, *sentence;
} malformed[] = {
    { NODE_RING_REFS, "R", "ring-refs is malformed" },
    { NODE_RING_REFS, "R,R,R,R", "ring-refs is malformed" },
    { NODE_RING_REFS, "R,0", "ring-refs is malformed" },
    { NODE_RING_REFS, "R,,9", "ring-refs is malformed" },
    { NODE_RING_REFS, "R,4294967296", "ring-refs is malformed" },
    { NODE_RING_REFS, "", "ring-refs is malformed" },
    { NODE_POOL_PAGES, "0", "pool-pages is out of range" },
    { NODE_POOL_PAGES, "4097", "pool-pages is out of range" },
    { NODE_POOL_PAGES, "512", "pool-refs is missing" },
    { NODE_POOL_PAGES, "18446744073709551617", "pool-pages is" },
    { NODE_EVENT_CHANNEL, "99999999999", "event-channel is" },
};

#define NR_MALFORMED    (sizeof(malformed) / sizeof(malformed[0]))

static void write_malformed(const struct hostile *h, const struct malformed *m)
{
    char text[256];
    size_t n = 0;

    for (const char *in = m->text; *in; in++) {
        if (*in == 'R')
            n += (size_t)snprintf(text + n, sizeof(text) - n, "%u",
                                  h->channel.ring_ref);
        else
            text[n++] = *in;
    }
    text[n] = 0;
    write_node(h, m->node, text);
}

static int malformed_nodes(struct hostile *h)
{
    unsigned int closed = 0;

    for (const struct malformed *m = malformed; m < malformed + NR_MALFORMED;
         m++) {
        char *error = NULL;

        start_anew(h);
        write_good(h);
        write_malformed(h, m);
        set_state(h, XenbusStateInitialised);
        expect(h, XenbusStateClosed);
        if (!xsx_read(h->xs, XBT_NULL, h->back.s, NODE_ERROR, &error) &&
            strstr(error, m->sentence))
            closed++;
        else
            fprintf(stderr, "%s=%s: the back says: %s\n", m->node, m->text,
                    error ? error : "nothing");
        free(error);
    }
    printf("closed %u of %zu\n", closed, NR_MALFORMED);
    return closed != NR_MALFORMED;
}

/* States ------------------------------------------------------------------ */

static const enum xenbus_state three_four_three[] = {
    XenbusStateInitialised, XenbusStateConnected, XenbusStateInitialised,
};

/* A request on the ring that the back has joined is answered. */
static void expect_answer(struct hostile *h)
{
    const struct share_subject subject = { .pid = 1, .path = "/hostile" };
    struct vscanif_response rsp;
    struct vscanif_request req;

    share_init(&h->share);
    if (share_create(&h->share, h->channel.xgs, h->back_domid, 5000,
                     &subject))
        die("no pages");
    req = share_request(&h->share);
    req.event = VSCANIF_EVENT_OPEN;
    channel_put(&h->channel, &req);
    channel_flush(&h->channel);
    while (channel_get(&h->channel, &rsp) != 1) {
        struct pollfd fd = { .fd = xenevtchn_fd(h->channel.xce),
                             .events = POLLIN };

        if (channel_ask(&h->channel))
            continue;
        if (poll(&fd, 1, PATIENCE_MS) <= 0)
            die("no answer");
        channel_events(&h->channel);
        channel_ack(&h->channel, 0);
        channel_ack_late(&h->channel, INT64_MAX);
    }
    if (rsp.verdict != VSCANIF_VERDICT_CLEAN)
        die("not scanned");
    share_destroy(&h->share);
}

static int states(struct hostile *h)
{
    start_anew(h);
    connect_back(h);
    /* It has read them once, and looks at the connection's id alone. */
    for (unsigned int i = 0; i < 3; i++) {
        write_bad(h);
        set_state(h, three_four_three[i]);
        expect_answer(h);
        expect(h, XenbusStateConnected);
    }
    /* Another id: what it finds then is bad, and it has let go of the ring. */
    write_number(h, NODE_CONNECTION_ID, ++h->connection_id);
    set_state(h, XenbusStateConnected);
    expect(h, XenbusStateInitWait);
    set_state(h, XenbusStateInitialised);
    expect(h, XenbusStateClosed);
    /* Closed is left for Initialising alone. */
    for (unsigned int i = 0; i < 3; i++) {
        write_good(h);
        set_state(h, three_four_three[i]);
        write_bad(h);
        set_state(h, three_four_three[i]);
    }
    expect(h, XenbusStateClosed);
    start_anew(h);
    connect_back(h);
    expect_answer(h);
    puts("connected");
    return 0;
}

/* Flapping ---------------------------------------------------------------- */

static bool input_has_ended(void)
{
    struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

    return poll(&input, 1, 0) != 0;
}

static const char *const all_states[] = {
    "3", "4", "3", "1", "3", "6", "5", "3", "0", "3", "99", "3", "", "4", "2",
    "3",
};

#define NR_STATES   (sizeof(all_states) / sizeof(all_states[0]))

static int flap(struct hostile *h)
{
    unsigned int n = 0;

    puts("begun");
    fflush(stdout);
    for (; n < NR_STATES || !input_has_ended(); n++) {
        if (n % 8 == 0)
            write_good(h);
        if (n % 8 == 5)
            write_bad(h);
        write_node(h, NODE_STATE, all_states[n % NR_STATES]);
    }
    start_anew(h);
    printf("writes %u\n", n);
    return 0;
}

static void open_all(struct hostile *h)
{
    const char *why = "?";
    struct vscan_path watched;
    uint32_t own_domid;

    channel_init(&h->channel);
    if (channel_open_devices(&h->channel, &why) || xsx_open(&h->xs, &why))
        die(why);
    if (xsx_own_domid(h->xs, &own_domid) ||
        xsx_read_u32(h->xs, XBT_NULL, FRONT_FOLDER, NODE_BACKEND_ID, 0,
                     DOMID_FIRST_RESERVED - 1, &h->back_domid))
        die("no device");
    h->back = names_back(h->back_domid, own_domid);
    watched = names_node(h->back.s, NODE_STATE);
    if (!xs_watch(h->xs, watched.s, "back"))
        die("no watch");
    h->connection_id = 1000;
}

int main(int argc, char **argv)
{
    static struct hostile h;

    log_init("hostile-nodes", LOG_LEVEL_ERROR);
    if (argc != 2) {
        fprintf(stderr, "usage: hostile-nodes malformed | states | flap\n");
        return 2;
    }
    open_all(&h);
    if (!strcmp(argv[1], "malformed"))
        return malformed_nodes(&h);
    if (!strcmp(argv[1], "states"))
        return states(&h);
    if (!strcmp(argv[1], "flap"))
        return flap(&h);
    return 2;
}
