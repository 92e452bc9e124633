/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xs.h - xenstore nodes as values of ours.
 *
 * Overview: thin helpers over libxenstore for front, back and vscanctl.  They
 * build paths in one place, check what was read before it is believed, and
 * turn errno into a return code.  They keep no state and write no log.
 *
 * In all of them @folder is a path without a closing slash, absolute or
 * relative to the caller's own domain, or NULL when @node is the whole path;
 * @t is XBT_NULL outside a transaction.  They return 0 or -errno; a result is
 * written on success only.  -ENAMETOOLONG: the path is longer than xenstore
 * takes.  A node that is not there is -ENOENT, but -EACCES when the folder
 * that it would be in cannot be read either: that is how a domain sees the
 * nodes of a domain that is gone (xsx_is_absent()).
 */
#ifndef VSCAN_XENIO_XS_H
#define VSCAN_XENIO_XS_H

#include <stdbool.h>
#include <stdint.h>

#include <xen/io/xenbus.h>
#include <xenstore.h>

/* Attempts of a transaction that others keep disturbing; and the pauses until one
 * may begin. */
#define XSX_MAX_ATTEMPTS    100
#define XSX_MAX_PAUSES      100
#define XSX_PAUSE_MS        10

/*
 * Connects to xenstore; the caller closes it with xs_close().  On failure
 * *@why_r is a constant sentence for the log.
 */
int xsx_open(struct xs_handle **xs_r, const char **why_r);

/* The caller's own domid. */
int xsx_own_domid(struct xs_handle *xs, uint32_t *domid_r);

/* Does @rc of a read say that the node is not there? */
bool xsx_is_absent(int rc);

/*
 * Reads a node as text, which the caller frees.  -EINVAL when it is malformed:
 * longer than VSCANIF_MAX_NODE, or with a NUL in it.
 */
int xsx_read(struct xs_handle *xs, xs_transaction_t t, const char *folder,
             const char *node, char **text_r);

/*
 * Reads a number (number.h).  -EINVAL when it is malformed, -ERANGE when it is
 * outside @min ... @max.
 */
int xsx_read_u32(struct xs_handle *xs, xs_transaction_t t, const char *folder,
                 const char *node, uint32_t min, uint32_t max,
                 uint32_t *value_r);

/*
 * Reads the node "state" of @folder.  Absent and malformed are both
 * XenbusStateUnknown, as in the tables of handshake.h, and no failure.
 */
int xsx_read_state(struct xs_handle *xs, xs_transaction_t t,
                   const char *folder, enum xenbus_state *state_r);

/* Writes a node; -E2BIG when @text is longer than VSCANIF_MAX_NODE. */
int xsx_write(struct xs_handle *xs, xs_transaction_t t, const char *folder,
              const char *node, const char *text);
int xsx_printf(struct xs_handle *xs, xs_transaction_t t, const char *folder,
               const char *node, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Writes the node "state" of @folder. */
int xsx_write_state(struct xs_handle *xs, xs_transaction_t t,
                    const char *folder, enum xenbus_state state);

/* Removes a node and all below it; none there is no failure. */
int xsx_remove(struct xs_handle *xs, xs_transaction_t t, const char *folder,
               const char *node);

/*
 * Runs @body in a transaction and commits it.  When another writer came in
 * between, all of @body runs again, XSX_MAX_ATTEMPTS times at most, then
 * -EAGAIN.  When @body returns anything but 0, nothing of it remains and that
 * is returned.  A domain other than dom0 may have so many open at a time, ten
 * by default: it is waited for one of the others to end, for a second at most,
 * then -ENOSPC, or -EBUSY from oxenstored.
 */
int xsx_transaction(struct xs_handle *xs,
                    int (*body)(struct xs_handle *xs, xs_transaction_t t,
                                void *arg), void *arg);

#endif
