/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vm-snapshot.c - see vm-snapshot.h. */
#define _GNU_SOURCE
#include "vm-snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <json-c/json.h>

#include "about.h"
#include "helper.h"
#include "names.h"
#include "pause.h"
#include "proc.h"
#include "xs.h"

/* What is in an image beside pages: records, the domain's config, the state of
 * a device model. */
#define IMAGE_EXTRA ((uint64_t)16 << 20)

uint64_t vm_snapshot_size(uint64_t memory)
{
    return memory + memory / 256 + IMAGE_EXTRA;
}

/* Can it be saved, and how large is it? */
static int look(const struct machine *m, uint32_t domid, uint64_t *memory_r,
                char *why, size_t size)
{
    libxl_dominfo info;
    int rc = 0;

    libxl_dominfo_init(&info);
    if (libxl_domain_info(m->xl, &info, domid)) {
        snprintf(why, size, "there is no domain %u", domid);
        rc = -ENOENT;
    } else if (info.shutdown || info.dying) {
        snprintf(why, size, "domain %u is down", domid);
        rc = -EINVAL;
    } else if (info.paused) {
        snprintf(why, size, "domain %u is paused, and cannot take part in it",
                 domid);
        rc = -EBUSY;
    }
    *memory_r = (info.current_memkb + info.paged_memkb) * 1024;
    libxl_dominfo_dispose(&info);
    return rc;
}

/* Disks ---------------------------------------------------------------------*/

/* Size and time, where it is a file or block device of this domain. */
static void add_state(struct json_object *about, const char *path)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    uint64_t size = 0;
    struct stat st;

    if (fd < 0)
        return;
    if (!fstat(fd, &st) && (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode))) {
        if (S_ISREG(st.st_mode))
            size = (uint64_t)st.st_size;
        else if (ioctl(fd, BLKGETSIZE64, &size))
            size = 0;
        about_add_number(about, "size", size);
        about_add_time(about, "mtime", st.st_mtime);
    }
    close(fd);
}

static struct json_object *disk(const libxl_device_disk *d)
{
    struct json_object *about = json_object_new_object();

    about_add_text(about, "vdev", d->vdev);
    about_add_text(about, "path", d->pdev_path);
    if (d->format != LIBXL_DISK_FORMAT_UNKNOWN)
        about_add_text(about, "format",
                       libxl_disk_format_to_string(d->format));
    json_object_object_add(about, "readwrite",
                           json_object_new_boolean(d->readwrite));
    if (d->backend_domid != DOMID_TOOLSTACK)
        about_add_number(about, "backend", d->backend_domid);
    else if (d->pdev_path && d->pdev_path[0] == '/')
        add_state(about, d->pdev_path);
    return about;
}

static void add_disks(const struct machine *m, uint32_t domid,
                      struct json_object *about, const char *key)
{
    struct json_object *array = json_object_new_array();
    int nr = 0;
    libxl_device_disk *disks = libxl_device_disk_list(m->xl, domid, &nr);

    for (int i = 0; disks && i < nr; i++)
        json_object_array_add(array, disk(&disks[i]));
    if (disks)
        libxl_device_disk_list_free(disks, nr);
    json_object_object_add(about, key, array);
}

/* Saving --------------------------------------------------------------------*/

/* Whether it is suspended, or gone: there is nothing to wait for. */
static bool is_suspended(const struct machine *m, uint32_t domid)
{
    libxl_dominfo info;
    bool is;

    libxl_dominfo_init(&info);
    is = libxl_domain_info(m->xl, &info, domid) || info.dying ||
         (info.shutdown &&
          info.shutdown_reason == LIBXL_SHUTDOWN_REASON_SUSPEND);
    libxl_dominfo_dispose(&info);
    return is;
}

/* A guest that is to stand still. */
struct stopping {
    const struct machine *m;
    uint32_t domid;
    bool refused;               /* it has not suspended in time */
};

/* It has been asked to suspend; xl pauses it when the image is whole. */
static bool has_stopped(void *arg)
{
    struct stopping *s = arg;
    libxl_dominfo info;
    bool paused;

    libxl_dominfo_init(&info);
    paused = !libxl_domain_info(s->m->xl, &info, s->domid) && info.paused;
    libxl_dominfo_dispose(&info);
    s->refused = !paused && !is_suspended(s->m, s->domid);
    return !s->refused;
}

