/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-engine-yara-memory.c - memory in xen-scan-back/engine-yara.c.  Without:
 * the Nth allocation fails, for each N, and nothing is clean or infected then.
 * With: children that scan share what their parent has loaded.
 *
 * malloc() and its like are defined here, and so for all libraries.  Under a
 * sanitizer they are its own, and use memory as they like: what is left then
 * is that the same scans are right.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "child.h"
#include "rules.h"
#include "signatures.h"
#include "snapshot.h"

/* Exit statuses of a child that scans. */
#define CODE(status)        ((status) & 15)
#define REASON(status)      ((status) >> 4)

/* Allocations until one fails; 0: none does. */
static unsigned int countdown;

#ifdef __SANITIZE_ADDRESS__
#define SANITIZED   1
#else
#define SANITIZED   0

/* What glibc has behind its own. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t nr, size_t size);
void *__libc_realloc(void *old, size_t size);

static int fails(void)
{
    if (countdown == 0 || --countdown)
        return 0;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t nr, size_t size)
{
    return fails() ? NULL : __libc_calloc(nr, size);
}

void *realloc(void *old, size_t size)
{
    return fails() ? NULL : __libc_realloc(old, size);
}
#endif

/*
 * A child scans with one allocation that fails.  Returns its verdict and
 * reason, as CODE() and REASON() have them; 0 when it died, which the pool
 * calls "engine failed".
 */
static int scan_without(unsigned int n, struct engine *engine, int fd,
                        size_t size)
{
    pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (pid == 0) {
        struct rlimit none = { 0, 0 };
        struct verdict v;

        setrlimit(RLIMIT_CORE, &none);
        /* CMocka's handlers would go on with the test. */
        signal(SIGSEGV, SIG_DFL);
        signal(SIGABRT, SIG_DFL);
        countdown = n;
        v = engine->ops->scan(engine, fd, size);
        /* Not one that failed, but one too many. */
        if (countdown)
            _exit(255);
        _exit(v.code | v.reason << 4);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

/* Returns how many scans had an answer, of all that lacked memory. */
static unsigned int lacks_memory(struct engine *engine, const void *content,
                                 size_t size)
{
    unsigned int answers = 0;
    int fd, status;

    assert_int_equal(snapshot_make(content, size, &fd), 0);
    for (unsigned int n = 1; ; n++) {
        status = scan_without(n, engine, fd, size);
        if (status == 255)
            break;
        if (status == 0)
            continue;
        answers++;
        if (CODE(status) != VSCANIF_VERDICT_NOT_SCANNED ||
            REASON(status) != VSCANIF_REASON_RESOURCES)
            fail_msg("allocation %u fails: verdict %d, reason %d", n,
                     CODE(status), REASON(status));
    }
    close(fd);
    return answers;
}

static void no_memory_is_not_clean(void **state)
{
    static unsigned char exe[65536];
    size_t size = read_test_file("clam.exe", exe, sizeof(exe));
    struct engine *engine;

    (void)state;
    /* Entropy without memory is "undefined", to the scan a success. */
    rules_put("a.yar",
              "import \"math\" import \"pe\" import \"hash\"\n"
              "rule b {\n"
              "  strings: $a = /[a-z]{3,9}/ condition: pe.is_pe and #a > 2\n"
              "  and math.entropy(0, filesize) > 1.0\n"
              "  and hash.md5(0, filesize) != \"\"\n"
              "}\n"
              RULE("c", "not math.entropy(0, 1) >= 0.0"));
    engine = rules_load(&limits);
    assert_matches(rules_scan(engine, exe, size), "b");
    assert_no_match(rules_scan_text(engine, "x"));
    if (!SANITIZED) {
        assert_in_range(lacks_memory(engine, exe, size), 20, 100000);
        assert_in_range(lacks_memory(engine, "x", 1), 5, 100000);
    }
    engine->ops->unload(engine);
}

#define NR_RULES            4000
#define NR_SCANS            100

/* Rules whose strings have little in common. */
static void put_many_rules(void)
{
    static const char head[] = "import \"pe\"\n";
    char *text = malloc(NR_RULES * 300);
    unsigned int x = 1;
    size_t n;

    assert_non_null(text);
    n = (size_t)sprintf(text, "%s", head);
    for (unsigned int i = 0; i < NR_RULES; i++) {
        unsigned int word[4];

        for (unsigned int k = 0; k < 4; k++)
            word[k] = x = x * 1103515245 + 12345;
        n += (size_t)sprintf(text + n, "rule r%u { strings: $a = \"%08x%08x\" "
                             "$b = { %08x [2-6] %08x } $c = /%08x[0-9]{1,4}/ "
                             "$d = \"%08x\" wide nocase condition: "
                             "all of them and pe.is_pe }\n", i, word[0],
                             word[1], word[2], word[3], word[1], word[2]);
    }
    rules_put("a.yar", text);
    free(text);
}

/* KiB of this process that were written and that others have, too. */
static long shared_kib(void)
{
    FILE *rollup = fopen("/proc/self/smaps_rollup", "re");
    char line[256];
    long kib = 0;

    must(rollup != NULL);
    while (fgets(line, sizeof(line), rollup))
        sscanf(line, "Shared_Dirty: %ld kB", &kib);
    fclose(rollup);
    return kib;
}

/* What a child writes to is no longer shared. */
static void scan_in_child(struct engine *engine, int fd, size_t size)
{
    long before = shared_kib();

    must(before > 4096);
    for (unsigned int i = 0; i < NR_SCANS; i++)
        must(engine->ops->scan(engine, fd, size).code ==
             VSCANIF_VERDICT_CLEAN);
    must(SANITIZED || before - shared_kib() < before / 10);
}

static void children_share_rules(void **state)
{
    static unsigned char exe[65536];
    size_t size = read_test_file("clam.exe", exe, sizeof(exe));
    struct engine *engine;
    pid_t pid;
    int fd;

    (void)state;
    put_many_rules();
    engine = rules_load(&limits);
    assert_int_equal(snapshot_make(exe, size, &fd), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        scan_in_child(engine, fd, size);
        _exit(0);
    }
    assert_int_equal(outcome(pid), 0);
    close(fd);
    engine->ops->unload(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_memory_is_not_clean, rules_make,
                                        rules_remove),
        cmocka_unit_test_setup_teardown(children_share_rules, rules_make,
                                        rules_remove),
    };

    return cmocka_run_group_tests_name("engine-yara-memory", tests, NULL,
                                       NULL);
}
