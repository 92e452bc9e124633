/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-perform.c - actions in their order, what fails, what is told, what is
 * undone.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake-libxl.h"
#include "fake.h"
#include "host.h"
#include "need.h"
#include "perform.h"
#include "room.h"
#include "vscanctl.h"

/* What was told, as "ACTION RC TEXT" lines. */
static char told[4096];

static void tell(void *arg, enum action action, int rc, const char *text)
{
    const size_t len = strlen(told);

    assert_ptr_equal(arg, told);
    snprintf(told + len, sizeof(told) - len, "%s %d %s\n", action_text(action),
             rc, text);
}

static int perform_for(struct host *h, uint32_t domid, const char *list,
                       struct perform_cause cause)
{
    struct actions actions;

    told[0] = 0;
    assert_int_equal(actions_parse(list, &actions, h->text, sizeof(h->text)),
                     0);
    return perform(&h->m, &h->places, domid, &actions, &cause, tell, told);
}

static int perform_now(struct host *h, const char *list)
{
    return perform_for(h, 5, list, (struct perform_cause){ .text = "x" });
}

/* xl that notes that it was run, and how. */
static void put_xl(struct host *h)
{
    char script[512];

    snprintf(script, sizeof(script), "echo \"$2\" >'%s'; echo image >\"$4\"",
             host_path(h, "xl-was"));
    host_script(h->xl, script);
}

static void order_is_the_safe_one(void **state)
{
    struct host *h = *state;
    char image[HOST_TEXT_SIZE], expected[2 * HOST_TEXT_SIZE];

    put_xl(h);
    host_script(host_path(h, "actions.d/x"), "");
    fake_libxl_nic(5, 0);
    assert_int_equal(perform_now(h, "run:x,pause,snapshot,net-disconnect"), 0);
    assert_int_equal(sscanf(told, "net-disconnect 0 1 interface\n"
                            "snapshot 0 %1000s", image), 1);
    snprintf(expected, sizeof(expected), "net-disconnect 0 1 interface\n"
             "snapshot 0 %s\npause 0 \nrun 0 \n", image);
    assert_string_equal(told, expected);
    assert_string_equal(fake_libxl_asked(), "destroy 5 0, pause 5");
    assert_string_equal(host_read(host_path(h, "xl-was")), "-p\n");
    assert_int_equal(access(image, F_OK), 0);
}

static void nothing_is_nothing(void **state)
{
    struct host *h = *state;

    assert_int_equal(perform_now(h, "none"), 0);
    assert_string_equal(told, "");
    assert_string_equal(fake_libxl_asked(), "");
}

/* Without "pause" the guest goes on. */
static void snapshot_alone(void **state)
{
    struct host *h = *state;

    put_xl(h);
    assert_int_equal(perform_now(h, "snapshot"), 0);
    assert_string_equal(host_read(host_path(h, "xl-was")), "-c\n");
    assert_int_equal(fake_libxl_pauses(5), 0);
}

/* So that what was wanted by hand is told from the rest (spool_keep()). */
static void it_is_noted_who_wanted_it(void **state)
{
    struct host *h = *state;
    char json[HOST_TEXT_SIZE + 8], image[HOST_TEXT_SIZE];

    put_xl(h);
    for (int by_policy = 0; by_policy < 2; by_policy++) {
        assert_int_equal(perform_for(h, 5, "snapshot", (struct perform_cause){
                             .text = "x", .by_policy = by_policy }), 0);
        assert_int_equal(sscanf(told, "snapshot 0 %1000s", image), 1);
        snprintf(json, sizeof(json), "%s.json", image);
        assert_non_null(strstr(host_read(json), by_policy ?
                               "\"by\":\"policy\"" : "\"by\":\"hand\""));
    }
}

static void failures_keep_nothing_from_being_done(void **state)
{
    struct host *h = *state;
    char expected[1024];

    fake_libxl_nic(5, 0);
    fake_libxl_refuse("destroy 5 0");
    host_script(h->xl, "exit 1");
    host_script(h->xentrace, "exit 1");
    assert_int_equal(perform_now(h, "net-disconnect,record,snapshot,pause,"
                                 "run:x"), -EIO);
    snprintf(expected, sizeof(expected),
             "net-disconnect %d libxl cannot unplug vif 0 (error -3)\n"
             "record %d %s: exit status 1\n"
             "snapshot %d %s: exit status 1\n"
             "pause 0 \n"
             "run %d %s/x: No such file or directory\n", -EIO, -EIO,
             h->xentrace, -EIO, h->xl, -ENOENT, h->programs);
    assert_string_equal(told, expected);
    assert_int_equal(fake_libxl_pauses(5), 1);
}

static void domain0_is_left_alone(void **state)
{
    struct host *h = *state;

    fake_libxl_domain(0, "Domain-0", 1);
    assert_int_equal(perform_for(h, 0, "pause,net-disconnect",
                                 (struct perform_cause){ .text = "x" }),
                     -EINVAL);
    assert_string_equal(told, "");
    assert_string_equal(fake_libxl_asked(), "");
}

