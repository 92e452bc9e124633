/* SPDX-License-Identifier: GPL-2.0-or-later */
/* action-program.c - see action-program.h. */
#define _GNU_SOURCE
#include "action-program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "helper.h"
#include "policy-file.h"

/* Others than root cannot change it. */
static bool is_safe(const struct stat *st)
{
    return st->st_uid == 0 && !(st->st_mode & 022);
}

static int refuse(const char *path, int rc, const char *why_not, char *why,
                  size_t size)
{
    snprintf(why, size, "%s: %s", path, why_not);
    return rc;
}

static int check(const char *dir, const char *name, const char *path,
                 char *why, size_t size)
{
    struct stat st;
    int fd, rc = 0;

    fd = open(dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st)) {
        rc = -errno;
        if (fd >= 0)
            close(fd);
        return refuse(dir, rc, strerror(-rc), why, size);
    }
    if (!is_safe(&st)) {
        close(fd);
        return refuse(dir, -EPERM, "others than root may change it", why,
                      size);
    }
    if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW))
        rc = -errno;
    close(fd);
    if (rc)
        return refuse(path, rc, strerror(-rc), why, size);
    if (!S_ISREG(st.st_mode))
        return refuse(path, -EPERM, "not a regular file", why, size);
    if (!is_safe(&st))
        return refuse(path, -EPERM, "others than root may change it", why,
                      size);
    if (!(st.st_mode & 0100))
        return refuse(path, -EPERM, "it cannot be executed", why, size);
    return 0;
}

static int run(const struct action_places *places, char *path,
               const char *name, char *const envp[], char *why, size_t size)
{
    char title[sizeof("run:") + POLICY_NAME_MAX];
    char *const argv[] = { path, NULL };
    const struct helper helper = {
        .argv = argv, .envp = envp, .limit_ms = places->program_ms,
        .title = title,
    };

    snprintf(title, sizeof(title), "run:%s", name);
    return helper_run(&helper, why, size);
}

int action_program_run(const struct action_places *places, const char *name,
                       const struct action_fact *facts, size_t nr, char *why,
                       size_t why_size)
{
    char *envp[ACTION_MAX_FACTS + 2] = { (char *)(size_t)HELPER_PATH };
    char path[512];
    size_t made = 0;
    int rc;

    if (!policy_name_is_one(name))
        return refuse(places->programs_dir, -EPERM,
                      "not the name of a program", why, why_size);
    if (nr > ACTION_MAX_FACTS)
        return refuse(name, -E2BIG, "too many facts", why, why_size);
    snprintf(path, sizeof(path), "%s/%s", places->programs_dir, name);
    rc = check(places->programs_dir, name, path, why, why_size);
    if (rc)
        return rc;
    while (made < nr && asprintf(&envp[made + 1], "%s=%s", facts[made].name,
                                 facts[made].value) >= 0)
        made++;
    envp[made + 1] = NULL;
    rc = made < nr ? refuse(path, -ENOMEM, strerror(ENOMEM), why, why_size) :
         run(places, path, name, envp, why, why_size);
    while (made)
        free(envp[made--]);
    return rc;
}
