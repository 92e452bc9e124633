/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-item.c - tests of xen-guest-front/item.c: the text of an item. */
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

#include "item.h"

#define ZEROS   "00000000000000000000000000000000" \
                "00000000000000000000000000000000"

static void sample(struct item *item)
{
    struct xattr xattr = { "user.a b%\n", "\0\1\xff=", 4 };

    item_init(item);
    strcpy(item->id, "0123456789abcdef");
    strcpy(item->path, "/tmp/a b%25\n\xff\"\\x");
    item->uid = 1000;
    item->gid = UINT32_MAX - 1;
    item->mode = 06755;
    item->atime = (struct timespec){ -5, 1 };
    item->mtime = (struct timespec){ 1700000000, 999999999 };
    item->size = 68;
    item->nlink = 3;
    strcpy(item->sha256, ZEROS);
    strcpy(item->detection, "Eicar");
    item->time = 1700000001;
    item->pid = 4711;
    item->by_uid = (uid_t)-1;
    strcpy(item->exe, "/bin/cat");
    strcpy(item->event, "open");
    assert_int_equal(xattrs_add(&item->xattrs, &xattr), 0);
    xattr = (struct xattr){ "trusted.empty", "", 0 };
    assert_int_equal(xattrs_add(&item->xattrs, &xattr), 0);
}

static void assert_same(const struct item *a, const struct item *b)
{
    assert_string_equal(a->id, b->id);
    assert_string_equal(a->path, b->path);
    assert_int_equal(a->uid, b->uid);
    assert_int_equal(a->gid, b->gid);
    assert_int_equal(a->mode, b->mode);
    assert_int_equal(a->atime.tv_sec, b->atime.tv_sec);
    assert_int_equal(a->atime.tv_nsec, b->atime.tv_nsec);
    assert_int_equal(a->mtime.tv_sec, b->mtime.tv_sec);
    assert_int_equal(a->mtime.tv_nsec, b->mtime.tv_nsec);
    assert_int_equal(a->size, b->size);
    assert_int_equal(a->nlink, b->nlink);
    assert_string_equal(a->sha256, b->sha256);
    assert_string_equal(a->detection, b->detection);
    assert_int_equal(a->time, b->time);
    assert_int_equal(a->pid, b->pid);
    assert_int_equal(a->by_uid, b->by_uid);
    assert_string_equal(a->exe, b->exe);
    assert_string_equal(a->event, b->event);
    assert_int_equal(a->xattrs.used, b->xattrs.used);
    assert_memory_equal(a->xattrs.octets, b->xattrs.octets, a->xattrs.used);
}

static int parse(const char *text, size_t len)
{
    struct item item;
    int rc;

    item_init(&item);
    rc = item_parse(text, len, &item);
    item_dispose(&item);
    return rc;
}

static void comes_back(void **state)
{
    struct item item, back;
    char *text;
    size_t len;

    (void)state;
    sample(&item);
    item_init(&back);
    assert_int_equal(item_format(&item, &text, &len), 0);
    assert_int_equal(strlen(text), len);
    assert_non_null(strstr(text, "\npath: /tmp/a%20b%2525%0a%ff\"\\x\n"));
    assert_non_null(strstr(text, "\nmode: 6755\natime: -5.000000001\n"));
    assert_ptr_equal(strstr(text, "\n\n"), text + len - 2);
    assert_int_equal(item_parse(text, len, &back), 0);
    assert_same(&item, &back);
    free(text);
    item_dispose(&back);
    item_dispose(&item);
}

static void longest_values(void **state)
{
    struct item item, back;
    char *value = malloc(XATTRS_MAX_OCTETS), *text;
    struct xattr xattr = { "user.v", value, 0 };
    size_t len;

    (void)state;
    sample(&item);
    item_init(&back);
    memset(item.path, '\n', PATH_MAX - 1);
    memset(item.exe, '%', PATH_MAX - 1);
    item.mode = 0;
    memset(item.detection, ' ', sizeof(item.detection) - 1);
    memset(value, 0, XATTRS_MAX_OCTETS);
    xattr.size = XATTRS_MAX_OCTETS - item.xattrs.used -
                 sizeof("user.v") - sizeof(uint32_t);
    assert_int_equal(xattrs_add(&item.xattrs, &xattr), 0);
    assert_int_equal(item_format(&item, &text, &len), 0);
    assert_true(len < ITEM_MAX_TEXT);
    assert_int_equal(item_parse(text, len, &back), 0);
    assert_same(&item, &back);
    free(text);
    free(value);
    item_dispose(&back);
    item_dispose(&item);
}

