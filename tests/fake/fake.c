/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake.c - see fake.h: the lock, the calling domain, failures on demand.
 */
#define _GNU_SOURCE
#include "machine.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define NOWHERE UINT32_MAX

struct plan {
    unsigned int at;            /* the count that it is for; 0: none */
    void (*fn)(void *arg);
    void *arg;
    int err;
};

static struct {
    pthread_mutex_t lock;
    uint32_t others;
    unsigned int count[FAKE_NR_CALLS];
    struct plan plan[FAKE_NR_CALLS];
} machine = { .lock = PTHREAD_MUTEX_INITIALIZER, .others = NOWHERE };

static __thread uint32_t thread_domid = NOWHERE;

static __thread bool thread_is_tool;

void machine_set_tool(bool tool)
{
    thread_is_tool = tool;
}

void machine_lock(void)
{
    pthread_mutex_lock(&machine.lock);
}

void machine_unlock(void)
{
    pthread_mutex_unlock(&machine.lock);
}

void machine_misuse(const char *format, ...)
{
    va_list args;

    fputs("fake machine: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    abort();
}

uint32_t fake_enter(uint32_t domid)
{
    uint32_t before = thread_domid;

    thread_domid = domid;
    return before;
}

void fake_enter_others(uint32_t domid)
{
    machine_lock();
    machine.others = domid;
    machine_unlock();
}

uint32_t machine_domid(void)
{
    uint32_t domid = thread_domid;

    if (domid == NOWHERE) {
        machine_lock();
        domid = machine.others;
        machine_unlock();
    }
    if (domid == NOWHERE)
        machine_misuse("a thread runs in no domain");
    return domid;
}

int machine_call(enum fake_call call)
{
    struct plan plan = { 0 };

    if (thread_is_tool)
        return 0;
    machine_lock();
    if (++machine.count[call] == machine.plan[call].at) {
        plan = machine.plan[call];
        machine.plan[call].at = 0;
    }
    machine_unlock();
    if (plan.fn)
        plan.fn(plan.arg);
    if (!plan.err)
        return 0;
    errno = plan.err;
    return -1;
}

void fake_at(enum fake_call call, unsigned int nth, void (*fn)(void *arg),
             void *arg, int err)
{
    machine_lock();
    machine.plan[call] = (struct plan){ machine.count[call] + nth, fn, arg,
                                        err };
    machine_unlock();
}

bool fake_at_waits(enum fake_call call)
{
    bool waits;

    machine_lock();
    waits = machine.plan[call].at != 0;
    machine_unlock();
    return waits;
}

unsigned int fake_count(enum fake_call call)
{
    unsigned int count;

    machine_lock();
    count = machine.count[call];
    machine_unlock();
    return count;
}

void fake_start(void)
{
    machine_lock();
    for (int i = 0; i < FAKE_NR_CALLS; i++) {
        machine.count[i] = 0;
        machine.plan[i] = (struct plan){ 0 };
    }
    machine_unlock();
    thread_domid = 0;
    grants_start();
    file_pages_start();
    evtchn_start();
    xs_fake_start();
}

void fake_stop(void)
{
    file_pages_stop();
    grants_stop();
    evtchn_stop();
    xs_fake_stop();
}

unsigned int fake_open_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    unsigned int count = 0;

    if (!dir)
        machine_misuse("cannot read /proc/self/fd");
    while (readdir(dir))
        count++;
    closedir(dir);
    return count - 3;           /* two dots and the folder itself */
}
