/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine-set.h - sets of the engines of this back.
 *
 * An engine's place is its number in the back's options, which stays as long as
 * the back runs: a set is made from a policy's names by who reads the policy, and
 * means the same to the pool and in the history, whatever signatures come and go.
 * Pure.
 */
#ifndef VSCAN_ENGINE_SET_H
#define VSCAN_ENGINE_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "engine.h"
#include "policy.h"

/* A bit for each engine, by its number, */
typedef uint8_t engine_set;

/* and one for all that this back does not run. */
#define ENGINE_SET_OTHER    ((engine_set)(1u << ENGINE_MAX))
/* All bits that a set can have. */
#define ENGINE_SET_ANY      ((engine_set)(2 * ENGINE_SET_OTHER - 1))

_Static_assert(ENGINE_MAX < 8, "a set has a bit for each and one more");

/* The engine with this number alone. */
static inline engine_set engine_set_one(unsigned int number)
{
    return (engine_set)(1u << number);
}

/* The first @nr. */
static inline engine_set engine_set_all(unsigned int nr)
{
    return (engine_set)((1u << nr) - 1);
}

/* Has @set all that @other has? */
static inline bool engine_set_covers(engine_set set, engine_set other)
{
    return !(other & ~set);
}

/* The number of the engine with this name of the @nr at @sources; -1: there is
 * none. */
int engine_set_number(const struct engine_source *sources, unsigned int nr,
                      const char *name);

/* Those that the policy asks for; never empty. */
engine_set engine_set_asked(const struct policy *policy,
                            const struct engine_source *sources,
                            unsigned int nr);

/*
 * The generation of these engines alone, of a back with @nr and the generation
 * @all of all of them: another one for each set, and 0 for 0.
 */
uint64_t engine_set_generation(engine_set set, unsigned int nr, uint64_t all);

#endif
