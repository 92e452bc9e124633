/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * own-node.h - nodes of a guest that are the toolstack's own.
 *
 * /libxl/<domid>/vscan-NAME: neither the guest nor its scanner domain can read
 * them, and libxl removes them with the domain.
 */
#ifndef VSCAN_TOOLSTACK_OWN_NODE_H
#define VSCAN_TOOLSTACK_OWN_NODE_H

#include <stdint.h>

#include <xenstore.h>

#include "names.h"

/* Why the guest is not protected (alarm.h), how far the log has come with its
 * incidents and with what its front has done to files (vscand), what has been
 * done to the VM, and how often that was undone (acted.h), that it is us who paused it (pause.h), a folder with
 * what was unplugged (nics.h), until when a selftest holds (selftest-node.h). */
#define OWN_ALARMS      "alarms"
#define OWN_INCIDENTS   "incidents"
#define OWN_REMEDIES    "remedies"
#define OWN_ACTED       "acted"
#define OWN_RELEASED    "released"
#define OWN_PAUSED      "paused"
#define OWN_VIFS        "vifs"
#define OWN_SELFTEST    "selftest"

struct vscan_path own_node_path(uint32_t domid, const char *name);

/* Reads it as xsx_read(). */
int own_node_read(struct xs_handle *xs, uint32_t domid, const char *name,
                  char **text_r);

/* Writes it, in a transaction of its own: a write alone would bring back what
 * is gone.  Returns 0; -ENOENT: the domain is; another -errno. */
int own_node_write(struct xs_handle *xs, uint32_t domid, const char *name,
                   const char *text);

/* None is no failure. */
int own_node_remove(struct xs_handle *xs, uint32_t domid, const char *name);

#endif
