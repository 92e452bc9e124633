/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-engine-clamav.c - tests of xen-scan-back/engine-clamav.c and engine.c.
 *
 * The signatures are made here: there are none to be had without a network.
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
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "engine.h"
#include "snapshot.h"

#define FILES "/usr/share/clamav-testfiles/"

/* The EICAR test string, never in one piece. */
static const char eicar_head[] = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-";
static const char eicar_tail[] = "STANDARD-ANTIVIRUS-TEST-FILE!$H+H*";

static char work[64], db[80], temp[80];

static void write_file(const char *dir, const char *name, const char *text)
{
    char path[160];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void unlink_file(const char *dir, const char *name)
{
    char path[160];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    assert_int_equal(unlink(path), 0);
}

static void to_hex(const unsigned char *in, size_t len, char *out)
{
    for (size_t i = 0; i < len; i++)
        sprintf(out + 2 * i, "%02x", in[i]);
}

static size_t read_test_file(const char *name, unsigned char *out, size_t max)
{
    char path[160];
    size_t n;
    FILE *file;

    snprintf(path, sizeof(path), FILES "%s", name);
    file = fopen(path, "r");
    assert_non_null(file);
    n = fread(out, 1, max, file);
    assert_true(n > 0 && n < max);
    fclose(file);
    return n;
}

static void make_signatures(void)
{
    static unsigned char exe[65536];
    char eicar[128], line[512], hex[256] = "";
    unsigned char md5[16];
    unsigned int len = sizeof(md5);
    size_t n;

    snprintf(eicar, sizeof(eicar), "%s%s", eicar_head, eicar_tail);
    to_hex((unsigned char *)eicar, strlen(eicar), hex);
    snprintf(line, sizeof(line), "Test.Eicar:0:*:%s\n", hex);
    write_file(db, "test.ndb", line);

    n = read_test_file("clam.exe", exe, sizeof(exe));
    assert_non_null(cl_hash_data("md5", exe, n, md5, &len));
    to_hex(md5, sizeof(md5), hex);
    snprintf(line, sizeof(line), "%.32s:%zu:Test.Clam\n", hex, n);
    write_file(db, "test.hdb", line);
}

static int setup(void **state)
{
    (void)state;
    cl_init(CL_INIT_DEFAULT);
    snprintf(work, sizeof(work), "/tmp/test-engine-XXXXXX");
    assert_non_null(mkdtemp(work));
    snprintf(db, sizeof(db), "%s/db", work);
    snprintf(temp, sizeof(temp), "%s/temp", work);
    assert_int_equal(mkdir(db, 0700), 0);
    assert_int_equal(mkdir(temp, 0700), 0);
    make_signatures();
    return 0;
}

static int teardown(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf %s", work);
    return system(command);
}

static struct engine_limits limits = ENGINE_LIMITS_DEFAULT;

static struct engine *load(const struct engine_limits *with)
{
    char error[ENGINE_TEXT] = "?";
    struct engine *engine = NULL;

    assert_int_equal(engine_clamav.load(db, temp, with, &engine, error), 0);
    assert_string_equal(error, "");
    assert_non_null(engine);
    return engine;
}

static struct verdict scan_octets(struct engine *engine, const void *content,
                                  size_t size)
{
    struct verdict v;
    int fd;

    assert_int_equal(snapshot_make(content, size, &fd), 0);
    v = engine->ops->scan(engine, fd, size);
    /* The descriptor is still the caller's. */
    assert_int_equal(close(fd), 0);
    return v;
}

static struct verdict scan_test_file(struct engine *engine, const char *name)
{
    static unsigned char content[1 << 20];
    size_t n = read_test_file(name, content, sizeof(content));

    return scan_octets(engine, content, n);
}

static void assert_not_scanned(struct verdict v, unsigned int reason)
{
    assert_int_equal(v.code, VSCANIF_VERDICT_NOT_SCANNED);
    assert_int_equal(v.reason, reason);
    assert_string_equal(v.name, "");
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
    tight.max_recursion = 1;
    engine = load(&tight);
    assert_not_scanned(scan_test_file(engine, "clam.zip"),
                       VSCANIF_REASON_LIMITS);
    /* What is found before the limit is found. */
    assert_infected(scan_test_file(engine, "clam.exe"),
                    "Test.Clam.UNOFFICIAL");
    engine->ops->unload(engine);

    tight = limits;
    tight.max_files = 1;
    engine = load(&tight);
    assert_not_scanned(scan_test_file(engine, "clam.zip"),
                       VSCANIF_REASON_LIMITS);
    engine->ops->unload(engine);

    tight = limits;
    tight.max_scan_octets = 100;
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
    write_file(db, "test.pdb", "H:www.example.com\n");
    snprintf(mail, sizeof(mail),
             "From a@b.c Mon Jan  1 00:00:00 2024\nFrom: a@b.c\nTo: d@e.f\n"
             "Subject: x\nMIME-Version: 1.0\nContent-Type: multipart/mixed; "
             "boundary=\"BB\"\n\n--BB\nContent-Type: text/html\n\n"
             "<html><body><a href=\"http://bad.example.org/x\">"
             "http://www.example.com/</a></body></html>\n%s%s%s%s%s%s--BB--\n",
             part, part, part, part, part, part);
    tight.max_files = 3;
    engine = load(&tight);
    for (unsigned int n = 0; n < 40; n++)
        assert_infected(scan_octets(engine, mail, strlen(mail)),
                        "Heuristics.Phishing.Email.SpoofedDomain");
    engine->ops->unload(engine);
    unlink_file(db, "test.pdb");
}

static void too_large_is_ours(void **state)
{
    struct engine_limits tight = limits;
    struct engine *engine;
    char content[101];
    int fd;

    (void)state;
    memset(content, 'a', sizeof(content));
    tight.max_file_octets = 100;
    engine = load(&tight);
    assert_clean(scan_octets(engine, content, 100));
    assert_not_scanned(scan_octets(engine, content, 101),
                       VSCANIF_REASON_TOO_LARGE);
    engine->ops->unload(engine);

    /* libclamav's ceiling holds whatever the limits say. */
    tight.max_file_octets = UINT64_MAX;
    engine = load(&tight);
    fd = memfd_create("large", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)1 << 31), 0);
    assert_not_scanned(engine->ops->scan(engine, fd, INT32_MAX - 1),
                       VSCANIF_REASON_TOO_LARGE);
    assert_not_scanned(engine->ops->scan(engine, fd, UINT64_MAX),
                       VSCANIF_REASON_TOO_LARGE);
    close(fd);
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
    write_file(dir, "README", "not a signature\n");
    fails_to_load(dir, -ENOENT, "none in");
    write_file(dir, "bad.ndb", "this:is:no:signature\n");
    fails_to_load(dir, -EINVAL, "alformed");
}

