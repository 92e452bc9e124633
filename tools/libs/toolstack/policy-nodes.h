/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy-nodes.h - what of a guest's policy is the toolstack's own, in
 * xenstore.
 *
 * Overview: owns two nodes beside the record, which neither guest nor scanner
 * can read and libxl removes with the domain:
 *   /libxl/<domid>/vscan-response   response.h
 *   /libxl/<domid>/vscan-policy     the policy's name; absent: it has none
 * device_response() and device_policy_name() of device.h are here, too.
 */
#ifndef VSCAN_TOOLSTACK_POLICY_NODES_H
#define VSCAN_TOOLSTACK_POLICY_NODES_H

#include <stdint.h>

#include <xenstore.h>

#include "policy-texts.h"

/* 0 or -errno, in the caller's transaction. */
int policy_nodes_write(struct xs_handle *xs, xs_transaction_t t,
                       uint32_t front, const struct policy_texts *texts);
int policy_nodes_remove(struct xs_handle *xs, xs_transaction_t t,
                        uint32_t front);

/* The mode of the guest's policy, a word as in "mode="; "?": the policy is
 * malformed, or cannot be read. */
#define POLICY_NODES_ENFORCE "enforce"
const char *policy_nodes_mode(struct xs_handle *xs, uint32_t front);

/* Does the guest follow the policy of this name?  1 or 0, or -errno. */
int policy_nodes_follow(struct xs_handle *xs, xs_transaction_t t,
                        uint32_t front, const char *name);

#endif
