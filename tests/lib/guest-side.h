/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest-side.h - a guest at the ring of a back, for tests.
 *
 * Overview: the dataplane runs in the back's domain of the fake machine, the
 * test is a guest that may do whatever a guest can: it owns the ring, the
 * pages and the port, and changes them when it likes.
 */
#ifndef VSCAN_TESTS_GUEST_SIDE_H
#define VSCAN_TESTS_GUEST_SIDE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <xentoollog.h>

#include "dataplane.h"
#include "two-domains.h"

#define PAGE        VSCANIF_PAGE_SIZE
#define SLOTS       ((unsigned int)VSCANIF_RING_SIZE)

struct guest_side {
    struct dataplane dp;
    unsigned int fds;
    xengntshr_handle *xgs;
    xenevtchn_handle *xce;
    struct vscanif_sring *sring;
    ring_front ring;
    uint32_t ring_ref;
    int port;
};

extern struct guest_side gs;

void guest_side_make_ring(void);
int guest_side_connect(const char **why_r);
int guest_side_start(void **state);
int guest_side_connected(void **state);
int guest_side_stop(void **state);

#endif
