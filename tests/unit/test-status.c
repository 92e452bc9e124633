/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-status.c - tests of xen-guest-front/status.c.
 *
 * Overview: what is printed is read from a temporary file in place of the
 * standard output.  A full filesystem is one of a world (world.h).
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
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "log.h"
#include "need.h"
#include "number.h"
#include "policies.h"
#include "question.h"
#include "status.h"
#include "world.h"

static char dir[] = "/tmp/vscan-status-XXXXXX", path[64];
static char out[65536];

static int start(void **state)
{
    (void)state;
    log_init("test", LOG_LEVEL_ERROR);
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof(path), "%s/status", dir);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    return rmdir(dir);
}

/* The exit status; what was printed is in "out". */
static int print_status(void)
{
    FILE *file = tmpfile();
    int saved = dup(STDOUT_FILENO), saved_err = dup(STDERR_FILENO), rc;
    size_t n;

    assert_true(file && saved >= 0 && saved_err >= 0);
    fflush(stdout);
    dup2(fileno(file), STDOUT_FILENO);
    dup2(fileno(file), STDERR_FILENO);
    rc = status_print(path);
    fflush(stdout);
    dup2(saved, STDOUT_FILENO);
    dup2(saved_err, STDERR_FILENO);
    close(saved);
    close(saved_err);
    rewind(file);
    n = fread(out, 1, sizeof(out) - 1, file);
    out[n] = 0;
    fclose(file);
    return rc;
}

static bool has_line(const char *line)
{
    size_t len = strlen(line);

    for (const char *at = out; (at = strstr(at, line)); at++)
        if ((at == out || at[-1] == '\n') && at[len] == '\n')
            return true;
    return false;
}

static struct status *create(void)
{
    struct status *status = status_create(path);

    assert_non_null(status);
    status->gate = getpid();
    return status;
}

static void destroy(struct status *status)
{
    munmap(status, sizeof(*status));
    unlink(path);
}

static void prints(void **state)
{
    struct status *status = create();
    struct stat st;

    (void)state;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(st.st_size, sizeof(*status));
    assert_int_equal(status->due_ms, INT64_MAX);
    status->guard = 7;
    status->attached = true;
    status->generation = 0xabc;
    status->records = 12;
    status->records_kept = 11;
    status->count[COUNT_EVENTS] = UINT64_MAX;
    status->count[COUNT_LINK_STARTS] = 3;
    status->count[COUNT_WOULD_DENY] = 17;
    status->reason[REASON_DEADLINE] = 5;
    status->coverage[1].covered = 2;
    status->coverage[1].fstab_left_out = 9;
    snprintf(status->coverage[1].text, COVERAGE_TEXT, "covered tmpfs /\n");
    status->coverage_now = 1;
    assert_int_equal(print_status(), 0);
    assert_true(has_line("guard: 7"));
    assert_true(has_line("protected: yes"));
    assert_true(has_line("generation: 0000000000000abc"));
    assert_true(has_line("records: 12"));
    assert_true(has_line("records-kept: 11"));
    assert_true(has_line("events: 18446744073709551615"));
    assert_true(has_line("link-starts: 3"));
    assert_true(has_line("would-deny: 17"));
    assert_true(has_line("filesystems-covered: 2"));
    assert_true(has_line("fstab-left-out: 9"));
    assert_true(has_line("covered tmpfs /"));
    assert_true(has_line("filesystems-unknown: "
                         "the last look at the mounts did not end"));
    assert_null(strstr(out, "(null)"));
    assert_null(strstr(out, "reason unknown"));
    assert_non_null(strstr(out, ": 5\n"));
    status->coverage_whole = true;
    assert_int_equal(print_status(), 0);
    assert_null(strstr(out, "filesystems-unknown"));
    destroy(status);
}

/* A gate that died in the middle of the text. */
static void text_without_end(void **state)
{
    struct status *status = create();

    (void)state;
    memset(status->coverage[0].text, 'x', COVERAGE_TEXT);
    memset(status->coverage[1].text, 'y', COVERAGE_TEXT);
    for (uint32_t i = 0; i < 4; i++) {
        status->coverage_now = i;
        assert_int_equal(print_status(), 0);
        assert_int_equal(strlen(strchr(out, i % 2 ? 'y' : 'x') ?
                                strstr(out, i % 2 ? "yyyy" : "xxxx") : ""),
                         COVERAGE_TEXT - 1);
    }
    destroy(status);
}

