/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake-grants.c - grant tables, and libxengnttab's two halves over them.
 *
 * Overview: the machine's memory is one memfd.  A page has at most one grant;
 * references are never used twice.  Who maps read-only maps a descriptor that
 * was opened read-only, so that not even mprotect() makes such a page
 * writable.  A page that its owner takes back while it is mapped stays, granted
 * as before, until the last mapping has gone, as gntalloc keeps it.
 */
#define _GNU_SOURCE
#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <xengnttab.h>

#include <xen/sys/gntdev.h>

#define PAGE        4096u
#define NR_PAGES    32768u
/* How often one page can be granted anew. */
#define NR_TIMES    (UINT32_MAX / NR_PAGES - 1)
#define NO_OFFSET   UINT32_MAX
#define NO_PORT     UINT32_MAX
/* No place in a file that could be mapped. */
#define NO_PLACE    1u

struct page {
    uint32_t ref;               /* 0: free */
    uint32_t owner, peer;
    bool writable, taken_back;
    unsigned int maps;
    uint32_t times;
};

/* Pages that one call has shared or mapped. */
struct span {
    struct span *next;
    char *address;
    uint32_t count;
    uint32_t *page;
    uint32_t notify_offset, notify_port;
};

/* A mapping to come, at a place of the memory. */
struct offer {
    struct offer *next;
    uint64_t at;
    uint32_t count;
};

struct xengntdev_handle {
    struct xengntdev_handle *next;
    uint32_t domid;
    bool shares;
    int fd;                     /* of the memory; -1: not asked for */
    struct span *spans;
    struct offer *offers;
};

static struct {
    int fd, read_only_fd;
    uint32_t hint;
    unsigned int limit;
    struct xengntdev_handle *handles;
    struct page page[NR_PAGES];
} memory = { .fd = -1 };

void grants_start(void)
{
    char name[32];

    machine_lock();
    memory.handles = NULL;
    memory.fd = memfd_create("fake-machine", MFD_CLOEXEC);
    if (memory.fd < 0 || ftruncate(memory.fd, (off_t)NR_PAGES * PAGE))
        machine_misuse("no memory");
    snprintf(name, sizeof(name), "/proc/self/fd/%d", memory.fd);
    memory.read_only_fd = open(name, O_RDONLY | O_CLOEXEC);
    if (memory.read_only_fd < 0)
        machine_misuse("cannot reopen the memory");
    memset(memory.page, 0, sizeof(memory.page));
    memory.hint = 1;
    memory.limit = UINT32_MAX;
    machine_unlock();
}

void grants_stop(void)
{
    machine_lock();
    /* Threads that read files have a handle to share with, all their life. */
    for (struct xengntdev_handle *h = memory.handles; h; h = h->next)
        if (!h->shares || h->spans)
            machine_misuse("a grant handle of domain %u is open at the end",
                           h->domid);
    for (uint32_t i = 0; i < NR_PAGES; i++)
        if (memory.page[i].ref)
            machine_misuse("domain %u has a page granted at the end",
                           memory.page[i].owner);
    close(memory.fd);
    close(memory.read_only_fd);
    memory.fd = -1;
    machine_unlock();
}

void grants_domain_dies(uint32_t domid)
{
    machine_lock();
    for (struct xengntdev_handle *h = memory.handles; h; h = h->next) {
        if (h->domid != domid)
            continue;
        for (struct span *s = h->spans; s; s = s->next) {
            if (s->notify_port != NO_PORT)
                evtchn_signal_and_release_locked(domid, s->notify_port,
                                                 false);
            s->notify_offset = s->notify_port = UINT32_MAX;
        }
    }
    machine_unlock();
}

static unsigned int count_pages(bool (*fits)(const struct page *page,
                                             uint32_t domid), uint32_t domid)
{
    unsigned int count = 0;

    machine_lock();
    for (uint32_t i = 0; i < NR_PAGES; i++)
        count += memory.page[i].ref && fits(&memory.page[i], domid);
    machine_unlock();
    return count;
}

