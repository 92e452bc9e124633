/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake.h - a machine with Xen on it, inside one test process.
 *
 * Overview: the objects of this folder take the place of libxengnttab,
 * libxenevtchn and libxenstore at link time, as far as the tree uses them.
 * They are as strict as Xen: who may map, bind, read and write what is decided
 * by the domain in which the caller runs.  A test sets that domain with
 * fake_enter() before anything is opened; a handle stays in the domain in
 * which it was opened.  Closing the handles is what the kernel does when a
 * process dies.  Calls that Xen would refuse because the product is broken
 * (unmapping what is not mapped) end the test at once.
 */
#ifndef VSCAN_FAKE_H
#define VSCAN_FAKE_H

#include <stdbool.h>
#include <stdint.h>

/* Calls that can be counted, made to fail, or preceded by something else. */
enum fake_call {
    FAKE_GNTSHR_OPEN, FAKE_SHARE, FAKE_GNTTAB_OPEN, FAKE_MAP, FAKE_OFFER,
    FAKE_EVTCHN_OPEN, FAKE_RESTRICT, FAKE_BIND_UNBOUND, FAKE_BIND_INTERDOMAIN,
    FAKE_NOTIFY,
    FAKE_XS_OPEN, FAKE_XS_READ, FAKE_XS_WRITE, FAKE_XS_RM, FAKE_XS_WATCH,
    FAKE_XS_DIRECTORY, FAKE_XS_START, FAKE_XS_COMMIT,
    FAKE_NR_CALLS
};

/* Makes the machine empty: no domain but 0, nothing shared, no node; also
 * when a test that has failed left the last one as it was. */
void fake_start(void);

/* Ends it; what is still open, shared, mapped or bound fails the test. */
void fake_stop(void);

/* The calling thread runs in @domid now.  Returns where it ran before. */
uint32_t fake_enter(uint32_t domid);

/* Where threads run that have not called fake_enter(); from now on, for all
 * machines. */
void fake_enter_others(uint32_t domid);

/*
 * Before the @nth next @call (1: the very next) @fn runs, unless NULL, with no
 * lock held; then the call fails with @err, unless 0.  Once.
 */
void fake_at(enum fake_call call, unsigned int nth, void (*fn)(void *arg),
             void *arg, int err);

/* Is what fake_at() asked for still to come? */
bool fake_at_waits(enum fake_call call);

/* How often @call has been made since fake_start(). */
unsigned int fake_count(enum fake_call call);

/* Grants ------------------------------------------------------------------ */

/* Pages that @domid has granted; those of them that it has taken back but
 * that are still mapped; pages that @domid has mapped. */
unsigned int fake_granted(uint32_t domid);
unsigned int fake_lingering(uint32_t domid);
unsigned int fake_mapped(uint32_t domid);

/* Mappings that @domid has prepared by ioctl() of a handle's descriptor, for
 * whoever has that.  Pages that do not lie one behind the other cannot be mapped
 * so, and what becomes of them later changes nothing. */
unsigned int fake_offered(uint32_t domid);

/* gntalloc's limit, in pages. */
void fake_limit_grants(unsigned int pages);

/* What granting a file's own pages comes to: 0, it is done; or an errno,
 * EOPNOTSUPP unless the test says so.  Pages that have been granted. */
void fake_file_pages(int error);
unsigned int fake_file_pages_granted(void);

/* Event channels ---------------------------------------------------------- */

unsigned int fake_ports(uint32_t domid);

/* Xenstore, as domain 0 --------------------------------------------------- */

void fake_write(const char *path, const char *text);
void fake_write_octets(const char *path, const void *data, unsigned int len);
void fake_remove(const char *path);

/* The value of a node, NULL for none; valid until the next call. */
const char *fake_read(const char *path);
bool fake_is(const char *path, const char *text);

/* Events of watches that have not been taken. */
unsigned int fake_events(uint32_t domid);

/* Domains and devices, as xl and vscanctl make them ----------------------- */

void fake_domain_create(uint32_t domid);

/* All at once: nobody clears octets or raises events.  Handles are still to
 * be closed. */
void fake_domain_destroy(uint32_t domid);

/* @policy NULL: no policy node. */
void fake_device_create(uint32_t front, uint32_t back, const char *policy);
void fake_device_remove(uint32_t front, uint32_t back);

/* Nodes by their names in names.h, of front or back folder. */
void fake_front_write(uint32_t front, const char *node, const char *text);
void fake_back_write(uint32_t back, uint32_t front, const char *node,
                     const char *text);
const char *fake_front_read(uint32_t front, const char *node);
const char *fake_back_read(uint32_t back, uint32_t front, const char *node);

/* Descriptors of this process that are open. */
unsigned int fake_open_fds(void);

#endif
