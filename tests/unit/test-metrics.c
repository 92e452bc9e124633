/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-metrics.c - the file for Prometheus' node exporter.
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

#include "fake.h"
#include "folder.h"
#include "metrics.h"
#include "xs.h"

static char dir[FOLDER_PATH_MAX], path[2 * FOLDER_PATH_MAX], text[8192];
static struct guest web = { .uuid = "u1", .domid = 5, .attached = true,
                            .reports[INTAKE_INCIDENTS].nr = 3,
                            .reports[INTAKE_INCIDENTS].nr_missed = 2,
                            .reports[INTAKE_REMEDIES].nr = 4 },
                    odd = { .uuid = "u2", .domid = 6, .attached = true };
static struct guest *all[] = { &web, &odd };
static struct performer performer;
static struct guests *guests;
static struct machine machine;

static void policy_is(unsigned int domid, const char *words)
{
    char node[128];

    snprintf(node, sizeof(node), "/local/domain/%u/vscan/0/policy", domid);
    fake_write(node, words);
}

static int start(void **state)
{
    const char *why;

    (void)state;
    folder_make(dir);
    fake_start();
    fake_enter(0);
    fake_domain_create(0);
    fake_domain_create(5);
    fake_domain_create(6);
    policy_is(5, "mode=enforce");
    policy_is(6, "mode=enforce");
    assert_int_equal(xsx_open(&machine.xs, &why), 0);
    snprintf(path, sizeof(path), "%s/vscan.prom", dir);
    web.name = (char *)"web";
    odd.name = (char *)"a\"b\\c\nd";
    guests = calloc(1, sizeof(*guests));
    guests->guest = all;
    guests->nr = 2;
    guests->performer = &performer;
    guests->m = &machine;
    return 0;
}

static int stop(void **state)
{
    (void)state;
    free(guests);
    xs_close(machine.xs);
    fake_stop();
    folder_remove(dir);
    return 0;
}

static bool has(const char *line)
{
    return strstr(text, line) != NULL;
}

static void write_and_read(void)
{
    FILE *f;
    size_t len;

    assert_int_equal(metrics_write(path, guests, 1764225810), 0);
    f = fopen(path, "r");
    assert_non_null(f);
    len = fread(text, 1, sizeof(text) - 1, f);
    fclose(f);
    assert_true(len < sizeof(text) - 1);
    text[len] = 0;
}

static void samples_are_there(void **state)
{
    (void)state;
    odd.alarms.alarm[ALARM_FRONT].since = 1764225000;
    odd.alarms.alarm[ALARM_NOT_COVERED].since = 1764225001;
    web.alarms.alarm[ALARM_NOT_COVERED].since = 0;
    performer.ended[ACTION_PAUSE][1] = 4;
    write_and_read();
    assert_true(has("\nvscan_look_seconds 1764225810\n"));
    assert_true(has("\n# TYPE vscan_guest_protected gauge\n"
                    "vscan_guest_protected{domain=\"web\",uuid=\"u1\"} 1\n"
                    "vscan_guest_protected{domain=\"a\\\"b\\\\c\\nd\","
                    "uuid=\"u2\"} 0\n"));
    assert_true(has("\nvscan_incidents_total{domain=\"web\",uuid=\"u1\"} 3\n"));
    assert_true(has("\nvscan_remedies_total{domain=\"web\",uuid=\"u1\"} 4\n"));
    assert_true(has("\nvscan_incidents_missed_total{domain=\"web\","
                    "uuid=\"u1\"} 2\n"));
    assert_true(has("\nvscan_alarm_since_seconds{domain=\"a\\\"b\\\\c\\nd\","
                    "uuid=\"u2\",reason=\"front-gone\"} 1764225000\n"));
    assert_true(has(",reason=\"not-covered\"} 1764225001\n"));
    assert_true(has("\nvscan_actions_total{action=\"pause\",result=\"failed\"} "
                    "4\n"));
    assert_true(has("\nvscan_actions_total{action=\"pause\",result=\"done\"} "
                    "0\n"));
    /* What is not covered is no lack of protection. */
    odd.alarms.alarm[ALARM_FRONT].since = 0;
    write_and_read();
    assert_true(has("uuid=\"u2\"} 1\n"));
    assert_false(has("front-gone"));
}

/* Who is connected, but not scanned, or denied nothing, is not protected. */
static void mode_is_told(void **state)
{
    (void)state;
    odd.alarms.alarm[ALARM_FRONT].since = 0;
    policy_is(5, "mode=monitor fail=closed");
    policy_is(6, "mode=off");
    write_and_read();
    assert_true(has("\nvscan_guest_protected{domain=\"web\",uuid=\"u1\"} 0\n"));
    assert_true(has("\n# TYPE vscan_guest_mode gauge\nvscan_guest_mode{"
                    "domain=\"web\",uuid=\"u1\",mode=\"monitor\"} 1\n"));
    assert_true(has("uuid=\"u2\"} 0\n"));
    assert_true(has("uuid=\"u2\",mode=\"off\"} 1\n"));
    policy_is(5, "mode=enforce");
    policy_is(6, "mode=x");
    write_and_read();
    assert_true(has("\nvscan_guest_protected{domain=\"web\",uuid=\"u1\"} 1\n"));
    assert_true(has("uuid=\"u1\",mode=\"enforce\"} 1\n"));
    assert_true(has("uuid=\"u2\"} 0\n"));
    assert_true(has("uuid=\"u2\",mode=\"?\"} 1\n"));
}

/* Its config could not be followed, and for the first two seconds that is no
 * alarm. */
static void not_attached(void **state)
{
    (void)state;
    odd.attached = false;
    write_and_read();
    odd.attached = true;
    assert_true(has("uuid=\"u2\"} 0\n"));
    assert_false(has("uuid=\"u2\",mode="));
}

static void traps_are_no_use(void **state)
{
    char other[3 * FOLDER_PATH_MAX];
    struct stat st;

    (void)state;
    write_and_read();
    snprintf(other, sizeof(other), "%s.new", path);
    assert_int_equal(mkfifo(other, 0666), 0);
    write_and_read();
    assert_int_equal(symlink("/dev/null", other), 0);
    write_and_read();
    assert_int_equal(lstat(path, &st), 0);
    assert_true(S_ISREG(st.st_mode));
    /* A folder cannot be got out of the way: the last one stays. */
    assert_int_equal(mkdir(other, 0755), 0);
    assert_int_equal(metrics_write(path, guests, 1), -EEXIST);
    assert_int_equal(rmdir(other), 0);
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(metrics_write("/nonexistent/x.prom", guests, 1), -ENOENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(samples_are_there),
        TEST(mode_is_told),
        TEST(not_attached),
        TEST(traps_are_no_use),
    };

    return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
