/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine-clamav.c - see engine.h: libclamav 1.4.
 *
 * Overview: owns a compiled libclamav engine and turns its answers into
 * verdicts.  Options and defaults are clamscan's, so that a file that both
 * scan gets the same verdict and name from both; the differences are:
 *
 * - A file that clamscan calls "OK" because a limit ended the scan is "not
 *   scanned" here.  CL_SCAN_HEURISTIC_EXCEEDS_MAX makes libclamav report such
 *   files, under names that begin with LIMITS_PREFIX.  But some unpackers cut
 *   what exceeds a size, and look at the rest without a word (unzip.c,
 *   libmspack.c, xar.c of libclamav); so it is given sizes that are CUT_ROOM
 *   larger, and inspect() sees what exceeds ours.
 * - libclamav's cache of clean files is off: it is keyed by MD5.
 * - CL_SCAN_GENERAL_UNPRIVILEGED: rar archives are written to the temporary
 *   directory before they are opened.  No verdict depends on it.
 * - There is no file name.  clamscan passes one, which libclamav uses for
 *   messages and for the path of a rar archive only.
 *
 * libclamav answers CL_CLEAN for most of its internal errors: scan_common()
 * turns all but a few codes into it, the time-out and a temporary directory
 * that cannot be made among them.  Parse errors of malformed files are meant
 * to end so (clamscan says "OK", so do we); for the others there are
 * scan_ended() and the clock.
 */
#include <clamav.h>

#include "engine.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "log.h"
#include "proc.h"
#include "snapshot.h"

#define LIMITS_PREFIX           "Heuristics.Limits.Exceeded"
#define TIMEOUT_NAME            LIMITS_PREFIX ".MaxScanTime"

/* It calls files of up to so many octets clean without a look. */
#define SMALLEST_FILE           6
/*
 * What an unpacker has cut is smaller than libclamav's limit by less than its
 * buffer, of BUFSIZ octets in 1.4, and larger than ours.
 */
#define CUT_ROOM                65536

struct clamav {
    struct engine base;
    struct cl_engine *cl;
    struct engine_limits limits;
    unsigned int signatures;
};

/* One call of libclamav's scan. */
struct pass {
    const struct engine_limits *limits;
    int ended;              /* files, inner ones too, scanned to their end */
    uint64_t octets;        /* of all files so far */
    int exceeds;            /* a size of the limits */
    const char *name;
    cl_error_t code;
};

static const struct cl_scan_options clamscan_options = {
    .general = CL_SCAN_GENERAL_HEURISTICS | CL_SCAN_GENERAL_UNPRIVILEGED,
    .parse = CL_SCAN_PARSE_ARCHIVE | CL_SCAN_PARSE_ELF | CL_SCAN_PARSE_PDF |
             CL_SCAN_PARSE_SWF | CL_SCAN_PARSE_HWP3 | CL_SCAN_PARSE_XMLDOCS |
             CL_SCAN_PARSE_MAIL | CL_SCAN_PARSE_OLE2 | CL_SCAN_PARSE_HTML |
             CL_SCAN_PARSE_PE | CL_SCAN_PARSE_ONENOTE | CL_SCAN_PARSE_IMAGE |
             CL_SCAN_PARSE_IMAGE_FUZZY_HASH,
};

/*
 * libclamav's messages while it loads are about the signatures and go to the
 * log; those of a scan (they have a context) are written by the file.
 */
static void message(enum cl_msg severity, const char *full, const char *text,
                    void *context)
{
    (void)full;
    if (context)
        return;
    if (severity == CL_MSG_ERROR || severity == CL_MSG_WARN)
        log_warning("libclamav: %.*s", (int)strcspn(text, "\n"), text);
}

/* Called at the end of every file that was looked at; the verdict stands. */
static cl_error_t scan_ended(int fd, int result, const char *name,
                             void *context)
{
    struct pass *pass = context;

    (void)fd;
    (void)result;
    (void)name;
    pass->ended = 1;
    return CL_CLEAN;
}

