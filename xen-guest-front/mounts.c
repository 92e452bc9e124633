/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mounts.c - see mounts.h.
 *
 * Overview: mountinfo says which mounts there are (mounttab.h) and so which
 * superblocks (filesystems.h); each is marked once, through the first of its
 * mounts that can be reached.  A mount point is looked up without asking any
 * filesystem: the kernel keeps all of its path cached as long as something is
 * mounted there.  Only where that fails, and where only root can have mounted
 * what is on the way, an ordinary look-up is tried.
 */
#define _GNU_SOURCE
#include "mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "facts.h"
#include "filesystems.h"
#include "mounttab.h"
#include "places.h"

#define ALL_EVENTS  (FAN_OPEN_PERM | FAN_OPEN_EXEC_PERM | FAN_ACCESS_PERM | \
                     FAN_CLOSE_WRITE)

/* A cached look-up gives up when a mount or rename comes in between, too. */
#define CACHED_TRIES    8

struct walk {
    int group;
    const struct policy *policy;
    struct coverage *coverage;
    struct filesystems filesystems;
    struct fstab fstab;
    bool changed;           /* since the last report */
};

/* The mounts of one place while they are gone through. */
struct view {
    const struct place *place;
    struct mounttab tab;
    char prefix[32];        /* of paths, for us */
};

/* Why nothing is held on filesystems of this type, or NULL. */
static const char *excluded(const struct policy *policy, const char *type)
{
    const char *word = NULL;

    if (policy->mode == MODE_OFF)
        return "the policy says mode=off";
    while ((word = policy_word(policy, POLICY_EXCLUDE_FS, word)))
        if (!strcmp(word, type))
            return "excluded by the policy";
    return NULL;
}

static void report(struct walk *walk)
{
    filesystems_report(&walk->filesystems, walk->coverage);
    walk->changed = false;
}

/* Looking up ---------------------------------------------------------------*/

static int open_path(int root, const char *path, uint64_t resolve)
{
    struct open_how how = {
        .flags = O_PATH | O_CLOEXEC,
        .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | resolve,
    };
    long fd = syscall(SYS_openat2, root, path + strspn(path, "/"), &how,
                      sizeof(how));

    return fd < 0 ? -errno : (int)fd;
}

static int look_up(struct walk *walk, const struct view *view,
                   const struct mount *mount)
{
    const char *path = mount->info.point;
    int fd = -EAGAIN;

    if (!strcmp(path, "/"))
        path = ".";
    for (int i = 0; i < CACHED_TRIES && fd == -EAGAIN; i++)
        fd = open_path(view->place->root, path, RESOLVE_CACHED);
    if (fd != -EAGAIN || !view->place->trusted ||
        mounttab_may_wait(&view->tab, mount))
        return fd;
    /* It may be the last that this process does. */
    report(walk);
    return open_path(view->place->root, path, 0);
}

/* A descriptor (O_PATH) of the root of this very mount, or -1 with the reason
 * in @fs. */
static int open_mount(struct walk *walk, const struct view *view,
                      const struct mount *mount, struct filesystem *fs)
{
    int fd;

    fs->error = 0;
    fs->reason = "hidden by other mounts";
    if (mount->covered_up)
        return -1;
    fd = look_up(walk, view, mount);
    if (fd >= 0) {
        if (facts_mount_id(fd) == mount->info.id)
            return fd;
        close(fd);
    } else if (fd == -EAGAIN) {
        fs->reason = "looking it up could wait for ever";
    } else if (fd != -ENOENT && fd != -ENOTDIR && fd != -ELOOP) {
        fs->error = -fd;
    }
    return -1;
}

/* Marking ------------------------------------------------------------------*/

static uint64_t wanted(const struct policy *policy,
                       const struct filesystem *fs)
{
    uint64_t mask = FAN_OPEN_PERM | FAN_OPEN_EXEC_PERM;

    if (excluded(policy, fs->type))
        return 0;
    if (policy->read_events)
        mask |= FAN_ACCESS_PERM;
    if (policy->close_write && fs->fixed)
        mask |= FAN_CLOSE_WRITE;
    return mask;
}

