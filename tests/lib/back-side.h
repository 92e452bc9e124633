/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * back-side.h - a back's nodes of one guest (xsback.h) that never joins a ring,
 * over two domains (two-domains.h).
 */
#ifndef VSCAN_TESTS_BACK_SIDE_H
#define VSCAN_TESTS_BACK_SIDE_H

#include "xsback.h"

extern struct xsback back;

/* For setup and teardown: opened and started; or opened, and then started. */
int back_side_start(void **state);
void back_side_open(void);
void back_side_begin(void);
int back_side_stop(void **state);

/* Has it look at what has changed. */
void back_side_run(void);

#endif
