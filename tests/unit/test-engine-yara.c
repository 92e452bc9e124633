/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-engine-yara.c - tests of xen-scan-back/engine-yara.c: verdicts.  What
 * becomes of the rules' files is in test-engine-yara-rules.c.
 */
#define _GNU_SOURCE
#include <yara.h>

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "child.h"
#include "proc.h"
#include "rules.h"
#include "signatures.h"
#include "snapshot.h"

/* libyara's limit of matches of one string. */
#define MATCHES         ((size_t)YR_MAX_STRING_MATCHES)

static void assert_matches_text(struct engine *engine, const char *text,
                                 const char *name)
{
    assert_matches(rules_scan_text(engine, text), name);
}

/* "YARA 4.2.3", and the command says 4.2.3. */
static void tells_what_it_is(void **state)
{
    char text[ENGINE_TEXT], version[64] = "";
    FILE *command = popen("yara --version", "r");
    struct engine *engine;

    (void)state;
    assert_non_null(command);
    assert_non_null(fgets(version, sizeof(version), command));
    assert_int_equal(pclose(command), 0);
    version[strcspn(version, "\n")] = 0;
    rules_put("a.yar", RULE("one", "false") "private " RULE("two", "false"));
    rules_put("b.yar", "global " RULE("three", "true"));
    engine = rules_load(&limits);
    engine->ops->describe(engine, text);
    assert_int_equal(strncmp(text, "YARA ", 5), 0);
    assert_string_equal(text + 5, version);
    assert_int_equal(engine->ops->signatures(engine), 3);
    assert_string_equal(engine->ops->name, "yara");
    engine->ops->unload(engine);
    engine_yara.unload(NULL);
}

static void clean_and_infected(void **state)
{
    struct engine *engine;
    char content[4096];

    (void)state;
    rules_put("a.yar", "rule word { strings: $w = \"needle\" condition: $w }");
    engine = rules_load(&limits);
    memset(content, 'a', sizeof(content));
    assert_no_match(rules_scan(engine, content, sizeof(content)));
    assert_no_match(rules_scan(engine, content, 1));
    /* To the last octet. */
    memcpy(content + sizeof(content) - 6, "needle", 6);
    assert_matches(rules_scan(engine, content, sizeof(content)), "word");
    assert_no_match(rules_scan(engine, content, sizeof(content) - 1));
    /* Twice the same: nothing is remembered. */
    assert_matches(rules_scan(engine, content, sizeof(content)), "word");
    engine->ops->unload(engine);
}

static void names_first_rule(void **state)
{
    struct engine *engine;

    (void)state;
    /* Written in another order than that of their names. */
    rules_put("b.yar", RULE("z", "true") RULE("late", "filesize == 3"));
    rules_put("a.yara",
              "private " RULE("hidden", "true")
              RULE("both", "hidden and filesize == 2")
              RULE("late", "filesize == 2") RULE("early", "filesize == 1"));
    rules_put("B.yar", RULE("capital", "filesize == 4"));
    engine = rules_load(&limits);
    assert_matches_text(engine, "1", "early");
    assert_matches_text(engine, "22", "both");
    assert_matches_text(engine, "333", "z");
    assert_matches_text(engine, "4444", "capital");
    engine->ops->unload(engine);
}

static void private_rule_is_no_verdict(void **state)
{
    struct engine *engine;

    (void)state;
    rules_put("a.yar", "private " RULE("hidden", "true"));
    engine = rules_load(&limits);
    assert_no_match(rules_scan_text(engine, "x"));
    engine->ops->unload(engine);
}

/* A global rule speaks for the rules of its own file. */
static void global_rules(void **state)
{
    struct engine *engine;

    (void)state;
    rules_put("a.yar", RULE("first", "true")
                       "global " RULE("small", "filesize < 3"));
    rules_put("b.yar", RULE("other", "filesize < 5"));
    engine = rules_load(&limits);
    assert_matches_text(engine, "22", "first");
    assert_matches_text(engine, "4444", "other");
    assert_no_match(rules_scan_text(engine, "55555"));
    engine->ops->unload(engine);

    /* It is a rule itself. */
    rules_put("a.yar", "global " RULE("small", "filesize < 3")
                       RULE("second", "true"));
    engine = rules_load(&limits);
    assert_matches_text(engine, "22", "small");
    engine->ops->unload(engine);
}

