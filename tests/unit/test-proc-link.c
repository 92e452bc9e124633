/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-proc-link.c - tests of xen-guest-front/proc-link.c: what the gate and the
 * toolstack say to each other through it.  Its scans are tested by the pair
 * tests.
 *
 * Overview: includes proc-link.c, whose parts are its own, and takes the steps
 * of its loop; the test is the gate, and the toolstack over the fake machine.
 */
#define _GNU_SOURCE
#include <xentoollog.h>

#include "../../xen-guest-front/proc-link.c"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "fake.h"
#include "names.h"
#include "two-domains.h"
#include "vscanif.h"

#define QUESTION    "/local/domain/5/vscan/0/question"
#define REMEDY      "1 5 gone - 1 2 n /p"

static struct link life;
static struct reader *reader;
static int gate;                /* our end */

static void look(void)
{
    xsfront_run(&life.xsfront);
}

static int setup(void **state)
{
    const char *why;
    int ends[2];

    (void)state;
    two_domains_start();
    fake_device_create(FRONT, BACK, NULL);
    fake_enter(FRONT);
    assert_int_equal(ipc_pair(ends), 0);
    gate = ends[0];
    life = (struct link){ .gate = ends[1], .reader = reader };
    remedies_init(&life.remedies);
    channel_init(&life.channel);
    assert_int_equal(channel_open_devices(&life.channel, &why), 0);
    assert_int_equal(jobs_create(&life.jobs, life.gate, reader, &life.channel,
                                 1), 0);
    assert_int_equal(xsfront_open(&life.xsfront, &xsfront_ops, &life, &why), 0);
    settle(FRONT, look);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fake_enter(FRONT);
    xsfront_close(&life.xsfront);
    xenevtchn_close(life.channel.xce);
    xengntshr_close(life.channel.xgs);
    xtl_logger_destroy(life.channel.logger);
    free(life.jobs);
    close(life.gate);
    close(gate);
    fake_stop();
    return 0;
}

/* What the link has told us of this kind; its text. */
static bool told(enum link_msg_kind kind, char *text, size_t size)
{
    struct link_msg msg;
    bool found = false;
    int fd;

    while (ipc_recv(gate, &msg, sizeof(msg), &fd) == 1) {
        if (msg.kind == kind && fd >= 0) {
            assert_int_equal(memtext_read(fd, text, size), 0);
            found = true;
        }
        if (fd >= 0)
            close(fd);
    }
    return found;
}

static void say(enum gate_msg_kind kind, uint64_t id, const char *text)
{
    struct gate_msg msg = { .kind = kind, .id = id };
    int fd = memtext_make(text);

    assert_int_equal(ipc_send(gate, &msg, sizeof(msg), fd), 0);
    close(fd);
    fake_enter(FRONT);
    assert_true(on_gate(&life));
}

static void expect_node(const char *name, const char *text)
{
    const char *is = fake_front_read(FRONT, name);

    if (!text)
        assert_null(is);
    else if (!is || strcmp(is, text))
        fail_msg("%s: %s", name, is ? is : "none");
}

static void questions_go_to_the_gate(void **state)
{
    char text[64];

    (void)state;
    assert_true(told(LINK_ATTACHED, text, sizeof(text)));
    assert_false(told(LINK_QUESTION, text, sizeof(text)));
    fake_write(QUESTION, "5 quarantine 3");
    settle(FRONT, look);
    assert_true(told(LINK_QUESTION, text, sizeof(text)));
    assert_string_equal(text, "5 quarantine 3");
    settle(FRONT, look);
    assert_false(told(LINK_QUESTION, text, sizeof(text)));
    /* What nobody can answer is answered here. */
    fake_write(QUESTION, "6 what");
    settle(FRONT, look);
    assert_false(told(LINK_QUESTION, text, sizeof(text)));
    expect_node(NODE_ANSWER, "6\nunknown");
}

static void answers_come_from_it(void **state)
{
    char most[VSCANIF_MAX_TEXT + 1];

    (void)state;
    fake_write(QUESTION, "5 stats");
    settle(FRONT, look);
    say(GATE_ANSWER, 4, "4\nheld 1");
    expect_node(NODE_ANSWER, NULL);
    /* Whole, to the last octet. */
    memset(most, 'x', sizeof(most) - 1);
    memcpy(most, "5\n", 2);
    most[sizeof(most) - 1] = 0;
    say(GATE_ANSWER, 5, most);
    expect_node(NODE_ANSWER, most);
}

