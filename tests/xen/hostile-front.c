/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hostile-front.c - a front that breaks the protocol, for 60-hostile-front.sh
 * and 38-flips.sh.
 *
 * Overview: connects as the real front does, with its code, then does the act
 * that its argument names and waits for what the back does about it: prints
 * "closed: ERROR" when the back has closed the link, ERROR being its error
 * node, "not-scanned REASON" when it has answered ("taken" for a piece).
 * Further acts:
 *
 *   hostile-front ref-of-another REF,...
 *
 * names the first of these references, which another domain has granted, that
 * is none of its own.
 *
 *   hostile-front ACT SENTENCE
 *
 * for what the back cannot map: prints "refused" when the back's error node
 * has this sentence.
 *
 *   hostile-front transient
 *
 * ends its grants as soon as the request that names them is on the ring, again
 * and again; prints "answered N", N being the requests, each answered once.
 *
 *   hostile-front storm
 *
 * raises events for nothing until standard input ends; prints "begun", and
 * "events N" in the end.
 *
 *   hostile-front die
 *
 * fills the ring with requests and ends by SIGKILL.
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
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "channel.h"
#include "check.h"
#include "log.h"
#include "names.h"
#include "share.h"
#include "xs.h"
#include "xsfront.h"

/* Milliseconds without any event, after which the back is taken for silent. */
#define PATIENCE_MS 60000

#define FLIP_SIZE   8000
/* The letter's place in the content. */
#define FLIP_AT     16

/* A reference that is granted to nobody. */
#define NO_REF      30000
/* A pool of one page, which its directory names so many times: Xen maps one
 * some hundred times, and no more. */
#define POOL_PAGES  32

/* "transient": requests at a time, and how many times. */
#define BATCH       8
#define BATCHES     8

struct hostile {
    const char *name;                   /* of the act */
    const char *extra;                  /* its argument, or NULL */
    struct channel channel;
    struct xsfront front;
    struct share share;
    uint32_t domid;                     /* the back's */
    char *pool;                         /* directory and page, or NULL */
    unsigned int batch, pending;        /* "transient": a bit for each id */
    bool connected;
    unsigned int rounds, round;         /* 0: there are none */
    unsigned int verdicts[VSCANIF_VERDICT_NOT_SCANNED + 1];
};

static bool is(const struct hostile *h, const char *name)
{
    return !strcmp(h->name, name);
}

static char *content(struct hostile *h)
{
    return (char *)h->share.pages + VSCANIF_PAGE_SIZE;
}

/* Its pages are one and the same. */
static int make_pool(struct hostile *h, struct connection *connection)
{
    uint32_t refs[2];
    grant_ref_t *dir;

    h->pool = xengntshr_share_pages(h->channel.xgs, h->domid, 2, refs, 0);
    if (!h->pool)
        return -ENOMEM;
    dir = (grant_ref_t *)(void *)h->pool;
    for (unsigned int i = 0; i < POOL_PAGES; i++)
        dir[i] = refs[is(h, "pool-of-directories") ? 0 : 1];
    if (is(h, "pool-with-a-hole"))
        dir[POOL_PAGES / 2] = NO_REF;
    connection->pool_pages = POOL_PAGES;
    connection->pool_ref[0] = is(h, "pool-not-granted") ? NO_REF : refs[0];
    return 0;
}

static int make(void *arg, uint32_t domid, const struct xsfront_limits *limits,
                struct connection *connection_r)
{
    struct hostile *h = arg;
    int rc = channel_create(&h->channel, domid, 1, 0, 0);

