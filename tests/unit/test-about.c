/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-about.c - what the JSON beside an item of the spool says.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <json-c/json.h>

#include "about.h"
#include "host.h"

static void domain_is_named(void **state)
{
    struct host *h = *state;
    struct json_object *about = about_domain(&h->m, 5, true);

    assert_int_equal(json_object_object_length(about), 5);
    assert_int_equal(json_object_get_int(json_object_object_get(about,
                                                                "domid")), 5);
    assert_string_equal(json_object_get_string(
        json_object_object_get(about, "name")), "web");
    assert_string_equal(json_object_get_string(
        json_object_object_get(about, "uuid")),
        "05050505-0505-0505-0505-050505050505");
    assert_int_equal(strlen(json_object_get_string(
        json_object_object_get(about, "time"))),
        strlen("2026-01-31T23:59:59Z"));
    assert_string_equal(json_object_get_string(
        json_object_object_get(about, "by")), "policy");
    json_object_put(about);
    about = about_domain(&h->m, 5, false);
    assert_string_equal(json_object_get_string(
        json_object_object_get(about, "by")), "hand");
    json_object_put(about);
}

static void one_that_is_gone_has_no_uuid(void **state)
{
    struct host *h = *state;
    char uuid[ABOUT_UUID_SIZE] = "x";

    assert_string_equal(about_uuid(&h->m, 9, uuid), "");
}

static void values_are_written(void **state)
{
    struct json_object *about = json_object_new_object();

    (void)state;
    about_add_text(about, "none", NULL);
    about_add_text(about, "octets", "a\xff\n");
    about_add_number(about, "large", UINT64_MAX);
    about_add_time(about, "when", 86399);
    assert_string_equal(json_object_to_json_string_ext(about,
                                                       JSON_C_TO_STRING_PLAIN),
                        "{\"octets\":\"a\\\\xff\\\\x0a\","
                        "\"large\":18446744073709551615,"
                        "\"when\":\"1970-01-01T23:59:59Z\"}");
    json_object_put(about);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOST_TEST(domain_is_named),
        HOST_TEST(one_that_is_gone_has_no_uuid),
        HOST_TEST(values_are_written),
    };

    return cmocka_run_group_tests_name("about", tests, NULL, NULL);
}
