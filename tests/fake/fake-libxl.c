/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fake-libxl.c - see fake-libxl.h. */
#include "fake-libxl.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libxl_utils.h>

#include "machine.h"

#define MAX_DOMAINS 8
#define MAX_DEVICES 8

struct domain {
    bool there;
    uint32_t domid;
    char name[64];
    uint64_t memory_kb;
    unsigned int pauses;
    bool shutdown;
    libxl_shutdown_reason reason;
    struct { bool there; int devid; char bridge[32]; } nics[MAX_DEVICES];
    struct { char vdev[16], path[128]; uint32_t backend; } disks[MAX_DEVICES];
    int nr_disks;
    uint8_t pci_bus[MAX_DEVICES];
    int nr_pcis;
};

static struct domain domains[MAX_DOMAINS];
static char asked[1024], refused[64];

/* The first field of libxl's context is its logger; all that the calls in
 * memory use of it. */
static struct {
    xentoollog_logger *log;
    char rest[1 << 16];
} context;

void fake_libxl_start(void)
{
    memset(domains, 0, sizeof(domains));
    asked[0] = refused[0] = 0;
}

libxl_ctx *fake_libxl_ctx(void)
{
    if (!context.log)
        context.log = (xentoollog_logger *)
            xtl_createlogger_stdiostream(stderr, XTL_CRITICAL, 0);
    return (libxl_ctx *)&context;
}

static struct domain *find(uint32_t domid)
{
    for (int i = 0; i < MAX_DOMAINS; i++)
        if (domains[i].there && domains[i].domid == domid)
            return &domains[i];
    return NULL;
}

static struct domain *get(uint32_t domid)
{
    struct domain *domain = find(domid);

    if (!domain)
        machine_misuse("the test has no domain %u", domid);
    return domain;
}

