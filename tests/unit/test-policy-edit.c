/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-policy-edit.c - a policy's file is edited: by editors that are scripts,
 * which get the path of the copy.
 */
#define _GNU_SOURCE
#include <dirent.h>
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

#include "command.h"
#include "fake.h"
#include "folder.h"
#include "logged.h"
#include "policy-cmd.h"
#include "policy-edit.h"
#include "terminal.h"
#include "vscanctl.h"

#define BEFORE  "# of the web\nfail=open\n"

static char dir[FOLDER_PATH_MAX], path[2 * FOLDER_PATH_MAX], content[256];
static int input = -1;          /* standard input of the test */

static void input_from(int fd)
{
    assert_true(dup2(fd, STDIN_FILENO) >= 0);
    clearerr(stdin);
}

static int start(void **state)
{
    FILE *nothing = fopen("/dev/null", "r");

    (void)state;
    folder_make(dir);
    folder_put(dir, "servers", BEFORE);
    snprintf(path, sizeof(path), "%s/servers", dir);
    assert_non_null(nothing);
    input = dup(STDIN_FILENO);
    input_from(fileno(nothing));
    fclose(nothing);
    logged_start(LOG_LEVEL_ERROR);
    unsetenv("VISUAL");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    logged_stop();
    input_from(input);
    close(input);
    folder_remove(dir);
    return 0;
}

/* By a script that has the path of the copy in "$1". */
static void set_editor(const char *script)
{
    char editor[2 * FOLDER_PATH_MAX];

    folder_put(dir, "editor", script);
    snprintf(editor, sizeof(editor), "sh %s/editor", dir);
    setenv("EDITOR", editor, 1);
}

static int edit_by(const char *script)
{
    set_editor(script);
    return policy_edit(dir, "servers");
}

static const char *read_file(const char *name)
{
    FILE *file;
    size_t n;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    file = fopen(path, "r");
    assert_non_null(file);
    n = fread(content, 1, sizeof(content) - 1, file);
    content[n] = 0;
    fclose(file);
    return content;
}

/* The name of the copy, of which there is one at most; NULL: there is none. */
static const char *the_copy(void)
{
    static char name[256];
    struct dirent *entry;
    DIR *d = opendir(dir);

    name[0] = 0;
    assert_non_null(d);
    while ((entry = readdir(d)))
        if (!strncmp(entry->d_name, ".servers.", 9)) {
            assert_string_equal(name, "");
            strcpy(name, entry->d_name);
        }
    closedir(d);
    return name[0] ? name : NULL;
}