/* First what is wanted, then away with what is not: no access slips through
 * in between. */
static void mark(const struct walk *walk, struct filesystem *fs, int fd)
{
    uint64_t mask = wanted(walk->policy, fs);
    char path[32];

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    fs->done = true;
    fs->error = 0;
    fs->reason = excluded(walk->policy, fs->type);
    if (mask) {
        if (fanotify_mark(walk->group, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
                          mask, AT_FDCWD, path)) {
            fs->error = errno;
            return;
        }
        fs->covered = true;
    }
    if (fanotify_mark(walk->group, FAN_MARK_REMOVE | FAN_MARK_FILESYSTEM,
                      ALL_EVENTS & ~mask, AT_FDCWD, path) && errno != ENOENT &&
        !mask)
        fs->error = errno;
}

static void mark_mount(struct walk *walk, const struct view *view,
                       const struct mount *mount)
{
    struct filesystem *fs;
    int fd;

    if (mount->class == FS_PSEUDO)
        return;
    fs = filesystems_get(&walk->filesystems, mount->info.dev, mount->info.type,
                         view->prefix, mount->info.point);
    if (!fs || fs->done)
        return;
    walk->changed = true;
    if (mount->class != FS_MARKED) {
        fs->done = true;
        fs->covered = mount->class == FS_BELOW &&
                      walk->policy->mode != MODE_OFF;
        fs->reason = mount->class == FS_BELOW ?
                     excluded(walk->policy, fs->type) : mount->reason;
        return;
    }
    /* A user's overlay over a FUSE of his: the kernel would wait for him when
     * it opens a file there for the gate (before 6.5, fstypes.c). */
    if (!view->place->trusted && !strcmp(mount->info.type, "overlay")) {
        fs->done = true;
        fs->reason = "a user's own, on which opening could wait for ever";
        return;
    }
    fd = open_mount(walk, view, mount, fs);
    if (fd >= 0) {
        mark(walk, fs, fd);
        close(fd);
    }
}

/* All that can be said of a place before anything is looked up. */
static void enter_all(struct walk *walk, const struct view *view)
{
    for (size_t i = 0; i < view->tab.nr; i++) {
        const struct mountinfo *info = &view->tab.mount[i].info;

        if (view->tab.mount[i].class != FS_PSEUDO)
            filesystems_get(&walk->filesystems, info->dev, info->type,
                            view->prefix, info->point);
    }
}

static void mark_all(struct walk *walk, const struct view *view)
{
    for (size_t i = 0; i < view->tab.nr; i++)
        mark_mount(walk, view, &view->tab.mount[i]);
    if (view->tab.left_out)
        filesystems_note(&walk->filesystems, "* %s/: %u mounts left out",
                         view->prefix, view->tab.left_out);
}

/* Our own mount namespace --------------------------------------------------*/

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* @nr_mounts comes last, when they are sorted. */
static void list_mounts(const struct walk *walk, const struct view *view)
{
    struct coverage *coverage = walk->coverage;
    uint32_t nr = 0;

    for (size_t i = 0; i < view->tab.nr && nr < COVERAGE_MAX_MOUNTS; i++) {
        const struct mount *mount = &view->tab.mount[i];

        /*
         * What users may unmount at will (FUSE) is not listed: its id would
         * go to a mount in a namespace of theirs.
         */
        if (mount->class == FS_MARKED || mount->class == FS_BELOW)
            coverage->mount_id[nr++] = mount->info.id;
    }
    qsort(coverage->mount_id, nr, sizeof(coverage->mount_id[0]), compare);
    coverage->nr_mounts = nr;
}

static void add_fixed(struct coverage *coverage, int fd)
{
    struct statx stx;
    dev_t dev;

    if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, 0, &stx))
        return;
    dev = makedev(stx.stx_dev_major, stx.stx_dev_minor);
    if (!coverage_fixed(coverage, dev))
        coverage->fixed[coverage->nr_fixed++] = dev;
}

