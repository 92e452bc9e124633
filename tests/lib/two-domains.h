/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * two-domains.h - a fake machine (fake.h) with a front's domain and a back's.
 */
#ifndef VSCAN_TESTS_TWO_DOMAINS_H
#define VSCAN_TESTS_TWO_DOMAINS_H

#include <stdint.h>

#define FRONT   5
#define BACK    3
/* One that has nothing to do with them, and does not exist. */
#define OTHER   7

void two_domains_start(void);

/* Has one of them @look until no watch of its has anything to tell; fails when
 * it never comes to rest. */
void settle(uint32_t domid, void (*look)(void));

#endif
