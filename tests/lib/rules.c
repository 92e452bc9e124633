/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rules.c - see rules.h. */
#define _GNU_SOURCE
#include "rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "signatures.h"
#include "snapshot.h"

/* There is none, and none is needed. */
#define TEMP    "/nowhere/at/all"

char rules[64];

int rules_make(void **state)
{
    (void)state;
    snprintf(rules, sizeof(rules), "/tmp/test-rules-XXXXXX");
    return mkdtemp(rules) ? 0 : -1;
}

int rules_remove(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf %s", rules);
    return system(command);
}

void rules_put(const char *name, const char *text)
{
    write_text_in(rules, name, text);
}

/* The next one that is free: the same after a load as before. */
static int next_fd(void)
{
    int fd = dup(STDERR_FILENO);

    assert_true(fd >= 0);
    close(fd);
    return fd;
}

struct engine *rules_load(const struct engine_limits *with)
{
    char error[ENGINE_TEXT] = "?";
    struct engine *engine = NULL;
    int fd = next_fd(), rc;

    rc = engine_yara.load(rules, TEMP, with, &engine, error);
    assert_int_equal(next_fd(), fd);
    assert_string_equal(error, "");
    assert_int_equal(rc, 0);
    assert_non_null(engine);
    assert_ptr_equal(engine->ops, &engine_yara);
    return engine;
}

void rules_refused(int rc, const char *text)
{
    struct engine *engine = (struct engine *)&limits;
    char error[ENGINE_TEXT];
    int fd = next_fd();

    memset(error, 1, sizeof(error));
    assert_int_equal(engine_yara.load(rules, TEMP, &limits, &engine, error),
                     rc);
    assert_int_equal(next_fd(), fd);
    assert_null(engine);
    assert_non_null(memchr(error, 0, sizeof(error)));
    for (const char *p = error; *p; p++)
        assert_in_range(*p, 0x20, 0x7e);
    if (!strstr(error, text))
        fail_msg("\"%s\" is not in \"%s\"", text, error);
}

struct verdict rules_scan(struct engine *engine, const void *content,
                           size_t size)
{
    struct verdict v, in_memory;
    int fd;

    assert_int_equal(snapshot_make(content, size, &fd), 0);
    v = engine->ops->scan(engine, fd, size);
    /* The descriptor is still the caller's. */
    assert_int_equal(close(fd), 0);
    in_memory = engine->ops->scan_memory(engine, content, size);
    assert_memory_equal(&in_memory, &v, sizeof(v));
    return v;
}

struct verdict rules_scan_text(struct engine *engine, const char *text)
{
    return rules_scan(engine, text, strlen(text));
}

void assert_matches(struct verdict v, const char *name)
{
    assert_int_equal(v.code, VSCANIF_VERDICT_INFECTED);
    assert_int_equal(v.reason, VSCANIF_REASON_NONE);
    assert_string_equal(v.name, name);
}

void assert_no_match(struct verdict v)
{
    assert_int_equal(v.code, VSCANIF_VERDICT_CLEAN);
    assert_int_equal(v.reason, VSCANIF_REASON_NONE);
    assert_string_equal(v.name, "");
}