/* Of the file that is scanned, and of each in it, before it is looked at. */
static cl_error_t inspect(int fd, const char *type, const char **ancestors,
                          size_t parent_size, const char *name, size_t size,
                          const char *content, uint32_t level,
                          uint32_t attributes, void *context)
{
    struct pass *pass = context;

    (void)fd;
    (void)type;
    (void)ancestors;
    (void)parent_size;
    (void)name;
    (void)content;
    (void)attributes;
    pass->octets += size;
    if ((level > 0 && size > pass->limits->value[LIMIT_FILE]) ||
        pass->octets > pass->limits->value[LIMIT_SCAN])
        pass->exceeds = 1;
    return CL_CLEAN;
}

static const enum cl_engine_field limit_fields[LIMITS_NR] = {
    [LIMIT_FILE] = CL_ENGINE_MAX_FILESIZE,
    [LIMIT_SCAN] = CL_ENGINE_MAX_SCANSIZE,
    [LIMIT_FILES] = CL_ENGINE_MAX_FILES,
    [LIMIT_RECURSION] = CL_ENGINE_MAX_RECURSION,
    [LIMIT_EMBEDDED_PE] = CL_ENGINE_MAX_EMBEDDEDPE,
    [LIMIT_HTML] = CL_ENGINE_MAX_HTMLNORMALIZE,
    [LIMIT_HTML_TEXT] = CL_ENGINE_MAX_HTMLNOTAGS,
    [LIMIT_SCRIPT] = CL_ENGINE_MAX_SCRIPTNORMALIZE,
    [LIMIT_ZIP_TYPE] = CL_ENGINE_MAX_ZIPTYPERCG,
    [LIMIT_PCRE_FILE] = CL_ENGINE_PCRE_MAX_FILESIZE,
    [LIMIT_PARTITIONS] = CL_ENGINE_MAX_PARTITIONS,
    [LIMIT_ICONS] = CL_ENGINE_MAX_ICONSPE,
    [LIMIT_HWP3_RECURSION] = CL_ENGINE_MAX_RECHWP3,
    [LIMIT_PCRE_STEPS] = CL_ENGINE_PCRE_MATCH_LIMIT,
    [LIMIT_PCRE_DEPTH] = CL_ENGINE_PCRE_RECMATCH_LIMIT,
};

static const uint32_t alert_flags[ALERTS_NR] = {
    [ALERT_ENCRYPTED_ARCHIVE] = CL_SCAN_HEURISTIC_ENCRYPTED_ARCHIVE,
    [ALERT_ENCRYPTED_DOC] = CL_SCAN_HEURISTIC_ENCRYPTED_DOC,
    [ALERT_BROKEN] = CL_SCAN_HEURISTIC_BROKEN,
    [ALERT_BROKEN_MEDIA] = CL_SCAN_HEURISTIC_BROKEN_MEDIA,
    [ALERT_MACROS] = CL_SCAN_HEURISTIC_MACROS,
    [ALERT_PHISHING_SSL] = CL_SCAN_HEURISTIC_PHISHING_SSL_MISMATCH,
    [ALERT_PHISHING_CLOAK] = CL_SCAN_HEURISTIC_PHISHING_CLOAK,
    [ALERT_PARTITIONS] = CL_SCAN_HEURISTIC_PARTITION_INTXN,
};

static uint32_t alerts_of(const struct engine_limits *limits)
{
    uint32_t flags = 0;

    for (unsigned int i = 0; i < ALERTS_NR; i++) {
        if (limits->alerts & (uint64_t)1 << i)
            flags |= alert_flags[i];
    }
    return flags;
}

