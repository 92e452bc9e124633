/* SPDX-License-Identifier: GPL-2.0-or-later */
/* connection.c - see connection.h. */
#include "connection.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "number.h"
#include "words.h"

uint32_t connection_pool_dirs(uint32_t pool_pages)
{
    return (pool_pages + VSCANIF_DIR_REFS - 1) / VSCANIF_DIR_REFS;
}

static size_t add_refs(char *out, size_t room, size_t used,
                       const grant_ref_t *refs, uint32_t nr)
{
    for (uint32_t i = 0; i < nr; i++)
        used += (size_t)snprintf(out + used, room - used, "%s%u",
                                 used ? "," : "", refs[i]);
    return used;
}

/* The longest list. */
#define MAX_TEXT    CONNECTION_REFS_SIZE

/* Returns how many there are; -EINVAL when there are more than @max. */
static int parse_refs(const char *text, grant_ref_t *refs, uint32_t max)
{
    char copy[MAX_TEXT], *rest = copy, *word;
    uint32_t n = 0;

    if (strlen(text) >= sizeof(copy))
        return -EINVAL;
    memcpy(copy, text, strlen(text) + 1);
    while ((word = words_next(&rest))) {
        if (n == max || number_parse_u32(word, 1, UINT32_MAX, &refs[n]))
            return -EINVAL;
        n++;
    }
    return (int)n;
}

char *connection_format_ring(const struct connection *connection,
                             char out[CONNECTION_RING_SIZE])
{
    size_t used = add_refs(out, CONNECTION_RING_SIZE, 0, &connection->ring_ref,
                           1);

    add_refs(out, CONNECTION_RING_SIZE, used, connection->more_ref,
             connection->nr_more);
    return out;
}

int connection_parse_ring(const char *text, struct connection *connection)
{
    grant_ref_t refs[VSCANIF_MAX_RING_PAGES];
    int nr = parse_refs(text, refs, VSCANIF_MAX_RING_PAGES);

    connection->nr_more = 0;
    if (nr < 2)
        return -EINVAL;
    if (refs[0] != connection->ring_ref)
        return 0;
    connection->nr_more = (uint32_t)nr - 1;
    memcpy(connection->more_ref, refs + 1,
           connection->nr_more * sizeof(refs[0]));
    return 0;
}

char *connection_format_refs(const struct connection *connection,
                             char out[CONNECTION_REFS_SIZE])
{
    out[0] = 0;
    add_refs(out, CONNECTION_REFS_SIZE, 0, connection->pool_ref,
             connection_pool_dirs(connection->pool_pages));
    return out;
}

int connection_parse_refs(const char *text, struct connection *connection)
{
    const uint32_t nr = connection_pool_dirs(connection->pool_pages);

    return parse_refs(text, connection->pool_ref, nr) == (int)nr ? 0 : -EINVAL;
}

_Static_assert(CONNECTION_RING_SIZE <= MAX_TEXT, "it is the longest");
_Static_assert(VSCANIF_MAX_POOL_DIRS * VSCANIF_DIR_REFS ==
               VSCANIF_MAX_POOL_PAGES, "the directories hold a pool");