static bool is_granted(const struct page *page, uint32_t domid)
{
    return page->owner == domid;
}

static bool is_lingering(const struct page *page, uint32_t domid)
{
    return page->owner == domid && page->taken_back;
}

unsigned int fake_granted(uint32_t domid)
{
    return count_pages(is_granted, domid);
}

unsigned int fake_lingering(uint32_t domid)
{
    return count_pages(is_lingering, domid);
}

unsigned int fake_mapped(uint32_t domid)
{
    unsigned int count = 0;

    machine_lock();
    for (struct xengntdev_handle *h = memory.handles; h; h = h->next)
        if (h->domid == domid && !h->shares)
            for (struct span *s = h->spans; s; s = s->next)
                count += s->count;
    machine_unlock();
    return count;
}

unsigned int fake_offered(uint32_t domid)
{
    unsigned int count = 0;

    machine_lock();
    for (struct xengntdev_handle *h = memory.handles; h; h = h->next)
        if (h->domid == domid)
            for (struct offer *o = h->offers; o; o = o->next)
                count++;
    machine_unlock();
    return count;
}

void fake_limit_grants(unsigned int pages)
{
    machine_lock();
    memory.limit = pages;
    machine_unlock();
}

/* Handles ------------------------------------------------------------------*/

static struct xengntdev_handle *open_handle(enum fake_call call, bool shares)
{
    struct xengntdev_handle *h;

    if (machine_call(call))
        return NULL;
    h = calloc(1, sizeof(*h));
    if (!h)
        return NULL;
    h->domid = machine_domid();
    h->shares = shares;
    h->fd = -1;
    machine_lock();
    h->next = memory.handles;
    memory.handles = h;
    machine_unlock();
    return h;
}

xengntshr_handle *xengntshr_open(struct xentoollog_logger *logger,
                                 unsigned open_flags)
{
    (void)logger;
    (void)open_flags;
    return open_handle(FAKE_GNTSHR_OPEN, true);
}

xengnttab_handle *xengnttab_open(struct xentoollog_logger *logger,
                                 unsigned open_flags)
{
    (void)logger;
    (void)open_flags;
    return open_handle(FAKE_GNTTAB_OPEN, false);
}

static void free_page_locked(uint32_t index)
{
    struct page *page = &memory.page[index];
    const uint32_t times = page->times;

    *page = (struct page){ .times = times };
    if (fallocate(memory.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                  (off_t)index * PAGE, PAGE))
        machine_misuse("cannot empty a page: %s", strerror(errno));
}

/* What the kernel does when a mapping goes away, and in which order. */
static void end_span_locked(struct xengntdev_handle *h, struct span *span)
{
    struct span **link = &h->spans;

    while (*link != span)
        link = &(*link)->next;
    *link = span->next;
    if (span->notify_offset != NO_OFFSET) {
        /* By the kernel: the mapping may be read-only for its user. */
        const off_t at = (off_t)span->page[0] * PAGE + span->notify_offset;

        if (pwrite(memory.fd, "", 1, at) != 1)
            machine_misuse("cannot clear an octet: %s", strerror(errno));
    }
    if (span->notify_port != NO_PORT)
        evtchn_signal_and_release_locked(h->domid, span->notify_port, true);
    munmap(span->address, (size_t)span->count * PAGE);
    for (uint32_t i = 0; i < span->count; i++) {
        struct page *page = &memory.page[span->page[i]];

        if (h->shares)
            page->taken_back = true;
        else
            page->maps--;
        if (page->taken_back && !page->maps)
            free_page_locked(span->page[i]);
    }
    free(span->page);
    free(span);
}

static void end_offer_locked(struct offer **link)
{
    struct offer *offer = *link;

    *link = offer->next;
    free(offer);
}

