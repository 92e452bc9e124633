/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-leftovers.c - xen-scan-back/leftovers.c in the sandbox of a worker: half
 * of everything is enough, a little less is not.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cmocka.h>

#include "child.h"
#include "leftovers.h"
#include "log.h"
#include "proc.h"

#define PAGE            4096
#define DESCRIPTORS     1024            /* of a worker: sandbox.h */
/* What malloc() and the stack have meanwhile. */
#define MARGIN          ((uint64_t)16 << 20)

static const struct sandbox_room room = {
    .temp_octets = 64 * PAGE, .temp_files = 64,
    .memory = (uint64_t)256 << 20,
};

static struct leftovers leftovers;

static const char *lack(void)
{
    const char *text = leftovers_lack(&leftovers);

    return text ? text : "nothing";
}

static void must_lack(const char *what)
{
    must(!strcmp(lack(), what));
}

/* Runs @body in a child, in a worker's sandbox. */
static void inside(void (*body)(void))
{
    pid_t pid;

    if (geteuid())
        skip();
    pid = proc_fork("test-leftovers");
    assert_true(pid >= 0);
    if (pid == 0) {
        close_range(STDERR_FILENO + 1, ~0U, 0);
        must(!sandbox_enter_worker(&room));
        must(!leftovers_init(&leftovers, &room));
        must_lack("nothing");
        body();
        _exit(0);
    }
    assert_int_equal(outcome(pid), 0);
}

static void use_descriptors(void)
{
    int last;

    do
        last = dup(STDERR_FILENO);
    while (last >= 0 && last < DESCRIPTORS / 2 - 1);
    must(last == DESCRIPTORS / 2 - 1);
    must_lack("nothing");
    last = dup(STDERR_FILENO);
    must(last == DESCRIPTORS / 2);
    must_lack("descriptors");
    close(last);
    must_lack("nothing");
    while (dup(STDERR_FILENO) >= 0)
        ;
    must_lack("descriptors");
}

static void descriptors(void **state)
{
    (void)state;
    inside(use_descriptors);
}

static uint64_t free_octets(int fd)
{
    struct statvfs fs;

    must(!fstatvfs(fd, &fs));
    return fs.f_bfree * (uint64_t)fs.f_frsize;
}

static void use_octets(void)
{
    int fd = open(SANDBOX_TEMP_DIR "/file", O_RDWR | O_CREAT | O_CLOEXEC,
                  0600);
    off_t at = 0;

    for (; free_octets(fd) > room.temp_octets / 2; at += PAGE)
        must(pwrite(fd, "x", 1, at) == 1);
    must(free_octets(fd) == room.temp_octets / 2);
    must_lack("nothing");
    must(pwrite(fd, "x", 1, at) == 1);
    must_lack("room in /tmp");
    /* What has no name has its room all the same. */
    must(!unlink(SANDBOX_TEMP_DIR "/file"));
    must_lack("room in /tmp");
    close(fd);
    must_lack("nothing");
}

static void octets(void **state)
{
    (void)state;
    inside(use_octets);
}

static void make_files(unsigned int nr)
{
    static unsigned int made;

    for (; nr > 0; nr--) {
        char path[32];
        int fd;

        snprintf(path, sizeof(path), SANDBOX_TEMP_DIR "/%u", made++);
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        must(fd >= 0);
        close(fd);
    }
}

/* The folder is one of them. */
static void use_names(void)
{
    make_files(room.temp_files / 2 - 1);
    must_lack("nothing");
    make_files(1);
    must_lack("room in /tmp");
    must(!unlink(SANDBOX_TEMP_DIR "/0"));
    must_lack("nothing");
}

static void names(void **state)
{
    (void)state;
    inside(use_names);
}

static void *map(uint64_t size)
{
    void *octets_r = mmap(NULL, size, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    must(octets_r != MAP_FAILED);
    return octets_r;
}

static void use_memory(void)
{
    void *first = map(room.memory / 2 - MARGIN);

    must_lack("nothing");
    map(2 * MARGIN);
    must_lack("memory");
    must(!munmap(first, room.memory / 2 - MARGIN));
    must_lack("nothing");
}

static void memory(void **state)
{
    (void)state;
    inside(use_memory);
}

/* Of what the kernel never gives, no scan can take anything away. */
static void ask_too_much(void)
{
    struct sandbox_room more = room;

    more.memory = (uint64_t)1 << 50;
    must(!leftovers_init(&leftovers, &more));
    must(!leftovers.has_memory);
    map(room.memory / 2 + MARGIN);
    must_lack("nothing");
    must(!leftovers_init(&leftovers, &room));
    must(!leftovers.has_memory);
}

static void memory_that_is_never_there(void **state)
{
    (void)state;
    inside(ask_too_much);
}

/* Asking leaves nothing behind either. */
static void ask_often(void)
{
    for (unsigned int i = 0; i < 4 * DESCRIPTORS; i++)
        must_lack("nothing");
    must(dup(STDERR_FILENO) == leftovers.temp + 1);
}

static void asking_costs_nothing(void **state)
{
    (void)state;
    inside(ask_often);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(descriptors),
        cmocka_unit_test(octets),
        cmocka_unit_test(names),
        cmocka_unit_test(memory),
        cmocka_unit_test(memory_that_is_never_there),
        cmocka_unit_test(asking_costs_nothing),
    };

    log_init("test-leftovers", LOG_LEVEL_ERROR);
    return cmocka_run_group_tests_name("leftovers", tests, NULL, NULL);
}
