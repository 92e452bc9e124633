/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-vm-snapshot.c - a guest is saved: what xl is asked for, what is beside
 * the image, and what becomes of the guest when it fails.
 */
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
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake-libxl.h"
#include "fake.h"
#include "host.h"
#include "pause.h"
#include "vm-snapshot.h"

#define PAUSED  "/libxl/5/vscan-paused"
#define CONTROL "/local/domain/5/control/shutdown"

/* What domain 5 may need. */
#define NEEDED  vm_snapshot_size((uint64_t)512 << 20)

static int make(struct host *h, bool pause)
{
    h->text[0] = 0;
    return vm_snapshot_make(&h->m, &h->places, 5, pause, true, h->text,
                            sizeof(h->text));
}

/* xl that saves: its words to "args", the image is "image". */
static void good_xl(struct host *h)
{
    char script[1024];

    snprintf(script, sizeof(script), "echo \"$*\" >'%s'\nprintf image >\"$4\"",
             host_path(h, "args"));
    host_script(h->xl, script);
}

static void it_is_saved(void **state)
{
    struct host *h = *state;
    char path[HOST_TEXT_SIZE], expected[2 * HOST_TEXT_SIZE];
    struct stat st;

    good_xl(h);
    assert_int_equal(make(h, false), 0);
    strcpy(path, h->text);
    assert_string_equal(host_read(path), "image");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    snprintf(expected, sizeof(expected), "save -c 5 %s.part\n", path);
    assert_string_equal(host_read(host_path(h, "args")), expected);
    assert_int_equal(host_spooled(h, ""), 2);
    assert_null(fake_read(PAUSED));
    assert_string_equal(fake_libxl_asked(), "");
}

