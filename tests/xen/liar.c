/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * liar.c - runs in the scanner domain: reports incidents as fast as it can, of a
 * guest that this domain serves (DOMID), and of one that it does not (OTHER).
 *
 *   liar DOMID OTHER COUNT
 *
 * Prints how many it could write of which, and in how many milliseconds.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <xenstore.h>

#include "incident.h"
#include "names.h"

static uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static bool report(struct xs_handle *xs, const char *domid, uint32_t serial)
{
    struct incident incident = {
        .serial = serial, .event = VSCANIF_EVENT_OPEN,
        .name = "x\x1b[2J\"\\\n{}", .path = "/\xff\xfe$(reboot)`reboot`'\"\n",
    };
    char path[VSCAN_PATH_MAX], line[VSCANIF_MAX_LINE + 1], node[2048];
    int len;

    incident.digest[0] = (uint8_t)serial;
    incident.digest[1] = (uint8_t)(serial >> 8);
    snprintf(path, sizeof(path), "backend/vscan/%s/0/incidents", domid);
    len = snprintf(node, sizeof(node), "4711 %" PRIu32 "\n%s", serial,
                   incident_format(&incident, line));
    return xs_write(xs, XBT_NULL, path, node, (unsigned int)len);
}

int main(int argc, char **argv)
{
    struct xs_handle *xs = xs_open(0);
    unsigned int ours = 0, others = 0;
    uint64_t from = now_ms();

    if (!xs || argc != 4) {
        fprintf(stderr, "liar: %s\n", xs ? "usage" : strerror(errno));
        return 2;
    }
    for (uint32_t i = 1; i <= (uint32_t)strtoul(argv[3], NULL, 10); i++) {
        ours += report(xs, argv[1], i);
        others += report(xs, argv[2], i);
    }
    printf("ours %u others %u ms %" PRIu64 "\n", ours, others,
           now_ms() - from);
    xs_close(xs);
    return 0;
}
