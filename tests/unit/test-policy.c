/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-policy.c - what a policy may say,
 and what it says when it may not: every
 * key by example and at its edges.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "policies.h"
#include "policy.h"
#include "vscanif.h"

#define DEFAULT_TEXT "mode=enforce fail=open timeout-ms=30000 read=no " \
                     "close-write=yes notify=yes remedy=deny scan=snapshot " \
                     "engines=all history=yes transport=auto max-file-mib=100 pool-pages=512"

static void refuse(const char *text, const char *expected_why)
{
    struct policy policy, before;
    char why[160] = "";

    memset(&policy, 0xa5, sizeof(policy));
    memset(&before, 0xa5, sizeof(before));
    assert_int_equal(policy_parse(text, &policy, why, sizeof(why)), -EINVAL);
    assert_string_equal(why, expected_why);
    assert_memory_equal(&policy, &before, sizeof(policy));
}

/* The canonical form of @text. */
static void becomes(const char *text, const char *expected)
{
    struct policy policy = parse_policy(text);
    char out[POLICY_TEXT_SIZE];

    assert_ptr_equal(policy_format(&policy, out, sizeof(out)), out);
    assert_string_equal(out, expected);
}

static void expect(const char *text, bool fail_closed, uint32_t timeout_ms)
{
    struct policy policy = parse_policy(text);

    assert_int_equal(policy.fail_closed, fail_closed);
    assert_int_equal(policy.timeout_ms, timeout_ms);
    for (unsigned int i = 0; i < REASON_END; i++)
        assert_int_equal(policy.deny[i], fail_closed);
}

static void defaults(void **state)
{
    static const struct policy zeroed;
    struct policy policy = policy_default();
    char text[VSCANIF_MAX_NODE + 1];

    (void)state;
    assert_int_equal(policy.mode, MODE_ENFORCE);
    assert_false(policy.fail_closed);
    assert_false(policy.read_events);
    assert_true(policy.close_write);
    assert_true(policy.notify);
    assert_int_equal(policy.remedy, REMEDY_DENY);
    assert_int_equal(policy.scan, SCAN_SNAPSHOT);
    assert_true(policy.history);
    assert_int_equal(policy.timeout_ms, 30000);
    for (unsigned int i = 0; i < POLICY_NR_LISTS; i++) {
        assert_null(policy_word(&policy, i, NULL));
        assert_null(policy_word(&zeroed, i, NULL));
    }
    policy_format(&policy, text, sizeof(text));
    assert_string_equal(text, DEFAULT_TEXT);
    expect("", false, VSCANIF_DEFAULT_TIMEOUT_MS);
    becomes("", DEFAULT_TEXT);
    becomes(DEFAULT_TEXT, DEFAULT_TEXT);
}

static void fail_and_timeout(void **state)
{
    (void)state;
    expect("fail=open", false, 30000);
    expect("fail=closed", true, 30000);
    expect("timeout-ms=5000", false, 5000);
    expect("fail=closed timeout-ms=5000", true, 5000);
    expect("timeout-ms=5000 fail=closed", true, 5000);
    expect("timeout-ms=100", false, VSCANIF_MIN_TIMEOUT_MS);
    expect("timeout-ms=600000", false, VSCANIF_MAX_TIMEOUT_MS);
    refuse("timeout-ms=99", "policy: bad value: \"timeout-ms=99\"");
    refuse("timeout-ms=600001", "policy: bad value: \"timeout-ms=600001\"");
    refuse("timeout-ms=0", "policy: bad value: \"timeout-ms=0\"");
    refuse("timeout-ms=4294967396", "policy: bad value: "
           "\"timeout-ms=4294967396\"");
    refuse("timeout-ms=0100", "policy: bad value: \"timeout-ms=0100\"");
    refuse("timeout-ms=+100", "policy: bad value: \"timeout-ms=+100\"");
    refuse("timeout-ms=", "policy: bad value: \"timeout-ms=\"");
    refuse("fail=", "policy: bad value: \"fail=\"");
    refuse("fail=Open", "policy: bad value: \"fail=Open\"");
    refuse("fail=openx", "policy: bad value: \"fail=openx\"");
    refuse("fail=open=closed", "policy: bad value: \"fail=open=closed\"");
}