/* engine.c ------------------------------------------------------------------*/

static struct verdict fake_verdict[2];

static struct verdict fake_scan(struct engine *engine, int fd, uint64_t size);
static void fake_describe(const struct engine *engine, char text_r[ENGINE_TEXT])
{
    (void)engine;
    memset(text_r, 'x', ENGINE_TEXT - 1);
    text_r[ENGINE_TEXT - 1] = 0;
}

static unsigned int fake_signatures(const struct engine *engine)
{
    (void)engine;
    return 1;
}

/* What happens to the directory while it is loaded. */
static void (*while_loading)(unsigned int load);
static unsigned int fake_loads, fake_unloads;
static int fake_load_rc;

static int fake_load(const char *db_dir, const char *temp_dir,
                     const struct engine_limits *with,
                     struct engine **engine_r, char error_r[ENGINE_TEXT]);

static void fake_unload(struct engine *engine)
{
    (void)engine;
    fake_unloads++;
}

static const struct engine_ops fake_ops[2] = {
    { .name = "fake", .describe = fake_describe,
      .signatures = fake_signatures, .scan = fake_scan, .load = fake_load,
      .unload = fake_unload },
    { .describe = fake_describe, .signatures = fake_signatures,
      .scan = fake_scan },
};
static struct engine fake[2] = { { &fake_ops[0] }, { &fake_ops[1] } };

static struct verdict fake_scan(struct engine *engine, int fd, uint64_t size)
{
    (void)fd;
    (void)size;
    return fake_verdict[engine - fake];
}

