/* SPDX-License-Identifier: GPL-2.0-or-later */
/* handshake.c - see handshake.h; rows and columns as in vscanif.h. */
#include "handshake.h"

#include "number.h"

/* The states that a peer can be in for the tables: up to Closed. */
#define NR_STATES   (XenbusStateClosed + 1)

static const unsigned char front_table[NR_STATES][NR_STATES] = {
    [XenbusStateInitialising] = {
        [XenbusStateInitWait] = STEP_PUBLISH,
    },
    [XenbusStateInitialised] = {
        [XenbusStateUnknown] = STEP_RESET,
        [XenbusStateInitialising] = STEP_RESET,
        [XenbusStateInitialised] = STEP_RESET,
        [XenbusStateConnected] = STEP_CONNECT,
        [XenbusStateClosing] = STEP_CLOSE,
        [XenbusStateClosed] = STEP_CLOSE,
    },
    [XenbusStateConnected] = {
        [XenbusStateUnknown] = STEP_RESET,
        [XenbusStateInitialising] = STEP_RESET,
        [XenbusStateInitWait] = STEP_PUBLISH,
        [XenbusStateInitialised] = STEP_RESET,
        [XenbusStateConnected] = STEP_CHECK,
        [XenbusStateClosing] = STEP_CLOSE,
        [XenbusStateClosed] = STEP_CLOSE,
    },
    [XenbusStateClosed] = {
        [XenbusStateInitWait] = STEP_PUBLISH,
    },
};

static const unsigned char back_table[NR_STATES][NR_STATES] = {
    [XenbusStateInitWait] = {
        [XenbusStateInitialised] = STEP_CONNECT,
    },
    [XenbusStateConnected] = {
        [XenbusStateUnknown] = STEP_RESET,
        [XenbusStateInitialising] = STEP_RESET,
        [XenbusStateInitWait] = STEP_RESET,
        [XenbusStateInitialised] = STEP_CHECK,
        [XenbusStateConnected] = STEP_CHECK,
        [XenbusStateClosing] = STEP_RESET,
        [XenbusStateClosed] = STEP_RESET,
    },
    [XenbusStateClosed] = {
        [XenbusStateInitialising] = STEP_RESET,
    },
};

static enum handshake_step look_up(
    const unsigned char table[NR_STATES][NR_STATES], enum xenbus_state own,
    enum xenbus_state peer)
{
    if ((unsigned int)own >= NR_STATES || (unsigned int)peer >= NR_STATES)
        return STEP_NONE;
    return table[own][peer];
}

enum handshake_step handshake_front(enum xenbus_state own,
                                    enum xenbus_state peer)
{
    return look_up(front_table, own, peer);
}

enum handshake_step handshake_back(enum xenbus_state own,
                                   enum xenbus_state peer)
{
    return look_up(back_table, own, peer);
}

enum xenbus_state handshake_state(const char *text)
{
    uint32_t value;

    if (number_parse_u32(text, XenbusStateInitialising, XenbusStateClosed,
                         &value))
        return XenbusStateUnknown;
    return value;
}

const char *handshake_name(enum xenbus_state state)
{
    static const char *const names[NR_STATES] = {
        "absent", "Initialising", "InitWait", "Initialised", "Connected",
        "Closing", "Closed",
    };

    return (unsigned int)state < NR_STATES ? names[state] : "?";
}