static void modes(void **state)
{
    (void)state;
    assert_int_equal(parse_policy("").mode, MODE_ENFORCE);
    assert_int_equal(parse_policy("mode=enforce").mode, MODE_ENFORCE);
    assert_int_equal(parse_policy("mode=monitor").mode, MODE_MONITOR);
    assert_int_equal(parse_policy("mode=off").mode, MODE_OFF);
    becomes("read=yes mode=monitor fail=closed",
            "mode=monitor fail=closed timeout-ms=30000 read=yes "
            "close-write=yes notify=yes remedy=deny scan=snapshot "
            "engines=all history=yes transport=auto max-file-mib=100 pool-pages=512");
    becomes("mode=off",
            "mode=off fail=open timeout-ms=30000 read=no close-write=yes "
            "notify=yes remedy=deny scan=snapshot engines=all history=yes transport=auto "
            "max-file-mib=100 pool-pages=512");
    refuse("mode=", "policy: bad value: \"mode=\"");
    refuse("mode=on", "policy: bad value: \"mode=on\"");
    refuse("mode=Off", "policy: bad value: \"mode=Off\"");
    refuse("mode=off mode=off", "policy: key given twice: \"mode\"");
}

static void switches(void **state)
{
    (void)state;
    assert_true(parse_policy("read=yes").read_events);
    assert_false(parse_policy("read=no").read_events);
    assert_true(parse_policy("close-write=yes").close_write);
    assert_false(parse_policy("close-write=no").close_write);
    assert_true(parse_policy("notify=yes").notify);
    assert_false(parse_policy("notify=no").notify);
    assert_int_equal(parse_policy("remedy=deny").remedy, REMEDY_DENY);
    assert_int_equal(parse_policy("remedy=quarantine").remedy,
                     REMEDY_QUARANTINE);
    assert_int_equal(parse_policy("remedy=delete").remedy, REMEDY_DELETE);
    assert_int_equal(parse_policy("scan=snapshot").scan, SCAN_SNAPSHOT);
    assert_int_equal(parse_policy("scan=in-place").scan, SCAN_IN_PLACE);
    refuse("read=1", "policy: bad value: \"read=1\"");
    refuse("close-write=", "policy: bad value: \"close-write=\"");
    refuse("notify=YES", "policy: bad value: \"notify=YES\"");
    refuse("remedy=clean", "policy: bad value: \"remedy=clean\"");
    refuse("scan=inplace", "policy: bad value: \"scan=inplace\"");
    refuse("scan=", "policy: bad value: \"scan=\"");
    assert_true(parse_policy("history=yes").history);
    assert_false(parse_policy("history=no").history);
    refuse("history=", "policy: bad value: \"history=\"");
}

/* Each reason alone, against either preset, on either side of it. */
static void each_reason(void **state)
{
    char text[128];

    (void)state;
    for (unsigned int i = 1; i < REASON_END; i++) {
        if (!reason_exists(i))
            continue;
        for (unsigned int n = 0; n < 8; n++) {
            bool closed = n & 1, deny = n & 2, first = n & 4;
            struct policy policy;

            snprintf(text, sizeof(text), "%s%s=%s%s",
                     first ? "" : closed ? "fail=closed " : "fail=open ",
                     deny ? "deny" : "allow", reason_text(i),
                     !first ? "" : closed ? " fail=closed" : " fail=open");
            policy = parse_policy(text);
            assert_int_equal(policy.fail_closed, closed);
            for (unsigned int j = 0; j < REASON_END; j++)
                assert_int_equal(policy.deny[j], i == j ? deny : closed);
        }
    }
}

