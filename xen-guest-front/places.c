/* SPDX-License-Identifier: GPL-2.0-or-later */
/* places.c - see places.h. */
#define _GNU_SOURCE
#include "places.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "number.h"

/* A place that has been visited, or a namespace that has none yet. */
struct seen {
    ino_t ns;
    uint64_t root_mount, root_ino;
};

struct namespace {
    ino_t ns;
    bool trusted;
    unsigned int nr_roots;
};

struct walk {
    void (*visit)(void *data, const struct place *place);
    void *data;
    bool trusted;           /* of this round */
    ino_t own_ns, own_user_ns;
    struct seen seen[PLACES_MAX];
    unsigned int nr_seen;
    struct namespace namespace[PLACES_MAX];
    unsigned int nr_namespaces;
    unsigned int threads;
    int left_out;
};

static ino_t inode_of(int dir, const char *path)
{
    struct stat st;

    return fstatat(dir, path, &st, 0) ? 0 : st.st_ino;
}

/* Does the mount namespace of the thread @dir belong to our user namespace? */
static bool is_trusted(const struct walk *walk, int dir)
{
    int ns = openat(dir, "ns/mnt", O_RDONLY | O_CLOEXEC), user_ns;
    struct stat st;
    bool trusted;

    if (ns < 0)
        return false;
    user_ns = ioctl(ns, NS_GET_USERNS);
    close(ns);
    if (user_ns < 0)
        return false;
    trusted = !fstat(user_ns, &st) && st.st_ino == walk->own_user_ns;
    close(user_ns);
    return trusted;
}

/*
 * The namespace @ns, of the thread @dir, when it is one of this round.  Those
 * of the other round are not kept, they might be so many that users made.
 */
static struct namespace *find_namespace(struct walk *walk, int dir, ino_t ns)
{
    struct namespace *found;

    for (unsigned int i = 0; i < walk->nr_namespaces; i++)
        if (walk->namespace[i].ns == ns)
            return walk->namespace[i].trusted == walk->trusted ?
                   &walk->namespace[i] : NULL;
    if (is_trusted(walk, dir) != walk->trusted)
        return NULL;
    if (walk->nr_namespaces == PLACES_MAX) {
        walk->left_out++;
        return NULL;
    }
    found = &walk->namespace[walk->nr_namespaces++];
    *found = (struct namespace){ .ns = ns, .trusted = walk->trusted };
    return found;
}

/* Never asks the filesystem, which may be one that does not answer. */
static bool identify(int root, struct seen *seen_r)
{
    struct statx stx;

    if (statx(root, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC,
              STATX_MNT_ID | STATX_INO, &stx))
        return false;
    seen_r->root_mount = stx.stx_mnt_id;
    seen_r->root_ino = stx.stx_ino;
    return true;
}

static bool seen_before(const struct walk *walk, const struct seen *seen)
{
    for (unsigned int i = 0; i < walk->nr_seen; i++)
        if (walk->seen[i].ns == seen->ns &&
            walk->seen[i].root_mount == seen->root_mount &&
            walk->seen[i].root_ino == seen->root_ino)
            return true;
    return false;
}

/* @dir stays that of the same thread, also when its number is used again. */
static void look_at(struct walk *walk, int dir, pid_t pid)
{
    struct seen seen = { .ns = inode_of(dir, "ns/mnt") };
    struct place place = { .pid = pid, .trusted = walk->trusted };
    struct namespace *namespace;

    if (!seen.ns || seen.ns == walk->own_ns)
        return;
    namespace = find_namespace(walk, dir, seen.ns);
    if (!namespace)
        return;
    place.root = openat(dir, "root", O_PATH | O_CLOEXEC);
    place.mountinfo = openat(dir, "mountinfo", O_RDONLY | O_CLOEXEC);
    /* It may have gone elsewhere meanwhile. */
    if (place.root < 0 || place.mountinfo < 0 ||
        inode_of(dir, "ns/mnt") != seen.ns || !identify(place.root, &seen) ||
        seen_before(walk, &seen))
        goto out;
    if (walk->nr_seen == PLACES_MAX ||
        namespace->nr_roots == PLACES_MAX_ROOTS) {
        walk->left_out++;
        goto out;
    }
    namespace->nr_roots++;
    walk->seen[walk->nr_seen++] = seen;
    walk->visit(walk->data, &place);

out:
    if (place.root >= 0)
        close(place.root);
    if (place.mountinfo >= 0)
        close(place.mountinfo);
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

static void look_at_threads(struct walk *walk, int proc, pid_t pid)
{
    char name[32];
    DIR *tasks;
    int dir;
    pid_t tid;

    snprintf(name, sizeof(name), "%d/task", (int)pid);
    dir = openat(proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    tasks = dir >= 0 ? fdopendir(dir) : NULL;
    if (!tasks) {
        if (dir >= 0)
            close(dir);
        return;
    }
    while ((tid = next_number(tasks))) {
        if (walk->threads++ >= PLACES_MAX_THREADS) {
            walk->left_out++;
            break;
        }
        snprintf(name, sizeof(name), "%d", (int)tid);
        dir = openat(dirfd(tasks), name, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (dir >= 0) {
            look_at(walk, dir, tid);
            close(dir);
        }
    }
    closedir(tasks);
}

static int round_of(struct walk *walk, bool trusted)
{
    DIR *proc = opendir("/proc");
    pid_t pid;

    if (!proc)
        return -errno;
    walk->trusted = trusted;
    walk->threads = 0;
    while ((pid = next_number(proc)) && walk->threads <= PLACES_MAX_THREADS)
        look_at_threads(walk, dirfd(proc), pid);
    closedir(proc);
    return 0;
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
    walk->own_ns = inode_of(AT_FDCWD, "/proc/self/ns/mnt");
    walk->own_user_ns = inode_of(AT_FDCWD, "/proc/self/ns/user");
    rc = walk->own_ns && walk->own_user_ns ? 0 : -EIO;
    if (!rc)
        rc = round_of(walk, true);
    if (!rc)
        rc = round_of(walk, false);
    if (!rc)
        rc = walk->left_out;
    free(walk);
    return rc;
}
