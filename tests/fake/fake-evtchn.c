/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake-evtchn.c - event channels, and libxenevtchn over them.
 *
 * Overview: a port is unbound or one end of a pair.  An event masks its port
 * and puts it into the queue of the handle, as Linux's evtchn device does; one
 * that comes meanwhile is kept and delivered when the port is unmasked.  What
 * was queued for a port stays queued when it is closed, and the lowest free
 * number is the next port: an old event can meet a new port.
 */
#define _GNU_SOURCE
#include "machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <xenevtchn.h>

#define NR_PORTS    512
#define QUEUE       1024

struct port {
    bool open;
    uint32_t domid, number;
    uint32_t peer_domid;        /* who may bind it, or who has */
    struct port *peer;          /* NULL: unbound */
    xenevtchn_handle *handle;   /* NULL: only held for a notification */
    bool masked, pending;
    unsigned int holds;
};

struct xenevtchn_handle {
    xenevtchn_handle *next;
    uint32_t domid;
    uint32_t only;              /* the one peer; UINT32_MAX: any */
    int fd;                     /* counts what is queued */
    unsigned int head, count;
    uint32_t queue[QUEUE];
};

static struct {
    xenevtchn_handle *handles;
    struct port port[NR_PORTS];
} channels;

void evtchn_start(void)
{
    machine_lock();
    channels.handles = NULL;
    memset(channels.port, 0, sizeof(channels.port));
    machine_unlock();
}

void evtchn_stop(void)
{
    machine_lock();
    if (channels.handles)
        machine_misuse("an event channel handle of domain %u is open at the "
                       "end", channels.handles->domid);
    for (int i = 0; i < NR_PORTS; i++)
        if (channels.port[i].open)
            machine_misuse("port %u of domain %u is open at the end",
                           channels.port[i].number, channels.port[i].domid);
    machine_unlock();
}

static struct port *find_locked(uint32_t domid, uint32_t number)
{
    for (int i = 0; i < NR_PORTS; i++) {
        struct port *p = &channels.port[i];

        if (p->open && p->domid == domid && p->number == number)
            return p;
    }
    return NULL;
}

static void raise_locked(struct port *p)
{
    const uint64_t one = 1;
    xenevtchn_handle *h = p->handle;

    if (!h)
        return;
    if (p->masked) {
        p->pending = true;
        return;
    }
    if (h->count == QUEUE)
        machine_misuse("more than %d events are queued", QUEUE);
    p->masked = true;
    h->queue[(h->head + h->count++) % QUEUE] = p->number;
    if (write(h->fd, &one, sizeof(one)) != sizeof(one))
        machine_misuse("eventfd: %s", strerror(errno));
}

static void close_locked(struct port *p)
{
    if (p->peer)
        p->peer->peer = NULL;
    *p = (struct port){ 0 };
}

void evtchn_domain_dies(uint32_t domid)
{
    machine_lock();
    for (int i = 0; i < NR_PORTS; i++)
        if (channels.port[i].open && channels.port[i].domid == domid)
            close_locked(&channels.port[i]);
    machine_unlock();
}

unsigned int fake_ports(uint32_t domid)
{
    unsigned int count = 0;

    machine_lock();
    for (int i = 0; i < NR_PORTS; i++)
        count += channels.port[i].open && channels.port[i].domid == domid;
    machine_unlock();
    return count;
}

bool evtchn_hold_locked(uint32_t domid, uint32_t port)
{
    struct port *p = find_locked(domid, port);

    if (p)
        p->holds++;
    return p != NULL;
}

void evtchn_signal_and_release_locked(uint32_t domid, uint32_t port,
                                      bool signal)
{
    struct port *p = find_locked(domid, port);

    if (!p || !p->holds)
        machine_misuse("a notification's port %u is not held", port);
    if (signal && p->peer)
        raise_locked(p->peer);
    if (--p->holds == 0 && !p->handle)
        close_locked(p);
}

/* The library --------------------------------------------------------------*/

xenevtchn_handle *xenevtchn_open(struct xentoollog_logger *logger,
                                 unsigned int flags)
{
    xenevtchn_handle *h;

    (void)logger;
    (void)flags;
    if (machine_call(FAKE_EVTCHN_OPEN))
        return NULL;
    h = calloc(1, sizeof(*h));
    if (!h)
        return NULL;
    h->domid = machine_domid();
    h->only = UINT32_MAX;
    /* Blocking, as the device is. */
    h->fd = eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE);
    machine_lock();
    h->next = channels.handles;
    channels.handles = h;
    machine_unlock();
    return h;
}

