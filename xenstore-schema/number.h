/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * number.h - the one parser of numbers in nodes, policies and options.
 */
#ifndef VSCAN_NUMBER_H
#define VSCAN_NUMBER_H

#include <stdint.h>

/*
 * Reads all of @text as a decimal number: digits only, no sign, no blank, no
 * leading zero but "0" itself (vscanif.h, "Creation and permissions").
 * Returns 0; -EINVAL when it is no such number; -ERANGE when it is outside
 * @min ... @max.  *@value_r is written on success only.
 */
int number_parse(const char *text, uint64_t min, uint64_t max,
                 uint64_t *value_r);

/* The same into 32 bits; @max is at most UINT32_MAX. */
int number_parse_u32(const char *text, uint32_t min, uint32_t max,
                     uint32_t *value_r);

#endif
