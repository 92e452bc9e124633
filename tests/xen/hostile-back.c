/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hostile-back.c - a back that breaks the protocol, for 88-hostile-back.sh.
 *
 *   hostile-back DOMID FOLDER TARGETS
 *
 * Overview: serves the guest DOMID with the real back's code, and says "clean"
 * to all of it, so that the guest can be used; but for the files below FOLDER.
 * It obeys words on standard input, a line each:
 *
 *   arm ACT      waits until both sides are connected, says "armed"; when
 *                TARGETS requests for such files have come, does the act, says
 *                "struck", and answers nothing any more until the front connects
 *                anew.  "none" is no act
 *   rest         ends what is without an end, and says "rested N", N being how
 *                often it has been done
 *
 * Exit status 0 when standard input ends.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dataplane.h"
#include "log.h"
#include "names.h"
#include "number.h"
#include "verdict.h"
#include "xs.h"
#include "xsback.h"

#define GENERATION      0x5050
#define MAX_TARGETS     16
/* Milliseconds without any event, after which the front is taken for silent. */
#define PATIENCE_MS     120000

struct target {
    struct scan_request req;
    const void *pages;
};

struct hostile {
    uint32_t domid;
    const char *folder;
    unsigned int wanted;
    struct dataplane *dp;
    struct xsback xsback;
    bool connected;
    bool armed;                 /* the act is still to be done, ... */
    bool told;                  /* ... and this has been said */
    char act[32];
    struct target target[MAX_TARGETS];
    unsigned int nr_targets;
    bool keeps;                 /* what has been mapped stays so */
    bool silent;                /* it has struck: another answer would undo that */
    unsigned int did;           /* of what is without an end */
    char line[64];              /* of standard input, so far */
    size_t line_len;
};

