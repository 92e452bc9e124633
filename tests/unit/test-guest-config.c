/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-guest-config.c - what domain configs say of scanning, and which one is a
 * guest's.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "folder.h"
#include "guest-config.h"

#define OTHERS  "name = \"web\"\nmemory = 512\nvif = [ \"bridge=xenbr0\", " \
                "\"bridge=xenbr1\" ]\n"

static char dir[FOLDER_PATH_MAX], more[FOLDER_PATH_MAX], why[512];
static struct guest_config config;

static int start(void **state)
{
    (void)state;
    folder_make(dir);
    folder_make(more);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    folder_remove(dir);
    folder_remove(more);
    return 0;
}

static int read_text(const char *text)
{
    char path[256];

    folder_put(dir, "web.cfg", text);
    snprintf(path, sizeof(path), "%s/web.cfg", dir);
    why[0] = 0;
    return guest_config_read(path, &config, why, sizeof(why));
}

static void assert_wanted(const char *entry, const char *backend,
                          const char *policy)
{
    char text[1024];

    snprintf(text, sizeof(text), OTHERS "vscan = [ %s ]\n", entry);
    if (read_text(text))
        fail_msg("%s", why);
    assert_string_equal(config.name, "web");
    assert_true(config.wanted);
    assert_string_equal(config.backend, backend);
    assert_string_equal(config.policy, policy);
}

static void entries(void **state)
{
    (void)state;
    assert_wanted("\"backend=scanner,policy=servers\"", "scanner", "servers");
    assert_wanted("\"policy=a.b-c_9,backend=s\"", "s", "a.b-c_9");
    assert_wanted("'backend=my scanner'", "my scanner", "default");
    assert_wanted("\"policy=servers\"", "Domain-0", "servers");
    assert_wanted("\"\"", "Domain-0", "default");
    assert_int_equal(read_text(OTHERS), 0);
    assert_string_equal(config.name, "web");
    assert_false(config.wanted);
}

/* File, line and key. */
static void assert_blamed(const char *key, const char *expected)
{
    char text[2048], all[1024];

    snprintf(text, sizeof(text), "# a comment\n" OTHERS "%s\n", key);
    assert_int_equal(read_text(text), -EINVAL);
    snprintf(all, sizeof(all), "%s/web.cfg:5: vscan: %s", dir, expected);
    assert_string_equal(why, all);
    assert_string_equal(config.name, "web");
    assert_true(config.wanted);
}

static void malformed_entries(void **state)
{
    static const char *const words[] = {
        "backend=", "policy=", "backend=a,backend=b", "policy=a,policy=b",
        "policy=../x", "fail=closed", "backend", ",", "backend=a,", "x=1",
    };
    static const char *const at_fault[] = {
        "backend=", "policy=", "backend=b", "policy=b", "policy=../x",
        "fail=closed", "backend", "", "", "x=1",
    };
    char key[1024], expected[512];

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        snprintf(key, sizeof(key), "vscan = [ \"%s\" ]", words[i]);
        snprintf(expected, sizeof(expected), "\"%s\" is not backend=DOMAIN or "
                 "policy=NAME, each once", at_fault[i]);
        assert_blamed(key, expected);
    }
    assert_blamed("vscan = \"backend=scanner\"",
                  "not a list: [ \"KEY=VALUE,...\" ]");
    assert_blamed("vscan = 1", "not a list: [ \"KEY=VALUE,...\" ]");
    assert_blamed("vscan = [ ]", "not one device: [ \"KEY=VALUE,...\" ]");
    assert_blamed("vscan = [ \"\", \"\" ]",
                  "not one device: [ \"KEY=VALUE,...\" ]");
    assert_blamed("vscan = [ [ \"\" ] ]",
                  "not one device: [ \"KEY=VALUE,...\" ]");
}

static void names_are_bounded(void **state)
{
    char text[512], name[GUEST_NAME_MAX + 2], path[256];

    (void)state;
    memset(name, 'x', sizeof(name));
    name[GUEST_NAME_MAX] = 0;
    snprintf(text, sizeof(text), "name = \"%s\"\nvscan = [ \"backend=%s\" ]",
             name, name);
    assert_int_equal(read_text(text), 0);
    assert_string_equal(config.name, name);
    assert_string_equal(config.backend, name);
    name[GUEST_NAME_MAX] = 'x';
    name[GUEST_NAME_MAX + 1] = 0;
    snprintf(text, sizeof(text), "name = \"%s\"", name);
    assert_int_equal(read_text(text), -EINVAL);
    snprintf(text, sizeof(text), "name = \"w\"\nvscan = [ \"backend=%s\" ]",
             name);
    assert_int_equal(read_text(text), -EINVAL);
    assert_int_equal(read_text("memory = 1"), -EINVAL);
    assert_non_null(strstr(why, "/web.cfg: it names no domain"));
    snprintf(path, sizeof(path), "%s/none.cfg", dir);
    assert_int_equal(guest_config_read(path, &config, why, sizeof(why)),
                     -ENOENT);
    assert_int_equal(guest_config_read(dir, &config, why, sizeof(why)),
                     -EFBIG);
}

