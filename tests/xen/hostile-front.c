/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hostile-front.c - a front that breaks the protocol, for 60-hostile-front.sh
 * and 38-flips.sh.
 *
 * Overview: connects as the real front does, with its code, then does the act
 * that its argument names and waits for what the back does about it: prints
 * "closed" when the back has closed the link, "not-scanned REASON" when it has
 * answered.
 *
 *   hostile-front flip ROUNDS
 *
 * keeps to the protocol, but for all the time one octet of its pages is
 * flipped, as fast as a thread can: the content of round N is "number N malice
 * says hello", N with eight digits, and zeroes up to FLIP_SIZE octets; or with
 * another letter for the "m".  Prints "clean A infected B not-scanned C".
 *
 * Exit status 0 then; 1 when nothing came in time; 2 usage.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "channel.h"
#include "check.h"
#include "log.h"
#include "share.h"
#include "xsfront.h"

/* Milliseconds without any event, after which the back is taken for silent. */
#define PATIENCE_MS 60000

#define FLIP_SIZE   8000
/* The letter's place in the content. */
#define FLIP_AT     16

struct hostile {
    struct channel channel;
    struct xsfront front;
    struct share share;
    bool connected;
    unsigned int rounds, round;         /* 0: there are none */
    unsigned int verdicts[VSCANIF_VERDICT_NOT_SCANNED + 1];
};

static int make(void *arg, uint32_t domid, const struct xsfront_limits *limits,
                struct connection *connection_r)
{
    struct hostile *h = arg;
    int rc = channel_create(&h->channel, domid, 1, 0);

    (void)limits;
    channel_publish(&h->channel, connection_r);
    return rc;
}

static void drop(void *arg)
{
    struct hostile *h = arg;

    channel_destroy(&h->channel);
    h->connected = false;
}

static bool connected(void *arg, uint32_t domid,
                      const struct xsfront_limits *limits)
{
    struct hostile *h = arg;
    const struct share_subject subject = { .pid = 1, .path = "/hostile" };

    (void)limits;
    share_init(&h->share);
    h->connected = !share_create(&h->share, h->channel.xgs, domid,
                                 h->rounds ? FLIP_SIZE : 5000, &subject);
    return h->connected;
}

static void attached(void *arg, const char *policy, uint32_t generation)
{
    (void)arg;
    (void)policy;
    (void)generation;
}

static void detached(void *arg)
{
    (void)arg;
}

static void question(void *arg, const char *text)
{
    (void)arg;
    (void)text;
}

static const struct xsfront_ops ops = {
    .make = make, .drop = drop, .connected = connected,
    .attached = attached, .detached = detached,
    .question = question,
};

static void put(struct hostile *h, const struct vscanif_request *req)
{
    channel_put(&h->channel, req);
    channel_flush(&h->channel);
}

/* As channel_get(); when there is none, the next one raises an event. */
static int take(struct hostile *h, struct vscanif_response *rsp_r)
{
    int rc;

    do
        rc = channel_get(&h->channel, rsp_r);
    while (rc == 0 && channel_ask(&h->channel));
    return rc;
}

/* The acts, each with a request that is good but for one thing. */
static void act(struct hostile *h, const char *name)
{
    struct vscanif_sring *sring = h->channel.page;
    struct vscanif_request req = share_request(&h->share);
    RING_IDX jump = 0;

    req.event = VSCANIF_EVENT_OPEN;
    if (!strcmp(name, "index-ahead"))
        jump = 1000;
    else if (!strcmp(name, "index-back"))
        jump = (RING_IDX)-2;
    else if (!strcmp(name, "no-pages"))
        req.nr_pages = 0;
    else if (!strcmp(name, "too-many-pages"))
        req.nr_pages = VSCANIF_MAX_REQUEST_PAGES + 1;
    else if (!strcmp(name, "size-overflow"))
        req.size = UINT64_MAX;
    else if (!strcmp(name, "unknown-operation"))
        req.operation = 77;
    else if (!strcmp(name, "endless-path"))
        memset(((struct vscanif_info *)h->share.pages)->path, 'x',
               VSCANIF_MAX_PATH);
    else if (!strcmp(name, "info-not-granted"))
        req.info_ref = 30000;
    else if (!strcmp(name, "content-not-granted"))
        ((struct vscanif_info *)h->share.pages)->ref[1] = 30000;
    else if (!strcmp(name, "same-id-twice"))
        put(h, &req);
    put(h, &req);
    if (jump) {
        __atomic_add_fetch(&sring->req_prod, jump, __ATOMIC_SEQ_CST);
        xenevtchn_notify(h->channel.xce, (evtchn_port_t)h->channel.port);
    }
}

