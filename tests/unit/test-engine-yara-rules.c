/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-engine-yara-rules.c - tests of xen-scan-back/engine-yara.c: which files
 * are rules, and what is said about them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "rules.h"
#include "signatures.h"

/* Octets of one file that are taken, and warnings of one set. */
#define MAX_OCTETS      (64 << 20)
#define MAX_WARNINGS    20

#define GOOD            RULE("good", "true")

static const char *path_of(const char *name)
{
    static char path[400];

    snprintf(path, sizeof(path), "%s/%s", rules, name);
    return path;
}

static void assert_rules(unsigned int nr)
{
    struct engine *engine = rules_load(&limits);

    assert_int_equal(engine->ops->signatures(engine), nr);
    engine->ops->unload(engine);
}

static void needs_rules(void **state)
{
    (void)state;
    rules_refused(-ENOENT, "rules: none in /tmp/test-rules-");
    rules_put("README", GOOD);
    rules_refused(-ENOENT, "rules: none in ");
    rules_put("a.yar", "");
    rules_refused(-ENOENT, "rules: none in ");
    rules_put("b.yar", "/* not one */\n// none\nimport \"pe\"\n");
    rules_refused(-ENOENT, "rules: none in ");
    rules_put("c.yar", GOOD);
    assert_rules(1);
}

static void needs_directory(void **state)
{
    char made[sizeof(rules)];

    (void)state;
    memcpy(made, rules, sizeof(made));
    rules_put("a.yar", GOOD);
    strcat(rules, "/none");
    rules_refused(-ENOENT, "/none: No such file or directory");
    snprintf(rules, sizeof(rules), "%s/a.yar", made);
    rules_refused(-ENOTDIR, "/a.yar: Not a directory");
    memcpy(rules, made, sizeof(made));
}

static void takes_some_files(void **state)
{
    (void)state;
    rules_put("a.yar", GOOD);
    rules_put("b.yara", GOOD);
    assert_rules(2);
    /* What else may lie there. */
    rules_put("c.yar.bak", "bad");
    rules_put("c.YAR", "bad");
    rules_put("cyar", "bad");
    rules_put(".c.yar", "bad");
    rules_put(".yara", "bad");
    rules_put("c.yarn", "bad");
    assert_int_equal(mkdir(path_of("c.yar"), 0700), 0);
    rules_put("c.yar/d.yar", "bad");
    assert_int_equal(mkfifo(path_of("d.yar"), 0600), 0);
    assert_rules(2);
    /* Links are followed. */
    rules_put("elsewhere", GOOD GOOD);
    assert_int_equal(symlink("elsewhere", path_of("e.yar")), 0);
    rules_refused(-EINVAL, "rules: e.yar:2: duplicated identifier \"good\"");
    rules_put("elsewhere", GOOD);
    assert_rules(3);
}

/* A file that is there and cannot be read is not just left out. */
static void needs_all_files(void **state)
{
    (void)state;
    rules_put("a.yar", GOOD);
    assert_int_equal(symlink("nowhere", path_of("b.yar")), 0);
    /* Not -ENOENT, which means that there is no rule. */
    rules_refused(-EINVAL, "rules: b.yar: No such file or directory");
    unlink_in(rules, "b.yar");
    assert_int_equal(symlink("b.yar", path_of("b.yar")), 0);
    rules_refused(-ELOOP, "rules: b.yar: Too many levels");
    unlink_in(rules, "b.yar");
    /* Page 0 of a process: a regular file that opens. */
    assert_int_equal(symlink("/proc/self/mem", path_of("b.yar")), 0);
    rules_refused(-EIO, "rules: b.yar: Input/output error");
    unlink_in(rules, "b.yar");
    assert_rules(1);
}

/* Its size is 0 until it is read. */
static void reads_to_the_end(void **state)
{
    (void)state;
    rules_put("a.yar", GOOD);
    assert_int_equal(symlink("/proc/self/status", path_of("b.yar")), 0);
    rules_refused(-EINVAL, "rules: b.yar:1: syntax error");
}

