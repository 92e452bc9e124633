/* SPDX-License-Identifier: GPL-2.0-or-later */
/* number.c - see number.h. */
#include "number.h"

#include <errno.h>
#include <stddef.h>

int number_parse(const char *text, uint64_t min, uint64_t max,
                 uint64_t *value_r)
{
    uint64_t value = 0;

    if (!text || !*text || (text[0] == '0' && text[1]))
        return -EINVAL;

    for (const char *p = text; *p; p++) {
        if (*p < '0' || *p > '9')
            return -EINVAL;
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value)) {
            /* Too large is only said of what is a number to its end. */
            for (; *p; p++)
                if (*p < '0' || *p > '9')
                    return -EINVAL;
            return -ERANGE;
        }
    }
    if (value < min || value > max)
        return -ERANGE;
    *value_r = value;
    return 0;
}

int number_parse_u32(const char *text, uint32_t min, uint32_t max,
                     uint32_t *value_r)
{
    uint64_t value;
    int rc = number_parse(text, min, max, &value);

    if (!rc)
        *value_r = (uint32_t)value;
    return rc;
}
