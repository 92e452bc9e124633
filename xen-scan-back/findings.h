/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * findings.h - what several engines say of one file, as one verdict.
 *
 * Infected if one engine says so, with the name of each engine that does and
 * what it has found; else not scanned if one engine could not scan (the first
 * one's reason); else clean.
 */
#ifndef VSCAN_FINDINGS_H
#define VSCAN_FINDINGS_H

#include "engine.h"
#include "engine-set.h"

/* All 0: none. */
struct findings {
    unsigned int nr;
    const char *engine[ENGINE_MAX];     /* names, the caller's; NULL: none */
    struct verdict verdict[ENGINE_MAX];
};

/* What the @place-th engine says, which is heard once. */
void findings_add(struct findings *findings, unsigned int place,
                  const char *engine, const struct verdict *verdict);

/*
 * The name is "ENGINE:DETECTION", and after a blank that of the next engine;
 * where they do not fit each is cut to its share.  No finding at all is "not
 * scanned" for want of resources.
 */
struct verdict findings_join(const struct findings *findings);

/* The engines whose verdict is this. */
engine_set findings_say(const struct findings *findings, unsigned int code);

#endif
