/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-device.c - tests of tools/libs/toolstack/device.c: the policy of a
 * device and its generation; and peers that write without end.  (How devices are
 * made, moved and removed is the subject of test-protect.c and test-reconcile.c.)
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "device.h"
#include "fake.h"
#include "xs.h"

#define POLICY      "/local/domain/5/vscan/0/policy"
#define GENERATION  "/local/domain/5/vscan/0/generation"

static struct xs_handle *xs;

static struct policy_texts texts_of(const char *policy)
{
    struct policy_texts texts = { .name = "" };

    snprintf(texts.policy, sizeof(texts.policy), "%s", policy);
    return texts;
}

static int create(void)
{
    struct policy_texts texts = texts_of("read=yes");
    uint32_t back;

    return device_create(xs, 5, 3, "web", "scanner", &texts, &back);
}

static int set_policy(const char *policy)
{
    struct policy_texts texts = texts_of(policy);

    return device_set_policy(xs, 5, &texts);
}

/* Domain 5 is attached to domain 3. */
static int start(void **state)
{
    const char *why;

    (void)state;
    fake_start();
    fake_domain_create(3);
    fake_domain_create(5);
    fake_domain_create(7);
    if (xsx_open(&xs, &why))
        return -1;
    return create();
}

static int stop(void **state)
{
    (void)state;
    xs_close(xs);
    fake_stop();
    return 0;
}

static void assert_policy(const char *text, const char *generation)
{
    if (!fake_is(POLICY, text) || !fake_is(GENERATION, generation))
        fail_msg("not \"%s\", %s", text, generation);
}

static void counts_policies(void **state)
{
    (void)state;
    assert_policy("read=yes", "1");
    assert_int_equal(set_policy("read=no"), 0);
    assert_policy("read=no", "2");
    /* The same text is another policy. */
    assert_int_equal(set_policy("read=no"), 0);
    assert_policy("read=no", "3");
}

/* 0 would be none. */
static void begins_anew_after_the_last(void **state)
{
    (void)state;
    fake_write(GENERATION, "4294967294");
    assert_int_equal(set_policy(""), 0);
    assert_policy("", "4294967295");
    assert_int_equal(set_policy(""), 0);
    assert_policy("", "1");
}

/* As of a toolstack that did not count, or of somebody's hand. */
static void counts_from_nothing(void **state)
{
    static const char *const bad[] = { "", "0", "x", "01", "4294967296" };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        fake_write(GENERATION, bad[i]);
        assert_int_equal(set_policy(""), 0);
        assert_policy("", "1");
    }
    fake_remove(GENERATION);
    assert_int_equal(set_policy(""), 0);
    assert_policy("", "1");
}

static void is_kept_when_moved(void **state)
{
    (void)state;
    assert_int_equal(set_policy("read=no"), 0);
    assert_int_equal(device_move(xs, 5, 3, 7, "scanner"), 0);
    assert_policy("read=no", "2");
    fake_remove(GENERATION);
    assert_int_equal(device_move(xs, 5, 7, 3, "scanner"), 0);
    assert_policy("read=no", "1");
}

static void look_before_commit(void *arg)
{
    (void)arg;
    assert_policy("read=yes", "1");
}

static void disturb(void *arg)
{
    (void)arg;
    fake_write(GENERATION, "6");
}

/* Nobody sees the one without the other. */
static void both_are_written_at_once(void **state)
{
    (void)state;
    fake_at(FAKE_XS_COMMIT, 1, look_before_commit, NULL, 0);
    assert_int_equal(set_policy("read=no"), 0);
    assert_false(fake_at_waits(FAKE_XS_COMMIT));
    assert_policy("read=no", "2");
    fake_at(FAKE_XS_COMMIT, 1, disturb, NULL, 0);
    assert_int_equal(set_policy("read=no"), 0);
    assert_policy("read=no", "7");
    /* The back is told afterwards. */
    for (unsigned int nth = 1; nth <= 2; nth++) {
        fake_at(FAKE_XS_WRITE, nth, NULL, NULL, ENOSPC);
        assert_int_equal(set_policy("fail=closed"), -ENOSPC);
        assert_policy("read=no", "7");
    }
}

static void goes_with_the_device(void **state)
{
    const struct device_list none = { NULL, 0 };

    (void)state;
    assert_int_equal(set_policy("read=no"), 0);
    fake_write("/libxl/5/vscan-alarms", "1 front-gone x");
    fake_write("/libxl/5/vscan-incidents", "1 1");
    fake_write("/libxl/5/vscan-remedies", "1 1");
    fake_write("/libxl/5/vscan-selftest", "1");
    fake_write("/libxl/5/vscan-acted", "pause");
    assert_int_equal(device_remove(xs, 5, &none), 0);
    assert_null(fake_read("/libxl/5/vscan-alarms"));
    assert_null(fake_read("/libxl/5/vscan-incidents"));
    assert_null(fake_read("/libxl/5/vscan-remedies"));
    assert_null(fake_read("/libxl/5/vscan-selftest"));
    /* That is the VM's, and holds until it is undone. */
    assert_non_null(fake_read("/libxl/5/vscan-acted"));
    assert_null(fake_read("/local/domain/5/vscan"));
    assert_int_equal(set_policy("read=no"), -ENOENT);
    assert_null(fake_read("/local/domain/5/vscan"));
    assert_int_equal(create(), 0);
    assert_policy("read=yes", "1");
}

