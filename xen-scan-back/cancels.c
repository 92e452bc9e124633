/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cancels.c - see cancels.h. */
#include "cancels.h"

void cancels_add(struct cancels *cancels, uint32_t id)
{
    if (cancels->nr < CANCELS_MAX) {
        cancels->id[cancels->nr++] = id;
        return;
    }
    cancels->id[cancels->next] = id;
    cancels->next = (cancels->next + 1) % CANCELS_MAX;
}

bool cancels_take(struct cancels *cancels, uint32_t id)
{
    for (unsigned int i = 0; i < cancels->nr; i++) {
        if (cancels->id[i] != id)
            continue;
        cancels->id[i] = cancels->id[--cancels->nr];
        return true;
    }
    return false;
}

void cancels_forget(struct cancels *cancels)
{
    cancels->nr = cancels->next = 0;
}
