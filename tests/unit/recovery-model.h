/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * recovery-model.h - one front, one back, a toolstack and their xenstore.
 *
 * Overview: what each of them can do next from any state, one move at a time;
 * test-recovery.c decides which moves are made.
 *
 * A side evaluates when it has been woken: by a write of its peer or of the
 * toolstack, by the event of a ring that went away, and by itself after it has
 * changed its own state.  Wake-ups coalesce, as watches may.  A ring is named
 * by its connection-id, so that the octets of a ring need no bits of their
 * own: the front's is 1 while the front lives and has that ring, the back's
 * while the back lives and maps it, but nobody clears it and no event comes
 * when the back's whole domain is destroyed.
 *
 * Beside the tables, the model needs the rules of enum rule.  For each
 * of them a test shows that the model fails without it.
 */
#ifndef RECOVERY_MODEL_H
#define RECOVERY_MODEL_H

#include <stdint.h>

#include "handshake.h"

#define UNKNOWN XenbusStateUnknown
#define INITIALISING XenbusStateInitialising
#define INITWAIT XenbusStateInitWait
#define INITIALISED XenbusStateInitialised
#define CONNECTED XenbusStateConnected
#define CLOSED XenbusStateClosed

/* What the tables rely on beside themselves. */
enum rule {
    /* A ring that cannot be mapped or bound leaves the back in InitWait. */
    RULE_STAY = 1 << 0,
    /* A side that finds another state in its own node than the one it wrote
     * starts anew; one whose folder is gone waits for it. */
    RULE_OWN_NODE = 1 << 1,
    /* A side evaluates again after each change of its own state. */
    RULE_AGAIN = 1 << 2,
    /* The octet of the peer is looked at when the front has connected. */
    RULE_OCTET = 1 << 3,
    /* The front writes Connected before its first request. */
    RULE_ORDER = 1 << 4,
    RULES_ALL = (1 << 5) - 1
};

/* What one side is about to do. */
enum pc {
    PC_IDLE, PC_START, PC_DECIDE, PC_PUBLISH, PC_CONNECTED, PC_OCTET,
    PC_FIRST, PC_CLOSED, PC_MAP, PC_BIND
};

/* As small as can be: a state of the model is one number. */
struct side {
    unsigned int alive : 1, woken : 1, pc : 4;
    unsigned int own : 3;       /* the state that it believes to be in */
    unsigned int ring : 3;      /* the ring it has made or mapped, 0: none */
    unsigned int used : 1;      /* front: requests may be on the ring */
    unsigned int saw : 3;       /* the peer's state as last read */
    unsigned int saw_id : 3;    /* back: the id that it will map */
    unsigned int node : 3;      /* xenstore: its state, and its */
    unsigned int id : 3;        /* connection-id; 0: absent */
    unsigned int stuck : 1;     /* front: the back's octet stays at 1 */
};

struct world {
    struct side front, back;
};

static struct {
    unsigned int rules;
    /* One cell of a table that is taken for STEP_NONE; -1: none is. */
    int no_front_own, no_front_peer, no_back_own, no_back_peer;
    const char *broken;         /* a rule of the ring was broken */
} model;

static uint64_t pack_side(const struct side *s)
{
    return s->alive | s->woken << 1 | s->pc << 2 | s->own << 6 |
           s->ring << 9 | s->used << 12 | s->saw << 13 | s->saw_id << 16 |
           s->node << 19 | s->id << 22 | s->stuck << 25;
}

static uint64_t pack(const struct world *w)
{
    return pack_side(&w->front) | pack_side(&w->back) << 32;
}

static struct side unpack_side(uint32_t n)
{
    return (struct side){
        .alive = n & 1, .woken = n >> 1 & 1, .pc = n >> 2 & 15,
        .own = n >> 6 & 7, .ring = n >> 9 & 7, .used = n >> 12 & 1,
        .saw = n >> 13 & 7, .saw_id = n >> 16 & 7, .node = n >> 19 & 7,
        .id = n >> 22 & 7, .stuck = n >> 25 & 1,
    };
}

static struct world unpack(uint64_t n)
{
    return (struct world){ unpack_side((uint32_t)n),
                           unpack_side((uint32_t)(n >> 32)) };
}

static int has(enum rule rule)
{
    return (model.rules & rule) != 0;
}

/* Does the peer of @s live and have the same ring? */
static int shared(const struct side *s, const struct side *peer)
{
    return s->ring && peer->alive && peer->ring == s->ring;
}

