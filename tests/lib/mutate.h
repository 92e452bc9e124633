/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mutate.h - texts with a few octets changed, for parsers.
 */
#ifndef VSCAN_TESTS_MUTATE_H
#define VSCAN_TESTS_MUTATE_H

#include <stdint.h>

/* A number below @bound, from a sequence that *@seed begins. */
unsigned int mutate_below(uint32_t *seed, unsigned int bound);

/* Changes, removes or doubles 1 ... 3 octets; @text has room for 3 more. */
void mutate(uint32_t *seed, char *text);

#endif