static void transports(void **state)
{
    struct policy policy = parse_policy("");

    (void)state;
    assert_int_equal(policy.transport, TRANSPORT_AUTO);
    assert_int_equal(policy.pool_pages, VSCANIF_DEFAULT_POOL_PAGES);
    policy = parse_policy("transport=pool pool-pages=4096");
    assert_int_equal(policy.transport, TRANSPORT_POOL);
    assert_int_equal(policy.pool_pages, VSCANIF_MAX_POOL_PAGES);
    policy = parse_policy("transport=per-request pool-pages=1");
    assert_int_equal(policy.transport, TRANSPORT_PER_REQUEST);
    assert_int_equal(policy.pool_pages, 1);
    assert_int_equal(parse_policy("transport=stream").transport,
                     TRANSPORT_STREAM);
    assert_int_equal(parse_policy("transport=pages").transport,
                     TRANSPORT_PAGES);
    refuse("transport=page", "policy: bad value: \"transport=page\"");
    assert_int_equal(parse_policy("").max_file_mib, VSCANIF_DEFAULT_FILE_MIB);
    assert_int_equal(parse_policy("max-file-mib=2047").max_file_mib, 2047);
    refuse("max-file-mib=0", "policy: bad value: \"max-file-mib=0\"");
    refuse("max-file-mib=2048", "policy: bad value: \"max-file-mib=2048\"");
    refuse("pool-pages=0", "policy: bad value: \"pool-pages=0\"");
    refuse("pool-pages=4097", "policy: bad value: \"pool-pages=4097\"");
    refuse("pool-pages=", "policy: bad value: \"pool-pages=\"");
}

static void reasons(void **state)
{
    (void)state;
    becomes("deny=deadline,back-died",
            "mode=enforce fail=open deny=deadline,back-died "
            "timeout-ms=30000 read=no close-write=yes notify=yes "
            "remedy=deny scan=snapshot engines=all history=yes "
            "transport=auto max-file-mib=100 pool-pages=512");
    becomes("allow=back-died,too-large deny=deadline fail=closed",
            "mode=enforce fail=closed allow=too-large,back-died "
            "timeout-ms=30000 read=no close-write=yes notify=yes "
            "remedy=deny scan=snapshot engines=all history=yes "
            "transport=auto max-file-mib=100 pool-pages=512");
    becomes("allow=deadline", DEFAULT_TEXT);
    refuse("deny=none", "policy: unknown reason: \"deny=none\"");
    refuse("allow=none", "policy: unknown reason: \"allow=none\"");
    refuse("deny=", "policy: unknown reason: \"deny=\"");
    refuse("deny=deadline,", "policy: unknown reason: \"deny=\"");
    refuse("deny=unknown", "policy: unknown reason: \"deny=unknown\"");
    refuse("allow=limits,Limits", "policy: unknown reason: \"allow=Limits\"");
    refuse("allow=limits,changed,limits",
           "policy: reason given twice: \"allow=limits\"");
    refuse("deny=limits,limits",
           "policy: reason given twice: \"deny=limits\"");
    refuse("allow=limits deny=changed,limits",
           "policy: reason both allowed and denied: \"deny=limits\"");
    refuse("deny=limits allow=limits",
           "policy: reason both allowed and denied: \"allow=limits\"");
    refuse("allow=limits allow=changed", "policy: key given twice: \"allow\"");
}

/* @words: what the list must be, one NUL after each, one after the last. */
static void has_words(const struct policy *policy, enum policy_list list,
                      const char *words)
{
    const char *word = NULL;

    while ((word = policy_word(policy, list, word))) {
        assert_string_equal(word, words);
        words += strlen(words) + 1;
    }
    assert_int_equal(*words, 0);
}

static void list_of(const char *text, enum policy_list list, const char *words)
{
    struct policy policy = parse_policy(text);

    for (unsigned int i = 0; i < POLICY_NR_LISTS; i++)
        has_words(&policy, i, i == list ? words : "");
}