static void program_knows_the_domain(void **state)
{
    static const struct action_fact facts[] = { { "VSCAN_PATH", "/x" } };
    struct host *h = *state;
    char script[512];

    snprintf(script, sizeof(script), "env | grep ^VSCAN | sort >'%s'",
             host_path(h, "out"));
    host_script(host_path(h, "actions.d/x"), script);
    assert_int_equal(perform_for(h, 5, "run:x", (struct perform_cause){
                         .text = "x", .facts = facts, .nr_facts = 1 }), 0);
    assert_string_equal(host_read(host_path(h, "out")),
                        "VSCAN_DOMAIN=web\nVSCAN_DOMID=5\nVSCAN_PATH=/x\n"
                        "VSCAN_UUID=05050505-0505-0505-0505-050505050505\n");
}

static void facts_have_their_bound(void **state)
{
    struct host *h = *state;
    struct action_fact facts[PERFORM_MAX_FACTS + 1];

    for (int i = 0; i <= PERFORM_MAX_FACTS; i++)
        facts[i] = (struct action_fact){ "VSCAN_X", "x" };
    host_script(host_path(h, "actions.d/x"), "");
    assert_int_equal(perform_for(h, 5, "run:x", (struct perform_cause){
                         .text = "x", .facts = facts,
                         .nr_facts = PERFORM_MAX_FACTS }), 0);
    assert_int_equal(perform_for(h, 5, "run:x", (struct perform_cause){
                         .text = "x", .facts = facts,
                         .nr_facts = PERFORM_MAX_FACTS + 1 }), -E2BIG);
}

/* One line, whatever a guest has put into it. */
static void alert_is_one_line(void **state)
{
    const struct sockaddr_un log = { AF_UNIX, "/dev/log" };
    struct host *h = *state;
    char line[4096];
    ssize_t n;
    int fd;

    need_room();
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    unlink(log.sun_path);
    assert_int_equal(bind(fd, (const struct sockaddr *)&log, sizeof(log)), 0);
    assert_int_equal(perform_for(h, 5, "notify", (struct perform_cause){
                         .text = "found %s in a\nb\"" }), 0);
    assert_string_equal(told, "notify 0 \n");
    n = recv(fd, line, sizeof(line) - 1, 0);
    assert_true(n > 0);
    line[n] = 0;
    /* LOG_AUTH | LOG_ALERT */
    assert_memory_equal(line, "<33>", 4);
    assert_non_null(strstr(line, "xen-vscan["));
    assert_non_null(strstr(line, "]: domain 5 (web): found %s in "
                           "a\\x0ab\\x22"));
    assert_int_equal(recv(fd, line, sizeof(line), 0), -1);
    close(fd);
}

static int release(struct host *h, unsigned int nics, bool unpaused)
{
    unsigned int nr;
    bool was;
    int rc = perform_release(&h->m, 5, &nr, &was, h->text, sizeof(h->text));

    assert_int_equal(nr, nics);
    assert_int_equal(was, unpaused);
    return rc;
}

static void all_is_undone(void **state)
{
    struct host *h = *state;

    assert_int_equal(release(h, 0, false), 0);
    fake_libxl_nic(5, 0);
    assert_int_equal(perform_now(h, "net-disconnect,pause"), 0);
    assert_int_equal(release(h, 1, true), 0);
    assert_int_equal(fake_libxl_pauses(5), 0);
    assert_true(fake_libxl_has_nic(5, 0, "br0"));
    assert_int_equal(release(h, 0, false), 0);
}

static void release_now(void *arg)
{
    struct host *h = arg;
    unsigned int nics;
    bool unpaused;
    char why[PERFORM_TEXT_SIZE];

    assert_int_equal(perform_release(&h->m, 5, &nics, &unpaused, why,
                                     sizeof(why)), 0);
}

/* While the image is made, which xl ends by pausing the guest. */
static void release_xl_pauses(void *arg)
{
    release_now(arg);
    fake_libxl_set_pauses(5, 1);
}

/* Nothing is done after it, and nothing stays of what was being done. */
static void release_ends_what_is_at_work(void **state)
{
    struct host *h = *state;
    char image[HOST_TEXT_SIZE], rest[HOST_TEXT_SIZE];

    put_xl(h);
    host_script(host_path(h, "actions.d/x"), "");
    fake_libxl_nic(5, 0);
    /* After the interfaces; xl is about to be run. */
    fake_at(FAKE_XS_START, 2, release_xl_pauses, h, 0);
    assert_int_equal(perform_now(h, "net-disconnect,snapshot,pause,run:x"),
                     -ECANCELED);
    assert_int_equal(sscanf(told, "net-disconnect 0 1 interface\n"
                            "snapshot 0 %1000s\n%1000[^\x01]", image, rest), 2);
    assert_string_equal(rest, "pause -125 the guest has been released meanwhile"
                        "\nrun -125 the guest has been released meanwhile\n");
    assert_int_equal(fake_libxl_pauses(5), 0);
    assert_true(fake_libxl_has_nic(5, 0, "br0"));
    /* What is begun from then on is done. */
    assert_int_equal(perform_now(h, "net-disconnect,pause"), 0);
    assert_int_equal(fake_libxl_pauses(5), 1);
}