static void not_running(void **state)
{
    struct status *status = create();
    pid_t pid = fork();

    (void)state;
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(0);
    waitpid(pid, NULL, 0);
    for (int i = 0; i < 3; i++) {
        status->gate = i == 0 ? pid : i == 1 ? 0 : -1;
        assert_int_equal(print_status(), 1);
        assert_non_null(strstr(out, "not running"));
    }
    destroy(status);
    assert_int_equal(print_status(), 1);
    assert_non_null(strstr(out, strerror(ENOENT)));
}

static void other_versions(void **state)
{
    struct status *status = create();

    (void)state;
    status->version++;
    assert_int_equal(print_status(), 1);
    assert_non_null(strstr(out, "another version"));
    status->version--;
    status->magic = 0;
    assert_int_equal(print_status(), 1);
    status->magic = STATUS_MAGIC;
    assert_int_equal(print_status(), 0);
    assert_int_equal(truncate(path, sizeof(*status) + 1), 0);
    assert_int_equal(print_status(), 1);
    assert_int_equal(truncate(path, sizeof(*status) - 1), 0);
    assert_int_equal(print_status(), 1);
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(print_status(), 1);
    destroy(status);
}

/* Who has the old one mapped keeps the old one. */
static void is_made_anew(void **state)
{
    struct status *old = create(), *new;

    (void)state;
    old->held = 9;
    new = create();
    assert_int_equal(new->held, 0);
    new->held = 3;
    assert_int_equal(old->held, 9);
    assert_int_equal(print_status(), 0);
    assert_true(has_line("held: 3"));
    munmap(old, sizeof(*old));
    destroy(new);
}

/* What a link points to is not touched, written nor read. */
static void follows_no_link(void **state)
{
    char target[80];
    struct status *status;
    struct stat st;
    int fd;

    (void)state;
    snprintf(target, sizeof(target), "%s/target", dir);
    fd = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(symlink(target, path), 0);
    assert_int_equal(print_status(), 1);
    status = create();
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_size, 0);
    assert_int_equal(lstat(path, &st), 0);
    assert_true(S_ISREG(st.st_mode));
    destroy(status);
    close(fd);
    unlink(target);
}

static void works_without_a_file(void **state)
{
    struct status *status;

    (void)state;
    /* A directory in its place. */
    assert_int_equal(mkdir(path, 0700), 0);
    status = status_create(path);
    assert_non_null(status);
    assert_int_equal(status->magic, STATUS_MAGIC);
    status->turns = 4;
    /* Shared, all the same. */
    if (fork() == 0) {
        status->turns++;
        _exit(0);
    }
    wait(NULL);
    assert_int_equal(status->turns, 5);
    munmap(status, sizeof(*status));
    rmdir(path);
}

static void works_on_a_full_filesystem(void **state)
{
    struct status *status;
    pid_t pid;
    int ended;

    (void)state;
    need_world();
    assert_int_equal(mount("full", dir, "tmpfs", 0, "size=8k"), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        status = status_create(path);
        memset(status->coverage, 1, sizeof(status->coverage));
        _exit(access(path, F_OK) == 0);
    }
    assert_int_equal(waitpid(pid, &ended, 0), pid);
    assert_int_equal(umount(dir), 0);
    assert_int_equal(ended, 0);
}

/* What a policy that names "fail" alone says before and after it. */
#define DEFAULT_MODE "policy: mode=enforce "
#define REST " timeout-ms=30000 read=no close-write=yes notify=yes " \
             "remedy=deny scan=snapshot engines=all history=yes " \
             "transport=auto max-file-mib=100 pool-pages=512"

static void policy_flips(void **state)
{
    struct status *status = create();
    const struct policy *before;
    struct policy policy;

    (void)state;
    for (int i = 0; i < 3; i++) {
        before = status_policy(status);
        policy = parse_policy(i % 2 ? "fail=open" : "fail=closed");
        status_set_policy(status, &policy);
        assert_ptr_not_equal(status_policy(status), before);
        assert_int_equal(status_policy(status)->fail_closed, i % 2 == 0);
        assert_int_equal(print_status(), 0);
        assert_true(has_line(i % 2 ? DEFAULT_MODE "fail=open" REST :
                             DEFAULT_MODE "fail=closed" REST));
    }
    /* Whatever is there, it is one of the two. */
    status->policy_now = UINT32_MAX;
    before = status_policy(status);
    assert_ptr_equal(before, &status->policy[1]);
    status_set_policy(status, &policy);
    assert_ptr_equal(status_policy(status), &status->policy[0]);
    destroy(status);
}

