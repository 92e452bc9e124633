/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-findings.c - tests of xen-scan-back/findings.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "findings.h"

static struct findings findings;

static void clear(void)
{
    findings = (struct findings){ .nr = 0 };
}

/* At the place of its first letter. */
static void add(const char *engine, struct verdict verdict)
{
    findings_add(&findings, (unsigned int)(engine[0] - 'a'), engine,
                 &verdict);
}

static struct verdict infected(size_t octets)
{
    char name[VSCANIF_MAX_NAME];

    memset(name, 'x', octets);
    name[octets] = 0;
    return verdict_infected(name);
}

static void worst_counts(void **state)
{
    const struct verdict verdicts[] = {
        verdict_clean(), verdict_not_scanned(VSCANIF_REASON_LIMITS),
        verdict_infected("One"),
    };

    (void)state;
    for (unsigned int i = 0; i < 9; i++) {
        unsigned int x = i / 3, y = i % 3, worst = x > y ? x : y;

        clear();
        add("a", verdicts[x]);
        add("b", verdicts[y]);
        assert_int_equal(findings_join(&findings).code,
                         verdicts[worst].code);
        assert_int_equal(findings_join(&findings).reason,
                         verdicts[worst].reason);
    }
}

static void first_reason_counts(void **state)
{
    (void)state;
    clear();
    assert_int_equal(findings_join(&findings).code,
                     VSCANIF_VERDICT_NOT_SCANNED);
    assert_int_equal(findings_join(&findings).reason,
                     VSCANIF_REASON_RESOURCES);
    add("d", verdict_clean());
    add("c", verdict_not_scanned(VSCANIF_REASON_LIMITS));
    add("b", verdict_not_scanned(VSCANIF_REASON_TIMEOUT));
    add("a", verdict_clean());
    assert_int_equal(findings.nr, 4);
    assert_int_equal(findings_join(&findings).reason,
                     VSCANIF_REASON_TIMEOUT);
}

static void who_says_what(void **state)
{
    (void)state;
    clear();
    assert_int_equal(findings_say(&findings, VSCANIF_VERDICT_CLEAN), 0);
    assert_int_equal(findings_say(&findings, 0), 0);
    add("a", verdict_clean());
    add("c", verdict_infected("X"));
    add("d", verdict_clean());
    assert_int_equal(findings_say(&findings, VSCANIF_VERDICT_CLEAN), 1 | 8);
    assert_int_equal(findings_say(&findings, VSCANIF_VERDICT_INFECTED), 4);
    assert_int_equal(findings_say(&findings, VSCANIF_VERDICT_NOT_SCANNED), 0);
}

static void all_names_are_in_it(void **state)
{
    struct verdict v;

    (void)state;
    clear();
    add("clamav", verdict_infected("Win.Test"));
    assert_string_equal(findings_join(&findings).name, "clamav:Win.Test");
    add("all", verdict_infected("eicar"));
    add("bit", verdict_clean());
    v = findings_join(&findings);
    assert_string_equal(v.name, "all:eicar clamav:Win.Test");
    /* In the order of places; no octet that has no meaning. */
    for (size_t i = strlen(v.name); i < sizeof(v.name); i++)
        assert_int_equal(v.name[i], 0);
}

/* What does not need its share leaves it to the others. */
static void names_share_the_room(void **state)
{
    char text[2 * VSCANIF_MAX_NAME];
    struct verdict v;

    (void)state;
    clear();
    add("a", infected(VSCANIF_MAX_NAME - 3));
    v = findings_join(&findings);
    assert_int_equal(strlen(v.name), VSCANIF_MAX_NAME - 1);
    assert_int_equal(v.name[VSCANIF_MAX_NAME - 2], 'x');
    clear();
    add("a", infected(VSCANIF_MAX_NAME - 2));
    assert_int_equal(strlen(findings_join(&findings).name),
                     VSCANIF_MAX_NAME - 1);
    add("b", infected(3));
    add("c", infected(VSCANIF_MAX_NAME - 1));
    v = findings_join(&findings);
    /* 95 = 44 + 1 + 5 + 1 + 44 */
    snprintf(text, sizeof(text), "a:%.42s b:xxx c:%.42s",
             infected(90).name, infected(90).name);
    assert_string_equal(v.name, text);
    add("d", infected(VSCANIF_MAX_NAME - 1));
    v = findings_join(&findings);
    assert_in_range(strlen(v.name), VSCANIF_MAX_NAME - 4,
                    VSCANIF_MAX_NAME - 1);
    assert_non_null(strstr(v.name, " b:xxx c:x"));
    assert_non_null(strstr(v.name, "x d:x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worst_counts),
        cmocka_unit_test(first_reason_counts),
        cmocka_unit_test(who_says_what),
        cmocka_unit_test(all_names_are_in_it),
        cmocka_unit_test(names_share_the_room),
    };

    return cmocka_run_group_tests_name("findings", tests, NULL, NULL);
}