static void files_that_are_none(void **state)
{
    char *large = malloc((1 << 20) + 1);

    (void)state;
    assert_int_equal(read_text("name = \"web\nmemory"), -EINVAL);
    assert_non_null(strstr(why, "/web.cfg:1: "));
    assert_int_equal(read_text(""), -EFBIG);
    assert_non_null(large);
    memset(large, '\n', (1 << 20) + 1);
    memcpy(large, "name = \"web\"", 12);
    large[1 << 20] = 0;
    assert_int_equal(read_text(large), 0);
    large[1 << 20] = '\n';
    folder_put_octets(dir, "web.cfg", large, (1 << 20) + 1);
    {
        char path[256];

        snprintf(path, sizeof(path), "%s/web.cfg", dir);
        assert_int_equal(guest_config_read(path, &config, why, sizeof(why)),
                         -EFBIG);
    }
    free(large);
}

static int find(const char *name)
{
    const char *const dirs[] = { "/none", dir, more, NULL };

    why[0] = 0;
    return guest_config_find(dirs, name, &config, why, sizeof(why));
}

static void the_file_of_a_guest(void **state)
{
    char path[256], link_path[256];

    (void)state;
    folder_put(dir, "a.cfg", "name = \"a\"\nvscan = [ \"policy=one\" ]");
    folder_put(dir, "no-suffix", "name = \"b\"\nvscan = [ \"policy=two\" ]");
    folder_put(dir, "xl.conf", "vif = [");
    folder_put(dir, "c.cfg~", "name = \"c\"\nvscan = [ \"\" ]");
    folder_put(dir, ".c.cfg", "name = \"c\"\nvscan = [ \"\" ]");
    folder_put(dir, "c.cfg.dpkg-old", "name = \"c\"\nvscan = [ \"\" ]");
    assert_int_equal(mkfifo(strcat(strcpy(path, more), "/fifo"), 0600), 0);
    assert_int_equal(find("a"), 0);
    assert_string_equal(config.policy, "one");
    assert_int_equal(find("b"), 0);
    assert_string_equal(config.policy, "two");
    assert_int_equal(find("c"), -ENOENT);
    assert_string_equal(why, "no domain config has the name \"c\"");
    /* As in /etc/xen/auto. */
    snprintf(path, sizeof(path), "%s/a.cfg", dir);
    snprintf(link_path, sizeof(link_path), "%s/10-a", more);
    assert_int_equal(symlink(path, link_path), 0);
    assert_int_equal(find("a"), 0);
    assert_string_equal(config.policy, "one");
    /* Two that say so; one that says nothing does not count. */
    folder_put(more, "b.cfg", "name = \"b\"");
    assert_int_equal(find("b"), 0);
    assert_string_equal(config.policy, "two");
    folder_put(more, "b.cfg", "name = \"b\"\nvscan = [ \"\" ]");
    assert_int_equal(find("b"), -EEXIST);
    assert_non_null(strstr(why, "/b.cfg: another file has a guest with the "
                           "name, and the key vscan"));
    folder_put(dir, "no-suffix", "name = \"b\"");
    assert_int_equal(find("b"), 0);
    assert_string_equal(config.policy, "default");
    /* What is malformed is found, and says so. */
    folder_put(more, "b.cfg", "name = \"b\"\nvscan = [ \"x\" ]");
    assert_int_equal(find("b"), -EINVAL);
    assert_non_null(strstr(why, "/b.cfg:2: vscan: "));
}

/* Of the others nothing is known, as of a script that is in the folder. */
static void broken_file_is_not_passed_over(void **state)
{
    static const char *const others[] = {
        "name = \"webserver\"\nvscan = [ \"\n", "name = \"web\"\nvif = [\n",
        "#name = \"web\"\nvscan = [ \"\n", "name = \"web\"\nx = [\n#vscan =",
        "fullname = \"web\"\nvscan = [ \"\n", "name = \"web\"\nvscans = [ \"\n",
        "name = \"web\nvscan = [ \"\n", "x = [ \"web\", \"vscan",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        folder_put(dir, "a.cfg", others[i]);
        assert_int_equal(find("web"), -ENOENT);
    }
    folder_put(dir, "a.cfg", "memory = 1\nname = \"web\"\n"
               "vscan = [ \"backend=scanner ]\n");
    assert_int_equal(find("web"), -EINVAL);
    assert_non_null(strstr(why, "/a.cfg:3: "));
    assert_non_null(strstr(why, ": its key vscan cannot be read"));
    assert_int_equal(find("db"), -ENOENT);
    folder_put(dir, "a.cfg", "memory = [; \tname='web';vscan\t=");
    assert_int_equal(find("web"), -EINVAL);
    folder_put(more, "b.cfg", "name = \"web\"");
    assert_int_equal(find("web"), 0);
    assert_false(config.wanted);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(entries), TEST(malformed_entries), TEST(names_are_bounded),
        TEST(files_that_are_none), TEST(the_file_of_a_guest),
        TEST(broken_file_is_not_passed_over),
    };

    return cmocka_run_group_tests_name("guest-config", tests, NULL, NULL);
}
