/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-engine-clamav.c - tests of xen-scan-back/engine-clamav.c with
 * signatures of our own (signatures.h).
 */
#define _GNU_SOURCE
#include <clamav.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine.h"
#include "signatures.h"
#include "snapshot.h"

/* By both ways, with the same verdict. */
static struct verdict scan_octets(struct engine *engine, const void *content,
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

static struct verdict scan_test_file(struct engine *engine, const char *name)
{
    static unsigned char content[1 << 20];
    size_t n = read_test_file(name, content, sizeof(content));

    return scan_octets(engine, content, n);
}

static void assert_infected(struct verdict v, const char *name)
{
    assert_int_equal(v.code, VSCANIF_VERDICT_INFECTED);
    assert_int_equal(v.reason, VSCANIF_REASON_NONE);
    assert_string_equal(v.name, name);
}

static void assert_clean(struct verdict v)
{
    assert_int_equal(v.code, VSCANIF_VERDICT_CLEAN);
    assert_int_equal(v.reason, VSCANIF_REASON_NONE);
}

static void tells_what_it_is(void **state)
{
    struct engine *engine = load(&limits);
    char text[ENGINE_TEXT];

    (void)state;
    engine->ops->describe(engine, text);
    assert_non_null(strstr(text, "ClamAV"));
    assert_non_null(strstr(text, cl_retver()));
    assert_int_equal(engine->ops->signatures(engine), 2);
    engine->ops->unload(engine);
    engine_clamav.unload(NULL);
}

static void clean_and_infected(void **state)
{
    struct engine *engine = load(&limits);
    char content[4096];

    (void)state;
    memset(content, 'a', sizeof(content));
    assert_clean(scan_octets(engine, content, sizeof(content)));
    assert_clean(scan_octets(engine, content, 1));
    snprintf(content, sizeof(content), "%s%s", eicar_head, eicar_tail);
    assert_infected(scan_octets(engine, content, strlen(content)),
                    "Test.Eicar.UNOFFICIAL");
    /* Twice the same: nothing is remembered. */
    assert_infected(scan_octets(engine, content, strlen(content)),
                    "Test.Eicar.UNOFFICIAL");
    /* The signature is searched for at any place, to the last octet. */
    memset(content, ' ', sizeof(content));
    memcpy(content + sizeof(content) - 68, eicar_head, 34);
    memcpy(content + sizeof(content) - 34, eicar_tail, 34);
    assert_infected(scan_octets(engine, content, sizeof(content)),
                    "Test.Eicar.UNOFFICIAL");
    content[sizeof(content) - 1] ^= 1;
    assert_clean(scan_octets(engine, content, sizeof(content)));
    engine->ops->unload(engine);
}

static void looks_into_archives(void **state)
{
    static const char *const names[] = {
        "clam.exe", "clam.zip", "clam.7z", "clam.cab", "clam.tar.gz",
        "clam.exe.bz2", "clam.mail", "clam.pdf", "clam.ole.doc", "clam.chm",
        "clam.arj", "clam.newc.cpio", "clam.exe.mbox.base64",
    };
    struct engine *engine = load(&limits);

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_infected(scan_test_file(engine, names[i]),
                        "Test.Clam.UNOFFICIAL");
    engine->ops->unload(engine);
}

static void limit_is_not_clean(void **state)
{
    struct engine_limits tight = limits;
    struct engine *engine;

    (void)state;
    tight.value[LIMIT_RECURSION] = 1;
    engine = load(&tight);
    assert_not_scanned(scan_test_file(engine, "clam.zip"),
                       VSCANIF_REASON_LIMITS);
    /* What is found before the limit is found. */
    assert_infected(scan_test_file(engine, "clam.exe"),
                    "Test.Clam.UNOFFICIAL");
    engine->ops->unload(engine);

    tight = limits;
    tight.value[LIMIT_FILES] = 1;
    engine = load(&tight);
    assert_not_scanned(scan_test_file(engine, "clam.zip"),
                       VSCANIF_REASON_LIMITS);
    engine->ops->unload(engine);

}

/*
 * A mail with a false link, and more parts than may be looked at.  libclamav
 * names link or limit, one at random; clamscan names the link.
 */
static void limit_hides_no_alert(void **state)
{
    static const char part[] = "--BB\nContent-Type: text/plain\n\n"
                               "some words that are not in any other part\n";
    struct engine_limits tight = limits;
    struct engine *engine;
    char mail[4096];

    (void)state;
    write_text_in(db, "test.pdb", "H:www.example.com\n");
    snprintf(mail, sizeof(mail),
             "From a@b.c Mon Jan  1 00:00:00 2024\nFrom: a@b.c\nTo: d@e.f\n"
             "Subject: x\nMIME-Version: 1.0\nContent-Type: multipart/mixed; "
             "boundary=\"BB\"\n\n--BB\nContent-Type: text/html\n\n"
             "<html><body><a href=\"http://bad.example.org/x\">"
             "http://www.example.com/</a></body></html>\n%s%s%s%s%s%s--BB--\n",
             part, part, part, part, part, part);
    tight.value[LIMIT_FILES] = 3;
    engine = load(&tight);
    for (unsigned int n = 0; n < 40; n++)
        assert_infected(scan_octets(engine, mail, strlen(mail)),
                        "Heuristics.Phishing.Email.SpoofedDomain");
    engine->ops->unload(engine);
    unlink_in(db, "test.pdb");
}

/* What clamscan has when it is told nothing. */
static void defaults_are_those_of_the_library(void **state)
{
    static const enum cl_engine_field fields[LIMITS_NR] = {
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
    struct cl_engine *cl = cl_engine_new();

    (void)state;
    assert_non_null(cl);
    for (unsigned int i = 0; i < LIMITS_NR; i++)
        if ((uint64_t)cl_engine_get_num(cl, fields[i], NULL) !=
            limits.value[i])
            fail_msg("%s: the library has %lld", limit_rows[i].name,
                     cl_engine_get_num(cl, fields[i], NULL));
    cl_engine_free(cl);
}

/* An archive with one file, which is encrypted; and the head of a program. */
static void alerts_are_findings_by_option(void **state)
{
    static const char zip[] =
        "PK\3\4\24\0\1\0\0\0\0\0\41\0\0\0\0\0\24\0\0\0\10\0\0\0\1\0\0\0"
        "a" "secret header and te"
        "PK\1\2\24\0\24\0\1\0\0\0\0\0\41\0\0\0\0\0\24\0\0\0\10\0\0\0"
        "\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" "a"
        "PK\5\6\0\0\0\0\1\0\1\0\57\0\0\0\63\0\0\0\0";
    static const char elf[64] =
        "\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\76\0\1\0\0\0\0\0\100\0\0\0\0\0"
        "\100\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\100\0\70\0\3\0\100";
    const struct {
        const char *alert, *content, *name;
        size_t size;
    } rows[] = {
        { "encrypted-archive", zip, "Heuristics.Encrypted.Zip", sizeof(zip) },
        { "broken", elf, "Heuristics.Broken.Executable", sizeof(elf) },
    };

    (void)state;
    for (unsigned int i = 0; i < 2; i++) {
        struct engine_limits with = limits;
        struct engine *engine = load(&limits);

        assert_clean(scan_octets(engine, rows[i].content, rows[i].size));
        engine->ops->unload(engine);
        assert_int_equal(limits_alert(&with, rows[i].alert), 0);
        engine = load(&with);
        assert_infected(scan_octets(engine, rows[i].content, rows[i].size),
                        rows[i].name);
        engine->ops->unload(engine);
    }
}

static void too_large_is_ours(void **state)
{
    struct engine_limits tight = limits;
    struct engine *engine;
    char content[101];
    int fd;

    (void)state;
    memset(content, 'a', sizeof(content));
    tight.value[LIMIT_FILE] = 100;
    engine = load(&tight);
    assert_clean(scan_octets(engine, content, 100));
    assert_not_scanned(scan_octets(engine, content, 101),
                       VSCANIF_REASON_TOO_LARGE);
    engine->ops->unload(engine);

    /* The largest limit is below libclamav's ceiling. */
    tight.value[LIMIT_FILE] = limit_rows[LIMIT_FILE].max *
                              limit_rows[LIMIT_FILE].unit;
    engine = load(&tight);
    fd = memfd_create("large", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)1 << 31), 0);
    assert_not_scanned(engine->ops->scan(engine, fd, INT32_MAX - 1),
                       VSCANIF_REASON_TOO_LARGE);
    assert_not_scanned(engine->ops->scan(engine, fd, UINT64_MAX),
                       VSCANIF_REASON_TOO_LARGE);
    close(fd);
    assert_not_scanned(engine->ops->scan_memory(engine, content,
                                                INT32_MAX - 1),
                       VSCANIF_REASON_TOO_LARGE);
    assert_not_scanned(engine->ops->scan_memory(engine, content, UINT64_MAX),
                       VSCANIF_REASON_TOO_LARGE);
    engine->ops->unload(engine);
}

