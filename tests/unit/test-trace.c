/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-trace.c - a trace is begun, and ends in the background.
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
#include "trace.h"
#include "vscanctl.h"

static int start(struct host *h)
{
    h->text[0] = 0;
    return trace_start(&h->m, &h->places, 5, true, h->text, sizeof(h->text));
}

/* Waits until the trace that was begun has its name. */
static const char *until_whole(const char *path)
{
    host_await(path);
    return path;
}

static void until_json_says(const char *path, const char *text)
{
    char json[HOST_TEXT_SIZE + 8];

    snprintf(json, sizeof(json), "%s.json", until_whole(path));
    if (!strstr(host_read(json), text))
        fail_msg("%s is not in %s", text, host_read(json));
}

/* One that goes on until it is told to end, and then says more. */
static void patient_xentrace(struct host *h)
{
    char script[1024];

    snprintf(script, sizeof(script), "trap 'printf last >\"$4\"; exit 0' TERM\n"
             "echo \"$*\" >'%s'\nprintf records >\"$4\"\n"
             "while :; do sleep 0.01; done", host_path(h, "args"));
    host_script(h->xentrace, script);
}

static void it_ends_when_its_time_is_over(void **state)
{
    struct host *h = *state;
    char path[HOST_TEXT_SIZE];
    struct stat st;

    patient_xentrace(h);
    h->places.trace_ms = 1;
    assert_int_equal(start(h), 0);
    strcpy(path, h->text);
    until_json_says(path, "\"end\":\"its time is over\"");
    assert_string_equal(host_read(path), "recordslast");
    assert_string_equal(host_read(host_path(h, "args")),
                        "-D -e all /proc/self/fd/3\n");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    until_json_says(path, "\"domid\":5");
    until_json_says(path, "\"name\":\"web\"");
    until_json_says(path, "\"uuid\":\"05050505-");
    until_json_says(path, "\"time\":\"2");
}

/* To the octet, and xentrace is ended, not left to wait. */
static void it_ends_when_it_is_large_enough(void **state)
{
    struct host *h = *state;
    char path[HOST_TEXT_SIZE];
    struct stat st;

    h->places.trace_size = 100000;
    host_script(h->xentrace, "exec cat /dev/zero >\"$4\"");
    assert_int_equal(start(h), 0);
    strcpy(path, h->text);
    until_json_says(path, "\"end\":\"it is as large as it may be\"");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 100000);
    /* One octet less is not its bound. */
    host_script(h->xentrace, "head -c 99999 /dev/zero >\"$4\"; exit 3");
    assert_int_equal(start(h), 0);
    until_json_says(h->text, "xentrace: exit status 3\"");
}

static void one_at_a_time(void **state)
{
    struct host *h = *state;
    char script[1024], path[HOST_TEXT_SIZE];

    snprintf(script, sizeof(script), "printf records >\"$4\"\n"
             "until [ -e '%s' ]; do sleep 0.01; done", host_path(h, "go"));
    host_script(h->xentrace, script);
    assert_int_equal(start(h), 0);
    strcpy(path, h->text);
    assert_int_equal(start(h), -EBUSY);
    assert_string_equal(h->text, "there is a trace being made already");
    assert_int_equal(access(path, F_OK), -1);
    /* What is being written is no leftover. */
    assert_int_equal(host_spooled(h, ".part"), 1);
    host_script(host_path(h, "go"), "");
    until_whole(path);
    /* When it has its name, it may still be about to let go. */
    while (start(h) == -EBUSY)
        ;
    assert_string_not_equal(h->text, path);
    until_whole(h->text);
}

/* It is found infected, and reboots, again and again. */
static void traces_of_a_vm_have_a_bound(void **state)
{
    const struct timespec old[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
    struct host *h = *state;
    char first[HOST_TEXT_SIZE];

    host_script(h->xentrace, "printf records >\"$4\"");
    for (unsigned int i = 0; i < TRACES + 2; i++) {
        int rc;

        while ((rc = start(h)) == -EBUSY)
            ;
        assert_int_equal(rc, 0);
        until_whole(h->text);
        if (i == 0) {
            strcpy(first, h->text);
            assert_int_equal(utimensat(AT_FDCWD, first, old, 0), 0);
        }
    }
    while (host_spooled(h, ".trace") > TRACES)
        ;
    assert_int_equal(host_spooled(h, ".trace"), TRACES);
    assert_int_equal(access(first, F_OK), 0);
    assert_int_equal(access(h->text, F_OK), 0);
}

static void failures_are_told(void **state)
{
    struct host *h = *state;

    host_script(h->xentrace, "echo no trace; echo buffers >&2; exit 1");
    assert_int_equal(start(h), -EIO);
    assert_non_null(strstr(h->text, "xentrace: exit status 1: no trace "
                           "buffers "));
    while (host_spooled(h, ""))
        ;
    assert_int_equal(unlink(h->xentrace), 0);
    while (start(h) == -EBUSY)
        ;
    assert_non_null(strstr(h->text, "exit status 127: No such file"));
    h->places.spool.limit = h->places.trace_size - 1;
    assert_int_equal(start(h), -ENOSPC);
    fake_libxl_gone(5);
    vscanctl_domain_gone(5);
    assert_int_equal(start(h), -ENOENT);
    assert_string_equal(h->text, "there is no domain 5");
}

static void there_has_to_be_a_record(void **state)
{
    struct host *h = *state;

    h->places.trace_start_ms = 1;
    host_script(h->xentrace, "exec sleep 1000");
    assert_int_equal(start(h), -ETIMEDOUT);
    assert_string_equal(h->text, "there was no record");
    while (host_spooled(h, ""))
        ;
    /* What comes later makes no trace of it. */
    host_script(h->xentrace, "trap 'printf late >\"$4\"; exit' TERM\n"
                "while :; do sleep 0.01; done");
    while (start(h) == -EBUSY)
        ;
    assert_string_equal(h->text, "there was no record");
    while (host_spooled(h, ".hold"))
        ;
    assert_int_equal(host_spooled(h, ""), 0);
}

/* Who waits for the end of the action's output does not wait for the trace. */
static void it_holds_nothing_of_ours(void **state)
{
    struct host *h = *state;
    const unsigned int before = fake_open_fds();
    char octet, script[1024], path[HOST_TEXT_SIZE];
    const int output = dup(STDOUT_FILENO);
    int ends[2], rc;

    snprintf(script, sizeof(script), "printf records >\"$4\"\n"
             "until [ -e '%s' ]; do sleep 0.01; done", host_path(h, "go"));
    host_script(h->xentrace, script);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(dup2(ends[1], STDOUT_FILENO), STDOUT_FILENO);
    rc = start(h);
    assert_int_equal(dup2(output, STDOUT_FILENO), STDOUT_FILENO);
    close(output);
    assert_int_equal(rc, 0);
    strcpy(path, h->text);
    close(ends[1]);
    assert_int_equal(read(ends[0], &octet, 1), 0);
    close(ends[0]);
    assert_int_equal(fake_open_fds(), before);
    host_script(host_path(h, "go"), "");
    until_whole(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOST_TEST(it_ends_when_its_time_is_over),
        HOST_TEST(it_ends_when_it_is_large_enough),
        HOST_TEST(one_at_a_time),
        HOST_TEST(traces_of_a_vm_have_a_bound),
        HOST_TEST(failures_are_told),
        HOST_TEST(there_has_to_be_a_record),
        HOST_TEST(it_holds_nothing_of_ours),
    };

    return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