/* Every part of a text that is not all of it, and each with an octet more. */
static void damaged(void **state)
{
    struct item item;
    char *text, *copy;
    size_t len;

    (void)state;
    sample(&item);
    assert_int_equal(item_format(&item, &text, &len), 0);
    for (size_t n = 0; n < len; n++)
        assert_int_equal(parse(text, n), -EBADMSG);
    copy = malloc(len + 1);
    for (size_t n = 0; n <= len; n++) {
        static const char bad[] = { '\n', 0, ' ', '\x80' };

        for (size_t i = 0; i < sizeof(bad); i++) {
            memcpy(copy, text, n);
            copy[n] = bad[i];
            memcpy(copy + n + 1, text + n, len - n);
            assert_int_equal(parse(copy, len + 1), -EBADMSG);
        }
    }
    free(copy);
    free(text);
    item_dispose(&item);
}

/* The sample with one line replaced. */
static int parse_with(const char *line, const char *other)
{
    struct item item;
    char *text, *at, *changed;
    size_t len;
    int rc;

    sample(&item);
    assert_int_equal(item_format(&item, &text, &len), 0);
    at = strstr(text, line);
    assert_non_null(at);
    *at = 0;
    assert_true(asprintf(&changed, "%s%s%s", text, other,
                         at + strlen(line)) > 0);
    rc = parse(changed, strlen(changed));
    free(changed);
    free(text);
    item_dispose(&item);
    return rc;
}

static void bad_values(void **state)
{
    static const struct { const char *line, *other; } rows[] = {
        { "quarantine 1\n", "quarantine 2\n" },
        { "id: 0123456789abcdef", "id: 0123456789abcdeF" },
        { "id: 0123456789abcdef", "id: ../456789abcdef" },
        { "id: 0123456789abcdef", "id: 0123456789abcdef0" },
        { "uid: 1000\n", "uid: 4294967296\n" },
        { "uid: 1000\n", "uid: -1\n" },
        { "mode: 6755", "mode: 675" },
        { "mode: 6755", "mode: 06755" },
        { "mode: 6755", "mode: 6758" },
        { "atime: -5.", "atime: --5." },
        { "atime: -5.000000001", "atime: -5.00000001" },
        { "atime: -5.000000001", "atime: -5.0000000010" },
        { "atime: -5.000000001", "atime: -5" },
        { "size: 68", "size: 9223372036854775808" },
        { "size: 68", "size: 0x44" },
        { "sha256: 0", "sha256: g" },
        { "sha256: 0", "sha256: " },
        { "path: /", "path: %00/" },
        { "path: /", "path: %2" },
        { "path: /", "path: %2G" },
        { "path: /", "path:  /" },
        { "exe: /bin/cat\n", "" },
        { "exe: /bin/cat\n", "exe: /bin/cat\nexe: /bin/cat\n" },
        { "event: open\n", "event: sixteen-octets-1\n" },
        { "xattr: trusted.empty ", "xattr: trusted.empty" },
        { "xattr: trusted.empty ", "xattr:  " },
        { "xattr: trusted.empty ", "other: trusted.empty " },
    };

    (void)state;
    assert_int_equal(parse_with("event: open\n", "event: fifteen-octets1\n"),
                     0);
    assert_int_equal(parse_with("size: 68", "size: 9223372036854775807"), 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (parse_with(rows[i].line, rows[i].other) != -EBADMSG)
            fail_msg("taken: %s", rows[i].other);
}

static void too_many_attributes(void **state)
{
    static char line[XATTRS_MAX_OCTETS + 64];

    (void)state;
    memset(line, 'v', sizeof(line) - 2);
    memcpy(line, "xattr: user.v ", 14);
    line[sizeof(line) - 2] = '\n';
    assert_int_equal(parse_with("xattr: trusted.empty \n", line), -EBADMSG);
}

static void ids(void **state)
{
    static const char *const bad[] = {
        "", "0", "0123456789abcde", "0123456789abcdef0", "0123456789ABCDEF",
        "../../../etc/pass", "0123456789abcde/", "0123456789abcde\n", "..",
    };

    (void)state;
    assert_true(item_id_ok("0123456789abcdef"));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(item_id_ok(bad[i]));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back), cmocka_unit_test(longest_values),
        cmocka_unit_test(damaged), cmocka_unit_test(bad_values),
        cmocka_unit_test(too_many_attributes), cmocka_unit_test(ids),
    };

    return cmocka_run_group_tests_name("item", tests, NULL, NULL);
}