/* libclamav answers CL_CLEAN here without having looked at anything. */
static void no_temp_dir_is_not_clean(void **state)
{
    struct engine *engine = load(&limits);
    char content[] = "some words, nothing bad";

    (void)state;
    assert_clean(scan_octets(engine, content, sizeof(content)));
    assert_int_equal(rmdir(temp), 0);
    assert_not_scanned(scan_octets(engine, content, sizeof(content)),
                       VSCANIF_REASON_ENGINE);
    assert_int_equal(mkdir(temp, 0700), 0);
    assert_clean(scan_octets(engine, content, sizeof(content)));
    engine->ops->unload(engine);
}

/* libclamav answers CL_CLEAN for these too, some with a limit alert. */
static void no_time_is_not_clean(void **state)
{
    struct engine_limits tight = limits;
    size_t size = 8 << 20;
    unsigned char *content = malloc(size);
    struct engine *engine;
    uint32_t x = 1;

    (void)state;
    assert_non_null(content);
    for (size_t i = 0; i < size; i++) {
        x = x * 1103515245 + 12345;
        content[i] = (unsigned char)(x >> 16);
    }
    tight.max_scan_ms = 1;
    engine = load(&tight);
    assert_not_scanned(scan_octets(engine, content, size),
                       VSCANIF_REASON_TIMEOUT);
    engine->ops->unload(engine);
    free(content);
}

