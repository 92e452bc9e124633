/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-tell.c - tests of xen-guest-front/tell.c: what is told, how often, and
 * that what is left out is counted and said.  The test is the syslog daemon.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <syslog.h>
#include <termios.h>
#include <unistd.h>
#include <utmpx.h>

#include <cmocka.h>

#include "need.h"
#include "room.h"
#include "tell.h"
#include "terminal.h"

/* A user of every Debian system, with no login. */
#define USER    1
#define NOW     5000

static int log_socket = -1;
static char line[4096];
static struct children children;
static struct tell tell;
static struct remedy_msg msg;
static struct outcome outcome;
static const struct tell_paths paths = {
    .dev = "/dev", .runtime = "/run/user", .notify_send = "/mnt/notify",
};

static int setup(void **state)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX,
                                   .sun_path = "/dev/log" };

    (void)state;
    if (!room_is_here())
        return 0;
    room_clear("mode=0755");
    log_socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(log_socket, (struct sockaddr *)&address,
                          sizeof(address)), 0);
    memset(&children, 0, sizeof(children));
    memset(&msg, 0, sizeof(msg));
    memset(&outcome, 0, sizeof(outcome));
    strcpy(msg.facts.path, "/mnt/f");
    strcpy(msg.name, "Eicar");
    msg.facts.uid = USER;
    msg.notify = true;
    tell_init(&tell, &children, &paths);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    if (!room_is_here())
        return 0;
    children_end(&children);
    closelog();
    close(log_socket);
    return unlink("/dev/log");
}

/* The next line in syslog, in @line.  Returns false when there is none. */
static bool logged(void)
{
    ssize_t n = recv(log_socket, line, sizeof(line) - 1, 0);

    line[n > 0 ? n : 0] = 0;
    return n > 0;
}

static int nr_logged(void)
{
    int n = 0;

    while (logged())
        n++;
    return n;
}

static void one_line(void **state)
{
    char head[16];

    (void)state;
    need_room();
    strcpy(msg.facts.path, "/mnt/a\nb\"\x1b[2J");
    strcpy(msg.facts.exe, "/bin/\tcat");
    strcpy(msg.name, "Ei\ncar");
    msg.facts.pid = 12;
    msg.event = VSCANIF_EVENT_OPEN;
    msg.remedy = outcome.remedy = REMEDY_QUARANTINE;
    strcpy(outcome.id, "0123456789abcdef");
    tell_detection(&tell, &msg, &outcome, NOW);
    assert_true(logged());
    snprintf(head, sizeof(head), "<%d>", LOG_AUTHPRIV | LOG_WARNING);
    assert_int_equal(strncmp(line, head, strlen(head)), 0);
    assert_non_null(strstr(line, "xen-guest-front["));
    assert_non_null(strstr(line,
        ": denied: detection=\"Ei\\x0acar\" path=\"/mnt/a\\x0ab\\x22\\x1b[2J\" "
        "event=open pid=12 uid=1 exe=\"/bin/\\x09cat\" remedy=quarantine "
        "result=done id=0123456789abcdef"));
    assert_null(strpbrk(line, "\n\x1b\t"));
    assert_false(logged());
}

static void why_it_failed(void **state)
{
    (void)state;
    need_room();
    outcome.failed = true;
    strcpy(outcome.why, "it \"cannot\"");
    tell_detection(&tell, &msg, &outcome, NOW);
    assert_true(logged());
    assert_non_null(strstr(line, " result=failed why=\"it \\x22cannot\\x22\""));
}

static void longest_values(void **state)
{
    (void)state;
    need_room();
    memset(msg.facts.path, '\n', sizeof(msg.facts.path) - 1);
    memset(msg.facts.exe, '\n', sizeof(msg.facts.exe) - 1);
    memset(msg.name, '\n', sizeof(msg.name) - 1);
    memset(outcome.why, '\n', sizeof(outcome.why) - 1);
    tell_detection(&tell, &msg, &outcome, NOW);
    assert_true(logged());
    assert_non_null(strstr(line, "uid=1"));
}

