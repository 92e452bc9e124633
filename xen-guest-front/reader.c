/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reader.c - see reader.h.
 *
 * Two queues under one lock: tasks to do, tasks done.  Each thread has its own
 * gntalloc handle, as libxengnttab promises nothing about sharing one.  The
 * threads end with the process.
 */
#define _GNU_SOURCE
#include "reader.h"

#include <errno.h>
#include <linux/magic.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "facts.h"

struct queue {
    struct read_task *head, **tail;
};

struct reader {
    pthread_mutex_t lock;
    pthread_cond_t todo_cond;
    struct queue todo, done;
    int event;
    int device;                 /* of files' own pages; -errno: there is none */
    struct xentoollog_logger *logger;
};

static void queue_init(struct queue *queue)
{
    queue->head = NULL;
    queue->tail = &queue->head;
}

static void queue_put(struct queue *queue, struct read_task *task)
{
    task->next = NULL;
    *queue->tail = task;
    queue->tail = &task->next;
}

static struct read_task *queue_get(struct queue *queue)
{
    struct read_task *task = queue->head;

    if (task) {
        queue->head = task->next;
        if (!queue->head)
            queue->tail = &queue->head;
    }
    return task;
}

/* The path of a program, "..." in place of its beginning if it is too long. */
static void describe_process(pid_t pid, char out[VSCANIF_MAX_PROCESS])
{
    char exe[PATH_MAX];
    size_t len;

    facts_exe(pid, exe);
    len = strlen(exe);
    if (len < VSCANIF_MAX_PROCESS)
        memcpy(out, exe, len + 1);
    else
        snprintf(out, VSCANIF_MAX_PROCESS, "...%s",
                 exe + len - (VSCANIF_MAX_PROCESS - sizeof("...")));
}

/* No look-up opens a file on a filesystem that is held. */
void reader_describe(int fd, pid_t pid, struct share_subject *subject_r)
{
    char name[32];
    struct stat st;
    ssize_t n;

    snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    n = readlink(name, subject_r->path, sizeof(subject_r->path) - 1);
    subject_r->path[n > 0 ? n : 0] = 0;
    snprintf(name, sizeof(name), "/proc/%d", (int)pid);
    subject_r->pid = pid;
    subject_r->uid = stat(name, &st) ? (uid_t)-1 : st.st_uid;
    describe_process(pid, subject_r->process);
}

/* What a filesystem says of its holes is taken for content that is all 0: for
 * some that is a promise, and others have been wrong. */
static bool tells_holes(int fd)
{
    struct statfs fs;

    if (fstatfs(fd, &fs))
        return false;
    switch (fs.f_type) {
    case EXT4_SUPER_MAGIC:
    case XFS_SUPER_MAGIC:
    case BTRFS_SUPER_MAGIC:
    case TMPFS_MAGIC:
        return true;
    }
    return false;
}

/* Octets of a hole at the piece's beginning; 0: there is none.  A filesystem
 * without holes has none. */
static uint64_t hole_at(const struct read_task *task)
{
    const off_t at = (off_t)task->offset;
    off_t data;

    if (!tells_holes(task->fd))
        return 0;
    data = lseek(task->fd, at, SEEK_DATA);
    if (data < 0)
        return errno == ENXIO ? task->left : 0;
    if (data <= at)
        return 0;
    return (uint64_t)(data - at) < task->left ? (uint64_t)(data - at) :
           task->left;
}

/* Of what has been cut off meanwhile nothing is a hole. */
static bool still_there(const struct read_task *task)
{
    struct stat st;

    return !fstat(task->fd, &st) &&
           (uint64_t)st.st_size >= task->offset + task->left;
}

static void run_piece(struct read_task *task)
{
    const uint64_t hole = hole_at(task);

    task->hole = hole > 0;
    task->got = hole ? hole : task->size;
    if (hole)
        task->rc = still_there(task) ? 0 : -ESTALE;
    else
        task->rc = pages_read(task->pages, task->first, task->fd, task->offset,
                              task->size, false);
}

/* Can what the module does not grant be had as a copy?  ENOTTY: it is another
 * version of it, which does not know our request. */
static bool can_be_copied(int rc)
{
    return rc == -EOPNOTSUPP || rc == -ENOSPC || rc == -ENOMEM ||
           rc == -ENOTTY;
}

