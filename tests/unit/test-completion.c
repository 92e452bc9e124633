/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-completion.c - what bash offers for vscanctl: no command and no key of a
 * policy is missing.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy.h"
#include "response.h"

/* As xl list prints it: a name may hold anything. */
#define COLUMNS(id) " " id "  1024     2     -b----      31.4\n"
#define XL_LIST \
    "Name                                        ID   Mem VCPUs\tState\t" \
    "Time(s)\n" \
    "Domain-0                                " COLUMNS("    0") \
    "web                                     " COLUMNS("    5") \
    "$(echo${IFS}ran1)                       " COLUMNS("    6") \
    "`echo${IFS}ran2`                        " COLUMNS("    7") \
    "mail server 2                           " COLUMNS("    8") \
    "a-name-that-is-longer-than-its-column-is-wide" COLUMNS("9") \
    "*                                       " COLUMNS("   10")

/* Plays xl, and says what is offered at the end of the words in $@. */
#define SCRIPT \
    ". tools/vscanctl/vscanctl.bash-completion\n" \
    "xl() { cat <<'END'\n" XL_LIST "END\n}\n" \
    "COMP_WORDS=(vscanctl \"$@\") COMP_CWORD=$#\n" \
    "_vscanctl\necho \" ${COMPREPLY[*]} \"\n"

static char said[4096];

static const char *offered(const char *words)
{
    char command[2048];
    size_t len;
    FILE *bash;

    snprintf(command, sizeof(command), "bash -c '%s' bash %s",
             "eval \"$SCRIPT\"", words);
    setenv("SCRIPT", SCRIPT, 1);
    bash = popen(command, "r");
    assert_non_null(bash);
    len = fread(said, 1, sizeof(said) - 1, bash);
    said[len] = 0;
    assert_int_equal(pclose(bash), 0);
    return said;
}

static void words_at_their_place(void **state)
{
    (void)state;
    assert_string_equal(offered("po"), " policy \n");
    assert_string_equal(offered("policy s"), " show set \n");
    assert_string_equal(offered("policy set w"), " web \n");
    assert_string_equal(offered("policy set web unp"), " unprotected-s= \n");
    assert_string_equal(offered("attach web --backend D"), " Domain-0 \n");
    assert_string_equal(offered("move w"), " web \n");
    assert_string_equal(offered("move web --"), " --backend --wait --json \n");
    assert_string_equal(offered("move --json w"), " web \n");
    assert_string_equal(offered("move web --backend w"), " web \n");
    assert_string_equal(offered("release -"), " --json \n");
    assert_string_equal(offered("act -"), " --json \n");
    assert_string_equal(offered("act --json w"), " web \n");
    assert_string_equal(offered("act --json web p"), " pause \n");
    assert_string_equal(offered("policy show --"), " --json \n");
    assert_string_equal(offered("policy show --json def"), " default \n");
    assert_string_equal(offered("policy check --"), " --json \n");
    assert_string_equal(offered("policy load --"), " --json \n");
    assert_string_equal(offered("policy load --json d"), " default \n");
    assert_string_equal(offered("act web p"), " pause \n");
    assert_string_equal(offered("incidents --"), " --follow --json \n");
    assert_string_equal(offered("policy load def"), " default \n");
    assert_string_equal(offered("list x"), "  \n");
    assert_string_equal(offered("list -"), " --json \n");
    assert_string_equal(offered("s"), " status show stats selftest \n");
    assert_string_equal(offered("selftest w"), " web \n");
    assert_string_equal(offered("selftest -"), " --json \n");
    assert_string_equal(offered("show --json w"), " web \n");
    assert_string_equal(offered("stats --"), " --json --top \n");
    assert_string_equal(offered("quarantine w"), " web \n");
    assert_string_equal(offered("outbreak -"), " --json \n");
    assert_string_equal(offered("top -"), " -d -b -n --json \n");
}

/* Names are offered quoted, each as one word, and nothing in them is run. */
static void names_are_no_shell(void **state)
{
    (void)state;
    assert_string_equal(offered("detach \"\""),
                        " Domain-0 web \\$\\(echo\\$\\{IFS\\}ran1\\) "
                        "\\`echo\\$\\{IFS\\}ran2\\` mail\\ server\\ 2 "
                        "a-name-that-is-longer-than-its-column-is-wide \\* \n");
    assert_string_equal(offered("show ma"), " mail\\ server\\ 2 \n");
    assert_string_equal(offered("show \"mail\\\\ s\""),
                        " mail\\ server\\ 2 \n");
    assert_string_equal(offered("show \\\\$"),
                        " \\$\\(echo\\$\\{IFS\\}ran1\\) \n");
    assert_string_equal(offered("show \"*\""), " \\* \n");
    assert_string_equal(offered("policy set \"\\$(echo ran)\" unp"),
                        " unprotected-s= \n");
}

/* Each "KEY=" of a text of all keys is offered. */
static void assert_keys(char *text)
{
    char *rest, word[64];

    for (char *at = strtok_r(text, " ", &rest); at;
         at = strtok_r(NULL, " ", &rest)) {
        snprintf(word, sizeof(word), " %.*s= ", (int)strcspn(at, "="), at);
        if (!strstr(said, word))
            fail_msg("%s is not offered", word);
    }
}

static void no_key_is_missing(void **state)
{
    static const char all[] =
        "allow=deadline deny=changed run=/x exclude-path=/x exclude-fs=x "
        "exclude-exe=/x exclude-uid=1";
    char text[POLICY_TEXT_SIZE], own[RESPONSE_TEXT_SIZE], why[256];
    struct response response = response_default();
    struct policy policy;

    (void)state;
    assert_int_equal(policy_parse(all, &policy, why, sizeof(why)), 0);
    offered("attach web \"\"");
    assert_keys(policy_format(&policy, text, sizeof(text)));
    assert_keys(response_format(&response, own));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_at_their_place),
        cmocka_unit_test(names_are_no_shell),
        cmocka_unit_test(no_key_is_missing),
    };

    return cmocka_run_group_tests_name("completion", tests, NULL, NULL);
}