static void lists_are_read(void **state)
{
    struct policy policy;

    (void)state;
    list_of("exclude-path=/", POLICY_EXCLUDE_PATH, "/\0");
    list_of("exclude-path=/srv/,/home/*/tmp,/a%20b%2c%25,%2fc",
            POLICY_EXCLUDE_PATH, "/srv/\0/home/*/tmp\0/a b,%\0/c\0");
    list_of("exclude-fs=tmpfs,fuse.s%3afs", POLICY_EXCLUDE_FS,
            "tmpfs\0fuse.s:fs\0");
    list_of("exclude-exe=/usr/bin/git", POLICY_EXCLUDE_EXE, "/usr/bin/git\0");
    list_of("exclude-uid=0,1000,4294967294", POLICY_EXCLUDE_UID,
            "0\0" "1000\0" "4294967294\0");
    list_of("run=/usr/local/sbin/a%20b", POLICY_RUN, "/usr/local/sbin/a b\0");
    /* All of them, in another order than their numbers. */
    policy = parse_policy("exclude-uid=7 run=/r exclude-exe=/e,/f "
                          "exclude-fs=x "
                          "exclude-path=/p,/q");
    has_words(&policy, POLICY_EXCLUDE_UID, "7\0");
    has_words(&policy, POLICY_RUN, "/r\0");
    has_words(&policy, POLICY_EXCLUDE_EXE, "/e\0/f\0");
    has_words(&policy, POLICY_EXCLUDE_FS, "x\0");
    has_words(&policy, POLICY_EXCLUDE_PATH, "/p\0/q\0");
    becomes("exclude-uid=7 run=/r exclude-exe=/%65,/f exclude-fs=x "
            "exclude-path=/%2C%7F\x01,/%c3%BC",
            DEFAULT_TEXT " run=/r exclude-path=/%2c%7f%01,/\xc3\xbc "
            "exclude-fs=x exclude-exe=/e,/f exclude-uid=7");
}

static void bad_lists(void **state)
{
    char text[64];

    (void)state;
    for (unsigned int i = 0; i < POLICY_NR_LISTS; i++) {
        char why[128];

        snprintf(text, sizeof(text), "%s=", list_names[i]);
        snprintf(why, sizeof(why), "policy: empty word: \"%s=\"",
                 list_names[i]);
        refuse(text, why);
        snprintf(text, sizeof(text), "%s=/a%%00", list_names[i]);
        snprintf(why, sizeof(why), "policy: %%00 in a word: \"%s=/a%%00\"",
                 list_names[i]);
        refuse(text, why);
    }
    refuse("exclude-path=/a,,/b", "policy: empty word: \"exclude-path=\"");
    refuse("exclude-path=/a,", "policy: empty word: \"exclude-path=\"");
    refuse("exclude-fs=,a", "policy: empty word: \"exclude-fs=\"");
    refuse("exclude-path=/a,srv",
           "policy: no absolute path: \"exclude-path=srv\"");
    refuse("exclude-exe=git", "policy: no absolute path: \"exclude-exe=git\"");
    refuse("run=a", "policy: no absolute path: \"run=a\"");
    refuse("run=/a,/b", "policy: one word too many: \"run=/b\"");
    refuse("exclude-fs=%2",
           "policy: percent without two hex digits: \"exclude-fs=%2\"");
    refuse("exclude-fs=a\"\xff%zz", "policy: percent without two hex digits: "
           "\"exclude-fs=a\\x22\\xff%zz\"");
    refuse("exclude-uid=4294967295",
           "policy: no uid: \"exclude-uid=4294967295\"");
    refuse("exclude-uid=4294967296",
           "policy: no uid: \"exclude-uid=4294967296\"");
    refuse("exclude-uid=1,-1", "policy: no uid: \"exclude-uid=-1\"");
    refuse("exclude-uid=01", "policy: no uid: \"exclude-uid=01\"");
    refuse("exclude-uid=root", "policy: no uid: \"exclude-uid=root\"");
}

