/* SPDX-License-Identifier: GPL-2.0-or-later */
/* assembly.c - see assembly.h. */
#include "assembly.h"

#include <assert.h>
#include <errno.h>
#include <unistd.h>

#include "snapshot.h"

int assembly_begin(struct assembly *assembly, const struct scan_request *req)
{
    int fd, rc;

    assert(!assembly->on);
    rc = snapshot_begin(req->size, &fd);
    if (!rc)
        *assembly = (struct assembly){ .on = true, .id = req->id,
                                       .size = req->size, .fd = fd };
    return rc;
}

int assembly_add(struct assembly *assembly, const struct scan_request *piece,
                 const void *pages, const char **why_r)
{
    int rc = 0;

    assert(assembly->on);
    if (request_stream(piece) != assembly->id) {
        *why_r = "piece: of another stream";
        return -EPROTO;
    }
    if (piece->size > assembly->size - assembly->at) {
        *why_r = "piece: beyond the end of its stream";
        return -EPROTO;
    }
    if (pages)
        rc = snapshot_add(assembly->fd, assembly->at, pages, piece->size);
    if (!rc)
        assembly->at += piece->size;
    return rc;
}

bool assembly_is_whole(const struct assembly *assembly)
{
    return assembly->on && assembly->at == assembly->size;
}

int assembly_take(struct assembly *assembly, int *fd_r)
{
    int rc;

    assert(assembly_is_whole(assembly));
    rc = snapshot_end(assembly->fd, assembly->size);
    if (rc) {
        assembly_drop(assembly);
        return rc;
    }
    *fd_r = assembly->fd;
    assembly->on = false;
    return 0;
}

void assembly_drop(struct assembly *assembly)
{
    if (assembly->on)
        close(assembly->fd);
    assembly->on = false;
}