static cl_error_t set_limits(struct cl_engine *cl,
                             const struct engine_limits *limits)
{
    /* Bytecode that has had its time is skipped in silence: so it has all there
     * is, and what counts is the time of the scan. */
    const struct {
        enum cl_engine_field field;
        long long value;
    } settings[] = {
        { CL_ENGINE_DISABLE_CACHE, 1 },
        { CL_ENGINE_BYTECODE_TIMEOUT, limits->max_scan_ms },
        { CL_ENGINE_MAX_SCANTIME, limits->max_scan_ms },
    };
    cl_error_t r = CL_SUCCESS;

    for (size_t i = 0; i < 3 && r == CL_SUCCESS; i++)
        r = cl_engine_set_num(cl, settings[i].field, settings[i].value);
    for (size_t i = 0; i < LIMITS_NR && r == CL_SUCCESS; i++) {
        const uint64_t room = i == LIMIT_FILE || i == LIMIT_SCAN ? CUT_ROOM : 0;

        r = cl_engine_set_num(cl, limit_fields[i],
                              (long long)(limits->value[i] + room));
    }
    return r;
}

static int load_signatures(struct clamav *c, const char *db_dir, char *error_r)
{
    cl_error_t r;
    DIR *dir = opendir(db_dir);

    if (!dir) {
        int rc = -errno;

        snprintf(error_r, ENGINE_TEXT, "ClamAV signatures: %s: %s", db_dir,
                 strerror(-rc));
        return rc;
    }
    closedir(dir);
    r = cl_load(db_dir, c->cl, &c->signatures, CL_DB_STDOPT);
    /* CL_EOPEN: there is no file with a name of a signature file. */
    if (r == CL_EOPEN || (r == CL_SUCCESS && c->signatures == 0)) {
        snprintf(error_r, ENGINE_TEXT, "ClamAV signatures: none in %s",
                 db_dir);
        return -ENOENT;
    }
    if (r == CL_SUCCESS)
        r = cl_engine_compile(c->cl);
    if (r != CL_SUCCESS) {
        snprintf(error_r, ENGINE_TEXT, "ClamAV signatures: %s: %s", db_dir,
                 cl_strerror(r));
        return r == CL_EMEM ? -ENOMEM : -EINVAL;
    }
    return 0;
}

static void unload(struct engine *engine)
{
    struct clamav *c = (struct clamav *)engine;

    if (!c)
        return;
    if (c->cl)
        cl_engine_free(c->cl);
    free(c);
}

static int load(const char *db_dir, const char *temp_dir,
                const struct engine_limits *limits, struct engine **engine_r,
                char error_r[ENGINE_TEXT])
{
    struct clamav *c = NULL;
    cl_error_t r;
    int rc;

    cl_set_clcb_msg(message);
    r = cl_init(CL_INIT_DEFAULT);
    if (r != CL_SUCCESS) {
        snprintf(error_r, ENGINE_TEXT, "libclamav: %s", cl_strerror(r));
        rc = -EINVAL;
        goto out;
    }
    rc = -ENOMEM;
    snprintf(error_r, ENGINE_TEXT, "libclamav: no memory");
    c = calloc(1, sizeof(*c));
    if (!c)
        goto out;
    c->base.ops = &engine_clamav;
    c->limits = *limits;
    c->cl = cl_engine_new();
    if (!c->cl)
        goto out;
    r = set_limits(c->cl, limits);
    if (r == CL_SUCCESS)
        r = cl_engine_set_str(c->cl, CL_ENGINE_TMPDIR, temp_dir);
    if (r != CL_SUCCESS) {
        snprintf(error_r, ENGINE_TEXT, "libclamav: %s", cl_strerror(r));
        rc = -EINVAL;
        goto out;
    }
    cl_engine_set_clcb_post_scan(c->cl, scan_ended);
    cl_engine_set_clcb_file_inspection(c->cl, inspect);
    rc = load_signatures(c, db_dir, error_r);
out:
    if (rc) {
        unload((struct engine *)c);
        c = NULL;
    } else {
        error_r[0] = 0;
    }
    *engine_r = (struct engine *)c;
    return rc;
}