static void engines(void **state)
{
    (void)state;
    becomes("engines=all", DEFAULT_TEXT);
    list_of("engines=all", POLICY_ENGINES, "");
    list_of("engines=clamav", POLICY_ENGINES, "clamav\0");
    list_of("engines=yara,clamav", POLICY_ENGINES, "yara\0clamav\0");
    list_of("engines=allx,al,%61", POLICY_ENGINES, "allx\0" "al\0" "a\0");
    becomes("history=no engines=yara,x2",
            "mode=enforce fail=open timeout-ms=30000 read=no close-write=yes "
            "notify=yes remedy=deny scan=snapshot engines=yara,x2 history=no "
            "transport=auto max-file-mib=100 pool-pages=512");
    list_of("engines=abcdefghijklmnop", POLICY_ENGINES, "abcdefghijklmnop\0");
    refuse("engines=abcdefghijklmnopq",
           "policy: no engine's name: \"engines=abcdefghijklmnopq\"");
    list_of("engines=a,b,c,d,e,f,g,h", POLICY_ENGINES,
            "a\0b\0c\0d\0e\0f\0g\0h\0");
    refuse("engines=a,b,c,d,e,f,g,h,i",
           "policy: one word too many: \"engines=i\"");
    refuse("engines=all,clamav", "policy: no engine's name: \"engines=all\"");
    refuse("engines=clamav,all", "policy: no engine's name: \"engines=all\"");
    refuse("engines=ALL", "policy: no engine's name: \"engines=ALL\"");
    refuse("engines=clam-av", "policy: no engine's name: \"engines=clam-av\"");
    refuse("engines=a%0a", "policy: no engine's name: \"engines=a%0a\"");
    refuse("engines=a,b,a", "policy: engine given twice: \"engines=a\"");
    refuse("engines=a,%61", "policy: engine given twice: \"engines=a\"");
    refuse("engines=a,", "policy: empty word: \"engines=\"");
}

static void words_are_decoded(void **state)
{
    (void)state;
    refuse("speed=high", "policy: unknown key: \"speed\"");
    refuse("Fail=open", "policy: unknown key: \"Fail\"");
    refuse("=open", "policy: unknown key: \"\"");
    refuse("fail", "policy: not KEY=VALUE: \"fail\"");
    refuse("fail=open fail=open", "policy: key given twice: \"fail\"");
    refuse("fail=open timeout-ms=100 fail=closed",
           "policy: key given twice: \"fail\"");
    /* The good words before a bad one change nothing either. */
    refuse("fail=open x=1", "policy: unknown key: \"x\"");
}

