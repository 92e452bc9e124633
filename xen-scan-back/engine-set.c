/* SPDX-License-Identifier: GPL-2.0-or-later */
/* engine-set.c - see engine-set.h. */
#include "engine-set.h"

#include <string.h>

int engine_set_number(const struct engine_source *sources, unsigned int nr,
                      const char *name)
{
    for (unsigned int e = 0; e < nr; e++)
        if (!strcmp(sources[e].ops->name, name))
            return (int)e;
    return -1;
}

engine_set engine_set_asked(const struct policy *policy,
                            const struct engine_source *sources,
                            unsigned int nr)
{
    const char *name = NULL;
    engine_set set = 0;

    while ((name = policy_word(policy, POLICY_ENGINES, name))) {
        const int number = engine_set_number(sources, nr, name);

        set |= number < 0 ? ENGINE_SET_OTHER :
               engine_set_one((unsigned int)number);
    }
    return set ? set : engine_set_all(nr);
}

/* A generation is as good as random already; the factor is odd, so that no two
 * sets have the same product. */
uint64_t engine_set_generation(engine_set set, unsigned int nr, uint64_t all)
{
    uint64_t generation;

    if (!all || set == engine_set_all(nr))
        return all;
    generation = all ^ set * UINT64_C(0x9e3779b97f4a7c15);
    return generation ? generation : 1;
}
