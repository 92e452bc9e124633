/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * metrics.h - what vscand knows, in the text format of Prometheus, as a file
 * for the textfile collector of its node exporter.
 */
#ifndef VSCAND_METRICS_H
#define VSCAND_METRICS_H

#include <stdint.h>

#include "guests.h"

/* Debian's folder of that collector: without it nothing is written. */
#define METRICS_FILE    "/var/lib/prometheus/node-exporter/xen-vscan.prom"

/* How often it is written. */
#define METRICS_MS      15000

/*
 * Writes the file anew, so that no half of it is ever read.  Returns 0;
 * -ENOENT: there is no such folder; another -errno.
 */
int metrics_write(const char *path, const struct guests *guests, uint64_t now);

#endif
