/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * protect.h - domains whose config says so are given their scan devices.
 *
 * Overview: looks at all domains that have none as they are.  Keeps in mind
 * what it has said of which domain, so as to say it once.
 */
#ifndef VSCAND_PROTECT_H
#define VSCAND_PROTECT_H

#include "attachment.h"

struct protect {
    const struct attachment_places *places;
    char said_of_dirs[512];
    struct protect_said *said;  /* @nr of them */
    unsigned int nr;
};

/*
 * Attaches each domain that has no device, is not to stay detached, and has a
 * config that says so.  Says in the log what it has done, and why a domain is
 * not protected that is to be.  Returns whether nothing is left to be done:
 * else it is to be called again soon.
 */
bool protect(struct protect *p, const struct machine *m);

/* The @i-th of the domains that are to be protected and cannot be, and why;
 * NULL: there are not as many. */
const char *protect_why(const struct protect *p, unsigned int i,
                        uint32_t *domid_r);

void protect_dispose(struct protect *p);

#endif
