/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * handshake.h - the two tables of vscanif.h, "Recovery".
 *
 * Pure: what to do next is a function of our own state and the peer's.  Who
 * calls it carries the step out and writes the new state.
 */
#ifndef VSCAN_HANDSHAKE_H
#define VSCAN_HANDSHAKE_H

#include <xen/io/xenbus.h>

enum handshake_step {
    STEP_NONE,
    STEP_PUBLISH,       /* front: make ring and channel, Initialised */
    STEP_CONNECT,       /* front: compare ids; back: map, bind; Connected */
    STEP_CHECK,         /* compare ids; if they differ, STEP_RESET */
    STEP_RESET,         /* drop; front: Initialising, back: InitWait */
    STEP_CLOSE,         /* drop; Closed */
};

/*
 * @own is one of the states the side itself writes, @peer anything that can
 * stand in the peer's node, XenbusStateUnknown when that is absent or no
 * state at all.  Never fails: what is not in the table is STEP_NONE.
 */
enum handshake_step handshake_front(enum xenbus_state own,
                                    enum xenbus_state peer);
enum handshake_step handshake_back(enum xenbus_state own,
                                   enum xenbus_state peer);

/* The state in @text; XenbusStateUnknown for NULL and for what is none. */
enum xenbus_state handshake_state(const char *text);

/* Its name for logs: "InitWait". */
const char *handshake_name(enum xenbus_state state);

#endif