/* The longest identifier of a rule does not fit. */
static void name_is_cut(void **state)
{
    char name[128 + 1], text[200];
    struct engine *engine;

    (void)state;
    for (size_t i = 0; i < 128; i++)
        name[i] = (char)('a' + i % 26);
    name[128] = 0;
    snprintf(text, sizeof(text), "rule %s { condition: true }", name);
    rules_put("a.yar", text);
    engine = rules_load(&limits);
    name[VSCANIF_MAX_NAME - 1] = 0;
    assert_matches_text(engine, "x", name);
    engine->ops->unload(engine);
}

static void modules_are_there(void **state)
{
    struct engine *engine;

    (void)state;
    rules_put("a.yar",
              "import \"pe\" import \"elf\" import \"dotnet\" import \"dex\"\n"
              "import \"macho\" import \"hash\" import \"math\"\n"
              "import \"time\" import \"magic\" import \"cuckoo\"\n"
              "import \"console\"\n"
              RULE("abc", "hash.md5(0, filesize) == "
                          "\"900150983cd24fb0d6963f7d28e17f72\"")
              RULE("exe", "pe.is_pe or elf.type == elf.ET_EXEC")
              RULE("even", "console.log(\"heard\") and "
                           "math.entropy(0, filesize) < 0.5"));
    engine = rules_load(&limits);
    assert_matches_text(engine, "abc", "abc");
    assert_matches_text(engine, "aaa", "even");
    assert_no_match(rules_scan_text(engine, "abcd"));
    engine->ops->unload(engine);
}

/* SCAN_FLAGS_FAST_MODE would look at the first match only. */
static void all_matches_count(void **state)
{
    struct engine *engine;

    (void)state;
    rules_put("a.yar", "rule second { strings: $a = \"abc\" "
                       "condition: any of ($a*) in (4..10) }");
    engine = rules_load(&limits);
    assert_matches_text(engine, "abcabcabc", "second");
    assert_no_match(rules_scan_text(engine, "abc"));
    engine->ops->unload(engine);
}

/* A scanner of libyara would keep the entry point. */
static void files_are_apart(void **state)
{
    static unsigned char exe[65536];
    size_t n = read_test_file("clam.exe", exe, sizeof(exe));
    struct engine *engine;

    (void)state;
    rules_put("a.yar", RULE("entry", "entrypoint >= 0"));
    engine = rules_load(&limits);
    assert_no_match(rules_scan_text(engine, "no program"));
    assert_matches(rules_scan(engine, exe, n), "entry");
    assert_no_match(rules_scan_text(engine, "no program"));
    engine->ops->unload(engine);
}

static void size_limits(void **state)
{
    struct engine_limits tight = limits;
    struct engine *engine;
    char content[101];

    (void)state;
    memset(content, 'a', sizeof(content));
    rules_put("a.yar", RULE("b", "false"));
    tight.value[LIMIT_FILE] = 100;
    engine = rules_load(&tight);
    assert_no_match(rules_scan(engine, content, 100));
    assert_not_scanned(rules_scan(engine, content, 101),
                       VSCANIF_REASON_TOO_LARGE);
    assert_not_scanned(engine->ops->scan_memory(engine, content, UINT64_MAX),
                       VSCANIF_REASON_TOO_LARGE);
    assert_not_scanned(engine->ops->scan(engine, -1, UINT64_MAX),
                       VSCANIF_REASON_TOO_LARGE);
    engine->ops->unload(engine);

    tight = limits;
    tight.value[LIMIT_SCAN] = 100;
    engine = rules_load(&tight);
    assert_no_match(rules_scan(engine, content, 100));
    assert_not_scanned(rules_scan(engine, content, 101),
                       VSCANIF_REASON_LIMITS);
    engine->ops->unload(engine);
}

/* A condition that takes minutes, whatever the machine. */
#define ENDLESS RULE("endless", "for all i in (0..100000000000): (i >= 0)")

static void no_time_is_not_clean(void **state)
{
    struct engine_limits tight = limits;
    struct engine *engine;
    int64_t start;

    (void)state;
    rules_put("a.yar", RULE("found", "true") ENDLESS);
    tight.max_scan_ms = 1;
    engine = rules_load(&tight);
    assert_not_scanned(rules_scan_text(engine, "x"), VSCANIF_REASON_TIMEOUT);
    engine->ops->unload(engine);

    /* libyara counts seconds: it is given more, not less. */
    tight.max_scan_ms = 1500;
    engine = rules_load(&tight);
    start = proc_now_ms();
    assert_not_scanned(rules_scan_text(engine, "x"), VSCANIF_REASON_TIMEOUT);
    assert_true(proc_now_ms() - start >= 1500);
    engine->ops->unload(engine);

    tight.max_scan_ms = UINT32_MAX;
    rules_put("a.yar", RULE("found", "true"));
    engine = rules_load(&tight);
    assert_matches_text(engine, "x", "found");
    engine->ops->unload(engine);
}

