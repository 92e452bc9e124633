/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pair-content.c - see pair.h: chance, what is in the files, and what a pool
 * makes of it.
 *
 * Overview: content tells its number and whether it is infected.  A pool that
 * scans in place maps what the link has offered, looks at it at once, and lets
 * go of it.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "offer.h"
#include "pair.h"
#include "snapshot.h"

static const char marker[] = "INFECTED";

unsigned int pair_draw(uint64_t *random, unsigned int below)
{
    /* xorshift64* */
    *random ^= *random >> 12;
    *random ^= *random << 25;
    *random ^= *random >> 27;
    return (unsigned int)((*random * 0x2545f4914f6cdd1du) >> 33) % below;
}

void pair_fill(char *to, size_t size, unsigned int number, bool infected)
{
    for (size_t i = 0; i < size; i++)
        to[i] = (char)(number * 7 + i / 4096 * 13 + i);
    if (size >= sizeof(number))
        memcpy(to, &number, sizeof(number));
    if (infected)
        memcpy(to + size - sizeof(marker), marker, sizeof(marker));
}

bool pair_is_filled(const char *content, size_t size, unsigned int number,
                    bool infected)
{
    char *expected = malloc(size);
    bool is;

    assert_non_null(expected);
    pair_fill(expected, size, number, infected);
    is = !memcmp(content, expected, size);
    free(expected);
    return is;
}

struct verdict pair_scan(const char *content, size_t size)
{
    return memmem(content, size, marker, sizeof(marker)) ?
           verdict_infected("Marker") : verdict_clean();
}

char *pair_copy_snapshot(int fd, uint64_t size)
{
    char *copy = malloc(size);

    assert_non_null(copy);
    assert_int_equal(snapshot_check(fd, size), 0);
    assert_int_equal(pread(fd, copy, size, 0), size);
    return copy;
}

char *pair_copy_offered(int fd, const struct pool_request *request)
{
    char *copy = NULL;

    for (unsigned int e = 0; e < PAIR_ENGINES; e++) {
        const void *pages;

        if (offer_map(fd, request->at[e], request->size, &pages)) {
            assert_null(copy);
            continue;
        }
        if (!copy) {
            assert_int_equal(e, 0);
            copy = malloc(request->size);
            assert_non_null(copy);
            memcpy(copy, pages, request->size);
        }
        assert_memory_equal(copy, pages, request->size);
        offer_unmap(pages, request->size);
    }
    return copy;
}