/* Whenever it comes, the guest runs afterwards, and has its interfaces. */
static void release_comes_at_any_moment(void **state)
{
    struct host *h = *state;
    unsigned int nth = 1;

    put_xl(h);
    fake_libxl_nic(5, 0);
    do {
        /* With the first one it is looked at when that begins. */
        fake_at(FAKE_XS_READ, ++nth, release_now, h, 0);
        perform_now(h, "net-disconnect,snapshot,pause");
        if (!fake_at_waits(FAKE_XS_READ)) {
            assert_int_equal(fake_libxl_pauses(5), 0);
            assert_true(fake_libxl_has_nic(5, 0, "br0"));
            assert_null(fake_read("/libxl/5/vscan-paused"));
        }
    } while (!fake_at_waits(FAKE_XS_READ));
    assert_in_range(nth, 8, 100);
    assert_int_equal(fake_libxl_pauses(5), 1);
}

/* While it is paused itself: one of both sees the other. */
static void release_undoes_a_pause_that_comes_late(void **state)
{
    struct host *h = *state;

    fake_at(FAKE_XS_START, 1, release_now, h, 0);
    assert_int_equal(perform_now(h, "pause"), -ECANCELED);
    assert_string_equal(told, "pause -125 the guest has been released meanwhile"
                        "\n");
    assert_int_equal(fake_libxl_pauses(5), 0);
    assert_null(fake_read("/libxl/5/vscan-paused"));
}

static void released_before_it_is_begun(void **state)
{
    const uint32_t releases = 0;
    struct host *h = *state;
    struct perform_cause cause = { .text = "x", .releases = &releases };

    release_now(h);
    assert_int_equal(perform_for(h, 5, "pause", cause), -ECANCELED);
    assert_int_equal(fake_libxl_pauses(5), 0);
}

static void release_that_is_not_noted_is_told(void **state)
{
    struct host *h = *state;

    fake_at(FAKE_XS_WRITE, 1, NULL, NULL, ENOSPC);
    assert_int_equal(release(h, 0, false), -ENOSPC);
    assert_string_equal(h->text, "cannot tell actions that are still at work: "
                        "No space left on device");
}

static void what_can_be_is_undone(void **state)
{
    struct host *h = *state;

    fake_libxl_nic(5, 0);
    assert_int_equal(perform_now(h, "net-disconnect,pause"), 0);
    fake_libxl_refuse("add 5 0");
    assert_int_equal(release(h, 0, true), -EIO);
    assert_string_equal(h->text, "vif 0: libxl cannot plug it in");
    assert_int_equal(perform_now(h, "pause"), 0);
    fake_libxl_refuse("unpause 5");
    assert_int_equal(release(h, 1, false), -EIO);
    assert_string_equal(h->text, "libxl cannot unpause it");
}

static void places_are_those_of_the_manual(void **state)
{
    (void)state;
    assert_string_equal(action_places.spool.dir, "/var/lib/xen-vscan/spool");
    assert_int_equal(action_places.spool.limit, 17179869184);
    assert_string_equal(action_places.spool.limit_file,
                        "/etc/xen/vscan/spool-limit-mib");
    assert_string_equal(action_places.programs_dir, "/etc/xen/vscan/actions.d");
    assert_int_equal(action_places.program_ms, 60000);
    assert_int_equal(action_places.save_ms, 300000);
    assert_int_equal(action_places.suspend_ms, 30000);
    assert_int_equal(action_places.trace_ms, 60000);
    assert_int_equal(action_places.trace_size, 67108864);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOST_TEST(order_is_the_safe_one),
        HOST_TEST(nothing_is_nothing),
        HOST_TEST(snapshot_alone),
        HOST_TEST(it_is_noted_who_wanted_it),
        HOST_TEST(failures_keep_nothing_from_being_done),
        HOST_TEST(domain0_is_left_alone),
        HOST_TEST(program_knows_the_domain),
        HOST_TEST(facts_have_their_bound),
        HOST_TEST(alert_is_one_line),
        HOST_TEST(all_is_undone),
        HOST_TEST(release_ends_what_is_at_work),
        HOST_TEST(release_comes_at_any_moment),
        HOST_TEST(release_undoes_a_pause_that_comes_late),
        HOST_TEST(released_before_it_is_begun),
        HOST_TEST(release_that_is_not_noted_is_told),
        HOST_TEST(what_can_be_is_undone),
        HOST_TEST(places_are_those_of_the_manual),
    };

    room_enter();
    return cmocka_run_group_tests_name("perform", tests, NULL, NULL);
}
