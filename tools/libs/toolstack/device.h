/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * device.h - the nodes of a scan device: made, moved and removed.
 *
 * Overview: owns the toolstack's half of vscanif.h: the folders of front,
 * back and policy, with the permissions that libxl gives its own devices
 * (libxl__device_generic_add() of libxl_device.c), and the record.
 *
 * The record, /libxl/<domid>/device/vscan/0, is where libxl too notes what it
 * has attached.  The guest can write its own folder and the back its own; the
 * record alone is the toolstack's word for who is attached to whom, and for
 * the name of the back's domain, by which another one is found when that one
 * is gone.  libxl skips device kinds that it does not know, and removes the
 * record with the domain; back folders that are left over then are found by
 * looking for them.
 */
#ifndef VSCAN_TOOLSTACK_DEVICE_H
#define VSCAN_TOOLSTACK_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/io/xenbus.h>
#include <xenstore.h>

#include "names.h"
#include "policy-texts.h"

struct device {
    uint32_t front;         /* domid of the guest */
    uint32_t back;          /* domid of the back */
    bool recorded;          /* attached by the toolstack, guest not gone */
    bool back_folder;       /* there is a folder for the back */
};

struct device_list {
    struct device *devices; /* by front, then by back */
    size_t count;
};

/* The folder of the record. */
struct vscan_path device_record(uint32_t front);

/* All devices of which there is a record or a back folder. */
int device_list(struct xs_handle *xs, struct device_list *list_r);
void device_list_dispose(struct device_list *list);

/*
 * Creates all nodes of a device, with the names of both domains.  -EEXIST when
 * the guest has one already, *@back_r is its back then, or DOMID_INVALID when
 * only left-over nodes are in the way; -ENOENT when one of the domains has no
 * home in xenstore.
 */
int device_create(struct xs_handle *xs, uint32_t front, uint32_t back,
                  const char *name, const char *back_name,
                  const struct policy_texts *texts, uint32_t *back_r);

/* The name of the back's domain, which the caller frees; 0 or -errno. */
int device_back_name(struct xs_handle *xs, uint32_t front, char **name_r);

/*
 * Gives an attached guest the back in domain @back, of that name, instead of the
 * one in @old_back: all nodes are made anew, in one transaction; the guest's name,
 * policy and its generation stay.  The front never sees itself without a device,
 * so that it goes on to hold accesses.  What is left over at the new back is
 * removed.  -ENOENT when one of the domains has no home, or the guest is not
 * attached to @old_back.
 */
int device_move(struct xs_handle *xs, uint32_t front, uint32_t old_back,
                uint32_t back, const char *back_name);

/* The domain of the back of an attached guest; -ENOENT: it is not. */
int device_back(struct xs_handle *xs, uint32_t front, uint32_t *back_r);

/*
 * Asks the back to close, as libxl does.  Returns 1 when there is something
 * to wait for; 0 when the back has closed, never took the device up, or cannot be
 * told, as it writes into its folder without end.
 */
int device_close(struct xs_handle *xs, const struct device *device);

/* Waits until the back has closed; -ETIMEDOUT after @timeout_ms. */
int device_wait(struct xs_handle *xs, const struct device *device,
                int64_t timeout_ms);

/* Removes all that there is for the guest @front at the backs in @list, and at
 * the one that it is attached to by then; of the toolstack's own nodes, all but
 * what was done to the VM (own-node.h). */
int device_remove(struct xs_handle *xs, uint32_t front,
                  const struct device_list *list);

/* Has the toolstack attached the guest, and is it not gone? */
bool device_attached(struct xs_handle *xs, uint32_t front);

/* Replaces all of an attached guest's policy at once, under the next generation:
 * its node, the toolstack's own part, and the name; -ENOENT: it is not.  Then
 * tells the back: another -errno can mean that this alone has failed. */
int device_set_policy(struct xs_handle *xs, uint32_t front,
                      const struct policy_texts *texts);

/* The same if the guest follows the policy of this name; -ESRCH: it does
 * not. */
int device_load_policy(struct xs_handle *xs, uint32_t front,
                       const struct policy_texts *texts);

/*
 * The toolstack's own part of the policy (response.h), and the policy's name,
 * as text, which the caller frees.  0 or -errno; -ENOENT: there is none, so
 * that the defaults hold, and the policy has no name.
 */
int device_response(struct xs_handle *xs, uint32_t front, char **text_r);
int device_policy_name(struct xs_handle *xs, uint32_t front, char **name_r);

/* Has the back in this domain look for other signatures; -ENOENT: no guest was
 * ever attached to it. */
int device_reload(struct xs_handle *xs, uint32_t back);

/*
 * The guest is to stay as it is until it is attached by hand, or is gone: its
 * domain config counts for nothing.  A node beside the record, which libxl
 * removes with the domain.
 */
int device_stay_detached(struct xs_handle *xs, uint32_t front);
bool device_stays_detached(struct xs_handle *xs, uint32_t front);

/* Is there a folder of front, policy or record for this guest? */
bool device_has_nodes(struct xs_handle *xs, uint32_t front);

#endif
