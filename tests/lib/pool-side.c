/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pool-side.c - see pool-side.h. */
#define _GNU_SOURCE
#include "pool-side.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <iconv.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ipc.h"
#include "messages.h"
#include "pool.h"
#include "proc-loader.h"
#include "proc-pool.h"
#include "proc.h"
#include "sandbox.h"
#include "snapshot.h"

char good_dir[] = "/tmp/test-pool-XXXXXX";

static const char *path_of(const char *name)
{
    static char path[128];

    snprintf(path, sizeof(path), "%s/%s", good_dir, name);
    return path;
}

void put_signatures(const char *name)
{
    int fd = open(path_of(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

    assert_true(fd >= 0);
    close(fd);
}

void put_signatures_of(const char *name, int64_t seconds)
{
    const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
                                       { .tv_sec = seconds } };

    put_signatures(name);
    assert_int_equal(utimensat(AT_FDCWD, path_of(name), times, 0), 0);
}

void remove_signatures(const char *name)
{
    assert_int_equal(unlink(path_of(name)), 0);
}

struct pool_shared *pool_shared;

/* Is @text a Cyrillic ef in @charset?  -1: that is not known. */
static int converts(const char *charset, const char *text)
{
    iconv_t how = iconv_open("UTF-8", charset);
    char in[16], out[16] = "", *from = in, *to = out;
    size_t in_left = strlen(text), out_left = sizeof(out) - 1;

    if (how == (iconv_t)-1)
        return -1;
    memcpy(in, text, in_left);
    iconv(how, &from, &in_left, &to, &out_left);
    iconv_close(how);
    return strcmp(out, "\xd1\x84") == 0;
}

static int can_open(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);

    if (fd < 0)
        return -errno;
    close(fd);
    return 0;
}

/* What a worker finds of files, by calls that it may make. */
static void look_around(char *text, size_t size)
{
    unsigned int fds = 0;

    for (int fd = 0; fd < 1024; fd++)
        fds += fcntl(fd, F_GETFD) >= 0;
    snprintf(text, size,
             "fds %u tmp %d root %d var %d etc %d proc %d dev %d sys %d "
             "library %d "
             "koi8 %d utf7 %d", fds,
             can_open("/tmp/new", O_CREAT | O_WRONLY),
             can_open("/new", O_CREAT | O_WRONLY),
             can_open("/var/tmp", O_RDONLY), can_open("/etc/passwd", O_RDONLY),
             can_open("/proc", O_RDONLY), can_open("/dev/null", O_RDONLY),
             can_open("/sys", O_RDONLY),
             can_open("/usr/lib/x86_64-linux-gnu/gconv/new",
                      O_CREAT | O_WRONLY),
             converts("KOI8-R", "\xc6"), converts("UTF-7", "+BEQ-"));
}