/* Both sides read it, and neither writes it. */
static void is_the_toolstacks(void **state)
{
    static const uint32_t readers[] = { 5, 3, 7 };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct xs_handle *other;
        const char *why;
        char *text;

        fake_enter(readers[i]);
        assert_int_equal(xsx_open(&other, &why), 0);
        text = xs_read(other, XBT_NULL, GENERATION, NULL);
        assert_int_equal(text != NULL, readers[i] != 7);
        free(text);
        assert_false(xs_write(other, XBT_NULL, GENERATION, "9", 1));
        xs_close(other);
        fake_enter(0);
    }
    assert_policy("read=yes", "1");
}

/* Writes into a folder of its own before each transaction ends. */
struct writer {
    uint32_t domid;
    const char *folder;
    unsigned int nr, nr_refused;
};

static void write_again(void *arg)
{
    struct writer *w = arg;
    char node[128], value[16];
    struct xs_handle *own;
    const char *why;

    fake_at(FAKE_XS_COMMIT, 1, write_again, w, 0);
    fake_enter(w->domid);
    assert_int_equal(xsx_open(&own, &why), 0);
    snprintf(value, sizeof(value), "%u", ++w->nr);
    snprintf(node, sizeof(node), "%s/%u/b/c", w->folder, w->nr % 2);
    w->nr_refused += !xs_write(own, XBT_NULL, node, value, strlen(value));
    snprintf(node, sizeof(node), "%s/online", w->folder);
    w->nr_refused += !xs_write(own, XBT_NULL, node, "1", 1);
    snprintf(node, sizeof(node), "%s/state", w->folder);
    xs_write(own, XBT_NULL, node, "4", 1);
    xs_close(own);
    fake_enter(0);
}

#define FRONT_FOLDER    "/local/domain/5/device/vscan/0"
#define BACK_FOLDER     "/local/domain/3/backend/vscan/5/0"

static struct writer writes(uint32_t domid)
{
    return (struct writer){ .domid = domid, .folder = domid == 5 ?
                            FRONT_FOLDER : BACK_FOLDER };
}

static void guest_that_writes_is_moved(void **state)
{
    struct writer w = writes(5);

    (void)state;
    fake_at(FAKE_XS_COMMIT, 1, write_again, &w, 0);
    assert_int_equal(device_move(xs, 5, 3, 7, "scanner"), 0);
    assert_true(fake_is(FRONT_FOLDER "/backend-id", "7"));
    assert_true(fake_is(FRONT_FOLDER "/state", "1"));
    assert_null(fake_read(FRONT_FOLDER "/0"));
    assert_null(fake_read(BACK_FOLDER));
    assert_int_equal(w.nr, XSX_MAX_ATTEMPTS + 1);
    assert_int_equal(w.nr_refused, 2);
    /* The new one is the guest's again. */
    w.nr_refused = 0;
    write_again(&w);
    assert_int_equal(w.nr_refused, 0);
}

static void back_that_writes_loses_its_guest(void **state)
{
    struct writer w = writes(3);

    (void)state;
    fake_at(FAKE_XS_COMMIT, 1, write_again, &w, 0);
    assert_int_equal(device_move(xs, 5, 3, 7, "scanner"), 0);
    assert_true(fake_is(FRONT_FOLDER "/backend-id", "7"));
    assert_null(fake_read(BACK_FOLDER));
}

static void who_writes_is_removed(void **state)
{
    struct device known = { .front = 5, .back = 3 };
    const struct device_list none = { NULL, 0 };
    const struct device_list list = { .devices = &known, .count = 1 };

    (void)state;
    for (int i = 0; i < 4; i++) {
        struct writer w = writes(i % 2 ? 3 : 5);

        fake_at(FAKE_XS_COMMIT, 1, write_again, &w, 0);
        assert_int_equal(device_remove(xs, 5, i < 2 ? &list : &none), 0);
        assert_false(device_has_nodes(xs, 5));
        assert_null(fake_read(FRONT_FOLDER));
        assert_null(fake_read(BACK_FOLDER));
        fake_at(FAKE_XS_COMMIT, 1, NULL, NULL, 0);
        assert_int_equal(create(), 0);
    }
}

static void back_that_writes_is_no_bar_to_a_policy(void **state)
{
    struct writer w = writes(3);

    (void)state;
    fake_at(FAKE_XS_COMMIT, 1, write_again, &w, 0);
    assert_int_equal(set_policy("read=no"), 0);
    assert_policy("read=no", "2");
}

static void back_that_writes_is_not_waited_for(void **state)
{
    const struct device device = { .front = 5, .back = 3 };
    struct writer w = writes(3);

    (void)state;
    fake_write(BACK_FOLDER "/state", "4");
    fake_at(FAKE_XS_COMMIT, 1, write_again, &w, 0);
    assert_int_equal(device_close(xs, &device), 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(counts_policies), TEST(begins_anew_after_the_last),
        TEST(counts_from_nothing), TEST(is_kept_when_moved),
        TEST(both_are_written_at_once), TEST(goes_with_the_device),
        TEST(is_the_toolstacks), TEST(guest_that_writes_is_moved),
        TEST(back_that_writes_loses_its_guest), TEST(who_writes_is_removed),
        TEST(back_that_writes_is_no_bar_to_a_policy),
        TEST(back_that_writes_is_not_waited_for),
    };

    return cmocka_run_group_tests_name("device", tests, NULL, NULL);
}
