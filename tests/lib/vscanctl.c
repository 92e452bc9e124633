/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vscanctl.c - see vscanctl.h. */
#define _GNU_SOURCE
#include "vscanctl.h"

#include <errno.h>
#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "ask.h"
#include "domain.h"
#include "fake-libxl.h"
#include "fake.h"
#include "terminal.h"
#include "xs.h"

#define MAX_WORDS 8

static const struct {
    uint32_t domid;
    const char *name;
} domains[] = {
    { 0, "Domain-0" }, { 3, "scanner" }, { 5, "web" }, { 7, "scanner" },
    { 9, "other" },
};

#define NR_DOMAINS (sizeof(domains) / sizeof(domains[0]))

static enum domain_state states[NR_DOMAINS];
static int list_rc;

/* domain.c ------------------------------------------------------------------*/

int machine_init(struct machine *m)
{
    const char *why;

    *m = (struct machine){ .xl = fake_libxl_ctx() };
    return xsx_open(&m->xs, &why);
}

void machine_dispose(struct machine *m)
{
    xs_close(m->xs);
}

int domain_by_name(const struct machine *m, const char *name,
                   uint32_t *domid_r)
{
    (void)m;
    for (size_t i = 0; i < NR_DOMAINS; i++)
        if (states[i] != DOMAIN_GONE && !strcmp(name, domains[i].name)) {
            *domid_r = domains[i].domid;
            return 0;
        }
    return -ENOENT;
}

int domain_find(const struct machine *m, const char *text, uint32_t *domid_r)
{
    return domain_by_name(m, text, domid_r);
}

int domain_list(const struct machine *m, uint32_t **domids_r,
                unsigned int *nr_r)
{
    uint32_t *domids;
    unsigned int nr = 0;

    (void)m;
    if (list_rc)
        return list_rc;
    domids = calloc(NR_DOMAINS, sizeof(*domids));
    assert_non_null(domids);
    for (size_t i = 0; i < NR_DOMAINS; i++)
        if (domains[i].domid && states[i] != DOMAIN_GONE)
            domids[nr++] = domains[i].domid;
    *domids_r = domids;
    *nr_r = nr;
    return 0;
}

enum domain_state domain_state(const struct machine *m, uint32_t domid)
{
    (void)m;
    for (size_t i = 0; i < NR_DOMAINS; i++)
        if (domains[i].domid == domid)
            return states[i];
    return DOMAIN_GONE;
}

bool domain_exists(const struct machine *m, uint32_t domid)
{
    return domain_state(m, domid) == DOMAIN_THERE;
}

char *domain_own_name(const struct machine *m, uint32_t domid)
{
    char name[DOMAIN_NAME_SIZE];

    return strdup(domain_name(m, domid, name));
}

char *domain_name(const struct machine *m, uint32_t domid,
                  char out[DOMAIN_NAME_SIZE])
{
    (void)m;
    strcpy(out, "-");
    for (size_t i = 0; i < NR_DOMAINS; i++)
        if (states[i] != DOMAIN_GONE && domains[i].domid == domid)
            strcpy(out, domains[i].name);
    return out;
}

/* ask-lock.c ----------------------------------------------------------------*/

static char ask_lock_path[64];

const char *ask_lock(void)
{
    return ask_lock_path;
}

/* Tests ---------------------------------------------------------------------*/

int vscanctl_start(void **state)
{
    (void)state;
    memset(states, 0, sizeof(states));
    snprintf(ask_lock_path, sizeof(ask_lock_path), "/tmp/vscan-test-ask-%d",
             (int)getpid());
    vscanctl_domain_gone(7);
    vscanctl_domain_gone(9);
    fake_libxl_start();
    fake_libxl_domain(5, "web", 512 * 1024);
    fake_start();
    fake_enter(0);
    fake_domain_create(3);
    list_rc = 0;
    fake_domain_create(5);
    fake_device_create(5, 3, DEFAULT_POLICY);
    fake_write(WEB_RECORD "/backend-id", "3");
    return 0;
}

int vscanctl_stop(void **state)
{
    (void)state;
    fake_stop();
    unlink(ask_lock_path);
    return 0;
}

void vscanctl_domain_is(uint32_t domid, enum domain_state state)
{
    for (size_t i = 0; i < NR_DOMAINS; i++)
        if (domains[i].domid == domid)
            states[i] = state;
}

void vscanctl_list_is(int rc)
{
    list_rc = rc;
}

void vscanctl_domain_gone(uint32_t domid)
{
    vscanctl_domain_is(domid, DOMAIN_GONE);
}

void vscanctl_domain_comes(uint32_t domid)
{
    vscanctl_domain_is(domid, DOMAIN_THERE);
}

/* With @fd as its standard output. */
static int run(int (*command)(int argc, char **argv),
               const char *const words[], int fd)
{
    char *argv[MAX_WORDS + 2] = { (char *)"vscanctl" };
    int before = dup(STDOUT_FILENO), argc = 1, status;

    while (words[argc - 1]) {
        assert_true(argc <= MAX_WORDS);
        argv[argc] = (char *)words[argc - 1];
        argc++;
    }
    fflush(stdout);
    assert_int_equal(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
    optind = 0;
    status = command(argc, argv);
    fflush(stdout);
    dup2(before, STDOUT_FILENO);
    close(before);
    return status;
}

int vscanctl_run(int (*command)(int argc, char **argv),
                 const char *const words[], char *said_r, size_t size)
{
    int fd = memfd_create("stdout", MFD_CLOEXEC);
    int status = run(command, words, fd);
    ssize_t n = pread(fd, said_r, size - 1, 0);

    close(fd);
    assert_true(n >= 0);
    said_r[n] = 0;
    return status;
}

int vscanctl_run_wide(int (*command)(int argc, char **argv),
                      const char *const words[], unsigned int columns,
                      char *said_r, size_t size)
{
    const struct winsize wide = { .ws_col = (unsigned short)columns,
                                  .ws_row = 24 };
    struct terminal t;
    int status;
    ssize_t n;

    terminal_open(&t, geteuid());
    assert_int_equal(ioctl(t.slave, TIOCSWINSZ, &wide), 0);
    status = run(command, words, t.slave);
    n = read(t.master, said_r, size - 1);
    terminal_close(&t);
    assert_true(n >= 0);
    said_r[n] = 0;
    return status;
}

size_t vscanctl_widest(const char *said)
{
    size_t widest = 0;

    while (*said) {
        const size_t len = strcspn(said, "\r\n");

        widest = len > widest ? len : widest;
        said += len + strspn(said + len, "\r\n");
    }
    return widest;
}
