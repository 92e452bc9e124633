/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * inventory.c - which scan devices there are (device_list() of device.h).
 *
 * Overview: looks through the records and through the back folders of all
 * domains; believes in neither that a name is a number nor that the folders
 * of both agree.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <xen/xen.h>

#include "device.h"
#include "number.h"
#include "xs.h"

/* Calls @visit for each child of @path whose name is a domid. */
static int each_domid(struct xs_handle *xs, const char *path,
                      int (*visit)(struct xs_handle *xs, uint32_t domid,
                                   void *arg), void *arg)
{
    unsigned int count;
    char **names = xs_directory(xs, XBT_NULL, path, &count);
    int rc = 0;

    if (!names)
        return errno == ENOENT ? 0 : -errno;
    for (unsigned int i = 0; i < count && !rc; i++) {
        uint32_t domid;

        if (!number_parse_u32(names[i], 0, DOMID_FIRST_RESERVED - 1, &domid))
            rc = visit(xs, domid, arg);
    }
    free(names);
    return rc;
}

/* The device in the list, which is added when it is new; NULL: no memory. */
static struct device *get(struct device_list *list, uint32_t front,
                          uint32_t back)
{
    struct device *devices;

    for (size_t i = 0; i < list->count; i++)
        if (list->devices[i].front == front && list->devices[i].back == back)
            return &list->devices[i];
    devices = realloc(list->devices, (list->count + 1) * sizeof(*devices));
    if (!devices)
        return NULL;
    list->devices = devices;
    devices[list->count] = (struct device){ .front = front, .back = back };
    return &devices[list->count++];
}

static int visit_record(struct xs_handle *xs, uint32_t front, void *arg)
{
    struct vscan_path node = device_record(front);
    struct device *device;
    uint32_t back;
    int rc;

    rc = xsx_read_u32(xs, XBT_NULL, node.s, NODE_BACKEND_ID, 0,
                      DOMID_FIRST_RESERVED - 1, &back);
    if (rc)
        return xsx_is_absent(rc) || rc == -EINVAL || rc == -ERANGE ? 0 : rc;
    device = get(arg, front, back);
    if (!device)
        return -ENOMEM;
    device->recorded = true;
    return 0;
}

struct in_back {
    struct device_list *list;
    uint32_t back;
};

static int visit_front(struct xs_handle *xs, uint32_t front, void *arg)
{
    struct in_back *in = arg;
    struct vscan_path folder = names_back(in->back, front);
    char *text = xs_read(xs, XBT_NULL, folder.s, NULL);
    struct device *device;

    if (!text)
        return errno == ENOENT ? 0 : -errno;
    free(text);
    device = get(in->list, front, in->back);
    if (!device)
        return -ENOMEM;
    device->back_folder = true;
    return 0;
}

static int visit_back(struct xs_handle *xs, uint32_t back, void *arg)
{
    struct in_back in = { .list = arg, .back = back };
    char path[VSCAN_PATH_MAX];

    snprintf(path, sizeof(path), "/local/domain/%u/" VSCAN_BACK_HOME, back);
    return each_domid(xs, path, visit_front, &in);
}

static int by_front(const void *a, const void *b)
{
    const struct device *x = a, *y = b;

    if (x->front != y->front)
        return x->front < y->front ? -1 : 1;
    return x->back < y->back ? -1 : x->back > y->back;
}

int device_list(struct xs_handle *xs, struct device_list *list_r)
{
    struct device_list list = { .devices = NULL };
    int rc;

    rc = each_domid(xs, "/libxl", visit_record, &list);
    if (!rc)
        rc = each_domid(xs, "/local/domain", visit_back, &list);
    if (rc) {
        device_list_dispose(&list);
        return rc;
    }
    if (list.count)
        qsort(list.devices, list.count, sizeof(*list.devices), by_front);
    *list_r = list;
    return 0;
}

void device_list_dispose(struct device_list *list)
{
    free(list->devices);
    *list = (struct device_list){ .devices = NULL };
}
