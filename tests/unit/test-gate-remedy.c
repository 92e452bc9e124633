/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-gate-remedy.c - tests of xen-guest-front/gate-remedy.c, and of what
 * gate-question.c does when the remedy process, or the link, does not do its
 * part.
 *
 * Overview: the test is the gate, with no fanotify group; the remedy process is
 * a real one that does as the names of detections say.  Nothing is waited for
 * but what is certain to come: times are handed over, or set in the gate.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "gate.h"
#include "ipc.h"
#include "log.h"
#include "memtext.h"
#include "proc.h"
#include "proc-remedy.h"
#include "remedy-msg.h"

/* Only a broken test ever waits so long. */
#define LONG_MS 30000

#define LINE    "1 1700000000 deleted - 1 2 Test /x"

static struct gate gate;
static int peer = -1;           /* the link's end of its socket */

static void answer(int sock, uint32_t nr)
{
    const struct remedy_result result = { .kind = REMEDY_ANSWER, .nr = nr };
    char text[32];
    int fd;

    snprintf(text, sizeof(text), "%u\nanswered", nr);
    fd = memtext_make(text);
    if (fd < 0 || ipc_send(sock, &result, sizeof(result), fd))
        _exit(2);
    close(fd);
}

/* Is stuck on what is called so, has a line about "Line", says of all else that
 * it is in quarantine.  Answers all questions but that for an item 99, and that
 * before it, too. */
int proc_remedy(int sock)
{
    struct pollfd fd = { .fd = sock, .events = POLLIN };
    static struct remedy_msg msg;

    while (poll(&fd, 1, -1) == 1 &&
           ipc_recv(sock, &msg, sizeof(msg), NULL) == 1) {
        struct remedy_result done = { .kind = REMEDY_DEALT };

        if (!strcmp(msg.name, "Stuck") || msg.question.skip == 99)
            pause();
        if (msg.kind == REMEDY_QUESTION) {
            answer(sock, msg.question.nr - 1);
            answer(sock, msg.question.nr);
        } else if (msg.kind == REMEDY_FILE) {
            done.remedy = REMEDY_QUARANTINE;
        }
        if (!strcmp(msg.name, "Line"))
            strcpy(done.line, LINE);
        if (ipc_send(sock, &done, sizeof(done), -1))
            break;
    }
    return 0;
}

