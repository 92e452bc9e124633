/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * age.h - how long ago something was, for people.
 */
#ifndef VSCANCTL_AGE_H
#define VSCANCTL_AGE_H

#include <stdint.h>

#define AGE_SIZE    48

/* "3 d 4 h", "12 min", "5 s".  Returns @out. */
char *age(uint64_t seconds, char out[AGE_SIZE]);

/* From @then until @now; 0 when that is before. */
static inline uint64_t age_since(uint64_t then, uint64_t now)
{
    return now > then ? now - then : 0;
}

#endif
