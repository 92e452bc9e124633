/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-proc-pool.c - tests of xen-scan-back/proc-pool.c, proc-worker.c and
 * sandbox.c, with real processes.
 *
 * The engine is a fake: the content of a file is a command to it.  What it
 * has to tell the test goes through memory that is shared by fork.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "ipc.h"
#include "log.h"
#include "messages.h"
#include "pool.h"
#include "proc-pool.h"
#include "proc.h"
#include "sandbox.h"
#include "snapshot.h"

/* Only a broken test ever waits so long. */
#define LONG_MS         60000
#define LONG_S          60

/* Directories of signatures; the fake engine does not like the second. */
static char good_dir[] = "/tmp/test-pool-XXXXXX";
static char bad_dir[] = "/tmp/test-pool-XXXXXX";

static struct shared {
    sem_t waiting;              /* posted by a worker that waits to be killed */
    pid_t pid;                  /* its */
    unsigned int scans;
    uint64_t generation;        /* that the last link was told */
    char confined[200];
} *shared;

/* The fake engine -----------------------------------------------------------*/

static void look_around(char *text, size_t size)
{
    unsigned int fds = 0;
    struct rlimit core, files;
    struct stat st;
    int file = open("/tmp/new", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    int denied = open("/var/tmp/new", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    int denied_errno = errno, net = socket(AF_INET, SOCK_DGRAM, 0), sig = 0;
    struct sockaddr to = { .sa_family = AF_INET, .sa_data = "\0\11\x7f\0\0\1" };
    int sent = net < 0 ? -1 :
               (int)sendto(net, "x", 1, 0, &to, sizeof(to));

    close(net);
    close(denied);
    for (int fd = 0; fd < 1024; fd++)
        fds += fcntl(fd, F_GETFD) >= 0;
    getrlimit(RLIMIT_CORE, &core);
    getrlimit(RLIMIT_NOFILE, &files);
    prctl(PR_GET_PDEATHSIG, &sig);
    stat("/tmp", &st);
    snprintf(text, size,
             "uid %d %d root %d gid %d %d groups %d nnp %d dump %d caps %d "
             "fork %d tmp %d %o other %d net %d core %d files %d death %d "
             "fds %u",
             (int)getuid(), (int)geteuid(), setresuid(0, 0, 0),
             (int)getgid(), (int)getegid(), getgroups(0, NULL),
             prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0),
             prctl(PR_GET_DUMPABLE), prctl(PR_CAPBSET_READ, 21),
             (int)fork(), file >= 0, (unsigned int)(st.st_mode & 0777),
             denied < 0 && denied_errno == EROFS, sent, (int)core.rlim_cur,
             (int)files.rlim_max, sig, fds);
    close(file);
}

static void forge(uint64_t id, uint64_t generation)
{
    struct worker_answer a;

    memset(&a, 0, sizeof(a));
    a.id = id;
    a.verdict = verdict_clean();
    a.verdict.generation = generation;
    ipc_send(SANDBOX_FD, &a, sizeof(a), -1);
}

static struct verdict odd_verdict(char which)
{
    struct verdict v = verdict_clean();

    switch (which) {
    case '0':
        v.code = 0;
        break;
    case '1':
        v.code = VSCANIF_VERDICT_NOT_SCANNED + 1;
        break;
    case '2':
        v.reason = VSCANIF_REASON_LIMITS;
        break;
    case '3':
        v = verdict_not_scanned(VSCANIF_REASON_NONE);
        break;
    case '4':
        v = verdict_not_scanned(VSCANIF_REASON_GRANT);
        break;
    case '5':
        v = verdict_infected("");
        break;
    case '6':
        v = verdict_infected("new\nline");
        break;
    case '7':
        memset(v.name, 'x', sizeof(v.name));
        v.code = VSCANIF_VERDICT_INFECTED;
        break;
    case '8':
        v.name[50] = 'x';
        break;
    case '9':
        v.reserved[5] = 1;
        break;
    }
    return v;
}

static int is(const char *content, const char *command)
{
    return !strncmp(content, command, strlen(command));
}

static struct verdict fake_scan(struct engine *engine, int fd, uint64_t size)
{
    char content[64] = "";

    (void)engine;
    (void)size;
    if (pread(fd, content, sizeof(content) - 1, 0) <= 0)
        return verdict_not_scanned(VSCANIF_REASON_LIMITS);
    shared->scans++;
    if (is(content, "virus"))
        return verdict_infected("Test.Virus");
    if (is(content, "wait")) {
        shared->pid = getpid();
        sem_post(&shared->waiting);
        for (;;)
            pause();
    }
    if (is(content, "exit"))
        _exit(0);
    if (is(content, "forge other"))
        forge(1000, shared->generation);
    if (is(content, "forge hello"))
        forge(WORKER_HELLO, shared->generation);
    /* Its job's id: the pool counts from 1, and each one comes here. */
    if (is(content, "forge true"))
        forge(shared->scans, shared->generation);
    if (is(content, "forge generation"))
        forge(shared->scans, shared->generation ^ 1);
    if (is(content, "forge none"))
        forge(shared->scans, 0);
    if (is(content, "short"))
        ipc_send(SANDBOX_FD, "x", 1, -1);
    if (is(content, "odd"))
        return odd_verdict(content[4]);
    if (is(content, "look"))
        look_around(shared->confined, sizeof(shared->confined));
    return verdict_clean();
}

static struct engine fake_engine;

static int fake_load(const char *db_dir, const char *temp_dir,
                     const struct engine_limits *limits,
                     struct engine **engine_r, char error_r[ENGINE_TEXT])
{
    (void)temp_dir;
    (void)limits;
    if (!strcmp(db_dir, bad_dir)) {
        snprintf(error_r, ENGINE_TEXT, "no signatures at all");
        return -ENOENT;
    }
    *engine_r = &fake_engine;
    return 0;
}

static void fake_describe(const struct engine *engine, char text_r[ENGINE_TEXT])
{
    (void)engine;
    snprintf(text_r, ENGINE_TEXT, "fake 1.0");
}

static unsigned int fake_signatures(const struct engine *engine)
{
    (void)engine;
    return 7;
}

static void fake_unload(struct engine *engine)
{
    (void)engine;
}

static const struct engine_ops fake_ops = {
    .name = "fake", .load = fake_load, .describe = fake_describe,
    .signatures = fake_signatures, .scan = fake_scan, .unload = fake_unload,
};
static struct engine fake_engine = { &fake_ops };
static const struct engine_ops *const fakes[] = { &fake_ops, NULL };

/* The pool under test -------------------------------------------------------*/

static pid_t pool_pid;
static int control;
static struct pool_config config;
static int a, b;                /* links of two guests */

static void run_pool(void)
{
    int ends[2];

    assert_int_equal(ipc_pair(ends), 0);
    pool_pid = proc_fork("test-pool");
    assert_true(pool_pid >= 0);
    if (pool_pid == 0) {
        /* Something to drop. */
        if (geteuid() == 0 && setgroups(1, (gid_t[]){ 7 }))
            _exit(99);
        _exit(proc_pool(&config, ends[1]));
    }
    close(ends[1]);
    control = ends[0];
}

static void wait_for(int fd)
{
    struct pollfd in = { .fd = fd, .events = POLLIN };

    assert_int_equal(poll(&in, 1, LONG_MS), 1);
}

static struct pool_ready pool_says(void)
{
    struct pool_ready ready;

    wait_for(control);
    assert_int_equal(ipc_recv(control, &ready, sizeof(ready), NULL), 1);
    assert_non_null(memchr(ready.text, 0, sizeof(ready.text)));
    return ready;
}

static int attach(uint32_t domid)
{
    struct pool_answer first, expected = { .kind = POOL_GENERATION };
    struct pool_attach message = { .domid = domid };
    int ends[2];

    assert_int_equal(ipc_pair(ends), 0);
    assert_int_equal(ipc_send(control, &message, sizeof(message), ends[1]), 0);
    close(ends[1]);
    wait_for(ends[0]);
    assert_int_equal(ipc_recv(ends[0], &first, sizeof(first), NULL), 1);
    assert_int_equal(first.kind, POOL_GENERATION);
    expected.verdict.generation = shared->generation =
        first.verdict.generation;
    assert_memory_equal(&first, &expected, sizeof(first));
    assert_true(first.verdict.generation != 0);
    return ends[0];
}

static int pool_status(void)
{
    int status;

    assert_int_equal(waitpid(pool_pid, &status, 0), pool_pid);
    pool_pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void start(unsigned int workers, uint32_t timeout_ms)
{
    config = (struct pool_config){
        .engines = fakes, .db_dir = good_dir, .limits = ENGINE_LIMITS_DEFAULT,
        .workers = workers, .scan_timeout_ms = timeout_ms,
    };
    if (geteuid())
        skip();
    run_pool();
    assert_int_equal(pool_says().status, 0);
    a = attach(5);
    b = attach(6);
}

static int setup(void **state)
{
    (void)state;
    control = a = b = -1;
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED || sem_init(&shared->waiting, 1, 0))
        return -1;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    close(control);
    close(a);
    close(b);
    if (pool_pid > 0) {
        kill(pool_pid, SIGKILL);
        waitpid(pool_pid, NULL, 0);
        pool_pid = 0;
    }
    return munmap(shared, sizeof(*shared));
}

static void ask(int link, uint64_t id, const char *content)
{
    struct pool_request request = { .id = id, .size = strlen(content) };
    int fd;

    assert_int_equal(snapshot_make(content, request.size, &fd), 0);
    assert_int_equal(ipc_send(link, &request, sizeof(request), fd), 0);
    close(fd);
}

static struct pool_answer answer(int link)
{
    static const uint8_t zero[3];
    struct pool_answer got;

    wait_for(link);
    assert_int_equal(ipc_recv(link, &got, sizeof(got), NULL), 1);
    assert_memory_equal(got.reserved, zero, sizeof(zero));
    return got;
}

static void assert_answer(int link, uint64_t id, unsigned int code,
                          unsigned int reason, const char *name)
{
    struct pool_answer got = answer(link);

    assert_int_equal(got.id, id);
    assert_int_equal(got.kind, POOL_VERDICT);
    assert_int_equal(got.verdict.code, code);
    assert_int_equal(got.verdict.reason, reason);
    assert_string_equal(got.verdict.name, name);
    if (code != VSCANIF_VERDICT_NOT_SCANNED)
        assert_int_equal(got.verdict.generation, shared->generation);
    else if (reason == VSCANIF_REASON_ENGINE)
        assert_int_equal(got.verdict.generation, 0);
}

static void assert_clean(int link, uint64_t id)
{
    assert_answer(link, id, VSCANIF_VERDICT_CLEAN, VSCANIF_REASON_NONE, "");
}

static void assert_reason(int link, uint64_t id, unsigned int reason)
{
    assert_answer(link, id, VSCANIF_VERDICT_NOT_SCANNED, reason, "");
}

static void assert_closed(int link)
{
    struct pool_answer got;

    wait_for(link);
    assert_int_equal(ipc_recv(link, &got, sizeof(got), NULL), 0);
}

static void until_waiting(void)
{
    struct timespec end;

    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += LONG_S;
    assert_int_equal(sem_timedwait(&shared->waiting, &end), 0);
}

/* Tests ---------------------------------------------------------------------*/

static void says_that_it_is_ready(void **state)
{
    (void)state;
    config = (struct pool_config){
        .engines = fakes, .db_dir = good_dir, .limits = ENGINE_LIMITS_DEFAULT,
        .workers = 2, .scan_timeout_ms = LONG_MS,
    };
    if (geteuid())
        skip();
    run_pool();
    assert_string_equal(pool_says().text, "fake 1.0, 7 signatures");
}

static void says_why_it_is_not(void **state)
{
    struct pool_ready ready;

    (void)state;
    config = (struct pool_config){
        .engines = fakes, .db_dir = bad_dir, .limits = ENGINE_LIMITS_DEFAULT,
        .workers = 1, .scan_timeout_ms = LONG_MS,
    };
    run_pool();
    ready = pool_says();
    assert_int_equal(ready.status, -ENOENT);
    assert_string_equal(ready.text, "no signatures at all");
    assert_int_equal(pool_status(), 1);
}

static void needs_privileges_for_its_sandbox(void **state)
{
    struct pool_ready ready;
    int ends[2];

    (void)state;
    config = (struct pool_config){
        .engines = fakes, .db_dir = good_dir, .limits = ENGINE_LIMITS_DEFAULT,
        .workers = 1, .scan_timeout_ms = LONG_MS,
    };
    assert_int_equal(ipc_pair(ends), 0);
    pool_pid = proc_fork("test-pool");
    assert_true(pool_pid >= 0);
    if (pool_pid == 0) {
        if (geteuid() == 0 && setresuid(65534, 65534, 65534))
            _exit(99);
        _exit(proc_pool(&config, ends[1]));
    }
    close(ends[1]);
    control = ends[0];
    ready = pool_says();
    assert_int_equal(ready.status, -EPERM);
    assert_int_equal(pool_status(), 1);
}

static void scans_for_two_guests(void **state)
{
    (void)state;
    start(2, LONG_MS);
    ask(a, 1, "clean");
    ask(b, 1, "virus");
    assert_clean(a, 1);
    assert_answer(b, 1, VSCANIF_VERDICT_INFECTED, VSCANIF_REASON_NONE,
                  "Test.Virus");
    ask(a, UINT64_MAX, "virus");
    assert_answer(a, UINT64_MAX, VSCANIF_VERDICT_INFECTED, VSCANIF_REASON_NONE,
                  "Test.Virus");
}

static void scans_with_clamav(void **state)
{
    char dir[] = "/tmp/test-pool-XXXXXX", path[64];
    FILE *file;

    (void)state;
    if (geteuid())
        skip();
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/test.ndb", dir);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs("Test.Word:0:*:6d616c69636520736179732068656c6c6f\n", file);
    fclose(file);
    config = (struct pool_config){
        .engines = engines_built, .db_dir = dir,
        .limits = ENGINE_LIMITS_DEFAULT, .workers = 2,
        .scan_timeout_ms = LONG_MS,
    };
    run_pool();
    assert_int_equal(pool_says().status, 0);
    unlink(path);
    rmdir(dir);
    a = attach(5);
    for (uint64_t id = 1; id <= 8; id++) {
        ask(a, id, id % 2 ? "nothing to be seen" : "alice: malice says hello");
        if (id % 2)
            assert_clean(a, id);
        else
            assert_answer(a, id, VSCANIF_VERDICT_INFECTED,
                          VSCANIF_REASON_NONE, "Test.Word.UNOFFICIAL");
    }
}

static void worker_is_confined(void **state)
{
    (void)state;
    start(1, LONG_MS);
    ask(a, 1, "look");
    assert_clean(a, 1);
    assert_string_equal(shared->confined,
        "uid 65534 65534 root -1 gid 65534 65534 groups 0 nnp 1 dump 0 caps 0 "
        "fork -1 tmp 1 700 other 1 net -1 core 0 files 1024 death 9 "
        "fds 6");
    assert_int_equal(access("/tmp/new", F_OK), -1);
}

/* The link counts on it: what comes back is room for more. */
static void answers_with_the_size(void **state)
{
    static const char *const contents[] = { "clean", "a virus", "exit" };

    (void)state;
    start(1, LONG_MS);
    for (uint64_t id = 0; id < 3; id++) {
        ask(a, id, contents[id]);
        assert_int_equal(answer(a).size, strlen(contents[id]));
    }
}

static void crash_costs_one_scan(void **state)
{
    (void)state;
    start(2, LONG_MS);
    ask(a, 1, "wait");
    until_waiting();
    ask(b, 1, "virus");
    assert_answer(b, 1, VSCANIF_VERDICT_INFECTED, VSCANIF_REASON_NONE,
                  "Test.Virus");
    assert_int_equal(kill(shared->pid, SIGKILL), 0);
    assert_reason(a, 1, VSCANIF_REASON_ENGINE);
    for (uint64_t id = 2; id < 10; id++) {
        ask(a, id, "exit");
        ask(b, id, "clean");
        assert_reason(a, id, VSCANIF_REASON_ENGINE);
        assert_clean(b, id);
    }
}

static void time_out_costs_one_scan(void **state)
{
    (void)state;
    start(1, 50);
    ask(a, 1, "wait");
    assert_reason(a, 1, VSCANIF_REASON_TIMEOUT);
    ask(b, 2, "wait");
    assert_reason(b, 2, VSCANIF_REASON_TIMEOUT);
}

static void worker_cannot_lie_about_more_than_its_job(void **state)
{
    static const char *const lies[] = {
        "forge other", "forge hello", "short", "odd 0", "odd 1", "odd 2",
        "odd 3", "odd 4", "odd 5", "odd 6", "odd 7", "odd 8", "odd 9",
    };

    (void)state;
    start(1, LONG_MS);
    for (uint64_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        ask(a, i, lies[i]);
        assert_reason(a, i, VSCANIF_REASON_ENGINE);
        ask(b, i, "clean");
        assert_clean(b, i);
    }
}

/* A verdict is of the signatures that its worker was born with. */
static void worker_cannot_lie_about_its_generation(void **state)
{
    static const char *const lies[] = { "forge generation", "forge none" };

    (void)state;
    start(1, LONG_MS);
    for (uint64_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        ask(a, i, lies[i]);
        assert_reason(a, i, VSCANIF_REASON_ENGINE);
    }
    /* It is not the forgery as such that is found out. */
    ask(a, 7, "forge true");
    assert_clean(a, 7);
}

static void generation_is_of_the_signatures(void **state)
{
    char path[64];
    uint64_t first;
    FILE *file;

    (void)state;
    start(1, LONG_MS);
    first = shared->generation;
    close(a);
    a = attach(7);
    assert_int_equal(shared->generation, first);
    teardown(state);
    setup(state);
    snprintf(path, sizeof(path), "%s/new.ndb", good_dir);
    file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    start(1, LONG_MS);
    assert_int_not_equal(shared->generation, first);
    teardown(state);
    setup(state);
    assert_int_equal(unlink(path), 0);
    start(1, LONG_MS);
    assert_int_equal(shared->generation, first);
}

static void bad_request(unsigned int how)
{
    struct pool_request request = { .id = 1, .size = 5 };
    int fd = -1;

    switch (how) {
    case 0:                     /* no snapshot */
        assert_int_equal(ipc_send(a, &request, sizeof(request), -1), 0);
        return;
    case 1:                     /* not sealed */
        fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        assert_int_equal(write(fd, "clean", 5), 5);
        break;
    case 2:                     /* another size */
        assert_int_equal(snapshot_make("clean!", 6, &fd), 0);
        break;
    case 3:                     /* no size */
        assert_int_equal(snapshot_make("clean", 5, &fd), 0);
        request.size = 0;
        break;
    case 4:                     /* half a message */
        assert_int_equal(ipc_send(a, &request, sizeof(request) / 2, -1), 0);
        return;
    case 5:                     /* no file at all */
        fd = dup(STDERR_FILENO);
        break;
    }
    assert_int_equal(ipc_send(a, &request, sizeof(request), fd), 0);
    close(fd);
}

static void breach_costs_one_link(void **state)
{
    (void)state;
    start(1, LONG_MS);
    for (unsigned int how = 0; how < 6; how++) {
        bad_request(how);
        assert_closed(a);
        ask(b, how, "clean");
        assert_clean(b, how);
        close(a);
        a = attach(5);
        ask(a, how, "clean");
        assert_clean(a, how);
    }
}

static void requests_in_flight_are_bounded(void **state)
{
    (void)state;
    start(1, LONG_MS);
    for (uint64_t id = 1; id <= POOL_LINK_JOBS; id++)
        ask(a, id, "wait");
    until_waiting();
    assert_int_equal(kill(shared->pid, SIGKILL), 0);
    /* It has not lost its link: as many as that are allowed. */
    assert_reason(a, 1, VSCANIF_REASON_ENGINE);
    until_waiting();
    ask(a, 100, "wait");
    ask(a, 101, "wait");
    assert_closed(a);
    assert_int_equal(kill(shared->pid, SIGKILL), 0);
    ask(b, 1, "clean");
    assert_clean(b, 1);
    /* The jobs that waited went with the link. */
    assert_int_equal(shared->scans, 3);
}

static void end_of_link_drops_its_jobs(void **state)
{
    (void)state;
    start(1, LONG_MS);
    ask(a, 1, "wait");
    until_waiting();
    ask(a, 2, "wait");
    ask(a, 3, "virus");
    close(a);
    a = -1;
    ask(b, 1, "clean");
    assert_int_equal(kill(shared->pid, SIGKILL), 0);
    assert_clean(b, 1);
    assert_int_equal(shared->scans, 2);
}

/* Takes no answer; the pool must not wait for it. */
static void deaf_link_is_closed(void **state)
{
    int small = 1, answers = 0;

    (void)state;
    start(1, LONG_MS);
    setsockopt(a, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    for (uint64_t id = 0; id < 100000; id++) {
        struct pollfd gone = { .fd = a, .events = POLLRDHUP };
        int now = 0;

        ask(a, id, "clean");
        do {
            sched_yield();
            assert_int_equal(ioctl(a, FIONREAD, &now), 0);
            poll(&gone, 1, 0);
        } while (now == answers && !gone.revents);
        if (gone.revents)
            break;
        answers = now;
    }
    assert_true(answers >= (int)(POOL_LINK_JOBS * sizeof(struct pool_answer)));
    assert_true(answers < (int)(90000 * sizeof(struct pool_answer)));
    ask(b, 1, "clean");
    assert_clean(b, 1);
}

static void ends_with_its_parent(void **state)
{
    pid_t worker;

    (void)state;
    start(2, LONG_MS);
    ask(a, 1, "wait");
    until_waiting();
    worker = shared->pid;
    close(control);
    control = -1;
    assert_int_equal(pool_status(), 0);
    assert_int_equal(kill(worker, 0), -1);
    assert_int_equal(errno, ESRCH);
    assert_closed(a);
    assert_closed(b);
}

static void ends_on_sigterm(void **state)
{
    (void)state;
    start(1, LONG_MS);
    assert_int_equal(kill(pool_pid, SIGTERM), 0);
    assert_int_equal(pool_status(), 0);
    assert_closed(a);
}

static void sandboxes_of_the_others(void **state)
{
    static const enum sandbox_role roles[] = { SANDBOX_POOL, SANDBOX_LINK };

    (void)state;
    if (geteuid())
        skip();
    for (unsigned int i = 0; i < 2; i++) {
        pid_t pid = proc_fork("test-sandbox");
        int status, fd, admin = roles[i] == SANDBOX_POOL;

        assert_true(pid >= 0);
        if (pid == 0) {
            if (sandbox_enter(roles[i]))
                _exit(1);
            if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 ||
                prctl(PR_GET_DUMPABLE) != 0)
                _exit(2);
            if (prctl(PR_CAPBSET_READ, 21) != admin ||
                prctl(PR_CAPBSET_READ, 12) != 0)
                _exit(3);
            /* A user who may not mount is not root any more. */
            if ((mount("x", "/mnt", "tmpfs", 0, NULL) == 0) != admin)
                _exit(4);
            fd = snapshot_make("x", 1, &status);
            _exit(fd ? 5 : 0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
}

static int make_dirs(void **state)
{
    (void)state;
    /* A pool that gives up root still reads it. */
    return !mkdtemp(good_dir) || !mkdtemp(bad_dir) || chmod(good_dir, 0755);
}

static int remove_dirs(void **state)
{
    (void)state;
    return rmdir(good_dir) || rmdir(bad_dir);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(says_that_it_is_ready),
        TEST(says_why_it_is_not),
        TEST(needs_privileges_for_its_sandbox),
        TEST(scans_for_two_guests),
        TEST(scans_with_clamav),
        TEST(worker_is_confined),
        TEST(answers_with_the_size),
        TEST(crash_costs_one_scan),
        TEST(time_out_costs_one_scan),
        TEST(worker_cannot_lie_about_more_than_its_job),
        TEST(worker_cannot_lie_about_its_generation),
        TEST(generation_is_of_the_signatures),
        TEST(breach_costs_one_link),
        TEST(requests_in_flight_are_bounded),
        TEST(end_of_link_drops_its_jobs),
        TEST(deaf_link_is_closed),
        TEST(ends_with_its_parent),
        TEST(ends_on_sigterm),
        TEST(sandboxes_of_the_others),
    };

    log_init("test-proc-pool", LOG_LEVEL_ERROR);
    return cmocka_run_group_tests_name("proc-pool", tests, make_dirs,
                                       remove_dirs);
}