/* No time passes but what is set: the first is told at once, the next ones
 * when they are due, together. */
static void remedies_are_told_seldom(void **state)
{
    char want[128];
    const uint32_t nr = life.remedies.life;

    (void)state;
    assert_int_equal(check_remedies(&life), -1);
    expect_node(NODE_REMEDIES, NULL);
    say(GATE_REMEDY, 0, REMEDY);
    assert_int_equal(check_remedies(&life), -1);
    snprintf(want, sizeof(want), "%u 1\n" REMEDY, nr);
    expect_node(NODE_REMEDIES, want);
    life.remedies.due_ms = INT64_MAX;
    say(GATE_REMEDY, 0, REMEDY);
    say(GATE_REMEDY, 0, "nonsense");
    say(GATE_REMEDY, 0, REMEDY);
    assert_int_equal(check_remedies(&life), INT64_MAX);
    expect_node(NODE_REMEDIES, want);
    life.remedies.due_ms = 0;
    assert_int_equal(check_remedies(&life), -1);
    snprintf(want, sizeof(want), "%u 3\n" REMEDY "\n2" "%s\n3" "%s", nr,
             REMEDY + 1, REMEDY + 1);
    expect_node(NODE_REMEDIES, want);
    assert_true(life.remedies.due_ms > 0);
}

/* In another folder, too, with the serials of this life. */
static void remedies_outlive_the_device(void **state)
{
    char want[128];

    (void)state;
    say(GATE_REMEDY, 0, REMEDY);
    check_remedies(&life);
    fake_device_remove(FRONT, BACK);
    settle(FRONT, look);
    fake_device_create(FRONT, BACK, NULL);
    settle(FRONT, look);
    snprintf(want, sizeof(want), "%u 1\n" REMEDY, life.remedies.life);
    expect_node(NODE_REMEDIES, want);
}

static void look_at_all(void)
{
    on_xenstore(&life);
}

/* What was published before the policy changed is published anew, though no back
 * has joined it yet. */
static void pool_of_the_policy(void **state)
{
    (void)state;
    fake_back_write(BACK, FRONT, NODE_VERSIONS, "1");
    fake_back_write(BACK, FRONT, NODE_MAX_POOL_PAGES, "200");
    fake_back_write(BACK, FRONT, NODE_STATE, "2");
    life.pool_pages = 100;
    settle(FRONT, look_at_all);
    expect_node(NODE_STATE, "3");
    expect_node(NODE_POOL_PAGES, "100");
    fake_write("/local/domain/5/vscan/0/policy", "pool-pages=50");
    settle(FRONT, look_at_all);
    expect_node(NODE_STATE, "3");
    expect_node(NODE_POOL_PAGES, "50");
    fake_write("/local/domain/5/vscan/0/policy", "pool-pages=300");
    settle(FRONT, look_at_all);
    expect_node(NODE_POOL_PAGES, "200");
    fake_write("/local/domain/5/vscan/0/policy", "transport=per-request");
    settle(FRONT, look_at_all);
    expect_node(NODE_STATE, "3");
    expect_node(NODE_POOL_PAGES, NULL);
    expect_node(NODE_POOL_REFS, NULL);
}

/* By a back that has died before it was connected. */
static void spoilt_ring_is_made_anew(void **state)
{
    char before[16];

    (void)state;
    fake_back_write(BACK, FRONT, NODE_VERSIONS, "1");
    fake_back_write(BACK, FRONT, NODE_STATE, "2");
    settle(FRONT, look_at_all);
    for (int i = 0; i < 4; i++) {
        snprintf(before, sizeof(before), "%s",
                 fake_front_read(FRONT, NODE_CONNECTION_ID));
        fake_back_write(BACK, FRONT, NODE_STATE, "2");
        settle(FRONT, look_at_all);
        expect_node(NODE_CONNECTION_ID, before);
        if (i == 0)
            *((uint8_t *)life.channel.page + VSCANIF_FRONT_LIVE_OFFSET) = 0;
        else if (i == 1)
            ((struct vscanif_sring *)life.channel.page)->req_prod = 1;
        else if (i == 2)
            ((struct vscanif_sring *)life.channel.page)->rsp_prod = UINT32_MAX;
        else
            assert_true(ring_front_cancel(life.channel.page, 1));
        fake_back_write(BACK, FRONT, NODE_STATE, "2");
        settle(FRONT, look_at_all);
        expect_node(NODE_STATE, "3");
        assert_true(ring_front_is_new(life.channel.page));
        assert_string_not_equal(before, fake_front_read(FRONT,
                                                        NODE_CONNECTION_ID));
    }
}

