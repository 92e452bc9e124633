/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-policy-cmd.c - vscanctl policy, and the words of vscanctl attach, on
 * the fake xenstore.
 *
 * Overview: domain.c, which needs libxl, is played here: domain 5 is "web".
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "command.h"
#include "domain.h"
#include "fake.h"
#include "policy-text.h"
#include "policy.h"
#include "xs.h"

#define NODE "/local/domain/5/vscan/0/policy"
#define DEFAULTS "fail=open timeout-ms=30000 read=no close-write=yes " \
                 "notify=yes remedy=deny"

int machine_init(struct machine *m)
{
    const char *why;

    *m = (struct machine){ .xs = NULL };
    return xsx_open(&m->xs, &why);
}

void machine_dispose(struct machine *m)
{
    xs_close(m->xs);
}

int domain_find(const struct machine *m, const char *text, uint32_t *domid_r)
{
    (void)m;
    if (strcmp(text, "web"))
        return -ENOENT;
    *domid_r = 5;
    return 0;
}

bool domain_exists(const struct machine *m, uint32_t domid)
{
    (void)m;
    return domid == 5;
}

char *domain_name(const struct machine *m, uint32_t domid,
                  char out[DOMAIN_NAME_SIZE])
{
    (void)m;
    assert_int_equal(domid, 5);
    return strcpy(out, "web");
}

/* device.c needs it to remove a device, which no policy does. */
char **xs_directory(struct xs_handle *xs, xs_transaction_t t, const char *path,
                    unsigned int *count_r)
{
    (void)xs;
    (void)t;
    (void)count_r;
    fail_msg("xs_directory() of %s", path);
    return NULL;
}

static int setup(void **state)
{
    (void)state;
    fake_start();
    fake_enter(0);
    fake_domain_create(3);
    fake_domain_create(5);
    fake_device_create(5, 3, DEFAULTS);
    fake_write("/libxl/5/device/vscan/0/backend-id", "3");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fake_stop();
    return 0;
}