static void errors_name_the_place(void **state)
{
    (void)state;
    rules_put("a.yar", GOOD);
    rules_put("b.yar", GOOD "rule bad {\n condition: nothing\n}\n"
                       "rule worse {\n condition: $a\n}\n");
    rules_put("c.yar", "bad");
    rules_refused(-EINVAL, "rules: b.yar:3: undefined identifier \"nothing\"");
    rules_put("b.yar", "rule bad { strings: $a = \"x\" condition: true }");
    rules_refused(-EINVAL, "rules: b.yar:1: unreferenced string \"$a\"");
    rules_put("b.yar", "import \"nothing\"");
    rules_refused(-EINVAL, "rules: b.yar:1: unknown module \"nothing\"");
    rules_put("b.yar", "\nrule bad { strings: $a = /(/ condition: $a }");
    rules_refused(-EINVAL, "rules: b.yar:2: invalid regular expression");
    rules_put("b.yar", GOOD "rule a\xc3\xa4 { condition: true }");
    rules_refused(-EINVAL, "rules: b.yar:2: non-ascii character");
    /* libyara has no text for this one: ERROR_INVALID_OPERAND. */
    rules_put("b.yar", RULE("bad", "1 << -1 == 0"));
    rules_refused(-EINVAL, "rules: b.yar:1: libyara's error 54");
    /* Where the file ends, in the midst of a rule. */
    rules_put("b.yar", "rule bad {\n\n");
    rules_refused(-EINVAL, "rules: b.yar:3: syntax error");
    rules_put("b.yar", "rule bad {");
    rules_refused(-EINVAL, "rules: b.yar:1: syntax error");
}

static void names_are_of_a_file(void **state)
{
    (void)state;
    rules_put("a.yar", RULE("same", "filesize == 1"));
    rules_put("b.yar", RULE("same", "filesize == 2") RULE("b", "same"));
    assert_rules(3);
    rules_put("a.yar", RULE("same", "true") RULE("same", "true"));
    rules_refused(-EINVAL, "rules: a.yar:2: duplicated identifier \"same\"");
    rules_put("a.yar", GOOD);
    rules_put("b.yar", RULE("b", "good"));
    rules_refused(-EINVAL, "rules: b.yar:1: undefined identifier \"good\"");
}

static void no_includes(void **state)
{
    (void)state;
    rules_put("a.yar", GOOD);
    rules_put("b.yar", "// here\ninclude \"a.yar\"\n" RULE("more", "true"));
    rules_refused(-EINVAL, "rules: b.yar:2: includes are disabled");
}