static void die(const char *what)
{
    fprintf(stderr, "hostile-back: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void say(const char *text)
{
    puts(text);
    fflush(stdout);
}

static bool is(const struct hostile *h, const char *act)
{
    return !strcmp(h->act, act);
}

/* One for each connection: those that are kept are never looked at again. */
static void open_dataplane(struct hostile *h)
{
    const char *why = "?";

    h->dp = calloc(1, sizeof(*h->dp));
    if (!h->dp || dataplane_open(h->dp, h->domid, VSCANIF_MAX_REQUEST_PAGES, 0,
                                 &why))
        die(why);
    dataplane_announce(h->dp, GENERATION);
}

static int on_connect(void *arg, const struct connection *connection,
                      const char **why_r)
{
    struct hostile *h = arg;
    int rc = dataplane_connect(h->dp, connection, why_r);

    h->connected = !rc;
    h->silent = false;
    return rc;
}

static void on_drop(void *arg)
{
    struct hostile *h = arg;

    for (unsigned int i = 0; i < h->nr_targets && !h->keeps; i++)
        dataplane_unmap(h->dp, &h->target[i].req, h->target[i].pages);
    h->nr_targets = 0;
    if (!h->keeps)
        dataplane_disconnect(h->dp);
    else if (h->connected)
        open_dataplane(h);
    h->connected = false;
}

static const struct xsback_ops ops = { .connect = on_connect, .drop = on_drop };

/* Acts -------------------------------------------------------------------- */

static void signal_front(struct hostile *h)
{
    xenevtchn_notify(h->dp->xce, (evtchn_port_t)h->dp->port);
}

static void jump(struct hostile *h, RING_IDX by)
{
    struct vscanif_sring *sring = h->dp->page;

    __atomic_add_fetch(&sring->rsp_prod, by, __ATOMIC_SEQ_CST);
    signal_front(h);
}

static void put(struct hostile *h, const struct vscanif_response *rsp)
{
    if (ring_back_put(&h->dp->ring, rsp))
        die("no room on the ring");
}

/* The answer to the first target, good but for one thing. */
static void answer_badly(struct hostile *h)
{
    const struct scan_request *req = &h->target[0].req;
    struct vscanif_response rsp = {
        .id = req->id, .operation = req->operation,
        .verdict = VSCANIF_VERDICT_NOT_SCANNED,
        .reason = VSCANIF_REASON_ENGINE,
    };

    if (is(h, "never-sent")) {
        rsp.id ^= 1u << 30;
    } else if (is(h, "twice")) {
        put(h, &rsp);
    } else if (is(h, "unknown-reason")) {
        rsp.reason = 99;
    } else if (is(h, "unknown-verdict")) {
        rsp.verdict = 77;
    } else if (is(h, "endless-name")) {
        rsp.verdict = VSCANIF_VERDICT_INFECTED;
        rsp.reason = VSCANIF_REASON_NONE;
        memset(rsp.name, 'x', sizeof(rsp.name));
    } else {
        errno = EINVAL;
        die(h->act);
    }
    put(h, &rsp);
    dataplane_flush(h->dp);
    signal_front(h);
}

/* Each with another sentence in the front's error node. */
static const struct spoilt {
    const char *node, *text, *sentence;
} spoilt[] = {
    { NODE_VERSIONS, "2,01", "no version in common" },
    { NODE_MAX_REQUEST_PAGES, "0", "max-request-pages:" },
    { NODE_MAX_POOL_PAGES, "4097", "max-pool-pages:" },
    { NODE_MAX_STREAM_MIB, "-1", "max-stream-mib:" },
    { NODE_MAX_RING_PAGES, "4", "max-ring-pages:" },
};

#define NR_SPOILT   (sizeof(spoilt) / sizeof(spoilt[0]))

static void write_node(struct hostile *h, const char *node, const char *text)
{
    if (xsx_write(h->xsback.xs, XBT_NULL, h->xsback.back.s, node, text))
        die(node);
}

static enum xenbus_state state_of_front(struct hostile *h)
{
    enum xenbus_state state = XenbusStateUnknown;

    xsx_read_state(h->xsback.xs, XBT_NULL, h->xsback.front.s, &state);
    return state;
}

/* Waits until the front is Closed and says so.  Returns false when that does
 * not come about. */
static bool front_says(struct hostile *h, const char *sentence)
{
    for (;;) {
        struct pollfd fd = { .fd = xsback_fd(&h->xsback), .events = POLLIN };
        char *error = NULL;
        bool named = !xsx_read(h->xsback.xs, XBT_NULL, h->xsback.front.s,
                               NODE_ERROR, &error) &&
                     strstr(error, sentence);
        char **event;

        free(error);
        if (named && state_of_front(h) == XenbusStateClosed)
            return true;
        if (poll(&fd, 1, PATIENCE_MS) <= 0)
            return false;
        while ((event = xs_check_watch(h->xsback.xs)))
            free(event);
    }
}

/* Numbers that are none of the front's while both are connected, then offers
 * that no front can take. */
static void spoil_nodes(struct hostile *h)
{
    static const char *const ids[] = { "0", "4294967296", "", "one" };

    for (unsigned int i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        write_node(h, NODE_CONNECTION_ID, ids[i]);
        write_node(h, NODE_STATE, "4");
    }
    for (unsigned int i = 0; i < NR_SPOILT; i++) {
        write_node(h, NODE_STATE, "1");
        write_node(h, NODE_VERSIONS, "1");
        write_node(h, NODE_MAX_REQUEST_PAGES, "8192");
        write_node(h, NODE_MAX_POOL_PAGES, "4096");
        write_node(h, NODE_MAX_STREAM_MIB, "0");
        write_node(h, NODE_MAX_RING_PAGES, "3");
        write_node(h, spoilt[i].node, spoilt[i].text);
        write_node(h, NODE_STATE, "2");
        h->did += front_says(h, spoilt[i].sentence);
    }
}

static void strike(struct hostile *h)
{
    h->armed = false;
    h->silent = true;
    h->did = 0;
    if (is(h, "index-ahead"))
        jump(h, 1000);
    else if (is(h, "index-back"))
        jump(h, (RING_IDX)-2);
    else if (is(h, "nodes"))
        spoil_nodes(h);
    else if (is(h, "death"))
        raise(SIGKILL);
    else if (is(h, "keep"))
        h->keeps = true;
    else if (!is(h, "storm") && !is(h, "flap"))
        answer_badly(h);
    say("struck");
}

static const char *const states[] = {
    "4", "2", "3", "4", "1", "2", "5", "6", "2", "0", "x", "2", "4", "7",
};

#define NR_STATES   (sizeof(states) / sizeof(states[0]))

/* Of what is without an end, a piece.  Returns whether it is. */
static bool go_on(struct hostile *h)
{
    if (h->armed)
        return false;
    if (is(h, "storm") && h->connected) {
        ring_back_set_generation(h->dp->page, GENERATION + h->did++ % 2);
        signal_front(h);
    } else if (is(h, "flap")) {
        write_node(h, NODE_STATE, states[h->did++ % NR_STATES]);
    }
    return is(h, "storm") || is(h, "flap");
}

/* As a good back ---------------------------------------------------------- */

static void answer_clean(struct hostile *h, const struct scan_request *req)
{
    struct verdict verdict = verdict_clean();

    verdict.generation = GENERATION;
    dataplane_put(h->dp, req, &verdict);
}

static void on_request(struct hostile *h, const struct scan_request *req)
{
    struct scan_subject subject;
    const char *why = "?";
    const void *pages;

    if (dataplane_map(h->dp, req, &subject, &pages, &why))
        die(why);
    if (strncmp(subject.path, h->folder, strlen(h->folder)) ||
        h->nr_targets == MAX_TARGETS) {
        dataplane_unmap(h->dp, req, pages);
        answer_clean(h, req);
        return;
    }
    h->target[h->nr_targets++] = (struct target){ *req, pages };
}

static void on_ring(struct hostile *h)
{
    struct scan_request req;
    const char *why = "?";

    if (!h->connected || h->silent)
        return;
    do {
        int rc;

        while ((rc = dataplane_get(h->dp, &req, &why)) == 1)
            on_request(h, &req);
        if (rc)
            die(why);
        dataplane_flush(h->dp);
    } while (dataplane_ask(h->dp));
    dataplane_ack(h->dp);
    if (h->armed && !is(h, "none") && h->nr_targets >= h->wanted)
        strike(h);
}

static void on_line(struct hostile *h)
{
    if (!strncmp(h->line, "arm ", 4)) {
        snprintf(h->act, sizeof(h->act), "%s", h->line + 4);
        h->armed = true;
        h->told = false;
    } else if (!strcmp(h->line, "rest")) {
        while (is(h, "flap") && h->did < NR_STATES)
            go_on(h);
        h->act[0] = 0;
        /* Our own watch: the nodes are not those of a good back. */
        write_node(h, NODE_ONLINE, "1");
        printf("rested %u\n", h->did);
        fflush(stdout);
    }
}

/* Returns false at its end. */
static bool on_input(struct hostile *h)
{
    char octet;

    if (read(STDIN_FILENO, &octet, 1) != 1)
        return false;
    if (octet != '\n' && h->line_len < sizeof(h->line) - 1) {
        h->line[h->line_len++] = octet;
        return true;
    }
    h->line[h->line_len] = 0;
    h->line_len = 0;
    on_line(h);
    return true;
}

static void run(struct hostile *h)
{
    for (;;) {
        const bool endless = go_on(h);
        struct pollfd fds[3] = {
            { .fd = STDIN_FILENO, .events = POLLIN },
            /* Whoever flaps does not look. */
            { .fd = endless && is(h, "flap") ? -1 : xsback_fd(&h->xsback),
              .events = POLLIN },
            { .fd = xenevtchn_fd(h->dp->xce), .events = POLLIN },
        };

        if (h->armed && !h->told && h->connected &&
            state_of_front(h) == XenbusStateConnected) {
            say("armed");
            h->told = true;
        }
        if (poll(fds, 3, endless ? 0 : h->xsback.retry_ms >= 0 ? 100 : -1) < 0)
            die("poll");
        if (fds[0].revents && !on_input(h))
            return;
        if (fds[1].revents)
            xsback_run(&h->xsback);
        xsback_retry(&h->xsback);
        if (fds[2].revents && dataplane_events(h->dp))
            on_ring(h);
    }
}

int main(int argc, char **argv)
{
    const struct xsback_limits limits = {
        .max_pages = VSCANIF_MAX_REQUEST_PAGES,
        .max_ring_pages = VSCANIF_MAX_RING_PAGES,
    };
    static struct hostile h;
    const char *why = "?";

    log_init("hostile-back", LOG_LEVEL_ERROR);
    if (argc != 4 ||
        number_parse_u32(argv[1], 0, DOMID_FIRST_RESERVED - 1, &h.domid) ||
        number_parse_u32(argv[3], 1, MAX_TARGETS, &h.wanted)) {
        fprintf(stderr, "usage: hostile-back DOMID FOLDER TARGETS\n");
        return 2;
    }
    h.folder = argv[2];
    open_dataplane(&h);
    if (xsback_open(&h.xsback, h.domid, &limits, &ops, &h, &why) ||
        xsback_start(&h.xsback, &why))
        die(why);
    run(&h);
    h.keeps = false;
    if (!h.xsback.gone)
        xsback_close(&h.xsback);
    return 0;
}
