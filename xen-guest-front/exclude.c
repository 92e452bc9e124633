/* SPDX-License-Identifier: GPL-2.0-or-later */
/* exclude.c - see exclude.h. */
#define _GNU_SOURCE
#include "exclude.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "facts.h"
#include "glob.h"
#include "number.h"

bool exclude_any(const struct policy *policy)
{
    return policy_word(policy, POLICY_EXCLUDE_PATH, NULL) ||
           policy_word(policy, POLICY_EXCLUDE_EXE, NULL) ||
           policy_word(policy, POLICY_EXCLUDE_UID, NULL);
}

/*
 * The path of @fd, if it may be believed: it goes through a mount of our own
 * namespace, and the name is still there.  A name that ends like that of a
 * deleted file may be that of one.
 */
static bool own_path(const struct coverage *coverage, int fd,
                     char path_r[PATH_MAX])
{
    static const char deleted[] = " (deleted)";
    size_t len, suffix = sizeof(deleted) - 1;

    if (!coverage_own_mount(coverage, facts_mount_id(fd)) ||
        !facts_path(fd, path_r))
        return false;
    len = strlen(path_r);
    return len < suffix || strcmp(path_r + len - suffix, deleted);
}

static bool path_excluded(const struct policy *policy,
                          const struct coverage *coverage, int fd)
{
    const char *word = policy_word(policy, POLICY_EXCLUDE_PATH, NULL);
    char path[PATH_MAX];

    if (!word || !own_path(coverage, fd, path))
        return false;
    for (; word; word = policy_word(policy, POLICY_EXCLUDE_PATH, word))
        if (glob_matches(word, path))
            return true;
    return false;
}

/* Can only whom the administrator trusts make a process of this program do
 * what he likes? */
static bool in_good_hands(pid_t pid, int exe)
{
    struct stat st;

    return facts_uid(pid) == 0 || (!fstat(exe, &st) && !(st.st_mode & S_IXOTH));
}

static bool has_word(const struct policy *policy, enum policy_list list,
                     const char *text)
{
    const char *word = NULL;

    while ((word = policy_word(policy, list, word)))
        if (!strcmp(word, text))
            return true;
    return false;
}

/*
 * The name comes first: opening a program asks its filesystem (NFS), which may
 * not answer, and only one that the policy names may be asked.
 */
static bool exe_excluded(const struct policy *policy,
                         const struct coverage *coverage, pid_t pid)
{
    char path[PATH_MAX], link[64];
    bool matches;
    int exe;

    if (!policy_word(policy, POLICY_EXCLUDE_EXE, NULL) ||
        !facts_exe(pid, path) || !has_word(policy, POLICY_EXCLUDE_EXE, path))
        return false;
    snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
    exe = open(link, O_PATH | O_CLOEXEC);
    if (exe < 0)
        return false;
    matches = own_path(coverage, exe, path) &&
              has_word(policy, POLICY_EXCLUDE_EXE, path) &&
              in_good_hands(pid, exe);
    close(exe);
    return matches;
}

static bool uid_excluded(const struct policy *policy, pid_t pid)
{
    const char *word = policy_word(policy, POLICY_EXCLUDE_UID, NULL);
    uid_t uid = word ? facts_uid(pid) : (uid_t)-1;
    uint32_t number;

    if (uid == (uid_t)-1)
        return false;
    for (; word; word = policy_word(policy, POLICY_EXCLUDE_UID, word))
        if (!number_parse_u32(word, 0, UINT32_MAX, &number) && number == uid)
            return true;
    return false;
}

bool exclude_matches(const struct policy *policy,
                     const struct coverage *coverage, pid_t pid, int fd)
{
    return path_excluded(policy, coverage, fd) ||
           exe_excluded(policy, coverage, pid) || uid_excluded(policy, pid);
}