void forge(uint64_t id, uint64_t generation)
{
    struct worker_answer forged;

    memset(&forged, 0, sizeof(forged));
    forged.id = id;
    forged.verdict = verdict_clean();
    forged.verdict.generation = generation;
    ipc_send(SANDBOX_FD, &forged, sizeof(forged), -1);
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

static int is_command(const char *content, const char *command)
{
    return !strncmp(content, command, strlen(command));
}

#define COMMAND_OCTETS 64

static struct verdict obey(const char *content)
{
    pool_shared->scans++;
    if (is_command(content, "virus"))
        return verdict_infected("Test.Virus");
    if (is_command(content, "pid"))
        pool_shared->pid = getpid();
    if (is_command(content, "wait")) {
        pool_shared->pid = getpid();
        sem_post(&pool_shared->waiting);
        for (;;)
            poll(NULL, 0, -1);
    }
    /* Few system calls are left to a worker. */
    if (is_command(content, "stop")) {
        pool_shared->pid = getpid();
        sem_post(&pool_shared->waiting);
        while (!__atomic_load_n(&pool_shared->go, __ATOMIC_SEQ_CST))
            ;
    }
    if (is_command(content, "stop and talk")) {
        ipc_send(SANDBOX_FD, "x", 1, -1);
        for (;;)
            poll(NULL, 0, -1);
    }
    if (is_command(content, "exit"))
        _exit(0);
    if (is_command(content, "tell"))
        pool_shared->pid = getpid();
    if (is_command(content, "forge other"))
        forge(1000, 0);
    if (is_command(content, "forge hello"))
        forge(WORKER_HELLO, 0);
    if (is_command(content, "forge true and stay"))
        pool_shared->pid = getpid();
    /* Its job's id: the pool counts from 1, and each one comes here. */
    if (is_command(content, "forge true"))
        forge(pool_shared->scans, 0);
    if (is_command(content, "forge true and stay")) {
        for (;;)
            poll(NULL, 0, -1);
    }
    if (is_command(content, "forge generation"))
        forge(pool_shared->scans, pool_shared->generation);
    if (is_command(content, "short"))
        ipc_send(SANDBOX_FD, "x", 1, -1);
    if (is_command(content, "odd"))
        return odd_verdict(content[4]);
    if (is_command(content, "socket"))
        return socket(AF_INET, SOCK_DGRAM, 0) < 0 ? verdict_clean() :
               verdict_infected("Test.Network");
    if (is_command(content, "look"))
        look_around(pool_shared->confined, sizeof(pool_shared->confined));
    return verdict_clean();
}

/* Behind "other ", a command for the second engine; to it all else is clean. */
static struct verdict obey_other(const char *content)
{
    if (is_command(content, "other virus") || is_command(content, "virus"))
        return verdict_infected("Other.Virus");
    if (is_command(content, "other limits"))
        return verdict_not_scanned(VSCANIF_REASON_LIMITS);
    if (is_command(content, "other exit"))
        _exit(0);
    return verdict_clean();
}

static struct verdict fake_scan(struct engine *engine, int fd, uint64_t size)
{
    char content[COMMAND_OCTETS] = "";

    (void)size;
    if (pread(fd, content, sizeof(content) - 1, 0) <= 0)
        return verdict_not_scanned(VSCANIF_REASON_LIMITS);
    return engine->ops == fake_engine_ops ? obey(content) :
           obey_other(content);
}

static struct verdict fake_scan_memory(struct engine *engine,
                                       const void *octets, uint64_t size)
{
    char content[COMMAND_OCTETS] = "";

    memcpy(content, octets, size < sizeof(content) ? size :
           sizeof(content) - 1);
    return engine->ops == fake_engine_ops ? obey(content) :
           obey_other(content);
}

static struct engine fake_engine[2] = {
    { &fake_engine_ops[0] }, { &fake_engine_ops[1] },
};

static int refuse(char error_r[ENGINE_TEXT])
{
    snprintf(error_r, ENGINE_TEXT, "no signatures at all");
    return -ENOENT;
}

static int fake_load(const char *db_dir, const char *temp_dir,
                     const struct engine_limits *limits,
                     struct engine **engine_r, char error_r[ENGINE_TEXT])
{
    (void)db_dir;
    (void)temp_dir;
    (void)limits;
    pool_shared->loads++;
    pool_shared->load_s = alarm(0);
    if (!access(path_of("hangs"), F_OK))
        for (;;)
            pause();
    *engine_r = &fake_engine[0];
    return access(path_of("bad"), F_OK) ? 0 : refuse(error_r);
}

static int other_load(const char *db_dir, const char *temp_dir,
                      const struct engine_limits *limits,
                      struct engine **engine_r, char error_r[ENGINE_TEXT])
{
    (void)db_dir;
    (void)temp_dir;
    (void)limits;
    pool_shared->loads++;
    if (!access(path_of("other-dies"), F_OK))
        raise(SIGKILL);
    *engine_r = &fake_engine[1];
    return access(path_of("other-bad"), F_OK) ? 0 : refuse(error_r);
}

static void fake_describe(const struct engine *engine,
                          char text_r[ENGINE_TEXT])
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

const struct engine_ops fake_engine_ops[2] = {
    { .name = "fake", .load = fake_load, .describe = fake_describe,
      .signatures = fake_signatures, .scan = fake_scan,
      .scan_memory = fake_scan_memory, .unload = fake_unload },
    { .name = "other", .load = other_load, .describe = fake_describe,
      .signatures = fake_signatures, .scan = fake_scan,
      .scan_memory = fake_scan_memory, .unload = fake_unload },
};

pid_t pool_pid;

int pool_control;

struct pool_config pool_config_now;

int link_a;

int link_b;

void run_pool(void)
{
    int ends[2];

    assert_int_equal(ipc_pair(ends), 0);
    pool_pid = proc_fork("test-pool");
    assert_true(pool_pid >= 0);
    if (pool_pid == 0) {
        /* Something to drop. */
        if (geteuid() == 0 && setgroups(1, (gid_t[]){ 7 }))
            _exit(99);
        _exit(proc_pool(&pool_config_now, ends[1]));
    }
    close(ends[1]);
    pool_control = ends[0];
}

pid_t last_loader;

pid_t run_loader(unsigned int engine)
{
    struct pool_order order = { .kind = POOL_LOADER, .number = engine };
    int ends[2];
    pid_t pid;

    assert_int_equal(ipc_pair(ends), 0);
    pid = proc_fork("test-loader");
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(proc_loader(&pool_config_now.source[engine],
                          &pool_config_now.limits, ends[1]));
    assert_int_equal(ipc_send(pool_control, &order, sizeof(order), ends[0]),
                     0);
    close(ends[0]);
    close(ends[1]);
    last_loader = pid;
    return pid;
}

int loader_status(pid_t pid)
{
    int status;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void wait_readable(int fd)
{
    struct pollfd in = { .fd = fd, .events = POLLIN };

    assert_int_equal(poll(&in, 1, LONG_MS), 1);
}

struct pool_ready pool_says(void)
{
    struct pool_ready ready;

    wait_readable(pool_control);
    assert_int_equal(ipc_recv(pool_control, &ready, sizeof(ready), NULL), 1);
    assert_non_null(memchr(ready.text, 0, sizeof(ready.text)));
    return ready;
}

struct history_view link_history;

/* A message of a new link, which is of this kind and else empty but for its
 * generation and its engines. */
static struct pool_answer first_message(int link, enum pool_answer_kind kind,
                                        int *fd_r)
{
    struct pool_answer got, expected = { .kind = kind };

    wait_readable(link);
    assert_int_equal(ipc_recv(link, &got, sizeof(got), fd_r), 1);
    expected.verdict.generation = got.verdict.generation;
    expected.id = got.verdict.generation ? got.id : 0;
    assert_memory_equal(&got, &expected, sizeof(got));
    return got;
}

struct pool_answer pool_news[ENGINE_MAX];

static struct pool_answer next_message(int link)
{
    static const uint8_t zero[3];
    struct pool_answer got;

    wait_readable(link);
    assert_int_equal(ipc_recv(link, &got, sizeof(got), NULL), 1);
    assert_memory_equal(got.reserved, zero, sizeof(zero));
    if (got.kind == POOL_ENGINE) {
        assert_true(got.id < pool_config_now.nr_engines);
        assert_non_null(memchr(got.verdict.name, 0, sizeof(got.verdict.name)));
        pool_news[got.id] = got;
    }
    return got;
}

int pool_attach_guest(uint32_t domid)
{
    struct pool_order message = { .kind = POOL_LINK, .number = domid };
    int ends[2], table, marks;

    assert_int_equal(ipc_pair(ends), 0);
    assert_int_equal(ipc_send(pool_control, &message, sizeof(message),
                              ends[1]), 0);
    close(ends[1]);
    first_message(ends[0], POOL_HISTORY, &table);
    first_message(ends[0], POOL_MARKS, &marks);
    history_detach(&link_history);
    assert_int_equal(history_attach(&link_history, table, marks), 0);
    close(table);
    close(marks);
    pool_shared->generation =
        first_message(ends[0], POOL_GENERATION, NULL).verdict.generation;
    assert_true(pool_shared->generation != 0);
    for (unsigned int e = 0; e < pool_config_now.nr_engines; e++) {
        assert_int_equal(next_message(ends[0]).kind, POOL_ENGINE);
        assert_int_equal(pool_news[e].id, e);
    }
    return ends[0];
}

int pool_status(void)
{
    int status;

    assert_int_equal(waitpid(pool_pid, &status, 0), pool_pid);
    pool_pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void start_with(unsigned int engines, unsigned int crews,
                       uint32_t timeout_ms)
{
    pool_config_now = (struct pool_config){
        .source = { { &fake_engine_ops[0], good_dir },
                    { &fake_engine_ops[1], good_dir } },
        .nr_engines = engines, .limits = limits_default(25000),
        .crews = crews, .scan_timeout_ms = timeout_ms,
        .history_entries = HISTORY_DEFAULT_ENTRIES,
    };
    if (geteuid())
        skip();
    run_pool();
    for (unsigned int e = 0; e < engines; e++)
        run_loader(e);
    assert_int_equal(pool_says().status, 0);
    link_a = pool_attach_guest(5);
    link_b = pool_attach_guest(6);
}

void pool_side_start(unsigned int crews, uint32_t timeout_ms)
{
    start_with(1, crews, timeout_ms);
}

void pool_side_start_both(unsigned int crews, uint32_t timeout_ms)
{
    start_with(2, crews, timeout_ms);
}

void until_new_generation(int link)
{
    struct pool_answer got = pool_answer_of(link);

    assert_int_equal(got.kind, POOL_GENERATION);
    assert_true(got.verdict.generation != 0);
    assert_int_not_equal(got.verdict.generation, pool_shared->generation);
    pool_shared->generation = got.verdict.generation;
}

int pool_side_setup(void **state)
{
    (void)state;
    pool_control = link_a = link_b = -1;
    memset(pool_news, 0, sizeof(pool_news));
    pool_shared = mmap(NULL, sizeof(*pool_shared), PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (pool_shared == MAP_FAILED || sem_init(&pool_shared->waiting, 1, 0))
        return -1;
    return 0;
}

int pool_side_teardown(void **state)
{
    (void)state;
    close(pool_control);
    close(link_a);
    close(link_b);
    history_detach(&link_history);
    if (pool_pid > 0)
        kill(pool_pid, SIGKILL);
    pool_pid = 0;
    /* The loaders end with it. */
    while (waitpid(-1, NULL, 0) > 0)
        ;
    return munmap(pool_shared, sizeof(*pool_shared));
}

engine_set pool_all_engines(void)
{
    return engine_set_all(pool_config_now.nr_engines);
}

void pool_ask_exactly(int link, uint64_t id, const char *content)
{
    pool_ask_engines(link, id, content, pool_all_engines(), false);
}

void pool_ask_engines(int link, uint64_t id, const char *content,
                      engine_set engines, bool alone)
{
    struct pool_request request = { .kind = POOL_SCAN, .id = id,
                                    .size = strlen(content),
                                    .engines = engines, .alone = alone };
    int fd;

    assert_int_equal(snapshot_make(content, request.size, &fd), 0);
    assert_int_equal(ipc_send(link, &request, sizeof(request), fd), 0);
    close(fd);
}

void pool_ask(int link, uint64_t id, const char *content)
{
    static unsigned int nr;
    char text[128];

    snprintf(text, sizeof(text), "%s (%u)", content, ++nr);
    pool_ask_exactly(link, id, text);
}

void pool_learn(int link, uint64_t id)
{
    pool_ask_exactly(link, id, "known");
    assert_clean(link, id);
}

void pool_until_named(int link, uint64_t id)
{
    pool_learn(link, id);
}

struct pool_answer pool_answer_of(int link)
{
    struct pool_answer got;

    do {
        got = next_message(link);
    } while (got.kind == POOL_ENGINE);
    return got;
}

void until_news(int link, unsigned int engine, enum engine_state engine_state,
                const char *text)
{
    while (pool_news[engine].verdict.code != engine_state ||
           strcmp(pool_news[engine].verdict.name, text))
        next_message(link);
}

void assert_answer(int link, uint64_t id, unsigned int code,
                   unsigned int reason, const char *name)
{
    struct pool_answer got = pool_answer_of(link);

    assert_int_equal(got.id, id);
    assert_int_equal(got.kind, POOL_VERDICT);
    assert_int_equal(got.verdict.code, code);
    assert_int_equal(got.verdict.reason, reason);
    assert_string_equal(got.verdict.name, name);
    if (code != VSCANIF_VERDICT_NOT_SCANNED)
        assert_int_equal(got.verdict.generation, pool_shared->generation);
    else if (reason == VSCANIF_REASON_ENGINE &&
             pool_config_now.nr_engines == 1)
        assert_int_equal(got.verdict.generation, 0);
}

void assert_clean(int link, uint64_t id)
{
    assert_answer(link, id, VSCANIF_VERDICT_CLEAN, VSCANIF_REASON_NONE, "");
}

void assert_reason(int link, uint64_t id, unsigned int reason)
{
    assert_answer(link, id, VSCANIF_VERDICT_NOT_SCANNED, reason, "");
}

void until_waiting(void)
{
    struct timespec end;

    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += LONG_S;
    assert_int_equal(sem_timedwait(&pool_shared->waiting, &end), 0);
}

int pool_side_make_dirs(void **state)
{
    (void)state;
    /* A pool that gives up root still reads it. */
    return !mkdtemp(good_dir) || chmod(good_dir, 0755);
}

int pool_side_remove_dirs(void **state)
{
    (void)state;
    return rmdir(good_dir);
}
