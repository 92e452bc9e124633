/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-performer.c - processes that act on VMs: what they are told, what they
 * say, and what is done once.  What they do is played here.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake.h"
#include "folder.h"
#include "log.h"
#include "logged.h"
#include "performer.h"
#include "vscanctl.h"

#define ACTED   "/libxl/5/vscan-acted"

static char dir[FOLDER_PATH_MAX], path[2 * FOLDER_PATH_MAX];
static struct incident_log log_place;
static struct machine m;
static struct performer performer;
static const struct subject web = { .name = "web", .uuid = "u", .domid = 5,
                                    .back = 3 };
static struct pace pace;
static enum cause why;

/* In place of perform.c: waits for a line on @gate, if there is one. */
static int gate[2];

int perform(const struct machine *machine, const struct action_places *places,
            uint32_t domid, const struct actions *actions,
            const struct perform_cause *cause, perform_done *done, void *arg)
{
    char octet, text[1024];

    (void)machine;
    (void)places;
    if (gate[0] >= 0 && read(gate[0], &octet, 1) != 1)
        return -EIO;
    if (actions->wanted[ACTION_RECORD])
        kill(getpid(), SIGKILL);
    snprintf(text, sizeof(text), "%u %s", domid, cause->text);
    if (*cause->releases)
        snprintf(text + strlen(text), sizeof(text) - strlen(text),
                 " releases=%u", *cause->releases);
    for (size_t i = 0; i < cause->nr_facts; i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), " %s=%s",
                 cause->facts[i].name, cause->facts[i].value);
    for (enum action a = 0; a < ACTION_END; a++)
        if (actions->wanted[a])
            done(arg, a, a == ACTION_PAUSE ? -EIO : 0, text);
    return 0;
}

static int start(void **state)
{
    folder_make(dir);
    snprintf(path, sizeof(path), "%s/log", dir);
    log_place = (struct incident_log){ .path = path, .max_octets = 1 << 20,
                                       .keep = 1 };
    vscanctl_start(state);
    pace = (struct pace){ 0 };
    why = CAUSE_INCIDENTS;
    gate[0] = gate[1] = -1;
    logged_start(LOG_LEVEL_INFO);
    return machine_init(&m) || performer_init(&performer, &m, &log_place, NULL);
}

static int stop(void **state)
{
    for (int i = 0; i < 2; i++)
        if (gate[i] >= 0)
            close(gate[i]);
    logged_stop();
    performer_dispose(&performer);
    machine_dispose(&m);
    folder_remove(dir);
    return vscanctl_stop(state);
}

static void act_on(const struct subject *subject, const char *words,
                   const struct incident *incident, int64_t now_ms)
{
    struct actions actions;
    char words_why[128];

    assert_int_equal(actions_parse(words, &actions, words_why,
                                   sizeof(words_why)), 0);
    assert_true(performer_start(&performer, subject, &actions, why, incident,
                                &pace, now_ms));
}

/* Waits for the end of @nr processes. */
static void until_ended(unsigned int nr)
{
    int status;

    while (nr-- > 0) {
        pid_t pid = waitpid(-1, &status, 0);

        assert_true(pid > 0);
        performer_on_exit(&performer, pid, status);
    }
}

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

static void results_are_recorded(void **state)
{
    struct incident incident = { .event = VSCANIF_EVENT_EXEC, .pid = 7,
                                 .uid = 8, .name = "clamav:Eicar",
                                 .process = "/bin/sh", .size = UINT64_MAX,
                                 .path = "/tmp/x" };

    (void)state;
    act_on(&web, "pause,net-disconnect", &incident, 0);
    until_ended(1);
    assert_int_equal(lines("\"kind\":\"acting\""), 1);
    assert_int_equal(lines("\"actions\":\"net-disconnect,pause\",\"why\":"
                           "\"incidents\""), 1);
    assert_int_equal(lines("\"action\":\"net-disconnect\",\"result\":\"done\","
                           "\"text\":\"5 incidents: clamav:Eicar in /tmp/x "
                           "VSCAN_WHY=incidents VSCAN_BACK=3 VSCAN_PATH=/tmp/x "
                           "VSCAN_PROCESS=/bin/sh "
                           "VSCAN_SIZE=18446744073709551615 "
                           "VSCAN_DETECTION=clamav:Eicar VSCAN_SHA256=000"), 1);
    assert_int_equal(lines("VSCAN_EVENT=exec VSCAN_PID=7 VSCAN_UID=8\""), 2);
    assert_int_equal(lines("\"action\":\"pause\",\"result\":\"failed\""), 1);
    assert_true(logged("error: action: domain 5 (web): pause failed: ", ""));
    assert_null(performer.job);
}

