/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine.c - see engine.h.
 *
 * Overview: owns the table of engines, and what is true of the loading of any
 * of them.  Knows nothing of any engine in particular.
 */
#include "engine.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "shortage.h"

const struct engine_source engines_built[] = {
    { &engine_clamav, "/var/lib/clamav" },
    { &engine_yara, "/etc/xen-vscan/yara" },
    { NULL, NULL }
};

/* None may be 0: nothing is without bound. */
static int limits_ok(const struct engine_limits *limits)
{
    for (unsigned int i = 0; i < LIMITS_NR; i++) {
        if (!limits->value[i])
            return 0;
    }
    return limits->max_scan_ms != 0;
}

static int files_of(const char *dir, struct generation_files *files_r,
                    char error_r[ENGINE_TEXT])
{
    int rc = generation_files(dir, files_r);

    if (rc)
        snprintf(error_r, ENGINE_TEXT, "signatures: %s: %s", dir,
                 strerror(-rc));
    return rc;
}

/* Whether what was read is what there was before and after. */
static int load_once(const struct engine_source *source, const char *temp_dir,
                     const struct engine_limits *limits,
                     struct generation_files *files, struct engine **engine_r,
                     int *changed_r, char error_r[ENGINE_TEXT])
{
    struct generation_files before = *files;
    int load_rc = source->ops->load(source->dir, temp_dir, limits, engine_r,
                                    error_r);
    int rc;

    if (load_rc)
        *engine_r = NULL;
    rc = files_of(source->dir, files, error_r);
    if (rc) {
        engine_unload(*engine_r);
        *engine_r = NULL;
        *changed_r = 0;
        return rc;
    }
    *changed_r = memcmp(&before, files, sizeof(before)) != 0;
    return load_rc;
}

/*
 * An engine reads the files itself, so what it has read is known only if they
 * are the same before and after.  Whether it liked what it found counts only
 * then, too.
 */
static int load_unchanged(const struct engine_source *source,
                          const char *temp_dir,
                          const struct engine_limits *limits,
                          struct generation_files *files,
                          struct engine **engine_r, char error_r[ENGINE_TEXT])
{
    for (unsigned int i = 0; i < ENGINE_MAX_LOADS; i++) {
        int changed, rc;

        rc = load_once(source, temp_dir, limits, files, engine_r, &changed,
                       error_r);
        if (!changed)
            return rc;
        engine_unload(*engine_r);
        *engine_r = NULL;
    }
    snprintf(error_r, ENGINE_TEXT, "signatures: %s changes whenever it is "
             "loaded", source->dir);
    return -EBUSY;
}

_Static_assert(sizeof(((struct generation_part *)NULL)->version) ==
               ENGINE_TEXT, "room for what describe() says");

/* Its octets are digested, all of them.  Time limits no clean verdict. */
static void fill_part(const struct engine *engine,
                      const struct engine_limits *limits,
                      const struct generation_files *files,
                      struct generation_part *part_r)
{
    char version[ENGINE_TEXT];

    memset(part_r, 0, sizeof(*part_r));
    part_r->files = *files;
    memcpy(part_r->limits, limits->value, sizeof(part_r->limits));
    part_r->alerts = limits->alerts;
    snprintf(part_r->name, sizeof(part_r->name), "%s", engine->ops->name);
    engine->ops->describe(engine, version);
    snprintf(part_r->version, sizeof(part_r->version), "%s", version);
}

int engine_load(const struct engine_source *source, const char *temp_dir,
                const struct engine_limits *limits,
                const struct generation_part *known,
                struct engine **engine_r, struct generation_part *part_r,
                char error_r[ENGINE_TEXT])
{
    struct generation_files files;
    int rc;

    *engine_r = NULL;
    if (!limits_ok(limits)) {
        snprintf(error_r, ENGINE_TEXT, "a limit of the scan is 0");
        return -EINVAL;
    }
    rc = files_of(source->dir, &files, error_r);
    if (rc)
        return rc;
    if (known && !memcmp(&files, &known->files, sizeof(files))) {
        snprintf(error_r, ENGINE_TEXT, "signatures: %s is as it was",
                 source->dir);
        return -EALREADY;
    }
    rc = load_unchanged(source, temp_dir, limits, &files, engine_r, error_r);
    if (rc)
        return rc;
    fill_part(*engine_r, limits, &files, part_r);
    error_r[0] = 0;
    return 0;
}

void engine_describe(const struct engine *engine, char text_r[ENGINE_TEXT])
{
    char text[ENGINE_TEXT];

    engine->ops->describe(engine, text);
    snprintf(text_r, ENGINE_TEXT, "%.160s, %u signatures", text,
             engine->ops->signatures(engine));
}

uint64_t engine_built(const struct engine_source *source)
{
    return built_newest(source->dir, source->ops->built);
}

void engine_unload(struct engine *engine)
{
    if (engine)
        engine->ops->unload(engine);
}

/* libclamav's names of them.  "The dictionary is too large" is what it says when
 * it has no memory for it. */
static int is_heuristic(const struct verdict *verdict)
{
    return !strncmp(verdict->name, "Heuristics.", strlen("Heuristics."));
}

static struct verdict judge(struct verdict verdict)
{
    if (shortage_seen() && (verdict.code == VSCANIF_VERDICT_CLEAN ||
                            (verdict.code == VSCANIF_VERDICT_INFECTED &&
                             is_heuristic(&verdict))))
        return verdict_not_scanned(VSCANIF_REASON_RESOURCES);
    return verdict;
}

struct verdict engine_scan(struct engine *engine, int fd, uint64_t size)
{
    shortage_forget();
    return judge(engine->ops->scan(engine, fd, size));
}

struct verdict engine_scan_memory(struct engine *engine, const void *octets,
                                  uint64_t size)
{
    shortage_forget();
    return judge(engine->ops->scan_memory(engine, octets, size));
}