/* It reboots, again and again: by its uuid it is the same. */
static void oldest_and_newest_stay(void **state)
{
    const struct timespec old[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
    struct host *h = *state;
    char first[HOST_TEXT_SIZE];

    good_xl(h);
    for (unsigned int i = 1; i <= VM_SNAPSHOTS + 2; i++) {
        assert_int_equal(make(h, false), 0);
        if (i == 1) {
            strcpy(first, h->text);
            assert_int_equal(utimensat(AT_FDCWD, first, old, 0), 0);
        }
        assert_int_equal(access(first, F_OK), 0);
        assert_int_equal(access(h->text, F_OK), 0);
        assert_int_equal(host_spooled(h, ".save"),
                         i < VM_SNAPSHOTS ? i : VM_SNAPSHOTS);
        assert_int_equal(host_spooled(h, ""), 2 * host_spooled(h, ".save"));
    }
}

static void what_is_wanted_by_hand_stays(void **state)
{
    struct host *h = *state;

    good_xl(h);
    for (unsigned int i = 0; i <= VM_SNAPSHOTS; i++)
        assert_int_equal(vm_snapshot_make(&h->m, &h->places, 5, false, false,
                                          h->text, sizeof(h->text)), 0);
    assert_int_equal(host_spooled(h, ".save"), VM_SNAPSHOTS + 1);
}

/* By xl, which does so before the guest goes on. */
static void it_is_paused_by_xl(void **state)
{
    struct host *h = *state;
    char expected[2 * HOST_TEXT_SIZE];

    good_xl(h);
    assert_int_equal(make(h, true), 0);
    snprintf(expected, sizeof(expected), "save -p 5 %s.part\n", h->text);
    assert_string_equal(host_read(host_path(h, "args")), expected);
    assert_non_null(fake_read(PAUSED));
    /* If that is not noted, then the action "pause" pauses, and tells. */
    fake_at(FAKE_XS_WRITE, 1, NULL, NULL, ENOSPC);
    assert_int_equal(make(h, true), 0);
    snprintf(expected, sizeof(expected), "save -c 5 %s.part\n", h->text);
    assert_string_equal(host_read(host_path(h, "args")), expected);
}

static void disks_are_noted(void **state)
{
    struct host *h = *state;
    char file[512], json[HOST_TEXT_SIZE + 8], expected[1024];
    const char *text;

    good_xl(h);
    snprintf(file, sizeof(file), "%s", host_path(h, "disk"));
    host_script(file, "a disk");
    fake_libxl_disk(5, "xvda", file, 0);
    fake_libxl_disk(5, "xvdb", "/nowhere", 0);
    fake_libxl_disk(5, "xvdc", file, 3);
    assert_int_equal(make(h, false), 0);
    snprintf(json, sizeof(json), "%s.json", h->text);
    text = host_read(json);
    assert_non_null(strstr(text, "\"domid\":5,\n  \"name\":\"web\",\n  "
                           "\"uuid\":\"05050505-0505-0505-0505-"
                           "050505050505\",\n  \"time\":\"2"));
    snprintf(expected, sizeof(expected), "\"vdev\":\"xvda\",\n      "
             "\"path\":\"%s\",\n      \"format\":\"raw\",\n      "
             "\"readwrite\":true,\n      \"size\":17,\n      \"mtime\":\"2",
             file);
    for (char *c = expected; (c = strchr(c, '/')); c += 2) {
        memmove(c + 1, c, strlen(c) + 1);
        *c = '\\';
    }
    if (!strstr(text, expected))
        fail_msg("%s\n is not in\n%s", expected, text);
    assert_non_null(strstr(text, "nowhere\",\n      \"format\":\"raw\",\n"
                           "      \"readwrite\":true\n    }"));
    assert_non_null(strstr(text, "\"readwrite\":true,\n      \"backend\":3\n"
                           "    }"));
}

/* A guest that goes on writes to its disks before they are looked at. */
static void disks_are_noted_before_and_after(void **state)
{
    struct host *h = *state;
    char file[512], script[2048], json[HOST_TEXT_SIZE + 8];
    const char *text, *before, *after;

    snprintf(file, sizeof(file), "%s", host_path(h, "disk"));
    host_script(file, "a disk");
    fake_libxl_disk(5, "xvda", file, 0);
    snprintf(script, sizeof(script), "printf x >>'%s'; printf image >\"$4\"",
             file);
    host_script(h->xl, script);
    for (int pause = 0; pause < 2; pause++) {
        assert_int_equal(make(h, pause), 0);
        snprintf(json, sizeof(json), "%s.json", h->text);
        text = host_read(json);
        before = strstr(text, "\"disks\":");
        after = strstr(text, "\"disks-after\":");
        assert_non_null(before);
        assert_non_null(after);
        assert_int_equal(strtol(strstr(before, "\"size\":") + 7, NULL, 10),
                         17 + pause);
        assert_int_equal(strtol(strstr(after, "\"size\":") + 7, NULL, 10),
                         18 + pause);
        assert_non_null(strstr(text, pause ? "\"exact\":true" :
                               "\"exact\":false"));
    }
}

/* Memory, 16 octets for a page, 16 MiB. */
static void it_has_to_fit(void **state)
{
    struct host *h = *state;
    char expected[64];

    assert_int_equal(vm_snapshot_size(4096 * 256), 4096 * 256 + 4096 +
                                                   (16 << 20));
    good_xl(h);
    h->places.spool.limit = NEEDED - 1;
    assert_int_equal(make(h, false), -ENOSPC);
    snprintf(expected, sizeof(expected), " %llu more are needed",
             (unsigned long long)NEEDED);
    assert_non_null(strstr(h->text, expected));
    assert_int_equal(access(host_path(h, "args"), F_OK), -1);
    h->places.spool.limit = NEEDED;
    assert_int_equal(make(h, false), 0);
}

/* The image of a guest that grows meanwhile. */
static void it_cannot_outgrow_that(void **state)
{
    struct host *h = *state;
    char script[256];

    h->places.spool.limit = SPOOL_LIMIT;
    snprintf(script, sizeof(script), "exec truncate -s %llu \"$4\"",
             (unsigned long long)NEEDED);
    host_script(h->xl, script);
    assert_int_equal(make(h, false), 0);
    snprintf(script, sizeof(script), "exec truncate -s %llu \"$4\"",
             (unsigned long long)NEEDED + 1);
    host_script(h->xl, script);
    assert_int_equal(make(h, false), -EIO);
    assert_int_equal(host_spooled(h, ""), 2);
}

static void some_cannot_be_saved(void **state)
{
    struct host *h = *state;

    good_xl(h);
    assert_int_equal(vm_snapshot_make(&h->m, &h->places, 9, false, true,
                                      h->text, sizeof(h->text)), -ENOENT);
    assert_string_equal(h->text, "there is no domain 9");
    fake_libxl_set_pauses(5, 1);
    assert_int_equal(make(h, false), -EBUSY);
    assert_string_equal(h->text, "domain 5 is paused, and cannot take part in "
                        "it");
    fake_libxl_set_pauses(5, 0);
    fake_libxl_shutdown(5, LIBXL_SHUTDOWN_REASON_CRASH);
    assert_int_equal(make(h, false), -EINVAL);
    assert_string_equal(h->text, "domain 5 is down");
    assert_int_equal(access(host_path(h, "args"), F_OK), -1);
}

static void suspend(void *arg)
{
    (void)arg;
    fake_libxl_shutdown(5, LIBXL_SHUTDOWN_REASON_SUSPEND);
}

/* It resumes the guest itself. */
static void failing_xl_leaves_nothing(void **state)
{
    struct host *h = *state;

    host_script(h->xl, "echo half >\"$4\"; echo it failed; exit 1");
    assert_int_equal(make(h, false), -EIO);
    assert_non_null(strstr(h->text, "xl: exit status 1: it failed"));
    assert_int_equal(host_spooled(h, ""), 0);
    assert_string_equal(fake_libxl_asked(), "");
    /* But one that has died does not. */
    fake_at(FAKE_XS_READ, 1, suspend, NULL, 0);
    assert_int_equal(make(h, false), -EIO);
    assert_string_equal(fake_libxl_asked(), "resume 5");
    assert_int_equal(unlink(h->xl), 0);
    assert_int_equal(make(h, false), -ENOENT);
}

static void guest_of_a_killed_xl_is_resumed(void **state)
{
    struct host *h = *state;

    host_script(h->xl, "echo half >\"$4\"; exec sleep 1000");
    h->places.save_ms = 1;
    fake_at(FAKE_XS_READ, 1, suspend, NULL, 0);
    assert_int_equal(make(h, false), -ETIMEDOUT);
    assert_string_equal(fake_libxl_asked(), "resume 5");
    assert_int_equal(host_spooled(h, ""), 0);
    assert_int_equal(fake_libxl_pauses(5), 0);
    fake_at(FAKE_XS_READ, 1, suspend, NULL, 0);
    assert_int_equal(make(h, true), -ETIMEDOUT);
    assert_string_equal(fake_libxl_asked(), "resume 5, pause 5, resume 5");
    assert_int_equal(fake_libxl_pauses(5), 1);
    assert_non_null(fake_read(PAUSED));
}

/* Who is root in the guest does not gain minutes by that. */
static void guest_that_does_not_suspend_is_paused(void **state)
{
    struct host *h = *state;

    host_script(h->xl, "exec sleep 1000");
    h->places.suspend_ms = 1;
    fake_write(CONTROL, "suspend");
    assert_int_equal(make(h, true), -ETIMEDOUT);
    assert_string_equal(h->text, "the guest has not suspended within 0.001 s, "
                        "and is paused without an image");
    assert_true(fake_is(CONTROL, ""));
    assert_string_equal(fake_libxl_asked(), "pause 5");
    assert_non_null(fake_read(PAUSED));
    assert_int_equal(host_spooled(h, ""), 0);
    /* The snapshot alone may take its time. */
    fake_libxl_set_pauses(5, 0);
    h->places.save_ms = h->places.resume_ms = 2;
    assert_int_equal(make(h, false), -ETIMEDOUT);
    assert_non_null(strstr(h->text, "has taken more than 0.002 s"));
    assert_int_equal(fake_libxl_pauses(5), 0);
}

/* One that suspends is waited for. */
static void guest_that_suspends_is_saved(void **state)
{
    struct host *h = *state;

    host_script(h->xl, "sleep 0.1; printf image >\"$4\"");
    h->places.suspend_ms = 1;
    fake_at(FAKE_XS_COMMIT, 1, suspend, NULL, 0);
    assert_int_equal(make(h, true), 0);
    assert_string_equal(host_read(h->text), "image");
}

/* What the guest has not seen yet is taken back. */
static void request_is_taken_back(void **state)
{
    struct host *h = *state;

    host_script(h->xl, "exec sleep 1000");
    h->places.save_ms = h->places.resume_ms = 1;
    fake_write(CONTROL, "suspend");
    assert_int_equal(make(h, false), -ETIMEDOUT);
    assert_true(fake_is(CONTROL, ""));
    assert_string_equal(fake_libxl_asked(), "");
    fake_write(CONTROL, "poweroff");
    assert_int_equal(make(h, false), -ETIMEDOUT);
    assert_true(fake_is(CONTROL, "poweroff"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOST_TEST(it_is_saved),
        HOST_TEST(oldest_and_newest_stay),
        HOST_TEST(what_is_wanted_by_hand_stays),
        HOST_TEST(it_is_paused_by_xl),
        HOST_TEST(disks_are_noted),
        HOST_TEST(disks_are_noted_before_and_after),
        HOST_TEST(it_has_to_fit),
        HOST_TEST(it_cannot_outgrow_that),
        HOST_TEST(some_cannot_be_saved),
        HOST_TEST(failing_xl_leaves_nothing),
        HOST_TEST(guest_of_a_killed_xl_is_resumed),
        HOST_TEST(guest_that_does_not_suspend_is_paused),
        HOST_TEST(guest_that_suspends_is_saved),
        HOST_TEST(request_is_taken_back),
    };

    return cmocka_run_group_tests_name("vm-snapshot", tests, NULL, NULL);
}
