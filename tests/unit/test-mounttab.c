/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-mounttab.c - tests of xen-guest-front/mounttab.c with made-up files. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "mounttab.h"

static struct mounttab tab;
static FILE *file;

static int begin(void **state)
{
    (void)state;
    mounttab_init(&tab);
    file = fdopen(memfd_create("mountinfo", MFD_CLOEXEC), "w+");
    return file ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    mounttab_dispose(&tab);
    mounttab_dispose(&tab);
    return fclose(file);
}

static int read_it(void)
{
    fflush(file);
    lseek(fileno(file), 0, SEEK_SET);
    return mounttab_read(&tab, fileno(file));
}

static const struct mount *get(uint64_t id)
{
    const struct mount *mount = mounttab_find(&tab, id);

    assert_non_null(mount);
    assert_int_equal(mount->info.id, id);
    return mount;
}

static void a_table(void **state)
{
    (void)state;
    fputs("27 1 254:0 / / rw - ext4 /dev/vda rw\n"
          "22 27 0:21 / /proc rw - proc proc rw\n"
          "40 27 0:50 / /net rw - nfs4 host:/ rw\n"
          "41 40 0:51 / /net/a rw - tmpfs x rw\n"
          "42 41 0:52 / /net/a rw - tmpfs x rw\n"
          "43 27 0:53 / /home/u/m rw - fuse.sshfs x rw\n"
          "44 43 0:54 / /home/u/m/b\\040c rw - tmpfs x rw\n"
          "45 27 0:55 / /mnt rw - autofs x rw\n"
          "46 45 8:1 / /mnt rw - vfat x rw\n", file);
    assert_int_equal(read_it(), 0);
    assert_int_equal(tab.nr, 9);
    assert_int_equal(tab.left_out, 0);
    assert_int_equal(tab.mount[1].info.id, 22);
    assert_int_equal(get(22)->class, FS_PSEUDO);
    assert_int_equal(get(40)->class, FS_REMOTE);
    assert_non_null(get(40)->reason);
    assert_string_equal(get(44)->info.point, "/home/u/m/b c");
    assert_string_equal(get(43)->info.type, "fuse.sshfs");
    assert_null(mounttab_find(&tab, 1));
    assert_null(mounttab_find(&tab, 47));

    assert_true(get(41)->covered_up);
    assert_true(get(45)->covered_up);
    assert_false(get(40)->covered_up);
    assert_false(get(42)->covered_up);

    assert_true(mounttab_may_wait(&tab, get(41)));
    assert_true(mounttab_may_wait(&tab, get(42)));
    assert_true(mounttab_may_wait(&tab, get(44)));
    assert_false(mounttab_may_wait(&tab, get(27)));
    assert_false(mounttab_may_wait(&tab, get(43)));
    assert_false(mounttab_may_wait(&tab, get(46)));
}

static void nothing(void **state)
{
    (void)state;
    assert_int_equal(read_it(), 0);
    assert_int_equal(tab.nr, 0);
    assert_null(mounttab_find(&tab, 1));
}

static void not_readable(void **state)
{
    (void)state;
    assert_int_equal(mounttab_read(&tab, -1), -EBADF);
    assert_int_equal(tab.nr, 0);
}

/* A mount that is on itself, or a ring, or a long chain. */
static void strange_parents(void **state)
{
    (void)state;
    fputs("1 1 0:1 / / rw - tmpfs x rw\n"
          "2 3 0:1 / /a rw - tmpfs x rw\n"
          "3 2 0:1 / /b rw - tmpfs x rw\n", file);
    for (int i = 0; i < 256; i++)
        fprintf(file, "%d %d 0:1 / /a rw - tmpfs x rw\n", 1001 + i,
                i ? 1000 + i : 1);
    assert_int_equal(read_it(), 0);
    assert_false(get(1)->covered_up);
    assert_false(mounttab_may_wait(&tab, get(1)));
    assert_true(mounttab_may_wait(&tab, get(2)));
    assert_false(mounttab_may_wait(&tab, get(1255)));
    assert_true(mounttab_may_wait(&tab, get(1256)));
}

static void bad_and_long_lines(void **state)
{
    static const char head[] = "5 1 0:1 / /long rw ";
    static const char tail[] = " - tmpfs x rw\n";

    (void)state;
    fputs("nonsense\n\n1 0 0:1 / / rw - tmpfs x rw\n", file);
    /* The longest that is taken, its newline counted; one more; the next. */
    for (size_t more = 0; more < 2; more++) {
        fputs(head, file);
        for (size_t i = strlen(head) + strlen(tail);
             i < MOUNTTAB_MAX_LINE + more; i++)
            fputc('o', file);
        fputs(tail, file);
    }
    /* The rest of one is no line. */
    for (size_t i = 0; i < MOUNTTAB_MAX_LINE; i++)
        fputc('x', file);
    fputs("8 1 0:1 / /rest rw - tmpfs x rw\n", file);
    fputs("6 1 0:1 / /last rw - tmpfs x rw\n", file);
    fputs("7 1 0:1 / /cut rw - tmpfs x rw", file);
    assert_int_equal(read_it(), 0);
    assert_int_equal(tab.nr, 3);
    assert_string_equal(get(5)->info.point, "/long");
    assert_string_equal(get(6)->info.point, "/last");
    assert_int_equal(tab.left_out, 5);
}

static void many(void **state)
{
    (void)state;
    for (int i = 0; i < MOUNTTAB_MAX + 1; i++)
        fprintf(file, "%d 1 0:1 / /%d rw - tmpfs x rw\n", MOUNTTAB_MAX + 9 - i,
                i);
    assert_int_equal(read_it(), 0);
    assert_int_equal(tab.nr, MOUNTTAB_MAX);
    assert_int_equal(tab.left_out, 1);
    assert_string_equal(get(MOUNTTAB_MAX + 9)->info.point, "/0");
    assert_string_equal(get(10)->info.point, "/16383");
    assert_null(mounttab_find(&tab, 9));
}

/* Long names: their memory is bounded, too. */
static void much_text(void **state)
{
    char name[4001];
    int fit = (int)(MOUNTTAB_MAX_TEXT / 65536 * (65536 / (4002 + 6)));

    (void)state;
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = 0;
    for (int i = 0; i < fit + 1; i++)
        fprintf(file, "%d 1 0:1 / /%s rw - tmpfs x rw\n", i + 2, name);
    assert_int_equal(read_it(), 0);
    assert_int_equal(tab.nr, fit);
    assert_int_equal(tab.left_out, 1);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_table), TEST(nothing), TEST(not_readable),
        TEST(strange_parents), TEST(bad_and_long_lines), TEST(many),
        TEST(much_text),
    };

    return cmocka_run_group_tests_name("mounttab", tests, NULL, NULL);
}