static mode_t mode_of(const char *name)
{
    struct stat st;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void good_one_replaces(void **state)
{
    (void)state;
    snprintf(path, sizeof(path), "%s/servers", dir);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(edit_by("echo fail=closed >>$1.new; grep -v fail= $1 "
                             ">>$1.new; mv $1.new $1"), 1);
    assert_string_equal(read_file("servers"), "fail=closed\n# of the web\n");
    assert_int_equal(mode_of("servers"), 0640);
    assert_null(the_copy());
}

static void new_one(void **state)
{
    (void)state;
    unlink(path);
    /* An empty one that stays empty is none. */
    assert_int_equal(edit_by("test ! -s $1"), 0);
    assert_true(access(path, F_OK));
    assert_null(the_copy());
    assert_int_equal(edit_by("test ! -s $1 && echo outbreak=3 >$1"), 1);
    assert_string_equal(read_file("servers"), "outbreak=3\n");
    assert_int_equal(mode_of("servers"), 0644);
}

/* The copy is for root alone, and the file is what it was meanwhile. */
static void copy_is_private(void **state)
{
    char script[1024];

    (void)state;
    snprintf(script, sizeof(script), "[ $(stat -c %%a $1) = 600 ] && "
             "[ $(dirname $1) = %s ] && cmp $1 %s && echo read=yes >>$1 && "
             "! grep read %s", dir, path, path);
    assert_int_equal(edit_by(script), 1);
    assert_string_equal(read_file("servers"), BEFORE "read=yes\n");
}

static void nothing_is_changed(void **state)
{
    (void)state;
    assert_int_equal(edit_by("touch $1"), 0);
    assert_string_equal(read_file("servers"), BEFORE);
    assert_null(the_copy());
    /* A bad one is not made worse. */
    folder_put(dir, "servers", "fail=perhaps\n");
    assert_int_equal(edit_by(":"), 0);
    assert_int_equal(edit_by("echo fail=open >$1"), 1);
    assert_string_equal(read_file("servers"), "fail=open\n");
}

/* Nobody can be asked: what was edited stays, and where is told. */
static void bad_one_is_kept(void **state)
{
    char name[256];

    (void)state;
    assert_int_equal(edit_by("echo outbreak=1 >>$1"), -EINVAL);
    assert_string_equal(read_file("servers"), BEFORE);
    assert_non_null(the_copy());
    strcpy(name, the_copy());
    assert_string_equal(read_file(name), BEFORE "outbreak=1\n");
    assert_true(logged(":3: policy: bad value: \"outbreak=1\"", name));
    assert_true(logged("nothing is changed; what was edited is in", name));
    assert_false(logged("Edit it again", ""));
}

/* Twice it is bad: "e" edits the same copy again, "q" ends it. */
static void terminal_is_asked(void **state)
{
    struct terminal t;

    (void)state;
    terminal_open(&t, getuid());
    input_from(t.slave);
    assert_int_equal(write(t.master, "x\ne\n", 4), 4);
    assert_int_equal(edit_by("if grep outbreak= $1; then echo fail=closed >$1; "
                             "else echo outbreak=1 >>$1; fi >/dev/null"), 1);
    assert_string_equal(read_file("servers"), "fail=closed\n");
    assert_null(the_copy());
    assert_int_equal(write(t.master, "q\n", 2), 2);
    assert_int_equal(edit_by("echo outbreak=1 >>$1"), -EINVAL);
    /* A line ends where the terminal, which echoes nothing, would end it. */
    assert_true(logged("Edit it again (e), or quit (q)? Edit it again", ""));
    assert_string_equal(read_file("servers"), "fail=closed\n");
    assert_non_null(the_copy());
    terminal_close(&t);
}

static void editor_fails(void **state)
{
    (void)state;
    assert_int_equal(edit_by("echo fail=closed >$1; exit 3"), -ECHILD);
    assert_string_equal(read_file("servers"), BEFORE);
    assert_true(logged("the editor: ", ""));
    assert_string_equal(read_file(the_copy()), "fail=closed\n");
    unlink(path);       /* of the copy */
    setenv("VISUAL", "/none/at/all", 1);
    assert_int_equal(policy_edit(dir, "servers"), -ECHILD);
    unsetenv("VISUAL");
    assert_string_equal(read_file("servers"), BEFORE);
    assert_non_null(the_copy());
    read_file(the_copy());
    unlink(path);
    /* $VISUAL counts more, and an empty one does not count. */
    setenv("EDITOR", "false", 1);
    setenv("VISUAL", "true", 1);
    assert_int_equal(policy_edit(dir, "servers"), 0);
    setenv("VISUAL", "", 1);
    setenv("EDITOR", "true", 1);
    assert_int_equal(policy_edit(dir, "servers"), 0);
}

/* Somebody else was quicker. */
static void file_is_changed_meanwhile(void **state)
{
    char script[1024];

    (void)state;
    snprintf(script, sizeof(script), "echo read=yes >>$1; echo fail=closed "
             ">>%s", path);
    assert_int_equal(edit_by(script), -EIO);
    assert_string_equal(read_file("servers"), BEFORE "fail=closed\n");
    assert_true(logged("/servers: has been changed meanwhile", ""));
    assert_non_null(the_copy());
}

static void what_is_no_file(void **state)
{
    char link[2 * FOLDER_PATH_MAX];

    (void)state;
    snprintf(link, sizeof(link), "%s/link", dir);
    assert_int_equal(symlink("servers", link), 0);
    assert_int_equal(policy_edit(dir, "link"), -EINVAL);
    assert_true(logged("/link: not a regular file", ""));
    assert_int_equal(policy_edit(dir, "../x"), -EINVAL);
    assert_true(logged("\"../x\" is not the name of a policy", ""));
    assert_int_equal(policy_edit("/none/at/all", "servers"), -ENOENT);
}

/* By the command, it is loaded as well. */
static int in_dir(int argc, char **argv)
{
    return policy_command(dir, argc, argv);
}

static void edited_one_is_loaded(void **state)
{
    static const char *const words[] = { "edit", "servers", NULL };
    char said[512];

    (void)state;
    vscanctl_start(NULL);
    fake_write(WEB_POLICY_NAME, "servers");
    setenv("EDITOR", "true", 1);
    assert_int_equal(vscanctl_run(in_dir, words, said, sizeof(said)),
                     STATUS_DONE);
    assert_string_equal(said, "nothing was changed\n");
    assert_true(fake_is(WEB_POLICY, DEFAULT_POLICY));
    set_editor("echo fail=closed >$1");
    assert_int_equal(vscanctl_run(in_dir, words, said, sizeof(said)),
                     STATUS_DONE);
    assert_string_equal(said, "domain 5 (web) has the policy servers\n");
    assert_non_null(strstr(fake_read(WEB_POLICY), "fail=closed"));
    set_editor("echo fail=perhaps >$1");
    assert_int_equal(vscanctl_run(in_dir, words, said, sizeof(said)),
                     STATUS_FAILED);
    assert_non_null(strstr(fake_read(WEB_POLICY), "fail=closed"));
    vscanctl_stop(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(good_one_replaces), TEST(new_one), TEST(copy_is_private),
        TEST(nothing_is_changed), TEST(bad_one_is_kept),
        TEST(terminal_is_asked), TEST(editor_fails),
        TEST(file_is_changed_meanwhile), TEST(what_is_no_file),
        TEST(edited_one_is_loaded),
    };

    return cmocka_run_group_tests_name("policy-edit", tests, NULL, NULL);
}
