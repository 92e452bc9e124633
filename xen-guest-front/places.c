/* SPDX-License-Identifier: GPL-2.0-or-later */
/* places.c - see places.h. */
#define _GNU_SOURCE
#include "places.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "number.h"

struct walk {
    void (*visit)(void *data, const struct place *place);
    void *data;
    bool trusted;           /* of this round */
    ino_t own_ns, own_user_ns;
    int home, root, proc;   /* our namespace; our root and /proc, O_PATH */
    ino_t seen[PLACES_MAX]; /* namespaces */
    unsigned int nr_seen;
    unsigned int threads;   /* looked at in this round */
    bool too_many;          /* ... and there are more */
    int left_out;
};

static ino_t inode_of(int fd)
{
    struct stat st;

    return fstat(fd, &st) ? 0 : st.st_ino;
}

/* Does the mount namespace @ns belong to our user namespace? */
static bool is_trusted(const struct walk *walk, int ns)
{
    int user_ns = ioctl(ns, NS_GET_USERNS);
    bool trusted;

    if (user_ns < 0)
        return false;
    trusted = inode_of(user_ns) == walk->own_user_ns;
    close(user_ns);
    return trusted;
}

/*
 * Is @ns a new one that is to be visited in this round?  Those of the other
 * round are not kept, they might be so many that users made.
 */
static bool is_next(struct walk *walk, int ns)
{
    ino_t ino = inode_of(ns);

    if (!ino || ino == walk->own_ns)
        return false;
    for (unsigned int i = 0; i < walk->nr_seen; i++)
        if (walk->seen[i] == ino)
            return false;
    if (is_trusted(walk, ns) != walk->trusted)
        return false;
    if (walk->nr_seen == PLACES_MAX) {
        walk->left_out++;
        return false;
    }
    walk->seen[walk->nr_seen++] = ino;
    return true;
}

/* Opens what there is to see in @ns; nothing is looked up there. */
static int enter(const struct walk *walk, int ns, struct place *place_r)
{
    if (setns(ns, CLONE_NEWNS)) {
        place_r->root = place_r->mountinfo = -1;
        return 0;
    }
    place_r->root = open("/", O_PATH | O_CLOEXEC);
    place_r->mountinfo = openat(walk->proc, "self/mountinfo",
                                O_RDONLY | O_CLOEXEC);
    if (setns(walk->home, CLONE_NEWNS) || fchdir(walk->root) || chroot("."))
        return -errno;
    return 0;
}

/* @ns stays the same one, wherever the thread goes meanwhile. */
static int look_at(struct walk *walk, int ns, pid_t pid)
{
    struct place place = { .pid = pid, .trusted = walk->trusted };
    int rc;

    if (!is_next(walk, ns))
        return 0;
    rc = enter(walk, ns, &place);
    if (!rc && place.root >= 0 && place.mountinfo >= 0)
        walk->visit(walk->data, &place);
    else
        walk->left_out++;
    if (place.root >= 0)
        close(place.root);
    if (place.mountinfo >= 0)
        close(place.mountinfo);
    return rc;
}

/* The next entry of @dir that is a number; 0 after the last. */
static pid_t next_number(DIR *dir)
{
    struct dirent *entry;
    uint32_t number;

    while ((entry = readdir(dir)))
        if (!number_parse_u32(entry->d_name, 1, INT32_MAX, &number))
            return (pid_t)number;
    return 0;
}

static int look_at_threads(struct walk *walk, pid_t pid)
{
    char name[32];
    DIR *tasks;
    int dir, ns, rc = 0;
    pid_t tid;

    snprintf(name, sizeof(name), "%d/task", (int)pid);
    dir = openat(walk->proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    tasks = dir >= 0 ? fdopendir(dir) : NULL;
    if (!tasks) {
        if (dir >= 0)
            close(dir);
        return 0;
    }
    while (!rc && (tid = next_number(tasks))) {
        if (walk->threads == PLACES_MAX_THREADS) {
            walk->too_many = true;
            walk->left_out++;
            break;
        }
        walk->threads++;
        snprintf(name, sizeof(name), "%d/ns/mnt", (int)tid);
        ns = openat(dir, name, O_RDONLY | O_CLOEXEC);
        if (ns >= 0) {
            rc = look_at(walk, ns, tid);
            close(ns);
        }
    }
    closedir(tasks);
    return rc;
}

static int round_of(struct walk *walk, bool trusted)
{
    DIR *proc = opendir("/proc");
    int rc = 0;
    pid_t pid;

    if (!proc)
        return -errno;
    walk->trusted = trusted;
    walk->threads = 0;
    walk->too_many = false;
    while (!rc && !walk->too_many && (pid = next_number(proc)))
        rc = look_at_threads(walk, pid);
    closedir(proc);
    return rc;
}

static ino_t inode_at(const char *path)
{
    struct stat st;

    return stat(path, &st) ? 0 : st.st_ino;
}

static int open_home(struct walk *walk)
{
    walk->home = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    walk->root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    walk->proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (walk->home < 0 || walk->root < 0 || walk->proc < 0)
        return -errno;
    walk->own_ns = inode_of(walk->home);
    walk->own_user_ns = inode_at("/proc/self/ns/user");
    return walk->own_ns && walk->own_user_ns ? 0 : -EIO;
}

int places_visit(void (*visit)(void *data, const struct place *place),
                 void *data)
{
    struct walk *walk = calloc(1, sizeof(*walk));
    int rc;

    if (!walk)
        return -ENOMEM;
    walk->visit = visit;
    walk->data = data;
    rc = open_home(walk);
    if (!rc)
        rc = round_of(walk, true);
    if (!rc)
        rc = round_of(walk, false);
    if (!rc)
        rc = walk->left_out;
    if (walk->home >= 0)
        close(walk->home);
    if (walk->root >= 0)
        close(walk->root);
    if (walk->proc >= 0)
        close(walk->proc);
    free(walk);
    return rc;
}
