/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bad-engine.c - see bad-engine.h. */
#define _GNU_SOURCE
#include "bad-engine.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc.h"
#include "messages.h"
#include "sandbox.h"

#define NOT_SCANNED     VSCANIF_VERDICT_NOT_SCANNED
#define FORBIDDEN       "a system call that its sandbox forbids"

const struct bad_row bad_rows[] = {
    { "crash", NOT_SCANNED, VSCANIF_REASON_ENGINE, "signal 11" },
    { "abort", NOT_SCANNED, VSCANIF_REASON_ENGINE, "signal 6" },
    { "exit", NOT_SCANNED, VSCANIF_REASON_ENGINE, "exit status 7" },
    { "loop", NOT_SCANNED, VSCANIF_REASON_TIMEOUT, "has had its time" },
    { "allocate", NOT_SCANNED, VSCANIF_REASON_ENGINE, "signal 6" },
    { "socket", NOT_SCANNED, VSCANIF_REASON_ENGINE, FORBIDDEN },
    { "fork", NOT_SCANNED, VSCANIF_REASON_ENGINE, FORBIDDEN },
    { "exec", NOT_SCANNED, VSCANIF_REASON_ENGINE, FORBIDDEN },
    { "ptrace", NOT_SCANNED, VSCANIF_REASON_ENGINE, FORBIDDEN },
    { "kill", NOT_SCANNED, VSCANIF_REASON_ENGINE, FORBIDDEN },
    { "flood", NOT_SCANNED, VSCANIF_REASON_ENGINE, "sent what is no answer" },
    { "silence", NOT_SCANNED, VSCANIF_REASON_ENGINE, "has ended" },
    /* Not found, and no more than that. */
    { "open /etc/passwd ", VSCANIF_VERDICT_CLEAN, 0, NULL },
    { "open /var/lib/clamav ", VSCANIF_VERDICT_CLEAN, 0, NULL },
    { "open /proc/self/maps ", VSCANIF_VERDICT_CLEAN, 0, NULL },
    { "open /dev/xen/gntdev ", VSCANIF_VERDICT_CLEAN, 0, NULL },
    { "open /dev/xen/evtchn ", VSCANIF_VERDICT_CLEAN, 0, NULL },
    { "open /dev/xen/privcmd ", VSCANIF_VERDICT_CLEAN, 0, NULL },
    { "open /dev/xen/xenbus ", VSCANIF_VERDICT_CLEAN, 0, NULL },
    { "open /dev/mem ", VSCANIF_VERDICT_CLEAN, 0, NULL },
    { "descriptors", VSCANIF_VERDICT_CLEAN, 0, NULL },
    { NULL, 0, 0, NULL }
};

/* In the manner of no sanitizer. */
static void crash(void)
{
    volatile uintptr_t nowhere = 8;

    signal(SIGSEGV, SIG_DFL);
    *(volatile int *)nowhere = 1;
}

/* A chunk at a time, and a little of each is used. */
static void allocate(void)
{
    for (;;) {
        volatile char *chunk = mmap(NULL, 1 << 24, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (chunk == MAP_FAILED)
            abort();
        for (unsigned int i = 0; i < 1 << 24; i += 1 << 20)
            chunk[i] = 1;
    }
}

static void flood(void)
{
    struct worker_answer answer;

    memset(&answer, 0, sizeof(answer));
    answer.id = 77;
    while (ipc_send_wait(SANDBOX_FD, &answer, sizeof(answer), -1, 1000) == 0)
        ;
    for (;;)
        ;
}

static struct verdict open_file(char *content)
{
    char *path = content + strlen("open ");
    int fd;

    path[strcspn(path, " ")] = 0;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? verdict_clean() : verdict_infected("Opened");
}

static struct verdict all_descriptors(int fd)
{
    while (dup(fd) >= 0)
        ;
    return verdict_clean();
}

static int is(const char *content, const char *command)
{
    return !strncmp(content, command, strlen(command));
}

static struct verdict scan(struct engine *engine, int fd, uint64_t size)
{
    char content[64] = "", *none[] = { NULL };

    (void)engine;
    (void)size;
    if (pread(fd, content, sizeof(content) - 1, 0) <= 0)
        return verdict_not_scanned(VSCANIF_REASON_LIMITS);
    if (is(content, "crash"))
        crash();
    if (is(content, "abort"))
        abort();
    if (is(content, "exit"))
        _exit(7);
    if (is(content, "loop"))
        for (;;)
            ;
    if (is(content, "allocate"))
        allocate();
    if (is(content, "socket"))
        socket(AF_INET, SOCK_STREAM, 0);
    if (is(content, "fork"))
        fork();
    if (is(content, "exec"))
        execve("/bin/true", none, none);
    if (is(content, "ptrace"))
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    if (is(content, "kill"))
        kill(getppid(), SIGTERM);
    if (is(content, "flood"))
        flood();
    if (is(content, "silence")) {
        close(SANDBOX_FD);
        for (;;)
            ;
    }
    if (is(content, "open "))
        return open_file(content);
    if (is(content, "descriptors"))
        return all_descriptors(fd);
    return verdict_clean();
}

static struct engine the_engine = { &bad_engine_ops };

static int load(const char *db_dir, const char *temp_dir,
                const struct engine_limits *limits, struct engine **engine_r,
                char error_r[ENGINE_TEXT])
{
    (void)db_dir;
    (void)temp_dir;
    (void)limits;
    error_r[0] = 0;
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