static int close_handle(struct xengntdev_handle *h)
{
    struct xengntdev_handle **link = &memory.handles;

    if (!h)
        return 0;
    machine_lock();
    while (*link != h) {
        if (!*link)
            machine_misuse("a grant handle is closed twice");
        link = &(*link)->next;
    }
    while (h->spans)
        end_span_locked(h, h->spans);
    while (h->offers)
        end_offer_locked(&h->offers);
    *link = h->next;
    machine_unlock();
    if (h->fd >= 0)
        close(h->fd);
    free(h);
    return 0;
}

int xengntshr_close(xengntshr_handle *xgs)
{
    return close_handle(xgs);
}

int xengnttab_close(xengnttab_handle *xgt)
{
    return close_handle(xgt);
}

static int end_at(struct xengntdev_handle *h, void *address, uint32_t count)
{
    struct span *span;

    machine_lock();
    for (span = h->spans; span; span = span->next)
        if (span->address == address)
            break;
    if (!span || span->count != count)
        machine_misuse("%u pages at %p are not what domain %u has there",
                       count, address, h->domid);
    end_span_locked(h, span);
    machine_unlock();
    return 0;
}

int xengntshr_unshare(xengntshr_handle *xgs, void *start_address,
                      uint32_t count)
{
    return end_at(xgs, start_address, count);
}

int xengnttab_unmap(xengnttab_handle *xgt, void *start_address, uint32_t count)
{
    return end_at(xgt, start_address, count);
}

/* Sharing ------------------------------------------------------------------*/

/* The first of @count free pages in a row, 0 when there are none. */
static uint32_t find_pages_locked(uint32_t count)
{
    for (int pass = 0; pass < 2; pass++) {
        uint32_t run = 0;

        for (uint32_t i = pass ? 1 : memory.hint; i < NR_PAGES; i++) {
            run = memory.page[i].ref ? 0 : run + 1;
            if (run == count)
                return i - count + 1;
        }
    }
    return 0;
}

static unsigned int granted_locked(uint32_t domid)
{
    unsigned int count = 0;

    for (uint32_t i = 0; i < NR_PAGES; i++)
        count += memory.page[i].ref && memory.page[i].owner == domid;
    return count;
}

static struct span *add_span_locked(struct xengntdev_handle *h, char *address,
                                    uint32_t count, uint32_t offset,
                                    evtchn_port_t port)
{
    struct span *span = calloc(1, sizeof(*span));

    if (!span || !(span->page = calloc(count, sizeof(*span->page))))
        machine_misuse("no memory");
    span->address = address;
    span->count = count;
    span->notify_offset = offset;
    span->notify_port = port;
    span->next = h->spans;
    h->spans = span;
    return span;
}

static void *share_locked(struct xengntdev_handle *h, uint32_t peer,
                          uint32_t count, uint32_t *refs, bool writable,
                          uint32_t offset, evtchn_port_t port)
{
    uint32_t first = 0;
    struct span *span;
    char *address;

    if (memory.limit != UINT32_MAX &&
        granted_locked(h->domid) + count > memory.limit)
        errno = ENOSPC;
    else if (!(first = find_pages_locked(count)))
        errno = ENOSPC;
    if (!first)
        return NULL;
    if (port != NO_PORT && !evtchn_hold_locked(h->domid, port)) {
        errno = EINVAL;
        return NULL;
    }
    address = mmap(NULL, (size_t)count * PAGE, PROT_READ | PROT_WRITE,
                   MAP_SHARED, memory.fd, (off_t)first * PAGE);
    if (address == MAP_FAILED)
        machine_misuse("mmap: %s", strerror(errno));
    span = add_span_locked(h, address, count, offset, port);
    for (uint32_t i = 0; i < count; i++) {
        struct page *page = &memory.page[first + i];
        const uint32_t times = page->times + 1;

        if (times > NR_TIMES)
            machine_misuse("out of references");
        *page = (struct page){
            .ref = times * NR_PAGES + first + i, .owner = h->domid,
            .peer = peer, .writable = writable, .times = times,
        };
        span->page[i] = first + i;
        refs[i] = page->ref;
    }
    memory.hint = first + count;
    return address;
}

