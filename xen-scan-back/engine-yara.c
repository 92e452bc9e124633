/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine-yara.c - see engine.h: libyara 4.2.
 *
 * Overview: owns a set of compiled YARA rules and turns libyara's answers into
 * verdicts.  The directory's *.yar and *.yara (as a shell has it: not those
 * that begin with a dot) are the rules, in order of name, each file a
 * namespace of its own; nothing is included from elsewhere, for a generation
 * stands for the files of the directory only.  What matches, and which rule is
 * the first, is what the command yara says; the differences are:
 *
 * - A file with more than a million matches of one string is "not scanned" if
 *   no rule matches; yara warns and goes on.
 * - Errors that libyara loses are errors here, see lost_error().
 * - SCAN_FLAGS_NO_TRYCATCH: otherwise libyara catches SIGSEGV and SIGBUS and
 *   jumps out of whatever it was doing.  The content is all there and does not
 *   change, so that a fault is a mistake inside libyara, and the process must
 *   not go on to another file: it dies, and the pool says "engine failed".
 *
 * Not used: SCAN_FLAGS_FAST_MODE (4.2.3 then looks at the first match only for
 * "any of them in (range)"), and a scanner for more than one file (it keeps the
 * first one's entry point).
 *
 * All modules of Debian's libyara are there.  At the time of a scan "magic"
 * reads the database of libmagic, once for each process, and "time" the clock:
 * a generation stands for neither.  No module uses the network.  "console" is
 * not heard.  A module has limits of its own (16384 imports of a PE file, for
 * one) of which it tells nobody, and libyara looks at the clock between its
 * calls only: the pool has a clock, too.
 *
 * libyara has no state of a thread that a fork would break, and writes nothing
 * to compiled rules: children share them.
 */
#define _GNU_SOURCE
#include <yara.h>

#include "engine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "snapshot.h"

/* Octets of one file of rules. */
#define RULES_MAX_OCTETS        ((size_t)64 << 20)
/* Warnings that are logged for one set of rules; then their number. */
#define RULES_MAX_WARNINGS      20
/* Octets of a file's name in a message, so that there is room for the rest. */
#define RULES_NAME_OCTETS       100
/* Octets that a file is read with at first. */
#define RULES_FIRST_ROOM        65536
/* Octets of a message of libyara's compiler. */
#define RULES_MESSAGE           512

struct yara {
    struct engine base;
    YR_RULES *rules;
    struct engine_limits limits;
    int initialized;        /* libyara counts: to be finalized as often */
};

/* Rules on their way to be compiled: one file after the other. */
struct compilation {
    const char *db_dir;
    YR_COMPILER *compiler;
    YR_RULES *rules;        /* what comes out of it */
    int rc;                 /* and 0, or -errno */
    const char *name;       /* of the current file */
    char *text;             /* its content, NUL-terminated */
    size_t size;
    unsigned int warnings;
    char *error;            /* ENGINE_TEXT octets: the first error, or "" */
};

/* What libyara has told about one file. */
struct pass {
    const YR_RULE *rule;    /* the first one that matches */
    int too_many;           /* matches of one string */
    int finished;           /* no rule was left out */
};

/* A message can have parts of rules and names in it. */
static void make_plain(char *text)
{
    for (char *p = text; *p; p++) {
        if (*p < 0x20 || *p > 0x7e)
            *p = '?';
    }
}

static void put_error(struct compilation *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The first one stays: what comes after it follows from it. */
static void put_error(struct compilation *c, const char *format, ...)
{
    va_list args;

    if (c->error[0])
        return;
    va_start(args, format);
    vsnprintf(c->error, ENGINE_TEXT, format, args);
    va_end(args);
    make_plain(c->error);
}

/* The line of the current file that @at is in, from 1. */
static int line_of(const struct compilation *c, const char *at)
{
    int line = 1;

    for (const char *p = c->text; p < at; p++)
        line += *p == '\n';
    return line;
}

static void put_warning(struct compilation *c, int line, const char *message)
{
    char text[RULES_MESSAGE + RULES_NAME_OCTETS + 32];

    if (++c->warnings > RULES_MAX_WARNINGS)
        return;
    snprintf(text, sizeof(text), "rules: %.*s:%d: %s", RULES_NAME_OCTETS,
             c->name, line, message);
    make_plain(text);
    log_warning("%s", text);
}

/*
 * Called by libyara.  It has no line, 0, for the end of a file, and no text
 * for a few of its errors.
 */
static void compiler_says(int level, const char *file, int line,
                          const YR_RULE *rule, const char *message, void *user)
{
    struct compilation *c = user;

    (void)file;
    (void)rule;
    if (line == 0)
        line = line_of(c, c->text + c->size);
    if (level != YARA_ERROR_LEVEL_ERROR)
        put_warning(c, line, message);
    else if (*message)
        put_error(c, "rules: %.*s:%d: %s", RULES_NAME_OCTETS, c->name, line,
                  message);
    else
        put_error(c, "rules: %.*s:%d: libyara's error %d", RULES_NAME_OCTETS,
                  c->name, line, c->compiler->last_error);
}

/* All of the file; more than RULES_MAX_OCTETS is -EFBIG. */
static int read_text(struct compilation *c, int fd)
{
    size_t room = 0;
    ssize_t n;

    do {
        if (room - c->size < 2) {
            char *more;

            room = room ? 2 * room : RULES_FIRST_ROOM;
            more = realloc(c->text, room);
            if (!more)
                return -ENOMEM;
            c->text = more;
        }
        n = read(fd, c->text + c->size, room - c->size - 1);
        if (n > 0)
            c->size += (size_t)n;
        if (c->size > RULES_MAX_OCTETS)
            return -EFBIG;
    } while (n > 0 || (n < 0 && errno == EINTR));
    if (n < 0)
        return -errno;
    c->text[c->size] = 0;
    return 0;
}

static int compile_text(struct compilation *c)
{
    const char *nul = memchr(c->text, 0, c->size);
    int last;

    /* libyara would end there, and take what it has for all. */
    if (nul) {
        put_error(c, "rules: %.*s:%d: a NUL octet", RULES_NAME_OCTETS, c->name,
                  line_of(c, nul));
        return -EINVAL;
    }
    if (c->size == 0)
        put_warning(c, 1, "the file is empty");
    if (!yr_compiler_add_string(c->compiler, c->text, c->name))
        return 0;
    last = c->compiler->last_error;
    put_error(c, "rules: %.*s: libyara's error %d", RULES_NAME_OCTETS, c->name,
              last);
    return last == ERROR_INSUFFICIENT_MEMORY ? -ENOMEM : -EINVAL;
}

/* -ENOENT means that there are no rules, so it is no error of one file. */
static int file_error(struct compilation *c, int error)
{
    put_error(c, "rules: %.*s: %s", RULES_NAME_OCTETS, c->name,
              strerror(error));
    return error == ENOENT ? -EINVAL : -error;
}

static int compile_file(struct compilation *c, int dir)
{
    struct stat st;
    int fd, rc;

    if (fstatat(dir, c->name, &st, 0))
        return file_error(c, errno);
    if (!S_ISREG(st.st_mode))
        return 0;
    fd = openat(dir, c->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return file_error(c, errno);
    rc = read_text(c, fd);
    close(fd);
    if (rc == -EFBIG)
        put_error(c, "rules: %.*s: more than %zu octets", RULES_NAME_OCTETS,
                  c->name, RULES_MAX_OCTETS);
    if (rc)
        (void)file_error(c, -rc);
    else
        rc = compile_text(c);
    free(c->text);
    c->text = NULL;
    c->size = 0;
    return rc;
}

static int is_rules(const struct dirent *entry)
{
    return !fnmatch("*.yar", entry->d_name, FNM_PERIOD) ||
           !fnmatch("*.yara", entry->d_name, FNM_PERIOD);
}

/* Not alphasort(): the order must not depend on the language. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int compile_files(struct compilation *c)
{
    int dir = open(c->db_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), nr = -1;
    struct dirent **entry = NULL;
    int rc = 0;

    if (dir >= 0)
        nr = scandirat(dir, ".", &entry, is_rules, by_name);
    if (nr < 0) {
        rc = -errno;
        put_error(c, "rules: %s: %s", c->db_dir, strerror(-rc));
    }
    for (int i = 0; !rc && i < nr; i++) {
        c->name = entry[i]->d_name;
        rc = compile_file(c, dir);
    }
    while (nr > 0)
        free(entry[--nr]);
    free(entry);
    if (dir >= 0)
        close(dir);
    return rc;
}

/* What libyara has answered, where there is no file to name.  Returns 0 or
 * -errno. */
static int yara_error(struct compilation *c, int r)
{
    if (r == ERROR_SUCCESS)
        return 0;
    put_error(c, "rules: libyara's error %d", r);
    return r == ERROR_INSUFFICIENT_MEMORY ? -ENOMEM : -EINVAL;
}

static int compile(struct compilation *c)
{
    int rc = yara_error(c, yr_compiler_create(&c->compiler));

    if (rc)
        return rc;
    yr_compiler_set_callback(c->compiler, compiler_says, c);
    yr_compiler_set_include_callback(c->compiler, NULL, NULL, NULL);
    rc = compile_files(c);
    if (!rc)
        rc = yara_error(c, yr_compiler_get_rules(c->compiler, &c->rules));
    if (!rc && c->rules->num_rules == 0) {
        put_error(c, "rules: none in %s", c->db_dir);
        rc = -ENOENT;
    }
    if (c->warnings > RULES_MAX_WARNINGS)
        log_warning("rules: %u more warnings",
                    c->warnings - RULES_MAX_WARNINGS);
    yr_compiler_destroy(c->compiler);
    return rc;
}

static void *compile_thread(void *arg)
{
    struct compilation *c = arg;

    c->rc = compile(c);
    return NULL;
}

/*
 * Compiling leaves small pieces of free memory on every page between those
 * that are in use.  malloc() gives each thread a heap of its own: so these stay
 * in that of the compiler, and the workers, which are forked from us, put
 * nothing there and share its pages.  (20000 rules, 1000 scans: a worker gets
 * 4 MiB of its own, else 44.)
 */
static int compile_apart(struct compilation *c)
{
    pthread_t thread;
    int r = pthread_create(&thread, NULL, compile_thread, c);

    if (r) {
        put_error(c, "rules: a thread for the compiler: %s", strerror(r));
        return -r;
    }
    pthread_join(thread, NULL);
    return c->rc;
}

static void unload(struct engine *engine)
{
    struct yara *y = (struct yara *)engine;

    if (!y)
        return;
    if (y->rules)
        yr_rules_destroy(y->rules);
    if (y->initialized)
        yr_finalize();
    free(y);
}

/* Copies of what matched are for people, and up to 512 MB for each string. */
static int start_library(struct yara *y)
{
    int r = yr_initialize();

    if (r != ERROR_SUCCESS)
        return r;
    y->initialized = 1;
    return yr_set_configuration_uint32(YR_CONFIG_MAX_MATCH_DATA, 0);
}

/* There are no temporary files. */
static int load(const char *db_dir, const char *temp_dir,
                const struct engine_limits *limits, struct engine **engine_r,
                char error_r[ENGINE_TEXT])
{
    struct yara *y = calloc(1, sizeof(*y));
    struct compilation c = { .db_dir = db_dir, .error = error_r };
    int rc;

    (void)temp_dir;
    error_r[0] = 0;
    if (y) {
        y->base.ops = &engine_yara;
        y->limits = *limits;
        rc = yara_error(&c, start_library(y));
    } else {
        rc = yara_error(&c, ERROR_INSUFFICIENT_MEMORY);
    }
    if (!rc) {
        rc = compile_apart(&c);
        y->rules = c.rules;
    }
    if (rc) {
        unload((struct engine *)y);
        y = NULL;
    }
    *engine_r = (struct engine *)y;
    return rc;
}

/* The library has no function that tells. */
static void describe(const struct engine *engine, char text_r[ENGINE_TEXT])
{
    (void)engine;
    snprintf(text_r, ENGINE_TEXT, "YARA %s", YR_VERSION);
}

static unsigned int signatures(const struct engine *engine)
{
    return ((const struct yara *)engine)->rules->num_rules;
}

/*
 * Called by libyara: first what it meets while it looks for strings, then the
 * rules that match, in their order and without private ones.  After too many
 * matches it is told to go on: a file must not hide behind a million matches
 * of one string from the rules that ask for others.
 */
static int scanner_says(YR_SCAN_CONTEXT *context, int message, void *data,
                        void *user)
{
    struct pass *pass = user;

    (void)context;
    switch (message) {
    case CALLBACK_MSG_RULE_MATCHING:
        pass->rule = data;
        return CALLBACK_ABORT;
    case CALLBACK_MSG_TOO_MANY_MATCHES:
        pass->too_many = 1;
        break;
    case CALLBACK_MSG_SCAN_FINISHED:
        pass->finished = 1;
        break;
    }
    return CALLBACK_CONTINUE;
}

/*
 * Errors that a module of libyara meets become values "undefined", or a
 * regular expression that does not match, and the scan a success:
 *
 * - No memory: malloc() leaves ENOMEM.  What follows from "undefined" is
 *   nothing to rely on, a match neither.
 * - A regular expression that needs more than RE_MAX_FIBERS: they are never
 *   given back, so that their number tells.
 */
static int lost_error(const YR_SCANNER *scanner, int error)
{
    if (error == ENOMEM)
        return ERROR_INSUFFICIENT_MEMORY;
    if (scanner->re_fiber_pool.fiber_count >= RE_MAX_FIBERS)
        return ERROR_TOO_MANY_RE_FIBERS;
    return ERROR_SUCCESS;
}

/*
 * All that can come out of yr_scanner_scan_mem() of 4.2.3, found in its source;
 * the other codes of yara/error.h belong to compiling, to files and processes
 * that libyara opens itself, or to callbacks that end a scan.
 */
static unsigned int reason_of(int error)
{
    switch (error) {
    case ERROR_SCAN_TIMEOUT:
        return VSCANIF_REASON_TIMEOUT;
    case ERROR_INSUFFICIENT_MEMORY:
        return VSCANIF_REASON_RESOURCES;
    case ERROR_EXEC_STACK_OVERFLOW:     /* YR_CONFIG_STACK_SIZE */
    case ERROR_TOO_MANY_RE_FIBERS:      /* RE_MAX_FIBERS */
    case ERROR_TOO_MANY_MATCHES:        /* only if scanner_says() says so */
        return VSCANIF_REASON_LIMITS;
    case ERROR_INTERNAL_FATAL_ERROR:    /* "magic" has no database, for one */
    case ERROR_INVALID_ARGUMENT:        /* these come from modules, */
    case ERROR_INVALID_FIELD_NAME:      /* and are mistakes in them */
    case ERROR_INVALID_FORMAT:
    case ERROR_DUPLICATED_STRUCTURE_MEMBER:
    case ERROR_WRONG_RETURN_TYPE:
    case ERROR_UNKNOWN_MODULE:
    default:
        return VSCANIF_REASON_ENGINE;
    }
}

/* libyara's answer; its time-out has whole seconds. */
static int scan_pass(const struct yara *y, const void *content, size_t size,
                     struct pass *pass)
{
    YR_SCANNER *scanner;
    int r;

    errno = 0;
    r = yr_scanner_create(y->rules, &scanner);
    if (r != ERROR_SUCCESS)
        return r;
    yr_scanner_set_callback(scanner, scanner_says, pass);
    yr_scanner_set_timeout(scanner, (int)((y->limits.max_scan_ms - 1) / 1000 +
                                          1));
    yr_scanner_set_flags(scanner, SCAN_FLAGS_REPORT_RULES_MATCHING |
                                  SCAN_FLAGS_NO_TRYCATCH);
    r = yr_scanner_scan_mem(scanner, content, size);
    if (r == ERROR_SUCCESS)
        r = lost_error(scanner, errno);
    yr_scanner_destroy(scanner);
    return r;
}

static struct verdict scan_content(const struct yara *y, const void *content,
                                   size_t size)
{
    struct pass pass = { .rule = NULL };
    int r = scan_pass(y, content, size, &pass);
    struct verdict v;

    if (r != ERROR_SUCCESS)
        return verdict_not_scanned(reason_of(r));
    if (pass.rule) {
        v = verdict_infected(pass.rule->identifier);
        make_plain(v.name);
        return v;
    }
    if (pass.too_many)
        return verdict_not_scanned(VSCANIF_REASON_LIMITS);
    if (!pass.finished)
        return verdict_not_scanned(VSCANIF_REASON_ENGINE);
    return verdict_clean();
}

/* Why a content of this size is not even looked at; VSCANIF_REASON_NONE. */
static unsigned int refusal(const struct yara *y, uint64_t size)
{
    if (size > y->limits.value[LIMIT_FILE])
        return VSCANIF_REASON_TOO_LARGE;
    if (size > y->limits.value[LIMIT_SCAN])
        return VSCANIF_REASON_LIMITS;
    return size ? VSCANIF_REASON_NONE : VSCANIF_REASON_ENGINE;
}

static struct verdict scan_memory(struct engine *engine, const void *octets,
                                  uint64_t size)
{
    const struct yara *y = (const struct yara *)engine;
    unsigned int reason = refusal(y, size);

    if (reason != VSCANIF_REASON_NONE)
        return verdict_not_scanned(reason);
    return scan_content(y, octets, (size_t)size);
}

static struct verdict scan(struct engine *engine, int fd, uint64_t size)
{
    const struct yara *y = (const struct yara *)engine;
    unsigned int reason = refusal(y, size);
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

const struct engine_ops engine_yara = {
    .name = "yara",
    .load = load,
    .describe = describe,
    .signatures = signatures,
    .scan = scan,
    .scan_memory = scan_memory,
    .unload = unload,
};
