/* SPDX-License-Identifier: GPL-2.0-or-later */
/* front-side.c - see front-side.h. */
#include "front-side.h"

#include <stdio.h>
#include <string.h>

#include "fake.h"
#include "policy.h"
#include "xsfront.h"

struct front_side fs;

static int on_make(void *arg, uint32_t domid,
                   const struct xsfront_limits *limits,
                   struct connection *connection_r)
{
    (void)arg;
    assert_false(fs.ring);
    if (fs.make_rc)
        return fs.make_rc;
    fs.ring = true;
    fs.made++;
    fs.domid = domid;
    *connection_r = (struct connection){ .ring_ref = 100 + fs.made,
                                         .port = 200 + fs.made };
    fs.offered = *limits;
    connection_r->nr_more = fs.ring_more;
    for (uint32_t i = 0; i < fs.ring_more; i++)
        connection_r->more_ref[i] = 500 + i;
    if (fs.pool_pages) {
        connection_r->pool_pages = fs.pool_pages;
        for (uint32_t i = 0; i < connection_pool_dirs(fs.pool_pages); i++)
            connection_r->pool_ref[i] = 300 + i;
    }
    return 0;
}

static void on_drop(void *arg)
{
    (void)arg;
    fs.ring = fs.connected = false;
}

/* Nothing of the other domain's may have been dropped. */
static void on_restored(void *arg)
{
    (void)arg;
    fs.restored++;
    fs.ring_at_restore = fs.ring;
}

static bool on_connected(void *arg, uint32_t domid,
                         const struct xsfront_limits *limits)
{
    (void)arg;
    assert_true(fs.ring);
    assert_false(fs.connected);
    assert_int_equal(domid, fs.domid);
    /* No request can come before this is written. */
    assert_true(fake_is("/local/domain/5/device/vscan/0/state", "4"));
    fs.connected = !fs.back_is_dead;
    fs.limits = *limits;
    return fs.connected;
}

static void on_attached(void *arg, const char *policy, uint32_t generation)
{
    char why[160];

    (void)arg;
    fs.attached++;
    fs.bad_policy = !policy;
    fs.generation = generation;
    if (policy)
        assert_int_equal(policy_parse(policy, &fs.policy, why, sizeof(why)),
                         0);
}

static void on_detached(void *arg)
{
    (void)arg;
    assert_false(fs.ring);
    fs.detached++;
}

static void on_question(void *arg, const char *text)
{
    (void)arg;
    fs.questions++;
    assert_int_equal(question_parse(text, &fs.question), 0);
}

const struct xsfront_ops front_side_ops = {
    .make = on_make, .drop = on_drop, .connected = on_connected,
    .restored = on_restored, .attached = on_attached, .detached = on_detached,
    .question = on_question,
};

const char *front_node(const char *name)
{
    return fake_front_read(FRONT, name);
}

void back_writes(const char *name, const char *text)
{
    fake_back_write(BACK, FRONT, name, text);
}

static void look(void)
{
    xsfront_run(&fs.front);
}

void front_settles(void)
{
    settle(FRONT, look);
}

void expect_front_state(const char *state)
{
    const bool ring = state[0] == '3' || state[0] == '4';

    front_settles();
    assert_non_null(front_node(NODE_STATE));
    assert_string_equal(front_node(NODE_STATE), state);
    assert_int_equal(fs.ring, ring);
    assert_int_equal(fs.connected, state[0] == '4');
}

void back_offers(void)
{
    back_writes(NODE_VERSIONS, "1");
    back_writes(NODE_MAX_REQUEST_PAGES, "64");
    back_writes(NODE_STATE, "2");
}

void back_connects(void)
{
    char id[16];

    snprintf(id, sizeof(id), "%s", front_node(NODE_CONNECTION_ID));
    back_writes(NODE_CONNECTION_ID, id);
    back_writes(NODE_STATE, "4");
}

void open_front(void)
{
    const char *why = NULL;

    fake_enter(FRONT);
    assert_int_equal(xsfront_open(&fs.front, &front_side_ops, NULL, &why), 0);
}

int front_side_start(void **state)
{
    (void)state;
    memset(&fs, 0, sizeof(fs));
    two_domains_start();
    return 0;
}

int front_side_with_device(void **state)
{
    front_side_start(state);
    fake_device_create(FRONT, BACK, "fail=closed timeout-ms=2000");
    open_front();
    return 0;
}

int front_side_stop(void **state)
{
    (void)state;
    xsfront_close(&fs.front);
    assert_false(fs.ring);
    fake_stop();
    return 0;
}

void bring_front_to(char own)
{
    expect_front_state("1");
    if (own == '1')
        return;
    back_offers();
    expect_front_state("3");
    if (own == '4') {
        back_connects();
        expect_front_state("4");
    } else if (own == '6') {
        back_writes(NODE_STATE, "6");
        expect_front_state("6");
    }
}