static void blanks(void **state)
{
    static const char *const texts[] = {
        " ", "  ", " fail=open", "fail=open ", "fail=open  timeout-ms=100",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        refuse(texts[i], "policy: not KEY=VALUE: \"\"");
    refuse("fail=open\ttimeout-ms=100", "policy: bad value: "
           "\"fail=open\\x09timeout-ms=100\"");
    refuse("fail=open\n", "policy: bad value: \"fail=open\\x0a\"");
}

static void length_is_bounded(void **state)
{
    static char text[VSCANIF_MAX_NODE + 2];
    struct policy policy;
    char why[128];

    (void)state;
    memset(text, 'x', VSCANIF_MAX_NODE);
    assert_int_equal(policy_parse(text, &policy, why, sizeof(why)), -EINVAL);
    assert_memory_equal(why, "policy: not KEY=VALUE: \"xxx", 26);
    text[VSCANIF_MAX_NODE] = 'x';
    refuse(text, "policy: longer than a node: \"\"");
}

/* run=: 255 octets when decoded, however they are written. */
static void run_edges(void **state)
{
    char text[4 + 3 * 257], path[258] = "/";
    struct policy policy;

    (void)state;
    memset(path + 1, 'p', 254);
    snprintf(text, sizeof(text), "run=%s", path);
    policy = parse_policy(text);
    assert_string_equal(policy_word(&policy, POLICY_RUN, NULL), path);
    strcpy(text, "run=/");
    for (unsigned int i = 0; i < 254; i++)
        strcat(text, "%70");
    policy = parse_policy(text);
    assert_string_equal(policy_word(&policy, POLICY_RUN, NULL), path);
    strcat(text, "q");
    assert_int_equal(policy_parse(text, &policy, path, sizeof(path)), -EINVAL);
    assert_memory_equal(path, "policy: path too long: \"run=/%70", 32);
}

/* A node full of the list's shortest words, and of one word. */
static void full_node(void **state)
{
    static const char *const starts[] = {
        "exclude-fs=", "run=/x exclude-exe=/x exclude-path=/x exclude-uid=1 "
        "exclude-fs=",
    };

    (void)state;
    for (unsigned int n = 0; n < 4; n++) {
        char text[VSCANIF_MAX_NODE + 2], out[VSCANIF_MAX_NODE + 1];
        size_t start = strlen(starts[n / 2]), count = 0, octets = 0;
        struct policy policy;
        const char *word = NULL;

        strcpy(text, starts[n / 2]);
        for (size_t i = start; i < VSCANIF_MAX_NODE; i++)
            text[i] = (n & 1) && (i - start) % 2 ? ',' : 'w';
        text[VSCANIF_MAX_NODE - 1] = 'w';
        text[VSCANIF_MAX_NODE] = 0;
        policy = parse_policy(text);
        while ((word = policy_word(&policy, POLICY_EXCLUDE_FS, word))) {
            count++;
            octets += strlen(word);
        }
        assert_int_equal(octets + count - 1, VSCANIF_MAX_NODE - start);
        assert_int_equal(count > 900, n & 1);
        assert_int_equal(policy.lists[sizeof(policy.lists) - 1], 0);
        /* With all keys named it does not fit any more. */
        assert_null(policy_format(&policy, out, sizeof(out)));
        text[VSCANIF_MAX_NODE] = 'w';
        text[VSCANIF_MAX_NODE + 1] = 0;
        refuse(text, "policy: longer than a node: \"\"");
    }
}

/* policy_format() at the edge of its room. */
static void format_is_bounded(void **state)
{
    struct policy policy = parse_policy("exclude-fs=a%20b");
    char wanted[256], out[256];
    size_t len;

    (void)state;
    assert_non_null(policy_format(&policy, wanted, sizeof(wanted)));
    assert_string_equal(wanted, DEFAULT_TEXT " exclude-fs=a%20b");
    len = strlen(wanted);
    memset(out, '#', sizeof(out));
    assert_null(policy_format(&policy, out, len));
    assert_int_equal(out[len], '#');
    assert_ptr_equal(policy_format(&policy, out, len + 1), out);
    assert_string_equal(out, wanted);
    assert_int_equal(out[len + 1], '#');
}

/* As it may come from another process. */
static void broken_lists(void **state)
{
    static struct policy policy;

    (void)state;
    policy.list_at[POLICY_RUN] = sizeof(policy.lists);
    assert_null(policy_word(&policy, POLICY_RUN, NULL));
    policy.list_at[POLICY_RUN] = UINT16_MAX;
    assert_null(policy_word(&policy, POLICY_RUN, NULL));
    memset(policy.lists, 'x', sizeof(policy.lists));
    policy.list_at[POLICY_RUN] = sizeof(policy.lists) - 1;
    assert_null(policy_word(&policy, POLICY_RUN, NULL));
    policy.list_at[POLICY_RUN] = 0;
    assert_null(policy_word(&policy, POLICY_RUN, NULL));
    /* A word, and the list does not end. */
    policy.lists[sizeof(policy.lists) - 1] = 0;
    policy.list_at[POLICY_RUN] = sizeof(policy.lists) - 2;
    assert_string_equal(policy_word(&policy, POLICY_RUN, NULL), "x");
    assert_null(policy_word(&policy, POLICY_RUN,
                            policy_word(&policy, POLICY_RUN, NULL)));
}

static void why_is_cut(void **state)
{
    struct policy policy;
    char why[12];

    (void)state;
    memset(why, '#', sizeof(why));
    assert_int_equal(policy_parse("nonsense", &policy, why, 8), -EINVAL);
    assert_string_equal(why, "policy:");
    assert_int_equal(why[8], '#');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults), cmocka_unit_test(fail_and_timeout),
        cmocka_unit_test(modes), cmocka_unit_test(switches),
        cmocka_unit_test(each_reason),
        cmocka_unit_test(transports),
        cmocka_unit_test(reasons), cmocka_unit_test(lists_are_read),
        cmocka_unit_test(bad_lists), cmocka_unit_test(engines),
        cmocka_unit_test(words_are_decoded),
        cmocka_unit_test(blanks), cmocka_unit_test(length_is_bounded),
        cmocka_unit_test(run_edges), cmocka_unit_test(full_node),
        cmocka_unit_test(format_is_bounded), cmocka_unit_test(broken_lists),
        cmocka_unit_test(why_is_cut),
    };

    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
