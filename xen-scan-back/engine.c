/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine.c - see engine.h.
 *
 * Overview: owns the table of engines, the rule by which their verdicts
 * become one, and the generation that stands for all that was loaded.  Knows
 * nothing of any engine in particular.
 */
#include "engine.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "generation.h"

const struct engine_ops *const engines_built[] = {
    &engine_clamav,
    NULL
};

static int limits_ok(const struct engine_limits *limits)
{
    return limits->max_file_octets && limits->max_scan_octets &&
           limits->max_scan_ms && limits->max_files && limits->max_recursion;
}

static int load_all(const struct engine_ops *const *ops, const char *db_dir,
                    const char *temp_dir, const struct engine_limits *limits,
                    struct engines *engines, char error_r[ENGINE_TEXT])
{
    for (; *ops; ops++) {
        int rc;

        if (engines->nr == ENGINE_MAX) {
            snprintf(error_r, ENGINE_TEXT, "more than %d engines", ENGINE_MAX);
            return -E2BIG;
        }
        rc = (*ops)->load(db_dir, temp_dir, limits,
                          &engines->engine[engines->nr], error_r);
        if (rc)
            return rc;
        engines->nr++;
    }
    return 0;
}

static int files_of(const char *db_dir, struct generation_files *files_r,
                    char error_r[ENGINE_TEXT])
{
    int rc = generation_files(db_dir, files_r);

    if (rc)
        snprintf(error_r, ENGINE_TEXT, "signatures: %s: %s", db_dir,
                 strerror(-rc));
    return rc;
}

/*
 * An engine reads the files itself, so what it has read is known only if they
 * are the same before and after.  Whether it liked what it found counts only
 * then, too.
 */
static int load_unchanged(const struct engine_ops *const *ops,
                          const char *db_dir, const char *temp_dir,
                          const struct engine_limits *limits,
                          struct engines *engines, char error_r[ENGINE_TEXT])
{
    struct generation_files before, after;
    int rc = files_of(db_dir, &before, error_r);

    if (rc)
        return rc;
    for (unsigned int i = 0; i < ENGINES_MAX_LOADS; i++) {
        int load_rc = load_all(ops, db_dir, temp_dir, limits, engines,
                               error_r);

        rc = files_of(db_dir, &after, error_r);
        if (rc)
            return rc;
        if (!memcmp(&before, &after, sizeof(after))) {
            if (load_rc)
                return load_rc;
            rc = generation_make(engines, &after, &engines->generation);
            snprintf(error_r, ENGINE_TEXT, "%s%s", rc ? "signatures: " : "",
                     rc ? strerror(-rc) : "");
            return rc;
        }
        engines_dispose(engines);
        before = after;
    }
    snprintf(error_r, ENGINE_TEXT, "signatures: %s changes whenever it is "
             "loaded", db_dir);
    return -EBUSY;
}

int engines_load(const struct engine_ops *const *ops, const char *db_dir,
                 const char *temp_dir, const struct engine_limits *limits,
                 struct engines *engines_r, char error_r[ENGINE_TEXT])
{
    memset(engines_r, 0, sizeof(*engines_r));
    if (!limits_ok(limits)) {
        snprintf(error_r, ENGINE_TEXT, "a limit of the scan is 0");
        return -EINVAL;
    }
    if (!*ops) {
        snprintf(error_r, ENGINE_TEXT, "no engine");
        return -EINVAL;
    }
    return load_unchanged(ops, db_dir, temp_dir, limits, engines_r, error_r);
}

void engines_describe(const struct engines *engines, char text_r[ENGINE_TEXT])
{
    size_t used = 0;

    text_r[0] = 0;
    for (unsigned int i = 0; i < engines->nr; i++) {
        struct engine *engine = engines->engine[i];
        char text[ENGINE_TEXT];

        engine->ops->describe(engine, text);
        snprintf(text_r + used, ENGINE_TEXT - used, "%s%s, %u signatures",
                 used ? "; " : "", text, engine->ops->signatures(engine));
        used = strlen(text_r);
    }
}

struct verdict engines_scan(const struct engines *engines, int fd,
                            uint64_t size)
{
    struct verdict all = verdict_not_scanned(VSCANIF_REASON_RESOURCES);

    for (unsigned int i = 0; i < engines->nr; i++) {
        struct engine *engine = engines->engine[i];
        struct verdict v = engine->ops->scan(engine, fd, size);

        v.generation = engines->generation;
        if (v.code == VSCANIF_VERDICT_INFECTED)
            return v;
        if (i == 0 || all.code == VSCANIF_VERDICT_CLEAN)
            all = v;
    }
    return all;
}

void engines_dispose(struct engines *engines)
{
    while (engines->nr) {
        struct engine *engine = engines->engine[--engines->nr];

        engine->ops->unload(engine);
    }
}
