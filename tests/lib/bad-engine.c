/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bad-engine.c - see bad-engine.h. */
#define _GNU_SOURCE
#include "bad-engine.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "ipc.h"
#include "messages.h"
#include "pool-side.h"
#include "sandbox.h"

#define CHUNK           ((size_t)16 << 20)

#define NOT_SCANNED     VSCANIF_VERDICT_NOT_SCANNED
#define CLEAN           VSCANIF_VERDICT_CLEAN
#define ENGINE          VSCANIF_REASON_ENGINE
#define TIMEOUT         VSCANIF_REASON_TIMEOUT
#define RESOURCES       VSCANIF_REASON_RESOURCES

#define ENDED           "has ended"
#define LATE            "has had its time"
#define NONSENSE        "sent what is no answer"
#define FULL            "is left without room for another scan"
#define FORBIDDEN       "signal 31 (Bad system call), a system call that its " \
                        "sandbox forbids"
#define ORDERED         "signal 9 (Killed); it has had "

struct bad_seen *bad_seen;

const struct bad_row bad_rows[] = {
    { "crash", NOT_SCANNED, ENGINE, ENDED, "signal 11 (Segmentation fault)",
      NULL },
    { "abort", NOT_SCANNED, ENGINE, ENDED, "signal 6 (Aborted)", NULL },
    { "exit", NOT_SCANNED, ENGINE, ENDED, "exit status 7", NULL },
    { "loop", NOT_SCANNED, TIMEOUT, LATE, ORDERED, NULL },
    { "sleep", NOT_SCANNED, TIMEOUT, LATE, ORDERED, NULL },
    { "stop", NOT_SCANNED, TIMEOUT, LATE, ORDERED, NULL },
    { "allocate", NOT_SCANNED, ENGINE, ENDED, "signal 6 (Aborted)", NULL },
    { "socket", NOT_SCANNED, ENGINE, ENDED, FORBIDDEN, NULL },
    { "fork", NOT_SCANNED, ENGINE, ENDED, FORBIDDEN, NULL },
    { "thread", NOT_SCANNED, ENGINE, ENDED, FORBIDDEN, NULL },
    { "exec", NOT_SCANNED, ENGINE, ENDED, FORBIDDEN, NULL },
    { "ptrace", NOT_SCANNED, ENGINE, ENDED, FORBIDDEN, NULL },
    { "peek", NOT_SCANNED, ENGINE, ENDED, FORBIDDEN, NULL },
    { "kill", NOT_SCANNED, ENGINE, ENDED, FORBIDDEN, NULL },
    { "limits", NOT_SCANNED, ENGINE, ENDED, FORBIDDEN, NULL },
    { "flood", NOT_SCANNED, ENGINE, NONSENSE, ORDERED, NULL },
    { "lie", NOT_SCANNED, ENGINE, NONSENSE, NULL, NULL },
    { "nonsense", NOT_SCANNED, ENGINE, NONSENSE, NULL, NULL },
    { "present", NOT_SCANNED, ENGINE, NONSENSE, NULL, NULL },
    { "silence", NOT_SCANNED, ENGINE, ENDED, ORDERED, NULL },
    /* What the next scan would be short of. */
    { "descriptors", NOT_SCANNED, RESOURCES, FULL, NULL, "descriptors" },
    { "octets", NOT_SCANNED, RESOURCES, FULL, NULL, "room in /tmp" },
    { "names", NOT_SCANNED, RESOURCES, FULL, NULL, "room in /tmp" },
    { "memory", NOT_SCANNED, RESOURCES, FULL, NULL, "memory" },
    { "virus descriptors", VSCANIF_VERDICT_INFECTED, 0, FULL, NULL,
      "descriptors" },
    /* Not found, and no more than that. */
    { "open /etc/passwd ", CLEAN, 0, NULL, NULL, NULL },
    { "open /etc/shadow ", CLEAN, 0, NULL, NULL, NULL },
    { "open /proc/self/maps ", CLEAN, 0, NULL, NULL, NULL },
    { "open /dev/null ", CLEAN, 0, NULL, NULL, NULL },
    { "open /dev/xen/gntdev ", CLEAN, 0, NULL, NULL, NULL },
    { "open /dev/xen/evtchn ", CLEAN, 0, NULL, NULL, NULL },
    { "open /dev/xen/privcmd ", CLEAN, 0, NULL, NULL, NULL },
    { "open /dev/xen/xenbus ", CLEAN, 0, NULL, NULL, NULL },
    { "create", CLEAN, 0, NULL, NULL, NULL },
    /* In the log, but in the name of who has said it. */
    { "forge", CLEAN, 0, NULL, NULL, "link 6 error: all is well" },
    { "chatter", NOT_SCANNED, ENGINE, ENDED, "signal 6 (Aborted)", "chatter" },
    { NULL, 0, 0, NULL, NULL, NULL }
};