/* A user who floods, in one second. */
static void bounded_per_user(void **state)
{
    (void)state;
    need_room();
    for (int i = 0; i < TELL_PER_SECOND; i++)
        tell_detection(&tell, &msg, &outcome, NOW);
    assert_int_equal(nr_logged(), TELL_PER_SECOND);
    assert_int_equal(tell_left_out(&tell, NOW), -1);
    for (int i = 0; i < 7; i++)
        tell_detection(&tell, &msg, &outcome, NOW + 999);
    assert_int_equal(nr_logged(), 0);
    /* Another has his own share. */
    msg.facts.uid = USER + 1;
    tell_detection(&tell, &msg, &outcome, NOW + 999);
    assert_int_equal(nr_logged(), 1);
    /* Said when the second is over, once. */
    assert_int_equal(tell_left_out(&tell, NOW + 999), NOW + 1000);
    assert_int_equal(nr_logged(), 0);
    assert_int_equal(tell_left_out(&tell, NOW + 1000), -1);
    assert_true(logged());
    assert_non_null(strstr(line, ": 7 more detections by uid 1 "));
    assert_int_equal(tell_left_out(&tell, NOW + 1000), -1);
    assert_int_equal(nr_logged(), 0);
    /* And then all is as before. */
    msg.facts.uid = USER;
    tell_detection(&tell, &msg, &outcome, NOW + 1000);
    assert_int_equal(nr_logged(), 1);
}

/* Said by the next detection, too, when that comes first. */
static void said_with_the_next(void **state)
{
    (void)state;
    need_room();
    for (int i = 0; i < TELL_PER_SECOND + 1; i++)
        tell_detection(&tell, &msg, &outcome, NOW);
    assert_int_equal(nr_logged(), TELL_PER_SECOND);
    tell_detection(&tell, &msg, &outcome, NOW + 1000);
    assert_true(logged());
    assert_non_null(strstr(line, ": 1 more detections by uid 1 "));
    assert_true(logged());
    assert_non_null(strstr(line, ": denied: "));
}

static void many_users(void **state)
{
    int n = 0;

    (void)state;
    need_room();
    for (uid_t uid = 0; uid < TELL_USERS + 3; uid++) {
        msg.facts.uid = 100000 + uid;
        tell_detection(&tell, &msg, &outcome, NOW);
        /* The socket takes no more than 10 at a time. */
        n += nr_logged();
    }
    assert_int_equal(n, TELL_USERS);
    tell_left_out(&tell, NOW);
    assert_true(logged());
    assert_non_null(strstr(line, ": 3 more detections by further users"));
    /* Not more often than once in a second. */
    tell_detection(&tell, &msg, &outcome, NOW);
    assert_int_equal(tell_left_out(&tell, NOW), NOW + 1000);
    assert_int_equal(nr_logged(), 0);
    assert_int_equal(tell_left_out(&tell, NOW + 1000), -1);
    assert_int_equal(nr_logged(), 1);
    /* The places are free for others in the next second. */
    tell_detection(&tell, &msg, &outcome, NOW + 2000);
    assert_int_equal(nr_logged(), 1);
}

/* Who loses his place is not forgotten. */
static void evicted(void **state)
{
    int n = 0;

    (void)state;
    need_room();
    for (int i = 0; i < TELL_PER_SECOND + 2; i++)
        tell_detection(&tell, &msg, &outcome, NOW);
    assert_int_equal(nr_logged(), TELL_PER_SECOND);
    for (uid_t uid = 0; uid < TELL_USERS; uid++) {
        msg.facts.uid = 100000 + uid;
        tell_detection(&tell, &msg, &outcome, NOW + 1000);
        n += nr_logged();
    }
    assert_int_equal(n, TELL_USERS + 1);
}

/* Screen --------------------------------------------------------------------*/

static char shown[4096];

static const char *terminal_shows(struct terminal *t)
{
    ssize_t n = read(t->master, shown, sizeof(shown) - 1);

    shown[n > 0 ? n : 0] = 0;
    return shown;
}

