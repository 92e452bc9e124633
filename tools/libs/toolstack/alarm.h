/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * alarm.h - why a guest is not protected as it is to be: the reasons, and the
 * node in which the toolstack keeps those that hold.
 *
 * vscand writes it, vscanctl reads it: the toolstack's own node "alarms"
 * (own-node.h), lines "SINCE REASON TEXT", SINCE in seconds since 1970; there
 * is no node when there are none.
 */
#ifndef VSCAN_TOOLSTACK_ALARM_H
#define VSCAN_TOOLSTACK_ALARM_H

#include <stdbool.h>
#include <stdint.h>

#include <xenstore.h>

enum alarm {
    ALARM_NOT_ATTACHED,     /* its config cannot be followed */
    ALARM_BACK,             /* there is no back that answers */
    ALARM_FRONT,            /* no front in the guest is connected */
    ALARM_ENGINE,           /* one does not scan, or not with its signatures */
    ALARM_SIGNATURES,       /* they are older than the policy allows */
    ALARM_NOT_COVERED,      /* some filesystems are left out */
    ALARM_POLICY,           /* the front has another one in force */
    ALARM_END
};

/* Octets of a text, its NUL included; it is cut to fit. */
#define ALARM_TEXT_SIZE 160

struct alarms {
    struct {
        uint64_t since;     /* 0: it does not hold */
        char text[ALARM_TEXT_SIZE];     /* printable ASCII */
    } alarm[ALARM_END];
};

/* Its word. */
const char *alarm_text(enum alarm alarm);

/* Does it mean that accesses pass, or are denied, without a scan? */
bool alarm_is_unprotected(enum alarm alarm);

/* Writes or removes the node of a domain; -ENOENT: the domain has gone. */
int alarms_write(struct xs_handle *xs, uint32_t domid,
                 const struct alarms *alarms);

/* Reads it; what is malformed in it is left out. */
int alarms_read(struct xs_handle *xs, uint32_t domid, struct alarms *alarms_r);

#endif
