/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-traffic.c - the lines of what has gone over connections. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "question.h"
#include "traffic.h"
#include "vscanif.h"

static const struct traffic traffic = {
    .by_operation = { 0, 1, 2, 3, 4 }, .pages = 5, .copied = 6, .notified = 7,
    .events = 8, .looks_found = 10, .looks_vain = 11,
};

static void lines(void **state)
{
    char out[VSCANIF_MAX_TEXT + 1];
    struct text text = answer_begin(9, out);

    (void)state;
    assert_true(answer_line(&text, "held 1"));
    /* As one who gets the text from another. */
    text = answer_go_on(out);
    traffic_answer(&traffic, "pages-granted", &text);
    assert_string_equal(out, "9\nheld 1\nrequests-granted 1\nrequests-pool 2\n"
                        "streams 3\npieces 4\npages-granted 5\n"
                        "octets-copied 6\nnotified 7\nnotifications 8\n"
                        "looks-found 10\nlooks-vain 11");
}

/* In a full answer whole lines are left out. */
static void full(void **state)
{
    char out[VSCANIF_MAX_TEXT + 1], line[VSCANIF_MAX_TEXT];
    struct text text = answer_begin(9, out);

    (void)state;
    memset(line, 'x', sizeof(line));
    line[VSCANIF_MAX_TEXT - 33] = 0;
    assert_true(answer_line(&text, line));
    traffic_answer(&traffic, "pages-granted", &text);
    assert_true(strlen(out) <= VSCANIF_MAX_TEXT);
    assert_non_null(strstr(out, "\nrequests-granted 1\n"));
    assert_null(strstr(out, "requests-pool"));
    assert_non_null(strstr(out, "\nstreams 3"));
    assert_null(strstr(out, "pieces"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines), cmocka_unit_test(full),
    };

    return cmocka_run_group_tests_name("traffic", tests, NULL, NULL);
}