bool bad_opens(const struct bad_row *row)
{
    return !strncmp(row->content, "open ", 5);
}

static void forever(void)
{
    for (;;)
        ;
}

/* In the manner of no sanitizer. */
static void crash(void)
{
    volatile uintptr_t nowhere = 8;

    signal(SIGSEGV, SIG_DFL);
    *(volatile int *)nowhere = 1;
}

/* As much as there is, a chunk at a time.  The first ones are used, too, and
 * the pages that come with that are told to the log. */
static void all_memory(void)
{
    for (unsigned int n = 0;; n++) {
        void *chunk = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (chunk == MAP_FAILED)
            return;
        if (n < BAD_USED / CHUNK)
            memset(chunk, 1, CHUNK);
        if (bad_seen)
            bad_seen->octets += CHUNK;
    }
}

static void answer(uint64_t id, int fd)
{
    struct worker_answer message;

    memset(&message, 0, sizeof(message));
    message.id = id;
    message.verdict = verdict_clean();
    ipc_send_wait(SANDBOX_FD, &message, sizeof(message), fd, 1000);
}

static void flood(void)
{
    for (unsigned int i = 0; i < 10000; i++)
        answer(UINT64_MAX, -1);
    forever();
}

static struct verdict open_file(char *path, int flags)
{
    int fd;

    path[strcspn(path, " ")] = 0;
    fd = open(path, flags | O_CLOEXEC, 0600);
    if (fd < 0)
        return verdict_clean();
    close(fd);
    return verdict_infected("Opened");
}

static void all_descriptors(void)
{
    while (dup(SANDBOX_FD) >= 0)
        ;
}

static void all_octets(void)
{
    int fd = open(SANDBOX_TEMP_DIR "/octets", O_WRONLY | O_CREAT | O_CLOEXEC,
                  0600);
    static char block[1 << 16];

    while (write(fd, block, sizeof(block)) > 0)
        ;
    close(fd);
}

static void all_names(void)
{
    for (unsigned int i = 0;; i++) {
        char path[64];
        int fd;

        snprintf(path, sizeof(path), SANDBOX_TEMP_DIR "/%u", i);
        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0)
            return;
        close(fd);
    }
}

static void write_log(const char *text)
{
    if (write(STDERR_FILENO, text, strlen(text)) < 0)
        return;
}

static void chatter(void)
{
    for (unsigned int i = 0; i < 100000; i++)
        write_log("chatter\n");
    abort();
}

static int is(const char *content, const char *command)
{
    return !strncmp(content, command, strlen(command));
}

/* Calls of which none comes back. */
static void make_call(const char *content, pid_t victim)
{
    const struct rlimit limit = { 1 << 20, 1 << 20 };
    char *none[] = { NULL };

    if (is(content, "socket"))
        socket(AF_INET, SOCK_STREAM, 0);
    if (is(content, "fork"))
        fork();
    if (is(content, "thread"))
        syscall(SYS_clone, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, NULL);
    if (is(content, "exec"))
        execve("/bin/true", none, none);
    if (is(content, "ptrace"))
        ptrace(PTRACE_ATTACH, victim, NULL, NULL);
    if (is(content, "peek"))
        process_vm_readv(victim, NULL, 0, NULL, 0, 0);
    if (is(content, "kill"))
        kill(victim, SIGKILL);
    if (is(content, "limits"))
        setrlimit(RLIMIT_NOFILE, &limit);
}