/* What @s reads in the octet of its peer. */
static int octet(const struct side *s, const struct side *peer)
{
    return s->stuck || shared(s, peer);
}

/* The peer is woken by the event of the ring's unmap notification. */
static void drop(struct side *s, struct side *peer)
{
    if (shared(s, peer))
        peer->woken = 1;
    s->ring = s->used = s->stuck = 0;
}

static unsigned int new_id(const struct world *w)
{
    const unsigned int taken = 1u << w->front.ring | 1u << w->front.id |
                               1u << w->back.ring | 1u << w->back.id |
                               1u << w->back.saw_id;
    unsigned int id = 1;

    while (taken & 1u << id)
        id++;
    return id;
}

/* Writes into a folder that is gone fail, and are not noticed here. */
static void write_state(struct side *s, struct side *peer, unsigned int state,
                        int with_id)
{
    s->own = state;
    s->pc = PC_IDLE;
    if (has(RULE_AGAIN))
        s->woken = 1;
    if (s->node == UNKNOWN)
        return;
    s->node = state;
    if (with_id)
        s->id = s->ring;
    peer->woken = 1;
}

/* The start of an evaluation: reads both states. */
static void look(struct side *s, struct side *peer)
{
    s->woken = 0;
    s->saw = peer->node;
    s->pc = PC_DECIDE;
    if (!has(RULE_OWN_NODE) || s->node == s->own)
        return;
    drop(s, peer);
    s->own = UNKNOWN;
    s->pc = s->node == UNKNOWN ? PC_IDLE : PC_FIRST;
}

static void to(struct side *s, struct side *peer, enum pc pc)
{
    if (pc == PC_FIRST || pc == PC_CLOSED)
        drop(s, peer);
    s->pc = pc;
}

static void front_decide(struct world *w)
{
    struct side *s = &w->front, *peer = &w->back;
    enum handshake_step step = handshake_front(s->own, s->saw);
    int same = s->ring && peer->id == s->ring;

    if ((int)s->own == model.no_front_own &&
        (int)s->saw == model.no_front_peer)
        step = STEP_NONE;
    s->pc = PC_IDLE;
    if (step == STEP_PUBLISH) {
        drop(s, peer);
        s->ring = new_id(w);
        s->pc = PC_PUBLISH;
    } else if (step == STEP_CONNECT && same) {
        if (!has(RULE_ORDER))
            s->used = 1;
        s->pc = PC_CONNECTED;
    } else if (step == STEP_RESET || (step == STEP_CHECK && !same)) {
        to(s, peer, PC_FIRST);
    } else if (step == STEP_CLOSE) {
        to(s, peer, PC_CLOSED);
    } else if (s->own == CONNECTED && !octet(s, peer)) {
        to(s, peer, PC_FIRST);
    }
}

static void front_step(struct world *w)
{
    struct side *s = &w->front, *peer = &w->back;

    switch ((enum pc)s->pc) {
    case PC_START:
    case PC_FIRST:
        write_state(s, peer, INITIALISING, 0);
        break;
    case PC_IDLE:
        look(s, peer);
        break;
    case PC_DECIDE:
        front_decide(w);
        break;
    case PC_PUBLISH:
        write_state(s, peer, INITIALISED, 1);
        break;
    case PC_CONNECTED:
        write_state(s, peer, CONNECTED, 0);
        s->pc = PC_OCTET;
        break;
    case PC_OCTET:
        if (has(RULE_OCTET) && !octet(s, peer)) {
            to(s, peer, PC_FIRST);
            break;
        }
        s->used = 1;
        s->pc = PC_IDLE;
        break;
    case PC_CLOSED:
        write_state(s, peer, CLOSED, 0);
        break;
    default:
        model.broken = "the front is nowhere";
    }
}

static void back_decide(struct world *w)
{
    struct side *s = &w->back, *peer = &w->front;
    enum handshake_step step = handshake_back(s->own, s->saw);

    if ((int)s->own == model.no_back_own && (int)s->saw == model.no_back_peer)
        step = STEP_NONE;
    s->pc = PC_IDLE;
    if (step == STEP_CONNECT && peer->node == INITIALISED) {
        s->saw_id = peer->id;
        s->pc = PC_MAP;
    } else if (step == STEP_RESET ||
               (step == STEP_CHECK && peer->id != s->ring)) {
        to(s, peer, PC_FIRST);
    } else if (s->own == CONNECTED && !octet(s, peer)) {
        to(s, peer, PC_FIRST);
    }
}