static void on_the_terminal(void **state)
{
    static const struct {
        uint8_t remedy;
        bool failed;
        const char *text;
    } rows[] = {
        { REMEDY_DENY, false, "unchanged" },
        { REMEDY_QUARANTINE, false, "in quarantine" },
        { REMEDY_DELETE, false, "deleted" },
        { REMEDY_DELETE, true, "could not be removed" },
    };
    struct terminal t;

    (void)state;
    need_room();
    terminal_open(&t, USER);
    msg.facts.tty = t.device;
    strcpy(msg.facts.path, "/mnt/\x1b]0;f");
    for (int i = 0; i < 4; i++) {
        outcome.remedy = rows[i].remedy;
        outcome.failed = rows[i].failed;
        tell_detection(&tell, &msg, &outcome, NOW + 1000 * i);
        assert_non_null(strstr(terminal_shows(&t), rows[i].text));
        assert_non_null(strstr(shown, "/mnt/\\x1b]0;f is infected: Eicar."));
        assert_null(strchr(shown, '\x1b'));
    }
    terminal_close(&t);
}

static void seldom_on_the_terminal(void **state)
{
    struct terminal t;

    (void)state;
    need_room();
    terminal_open(&t, USER);
    msg.facts.tty = t.device;
    tell_detection(&tell, &msg, &outcome, NOW);
    assert_string_not_equal(terminal_shows(&t), "");
    tell_detection(&tell, &msg, &outcome, NOW);
    tell_detection(&tell, &msg, &outcome, NOW);
    assert_string_equal(terminal_shows(&t), "");
    tell_detection(&tell, &msg, &outcome, NOW + 1000);
    assert_non_null(strstr(terminal_shows(&t), " (2 more before)"));
    tell_detection(&tell, &msg, &outcome, NOW + 2000);
    assert_null(strstr(terminal_shows(&t), "more"));
    terminal_close(&t);
}

static void notify_no(void **state)
{
    struct terminal t;

    (void)state;
    need_room();
    terminal_open(&t, USER);
    msg.facts.tty = t.device;
    msg.notify = false;
    tell_detection(&tell, &msg, &outcome, NOW);
    assert_string_equal(terminal_shows(&t), "");
    assert_int_equal(nr_logged(), 1);
    /* Of nobody that is known. */
    msg.notify = true;
    msg.facts.uid = (uid_t)-1;
    tell_detection(&tell, &msg, &outcome, NOW);
    assert_string_equal(terminal_shows(&t), "");
    assert_int_equal(nr_logged(), 1);
    terminal_close(&t);
}

/* Programs ------------------------------------------------------------------*/

static int wait_all(void)
{
    int n = 0;

    for (int i = 0; i < CHILDREN_MAX; i++) {
        if (!children.child[i].pid)
            continue;
        assert_int_equal(waitpid(children.child[i].pid, NULL, 0),
                         children.child[i].pid);
        children.child[i].pid = 0;
        n++;
    }
    return n;
}

static void program_is_run(void **state)
{
    static const char script[] = "#!/bin/sh\necho \"$VSCAN_PATH\" >>/mnt/ran\n";
    char *ran;
    size_t size;

    (void)state;
    need_room();
    room_write("/mnt/run", script, sizeof(script) - 1, 0755);
    strcpy(msg.run, "/mnt/run");
    tell_detection(&tell, &msg, &outcome, NOW);
    assert_int_equal(wait_all(), 1);
    ran = room_read("/mnt/ran", &size);
    assert_string_equal(ran, "/mnt/f\n");
    free(ran);
    /* Not when others than root may write to it. */
    assert_int_equal(chmod("/mnt/run", 0777), 0);
    tell_detection(&tell, &msg, &outcome, NOW);
    assert_int_equal(wait_all(), 0);
}

static void no_fork_bomb(void **state)
{
    static const char script[] = "#!/bin/sh\nexec sleep 1000\n";

    (void)state;
    need_room();
    room_write("/mnt/run", script, sizeof(script) - 1, 0755);
    strcpy(msg.run, "/mnt/run");
    for (int i = 0; i < 100; i++)
        tell_detection(&tell, &msg, &outcome, NOW);
    assert_int_equal(tell.runs_left_out, TELL_PER_SECOND - CHILDREN_RUN_USER);
    assert_int_equal(tell.user[0].left_out, 100 - TELL_PER_SECOND);
    tell_left_out(&tell, NOW);
    assert_int_equal(tell.runs_left_out, 0);
    children_end(&children);
}