static void describe(const struct engine *engine, char text_r[ENGINE_TEXT])
{
    const struct clamav *c = (const struct clamav *)engine;
    long long version = cl_engine_get_num(c->cl, CL_ENGINE_DB_VERSION, NULL);

    if (version > 0)
        snprintf(text_r, ENGINE_TEXT, "ClamAV %s/%lld", cl_retver(), version);
    else
        snprintf(text_r, ENGINE_TEXT, "ClamAV %s", cl_retver());
}

static unsigned int signatures(const struct engine *engine)
{
    return ((const struct clamav *)engine)->signatures;
}

static struct pass scan_pass(const struct clamav *c, const void *content,
                             size_t size, uint32_t heuristic)
{
    struct cl_scan_options options = clamscan_options;
    struct pass pass = { .limits = &c->limits, .code = CL_EMEM };
    unsigned long scanned = 0;
    cl_fmap_t *map = cl_fmap_open_memory(content, size);

    if (!map)
        return pass;
    options.heuristic = heuristic;
    pass.code = cl_scanmap_callback(map, NULL, &pass.name, &scanned, c->cl,
                                    &options, &pass);
    cl_fmap_close(map);
    return pass;
}

/* libclamav's name as it is, but for octets that no name should have. */
static struct verdict infected(const char *name)
{
    struct verdict v = verdict_infected(name && *name ? name : "unnamed");

    for (char *p = v.name; *p; p++) {
        if (*p < 0x20 || *p > 0x7e)
            *p = '?';
    }
    return v;
}

static int is_limit(const char *name)
{
    return name && !strncmp(name, LIMITS_PREFIX, strlen(LIMITS_PREFIX));
}

/*
 * A limit was hit and nothing was found by signature.  Limits and heuristic
 * alerts are equals to libclamav, which names one of them at random; so look
 * again without the limits' alert, as clamscan does, for an alert that the
 * limit may have hidden; in the time that is left, up to @end_ms.
 */
static struct verdict scan_behind_limit(const struct clamav *c,
                                        const void *content, size_t size,
                                        int64_t end_ms)
{
    const int64_t left_ms = end_ms - proc_now_ms();
    struct pass pass = { .code = CL_ETIMEOUT };

    /* 0 would be for ever. */
    if (left_ms > 0 && cl_engine_set_num(c->cl, CL_ENGINE_MAX_SCANTIME,
                                         left_ms) == CL_SUCCESS)
        pass = scan_pass(c, content, size, alerts_of(&c->limits));
    cl_engine_set_num(c->cl, CL_ENGINE_MAX_SCANTIME, c->limits.max_scan_ms);
    if (pass.code == CL_VIRUS && !is_limit(pass.name))
        return infected(pass.name);
    return verdict_not_scanned(VSCANIF_REASON_LIMITS);
}

/*
 * clamscan says "OK" for CL_CLEAN, "FOUND" for CL_VIRUS, and "ERROR" for all
 * others; so only CL_CLEAN can be clean.  Those marked (1) can come out of
 * cl_scanmap_callback() of 1.4.6; the rest is turned into CL_CLEAN inside it,
 * or belongs to loading; a later version may do otherwise.
 */
static unsigned int reason_of(cl_error_t code)
{
    switch (code) {
    case CL_ETIMEOUT:
        return VSCANIF_REASON_TIMEOUT;
    case CL_EMAXREC:
    case CL_EMAXSIZE:
    case CL_EMAXFILES:
        return VSCANIF_REASON_LIMITS;
    case CL_CLEAN:          /* (1) clean and infected are no reasons */
    case CL_VIRUS:          /* (1) */
    case CL_ENULLARG:       /* (1) */
    case CL_EUNLINK:        /* (1) */
    case CL_ESTAT:          /* (1) */
    case CL_ESEEK:          /* (1) */
    case CL_EWRITE:         /* (1) */
    case CL_EDUP:           /* (1) */
    case CL_ETMPFILE:       /* (1) */
    case CL_ETMPDIR:        /* (1) */
    case CL_EMEM:           /* (1) */
    case CL_EARG:
    case CL_EMALFDB:
    case CL_ECVD:
    case CL_EVERIFY:
    case CL_EUNPACK:
    case CL_EOPEN:
    case CL_ECREAT:
    case CL_EREAD:
    case CL_EACCES:
    case CL_EMAP:
    case CL_BREAK:
    case CL_EFORMAT:
    case CL_EPARSE:
    case CL_EBYTECODE:
    case CL_EBYTECODE_TESTFAIL:
    case CL_ELOCK:
    case CL_EBUSY:
    case CL_ESTATE:
    case CL_VERIFIED:
    case CL_ERROR:
    case CL_ELAST_ERROR:
        break;
    }
    return VSCANIF_REASON_ENGINE;
}