static void many_matches_are_not_clean(void **state)
{
    char *content = malloc(MATCHES + 2);
    struct engine *engine;

    (void)state;
    assert_non_null(content);
    memset(content, 'a', MATCHES + 2);
    rules_put("a.yar", "rule more { strings: $a = \"a\" "
                       "condition: #a > 2000000 }");
    engine = rules_load(&limits);
    assert_no_match(rules_scan(engine, content, MATCHES));
    assert_not_scanned(rules_scan(engine, content, MATCHES + 1),
                       VSCANIF_REASON_LIMITS);
    assert_no_match(rules_scan_text(engine, "aaaa"));
    engine->ops->unload(engine);

    /* Nothing hides behind them. */
    rules_put("b.yar", "rule word { strings: $b = \"b\" condition: $b }");
    content[MATCHES + 1] = 'b';
    engine = rules_load(&limits);
    assert_matches(rules_scan(engine, content, MATCHES + 2), "word");
    engine->ops->unload(engine);
    free(content);
}

/* With copies of what matched, these would take 500 MB. */
static void matches_are_not_copied(void **state)
{
    struct engine *engine;
    uint32_t octets = 1;

    (void)state;
    rules_put("a.yar", RULE("b", "false"));
    engine = rules_load(&limits);
    assert_int_equal(yr_get_configuration_uint32(YR_CONFIG_MAX_MATCH_DATA,
                                                 &octets), ERROR_SUCCESS);
    assert_int_equal(octets, 0);
    engine->ops->unload(engine);
}

/* Every number of a list is on libyara's stack at the same time. */
static void stack_is_not_clean(void **state)
{
    static const char head[] = "rule b { condition: for any i in (1";
    struct engine *engine;
    char *text = malloc(100000);
    size_t n;

    (void)state;
    assert_non_null(text);
    n = (size_t)sprintf(text, "%s", head);
    for (unsigned int i = 0; i < DEFAULT_STACK_SIZE; i++)
        n += (size_t)sprintf(text + n, ",1");
    sprintf(text + n, "): (i == 0) }");
    rules_put("a.yar", text);
    engine = rules_load(&limits);
    assert_not_scanned(rules_scan_text(engine, "x"), VSCANIF_REASON_LIMITS);
    engine->ops->unload(engine);
    free(text);
}

/* A regular expression that needs more fibers than there are. */
#define WIDE    "/abc(.?.?.?.?.?.?){1,300}((a|b)*(c|d)*){1,200}zz/"
#define WORDS   "abcabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdzz"

static void fibers_are_not_clean(void **state)
{
    char text[1000];
    struct engine *engine;
    size_t n;

    (void)state;
    rules_put("a.yar", "rule b { strings: $a = " WIDE " condition: $a }");
    engine = rules_load(&limits);
    n = (size_t)sprintf(text, "abc");
    while (n < 900)
        n += (size_t)sprintf(text + n, "abcd");
    sprintf(text + n, "zz");
    assert_not_scanned(rules_scan_text(engine, text), VSCANIF_REASON_LIMITS);
    assert_no_match(rules_scan_text(engine, "xyz"));
    engine->ops->unload(engine);

    /* A module does not tell; libyara calls it a success. */
    rules_put("a.yar", "import \"tests\"\n"
              RULE("b", "filesize == 1 and "
                        "tests.match(" WIDE ", \"" WORDS "\") >= 0"));
    engine = rules_load(&limits);
    assert_not_scanned(rules_scan_text(engine, "x"), VSCANIF_REASON_LIMITS);
    assert_no_match(rules_scan_text(engine, "xy"));
    engine->ops->unload(engine);
}