/* libyara would take what stands before it. */
static void no_nul(void **state)
{
    static const char text[] = GOOD "\n\0rule bad";
    int fd = open(path_of("a.yar"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
    close(fd);
    rules_refused(-EINVAL, "rules: a.yar:3: a NUL octet");
}

static void too_many_strings(void **state)
{
    char *text = malloc(400000);
    size_t n;

    (void)state;
    assert_non_null(text);
    for (unsigned int nr = 10000; nr <= 10001; nr++) {
        n = (size_t)sprintf(text, "rule many { strings:\n");
        for (unsigned int i = 0; i < nr; i++)
            n += (size_t)sprintf(text + n, "$s%u = \"text %u\"\n", i, i);
        sprintf(text + n, "condition: any of them }");
        rules_put("a.yar", text);
        if (nr == 10000)
            assert_rules(1);
        else
            rules_refused(-EINVAL, "too many strings in rule \"many\"");
    }
    free(text);
}

/* One rule, and spaces. */
static void put_large(size_t octets)
{
    FILE *file = fopen(path_of("large.yar"), "w");
    static char spaces[1 << 20];
    size_t left = octets - strlen(GOOD);

    assert_non_null(file);
    memset(spaces, ' ', sizeof(spaces));
    assert_true(fputs(GOOD, file) >= 0);
    while (left) {
        size_t n = left < sizeof(spaces) ? left : sizeof(spaces);

        assert_int_equal(fwrite(spaces, 1, n, file), n);
        left -= n;
    }
    assert_int_equal(fclose(file), 0);
}

static void size_of_a_file(void **state)
{
    (void)state;
    put_large(MAX_OCTETS);
    assert_rules(1);
    put_large(MAX_OCTETS + 1);
    rules_refused(-EFBIG, "rules: large.yar: more than 67108864 octets");
    assert_int_equal(truncate(path_of("large.yar"), (off_t)1 << 40), 0);
    rules_refused(-EFBIG, "rules: large.yar: more than 67108864 octets");
}

/* A name may be of any octets, and long. */
static void names_are_plain(void **state)
{
    char name[256];

    (void)state;
    rules_put("a\n\x1b[1m\xff.yar", "\nbad");
    rules_refused(-EINVAL, "rules: a??[1m?.yar:2: syntax error");
    unlink_in(rules, "a\n\x1b[1m\xff.yar");
    memset(name, 'n', sizeof(name) - 1);
    strcpy(name + sizeof(name) - 5, ".yar");
    assert_int_equal(symlink("bad", path_of(name)), 0);
    rules_put("bad", "\n\nbad");
    rules_refused(-EINVAL, "n:3: syntax error");
}

/* Loads @nr rules, and returns what is logged meanwhile. */
static const char *log_of(unsigned int nr)
{
    static char text[16384];
    char error[ENGINE_TEXT];
    int saved = dup(STDERR_FILENO), ends[2], rc;
    struct engine *engine;
    ssize_t n;

    assert_true(saved >= 0);
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    dup2(ends[1], STDERR_FILENO);
    rc = engine_yara.load(rules, "/tmp", &limits, &engine, error);
    dup2(saved, STDERR_FILENO);
    n = read(ends[0], text, sizeof(text) - 1);
    text[n > 0 ? n : 0] = 0;
    close(ends[0]);
    close(ends[1]);
    close(saved);
    assert_int_equal(rc, 0);
    assert_int_equal(engine->ops->signatures(engine), nr);
    engine->ops->unload(engine);
    return text;
}

static void assert_logged(unsigned int nr, const char *text)
{
    const char *log = log_of(nr);

    if (!strstr(log, text))
        fail_msg("\"%s\" is not in \"%s\"", text, log);
}

static void warnings_are_logged(void **state)
{
    (void)state;
    rules_put("a.yar", GOOD);
    assert_string_equal(log_of(1), "");
    rules_put("b\n.yar", GOOD "rule w {\n strings:\n  $a = { 00 00 }\n"
                         " condition: $a }\n");
    assert_logged(3, "warning: rules: b?.yar:4: string \"$a\" may slow down "
                     "scanning\n");
    rules_put("c.yar", "");
    assert_logged(3, "warning: rules: c.yar:1: the file is empty\n");
}

static unsigned int lines(const char *text)
{
    unsigned int n = 0;

    for (; *text; text++)
        n += *text == '\n';
    return n;
}

static void warnings_are_bounded(void **state)
{
    char text[8192] = "", more[64];
    const char *log;
    size_t n = 0;

    (void)state;
    for (unsigned int i = 1; i <= MAX_WARNINGS + 2; i++) {
        n += (size_t)sprintf(text + n, "rule w%u { strings: $a = { 00 00 } "
                                       "condition: $a }\n", i);
        rules_put("a.yar", text);
        log = log_of(i);
        if (i <= MAX_WARNINGS) {
            assert_int_equal(lines(log), i);
            assert_null(strstr(log, "more warnings"));
            continue;
        }
        assert_int_equal(lines(log), MAX_WARNINGS + 1);
        snprintf(more, sizeof(more), "warning: rules: %u more warnings\n",
                 i - MAX_WARNINGS);
        assert_non_null(strstr(log, more));
    }
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, rules_make, rules_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(needs_rules),
        TEST(needs_directory),
        TEST(takes_some_files),
        TEST(needs_all_files),
        TEST(reads_to_the_end),
        TEST(errors_name_the_place),
        TEST(names_are_of_a_file),
        TEST(no_includes),
        TEST(no_nul),
        TEST(too_many_strings),
        TEST(size_of_a_file),
        TEST(names_are_plain),
        TEST(warnings_are_logged),
        TEST(warnings_are_bounded),
    };

    return cmocka_run_group_tests_name("engine-yara-rules", tests, NULL, NULL);
}
