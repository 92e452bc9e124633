/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-engine-clamav-limits.c - tests of xen-scan-back/engine-clamav.c at the
 * edge of its limits.
 */
#define _GNU_SOURCE
#include <clamav.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine.h"
#include "signatures.h"
#include "snapshot.h"

static struct verdict verdict_on(const struct engine_limits *with,
                                 const void *content, size_t size)
{
    struct engine *engine = load(with);
    struct verdict v;
    int fd;

    assert_int_equal(snapshot_make(content, size, &fd), 0);
    v = engine->ops->scan(engine, fd, size);
    close(fd);
    engine->ops->unload(engine);
    return v;
}

/* What is found nothing in is clean with as much as is needed, and no less. */
static void edge(enum limit limit, uint64_t needed, const void *content,
                 size_t size)
{
    struct engine_limits with = limits;

    with.value[limit] = needed;
    assert_int_equal(verdict_on(&with, content, size).code,
                     VSCANIF_VERDICT_CLEAN);
    with.value[limit] = needed - 1;
    assert_not_scanned(verdict_on(&with, content, size),
                       VSCANIF_REASON_LIMITS);
}

/* All have clam.exe in them, directly, and nothing else. */
static void archives_at_the_edge(void **state)
{
    static const char *const names[] = {
        "clam.zip", "clam.7z", "clam.exe.bz2", "clam.exe.szdd", "clam.cab",
        "clam.arj", "clam.impl.zip",
    };
    const size_t exe = 544;

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        unsigned char archive[1024];
        size_t n = read_test_file(names[i], archive, sizeof(archive));

        /* A request that is larger itself is "too large". */
        if (n < exe)
            edge(LIMIT_FILE, exe, archive, n);
        edge(LIMIT_SCAN, n + exe, archive, n);
        edge(LIMIT_FILES, 2, archive, n);
        edge(LIMIT_RECURSION, 2, archive, n);
    }
}

/* A whole one that is above the limit may be found something in. */
static void found_is_found(void **state)
{
    struct engine_limits tight = limits;
    unsigned char zip[1024];
    size_t n = read_test_file("clam.zip", zip, sizeof(zip));

    (void)state;
    signature_of_clam();
    tight.value[LIMIT_FILE] = n;
    assert_int_equal(verdict_on(&tight, zip, n).code,
                     VSCANIF_VERDICT_INFECTED);
    unlink_in(db, "test.hdb");
}

/* A signature finds the text with as much as is needed; with less libclamav
 * leaves it out in silence. */
static void part(enum limit limit, uint64_t needed, const char *signatures,
                 const char *text)
{
    struct engine_limits with = limits;

    write_text_in(db, "part.ldb", signatures);
    with.value[limit] = needed;
    assert_int_equal(verdict_on(&with, text, strlen(text)).code,
                     VSCANIF_VERDICT_INFECTED);
    with.value[limit] = needed - 1;
    assert_int_equal(verdict_on(&with, text, strlen(text)).code,
                     VSCANIF_VERDICT_CLEAN);
    unlink_in(db, "part.ldb");
}

static void parts_at_the_edge(void **state)
{
    /* needle, and a PCRE; "needle in the", in normalized text. */
    static const char pcre[] = "Test.Pcre;Engine:81-255,Target:0;0&1;"
                               "6e6565646c65;0/needle-[0-9]-needle/\n";
    static const char script[] = "Test.Script;Engine:81-255,Target:7;0;"
                                 "6e6565646c6520696e20746865\n";
    static const char words[] = "some words, and needle-7-needle at last";
    static const char spaced[] = "Some   plain text with Needle   IN\n\n THE "
                                 " hay, again and again";

    (void)state;
    part(LIMIT_PCRE_FILE, strlen(words), pcre, words);
    part(LIMIT_PCRE_STEPS, 2, pcre, words);
    part(LIMIT_PCRE_DEPTH, 2, pcre, words);
    part(LIMIT_SCRIPT, strlen(spaced), script, spaced);
}

static int only_eicar(void **state)
{
    int rc = signatures_make(state);

    unlink_in(db, "test.hdb");
    return rc;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(archives_at_the_edge),
        cmocka_unit_test(found_is_found),
        cmocka_unit_test(parts_at_the_edge),
    };

    return cmocka_run_group_tests_name("engine-clamav-limits", tests,
                                       only_eicar, signatures_remove);
}
