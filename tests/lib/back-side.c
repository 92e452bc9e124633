/* SPDX-License-Identifier: GPL-2.0-or-later */
/* back-side.c - see back-side.h. */
#include "back-side.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake.h"
#include "two-domains.h"

struct xsback back;

static const struct xsback_limits limits = { .max_pages = 64,
                                             .max_stream_mib = 100,
                                             .max_ring_pages = 3 };
static int no_ring(void *arg, const struct connection *connection,
                   const char **why_r)
{
    (void)arg;
    (void)connection;
    *why_r = "no ring";
    return -EINVAL;
}

static void drop(void *arg)
{
    (void)arg;
}

static const struct xsback_ops ops = { .connect = no_ring, .drop = drop };

void back_side_open(void)
{
    const char *why;

    two_domains_start();
    fake_device_create(FRONT, BACK, NULL);
    fake_enter(BACK);
    assert_int_equal(xsback_open(&back, FRONT, &limits, &ops, NULL, &why), 0);
}

void back_side_begin(void)
{
    const char *why;

    fake_enter(BACK);
    assert_int_equal(xsback_start(&back, &why), 0);
}

int back_side_start(void **state)
{
    (void)state;
    back_side_open();
    back_side_begin();
    return 0;
}

int back_side_stop(void **state)
{
    (void)state;
    fake_enter(BACK);
    xsback_close(&back);
    fake_stop();
    return 0;
}

void back_side_run(void)
{
    fake_enter(BACK);
    xsback_run(&back);
}