static void back_fails(struct world *w)
{
    to(&w->back, &w->front, has(RULE_STAY) ? PC_IDLE : PC_CLOSED);
    drop(&w->back, &w->front);
}

static void back_map(struct world *w)
{
    struct side *s = &w->back, *peer = &w->front;

    s->ring = s->saw_id;
    s->saw_id = 0;
    if (!shared(s, peer)) {
        s->ring = 0;
        back_fails(w);
        return;
    }
    if (peer->used)
        model.broken = "the back joins a ring that was used before";
    s->pc = PC_BIND;
}

static void back_step(struct world *w)
{
    struct side *s = &w->back, *peer = &w->front;

    switch ((enum pc)s->pc) {
    case PC_START:
    case PC_FIRST:
        write_state(s, peer, INITWAIT, 0);
        break;
    case PC_IDLE:
        look(s, peer);
        break;
    case PC_DECIDE:
        back_decide(w);
        break;
    case PC_MAP:
        back_map(w);
        break;
    case PC_BIND:
        if (shared(s, peer))
            s->pc = PC_CONNECTED;
        else
            back_fails(w);
        break;
    case PC_CONNECTED:
        write_state(s, peer, CONNECTED, 1);
        break;
    case PC_CLOSED:
        write_state(s, peer, CLOSED, 0);
        break;
    default:
        model.broken = "the back is nowhere";
    }
}

static void die(struct side *s, struct side *peer)
{
    drop(s, peer);
    *s = (struct side){ .node = s->node, .id = s->id };
}

static void back_domain_dies(struct world *w)
{
    w->front.stuck = shared(&w->front, &w->back);
    w->front.woken = w->front.alive;
    w->back = (struct side){ 0 };
}

static void start(struct side *s)
{
    s->alive = 1;
    s->woken = 1;
    s->pc = PC_START;
}

static void toolstack(struct world *w, unsigned int state)
{
    w->front.node = w->back.node = state;
    w->front.id = w->back.id = 0;
    w->front.woken = w->front.alive;
    w->back.woken = w->back.alive;
}

/* Whatever does not end a disturbance comes first. */
enum move {
    FRONT_GOES, BACK_GOES, FRONT_STARTS, BACK_STARTS, CREATE, NR_ORDERLY,
    FRONT_DIES = NR_ORDERLY, BACK_DIES, BACK_DOMAIN_DIES, REMOVE, NR_MOVES
};

static const char *const move_names[NR_MOVES] = {
    "front goes on", "back goes on", "front starts", "back starts",
    "device is created", "front dies", "back dies", "back's domain dies",
    "device is removed",
};

static int is_idle(const struct side *s)
{
    return !s->alive || (s->pc == PC_IDLE && !s->woken);
}

/* Returns 0 when @move cannot be made in *@w. */
static int make_move(struct world *w, enum move move)
{
    struct side *front = &w->front, *back = &w->back;

    switch (move) {
    case FRONT_GOES:
        if (is_idle(front))
            return 0;
        front_step(w);
        return 1;
    case BACK_GOES:
        if (is_idle(back))
            return 0;
        back_step(w);
        return 1;
    case FRONT_STARTS:
    case BACK_STARTS:
        if ((move == FRONT_STARTS ? front : back)->alive)
            return 0;
        start(move == FRONT_STARTS ? front : back);
        return 1;
    case CREATE:
    case REMOVE:
        if ((back->node == UNKNOWN) != (move == CREATE))
            return 0;
        toolstack(w, move == CREATE ? INITIALISING : UNKNOWN);
        return 1;
    case FRONT_DIES:
    case BACK_DIES:
        if (!(move == FRONT_DIES ? front : back)->alive)
            return 0;
        die(move == FRONT_DIES ? front : back,
            move == FRONT_DIES ? back : front);
        return 1;
    case BACK_DOMAIN_DIES:
        if (back->node == UNKNOWN)
            return 0;
        back_domain_dies(w);
        return 1;
    default:
        return 0;
    }
}

/* Neither side has anything to do, and one is Connected to nobody. */
static int is_forlorn(const struct world *w)
{
    const struct side *front = &w->front, *back = &w->back;

    return is_idle(front) && is_idle(back) && !shared(front, back) &&
           ((front->alive && front->own == CONNECTED) ||
            (back->alive && back->own == CONNECTED));
}

static int is_good(const struct world *w)
{
    return w->front.own == CONNECTED && w->back.own == CONNECTED &&
           w->front.node == CONNECTED && w->back.node == CONNECTED &&
           w->front.id == w->back.id && shared(&w->front, &w->back);
}

#endif
