/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * marks.h - the kernel's fanotify and real mounts, in a world of their own
 * (world.h), for tests of mounts.c.
 *
 * Overview: mounts_mark() runs in a child as it does in the gate; the test
 * answers that child's accesses, and looks at the marks in /proc/self/fdinfo.
 */
#ifndef VSCAN_TESTS_MARKS_H
#define VSCAN_TESTS_MARKS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/fanotify.h>
#include <sys/types.h>

#include <cmocka.h>

#include "mounts.h"
#include "policy.h"

#define OPENS   (FAN_OPEN_PERM | FAN_OPEN_EXEC_PERM)

extern struct policy policy;
extern struct coverage *coverage;

int marks_setup(void **state);
int marks_teardown(void **state);
int mark_with(int fan);
void mark(void);

/* The mask of the mark on the filesystem of @path; 0: none. */
unsigned int mask_of(const char *path);
void coverage_has(const char *line);
void coverage_lacks(const char *text);
void mount_tmpfs(const char *path);
void unmount(const char *path);

/* A process that does @what, and @then when it is told to. */
struct opener {
    pid_t pid;
    int go;
};

struct opener opener_start(void (*what)(void), void (*then)(void));

/* Has it act, with all denied; returns how many events that made. */
unsigned int opener_go(struct opener opener);
void open_m(void);

#endif
