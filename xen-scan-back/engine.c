/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine.c - see engine.h.
 *
 * Overview: owns the table of engines and the rule by which their verdicts
 * become one.  Knows nothing of any engine in particular.
 */
#include "engine.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const struct engine_ops *const engines_built[] = {
    &engine_clamav,
    NULL
};

static int limits_ok(const struct engine_limits *limits)
{
    return limits->max_file_octets && limits->max_scan_octets &&
           limits->max_scan_ms && limits->max_files && limits->max_recursion;
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
    for (; *ops; ops++) {
        int rc;

        if (engines_r->nr == ENGINE_MAX) {
            snprintf(error_r, ENGINE_TEXT, "more than %d engines", ENGINE_MAX);
            return -E2BIG;
        }
        rc = (*ops)->load(db_dir, temp_dir, limits,
                          &engines_r->engine[engines_r->nr], error_r);
        if (rc)
            return rc;
        engines_r->nr++;
    }
    return 0;
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