/* What has failed is not done: it is asked for again, but not at once. */
static void failure_is_tried_again(void **state)
{
    (void)state;
    act_on(&web, "pause,net-disconnect", NULL, 1000);
    until_ended(1);
    assert_true(fake_is(ACTED, "net-disconnect"));
    act_on(&web, "pause", NULL, 1000 + PERFORMER_AGAIN_MS - 1);
    assert_null(performer.job);
    act_on(&web, "pause,net-disconnect", NULL, 1000 + PERFORMER_AGAIN_MS);
    until_ended(1);
    assert_int_equal(lines("\"action\":\"pause\",\"result\":\"failed\""), 2);
    assert_int_equal(lines("\"action\":\"net-disconnect\""), 1);
}

/* acted_read() is a round trip to xenstore. */
static void xenstore_is_asked_when_something_is_due(void **state)
{
    unsigned int reads;

    (void)state;
    act_on(&web, "pause,notify", NULL, 1000);
    until_ended(1);
    reads = fake_count(FAKE_XS_READ);
    for (int64_t ms = 1000; ms < 1000 + PERFORMER_AGAIN_MS; ms += 100)
        act_on(&web, "pause,notify", NULL, ms);
    assert_int_equal(fake_count(FAKE_XS_READ), reads);
    act_on(&web, "pause", NULL, 1000 + PERFORMER_AGAIN_MS);
    until_ended(1);
    assert_true(fake_count(FAKE_XS_READ) > reads);
}

/* Each has its own pace. */
static void causes_are_apart(void **state)
{
    (void)state;
    act_on(&web, "run:a,notify", NULL, 1000);
    why = CAUSE_OUTBREAK;
    act_on(&web, "run:b", NULL, 1000);
    why = CAUSE_UNPROTECTED;
    act_on(&web, "notify", NULL, 1000);
    act_on(&web, "notify", NULL, 2000);
    until_ended(3);
    assert_int_equal(lines("\"actions\":\"run:a,notify\""), 1);
    assert_int_equal(lines("\"actions\":\"run:b\",\"why\":\"an outbreak\""), 1);
    assert_int_equal(lines("\"actions\":\"notify\",\"why\":"
                           "\"it is not protected\""), 1);
}

static void once_until_it_is_undone(void **state)
{
    const int64_t later = PERFORMER_AGAIN_MS;

    (void)state;
    act_on(&web, "net-disconnect", NULL, 0);
    /* Neither while it is being done nor after. */
    act_on(&web, "net-disconnect", NULL, later);
    until_ended(1);
    act_on(&web, "net-disconnect", NULL, 2 * later);
    assert_null(performer.job);
    act_on(&web, "net-disconnect,snapshot", NULL, 3 * later);
    until_ended(1);
    assert_int_equal(lines("\"actions\":\"snapshot\""), 1);
    assert_true(fake_is(ACTED, "net-disconnect,snapshot"));
    /* vscand itself is started anew. */
    performer_dispose(&performer);
    assert_int_equal(performer_init(&performer, &m, &log_place, NULL), 0);
    act_on(&web, "net-disconnect,snapshot", NULL, 4 * later);
    assert_null(performer.job);
    fake_remove(ACTED);
    act_on(&web, "net-disconnect", NULL, 5 * later);
    until_ended(1);
    assert_int_equal(lines("\"action\":\"net-disconnect\""), 2);
}