static struct verdict scan_content(const struct clamav *c, const void *content,
                                   size_t size)
{
    int64_t end = proc_now_ms() + c->limits.max_scan_ms;
    struct pass pass = scan_pass(c, content, size, alerts_of(&c->limits) |
                                 CL_SCAN_HEURISTIC_EXCEEDS_MAX);

    if (pass.code == CL_VIRUS && pass.name &&
        !strcmp(pass.name, TIMEOUT_NAME))
        return verdict_not_scanned(VSCANIF_REASON_TIMEOUT);
    if (pass.code == CL_VIRUS && is_limit(pass.name))
        return scan_behind_limit(c, content, size, end);
    if (pass.code == CL_VIRUS)
        return infected(pass.name);
    if (pass.code != CL_CLEAN)
        return verdict_not_scanned(reason_of(pass.code));
    /* Not even begun: no temporary directory, for one. */
    if (!pass.ended && size >= SMALLEST_FILE)
        return verdict_not_scanned(VSCANIF_REASON_ENGINE);
    if (proc_now_ms() >= end)
        return verdict_not_scanned(VSCANIF_REASON_TIMEOUT);
    if (pass.exceeds)
        return verdict_not_scanned(VSCANIF_REASON_LIMITS);
    return verdict_clean();
}

/* Why a content of this size is not even looked at; VSCANIF_REASON_NONE. */
static unsigned int refusal(const struct clamav *c, uint64_t size)
{
    if (size > c->limits.value[LIMIT_FILE])
        return VSCANIF_REASON_TOO_LARGE;
    return size ? VSCANIF_REASON_NONE : VSCANIF_REASON_ENGINE;
}

static struct verdict scan_memory(struct engine *engine, const void *octets,
                                  uint64_t size)
{
    const struct clamav *c = (const struct clamav *)engine;
    unsigned int reason = refusal(c, size);

    if (reason != VSCANIF_REASON_NONE)
        return verdict_not_scanned(reason);
    return scan_content(c, octets, (size_t)size);
}

static struct verdict scan(struct engine *engine, int fd, uint64_t size)
{
    const struct clamav *c = (const struct clamav *)engine;
    unsigned int reason = refusal(c, size);
    struct verdict v;
    void *content;

    if (reason != VSCANIF_REASON_NONE)
        return verdict_not_scanned(reason);
    content = snapshot_map(fd, size);
    if (!content)
        return verdict_not_scanned(VSCANIF_REASON_RESOURCES);
    v = scan_memory(engine, content, size);
    munmap(content, (size_t)size);
    return v;
}

/* Of the files that freshclam fetches; whether they are sound, load() has
 * seen. */
static uint64_t built(const char *path)
{
    const char *type = strrchr(path, '.');
    struct cl_cvd *head;
    uint64_t time;

    if (!type || (strcmp(type, ".cvd") && strcmp(type, ".cld")))
        return 0;
    head = cl_cvdhead(path);
    if (!head)
        return 0;
    time = head->stime;
    cl_cvdfree(head);
    return time;
}

const struct engine_ops engine_clamav = {
    .name = "clamav",
    .load = load,
    .describe = describe,
    .signatures = signatures,
    .scan = scan,
    .scan_memory = scan_memory,
    .unload = unload,
    .built = built,
};
