/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-json-add.c - what is shown, as JSON. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "json-add.h"
#include "vscanctl.h"

static int show(int argc, char **argv)
{
    struct json_object *object = json_object_new_object();

    (void)argc;
    (void)argv;
    json_add_text(object, "text", "/a\x1b\xff");
    json_add_text(object, "none", NULL);
    json_add_number(object, "number", UINT64_MAX);
    json_add_time(object, "time", 1764225810);
    json_add_time(object, "never", 0);
    json_add_real(object, "real", 2.0 / 3);
    json_add_real(object, "greatest", DBL_MAX);
    json_object_object_del(object, "greatest");
    json_add_real(object, "nothing", (double)NAN);
    json_show(object);
    return 0;
}

static void a_line(void **state)
{
    char said[256];

    (void)state;
    assert_int_equal(vscanctl_run(show, (const char *const[]){ NULL }, said,
                                  sizeof(said)), 0);
    assert_string_equal(said, "{\"text\":\"/a\\u001b\\\\xff\",\"none\":null,"
                              "\"number\":18446744073709551615,\"time\":"
                              "\"2025-11-27T06:43:30Z\",\"never\":null,\"real\":"
                              "0.667,\"nothing\":null}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_line) };

    return cmocka_run_group_tests_name("json-add", tests, NULL, NULL);
}
