/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guest-side.c - see guest-side.h. */
#define _GNU_SOURCE
#include "guest-side.h"

#include <fcntl.h>
#include <string.h>

#include "dataplane.h"
#include "fake.h"

struct guest_side gs;

void guest_side_make_ring(void)
{
    fake_enter(FRONT);
    gs.port = xenevtchn_bind_unbound_port(gs.xce, BACK);
    assert_true(gs.port > 0);
    gs.sring = xengntshr_share_page_notify(gs.xgs, BACK, &gs.ring_ref, 1,
                                           VSCANIF_FRONT_LIVE_OFFSET,
                                           (evtchn_port_t)gs.port);
    assert_non_null(gs.sring);
    ring_front_init(&gs.ring, gs.sring, NULL, 0);
    ring_front_set_alive(gs.sring);
    fake_enter(BACK);
}

int guest_side_start(void **state)
{
    const char *why = NULL;

    (void)state;
    memset(&gs, 0, sizeof(gs));
    gs.fds = fake_open_fds();
    fake_start();
    fake_enter(FRONT);
    gs.xgs = xengntshr_open(NULL, 0);
    gs.xce = xenevtchn_open(NULL, 0);
    fcntl(xenevtchn_fd(gs.xce), F_SETFL, O_NONBLOCK);
    fake_enter(BACK);
    assert_int_equal(dataplane_open(&gs.dp, FRONT, 8192, 100, &why), 0);
    guest_side_make_ring();
    return 0;
}

int guest_side_connect(const char **why_r)
{
    const struct connection connection = { .ring_ref = gs.ring_ref,
                                           .port = (uint32_t)gs.port };

    return dataplane_connect(&gs.dp, &connection, why_r);
}

int guest_side_connected(void **state)
{
    const char *why = NULL;

    guest_side_start(state);
    assert_int_equal(guest_side_connect(&why), 0);
    return 0;
}

int guest_side_stop(void **state)
{
    (void)state;
    dataplane_disconnect(&gs.dp);
    dataplane_disconnect(&gs.dp);
    assert_int_equal(fake_mapped(BACK), 0);
    assert_int_equal(fake_ports(BACK), 0);
    xengnttab_close(gs.dp.offers);
    xengnttab_close(gs.dp.xgt);
    xenevtchn_close(gs.dp.xce);
    xtl_logger_destroy(gs.dp.logger);
    xengntshr_close(gs.xgs);
    xenevtchn_close(gs.xce);
    fake_stop();
    assert_int_equal(fake_open_fds(), gs.fds);
    return 0;
}