static void bad_descriptor_is_not_clean(void **state)
{
    struct engine *engine = load(&limits);

    (void)state;
    assert_not_scanned(engine->ops->scan(engine, -1, 10),
                       VSCANIF_REASON_RESOURCES);
    assert_not_scanned(engine->ops->scan(engine, -1, 0),
                       VSCANIF_REASON_ENGINE);
    assert_not_scanned(engine->ops->scan_memory(engine, "", 0),
                       VSCANIF_REASON_ENGINE);
    engine->ops->unload(engine);
}

static void leaves_no_temp_files(void **state)
{
    struct engine *engine = load(&limits);

    (void)state;
    assert_infected(scan_test_file(engine, "clam.zip"),
                    "Test.Clam.UNOFFICIAL");
    assert_int_equal(rmdir(temp), 0);
    assert_int_equal(mkdir(temp, 0700), 0);
    engine->ops->unload(engine);
}

static void fails_to_load(const char *dir, int rc, const char *text)
{
    struct engine *engine = (struct engine *)&limits;
    char error[ENGINE_TEXT] = "";

    assert_int_equal(engine_clamav.load(dir, temp, &limits, &engine, error),
                     rc);
    assert_null(engine);
    assert_non_null(strstr(error, text));
}

static void needs_signatures(void **state)
{
    char dir[96];

    (void)state;
    snprintf(dir, sizeof(dir), "%s/empty", work);
    fails_to_load(dir, -ENOENT, "No such file");
    assert_int_equal(mkdir(dir, 0700), 0);
    fails_to_load(dir, -ENOENT, "none in");
    write_text_in(dir, "README", "not a signature\n");
    fails_to_load(dir, -ENOENT, "none in");
    write_text_in(dir, "bad.ndb", "this:is:no:signature\n");
    fails_to_load(dir, -EINVAL, "alformed");
}