/* @stopping, or NULL: it goes on. */
static int save(const struct action_places *places, uint32_t domid,
                struct stopping *stopping, uint64_t size,
                const struct spool_item *item, char *why, size_t why_size)
{
    char number[16];
    char *const argv[] = {
        (char *)(size_t)places->xl, (char *)(size_t)"save",
        (char *)(size_t)(stopping ? "-p" : "-c"), number,
        (char *)(size_t)item->part, NULL,
    };
    char *const envp[] = {
        (char *)(size_t)HELPER_PATH, (char *)(size_t)"LC_ALL=C", NULL,
    };
    const struct helper helper = {
        .argv = argv, .envp = envp, .limit_ms = places->save_ms,
        .file_size = size, .finishes = true,
        .goes_well = stopping ? has_stopped : NULL, .arg = stopping,
        .check_ms = places->suspend_ms,
    };
    int rc;

    snprintf(number, sizeof(number), "%u", domid);
    rc = helper_run(&helper, why, why_size);
    if (rc && stopping && stopping->refused)
        snprintf(why, why_size, "the guest has not suspended within %.3f s, and "
                 "is paused without an image", (double)places->suspend_ms / 1000);
    return rc;
}

/*
 * What xl has asked the guest for is taken back, if the guest has not seen it
 * yet.  If it has, then it suspends itself in a moment; an xl that was killed
 * does not resume it, and nobody else would.
 */
static void resume(const struct machine *m, uint32_t domid, bool pause,
                   int64_t wait_ms)
{
    const struct timespec moment = { .tv_nsec = 20000000 };
    const int64_t end = proc_now_ms() + wait_ms;
    char path[VSCAN_PATH_MAX], ignored[256], *asked;

    snprintf(path, sizeof(path), "/local/domain/%u/control/shutdown", domid);
    if (!xsx_read(m->xs, XBT_NULL, NULL, path, &asked)) {
        if (!strcmp(asked, "suspend"))
            xsx_write(m->xs, XBT_NULL, NULL, path, "");
        free(asked);
    }
    while (!is_suspended(m, domid) && proc_now_ms() < end)
        nanosleep(&moment, NULL);
    if (!is_suspended(m, domid))
        return;
    if (pause)
        pause_begin(m, domid, ignored, sizeof(ignored));
    libxl_domain_resume(m->xl, domid, 1, NULL);
}

/* One that plays for time gets none: from here on it does nothing more, whether
 * it has suspended by now or not. */
static void hold(const struct machine *m, uint32_t domid)
{
    char ignored[256];

    pause_begin(m, domid, ignored, sizeof(ignored));
    resume(m, domid, true, 0);
}

int vm_snapshot_make(const struct machine *m,
                     const struct action_places *places, uint32_t domid,
                     bool pause, bool by_policy, char *text, size_t size)
{
    struct json_object *about;
    struct spool_item item;
    char path[SPOOL_PATH_MAX];
    struct stopping stopping = { .m = m, .domid = domid };
    uint64_t memory, image;
    int rc;

    rc = look(m, domid, &memory, text, size);
    if (rc)
        return rc;
    image = vm_snapshot_size(memory);
    rc = spool_begin(&places->spool, domid, "save", image, &item, text, size);
    if (rc)
        return rc;
    memcpy(path, item.path, sizeof(path));
    about = about_domain(m, domid, by_policy);
    add_disks(m, domid, about, "disks");
    /* If that fails, the action "pause", which comes next, tells. */
    pause = pause && !pause_note(m, domid);
    rc = save(places, domid, pause ? &stopping : NULL, image, &item, text,
              size);
    if (rc && stopping.refused) {
        hold(m, domid);
        spool_abort(&item);
    } else if (rc) {
        resume(m, domid, pause, rc == -ETIMEDOUT ? places->resume_ms : 0);
        spool_abort(&item);
    } else {
        add_disks(m, domid, about, "disks-after");
        /* Else the guest has gone on to write by now. */
        json_object_object_add(about, "exact", json_object_new_boolean(pause));
        rc = spool_commit(&item, about, text, size);
    }
    /* One that is found infected and reboots, again and again, is another domain
     * each time, but it must not fill the spool with what it was each time. */
    if (!rc)
        spool_keep(&places->spool, "save", about, VM_SNAPSHOTS);
    json_object_put(about);
    if (!rc)
        snprintf(text, size, "%s", path);
    return rc;
}
