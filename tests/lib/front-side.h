/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * front-side.h - the front's handshake, for tests.
 *
 * Overview: it runs over the fake xenstore; the test plays the back and the
 * toolstack by writing nodes.  Ring and port are numbers that are handed out
 * here.
 */
#ifndef VSCAN_TESTS_FRONT_SIDE_H
#define VSCAN_TESTS_FRONT_SIDE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy.h"
#include "question.h"
#include "two-domains.h"
#include "xsfront.h"

struct front_side {
    struct xsfront front;
    bool ring;                  /* there is one */
    bool ring_at_restore;       /* there was one then */
    bool connected;
    unsigned int made, attached, detached, restored;
    int make_rc;
    bool back_is_dead;
    struct xsfront_limits offered;      /* when it was made */
    uint32_t domid;
    uint32_t ring_more;         /* pages of the ring beside the first */
    struct xsfront_limits limits;
    uint32_t pool_pages;        /* that it makes */
    struct policy policy;
    bool bad_policy;
    uint32_t generation;        /* of the policy */
    unsigned int questions;     /* that were handed on, */
    struct question question;   /* and the last one */
};

extern struct front_side fs;
extern const struct xsfront_ops front_side_ops;

const char *front_node(const char *name);
void back_writes(const char *name, const char *text);

/* Lets the front look until there is nothing to look at. */
void front_settles(void);
void expect_front_state(const char *state);
void back_offers(void);
void back_connects(void);
void open_front(void);
int front_side_start(void **state);
int front_side_with_device(void **state);
int front_side_stop(void **state);

/* Brings the front into @own; the back is where that takes it. */
void bring_front_to(char own);

#endif