/* An access waits for a back that has gone. */
static void use_policy(const char *text)
{
    fake_write("/local/domain/5/vscan/0/policy", text);
    settle(FRONT, look_at_all);
}

static void hold(void)
{
    const struct gate_msg msg = { .kind = GATE_HELD, .id = 7,
                                  .event = VSCANIF_EVENT_OPEN };

    jobs_add(life.jobs, &msg, memtext_make("content"));
    assert_true(jobs_waiting(life.jobs));
}

/* Where the policy allows what has no back nobody waits long; where it denies
 * that, as long as an access may be held since there was one, and not after. */
static void back_is_waited_for(void **state)
{
    (void)state;
    use_policy("fail=open timeout-ms=30000");
    assert_int_equal(life.grace_ms, RECONNECT_GRACE_MS);
    use_policy("fail=closed allow=no-back timeout-ms=30000");
    assert_int_equal(life.grace_ms, RECONNECT_GRACE_MS);
    use_policy("mode=monitor fail=closed timeout-ms=30000");
    assert_int_equal(life.grace_ms, RECONNECT_GRACE_MS);
    use_policy("fail=open deny=no-back timeout-ms=600000");
    assert_int_equal(life.grace_ms, 600000);
    hold();
    life.down_since_ms = proc_now_ms();
    assert_int_equal(check_grace(&life), life.down_since_ms + 600000);
    assert_true(jobs_waiting(life.jobs));
    life.down_since_ms = proc_now_ms() - 600000;
    assert_int_equal(check_grace(&life), -1);
    assert_false(jobs_waiting(life.jobs));
    hold();
    assert_int_equal(check_grace(&life), -1);
    assert_false(jobs_waiting(life.jobs));
}

/* A link ends that hears that its guest has been restored; whether it leaves a
 * keeper, which is ended. */
static bool leaves_a_keeper(void)
{
    const pid_t link = fork();
    char name[64], text[64] = "";
    int status, fd;
    pid_t keeper;

    if (!link)
        on_restored(&life);
    assert_int_equal(waitpid(link, &status, 0), link);
    assert_int_equal(status, 0);
    snprintf(name, sizeof(name), "/proc/self/task/%d/children", (int)getpid());
    fd = open(name, O_RDONLY | O_CLOEXEC);
    assert_true(read(fd, text, sizeof(text) - 1) >= 0);
    close(fd);
    keeper = (pid_t)atoi(text);
    if (!keeper)
        return false;
    kill(keeper, SIGKILL);
    assert_int_equal(waitpid(keeper, &status, 0), keeper);
    return true;
}

static void restored(void **state)
{
    (void)state;
    /* Who is left without a parent is ours. */
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    assert_false(leaves_a_keeper());
    fake_back_write(BACK, FRONT, NODE_VERSIONS, "1");
    fake_back_write(BACK, FRONT, NODE_STATE, "2");
    settle(FRONT, look_at_all);
    assert_true(life.channel.port >= 0);
    assert_true(leaves_a_keeper());
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(questions_go_to_the_gate), TEST(answers_come_from_it),
        TEST(remedies_are_told_seldom), TEST(remedies_outlive_the_device),
        TEST(pool_of_the_policy), TEST(back_is_waited_for),
        TEST(spoilt_ring_is_made_anew), TEST(restored),
    };

    log_init("test", LOG_LEVEL_ERROR);
    fake_enter_others(FRONT);
    if (reader_start(&reader, NULL))
        return 1;
    return cmocka_run_group_tests_name("proc-link", tests, NULL, NULL);
}