/* Ways to end, or not to. */
static void go_astray(const char *content)
{
    if (is(content, "crash"))
        crash();
    if (is(content, "abort"))
        abort();
    if (is(content, "exit"))
        _exit(7);
    if (is(content, "loop"))
        forever();
    if (is(content, "sleep")) {
        sem_post(&pool_shared->waiting);
        for (;;)
            poll(NULL, 0, -1);
    }
    if (is(content, "stop"))
        raise(SIGSTOP);
    if (is(content, "allocate")) {
        all_memory();
        abort();
    }
    if (is(content, "flood"))
        flood();
    if (is(content, "lie"))
        answer(UINT64_MAX, -1);
    /* A descriptor that nobody wants. */
    if (is(content, "present"))
        answer(UINT64_MAX, STDERR_FILENO);
    if (is(content, "silence")) {
        close(SANDBOX_FD);
        forever();
    }
    if (is(content, "chatter"))
        chatter();
}

/* What is kept, or is spoiled for the next one. */
static void keep(const char *content)
{
    if (is(content, "descriptors") || is(content, "virus descriptors"))
        all_descriptors();
    if (is(content, "octets"))
        all_octets();
    if (is(content, "names"))
        all_names();
    if (is(content, "memory"))
        all_memory();
    if (is(content, "forge"))
        write_log("vscan[1] link 6 error: all is well\n\033[2Jvscan[1] x\n");
}

static struct verdict scan(struct engine *engine, int fd, uint64_t size)
{
    char content[64] = "", new[] = "/etc/vscan-test-new";
    struct verdict odd = verdict_clean();

    (void)engine;
    (void)size;
    if (pread(fd, content, sizeof(content) - 1, 0) <= 0)
        return verdict_not_scanned(VSCANIF_REASON_LIMITS);
    if (bad_seen && !is(content, "something"))
        bad_seen->pid = getpid();
    make_call(content, bad_seen ? bad_seen->victim : getpid());
    go_astray(content);
    keep(content);
    odd.code = 99;
    if (is(content, "nonsense"))
        return odd;
    if (is(content, "virus"))
        return verdict_infected("Virus");
    if (is(content, "open "))
        return open_file(content + strlen("open "), O_RDONLY);
    if (is(content, "create"))
        return open_file(new, O_WRONLY | O_CREAT);
    return verdict_clean();
}

static struct engine the_engine = { &bad_engine_ops };

/* The loader is no worker: what these are to find is there. */
static void see_what_there_is(void)
{
    for (const struct bad_row *row = bad_rows; row->content; row++) {
        char path[64];

        if (!bad_opens(row))
            continue;
        snprintf(path, sizeof(path), "%s", row->content + strlen("open "));
        if (open_file(path, O_RDONLY).code == VSCANIF_VERDICT_INFECTED)
            bad_seen->reachable++;
    }
}

static int load(const char *db_dir, const char *temp_dir,
                const struct engine_limits *limits, struct engine **engine_r,
                char error_r[ENGINE_TEXT])
{
    (void)db_dir;
    (void)temp_dir;
    (void)limits;
    error_r[0] = 0;
    if (bad_seen)
        see_what_there_is();
    *engine_r = &the_engine;
    return 0;
}

static void describe(const struct engine *engine, char text_r[ENGINE_TEXT])
{
    (void)engine;
    snprintf(text_r, ENGINE_TEXT, "bad 1.0");
}

static unsigned int signatures(const struct engine *engine)
{
    (void)engine;
    return 1;
}

static void unload(struct engine *engine)
{
    (void)engine;
}

const struct engine_ops bad_engine_ops = {
    .name = "bad", .load = load, .describe = describe,
    .signatures = signatures, .scan = scan, .unload = unload,
};
