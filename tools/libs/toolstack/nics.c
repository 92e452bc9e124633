/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nics.c - see nics.h. */
#include "nics.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"
#include "own-node.h"

/* Greater than any that libxl gives. */
#define MAX_DEVID   0xffff

/* The class of PCI devices that are network interfaces, as in lspci(8). */
#define PCI_NETWORK 0x02

/* The name of the own node in which an interface is noted. */
struct note {
    char name[32];
};

static struct note note(int devid)
{
    struct note note;

    snprintf(note.name, sizeof(note.name), OWN_VIFS "/%d", devid);
    return note;
}

/* Unplugging ----------------------------------------------------------------*/

static int unplug(const struct machine *m, uint32_t domid,
                  libxl_device_nic *nic, char *why, size_t size)
{
    char *json = libxl_device_nic_to_json(m->xl, nic);
    int rc;

    rc = json ? own_node_write(m->xs, domid, note(nic->devid).name, json) :
                -ENOMEM;
    free(json);
    if (rc) {
        snprintf(why, size, "cannot note what vif %d is, which stays: %s",
                 nic->devid, strerror(-rc));
        return rc;
    }
    rc = libxl_device_nic_destroy(m->xl, domid, nic, NULL);
    if (rc)
        snprintf(why, size, "libxl cannot unplug vif %d (error %d)",
                 nic->devid, rc);
    return rc ? -EIO : 0;
}

/* A device whose class nobody tells may be one. */
static bool is_network(const char *address)
{
    unsigned int class = PCI_NETWORK << 16;
    char path[64];
    FILE *file;

    snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/class", address);
    file = fopen(path, "re");
    if (file) {
        if (fscanf(file, "%x", &class) != 1)
            class = PCI_NETWORK << 16;
        fclose(file);
    }
    return class >> 16 == PCI_NETWORK;
}

/* Is there an interface that is the guest's own hardware?  Whether that can be
 * taken from a running guest, and given back, depends on what it is. */
static bool has_hardware(const struct machine *m, uint32_t domid, char *address,
                         size_t size)
{
    int nr = 0;
    libxl_device_pci *pcis = libxl_device_pci_list(m->xl, domid, &nr);
    bool found = false;

    for (int i = 0; pcis && i < nr && !found; i++) {
        snprintf(address, size, "%04x:%02x:%02x.%u",
                 (unsigned int)pcis[i].domain & 0xffff, pcis[i].bus,
                 pcis[i].dev, pcis[i].func);
        found = is_network(address);
    }
    if (pcis)
        libxl_device_pci_list_free(pcis, nr);
    return found;
}

int nics_unplug(const struct machine *m, uint32_t domid, char *text,
                size_t size)
{
    int nr = 0, result = 0;
    libxl_device_nic *nics;
    char address[16];

    if (!domain_exists(m, domid)) {
        snprintf(text, size, "there is no domain %u", domid);
        return -ENOENT;
    }
    nics = libxl_device_nic_list(m->xl, domid, &nr);
    for (int i = 0; nics && i < nr; i++) {
        char why[256];
        const int rc = unplug(m, domid, &nics[i], why, sizeof(why));

        if (rc && !result) {
            result = rc;
            snprintf(text, size, "%s", why);
        }
    }
    if (nics)
        libxl_device_nic_list_free(nics, nr);
    if (result)
        return result;
    if (has_hardware(m, domid, address, sizeof(address))) {
        snprintf(text, size, "PCI device %s stays, which may be a network "
                 "interface", address);
        return -EBUSY;
    }
    snprintf(text, size, "%d interface%s", nics ? nr : 0,
             nics && nr == 1 ? "" : "s");
    return 0;
}

/* Plugging ------------------------------------------------------------------*/

static bool is_taken(const struct machine *m, uint32_t domid, int devid)
{
    int nr = 0;
    libxl_device_nic *nics = libxl_device_nic_list(m->xl, domid, &nr);
    bool taken = false;

    for (int i = 0; nics && i < nr; i++)
        taken |= nics[i].devid == devid;
    if (nics)
        libxl_device_nic_list_free(nics, nr);
    return taken;
}

/* 1: it is in use. */
static int plug(const struct machine *m, uint32_t domid, const char *json,
                int devid)
{
    libxl_device_nic nic;
    int rc;

    if (is_taken(m, domid, devid))
        return 1;
    libxl_device_nic_init(&nic);
    rc = libxl_device_nic_from_json(m->xl, &nic, json) ? -EINVAL : 0;
    if (!rc && (nic.devid != devid ||
                libxl_device_nic_add(m->xl, domid, &nic, NULL)))
        rc = nic.devid != devid ? -EINVAL : -EIO;
    libxl_device_nic_dispose(&nic);
    return rc;
}

static int plug_noted(const struct machine *m, uint32_t domid, int devid,
                      unsigned int *nr, char *why, size_t size)
{
    const struct note noted = note(devid);
    char *json;
    int rc;

    rc = own_node_read(m->xs, domid, noted.name, &json);
    if (!rc) {
        rc = plug(m, domid, json, devid);
        free(json);
    }
    if (!rc)
        ++*nr;
    if (rc >= 0)
        rc = own_node_remove(m->xs, domid, noted.name);
    if (rc)
        snprintf(why, size, "vif %d: %s", devid,
                 rc == -EINVAL ? "what was noted of it is malformed" :
                 rc == -EIO ? "libxl cannot plug it in" : strerror(-rc));
    return rc;
}

int nics_plug(const struct machine *m, uint32_t domid, unsigned int *nr_r,
              char *why, size_t why_size)
{
    const struct vscan_path path = own_node_path(domid, OWN_VIFS);
    unsigned int count = 0;
    char **names = xs_directory(m->xs, XBT_NULL, path.s, &count);
    int result = 0;

    *nr_r = 0;
    if (!names) {
        result = errno == ENOENT ? 0 : -errno;
        if (result)
            snprintf(why, why_size, "%s: %s", path.s, strerror(-result));
        return result;
    }
    for (unsigned int i = 0; i < count; i++) {
        char said[256];
        uint32_t devid;
        int rc;

        if (number_parse_u32(names[i], 0, MAX_DEVID, &devid))
            continue;
        rc = plug_noted(m, domid, (int)devid, nr_r, said, sizeof(said));
        if (rc && !result) {
            result = rc;
            snprintf(why, why_size, "%s", said);
        }
    }
    free(names);
    return result ? result : own_node_remove(m->xs, domid, OWN_VIFS);
}