static void *share(struct xengntdev_handle *h, uint32_t peer, uint32_t count,
                   uint32_t *refs, bool writable, uint32_t offset,
                   evtchn_port_t port)
{
    void *address;

    if (machine_call(FAKE_SHARE))
        return NULL;
    if (!h->shares || count == 0)
        machine_misuse("sharing %u pages through this handle", count);
    machine_lock();
    address = share_locked(h, peer, count, refs, writable, offset, port);
    machine_unlock();
    return address;
}

void *xengntshr_share_pages(xengntshr_handle *xgs, uint32_t domid, int count,
                            uint32_t *refs, int writable)
{
    return share(xgs, domid, (uint32_t)count, refs, writable, NO_OFFSET,
                 NO_PORT);
}

void *xengntshr_share_page_notify(xengntshr_handle *xgs, uint32_t domid,
                                  uint32_t *ref, int writable,
                                  uint32_t notify_offset,
                                  evtchn_port_t notify_port)
{
    return share(xgs, domid, 1, ref, writable, notify_offset, notify_port);
}

/* Mapping ------------------------------------------------------------------*/

/* The page that @ref stands for, if @h may map it so; 0: it may not. */
static uint32_t check_ref_locked(const struct xengntdev_handle *h,
                                 uint32_t owner, uint32_t ref, int prot)
{
    const uint32_t index = ref % NR_PAGES;
    const struct page *page = &memory.page[index];

    if (!ref || page->ref != ref || page->owner != owner ||
        page->peer != h->domid)
        return 0;
    return prot & PROT_WRITE && !page->writable ? 0 : index;
}

/* Pages that lie one behind the other in memory are mapped by one call. */
static void map_pages_locked(const struct span *span, int prot)
{
    const int fd = prot & PROT_WRITE ? memory.fd : memory.read_only_fd;

    for (uint32_t i = 0, n; i < span->count; i += n) {
        for (n = 1; i + n < span->count; n++)
            if (span->page[i + n] != span->page[i] + n)
                break;
        if (mmap(span->address + (size_t)i * PAGE, (size_t)n * PAGE, prot,
                 MAP_SHARED | MAP_FIXED, fd,
                 (off_t)span->page[i] * PAGE) == MAP_FAILED)
            machine_misuse("mmap: %s", strerror(errno));
    }
}

