/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine.h - what a scan engine is.
 *
 * An engine is one file engine-NAME.c that exports one struct engine_ops, and
 * one row in engine.c.  It is loaded once, by a process with a single thread,
 * and then used by that process's forked children.
 */
#ifndef VSCAN_ENGINE_H
#define VSCAN_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#include "verdict.h"

#define ENGINE_MAX              4
/* Octets of the text that describes an engine or its failure. */
#define ENGINE_TEXT             200

/* None may be 0: nothing here is without bound. */
struct engine_limits {
    /* Octets of one file, the request's own and each that is unpacked from
     * it.  More in the request is "too large", further inside "limits". */
    uint64_t max_file_octets;
    /* Octets looked at for one request, all unpacked files together. */
    uint64_t max_scan_octets;
    /* Milliseconds for one request, as kept by the engine itself. */
    uint32_t max_scan_ms;
    /* Files unpacked for one request. */
    uint32_t max_files;
    /* Depth of files within files. */
    uint32_t max_recursion;
};

/* clamscan's own defaults, but for the time (120000). */
#define ENGINE_LIMITS_DEFAULT { \
    .max_file_octets = (uint64_t)100 << 20, \
    .max_scan_octets = (uint64_t)400 << 20, \
    .max_scan_ms = 25000, \
    .max_files = 10000, \
    .max_recursion = 17, \
}

/* The head of every loaded engine; the rest belongs to its file. */
struct engine {
    const struct engine_ops *ops;
};

/* An error's text goes to @error_r, NUL-terminated, cut to ENGINE_TEXT. */
struct engine_ops {
    const char *name;

    /*
     * Loads all signatures in the directory @db_dir.  Temporary files go to
     * @temp_dir, now and in every scan: the path may be another file system
     * by then.  Returns 0, or -errno with @error_r set; a directory without a
     * single signature is -ENOENT.
     */
    int (*load)(const char *db_dir, const char *temp_dir,
                const struct engine_limits *limits, struct engine **engine_r,
                char error_r[ENGINE_TEXT]);

    /* Name and version of engine and signatures, for people. */
    void (*describe)(const struct engine *engine, char text_r[ENGINE_TEXT]);

    unsigned int (*signatures)(const struct engine *engine);

    /*
     * Scans the @size octets, not 0, of the immutable descriptor @fd, which
     * stays the caller's.  Clean means that the engine has looked at all of
     * it; whatever else happens is "not scanned", with a reason.
     */
    struct verdict (*scan)(struct engine *engine, int fd, uint64_t size);

    /* NULL is nothing. */
    void (*unload)(struct engine *engine);
};

extern const struct engine_ops engine_clamav;

/* All engines of this build, up to the first NULL. */
extern const struct engine_ops *const engines_built[];

/* Engines that scan each file one after the other. */
struct engines {
    struct engine *engine[ENGINE_MAX];
    unsigned int nr;
    uint64_t generation;        /* what was loaded (vscanif.h), never 0 */
};

/* So often is a directory loaded that changes meanwhile. */
#define ENGINES_MAX_LOADS       3

/*
 * Loads every engine of @ops (up to the first NULL) from what @db_dir holds at
 * one moment: if it has changed meanwhile, all are loaded again.  Returns 0;
 * -EBUSY when it changes all the time, or another -errno, with @error_r set;
 * @engines_r is to be disposed of in all cases.
 */
int engines_load(const struct engine_ops *const *ops, const char *db_dir,
                 const char *temp_dir, const struct engine_limits *limits,
                 struct engines *engines_r, char error_r[ENGINE_TEXT]);
void engines_describe(const struct engines *engines, char text_r[ENGINE_TEXT]);

/*
 * Infected if one engine says so; else not scanned if one engine could not
 * scan (the first one's reason); else clean.  Always of the engines' own
 * generation.
 */
struct verdict engines_scan(const struct engines *engines, int fd,
                            uint64_t size);
void engines_dispose(struct engines *engines);

#endif