/* What does not have pages of its own, or more than may be granted now, is
 * copied. */
static int make_share(struct read_task *task, xengntshr_handle *xgs, int device,
                      const struct share_subject *subject)
{
    int rc = -EOPNOTSUPP;

    share_init(&task->share);
    if (task->own_pages && device >= 0)
        rc = share_create_of_file(&task->share, xgs, task->domid, task->size,
                                  subject, device, task->fd, task->deny_write);
    if (!can_be_copied(rc))
        return rc;
    rc = share_create(&task->share, xgs, task->domid, task->size, subject);
    if (rc)
        return rc;
    rc = share_fill(&task->share, task->fd);
    if (rc)
        share_destroy(&task->share);
    return rc;
}

static void run_task(struct read_task *task, xengntshr_handle *xgs, int device)
{
    const struct timespec settle = { 0, task->settle_ns };
    struct share_subject subject;

    if (task->settle_ns > 0)
        nanosleep(&settle, NULL);
    if (task->stream) {
        run_piece(task);
        return;
    }
    reader_describe(task->fd, task->pid, &subject);
    if (task->pages) {
        task->rc = pages_fill(task->pages, task->first, task->fd, task->size,
                              false, &subject);
        return;
    }
    task->rc = make_share(task, xgs, device, &subject);
}

int reader_read_now(const struct read_task *task)
{
    struct share_subject subject;

    reader_describe(task->fd, task->pid, &subject);
    return pages_fill(task->pages, task->first, task->fd, task->size, true,
                      &subject);
}

static void *thread_main(void *arg)
{
    struct reader *reader = arg;
    xengntshr_handle *xgs = xengntshr_open(reader->logger, 0);
    struct read_task *task;
    uint64_t one = 1;

    for (;;) {
        pthread_mutex_lock(&reader->lock);
        while (!(task = queue_get(&reader->todo)))
            pthread_cond_wait(&reader->todo_cond, &reader->lock);
        pthread_mutex_unlock(&reader->lock);

        if (xgs)
            run_task(task, xgs, reader->device);
        else
            task->rc = -ENODEV;

        pthread_mutex_lock(&reader->lock);
        queue_put(&reader->done, task);
        pthread_mutex_unlock(&reader->lock);
        /* Fails only when 2^64 are waiting. */
        if (write(reader->event, &one, sizeof(one)) < 0)
            continue;
    }
    return NULL;
}

int reader_start(struct reader **reader_r, struct xentoollog_logger *logger)
{
    struct reader *reader = calloc(1, sizeof(*reader));
    sigset_t all, before;
    int rc = 0;

    if (!reader)
        return -ENOMEM;
    pthread_mutex_init(&reader->lock, NULL);
    pthread_cond_init(&reader->todo_cond, NULL);
    queue_init(&reader->todo);
    queue_init(&reader->done);
    reader->logger = logger;
    reader->device = file_pages_open();
    reader->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (reader->event < 0) {
        rc = -errno;
        free(reader);
        return rc;
    }
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (int i = 0; i < READER_THREADS && !rc; i++) {
        pthread_t thread;

        rc = -pthread_create(&thread, NULL, thread_main, reader);
        if (!rc)
            pthread_detach(thread);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    /* After a failure the process ends, and threads that run with it. */
    *reader_r = reader;
    return rc;
}

bool reader_has_own_pages(const struct reader *reader)
{
    return reader->device >= 0;
}

int reader_fd(const struct reader *reader)
{
    return reader->event;
}

void reader_submit(struct reader *reader, struct read_task *task)
{
    pthread_mutex_lock(&reader->lock);
    queue_put(&reader->todo, task);
    pthread_cond_signal(&reader->todo_cond);
    pthread_mutex_unlock(&reader->lock);
}

struct read_task *reader_done(struct reader *reader)
{
    struct read_task *task;
    uint64_t count;

    pthread_mutex_lock(&reader->lock);
    task = queue_get(&reader->done);
    /* Cleared under the lock: no task can come between look and clear. */
    if (!task && read(reader->event, &count, sizeof(count)) < 0)
        count = 0;
    pthread_mutex_unlock(&reader->lock);
    return task;
}
