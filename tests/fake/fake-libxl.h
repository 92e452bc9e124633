/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake-libxl.h - a small libxl: domains with interfaces and disks.
 *
 * Overview: the calls of libxl that reach the hypervisor, as far as the
 * toolstack's actions use them, take the place of the real ones; what libxl
 * does in memory alone (types, JSON) is the real library.  It is as strict:
 * domains that are not there are refused, pauses are counted as Xen counts
 * them, an interface is added once.  What it was asked to do is kept in order,
 * as words.
 */
#ifndef VSCAN_FAKE_LIBXL_H
#define VSCAN_FAKE_LIBXL_H

#include <stdbool.h>
#include <stdint.h>

#include <libxl.h>

/* No domain is there; all that was asked is forgotten. */
void fake_libxl_start(void);

/* For struct machine; good for nothing else. */
libxl_ctx *fake_libxl_ctx(void);

/* A domain that runs, with this memory. */
void fake_libxl_domain(uint32_t domid, const char *name, uint64_t memory_kb);
void fake_libxl_gone(uint32_t domid);
void fake_libxl_shutdown(uint32_t domid, libxl_shutdown_reason reason);
unsigned int fake_libxl_pauses(uint32_t domid);
void fake_libxl_set_pauses(uint32_t domid, unsigned int pauses);

/* A PCI device that is passed through, 0000:@bus:00.0. */
void fake_libxl_pci(uint32_t domid, uint8_t bus);
/* An interface with this number, with the bridge "br@devid"; a disk. */
void fake_libxl_nic(uint32_t domid, int devid);
bool fake_libxl_has_nic(uint32_t domid, int devid, const char *bridge);
void fake_libxl_disk(uint32_t domid, const char *vdev, const char *path,
                     uint32_t backend);

/* Calls of this word ("destroy 5 0") fail, NULL: none. */
void fake_libxl_refuse(const char *word);

/* All words, with ", " between them. */
const char *fake_libxl_asked(void);

#endif
