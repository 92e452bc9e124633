/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watched-guests.h - guests that vscand watches over, on the fake xenstore
 * (vscanctl.h), for several tests.  What it has done is noted here, in place of
 * performer.c.
 */
#ifndef VSCAN_TESTS_WATCHED_GUESTS_H
#define VSCAN_TESTS_WATCHED_GUESTS_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <xenstore.h>

#include "device.h"
#include "fake.h"
#include "folder.h"
#include "guests.h"
#include "log.h"
#include "logged.h"
#include "names.h"
#include "vscanctl.h"

#define DIGEST  "000102030405060708090a0b0c0d0e0f" \
                "101112131415161718191a1b1c1d1e1f"
#define OTHER   "ff0102030405060708090a0b0c0d0e0f" \
                "101112131415161718191a1b1c1d1e1f"
#define LINE(serial, digest) #serial " 1764225810 open 12 1000 68 " digest \
                             " clamav:Eicar /bin/sh /tmp/x"
#define ALARMS  "/libxl/5/vscan-alarms"
#define KEPT    "/libxl/5/vscan-incidents"

static char dir[FOLDER_PATH_MAX], path[2 * FOLDER_PATH_MAX];
static struct incident_log log_place;
static struct machine m;
static struct protect protect_none;
static const char *dirs[] = { dir, NULL };
static const struct attachment_places places = {
    .config_dirs = dirs, .policy_dir = dir,
};
static struct guests *guests;
static int64_t now_ms;

/* In place of performer.c --------------------------------------------------- */

static char acted[2048];
static bool performer_fails;

bool performer_start(struct performer *performer, const struct subject *subject,
                     const struct actions *actions, enum cause cause,
                     const struct incident *incident, struct pace *pace,
                     int64_t at_ms)
{
    static const char *const causes[] = { "incidents", "outbreak",
                                          "unprotected" };
    char text[ACTIONS_TEXT_SIZE], one[512];

    (void)performer;
    assert_non_null(pace);
    assert_int_equal(at_ms, now_ms);
    snprintf(one, sizeof(one), "%u %s %s: %s%.99s;", subject->domid,
             subject->name, causes[cause], actions_format(actions, text),
             incident ? incident->path : "");
    strncat(acted, one, sizeof(acted) - strlen(acted) - 1);
    return !performer_fails;
}

void performer_forget(struct performer *performer, uint32_t domid)
{
    (void)performer;
    (void)domid;
}

/* In place of about.c, which asks libxl. */
static bool other_uuid, no_uuid;

char *about_uuid(const struct machine *machine, uint32_t domid,
                 char out[ABOUT_UUID_SIZE])
{
    (void)machine;
    out[0] = 0;
    if (no_uuid)
        return out;
    snprintf(out, ABOUT_UUID_SIZE, "%08u-0000-0000-0000-%012u", other_uuid,
             domid);
    return out;
}

/* ---------------------------------------------------------------------------*/

static void connect_all(uint32_t front)
{
    char engines[64];

    snprintf(engines, sizeof(engines), "clamav ok %lld: x",
             (long long)time(NULL));
    fake_front_write(front, NODE_STATE, "4");
    fake_front_write(front, NODE_CONNECTION_ID, "77");
    fake_back_write(3, front, NODE_STATE, "4");
    fake_back_write(3, front, NODE_ENGINES, engines);
    fake_back_write(3, front, NODE_CONNECTION_ID, "77");
}

/* Takes what there is to see and looks; what is due next. */
static int look(int64_t ms)
{
    char **event;

    now_ms = ms;
    while ((event = xs_check_watch(m.xs))) {
        guests_event(guests, event, ms);
        free(event);
    }
    return guests_look(guests, ms);
}

static void say(const char *response)
{
    fake_write("/libxl/5/vscan-response", response);
    assert_true(guests_list(guests, &protect_none));
}

/* "web" is connected to "scanner". */
static int start(void **state)
{
    folder_make(dir);
    snprintf(path, sizeof(path), "%s/log", dir);
    log_place = (struct incident_log){ .path = path, .max_octets = 1 << 20,
                                       .keep = 1 };
    vscanctl_start(state);
    connect_all(5);
    assert_int_equal(machine_init(&m), 0);
    guests = calloc(1, sizeof(*guests));
    guests->m = &m;
    guests->log = &log_place;
    guests->places = &places;
    acted[0] = 0;
    performer_fails = other_uuid = no_uuid = false;
    logged_start(LOG_LEVEL_INFO);
    assert_true(guests_list(guests, &protect_none));
    look(1000);
    return 0;
}

static int stop(void **state)
{
    logged_stop();
    guests_dispose(guests);
    free(guests);
    machine_dispose(&m);
    folder_remove(dir);
    return vscanctl_stop(state);
}

/* The lines of the log that have @what in them. */
static unsigned int lines(const char *what)
{
    char line[INCIDENT_LOG_MAX_LINE];
    FILE *f = fopen(path, "r");
    unsigned int nr = 0;

    while (f && fgets(line, sizeof(line), f))
        nr += strstr(line, what) != NULL;
    if (f)
        fclose(f);
    return nr;
}

static void report(const char *node)
{
    fake_back_write(3, 5, NODE_INCIDENTS, node);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

#endif