/* vscanctl policy @words...; what it says on standard output is in @said_r. */
static int run_policy(const char *const words[], char *said_r, size_t size)
{
    char *argv[8] = { (char *)"vscanctl" };
    int fd = memfd_create("stdout", MFD_CLOEXEC), before = dup(STDOUT_FILENO);
    int argc = 1, status;
    ssize_t n;

    while (words[argc - 1]) {
        argv[argc] = (char *)words[argc - 1];
        argc++;
    }
    fflush(stdout);
    assert_int_equal(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
    optind = 0;
    status = policy_main(argc, argv);
    fflush(stdout);
    dup2(before, STDOUT_FILENO);
    close(before);
    n = pread(fd, said_r, size - 1, 0);
    close(fd);
    assert_true(n >= 0);
    said_r[n] = 0;
    return status;
}

#define RUN(said, ...) \
    run_policy((const char *const[]){ __VA_ARGS__, NULL }, said, sizeof(said))

static void replaced(void **state)
{
    char said[512];

    (void)state;
    assert_int_equal(RUN(said, "web", "timeout-ms=777", "deny=changed"),
                     STATUS_DONE);
    assert_string_equal(said, "");
    assert_true(fake_is(NODE, "fail=open deny=changed timeout-ms=777 read=no "
                              "close-write=yes notify=yes remedy=deny"));
    /* All of it: nothing of the one before is left. */
    assert_int_equal(RUN(said, "web", "fail=open read=yes"), STATUS_DONE);
    assert_true(fake_is(NODE, "fail=open timeout-ms=30000 read=yes "
                              "close-write=yes notify=yes remedy=deny"));
    assert_int_equal(RUN(said, "web", "default"), STATUS_DONE);
    assert_true(fake_is(NODE, DEFAULTS));
}

static void shown(void **state)
{
    char said[8192], text[VSCANIF_MAX_NODE + 1] = "exclude-fs=";

    (void)state;
    assert_int_equal(RUN(said, "web"), STATUS_DONE);
    assert_string_equal(said, DEFAULTS "\n");
    fake_write(NODE, "exclude-fs=%61,b\x1b read=yes");
    assert_int_equal(RUN(said, "web"), STATUS_DONE);
    assert_string_equal(said, "fail=open timeout-ms=30000 read=yes "
                              "close-write=yes notify=yes remedy=deny "
                              "exclude-fs=a,b%1b\n");
    /* The longest one that a node can hold. */
    memset(text + strlen(text), '\x1b', VSCANIF_MAX_NODE - strlen(text));
    fake_write(NODE, text);
    assert_int_equal(RUN(said, "web"), STATUS_DONE);
    assert_int_equal(strlen(said), strlen(DEFAULTS " exclude-fs=\n") +
                                   3 * (VSCANIF_MAX_NODE - 11));
    fake_remove(NODE);
    assert_int_equal(RUN(said, "web"), STATUS_DONE);
    assert_string_equal(said, DEFAULTS "\n");
    fake_write(NODE, "fail=perhaps");
    assert_int_equal(RUN(said, "web"), STATUS_FAILED);
    assert_string_equal(said, "");
    fake_write_octets(NODE, "fail=open\0", 10);
    assert_int_equal(RUN(said, "web"), STATUS_FAILED);
}

static void refused(void **state)
{
    char said[512], longest[VSCANIF_MAX_NODE + 2] = "exclude-fs=";

    (void)state;
    memset(longest + strlen(longest), 'x',
           VSCANIF_MAX_NODE - strlen(longest));
    assert_int_equal(RUN(said, "web", "fail=perhaps"), STATUS_USAGE);
    assert_int_equal(RUN(said, "web", "fail=open", "x=1"), STATUS_USAGE);
    assert_int_equal(RUN(said, "web", ""), STATUS_USAGE);
    assert_int_equal(RUN(said, "web", "read=yes", ""), STATUS_USAGE);
    assert_int_equal(RUN(said, "web", "default", "read=yes"), STATUS_USAGE);
    assert_int_equal(RUN(said, "web", longest), STATUS_USAGE);
    longest[VSCANIF_MAX_NODE] = 'x';
    assert_int_equal(RUN(said, "web", longest, "read=yes"), STATUS_USAGE);
    assert_int_equal(RUN(said, "webb", "read=yes"), STATUS_FAILED);
    assert_int_equal(RUN(said, "webb"), STATUS_FAILED);
    assert_int_equal(run_policy((const char *const[]){ NULL }, said,
                                sizeof(said)), STATUS_USAGE);
    assert_true(fake_is(NODE, DEFAULTS));
}

/* Nodes of a guest that is not attached are not made. */
static void not_attached(void **state)
{
    char said[512];

    (void)state;
    fake_device_remove(5, 3);
    assert_int_equal(RUN(said, "web", "read=yes"), STATUS_FAILED);
    assert_int_equal(RUN(said, "web"), STATUS_FAILED);
    assert_null(fake_read(NODE));
    fake_device_create(5, 3, DEFAULTS);
    fake_remove("/libxl/5/device/vscan/0");
    assert_int_equal(RUN(said, "web", "read=yes"), STATUS_FAILED);
    assert_int_equal(RUN(said, "web"), STATUS_FAILED);
    assert_true(fake_is(NODE, DEFAULTS));
}

static void write_fails(void **state)
{
    char said[512];

    (void)state;
    fake_at(FAKE_XS_WRITE, 1, NULL, NULL, ENOSPC);
    assert_int_equal(RUN(said, "web", "read=yes"), STATUS_FAILED);
    assert_true(fake_is(NODE, DEFAULTS));
    fake_at(FAKE_XS_COMMIT, 1, NULL, NULL, EIO);
    assert_int_equal(RUN(said, "web", "read=yes"), STATUS_FAILED);
    assert_true(fake_is(NODE, DEFAULTS));
}

static void words(void **state)
{
    char text[VSCANIF_MAX_NODE + 1];
    char *const no_words[] = { NULL };

    (void)state;
    assert_int_equal(policy_text(no_words, 0, text), 0);
    assert_string_equal(text, DEFAULTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(replaced, setup, teardown),
        cmocka_unit_test_setup_teardown(shown, setup, teardown),
        cmocka_unit_test_setup_teardown(refused, setup, teardown),
        cmocka_unit_test_setup_teardown(not_attached, setup, teardown),
        cmocka_unit_test_setup_teardown(write_fails, setup, teardown),
        cmocka_unit_test(words),
    };

    return cmocka_run_group_tests_name("policy-cmd", tests, NULL, NULL);
}