static int fake_load(const char *db_dir, const char *temp_dir,
                     const struct engine_limits *with,
                     struct engine **engine_r, char error_r[ENGINE_TEXT])
{
    (void)db_dir;
    (void)temp_dir;
    (void)with;
    fake_loads++;
    if (while_loading)
        while_loading(fake_loads);
    *engine_r = &fake[0];
    snprintf(error_r, ENGINE_TEXT, "fake");
    return fake_load_rc;
}

static void worst_verdict_wins(void **state)
{
    const struct verdict verdicts[] = {
        verdict_clean(), verdict_not_scanned(VSCANIF_REASON_LIMITS),
        verdict_infected("One"),
    };
    struct engines both = { .engine = { &fake[0], &fake[1] }, .nr = 2,
                            .generation = 5 };
    char text[ENGINE_TEXT];

    (void)state;
    for (unsigned int i = 0; i < 9; i++) {
        unsigned int x = i / 3, y = i % 3, worst = x > y ? x : y;
        struct verdict v;

        fake_verdict[0] = verdicts[x];
        fake_verdict[1] = verdicts[y];
        v = engines_scan(&both, -1, 1);
        assert_int_equal(v.generation, 5);
        v.generation = 0;
        assert_memory_equal(&v, &verdicts[worst], sizeof(v));
    }
    both.nr = 0;
    assert_not_scanned(engines_scan(&both, -1, 1), VSCANIF_REASON_RESOURCES);
    assert_int_equal(engines_scan(&both, -1, 1).generation, 0);
    both.nr = 2;
    engines_describe(&both, text);
    assert_int_equal(strlen(text), ENGINE_TEXT - 1);
}

static void limits_are_never_0(void **state)
{
    struct engine_limits zero[5] = { limits, limits, limits, limits, limits };
    char error[ENGINE_TEXT];

    (void)state;
    zero[0].max_file_octets = 0;
    zero[1].max_scan_octets = 0;
    zero[2].max_scan_ms = 0;
    zero[3].max_files = 0;
    zero[4].max_recursion = 0;
    for (unsigned int i = 0; i < 5; i++) {
        struct engines engines;

        assert_int_equal(engines_load(engines_built, db, temp, &zero[i],
                                      &engines, error), -EINVAL);
        assert_int_equal(engines.nr, 0);
        engines_dispose(&engines);
    }
}

static void all_engines_load(void **state)
{
    static const struct engine_ops *const six[] = {
        &engine_clamav, &engine_clamav, &engine_clamav, &engine_clamav,
        &engine_clamav, NULL
    };
    static const struct engine_ops *const none[] = { NULL };
    char error[ENGINE_TEXT], text[ENGINE_TEXT];
    struct engines engines;

    (void)state;
    assert_int_equal(engines_load(engines_built, db, temp, &limits, &engines,
                                  error), 0);
    engines_describe(&engines, text);
    assert_non_null(strstr(text, ", 2 signatures"));
    engines_dispose(&engines);
    assert_int_equal(engines.nr, 0);
    assert_int_equal(engines_load(none, db, temp, &limits, &engines, error),
                     -EINVAL);
    engines_dispose(&engines);
    assert_int_equal(engines_load(six, db, temp, &limits, &engines, error),
                     -E2BIG);
    assert_int_equal(engines.nr, ENGINE_MAX);
    engines_dispose(&engines);
}

static uint64_t generation_now(void)
{
    char error[ENGINE_TEXT];
    struct engines engines;
    uint64_t generation;

    assert_int_equal(engines_load(engines_built, db, temp, &limits, &engines,
                                  error), 0);
    generation = engines.generation;
    assert_true(generation != 0);
    engines_dispose(&engines);
    return generation;
}

static void generation_of_real_signatures(void **state)
{
    uint64_t first = generation_now();

    (void)state;
    assert_int_equal(generation_now(), first);
    write_file(db, "new.hdb", "44d88612fea8a8f36de82e1278abb02f:68:New\n");
    assert_int_not_equal(generation_now(), first);
    unlink_file(db, "new.hdb");
    assert_int_equal(generation_now(), first);
}

static int load_fake(struct engines *engines_r, char error_r[ENGINE_TEXT])
{
    static const struct engine_ops *const ops[] = { &fake_ops[0], NULL };

    fake_loads = fake_unloads = 0;
    return engines_load(ops, db, temp, &limits, engines_r, error_r);
}