/* A device alone protects nobody. */
static void protected_by_its_mode(void **state)
{
    static const struct { const char *text; bool attached, protected; } rows[] =
    {
        { "mode=enforce", true, true }, { "mode=enforce", false, false },
        { "mode=monitor", true, false }, { "mode=off", true, false },
    };
    struct status *status = create();

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct policy policy = parse_policy(rows[i].text);

        status_set_policy(status, &policy);
        status->attached = rows[i].attached;
        assert_int_equal(print_status(), 0);
        assert_true(has_line(rows[i].protected ? "protected: yes" :
                             "protected: no"));
    }
    destroy(status);
}

/* Every key of it, as vscanctl shows it. */
static void policy_is_shown_whole(void **state)
{
    struct status *status = create();
    struct policy policy;

    (void)state;
    assert_int_equal(print_status(), 0);
    assert_true(has_line(DEFAULT_MODE "fail=open" REST));
    policy = parse_policy("exclude-uid=7,8 fail=closed allow=changed,limits "
                          "read=yes remedy=delete exclude-path=/a%20b,/%0a "
                          "run=/bin/x timeout-ms=100 exclude-fs=%1b notify=no "
                          "exclude-exe=/c");
    status_set_policy(status, &policy);
    assert_int_equal(print_status(), 0);
    assert_true(has_line(DEFAULT_MODE "fail=closed "
                         "allow=limits,changed timeout-ms=100 read=yes "
                         "close-write=yes notify=no remedy=delete "
                         "scan=snapshot engines=all history=yes "
                         "transport=auto max-file-mib=100 pool-pages=512 run=/bin/x "
                         "exclude-path=/a%20b,/%0a exclude-fs=%1b "
                         "exclude-exe=/c exclude-uid=7,8"));
    destroy(status);
}

/* The longest text that a node can hold; all octets of the lists taken. */
static void policy_is_bounded(void **state)
{
    char text[VSCANIF_MAX_NODE + 1] = "exclude-fs=", *line;
    struct status *status = create();
    struct policy policy;

    (void)state;
    memset(text + strlen(text), '\x1b', VSCANIF_MAX_NODE - strlen(text));
    policy = parse_policy(text);
    status_set_policy(status, &policy);
    assert_int_equal(print_status(), 0);
    line = strstr(out, "policy: ");
    assert_int_equal(strcspn(line, "\n"),
                     strlen(DEFAULT_MODE "fail=open" REST " exclude-fs=") +
                     3 * (VSCANIF_MAX_NODE - 11));
    /* A page that no front writes: nothing beyond it is read. */
    for (int i = 0; i < POLICY_NR_LISTS; i++)
        policy.list_at[i] = (uint16_t)(i % 2 ? 1 : UINT16_MAX);
    memset(policy.lists, '\x1b', sizeof(policy.lists));
    for (int last = 0; last < 2; last++) {
        policy.lists[sizeof(policy.lists) - 1] = last ? 0 : '\x1b';
        status_set_policy(status, &policy);
        assert_int_equal(print_status(), 0);
        assert_true(has_line(last ? "policy: ?" :
                             DEFAULT_MODE "fail=open" REST));
        assert_true(has_line("held: 0"));
    }
    destroy(status);
}

