/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-manual.c - vscan-policy(5) has each key of a policy.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "policy.h"
#include "response.h"

static char page[1 << 17];

static int read_page(void **state)
{
    FILE *file = fopen("tools/vscanctl/vscan-policy.5", "r");
    size_t len = 0;

    (void)state;
    if (!file)
        return -1;
    for (int c, last = 0; (c = getc(file)) != EOF && len + 1 < sizeof(page);
         last = c) {
        /* A dash is written "\-" there. */
        if (last == '\\' && c == '-')
            len--;
        page[len++] = (char)c;
    }
    fclose(file);
    page[len] = 0;
    return 0;
}

/* Is the key the head of a paragraph? */
static void assert_explained(const char *key, size_t len)
{
    char word[64];

    snprintf(word, sizeof(word), "%.*s=", (int)len, key);
    for (const char *at = page; (at = strstr(at, ".TP\n.B")); at++) {
        const char *line = at + strlen(".TP\n");
        const char *found = strstr(line, word);

        if (found && found < line + strcspn(line, "\n") && found[-1] == ' ')
            return;
    }
    fail_msg("%s is not explained", word);
}

static void assert_keys(char *text)
{
    char *rest;

    for (char *at = strtok_r(text, " ", &rest); at;
         at = strtok_r(NULL, " ", &rest))
        assert_explained(at, strcspn(at, "="));
}

static void keys_are_explained(void **state)
{
    static const char all[] =
        "allow=deadline deny=changed run=/x exclude-path=/x exclude-fs=x "
        "exclude-exe=/x exclude-uid=1";
    char text[POLICY_TEXT_SIZE], own[RESPONSE_TEXT_SIZE], why[256];
    struct response response = response_default();
    struct policy policy;

    (void)state;
    assert_int_equal(policy_parse(all, &policy, why, sizeof(why)), 0);
    assert_keys(policy_format(&policy, text, sizeof(text)));
    assert_keys(response_format(&response, own));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_explained),
    };

    return cmocka_run_group_tests_name("manual", tests, read_page, NULL);
}