/* Notes a call; the domain, or NULL when it is to fail. */
static struct domain *call(uint32_t domid, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static struct domain *call(uint32_t domid, const char *format, ...)
{
    const size_t len = strlen(asked);
    char word[64];
    va_list args;

    va_start(args, format);
    vsnprintf(word, sizeof(word), format, args);
    va_end(args);
    snprintf(asked + len, sizeof(asked) - len, "%s%s", len ? ", " : "", word);
    return strcmp(word, refused) ? find(domid) : NULL;
}

/* What tests say -----------------------------------------------------------*/

void fake_libxl_domain(uint32_t domid, const char *name, uint64_t memory_kb)
{
    for (int i = 0; i < MAX_DOMAINS; i++) {
        if (domains[i].there)
            continue;
        domains[i] = (struct domain){
            .there = true, .domid = domid, .memory_kb = memory_kb,
        };
        snprintf(domains[i].name, sizeof(domains[i].name), "%s", name);
        return;
    }
    machine_misuse("more domains than there is room for");
}

void fake_libxl_gone(uint32_t domid)
{
    get(domid)->there = false;
}

void fake_libxl_shutdown(uint32_t domid, libxl_shutdown_reason reason)
{
    get(domid)->shutdown = true;
    get(domid)->reason = reason;
}

unsigned int fake_libxl_pauses(uint32_t domid)
{
    return get(domid)->pauses;
}

void fake_libxl_set_pauses(uint32_t domid, unsigned int pauses)
{
    get(domid)->pauses = pauses;
}

static bool plug(struct domain *domain, int devid, const char *bridge)
{
    int place = -1;

    for (int i = 0; i < MAX_DEVICES; i++) {
        if (domain->nics[i].there && domain->nics[i].devid == devid)
            return false;
        if (!domain->nics[i].there)
            place = i;
    }
    if (place < 0)
        return false;
    domain->nics[place].there = true;
    domain->nics[place].devid = devid;
    snprintf(domain->nics[place].bridge, sizeof(domain->nics[place].bridge),
             "%s", bridge);
    return true;
}

void fake_libxl_nic(uint32_t domid, int devid)
{
    char bridge[32];

    snprintf(bridge, sizeof(bridge), "br%d", devid);
    if (!plug(get(domid), devid, bridge))
        machine_misuse("no room for interface %d", devid);
}

bool fake_libxl_has_nic(uint32_t domid, int devid, const char *bridge)
{
    const struct domain *domain = get(domid);

    for (int i = 0; i < MAX_DEVICES; i++)
        if (domain->nics[i].there && domain->nics[i].devid == devid)
            return !strcmp(domain->nics[i].bridge, bridge);
    return false;
}

void fake_libxl_disk(uint32_t domid, const char *vdev, const char *path,
                     uint32_t backend)
{
    struct domain *domain = get(domid);
    const int i = domain->nr_disks++;

    snprintf(domain->disks[i].vdev, sizeof(domain->disks[i].vdev), "%s", vdev);
    snprintf(domain->disks[i].path, sizeof(domain->disks[i].path), "%s", path);
    domain->disks[i].backend = backend;
}

void fake_libxl_pci(uint32_t domid, uint8_t bus)
{
    struct domain *domain = get(domid);

    domain->pci_bus[domain->nr_pcis++] = bus;
}

void fake_libxl_refuse(const char *word)
{
    snprintf(refused, sizeof(refused), "%s", word ? word : "");
}

const char *fake_libxl_asked(void)
{
    return asked;
}

/* libxl --------------------------------------------------------------------*/

int libxl_domain_info(libxl_ctx *ctx, libxl_dominfo *info_r, uint32_t domid)
{
    const struct domain *domain = find(domid);

    (void)ctx;
    if (!domain)
        return ERROR_DOMAIN_NOTFOUND;
    info_r->domid = domid;
    memset(&info_r->uuid, (int)domid, sizeof(info_r->uuid));
    info_r->current_memkb = info_r->max_memkb = domain->memory_kb;
    info_r->outstanding_memkb = info_r->shared_memkb = info_r->paged_memkb = 0;
    info_r->paused = domain->pauses > 0;
    info_r->shutdown = domain->shutdown;
    info_r->shutdown_reason = domain->reason;
    return 0;
}

char *libxl_domid_to_name(libxl_ctx *ctx, uint32_t domid)
{
    const struct domain *domain = find(domid);

    (void)ctx;
    return domain ? strdup(domain->name) : NULL;
}

/* Their names without the macros for older callers. */
#undef libxl_domain_pause
#undef libxl_domain_unpause

int libxl_domain_pause(libxl_ctx *ctx, uint32_t domid,
                       const libxl_asyncop_how *how)
{
    struct domain *domain = call(domid, "pause %u", domid);

    (void)ctx;
    (void)how;
    if (!domain)
        return ERROR_FAIL;
    domain->pauses++;
    return 0;
}

int libxl_domain_unpause(libxl_ctx *ctx, uint32_t domid,
                         const libxl_asyncop_how *how)
{
    struct domain *domain = call(domid, "unpause %u", domid);

    (void)ctx;
    (void)how;
    if (!domain || !domain->pauses)
        return ERROR_FAIL;
    domain->pauses--;
    return 0;
}

int libxl_domain_resume(libxl_ctx *ctx, uint32_t domid, int suspend_cancel,
                        const libxl_asyncop_how *how)
{
    struct domain *domain = call(domid, "resume %u", domid);

    (void)ctx;
    (void)how;
    if (!domain || !domain->shutdown || !suspend_cancel ||
        domain->reason != LIBXL_SHUTDOWN_REASON_SUSPEND)
        return ERROR_FAIL;
    domain->shutdown = false;
    return 0;
}

libxl_device_nic *libxl_device_nic_list(libxl_ctx *ctx, uint32_t domid,
                                        int *nr_r)
{
    const struct domain *domain = find(domid);
    libxl_device_nic *list = calloc(MAX_DEVICES, sizeof(*list));
    int nr = 0;

    (void)ctx;
    for (int i = 0; list && domain && i < MAX_DEVICES; i++) {
        if (!domain->nics[i].there)
            continue;
        libxl_device_nic_init(&list[nr]);
        list[nr].devid = domain->nics[i].devid;
        list[nr++].bridge = strdup(domain->nics[i].bridge);
    }
    *nr_r = nr;
    return list;
}

void libxl_device_nic_list_free(libxl_device_nic *list, int nr)
{
    for (int i = 0; i < nr; i++)
        libxl_device_nic_dispose(&list[i]);
    free(list);
}

int libxl_device_nic_destroy(libxl_ctx *ctx, uint32_t domid,
                             libxl_device_nic *nic,
                             const libxl_asyncop_how *how)
{
    struct domain *domain = call(domid, "destroy %u %d", domid, nic->devid);

    (void)ctx;
    (void)how;
    for (int i = 0; domain && i < MAX_DEVICES; i++)
        if (domain->nics[i].there && domain->nics[i].devid == nic->devid) {
            domain->nics[i].there = false;
            return 0;
        }
    return ERROR_FAIL;
}

int libxl_device_nic_add(libxl_ctx *ctx, uint32_t domid,
                         libxl_device_nic *nic, const libxl_asyncop_how *how)
{
    struct domain *domain = call(domid, "add %u %d", domid, nic->devid);

    (void)ctx;
    (void)how;
    return domain && plug(domain, nic->devid, nic->bridge ? nic->bridge : "") ?
           0 : ERROR_FAIL;
}

libxl_device_disk *libxl_device_disk_list(libxl_ctx *ctx, uint32_t domid,
                                          int *nr_r)
{
    const struct domain *domain = find(domid);
    libxl_device_disk *list = calloc(MAX_DEVICES, sizeof(*list));

    (void)ctx;
    *nr_r = domain && list ? domain->nr_disks : 0;
    for (int i = 0; i < *nr_r; i++) {
        libxl_device_disk_init(&list[i]);
        list[i].vdev = strdup(domain->disks[i].vdev);
        list[i].pdev_path = strdup(domain->disks[i].path);
        list[i].backend_domid = domain->disks[i].backend;
        list[i].format = LIBXL_DISK_FORMAT_RAW;
        list[i].readwrite = 1;
    }
    return list;
}

void libxl_device_disk_list_free(libxl_device_disk *list, int nr)
{
    for (int i = 0; i < nr; i++)
        libxl_device_disk_dispose(&list[i]);
    free(list);
}

libxl_device_pci *libxl_device_pci_list(libxl_ctx *ctx, uint32_t domid, int *nr_r)
{
    const struct domain *domain = find(domid);
    libxl_device_pci *list = calloc(MAX_DEVICES, sizeof(*list));

    (void)ctx;
    *nr_r = domain && list ? domain->nr_pcis : 0;
    for (int i = 0; i < *nr_r; i++) {
        libxl_device_pci_init(&list[i]);
        list[i].bus = domain->pci_bus[i];
    }
    return list;
}

void libxl_device_pci_list_free(libxl_device_pci *list, int nr)
{
    for (int i = 0; i < nr; i++)
        libxl_device_pci_dispose(&list[i]);
    free(list);
}
