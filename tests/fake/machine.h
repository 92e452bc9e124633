/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * machine.h - what the parts of the fake machine share.
 *
 * Overview: one lock for all of it.  Functions that end in _locked want it
 * held, all others take it.
 */
#ifndef VSCAN_FAKE_MACHINE_H
#define VSCAN_FAKE_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "fake.h"

void machine_lock(void);
void machine_unlock(void);

/* The domain of the calling thread. */
uint32_t machine_domid(void);

/*
 * To be called first, without the lock: counts, runs what a test has put in
 * front of the call.  Returns 0, or -1 with errno set when it has to fail.
 */
int machine_call(enum fake_call call);

/* The calling thread's calls are not the product's: machine_call() passes. */
void machine_set_tool(bool tool);

/* The product did what it must not do. */
_Noreturn void machine_misuse(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

void grants_start(void);
void grants_stop(void);
void file_pages_start(void);
void file_pages_stop(void);
void grants_domain_dies(uint32_t domid);

void evtchn_start(void);
void evtchn_stop(void);
void evtchn_domain_dies(uint32_t domid);

/* For unmap notifications: such a port stays until it is let go. */
bool evtchn_hold_locked(uint32_t domid, uint32_t port);
void evtchn_signal_and_release_locked(uint32_t domid, uint32_t port,
                                      bool signal);

void xs_fake_start(void);
void xs_fake_stop(void);

#endif