static uint64_t generation_now(void)
{
    const struct engine_source source = { &engine_clamav, db };
    struct generation_part part;
    const struct generation_part *const parts[] = { &part };
    char error[ENGINE_TEXT];
    struct engine *engine;
    uint64_t generation;

    assert_int_equal(engine_load(&source, temp, &limits, NULL, &engine, &part,
                                 error), 0);
    assert_int_equal(generation_make(parts, 1, &generation), 0);
    engine_unload(engine);
    return generation;
}

static void generation_of_real_signatures(void **state)
{
    uint64_t first = generation_now();

    (void)state;
    assert_int_equal(generation_now(), first);
    write_text_in(db, "new.hdb", "44d88612fea8a8f36de82e1278abb02f:68:New\n");
    assert_int_not_equal(generation_now(), first);
    unlink_in(db, "new.hdb");
    assert_int_equal(generation_now(), first);
}

/* What is at the head of a database, 512 octets: only its time counts here. */
static void put_head(const char *name, const char *stime)
{
    char text[513], head[256];

    snprintf(head, sizeof(head), "ClamAV-VDB:01 Jan 2024 00-00 +0000:27:3:90:"
             "d41d8cd98f00b204e9800998ecf8427e:dsig:builder:%s", stime);
    snprintf(text, sizeof(text), "%-512s", head);
    write_text_in(db, name, text);
}

static void databases_tell_when_they_were_made(void **state)
{
    const struct engine_source source = { &engine_clamav, db };
    const time_t now = time(NULL);

    (void)state;
    assert_in_range(engine_built(&source), now - 3600, now);
    put_head("main.cvd", "1600000000");
    assert_int_equal(engine_built(&source), 1600000000);
    put_head("daily.cld", "1700000000");
    assert_int_equal(engine_built(&source), 1700000000);
    put_head("other.txt", "1800000000");
    assert_int_equal(engine_built(&source), 1700000000);
    write_text_in(db, "bad.cvd", "no head at all");
    assert_int_equal(engine_built(&source), 1700000000);
    unlink_in(db, "main.cvd");
    unlink_in(db, "daily.cld");
    unlink_in(db, "other.txt");
    unlink_in(db, "bad.cvd");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_what_it_is),
        cmocka_unit_test(clean_and_infected),
        cmocka_unit_test(looks_into_archives),
        cmocka_unit_test(limit_is_not_clean),
        cmocka_unit_test(limit_hides_no_alert),
        cmocka_unit_test(defaults_are_those_of_the_library),
        cmocka_unit_test(alerts_are_findings_by_option),
        cmocka_unit_test(too_large_is_ours),
        cmocka_unit_test(no_temp_dir_is_not_clean),
        cmocka_unit_test(no_time_is_not_clean),
        cmocka_unit_test(bad_descriptor_is_not_clean),
        cmocka_unit_test(leaves_no_temp_files),
        cmocka_unit_test(needs_signatures),
        cmocka_unit_test(generation_of_real_signatures),
        cmocka_unit_test(databases_tell_when_they_were_made),
    };

    return cmocka_run_group_tests_name("engine-clamav", tests, signatures_make,
                                       signatures_remove);
}