static void change_once(unsigned int load_nr)
{
    if (load_nr == 1)
        write_file(db, "other.hdb", "new");
}

static void change_before_the_last(unsigned int load_nr)
{
    if (load_nr < ENGINES_MAX_LOADS)
        write_file(db, "other.hdb", load_nr % 2 ? "odd" : "even");
}

static void change_always(unsigned int load_nr)
{
    write_file(db, "other.hdb", load_nr % 2 ? "odd" : "even");
}

/* What counts is what the last load found. */
static void loads_again_what_changes(void **state)
{
    char error[ENGINE_TEXT];
    struct engines engines;
    uint64_t with, without;

    (void)state;
    while_loading = NULL;
    assert_int_equal(load_fake(&engines, error), 0);
    assert_int_equal(fake_loads, 1);
    without = engines.generation;
    engines_dispose(&engines);
    while_loading = change_once;
    assert_int_equal(load_fake(&engines, error), 0);
    assert_string_equal(error, "");
    assert_int_equal(fake_loads, 2);
    assert_int_equal(fake_unloads, 1);
    with = engines.generation;
    assert_int_not_equal(with, without);
    engines_dispose(&engines);
    while_loading = NULL;
    assert_int_equal(load_fake(&engines, error), 0);
    assert_int_equal(engines.generation, with);
    engines_dispose(&engines);
    while_loading = change_before_the_last;
    assert_int_equal(load_fake(&engines, error), 0);
    assert_int_equal(fake_loads, ENGINES_MAX_LOADS);
    engines_dispose(&engines);
    while_loading = change_always;
    assert_int_equal(load_fake(&engines, error), -EBUSY);
    assert_int_equal(fake_loads, ENGINES_MAX_LOADS);
    assert_int_equal(fake_unloads, ENGINES_MAX_LOADS);
    assert_int_equal(engines.nr, 0);
    assert_non_null(strstr(error, "changes"));
    engines_dispose(&engines);
    unlink_file(db, "other.hdb");
}

/* Half a file may well be no signature: what counts is the whole one. */
static void failure_counts_when_nothing_changed(void **state)
{
    char error[ENGINE_TEXT];
    struct engines engines;

    (void)state;
    fake_load_rc = -EINVAL;
    while_loading = change_once;
    assert_int_equal(load_fake(&engines, error), -EINVAL);
    assert_string_equal(error, "fake");
    assert_int_equal(fake_loads, 2);
    engines_dispose(&engines);
    while_loading = NULL;
    assert_int_equal(load_fake(&engines, error), -EINVAL);
    assert_int_equal(fake_loads, 1);
    engines_dispose(&engines);
    fake_load_rc = 0;
    unlink_file(db, "other.hdb");
}

static void no_directory_no_engines(void **state)
{
    static const struct engine_ops *const ops[] = { &fake_ops[0], NULL };
    char error[ENGINE_TEXT];
    struct engines engines;

    (void)state;
    assert_int_equal(engines_load(ops, "/nonexistent", temp, &limits,
                                  &engines, error), -ENOENT);
    assert_non_null(strstr(error, "/nonexistent: No such file"));
    assert_int_equal(engines.nr, 0);
    engines_dispose(&engines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_what_it_is),
        cmocka_unit_test(clean_and_infected),
        cmocka_unit_test(looks_into_archives),
        cmocka_unit_test(limit_is_not_clean),
        cmocka_unit_test(limit_hides_no_alert),
        cmocka_unit_test(too_large_is_ours),
        cmocka_unit_test(no_temp_dir_is_not_clean),
        cmocka_unit_test(no_time_is_not_clean),
        cmocka_unit_test(bad_descriptor_is_not_clean),
        cmocka_unit_test(leaves_no_temp_files),
        cmocka_unit_test(needs_signatures),
        cmocka_unit_test(worst_verdict_wins),
        cmocka_unit_test(limits_are_never_0),
        cmocka_unit_test(all_engines_load),
        cmocka_unit_test(generation_of_real_signatures),
        cmocka_unit_test(loads_again_what_changes),
        cmocka_unit_test(failure_counts_when_nothing_changed),
        cmocka_unit_test(no_directory_no_engines),
    };

    return cmocka_run_group_tests_name("engine-clamav", tests, setup,
                                       teardown);
}