/* Of any version, and of nothing else. */
static void tells_processes(void **state)
{
    struct status *status = create();
    pid_t pids[2] = { 5, 5 };

    (void)state;
    status->guard = 11;
    status->gate = 12;
    status->version++;
    status_processes(path, pids);
    assert_int_equal(pids[0], 11);
    assert_int_equal(pids[1], 12);
    assert_int_equal(truncate(path, 32), 0);
    status_processes(path, pids);
    assert_int_equal(pids[1], 12);
    assert_int_equal(truncate(path, 31), 0);
    status_processes(path, pids);
    assert_int_equal(pids[0], 0);
    assert_int_equal(pids[1], 0);
    destroy(status);
    status = create();
    status->guard = 11;
    status->magic++;
    status_processes(path, pids);
    assert_int_equal(pids[0], 0);
    destroy(status);
    pids[0] = 5;
    status_processes(path, pids);
    assert_int_equal(pids[0], 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    pids[0] = 5;
    status_processes(path, pids);
    assert_int_equal(pids[0], 0);
    unlink(path);
}

/* The lines of an answer, in "out". */
static void stats(const struct status *status)
{
    struct text answer = answer_begin(9, out);

    status_stats(status, &answer);
}

/* Each line is "KEY VALUE" as vscanif.h has it, and no key is there twice. */
static unsigned int assert_keys(void)
{
    static const char chars[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    const char *lines = answer_lines(out, 9);
    unsigned int n = 0;
    uint64_t value;

    assert_non_null(lines);
    for (char *rest = strdup(lines), *line = rest, *next; line; line = next) {
        char begin[VSCANIF_MAX_KEY + 3];
        size_t len = strspn(line, chars);

        next = strchr(line, '\n');
        if (next)
            *next++ = 0;
        assert_in_range(len, 1, VSCANIF_MAX_KEY);
        assert_int_equal(line[len], ' ');
        assert_int_equal(number_parse(line + len + 1, 0, UINT64_MAX, &value),
                         0);
        snprintf(begin, sizeof(begin), "\n%.*s ", (int)len, line);
        assert_null(strstr(strstr(out, begin) + 1, begin));
        n++;
        if (!next)
            free(rest);
    }
    return n;
}

static void stats_are_keys_and_values(void **state)
{
    struct status *status = create();
    unsigned int n;

    (void)state;
    stats(status);
    n = assert_keys();
    assert_int_equal(n, 6 + STATUS_NR_COUNTS);
    assert_true(has_line("protected 0"));
    assert_null(strstr(out, "reason-"));
    status->attached = true;
    status->held = 3;
    status->records = 12;
    status->records_kept = 11;
    status->coverage[0].covered = 2;
    status->coverage[0].uncovered = 1;
    status->count[COUNT_EVENTS] = UINT64_MAX;
    status->count[COUNT_LINK_STARTS] = 4;
    status->reason[REASON_DEADLINE] = 5;
    /* Of no reason that there is. */
    status->reason[VSCANIF_REASON_NONE] = status->reason[63] = 6;
    stats(status);
    assert_int_equal(assert_keys(), n + 1);
    assert_true(has_line("protected 1"));
    assert_true(has_line("held 3"));
    assert_true(has_line("records 12"));
    assert_true(has_line("records-kept 11"));
    assert_true(has_line("filesystems-covered 2"));
    assert_true(has_line("filesystems-not-covered 1"));
    assert_true(has_line("events 18446744073709551615"));
    assert_true(has_line("link-starts 4"));
    assert_non_null(strstr(out, "\nreason-deadline 5"));
    destroy(status);
}

/* All of them at their largest fit. */
static void stats_fit(void **state)
{
    struct status *status = create();

    (void)state;
    status->held = status->records = status->records_kept = UINT32_MAX;
    memset(status->count, 0xff, sizeof(status->count));
    memset(status->reason, 0xff, sizeof(status->reason));
    stats(status);
    assert_true(strlen(out) <= VSCANIF_MAX_TEXT);
    assert_non_null(strstr(out, "\nreason-back-died 18446744073709551615"));
    assert_keys();
    destroy(status);
}

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints), cmocka_unit_test(text_without_end),
        cmocka_unit_test(not_running), cmocka_unit_test(other_versions),
        cmocka_unit_test(is_made_anew), cmocka_unit_test(follows_no_link),
        cmocka_unit_test(works_without_a_file),
        cmocka_unit_test(works_on_a_full_filesystem),
        cmocka_unit_test(policy_flips),
        cmocka_unit_test(protected_by_its_mode),
        cmocka_unit_test(policy_is_shown_whole),
        cmocka_unit_test(policy_is_bounded),
        cmocka_unit_test(tells_processes),
        cmocka_unit_test(stats_are_keys_and_values),
        cmocka_unit_test(stats_fit),
    };

    return cmocka_run_group_tests_name("status", tests, start, stop);
}

int main(void)
{
    return world_run(run_all);
}
