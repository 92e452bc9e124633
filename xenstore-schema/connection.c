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

char *connection_format_refs(const struct connection *connection,
                             char out[CONNECTION_REFS_SIZE])
{
    const uint32_t nr = connection_pool_dirs(connection->pool_pages);
    size_t used = 0;

    out[0] = 0;
    for (uint32_t i = 0; i < nr; i++)
        used += (size_t)snprintf(out + used, CONNECTION_REFS_SIZE - used,
                                 "%s%u", i ? "," : "",
                                 connection->pool_ref[i]);
    return out;
}

int connection_parse_refs(const char *text, struct connection *connection)
{
    const uint32_t nr = connection_pool_dirs(connection->pool_pages);
    char copy[CONNECTION_REFS_SIZE], *rest = copy, *word;
    uint32_t n = 0;

    if (strlen(text) >= sizeof(copy))
        return -EINVAL;
    memcpy(copy, text, strlen(text) + 1);
    while ((word = words_next(&rest))) {
        if (n == nr || number_parse_u32(word, 1, UINT32_MAX,
                                        &connection->pool_ref[n]))
            return -EINVAL;
        n++;
    }
    return n == nr ? 0 : -EINVAL;
}

_Static_assert(VSCANIF_MAX_POOL_DIRS * VSCANIF_DIR_REFS ==
               VSCANIF_MAX_POOL_PAGES, "the directories hold a pool");
