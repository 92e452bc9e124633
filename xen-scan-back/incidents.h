/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * incidents.h - what has been found in a guest, told the toolstack: the node
 * "incidents" (vscanif.h, "Back nodes").
 *
 * Overview: owns the window (window.h) and its text in xsback.h, and when that
 * is written.
 */
#ifndef VSCAN_INCIDENTS_H
#define VSCAN_INCIDENTS_H

#include <stdint.h>

#include "flights.h"
#include "verdict.h"
#include "window.h"
#include "xsback.h"

struct incidents {
    struct xsback *xsback;
    struct window window;
};

/* Before the first state, which brings the node along; @life is random. */
void incidents_begin(struct incidents *incidents, struct xsback *xsback,
                     uint32_t life);

/* This request has been answered so: infected. */
void incidents_add(struct incidents *incidents, const struct flight *flight,
                   const struct verdict *verdict);

/* When the node is to be written, of proc_now_ms(); -1: it has been. */
int64_t incidents_due(const struct incidents *incidents);

/* Writes it if that is due; @now_ms INT64_MAX: it is, as the link ends. */
void incidents_write(struct incidents *incidents, int64_t now_ms);

#endif