    (void)limits;
    if (rc)
        return rc;
    h->domid = domid;
    channel_publish(&h->channel, connection_r);
    if (is(h, "ring-not-granted"))
        connection_r->ring_ref = NO_REF;
    if (!strncmp(h->name, "ring-refs-", 10)) {
        connection_r->nr_more = VSCANIF_MAX_RING_PAGES - 1;
        for (unsigned int i = 0; i < connection_r->nr_more; i++)
            connection_r->more_ref[i] = is(h, "ring-refs-not-granted") ?
                                        NO_REF : connection_r->ring_ref;
    }
    return strncmp(h->name, "pool-", 5) && strncmp(h->name, "stream-", 7) ?
           0 : make_pool(h, connection_r);
}

static void drop_pool(struct hostile *h)
{
    if (h->pool)
        xengntshr_unshare(h->channel.xgs, h->pool, 2);
    h->pool = NULL;
}

static void drop(void *arg)
{
    struct hostile *h = arg;

    drop_pool(h);
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
    h->connected = !share_create(&h->share, h->channel.xgs,
                                 is(h, "grants-to-another") ? 0 : domid,
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

/* The first of the other domain's that is none of ours. */
static uint32_t ref_of_another(const struct hostile *h)
{
    const char *next = h->extra;
    uint32_t ref;

    do {
        char *end;

        ref = (uint32_t)strtoul(next, &end, 10);
        next = *end ? end + 1 : end;
    } while (*next && (ref == h->channel.ring_ref || ref == h->share.refs[0] ||
                       ref == h->share.refs[1] || ref == h->share.refs[2]));
    return ref;
}

/* The largest request there is, made of one page that is named 8192 times and
 * is the directory of itself: more often than Xen maps one. */
static void duplicate(struct hostile *h, struct vscanif_request *req)
{
    struct vscanif_info *info = h->share.pages;
    grant_ref_t *dir = (grant_ref_t *)(void *)((char *)h->share.pages +
                                               VSCANIF_PAGE_SIZE);

    req->nr_pages = VSCANIF_MAX_REQUEST_PAGES;
    req->size = (uint64_t)req->nr_pages * VSCANIF_PAGE_SIZE;
    req->nr_dirs = VSCANIF_MAX_DIR_PAGES;
    for (unsigned int i = 0; i < VSCANIF_MAX_DIR_PAGES; i++)
        req->dir_ref[i] = h->share.refs[1];
    for (unsigned int i = 0; i < VSCANIF_INFO_REFS; i++)
        info->ref[i] = h->share.refs[1];
    for (unsigned int i = 0; i < VSCANIF_DIR_REFS; i++)
        dir[i] = h->share.refs[1];
}

/* A request that is good but for one thing. */
static void spoil(struct hostile *h, struct vscanif_request *req)
{
    struct vscanif_info *info = h->share.pages;

    if (is(h, "no-pages"))
        req->nr_pages = 0;
    else if (is(h, "too-many-pages"))
        req->nr_pages = VSCANIF_MAX_REQUEST_PAGES + 1;
    else if (is(h, "too-many-directories"))
        req->nr_dirs = UINT16_MAX;
    else if (is(h, "size-overflow"))
        req->size = UINT64_MAX;
    else if (is(h, "unknown-operation"))
        req->operation = 77;
    else if (is(h, "endless-path"))
        memset(info->path, 'x', VSCANIF_MAX_PATH);
    else if (is(h, "info-not-granted"))
        req->info_ref = NO_REF;
    else if (is(h, "content-not-granted"))
        info->ref[1] = NO_REF;
    else if (is(h, "ref-of-another"))
        req->info_ref = ref_of_another(h);
    else if (is(h, "duplicated"))
        duplicate(h, req);
}

/* All of the pool, but the first page, is the content. */
static void act_in_pool(struct hostile *h, struct vscanif_request *req)
{
    *req = (struct vscanif_request){
        .operation = VSCANIF_OP_SCAN_POOL, .event = VSCANIF_EVENT_OPEN,
        .nr_pages = POOL_PAGES - 1,
        .size = (POOL_PAGES - 1) * (uint64_t)VSCANIF_PAGE_SIZE,
    };
    if (is(h, "pool-overrun"))
        req->info_ref = UINT32_MAX;
    /* The back has them mapped. */
    if (is(h, "pool-revoked"))
        drop_pool(h);
}

/* What comes before the last request, which is in @req. */
static void act_in_stream(struct hostile *h, struct vscanif_request *req)
{
    const struct vscanif_request stream = {
        .id = 1, .operation = VSCANIF_OP_STREAM, .event = VSCANIF_EVENT_OPEN,
        .size = is(h, "stream-too-large") ? UINT64_MAX : VSCANIF_PAGE_SIZE,
    };

    *req = (struct vscanif_request){
        .id = 2, .operation = VSCANIF_OP_PIECE, .event = VSCANIF_EVENT_OPEN,
        .size = 2 * VSCANIF_PAGE_SIZE, .nr_pages = 2, .dir_ref = { 1 },
    };
    if (is(h, "stream-of-another"))
        req->dir_ref[0] = 77;
    if (is(h, "stream-twice")) {
        *req = stream;
        req->id = 3;
    }
    if (!is(h, "stream-absent"))
        put(h, &stream);
}

static void next_batch(struct hostile *h, struct vscanif_request *req)
{
    const struct share_subject subject = { .pid = 1, .path = "/transient" };
    struct share share[BATCH];

    for (unsigned int i = 0; i < BATCH; i++) {
        share_init(&share[i]);
        if (share_create(&share[i], h->channel.xgs, h->domid, 5000, &subject))
            exit(1);
        *req = share_request(&share[i]);
        req->event = VSCANIF_EVENT_OPEN;
        req->id = i;
        channel_put(&h->channel, req);
    }
    h->batch++;
    h->pending = (1u << BATCH) - 1;
    channel_flush(&h->channel);
    for (unsigned int i = 0; i < BATCH; i++)
        share_destroy(&share[i]);
}

static bool input_has_ended(void)
{
    struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

    return poll(&input, 1, 0) != 0;
}

static void storm(struct hostile *h)
{
    unsigned int n = 0;

    puts("begun");
    fflush(stdout);
    do
        xenevtchn_notify(h->channel.xce, (evtchn_port_t)h->channel.port);
    while (++n % 1000 || !input_has_ended());
    printf("events %u\n", n);
    exit(0);
}

static void die(struct hostile *h, struct vscanif_request *req)
{
    for (req->id = 1; !ring_front_full(&h->channel.ring); req->id++)
        channel_put(&h->channel, req);
    channel_flush(&h->channel);
    raise(SIGKILL);
}

/* Nobody has this content on record, so that the back has it in flight when it
 * sees what comes next; all goes together. */
static void put_unknown(struct hostile *h, const struct vscanif_request *req)
{
    if (getrandom(content(h), 16, 0) != 16)
        exit(1);
    channel_put(&h->channel, req);
}

static void act(struct hostile *h)
{
    struct vscanif_sring *sring = h->channel.page;
    struct vscanif_request req = share_request(&h->share);
    RING_IDX jump = 0;

    req.event = VSCANIF_EVENT_OPEN;
    if (is(h, "storm"))
        storm(h);
    if (is(h, "die"))
        die(h, &req);
    if (is(h, "transient")) {
        next_batch(h, &req);
        return;
    }
    if (is(h, "index-ahead"))
        jump = 1000;
    else if (is(h, "index-back"))
        jump = (RING_IDX)-2;
    else if (is(h, "same-id-twice"))
        put_unknown(h, &req);
    else if (!strncmp(h->name, "pool-", 5))
        act_in_pool(h, &req);
    else if (!strncmp(h->name, "stream-", 7))
        act_in_stream(h, &req);
    else
        spoil(h, &req);
    put(h, &req);
    if (jump) {
        __atomic_add_fetch(&sring->req_prod, jump, __ATOMIC_SEQ_CST);
        xenevtchn_notify(h->channel.xce, (evtchn_port_t)h->channel.port);
    }
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

/* Returns true when all batches have been answered. */
static bool batches_end(struct hostile *h)
{
    struct vscanif_response rsp;
    struct vscanif_request req;
    struct verdict verdict;
    const char *why;

    while (take(h, &rsp) == 1) {
        if (check_response(&rsp, &verdict, &why) || rsp.id >= BATCH ||
            !(h->pending & 1u << rsp.id) ||
            verdict.code == VSCANIF_VERDICT_INFECTED) {
            puts("a bad answer");
            exit(1);
        }
        h->pending &= ~(1u << rsp.id);
        if (!h->pending && h->batch == BATCHES) {
            printf("answered %d\n", BATCH * BATCHES);
            return true;
        }
        if (!h->pending)
            next_batch(h, &req);
    }
    return false;
}

/* What the back says, NULL: nothing; the caller frees it. */
static char *error_of_back(const struct hostile *h)
{
    char *text = NULL;

    xsx_read(h->front.xs, XBT_NULL, h->front.back.s, NODE_ERROR, &text);
    return text;
}

/* Does it say that it cannot? */
static bool is_refused(const struct hostile *h)
{
    char *text = error_of_back(h);
    bool is = text && strstr(text, h->extra);

    free(text);
    if (is)
        puts("refused");
    return is;
}

/* Returns true when the back has done something about it, and says what. */
static bool outcome(struct hostile *h)
{
    struct vscanif_response rsp;
    struct verdict verdict;
    const char *why;
    char *error;

    if (h->front.state == XenbusStateClosed) {
        error = error_of_back(h);
        printf("closed: %s\n", error ? error : "");
        free(error);
        return true;
    }
    if (!h->connected || take(h, &rsp) != 1 ||
        check_response(&rsp, &verdict, &why))
        return false;
    if (verdict.code == VSCANIF_VERDICT_TAKEN)
        puts("taken");
    else
        printf("%s %s\n", verdict_text(verdict.code),
               reason_text(verdict.reason));
    return true;
}

/* Has what was to come of it come? */
static bool has_ended(struct hostile *h)
{
    if (h->rounds)
        return rounds_end(h);
    return h->connected && is(h, "transient") ? batches_end(h) : outcome(h);
}

static void run(struct hostile *h)
{
    bool acted = false;

    for (;;) {
        struct pollfd fds[2] = {
            { .fd = xsfront_fd(&h->front), .events = POLLIN },
            { .fd = xenevtchn_fd(h->channel.xce), .events = POLLIN },
        };

        if (poll(fds, 2, PATIENCE_MS) <= 0)
            exit(1);
        if (fds[0].revents)
            xsfront_run(&h->front);
        if (fds[1].revents && channel_events(&h->channel)) {
            channel_ack(&h->channel, 0);
            channel_ack_late(&h->channel, INT64_MAX);
        }
        if (h->connected && !acted) {
            if (h->rounds)
                next_round(h);
            else
                act(h);
            acted = true;
        }
        if (acted ? has_ended(h) : h->extra && is_refused(h))
            return;
    }
}

int main(int argc, char **argv)
{
    static struct hostile h;
    const char *why = "?";

    if (argc != 2 && argc != 3) {
        fprintf(stderr, "usage: hostile-front ACT [ARGUMENT]\n");
        return 2;
    }
    h.name = argv[1];
    h.extra = argv[2];
    if (is(&h, "flip") && h.extra)
        h.rounds = (unsigned int)strtoul(h.extra, NULL, 10);
    log_init("hostile-front", LOG_LEVEL_ERROR);
    channel_init(&h.channel);
    if (channel_open_devices(&h.channel, &why) ||
        xsfront_open(&h.front, &ops, &h, &why)) {
        fprintf(stderr, "%s\n", why);
        return 1;
    }
    run(&h);
    return 0;
}