static void bad_descriptor_is_not_clean(void **state)
{
    struct engine *engine;

    (void)state;
    rules_put("a.yar", RULE("b", "false"));
    engine = rules_load(&limits);
    assert_not_scanned(engine->ops->scan(engine, -1, 10),
                       VSCANIF_REASON_RESOURCES);
    assert_not_scanned(engine->ops->scan(engine, -1, 0),
                       VSCANIF_REASON_ENGINE);
    assert_not_scanned(engine->ops->scan_memory(engine, "", 0),
                       VSCANIF_REASON_ENGINE);
    engine->ops->unload(engine);
}

/* A process that scans, and tells the verdict by its exit status. */
static pid_t scanning(struct engine *engine, int fd, size_t size)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        struct rlimit none = { 0, 0 };

        setrlimit(RLIMIT_CORE, &none);
        signal(SIGBUS, SIG_DFL);
        _exit(engine->ops->scan(engine, fd, size).code);
    }
    return pid;
}

/* In place, there is nobody to look at its size. */
static pid_t scanning_memory(struct engine *engine, int fd, uint64_t size)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        struct rlimit none = { 0, 0 };

        setrlimit(RLIMIT_CORE, &none);
        signal(SIGBUS, SIG_DFL);
        _exit(engine->ops->scan_memory(engine, mmap(NULL, size, PROT_READ,
                                                    MAP_PRIVATE, fd, 0),
                                       size).code);
    }
    return pid;
}

/* The end is missing: whoever scans dies of it, and says nothing. */
static void fault_is_not_clean(void **state)
{
    int fd = memfd_create("short", MFD_CLOEXEC), status;
    struct engine *engine;
    pid_t pid;

    (void)state;
    rules_put("a.yar", RULE("b", "true"));
    engine = rules_load(&limits);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, 4096), 0);
    assert_int_equal(outcome(scanning(engine, fd, 4096)),
                     VSCANIF_VERDICT_INFECTED);
    assert_int_equal(outcome(scanning(engine, fd, 8192)),
                     VSCANIF_VERDICT_NOT_SCANNED);
    pid = scanning_memory(engine, fd, 8192);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGBUS);
    close(fd);
    engine->ops->unload(engine);
}

/* As the pool does it: loaded once, and then used by children. */
static void children_scan(void **state)
{
    static unsigned char exe[65536];
    size_t n = read_test_file("clam.exe", exe, sizeof(exe));
    struct engine *engine;
    int fd, other;

    (void)state;
    rules_put("a.yar", "import \"pe\"\n" RULE("exe", "pe.is_pe"));
    engine = rules_load(&limits);
    assert_int_equal(snapshot_make(exe, n, &fd), 0);
    assert_int_equal(snapshot_make("text", 4, &other), 0);
    for (unsigned int i = 0; i < 3; i++) {
        pid_t one = scanning(engine, fd, n), two = scanning(engine, other, 4);

        assert_matches(rules_scan(engine, exe, n), "exe");
        assert_int_equal(outcome(one), VSCANIF_VERDICT_INFECTED);
        assert_int_equal(outcome(two), VSCANIF_VERDICT_CLEAN);
    }
    close(fd);
    close(other);
    engine->ops->unload(engine);
}

/* A new set of rules is loaded beside the old one. */
static void two_at_a_time(void **state)
{
    struct engine *old, *new;

    (void)state;
    rules_put("a.yar", RULE("old", "true"));
    old = rules_load(&limits);
    rules_put("a.yar", RULE("new", "true"));
    new = rules_load(&limits);
    assert_matches_text(old, "x", "old");
    assert_matches_text(new, "x", "new");
    old->ops->unload(old);
    assert_matches_text(new, "x", "new");
    new->ops->unload(new);
    new = rules_load(&limits);
    assert_matches_text(new, "x", "new");
    new->ops->unload(new);
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, rules_make, rules_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(tells_what_it_is),
        TEST(clean_and_infected),
        TEST(names_first_rule),
        TEST(private_rule_is_no_verdict),
        TEST(global_rules),
        TEST(name_is_cut),
        TEST(modules_are_there),
        TEST(all_matches_count),
        TEST(files_are_apart),
        TEST(size_limits),
        TEST(no_time_is_not_clean),
        TEST(many_matches_are_not_clean),
        TEST(matches_are_not_copied),
        TEST(stack_is_not_clean),
        TEST(fibers_are_not_clean),
        TEST(bad_descriptor_is_not_clean),
        TEST(fault_is_not_clean),
        TEST(children_scan),
        TEST(two_at_a_time),
    };

    return cmocka_run_group_tests_name("engine-yara", tests, NULL, NULL);
}