static void programs_once_in_a_while(void **state)
{
    (void)state;
    act_on(&web, "run:x,notify", NULL, 5000);
    until_ended(1);
    assert_null(fake_read(ACTED));
    act_on(&web, "run:x", NULL, 5000 + PERFORMER_AGAIN_MS - 1);
    assert_null(performer.job);
    act_on(&web, "notify", NULL, 5000 + PERFORMER_AGAIN_MS);
    until_ended(1);
    assert_int_equal(lines("\"action\":\"notify\""), 2);
    assert_int_equal(lines("\"action\":\"run\""), 1);
}

static void open_gate(void)
{
    assert_int_equal(pipe2(gate, O_CLOEXEC), 0);
}

static void let_through(unsigned int nr)
{
    while (nr-- > 0)
        assert_int_equal(write(gate[1], "x", 1), 1);
}

/* What is asked for while a process acts is done by one that follows. */
static void one_at_a_time(void **state)
{
    (void)state;
    open_gate();
    act_on(&web, "net-disconnect", NULL, 0);
    act_on(&web, "snapshot", NULL, 0);
    act_on(&web, "pause", NULL, 0);
    assert_int_equal(lines("\"acting\""), 1);
    let_through(3);
    until_ended(3);
    assert_int_equal(lines("\"acting\""), 3);
    assert_int_equal(lines("\"kind\":\"action\""), 3);
}

/* The one that waits has been asked for before the guest was released. */
static void it_is_known_since_when_it_waits(void **state)
{
    (void)state;
    open_gate();
    fake_write("/libxl/5/vscan-released", "7");
    act_on(&web, "net-disconnect", NULL, 0);
    act_on(&web, "snapshot", NULL, 0);
    fake_write("/libxl/5/vscan-released", "8");
    act_on(&web, "notify", NULL, 0);
    let_through(3);
    until_ended(3);
    assert_int_equal(lines("\"action\":\"snapshot\""), 1);
    assert_int_equal(lines(" releases=7 "), 2);
    assert_int_equal(lines(" releases=8 "), 1);
}

static void bound_of_processes(void **state)
{
    struct subject subject = web;

    (void)state;
    open_gate();
    for (uint32_t domid = 10; domid < 10 + PERFORMER_MAX + 1; domid++) {
        subject.domid = domid;
        pace = (struct pace){ 0 };
        act_on(&subject, "pause", NULL, 0);
    }
    assert_int_equal(lines("\"acting\""), PERFORMER_MAX);
    let_through(PERFORMER_MAX + 1);
    until_ended(PERFORMER_MAX + 1);
    assert_int_equal(lines("\"acting\""), PERFORMER_MAX + 1);
    assert_int_equal(lines("\"kind\":\"action\""), PERFORMER_MAX + 1);
}

static void domain_that_goes_is_forgotten(void **state)
{
    (void)state;
    open_gate();
    act_on(&web, "net-disconnect", NULL, 0);
    act_on(&web, "pause", NULL, 0);
    performer_forget(&performer, 5);
    let_through(1);
    until_ended(1);
    assert_null(performer.job);
    assert_int_equal(lines("\"acting\""), 1);
}

static void process_that_dies_is_told(void **state)
{
    (void)state;
    act_on(&web, "record", NULL, 0);
    until_ended(1);
    assert_int_equal(lines("\"action\":\"all\",\"result\":\"failed\""), 1);
    assert_null(performer.job);
}

static void unreadable_list_is_none(void **state)
{
    (void)state;
    fake_write(ACTED, "nonsense");
    act_on(&web, "snapshot", NULL, 0);
    until_ended(1);
    assert_true(fake_is(ACTED, "snapshot"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(results_are_recorded),
        TEST(failure_is_tried_again),
        TEST(xenstore_is_asked_when_something_is_due),
        TEST(causes_are_apart),
        TEST(once_until_it_is_undone),
        TEST(programs_once_in_a_while),
        TEST(one_at_a_time),
        TEST(it_is_known_since_when_it_waits),
        TEST(bound_of_processes),
        TEST(domain_that_goes_is_forgotten),
        TEST(process_that_dies_is_told),
        TEST(unreadable_list_is_none),
    };

    return cmocka_run_group_tests_name("performer", tests, NULL, NULL);
}
