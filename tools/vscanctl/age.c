/* SPDX-License-Identifier: GPL-2.0-or-later */
/* age.c - see age.h. */
#include "age.h"

#include <inttypes.h>
#include <stdio.h>

char *age(uint64_t seconds, char out[AGE_SIZE])
{
    if (seconds >= 86400)
        snprintf(out, AGE_SIZE, "%" PRIu64 " d %" PRIu64 " h",
                 seconds / 86400, seconds % 86400 / 3600);
    else if (seconds >= 3600)
        snprintf(out, AGE_SIZE, "%" PRIu64 " h %" PRIu64 " min",
                 seconds / 3600, seconds % 3600 / 60);
    else if (seconds >= 60)
        snprintf(out, AGE_SIZE, "%" PRIu64 " min", seconds / 60);
    else
        snprintf(out, AGE_SIZE, "%" PRIu64 " s", seconds);
    return out;
}
