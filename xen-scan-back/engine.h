/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine.h - what a scan engine is.
 *
 * An engine is one file engine-NAME.c that exports one struct engine_ops, and
 * one row in engine.c.  It is loaded once, by a process of its own with a
 * single thread (proc-loader.h), and then used by that process's forked
 * children.
 */
#ifndef VSCAN_ENGINE_H
#define VSCAN_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#include "built.h"
#include "generation.h"
#include "scan-limits.h"
#include "verdict.h"

/* Engines that scan each file. */
#define ENGINE_MAX              4
/* Octets of the text that describes an engine or its failure. */
#define ENGINE_TEXT             200

/* The head of every loaded engine; the rest belongs to its file. */
struct engine {
    const struct engine_ops *ops;
};

/* An error's text goes to @error_r, NUL-terminated, cut to ENGINE_TEXT. */
struct engine_ops {
    const char *name;           /* a short word, before each detection */

    /*
     * Loads all signatures in the directory @dir.  Temporary files go to
     * @temp_dir, now and in every scan: the path may be another file system
     * by then.  Returns 0, or -errno with @error_r set; a directory without a
     * single signature is -ENOENT.
     */
    int (*load)(const char *dir, const char *temp_dir,
                const struct engine_limits *limits, struct engine **engine_r,
                char error_r[ENGINE_TEXT]);

    /* Name and version of engine and signatures, for people. */
    void (*describe)(const struct engine *engine, char text_r[ENGINE_TEXT]);

    unsigned int (*signatures)(const struct engine *engine);

    /*
     * Scans the @size octets, not 0, of the immutable descriptor @fd, which
     * stays the caller's.  Clean means that the engine has looked at all of
     * it; whatever else happens is "not scanned", with a reason.  Descriptors,
     * temporary files and memory that it has had are given back: leftovers.h
     * tells what becomes of one that does not.
     */
    struct verdict (*scan)(struct engine *engine, int fd, uint64_t size);

    /*
     * The same of @size octets in memory.  Others may write to them meanwhile:
     * then there may be any verdict, and the engine may crash.
     */
    struct verdict (*scan_memory)(struct engine *engine, const void *octets,
                                  uint64_t size);

    /* NULL is nothing. */
    void (*unload)(struct engine *engine);

    built_in *built;            /* NULL: no file of this engine tells */
};

extern const struct engine_ops engine_clamav;
extern const struct engine_ops engine_yara;

/* An engine, and the directory of its signatures. */
struct engine_source {
    const struct engine_ops *ops;
    const char *dir;
};

/*
 * All engines of this build with their usual directories; the last has no ops.
 * Unless others are asked for, the first is in use, and each of which there is
 * the directory.
 */
extern const struct engine_source engines_built[];

/* So often is a directory loaded that changes meanwhile. */
#define ENGINE_MAX_LOADS        3

/*
 * Loads an engine from what its directory holds at one moment: if it has
 * changed meanwhile, it is loaded again.  Returns 0, with *@part_r what the
 * engine adds to the generation; -EALREADY when that is *@known (NULL: nothing
 * is); -EBUSY when the directory changes all the time; or another -errno.
 * On failure nothing is loaded and @error_r says why.
 */
int engine_load(const struct engine_source *source, const char *temp_dir,
                const struct engine_limits *limits,
                const struct generation_part *known,
                struct engine **engine_r, struct generation_part *part_r,
                char error_r[ENGINE_TEXT]);

/*
 * The engine's scan() and scan_memory(), but that for want of memory (shortage.h)
 * nothing is clean, and no alert of a heuristic is believed: both are "not
 * scanned" then, reason resources.
 */
struct verdict engine_scan(struct engine *engine, int fd, uint64_t size);
struct verdict engine_scan_memory(struct engine *engine, const void *octets,
                                  uint64_t size);

/* Engine and signatures in one line, for people. */
void engine_describe(const struct engine *engine, char text_r[ENGINE_TEXT]);

/* When the newest of an engine's signatures were made, seconds since 1970; 0
 * when that is not known. */
uint64_t engine_built(const struct engine_source *source);

/* NULL is nothing. */
void engine_unload(struct engine *engine);

#endif
