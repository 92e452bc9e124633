/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-top-json.c - a frame of vscanctl top as an object. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "surveyed.h"
#include "top-json.h"

static const struct top_head head = {
    .time = "07:21:37", .host = "xen1", .guests = 2, .are_protected = 1,
    .alarms = 1,
};

static void is(struct json_object *object, const char *text)
{
    assert_string_equal(json_object_to_json_string_ext(object,
                            JSON_C_TO_STRING_PLAIN |
                            JSON_C_TO_STRING_NOSLASHESCAPE), text);
    json_object_put(object);
}

static void no_guests(void **state)
{
    (void)state;
    is(top_json(&head, 1764225810, NULL, 0),
       "{\"time\":\"2025-11-27T06:43:30Z\",\"host\":\"xen1\",\"protected\":1,"
       "\"alarms\":1,\"guests\":[]}");
}

/* One with rates, and one of which nothing can be told. */
static void guests(void **state)
{
    struct survey_guest before, now, silent;
    struct top_row rows[2];

    (void)state;
    surveyed(&before, 5, "web", "events 10\nrecord-hits 0", "requests 0\n"
             "known 0\noctets 0\nanswer-us 0");
    surveyed(&now, 5, "web", "events 11\nrecord-hits 1", "requests 4\nknown 1\n"
             "octets 3000\nanswer-us 6000\nfile 2500 2 300 /a%1b");
    surveyed(&silent, 6, "db", NULL, NULL);
    silent.alarms.alarm[ALARM_FRONT].since = 1;
    rows[0] = top_rates(&now, &before, 3);
    rows[1] = top_rates(&silent, NULL, 3);
    is(top_json(&head, 1764225810, rows, 2),
       "{\"time\":\"2025-11-27T06:43:30Z\",\"host\":\"xen1\",\"protected\":1,"
       "\"alarms\":1,\"guests\":["
       "{\"domain\":\"web\",\"domid\":5,\"backend\":\"scanner\","
       "\"backend_domid\":3,\"front\":{\"error\":null,\"counts\":{\"events\":11,"
       "\"record-hits\":1}},\"back\":{\"error\":null,\"counts\":{\"requests\":4,"
       "\"known\":1,\"octets\":3000,\"answer-us\":6000}},\"files\":[{\"path\":"
       "\"/a\\u001b\",\"us\":2500,\"requests\":2,\"octets\":300}],\"programs\":[],"
       "\"state\":\"protected\",\"rates\":{\"accesses_per_s\":0.333,"
       "\"scans_per_s\":1.333,\"octets_per_s\":1000.000,\"known_percent\":25.000,"
       "\"on_record_percent\":100.000,\"answer_ms\":1.500}},"
       "{\"domain\":\"db\",\"domid\":6,\"backend\":\"scanner\","
       "\"backend_domid\":3,\"front\":{\"error\":\"no answer\",\"counts\":{}},"
       "\"back\":{\"error\":\"no answer\",\"counts\":{}},\"files\":[],"
       "\"programs\":[],\"state\":\"front-gone\",\"rates\":{"
       "\"accesses_per_s\":null,\"scans_per_s\":null,\"octets_per_s\":null,"
       "\"known_percent\":null,\"on_record_percent\":null,\"answer_ms\":null}}"
       "]}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_guests), cmocka_unit_test(guests),
    };

    return cmocka_run_group_tests_name("top-json", tests, NULL, NULL);
}
