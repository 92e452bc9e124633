/* SPDX-License-Identifier: GPL-2.0-or-later */
/* two-domains.c - see two-domains.h. */
#include "two-domains.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "fake.h"

/* Looks after which it must have come to rest. */
#define MANY    40

void two_domains_start(void)
{
    fake_start();
    fake_domain_create(FRONT);
    fake_domain_create(BACK);
}

void settle(uint32_t domid, void (*look)(void))
{
    for (int i = 0; fake_events(domid); i++) {
        if (i == MANY)
            fail_msg("domain %u never comes to rest", domid);
        look();
    }
}
