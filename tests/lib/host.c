/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host.c - see host.h. */
#define _GNU_SOURCE
#include "host.h"

#include <dirent.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "vscanctl.h"

/* What no test waits for. */
#define LONG_MS 200000

static struct host the_host;

int host_start(void **state)
{
    struct host *h = &the_host;

    vscanctl_start(state);
    *h = (struct host){ .dir = "/tmp/vscan-test-XXXXXX" };
    assert_non_null(mkdtemp(h->dir));
    snprintf(h->spool, sizeof(h->spool), "%s/spool", h->dir);
    snprintf(h->programs, sizeof(h->programs), "%s/actions.d", h->dir);
    snprintf(h->xl, sizeof(h->xl), "%s/xl", h->dir);
    snprintf(h->xentrace, sizeof(h->xentrace), "%s/xentrace", h->dir);
    assert_int_equal(mkdir(h->programs, 0755), 0);
    h->places = (struct action_places){
        .spool = { .dir = h->spool, .limit = SPOOL_LIMIT },
        .programs_dir = h->programs, .xl = h->xl, .xentrace = h->xentrace,
        .program_ms = LONG_MS, .save_ms = LONG_MS,
        .suspend_ms = LONG_MS, .resume_ms = LONG_MS,
        .trace_ms = LONG_MS, .trace_start_ms = LONG_MS, .trace_size = 1 << 20,
    };
    assert_int_equal(machine_init(&h->m), 0);
    *state = h;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int type,
                      struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

int host_stop(void **state)
{
    struct host *h = *state;

    machine_dispose(&h->m);
    nftw(h->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return vscanctl_stop(state);
}

void host_script(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fprintf(file, "#!/bin/sh\n%s\n", text);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0755), 0);
}

const char *host_path(const struct host *host, const char *name)
{
    static char path[512];

    snprintf(path, sizeof(path), "%s/%s", host->dir, name);
    return path;
}

unsigned int host_spooled(const struct host *host, const char *suffix)
{
    DIR *dir = opendir(host->spool);
    unsigned int nr = 0;
    struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        const size_t len = strlen(entry->d_name), end = strlen(suffix);

        nr += entry->d_name[0] != '.' && len >= end &&
              !strcmp(entry->d_name + len - end, suffix);
    }
    if (dir)
        closedir(dir);
    return nr;
}

const char *host_read(const char *path)
{
    static char text[8192];
    FILE *file = fopen(path, "r");

    text[file ? fread(text, 1, sizeof(text) - 1, file) : 0] = 0;
    if (file)
        fclose(file);
    return text;
}

void host_await(const char *path)
{
    const struct timespec moment = { .tv_nsec = 10000000 };

    while (access(path, F_OK))
        nanosleep(&moment, NULL);
}
