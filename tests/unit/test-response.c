/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-response.c - the toolstack's own keys of a policy: read, written, and
 * refused outside their bounds.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "response.h"
#include "vscanctl.h"
#include "vscanif.h"

static char why[512];

static struct response parse(const char *text)
{
    struct response response;

    memset(&response, 0xa5, sizeof(response));
    why[0] = 0;
    if (response_parse(text, &response, why, sizeof(why)))
        fail_msg("\"%s\": %s", text, why);
    assert_string_equal(why, "");
    return response;
}

static void assert_is(const char *text, const char *formatted)
{
    struct response response = parse(text);
    char out[RESPONSE_TEXT_SIZE];

    assert_string_equal(response_format(&response, out), formatted);
}

static void assert_refused(const char *text, const char *expected)
{
    struct response response = { .threshold = 77 };

    assert_int_equal(response_parse(text, &response, why, sizeof(why)),
                     -EINVAL);
    assert_string_equal(why, expected);
    assert_int_equal(response.threshold, 77);
}

/* KEY=VALUE is refused as a bad value. */
static void assert_bad_value(const char *word)
{
    char expected[256];

    snprintf(expected, sizeof(expected), "policy: bad value: \"%s\"", word);
    assert_refused(word, expected);
}

static void defaults(void **state)
{
    const struct response response = response_default();
    char out[RESPONSE_TEXT_SIZE];

    (void)state;
    assert_string_equal(response_format(&response, out), DEFAULT_RESPONSE);
    assert_is("", DEFAULT_RESPONSE);
    assert_is(DEFAULT_RESPONSE, DEFAULT_RESPONSE);
}

static void each_key_is_its_own(void **state)
{
    struct response response;

    (void)state;
    response = parse("signatures-days=30 on-outbreak=pause outbreak=3 "
                     "threshold=5/600 on-incident=notify,run:tell.sh "
                     "unprotected-s=90 on-unprotected=net-disconnect");
    assert_true(response.on_incident.wanted[ACTION_NOTIFY]);
    assert_string_equal(response.on_incident.run, "tell.sh");
    assert_true(response.on_outbreak.wanted[ACTION_PAUSE]);
    assert_false(response.on_outbreak.wanted[ACTION_NOTIFY]);
    assert_true(response.on_unprotected.wanted[ACTION_NET_DISCONNECT]);
    assert_int_equal(response.threshold, 5);
    assert_int_equal(response.threshold_s, 600);
    assert_int_equal(response.outbreak, 3);
    assert_int_equal(response.unprotected_s, 90);
    assert_int_equal(response.signatures_days, 30);
    assert_is("signatures-days=off threshold=2/9 outbreak=off "
              "on-incident=pause,record",
              "on-incident=record,pause threshold=2/9 on-outbreak=none "
              "outbreak=off on-unprotected=none unprotected-s=60 "
              "signatures-days=off");
}

static void bounds(void **state)
{
    struct response response;

    (void)state;
    response = parse("threshold=1/1 outbreak=2 unprotected-s=5 "
                     "signatures-days=1");
    assert_int_equal(response.threshold, RESPONSE_MIN_THRESHOLD);
    assert_int_equal(response.threshold_s, RESPONSE_MIN_THRESHOLD_S);
    assert_int_equal(response.outbreak, RESPONSE_MIN_OUTBREAK);
    assert_int_equal(response.unprotected_s, RESPONSE_MIN_UNPROTECTED_S);
    assert_int_equal(response.signatures_days, RESPONSE_MIN_SIGNATURES_DAYS);
    response = parse("threshold=1000/86400 outbreak=64 unprotected-s=86400 "
                     "signatures-days=365");
    assert_int_equal(response.threshold, RESPONSE_MAX_THRESHOLD);
    assert_int_equal(response.threshold_s, RESPONSE_MAX_THRESHOLD_S);
    assert_int_equal(response.outbreak, RESPONSE_MAX_OUTBREAK);
    assert_int_equal(response.unprotected_s, RESPONSE_MAX_UNPROTECTED_S);
    assert_int_equal(response.signatures_days, RESPONSE_MAX_SIGNATURES_DAYS);
    assert_bad_value("threshold=0/60");
    assert_bad_value("threshold=1001/60");
    assert_bad_value("threshold=1/0");
    assert_bad_value("threshold=1/86401");
    assert_bad_value("outbreak=0");
    assert_bad_value("outbreak=1");
    assert_bad_value("outbreak=65");
    assert_bad_value("unprotected-s=4");
    assert_bad_value("unprotected-s=86401");
    assert_bad_value("signatures-days=0");
    assert_bad_value("signatures-days=366");
}

static void bad_words_are_named(void **state)
{
    (void)state;
    assert_bad_value("threshold=");
    assert_bad_value("threshold=5");
    assert_bad_value("threshold=/60");
    assert_bad_value("threshold=5/");
    assert_bad_value("threshold=5/6/7");
    assert_bad_value("threshold=0000000000000000000000005/60");
    assert_bad_value("unprotected-s=off");
    assert_bad_value("outbreak=Off");
    assert_bad_value("signatures-days=7d");
    assert_refused("on-incident", "policy: not KEY=VALUE: \"on-incident\"");
    assert_refused("on-incident=none on-incident=none",
                   "policy: key given twice: \"on-incident\"");
    assert_refused("fail=open", "policy: unknown key: \"fail\"");
    assert_refused("outbreak=3  threshold=1/1", "policy: not KEY=VALUE: \"\"");
    assert_refused("on-outbreak=pause,fly",
                   "policy: on-outbreak: unknown action: \"fly\"");
    assert_refused("on-incident=\x1b",
                   "policy: on-incident: unknown action: \"\\x1b\"");
}

static void keys_are_known(void **state)
{
    (void)state;
    assert_true(response_has_key("on-incident="));
    assert_true(response_has_key("threshold=nonsense"));
    assert_true(response_has_key("signatures-days=7"));
    assert_false(response_has_key("on-incident"));
    assert_false(response_has_key("on-inciden=none"));
    assert_false(response_has_key("on-incidents=none"));
    assert_false(response_has_key("=none"));
    assert_false(response_has_key("fail=open"));
    assert_false(response_has_key("x=on-incident=none"));
}

/* The longest of all has room, and no text is longer than a node. */
static void lengths(void **state)
{
    char list[ACTIONS_TEXT_SIZE], text[1024], huge[VSCANIF_MAX_NODE + 2];

    (void)state;
    snprintf(list, sizeof(list), "net-disconnect,record,snapshot,pause,"
             "run:%064d,notify", 0);
    snprintf(text, sizeof(text), "on-incident=%s threshold=1000/86400 "
             "on-outbreak=%s outbreak=64 on-unprotected=%s "
             "unprotected-s=86400 signatures-days=365", list, list, list);
    assert_is(text, text);
    memset(huge, 'x', sizeof(huge) - 1);
    huge[VSCANIF_MAX_NODE + 1] = 0;
    assert_refused(huge, "policy: longer than a node: \"\"");
    huge[VSCANIF_MAX_NODE] = 0;
    assert_int_equal(response_parse(huge, &(struct response){ .threshold = 0 },
                                    why, sizeof(why)), -EINVAL);
    assert_non_null(strstr(why, "policy: not KEY=VALUE: \"xxx"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(each_key_is_its_own),
        cmocka_unit_test(bounds),
        cmocka_unit_test(bad_words_are_named),
        cmocka_unit_test(keys_are_known),
        cmocka_unit_test(lengths),
    };

    return cmocka_run_group_tests_name("response", tests, NULL, NULL);
}