static void unbind_locked(struct port *p)
{
    p->handle = NULL;
    if (!p->holds)
        close_locked(p);
}

int xenevtchn_close(xenevtchn_handle *xce)
{
    xenevtchn_handle **link = &channels.handles;

    if (!xce)
        return 0;
    machine_lock();
    while (*link != xce) {
        if (!*link)
            machine_misuse("an event channel handle is closed twice");
        link = &(*link)->next;
    }
    *link = xce->next;
    for (int i = 0; i < NR_PORTS; i++)
        if (channels.port[i].open && channels.port[i].handle == xce)
            unbind_locked(&channels.port[i]);
    machine_unlock();
    close(xce->fd);
    free(xce);
    return 0;
}

int xenevtchn_fd(xenevtchn_handle *xce)
{
    return xce->fd;
}

static struct port *own_locked(xenevtchn_handle *xce, uint32_t number)
{
    struct port *p = find_locked(xce->domid, number);

    if (p && p->handle == xce)
        return p;
    errno = ENOTCONN;
    return NULL;
}

static struct port *new_port_locked(xenevtchn_handle *xce, uint32_t peer_domid)
{
    uint32_t number = 1;

    while (find_locked(xce->domid, number))
        number++;
    for (int i = 0; i < NR_PORTS; i++) {
        struct port *p = &channels.port[i];

        if (p->open)
            continue;
        *p = (struct port){ .open = true, .domid = xce->domid,
                            .number = number, .peer_domid = peer_domid,
                            .handle = xce };
        return p;
    }
    errno = ENOSPC;
    return NULL;
}

xenevtchn_port_or_error_t xenevtchn_bind_unbound_port(xenevtchn_handle *xce,
                                                      uint32_t domid)
{
    struct port *p;
    int number = -1;

    if (machine_call(FAKE_BIND_UNBOUND))
        return -1;
    machine_lock();
    p = new_port_locked(xce, domid);
    if (p)
        number = (int)p->number;
    machine_unlock();
    return number;
}

int xenevtchn_restrict(xenevtchn_handle *xce, domid_t domid)
{
    if (machine_call(FAKE_RESTRICT))
        return -1;
    if (xce->only != UINT32_MAX) {
        errno = EACCES;
        return -1;
    }
    xce->only = domid;
    return 0;
}

xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *xce,
                                                     uint32_t domid,
                                                     evtchn_port_t remote_port)
{
    struct port *remote, *p = NULL;
    int number = -1;

    if (machine_call(FAKE_BIND_INTERDOMAIN))
        return -1;
    machine_lock();
    remote = find_locked(domid, remote_port);
    if (xce->only != UINT32_MAX && xce->only != domid)
        errno = EACCES;
    else if (!remote || remote->peer || remote->peer_domid != xce->domid)
        errno = EINVAL;
    else if ((p = new_port_locked(xce, domid))) {
        p->peer = remote;
        remote->peer = p;
        number = (int)p->number;
        /* Xen: events may have been lost on the unbound port. */
        raise_locked(p);
    }
    machine_unlock();
    return number;
}

int xenevtchn_unbind(xenevtchn_handle *xce, evtchn_port_t port)
{
    struct port *p;

    machine_lock();
    p = own_locked(xce, port);
    if (!p)
        machine_misuse("port %u is not bound by this handle", port);
    unbind_locked(p);
    machine_unlock();
    return 0;
}

int xenevtchn_notify(xenevtchn_handle *xce, evtchn_port_t port)
{
    struct port *p;

    if (machine_call(FAKE_NOTIFY))
        return -1;
    machine_lock();
    p = own_locked(xce, port);
    /* Nobody at the other end: dropped. */
    if (p && p->peer)
        raise_locked(p->peer);
    machine_unlock();
    return p ? 0 : -1;
}

xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *xce)
{
    uint64_t one;
    int port;

    if (read(xce->fd, &one, sizeof(one)) != sizeof(one))
        return -1;
    machine_lock();
    if (!xce->count)
        machine_misuse("an event without a port");
    port = (int)xce->queue[xce->head];
    xce->head = (xce->head + 1) % QUEUE;
    xce->count--;
    machine_unlock();
    return port;
}

int xenevtchn_unmask(xenevtchn_handle *xce, evtchn_port_t port)
{
    struct port *p;

    machine_lock();
    p = own_locked(xce, port);
    /* The device says nothing about ports that are not there. */
    if (p) {
        p->masked = false;
        if (p->pending) {
            p->pending = false;
            raise_locked(p);
        }
    }
    machine_unlock();
    return 0;
}