/* Whether @mount is what is seen at its mount point. */
static bool fix(struct walk *walk, const struct view *view,
                const struct mount *mount)
{
    struct filesystem *fs = filesystems_get(&walk->filesystems,
                                            mount->info.dev, mount->info.type,
                                            view->prefix, mount->info.point);
    int fd = fs ? open_mount(walk, view, mount, fs) : -1;

    if (fd < 0)
        return false;
    fs->fixed = true;
    add_fixed(walk->coverage, fd);
    close(fd);
    return true;
}

/*
 * Each mount point of the list counts: the mounts of one btrfs differ in
 * st_dev.  One mount of each, so that all have room.
 */
static void find_fixed(struct walk *walk, const struct view *view)
{
    for (unsigned int k = 0; k < walk->fstab.nr; k++)
        for (size_t i = 0; i < view->tab.nr; i++) {
            const struct mount *mount = &view->tab.mount[i];

            if (mount->class == FS_MARKED &&
                !strcmp(mount->info.point, walk->fstab.point[k]) &&
                fix(walk, view, mount))
                break;
        }
    walk->coverage->fstab_left_out = walk->fstab.left_out;
}

static int mark_own(struct walk *walk)
{
    struct place place = { .trusted = true };
    struct view view = { .place = &place };
    int rc = 0;

    mounttab_init(&view.tab);
    place.root = open("/", O_PATH | O_CLOEXEC);
    place.mountinfo = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
    if (place.root < 0 || place.mountinfo < 0)
        rc = -errno;
    if (!rc)
        rc = mounttab_read(&view.tab, place.mountinfo);
    if (!rc) {
        list_mounts(walk, &view);
        enter_all(walk, &view);
        find_fixed(walk, &view);
        mark_all(walk, &view);
        report(walk);
    }
    mounttab_dispose(&view.tab);
    if (place.root >= 0)
        close(place.root);
    if (place.mountinfo >= 0)
        close(place.mountinfo);
    return rc;
}

/* The others ---------------------------------------------------------------*/

static void mark_place(void *data, const struct place *place)
{
    struct walk *walk = data;
    struct view view = { .place = place };
    int rc;

    snprintf(view.prefix, sizeof(view.prefix), "/proc/%d/root",
             (int)place->pid);
    mounttab_init(&view.tab);
    rc = mounttab_read(&view.tab, place->mountinfo);
    if (rc)
        filesystems_note(&walk->filesystems, "* %s: %s", view.prefix,
                         strerror(-rc));
    enter_all(walk, &view);
    mark_all(walk, &view);
    mounttab_dispose(&view.tab);
    if (walk->changed)
        report(walk);
}

static void mark_places(struct walk *walk)
{
    int rc = places_visit(mark_place, walk);

    if (rc < 0)
        filesystems_note(&walk->filesystems, "* /proc: %s", strerror(-rc));
    else if (rc > 0)
        filesystems_note(&walk->filesystems,
                         "* /proc: too many mount namespaces or threads");
}

int mounts_mark(int group, const struct policy *policy,
                struct coverage *coverage_r)
{
    struct walk walk = { .group = group, .policy = policy,
                         .coverage = coverage_r };
    int rc;

    memset(coverage_r, 0, sizeof(*coverage_r));
    rc = filesystems_init(&walk.filesystems);
    if (rc)
        return rc;
    fstab_read(&walk.fstab, "/etc/fstab");
    rc = mark_own(&walk);
    if (!rc) {
        mark_places(&walk);
        report(&walk);
    }
    fstab_dispose(&walk.fstab);
    filesystems_dispose(&walk.filesystems);
    return rc;
}

/* What was found -----------------------------------------------------------*/

bool coverage_own_mount(const struct coverage *coverage, uint64_t mount_id)
{
    return mount_id && bsearch(&mount_id, coverage->mount_id,
                               coverage->nr_mounts,
                               sizeof(coverage->mount_id[0]), compare);
}

void coverage_forget_mounts(struct coverage *coverage)
{
    coverage->nr_mounts = 0;
}

bool coverage_fixed(const struct coverage *coverage, dev_t dev)
{
    for (uint32_t i = 0; i < coverage->nr_fixed; i++)
        if (coverage->fixed[i] == dev)
            return true;
    return false;
}
