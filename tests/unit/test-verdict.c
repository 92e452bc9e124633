/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-verdict.c - verdicts, reasons and their words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "verdict.h"

static void made(void **state)
{
    char longer[VSCANIF_MAX_NAME + 10];
    struct verdict v = verdict_clean();

    (void)state;
    assert_int_equal(v.code, VSCANIF_VERDICT_CLEAN);
    assert_int_equal(v.reason, VSCANIF_REASON_NONE);
    assert_string_equal(v.name, "");

    assert_int_equal(v.generation, 0);

    v = verdict_infected("Eicar-Test");
    assert_int_equal(v.generation, 0);
    assert_int_equal(v.code, VSCANIF_VERDICT_INFECTED);
    assert_int_equal(v.reason, VSCANIF_REASON_NONE);
    assert_string_equal(v.name, "Eicar-Test");

    v = verdict_not_scanned(REASON_DEADLINE);
    assert_int_equal(v.generation, 0);
    assert_int_equal(v.code, VSCANIF_VERDICT_NOT_SCANNED);
    assert_int_equal(v.reason, REASON_DEADLINE);
    assert_string_equal(v.name, "");

    memset(longer, 'n', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = 0;
    v = verdict_infected(longer);
    assert_int_equal(strlen(v.name), VSCANIF_MAX_NAME - 1);
}

static void verdict_words(void **state)
{
    (void)state;
    assert_string_equal(verdict_text(VSCANIF_VERDICT_CLEAN), "clean");
    assert_string_equal(verdict_text(VSCANIF_VERDICT_INFECTED), "infected");
    assert_string_equal(verdict_text(VSCANIF_VERDICT_NOT_SCANNED),
                        "not-scanned");
    assert_string_equal(verdict_text(0), "unknown");
    assert_string_equal(verdict_text(4), "unknown");
    assert_string_equal(verdict_text(UINT32_MAX), "unknown");
}

/* Each reason has a word, and no two have the same. */
static void reason_words(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < 300; i++) {
        int known = i <= VSCANIF_REASON_GRANT ||
                    (i >= REASON_NO_BACK && i < REASON_END);

        assert_int_equal(strcmp(reason_text(i), "unknown") != 0, known);
        assert_int_equal(reason_exists(i), known && i != 0);
        if (known)
            assert_int_equal(reason_from_text(reason_text(i)), i);
        for (unsigned int j = 0; known && j < i; j++)
            assert_string_not_equal(reason_text(i), reason_text(j));
    }
    assert_string_equal(reason_text(VSCANIF_REASON_TOO_LARGE), "too-large");
    assert_string_equal(reason_text(REASON_BAD_ANSWER), "bad-answer");
    assert_string_equal(reason_text(REASON_BACK_DIED), "back-died");
    assert_string_equal(reason_text(UINT32_MAX), "unknown");
    assert_false(reason_exists(UINT32_MAX));
    assert_int_equal(reason_from_text("none"), VSCANIF_REASON_NONE);
    assert_int_equal(reason_from_text("back-died"), REASON_BACK_DIED);
    assert_int_equal(reason_from_text("unknown"), -1);
    assert_int_equal(reason_from_text("Limits"), -1);
    assert_int_equal(reason_from_text("limits "), -1);
    assert_int_equal(reason_from_text(""), -1);
}

static void event_words(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < 300; i++) {
        int known = i >= VSCANIF_EVENT_OPEN && i <= VSCANIF_EVENT_CLOSE_WRITE;

        assert_int_equal(strcmp(event_text(i), "unknown") != 0, known);
        assert_int_equal(event_from_text(event_text(i)), known ? (int)i : -1);
    }
    assert_string_equal(event_text(VSCANIF_EVENT_EXEC), "exec");
    assert_string_equal(event_text(VSCANIF_EVENT_CLOSE_WRITE), "close-write");
    assert_string_equal(event_text(UINT32_MAX), "unknown");
    assert_int_equal(event_from_text("read"), VSCANIF_EVENT_READ);
    assert_int_equal(event_from_text("Open"), -1);
    assert_int_equal(event_from_text("open "), -1);
    assert_int_equal(event_from_text(""), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(made),
        cmocka_unit_test(verdict_words),
        cmocka_unit_test(reason_words),
        cmocka_unit_test(event_words),
    };

    return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