static char *content(struct hostile *h)
{
    return (char *)h->share.pages + VSCANIF_PAGE_SIZE;
}

static void *flip(void *arg)
{
    volatile char *letter = content(arg) + FLIP_AT;

    for (;;)
        *letter ^= 'm' ^ 'x';
    return NULL;
}

static void next_round(struct hostile *h)
{
    struct vscanif_request req = share_request(&h->share);
    char number[FLIP_AT + 1];
    pthread_t thread;

    snprintf(number, sizeof(number), "number %08u ", h->round);
    memcpy(content(h), number, FLIP_AT);
    if (h->round++ == 0) {
        strcpy(content(h) + FLIP_AT, "malice says hello");
        pthread_create(&thread, NULL, flip, h);
    }
    req.event = VSCANIF_EVENT_OPEN;
    req.id = h->round;
    put(h, &req);
}

/* Returns true when there are no more. */
static bool rounds_end(struct hostile *h)
{
    struct vscanif_response rsp;
    struct verdict verdict;
    const char *why;

    /* The back tells of the next one only when the ring was seen empty. */
    for (;;) {
        if (take(h, &rsp) != 1)
            return false;
        if (check_response(&rsp, &verdict, &why) || rsp.id != h->round) {
            puts("a bad answer");
            exit(1);
        }
        h->verdicts[verdict.code]++;
        if (h->round == h->rounds)
            break;
        next_round(h);
    }
    printf("clean %u infected %u not-scanned %u\n",
           h->verdicts[VSCANIF_VERDICT_CLEAN],
           h->verdicts[VSCANIF_VERDICT_INFECTED],
           h->verdicts[VSCANIF_VERDICT_NOT_SCANNED]);
    return true;
}

/* Returns true when the back has done something about it, and says what. */
static bool outcome(struct hostile *h)
{
    struct vscanif_response rsp;
    struct verdict verdict;
    const char *why;

    if (h->front.state == XenbusStateClosed) {
        puts("closed");
        return true;
    }
    if (!h->connected || take(h, &rsp) != 1 ||
        check_response(&rsp, &verdict, &why))
        return false;
    /* Of two with one id, the first may be answered before it is seen. */
    if (verdict.code == VSCANIF_VERDICT_CLEAN)
        return false;
    printf("%s %s\n", verdict_text(verdict.code),
           reason_text(verdict.reason));
    return true;
}

int main(int argc, char **argv)
{
    struct hostile h = { .connected = false };
    const char *why = "?";
    bool acted = false;

    if (argc == 3 && !strcmp(argv[1], "flip")) {
        h.rounds = (unsigned int)strtoul(argv[2], NULL, 10);
    } else if (argc != 2) {
        fprintf(stderr, "usage: hostile-front ACT | flip ROUNDS\n");
        return 2;
    }
    log_init("hostile-front", LOG_LEVEL_ERROR);
    channel_init(&h.channel);
    if (channel_open_devices(&h.channel, &why) ||
        xsfront_open(&h.front, &ops, &h, &why)) {
        fprintf(stderr, "%s\n", why);
        return 1;
    }
    for (;;) {
        struct pollfd fds[2] = {
            { .fd = xsfront_fd(&h.front), .events = POLLIN },
            { .fd = xenevtchn_fd(h.channel.xce), .events = POLLIN },
        };

        if (poll(fds, 2, PATIENCE_MS) <= 0)
            return 1;
        if (fds[0].revents)
            xsfront_run(&h.front);
        if (fds[1].revents && channel_events(&h.channel)) {
            channel_ack(&h.channel, 0);
            channel_ack_late(&h.channel, INT64_MAX);
        }
        if (h.connected && !acted) {
            if (h.rounds)
                next_round(&h);
            else
                act(&h, argv[1]);
            acted = true;
        }
        if (acted && (h.rounds ? rounds_end(&h) : outcome(&h)))
            return 0;
    }
}
