/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mutate.c - see mutate.h. */
#include "mutate.h"

#include <string.h>

unsigned int mutate_below(uint32_t *seed, unsigned int bound)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % bound;
}

void mutate(uint32_t *seed, char *text)
{
    static const char octets[] = "0123456789abcdef -%/,\n";
    size_t len = strlen(text);

    for (unsigned int n = 1 + mutate_below(seed, 3); n > 0 && len > 0; n--) {
        const unsigned int at = mutate_below(seed, (unsigned int)len);
        const char octet = mutate_below(seed, 4) ?
            octets[mutate_below(seed, sizeof(octets) - 1)] :
            (char)(1 + mutate_below(seed, 255));

        switch (mutate_below(seed, 3)) {
        case 0:
            text[at] = octet;
            break;
        case 1:
            memmove(text + at, text + at + 1, len - at);
            len--;
            break;
        default:
            memmove(text + at + 1, text + at, len - at + 1);
            text[at] = octet;
            len++;
        }
    }
}