static int setup(void **state)
{
    int ends[2];

    (void)state;
    memset(&gate, 0, sizeof(gate));
    fan_init(&gate.fan);
    held_init(&gate.held);
    gate.policy = policy_default();
    gate.policy.remedy = REMEDY_QUARANTINE;
    gate.policy.notify = false;
    gate.status = mmap(NULL, sizeof(*gate.status), PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    gate.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (gate.status == MAP_FAILED || gate.epoll < 0 || ipc_pair(ends))
        return -1;
    gate.guard.sock = gate.marker.sock = gate.remedy.sock = -1;
    gate.link.sock = ends[0];
    peer = ends[1];
    gate.attached = true;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    if (gate.remedy.pid > 0)
        kill(gate.remedy.pid, SIGKILL);
    while (wait(NULL) > 0)
        ;
    if (gate.link.sock >= 0)
        close(gate.link.sock);
    if (gate.remedy.sock >= 0)
        close(gate.remedy.sock);
    question_forget(&gate);
    close(peer);
    close(gate.epoll);
    munmap(gate.status, sizeof(*gate.status));
    return 0;
}

/* Waits until it has ended, and leaves it to be reaped.  Which signal it was,
 * or the exit status. */
static int end_of(pid_t pid)
{
    struct pollfd end = { .fd = (int)syscall(SYS_pidfd_open, pid, 0),
                          .events = POLLIN };
    siginfo_t info;

    assert_int_equal(poll(&end, 1, LONG_MS), 1);
    close(end.fd);
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    return info.si_status;
}

static void send_remedy(const char *name)
{
    static const struct facts facts = { .path = "/x" };
    const struct verdict verdict = verdict_infected(name);

    remedy_send(&gate, &facts, -1, VSCANIF_EVENT_OPEN, &verdict);
}

static void next_answer(void)
{
    struct pollfd in = { .fd = gate.remedy.sock, .events = POLLIN };

    assert_int_equal(poll(&in, 1, LONG_MS), 1);
    remedy_on_message(&gate);
}

static void assert_remedies(unsigned int waiting, unsigned int done,
                            unsigned int failed)
{
    assert_int_equal(gate.remedies, waiting);
    assert_int_equal(gate.status->count[COUNT_QUARANTINED], done);
    assert_int_equal(gate.status->count[COUNT_REMEDY_FAILED], failed);
}

/* Killed after 60 seconds; a second after its end there is another one. */
static void remedy_is_stuck(void **state)
{
    int64_t before, since;
    pid_t pid;

    (void)state;
    send_remedy("Stuck");
    send_remedy("Stuck");
    pid = gate.remedy.pid;
    since = gate.remedy_ms;
    assert_int_equal(remedy_check(&gate, since), since + 60000);
    assert_int_equal(remedy_check(&gate, since + 59999), since + 60000);
    assert_remedies(2, 0, 0);
    assert_int_equal(remedy_check(&gate, since + 60000), -1);
    assert_int_equal(end_of(pid), SIGKILL);
    assert_remedies(0, 0, 2);
    /* Not before it has been reaped, nor at once. */
    send_remedy("Test");
    assert_remedies(0, 0, 3);
    before = proc_now_ms();
    child_reap(&gate);
    assert_int_equal(gate.remedy.pid, 0);
    assert_true(gate.remedy.start_ms >= before + 1000 &&
                gate.remedy.start_ms <= proc_now_ms() + 1000);
    gate.remedy.start_ms = INT64_MAX;
    send_remedy("Test");
    assert_int_equal(gate.remedy.pid, 0);
    assert_remedies(0, 0, 4);
    gate.remedy.start_ms = proc_now_ms();
    send_remedy("Test");
    assert_true(gate.remedy.pid > 0);
    next_answer();
    assert_remedies(0, 1, 4);
    assert_int_equal(remedy_check(&gate, INT64_MAX), -1);
}

/* Many that take their time are no stuck process. */
static void remedy_is_slow(void **state)
{
    (void)state;
    send_remedy("Test");
    send_remedy("Stuck");
    gate.remedy_ms = 1;
    next_answer();
    assert_remedies(1, 1, 0);
    assert_true(gate.remedy_ms > 1);
    assert_int_equal(remedy_check(&gate, 60001), gate.remedy_ms + 60000);
    /* Nor does a later one begin the time anew. */
    gate.remedy_ms = 1;
    send_remedy("Stuck");
    assert_int_equal(gate.remedy_ms, 1);
    assert_int_equal(remedy_check(&gate, 60001), -1);
    assert_remedies(0, 1, 2);
}

/* To the link -------------------------------------------------------------*/

/* The next message to the link, and its text. */
static struct gate_msg next_told(char *text, size_t size)
{
    struct gate_msg msg;
    int fd;

    assert_int_equal(ipc_recv(peer, &msg, sizeof(msg), &fd), 1);
    assert_int_equal(memtext_read(fd, text, size), 0);
    close(fd);
    return msg;
}

static void assert_not_told(void)
{
    struct gate_msg msg;
    int fd;

    assert_int_equal(ipc_recv(peer, &msg, sizeof(msg), &fd), -EAGAIN);
}

static void line_goes_to_the_link(void **state)
{
    char text[VSCANIF_MAX_LINE + 1];

    (void)state;
    send_remedy("Test");
    next_answer();
    assert_not_told();
    send_remedy("Line");
    next_answer();
    assert_int_equal(next_told(text, sizeof(text)).kind, GATE_REMEDY);
    assert_string_equal(text, LINE);
    assert_not_told();
    assert_remedies(0, 2, 0);
    /* Without a link to nobody. */
    close(gate.link.sock);
    gate.link.sock = -1;
    send_remedy("Line");
    next_answer();
    assert_remedies(0, 3, 0);
}

/* Questions ----------------------------------------------------------------*/

static void ask(const char *question)
{
    int fd = memtext_make(question);

    assert_true(fd >= 0);
    question_on_link(&gate, fd);
    close(fd);
}

static void assert_answer(uint32_t nr, const char *text)
{
    char out[VSCANIF_MAX_TEXT + 1];
    struct gate_msg msg = next_told(out, sizeof(out));

    assert_int_equal(msg.kind, GATE_ANSWER);
    assert_int_equal(msg.id, nr);
    assert_string_equal(out, text);
    assert_not_told();
}

/* Until the remedy process has dealt with all. */
static void remedy_is_done(void)
{
    while (gate.remedies)
        next_answer();
}

static void answered_by_the_remedy_process(void **state)
{
    (void)state;
    ask("5 quarantine 0");
    assert_int_equal(gate.asked.nr, 5);
    remedy_is_done();
    /* That to 4, which nobody has asked, is not passed on. */
    assert_answer(5, "5\nanswered");
    assert_int_equal(gate.asked.nr, 0);
    assert_remedies(0, 0, 0);
    ask("4294967295 selftest");
    remedy_is_done();
    assert_answer(UINT32_MAX, "4294967295\nanswered");
}

static void newer_one_replaces_it(void **state)
{
    (void)state;
    ask("5 quarantine 0");
    ask("7 something else");
    remedy_is_done();
    assert_answer(7, "7\nunknown");
    ask("8 quarantine 0");
    ask("9 quarantine 0");
    remedy_is_done();
    assert_answer(9, "9\nanswered");
    /* Another link's. */
    ask("10 quarantine 0");
    question_forget(&gate);
    remedy_is_done();
    assert_not_told();
}

static void malformed(void **state)
{
    (void)state;
    ask("");
    ask("stats");
    ask("0 stats");
    question_on_link(&gate, -1);
    assert_not_told();
    assert_int_equal(gate.asked.nr, 0);
}

static void remedy_process_dies(void **state)
{
    pid_t pid;

    (void)state;
    /* What is in the quarantine cannot be said otherwise. */
    ask("5 quarantine 99");
    pid = gate.remedy.pid;
    kill(pid, SIGKILL);
    end_of(pid);
    child_reap(&gate);
    assert_not_told();
    assert_int_equal(gate.asked.nr, 0);
    /* It was about no file. */
    assert_remedies(0, 0, 0);
    /* It may not be started so soon. */
    gate.remedy.start_ms = INT64_MAX;
    ask("6 quarantine 0");
    assert_not_told();
    ask("7 selftest");
    assert_answer(7, "7\nselftest failed 0 "
                  "the%20remedy%20process:%20No%20child%20processes");
    gate.remedy.start_ms = 0;
    send_remedy("Stuck");
    ask("8 selftest");
    assert_not_told();
    kill(gate.remedy.pid, SIGKILL);
    end_of(gate.remedy.pid);
    child_reap(&gate);
    assert_answer(8, "8\nselftest failed 0 "
                  "the%20remedy%20process:%20Broken%20pipe");
    assert_remedies(0, 0, 1);
}

/* It waits for room, after all that the link has to have; once. */
static void answer_waits_for_the_link(void **state)
{
    struct gate_msg msg = { .kind = GATE_GIVEN_UP };

    (void)state;
    while (!ipc_send(gate.link.sock, &msg, sizeof(msg), -1))
        ;
    ask("5 what");
    assert_int_equal(gate.answer_nr, 5);
    ask("6 what");
    assert_int_equal(gate.answer_nr, 6);
    while (ipc_recv(peer, &msg, sizeof(msg), NULL) == 1)
        assert_int_equal(msg.kind, GATE_GIVEN_UP);
    access_send(&gate);
    access_send(&gate);
    assert_answer(6, "6\nunknown");
    assert_int_equal(gate.answer_nr, 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(remedy_is_stuck), TEST(remedy_is_slow),
        TEST(line_goes_to_the_link), TEST(answered_by_the_remedy_process),
        TEST(newer_one_replaces_it), TEST(malformed),
        TEST(remedy_process_dies), TEST(answer_waits_for_the_link),
    };

    log_init("gate", LOG_LEVEL_ERROR);
    return cmocka_run_group_tests_name("gate-remedy", tests, NULL, NULL);
}