static void *map_locked(struct xengntdev_handle *h, uint32_t owner,
                        uint32_t count, const uint32_t *refs, int prot,
                        uint32_t offset, evtchn_port_t port)
{
    struct span *span;
    char *address;

    for (uint32_t i = 0; i < count; i++) {
        if (!check_ref_locked(h, owner, refs[i], prot)) {
            errno = EINVAL;
            return NULL;
        }
    }
    /* A notification writes to the page. */
    if (port != NO_PORT && !evtchn_hold_locked(h->domid, port)) {
        errno = EINVAL;
        return NULL;
    }
    address = mmap(NULL, (size_t)count * PAGE, PROT_NONE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (address == MAP_FAILED)
        machine_misuse("mmap: %s", strerror(errno));
    span = add_span_locked(h, address, count, offset, port);
    for (uint32_t i = 0; i < count; i++) {
        span->page[i] = refs[i] % NR_PAGES;
        memory.page[span->page[i]].maps++;
    }
    map_pages_locked(span, prot);
    return address;
}

static void *map(struct xengntdev_handle *h, uint32_t owner, uint32_t count,
                 const uint32_t *refs, int prot, uint32_t offset,
                 evtchn_port_t port)
{
    void *address;

    if (machine_call(FAKE_MAP))
        return NULL;
    if (h->shares || count == 0)
        machine_misuse("mapping %u pages through this handle", count);
    machine_lock();
    address = map_locked(h, owner, count, refs, prot, offset, port);
    machine_unlock();
    return address;
}

void *xengnttab_map_grant_ref(xengnttab_handle *xgt, uint32_t domid,
                              uint32_t ref, int prot)
{
    return map(xgt, domid, 1, &ref, prot, NO_OFFSET, NO_PORT);
}

void *xengnttab_map_domain_grant_refs(xengnttab_handle *xgt, uint32_t count,
                                      uint32_t domid, uint32_t *refs, int prot)
{
    return map(xgt, domid, count, refs, prot, NO_OFFSET, NO_PORT);
}

void *xengnttab_map_grant_ref_notify(xengnttab_handle *xgt, uint32_t domid,
                                     uint32_t ref, int prot,
                                     uint32_t notify_offset,
                                     evtchn_port_t notify_port)
{
    return map(xgt, domid, 1, &ref, prot, notify_offset, notify_port);
}

/* Offers -------------------------------------------------------------------*/

int xengnttab_fd(xengnttab_handle *xgt)
{
    if (xgt->fd < 0)
        xgt->fd = fcntl(memory.read_only_fd, F_DUPFD_CLOEXEC, 0);
    return xgt->fd;
}

/* Where the pages are, if they are granted and lie in a row. */
static uint64_t place_locked(const struct xengntdev_handle *h, uint32_t count,
                             const struct ioctl_gntdev_grant_ref *refs)
{
    const uint32_t first = check_ref_locked(h, refs[0].domid, refs[0].ref,
                                            PROT_READ);

    for (uint32_t i = 0; i < count; i++)
        if (!first || check_ref_locked(h, refs[i].domid, refs[i].ref,
                                       PROT_READ) != first + i)
            return NO_PLACE;
    return (uint64_t)first * PAGE;
}

static int start_offer(struct xengntdev_handle *h,
                       struct ioctl_gntdev_map_grant_ref *map)
{
    struct offer *offer;

    if (machine_call(FAKE_OFFER))
        return -1;
    offer = calloc(1, sizeof(*offer));
    if (!offer)
        machine_misuse("no memory");
    machine_lock();
    map->index = place_locked(h, map->count, map->refs);
    *offer = (struct offer){ .next = h->offers, .at = map->index,
                             .count = map->count };
    h->offers = offer;
    machine_unlock();
    return 0;
}

static int end_offer(struct xengntdev_handle *h,
                     const struct ioctl_gntdev_unmap_grant_ref *unmap)
{
    struct offer **link = &h->offers;

    machine_lock();
    while (*link && ((*link)->at != unmap->index ||
                     (*link)->count != unmap->count))
        link = &(*link)->next;
    if (!*link)
        machine_misuse("%u pages at %llx are not offered", unmap->count,
                       (unsigned long long)unmap->index);
    end_offer_locked(link);
    machine_unlock();
    return 0;
}

static struct xengntdev_handle *handle_of(int fd)
{
    struct xengntdev_handle *h;

    machine_lock();
    for (h = memory.handles; h; h = h->next)
        if (h->fd == fd)
            break;
    machine_unlock();
    return h;
}

int ioctl(int fd, unsigned long request, ...)
{
    struct xengntdev_handle *h = fd < 0 ? NULL : handle_of(fd);
    va_list args;
    void *arg;

    va_start(args, request);
    arg = va_arg(args, void *);
    va_end(args);
    if (h && request == IOCTL_GNTDEV_MAP_GRANT_REF)
        return start_offer(h, arg);
    if (h && request == IOCTL_GNTDEV_UNMAP_GRANT_REF)
        return end_offer(h, arg);
    return (int)syscall(SYS_ioctl, fd, request, arg);
}
