/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-options.c - tests of xen-scan-back/options.c. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "history.h"
#include "options.h"
#include "pool.h"

#define MAX_WORDS 8

static struct options options;
/* What was printed. */
static char said[4096];

/* Parses "WORD WORD ...". */
static int parse(const char *line)
{
    static char words[512];
    char name[] = "xen-scan-back", *argv[MAX_WORDS + 2] = { name };
    int argc = 1, out, err, rc;
    int file = memfd_create("said", MFD_CLOEXEC);

    snprintf(words, sizeof(words), "%s", line);
    for (char *word = strtok(words, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    fflush(NULL);
    out = dup(STDOUT_FILENO);
    err = dup(STDERR_FILENO);
    dup2(file, STDOUT_FILENO);
    dup2(file, STDERR_FILENO);
    rc = options_parse(argc, argv, &options);
    fflush(NULL);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    memset(said, 0, sizeof(said));
    assert_true(pread(file, said, sizeof(said) - 1, 0) >= 0);
    close(file);
    close(out);
    close(err);
    return rc;
}

static void accepts(const char *line)
{
    if (parse(line) != -1)
        fail_msg("%s: %s", line, said);
    assert_string_equal(said, "");
}

/* With a message that has this in it. */
static void refuses(const char *line, const char *why)
{
    if (parse(line) != 2)
        fail_msg("%s is accepted", line);
    if (!strstr(said, why))
        fail_msg("%s: %s", line, said);
}

static void defaults(void **state)
{
    (void)state;
    accepts("");
    assert_int_equal(options.level, LOG_LEVEL_INFO);
    assert_in_range(options.pool.nr_engines, 1, ENGINE_MAX);
    assert_ptr_equal(options.pool.source[0].ops, &engine_clamav);
    assert_string_equal(options.pool.source[0].dir, "/var/lib/clamav");
    assert_in_range(options.pool.crews, 1, POOL_MAX_CREWS);
    assert_int_equal(options.pool.history_entries, HISTORY_DEFAULT_ENTRIES);
    assert_false(options.pool.degraded_clean);
    assert_int_equal(options.pool.scan_timeout_ms, 20000);
    assert_int_equal(options.pool.limits.max_scan_ms, 19000);
    assert_int_equal(options.pool.limits.value[LIMIT_FILES], 10000);
}

static void all_at_once(void **state)
{
    (void)state;
    accepts("-D -v -e yara=/rules --limit=files=5 -a macros -t 5000");
    assert_true(options.pool.degraded_clean);
    assert_int_equal(options.level, LOG_LEVEL_DEBUG);
    assert_int_equal(options.pool.nr_engines, 1);
    assert_ptr_equal(options.pool.source[0].ops, &engine_yara);
    assert_string_equal(options.pool.source[0].dir, "/rules");
    assert_int_equal(options.pool.limits.value[LIMIT_FILES], 5);
    assert_int_equal(options.pool.limits.alerts, 1 << ALERT_MACROS);
    assert_int_equal(options.pool.limits.max_scan_ms, 4000);
    /* Nothing is left of them. */
    accepts("");
    assert_int_equal(options.pool.limits.alerts, 0);
}

static void numbers_have_bounds(void **state)
{
    (void)state;
    accepts("--workers 1");
    accepts("--workers 64");
    assert_int_equal(options.pool.crews, 64);
    refuses("--workers 0", "--workers takes a number from 1 to 64: 0");
    refuses("--workers 65", "--workers takes");
    refuses("--workers 1x", "--workers takes");
    accepts("--scan-timeout 2000");
    accepts("--scan-timeout 600000");
    refuses("--scan-timeout 1999", "--scan-timeout takes");
    refuses("--scan-timeout 600001", "--scan-timeout takes");
    accepts("--history 8");
    accepts("--history 1048576");
    assert_int_equal(options.pool.history_entries, 1048576);
    refuses("--history 7", "--history takes");
    refuses("--history 1048577", "--history takes");
    accepts("--limit recursion=100");
    refuses("--limit recursion=101",
            "--limit recursion takes a number from 1 to 100: recursion=101");
    refuses("--limit depth=1", "there is no limit \"depth=1\"");
    refuses("--alert nothing", "there is no alert \"nothing\"");
}

static void engines_are_named_once(void **state)
{
    (void)state;
    accepts("-e clamav=/a -e yara=/b");
    assert_int_equal(options.pool.nr_engines, 2);
    refuses("-e clamav=/a -e clamav=/b", "named twice");
    refuses("-e clamav", "needs a directory");
    refuses("-e clamav=a", "needs a directory");
    refuses("-e other=/a", "there is no engine \"other\"; there are: clamav");
    refuses("-e clam=/a", "there is no engine \"clam\"");
}

static void the_rest(void **state)
{
    (void)state;
    refuses("more", "unexpected argument: more");
    refuses("--unknown", "Usage");
    assert_int_equal(parse("--help"), 0);
    for (unsigned int i = 0; i < LIMITS_NR; i++)
        assert_non_null(strstr(said, limit_rows[i].name));
    for (unsigned int i = 0; i < ALERTS_NR; i++)
        assert_non_null(strstr(said, alert_names[i]));
    assert_int_equal(parse("--version"), 0);
    assert_string_equal(said, "xen-scan-back, protocol version 1\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults), cmocka_unit_test(all_at_once),
        cmocka_unit_test(numbers_have_bounds),
        cmocka_unit_test(engines_are_named_once), cmocka_unit_test(the_rest),
    };

    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
