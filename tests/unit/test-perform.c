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
    assert_string_equal(action_places.programs_dir, "/etc/xen/vscan/actions.d");
    assert_int_equal(action_places.program_ms, 60000);
    assert_int_equal(action_places.save_ms, 300000);
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
        HOST_TEST(what_can_be_is_undone),
        HOST_TEST(places_are_those_of_the_manual),
    };

    room_enter();
    return cmocka_run_group_tests_name("perform", tests, NULL, NULL);
}