static void desktop(void **state)
{
    static const char script[] = "#!/bin/sh\necho \"$5\" >/mnt/said\n";
    struct sockaddr_un address = { .sun_family = AF_UNIX,
                                   .sun_path = "/run/user/1/bus" };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char *said;
    size_t size;

    (void)state;
    need_room();
    room_write("/mnt/notify", script, sizeof(script) - 1, 0755);
    assert_int_equal(chmod("/mnt", 0777), 0);
    assert_int_equal(mkdir("/run/user", 0755), 0);
    assert_int_equal(mkdir("/run/user/1", 0755), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(chown(address.sun_path, USER, 0), 0);
    strcpy(msg.facts.path, "/mnt/<b>&amp;");
    tell_detection(&tell, &msg, &outcome, NOW);
    assert_int_equal(wait_all(), 1);
    said = room_read("/mnt/said", &size);
    assert_string_equal(said, "/mnt/?b??amp; is infected: Eicar. "
                              "The file is unchanged.\n");
    free(said);
    msg.notify = false;
    tell_detection(&tell, &msg, &outcome, NOW + 1000);
    assert_int_equal(wait_all(), 0);
    close(fd);
}

static void login(const char *user, const char *line_of)
{
    struct utmpx entry = { .ut_type = USER_PROCESS, .ut_pid = getpid() };

    memcpy(entry.ut_id, line_of + strlen(line_of) - 1, 1);
    strncpy(entry.ut_user, user, sizeof(entry.ut_user) - 1);
    strncpy(entry.ut_line, line_of, sizeof(entry.ut_line) - 1);
    setutxent();
    assert_non_null(pututxline(&entry));
    endutxent();
}

/* All who are logged in, whoever else has a terminal. */
static void outbreak(void **state)
{
    static const char script[] = "#!/bin/sh\necho \"$4: $5\" >/mnt/said\n";
    struct terminal t[3];

    (void)state;
    need_room();
    room_write("/run/utmp", "", 0, 0644);
    room_write("/mnt/notify", script, sizeof(script) - 1, 0755);
    /* daemon, root, and one who is not logged in. */
    terminal_open(&t[0], USER);
    terminal_open(&t[1], 0);
    terminal_open(&t[2], 2);
    login("daemon", t[0].name + 5);
    login("root", t[1].name + 5);
    login("nobody that there is", "pts/999");
    tell_outbreak(&tell, "clamav:\x1b<b>");
    /* Nobody has a desktop. */
    assert_int_equal(wait_all(), 2);
    for (int i = 0; i < 2; i++) {
        assert_non_null(strstr(terminal_shows(&t[i]), "\nxen-guest-front: "
                               "outbreak: clamav:\\x1b<b> has been found"));
        assert_null(strchr(shown, '\x1b'));
    }
    assert_string_equal(terminal_shows(&t[2]), "");
    for (int i = 0; i < 3; i++)
        terminal_close(&t[i]);
    unlink("/run/utmp");
}

/* Who only has a terminal, or keeps his notification, takes nobody's place. */
static void outbreak_on_all_desktops(void **state)
{
    static const char *const users[] = {
        "root", "daemon", "bin", "sys", "games", "man", "mail",
    };
    const unsigned int nr = sizeof(users) / sizeof(users[0]);
    char line_of[16];

    (void)state;
    need_room();
    room_write("/run/utmp", "", 0, 0644);
    room_write("/mnt/notify", "#!/bin/sh\n", 10, 0755);
    for (unsigned int i = 0; i < nr; i++) {
        snprintf(line_of, sizeof(line_of), "pts/90%u", i);
        login(users[i], line_of);
    }
    tell_outbreak(&tell, "clamav:x");
    assert_int_equal(wait_all(), nr);
    unlink("/run/utmp");
}

#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(one_line), TEST(why_it_failed), TEST(longest_values),
        TEST(bounded_per_user), TEST(said_with_the_next), TEST(many_users),
        TEST(evicted), TEST(on_the_terminal), TEST(seldom_on_the_terminal),
        TEST(notify_no), TEST(program_is_run), TEST(no_fork_bomb),
        TEST(desktop), TEST(outbreak),
        TEST(outbreak_on_all_desktops),
    };

    room_enter();
    return cmocka_run_group_tests_name("tell", tests, NULL, NULL);
}
