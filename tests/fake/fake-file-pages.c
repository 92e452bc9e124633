/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake-file-pages.c - xen-guest-front/file-pages.h over the fake machine.
 *
 * Overview: what the module grants is a file's own pages; here it is pages of
 * the machine, with the file's content as it is at that moment.  No file has such
 * pages unless the test says so.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <xengnttab.h>

#include "fake.h"
#include "file-pages.h"
#include "machine.h"

#define PAGE        4096u
#define MAX_GRANTS  64

struct grants {
    void *pages;                /* NULL: free */
    uint32_t count;
};

static struct {
    int error;
    xengntshr_handle *xgs;
    struct grants grants[MAX_GRANTS];
} module;

void file_pages_start(void)
{
    memset(&module, 0, sizeof(module));
    module.error = EOPNOTSUPP;
}

void file_pages_stop(void)
{
    if (module.xgs)
        xengntshr_close(module.xgs);
    module.xgs = NULL;
}

void fake_file_pages(int error)
{
    machine_lock();
    module.error = error;
    machine_unlock();
}

unsigned int fake_file_pages_granted(void)
{
    unsigned int count = 0;

    machine_lock();
    for (unsigned int i = 0; i < MAX_GRANTS; i++)
        count += module.grants[i].count;
    machine_unlock();
    return count;
}

int file_pages_open(void)
{
    return open("/dev/null", O_RDWR | O_CLOEXEC);
}

/* One for all threads, as it is in the kernel. */
static xengntshr_handle *handle(void)
{
    xengntshr_handle *xgs = xengntshr_open(NULL, 0);

    machine_lock();
    if (!module.xgs)
        module.xgs = xgs;
    machine_unlock();
    if (module.xgs != xgs)
        xengntshr_close(xgs);
    return module.xgs;
}

/* The number of grants that are free, and not any more. */
static uint32_t take_id(void *pages, uint32_t count)
{
    uint32_t id = 0;

    machine_lock();
    for (uint32_t i = 0; i < MAX_GRANTS && !id; i++) {
        if (module.grants[i].pages)
            continue;
        module.grants[i] = (struct grants){ pages, count };
        id = i + 1;
    }
    if (!id)
        machine_misuse("files' pages are granted %d times", MAX_GRANTS);
    machine_unlock();
    return id;
}

int file_pages_grant(int device, int fd, uint64_t size, uint32_t domid,
                     bool deny_write, uint32_t *refs,
                     struct file_pages *granted_r)
{
    const uint32_t count = (uint32_t)((size + PAGE - 1) / PAGE);
    uint64_t done = 0;
    char *pages;

    (void)device;
    (void)deny_write;
    if (module.error)
        return -module.error;
    pages = xengntshr_share_pages(handle(), domid, (int)count, refs, 0);
    if (!pages)
        return -errno;
    while (done < size) {
        const ssize_t n = pread(fd, pages + done, size - done, (off_t)done);

        if (n <= 0) {
            const int rc = n ? -errno : -ESTALE;

            xengntshr_unshare(module.xgs, pages, count);
            return rc;
        }
        done += (uint64_t)n;
    }
    granted_r->id = take_id(pages, count);
    granted_r->copied = size % PAGE;
    return 0;
}

void file_pages_end(int device, const struct file_pages *granted)
{
    struct grants ended;

    (void)device;
    machine_lock();
    if (!granted->id || granted->id > MAX_GRANTS ||
        !module.grants[granted->id - 1].pages)
        machine_misuse("there are no grants %u", granted->id);
    ended = module.grants[granted->id - 1];
    module.grants[granted->id - 1] = (struct grants){ NULL, 0 };
    machine_unlock();
    xengntshr_unshare(module.xgs, ended.pages, ended.count);
}
