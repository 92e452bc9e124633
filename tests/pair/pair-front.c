/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pair-front.c - see pair.h: the link process of the front.
 *
 * Overview: includes proc-link.c, whose parts are its own; only its start and
 * its loop are replaced here, by the same without waiting and timers.  Notes
 * what goes into the jobs, so that a kill can wait until the threads of the
 * reader, which a test keeps, have nothing of them any more.
 */
#define _GNU_SOURCE
#include <xentoollog.h>

#include "jobs.h"

static void noted_add(struct jobs *jobs, const struct gate_msg *msg, int fd);

#define jobs_add noted_add
#include "../../xen-guest-front/proc-link.c"
#undef jobs_add

#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "fake.h"
#include "pair.h"

#define MAX_FILES   8192
/* Only a broken test ever waits so long. */
#define LONG_MS     30000

struct file {
    int fd;
    ino_t ino;
};

static struct link life;
static struct file files[MAX_FILES];    /* of this life */
static unsigned int added;

static void must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "pair: %s\n", what);
        abort();
    }
}

static void noted_add(struct jobs *jobs, const struct gate_msg *msg, int fd)
{
    struct stat st;

    must(added < MAX_FILES && !fstat(fd, &st), "files");
    files[added++] = (struct file){ fd, st.st_ino };
    jobs_add(jobs, msg, fd);
}

void front_start(int gate, struct reader *reader, unsigned int max_grants)
{
    const uint32_t before = fake_enter(FRONT);
    const char *why;

    life = (struct link){ .gate = gate, .reader = reader };
    added = 0;
    remedies_init(&life.remedies);
    life.epoll = epoll_create1(EPOLL_CLOEXEC);
    channel_init(&life.channel);
    must(!channel_open_devices(&life.channel, &why), "devices");
    must(!jobs_create(&life.jobs, gate, reader, &life.channel, max_grants),
         "jobs");
    must(!xsfront_open(&life.xsfront, &xsfront_ops, &life, &why), "xenstore");
    must(!proc_hear(life.epoll, gate) &&
         !proc_hear(life.epoll, xenevtchn_fd(life.channel.xce)) &&
         !proc_hear(life.epoll, xsfront_fd(&life.xsfront)) &&
         !proc_hear(life.epoll, reader_fd(reader)), "epoll");
    fake_enter(before);
}

bool front_step(unsigned int pick)
{
    const uint32_t before = fake_enter(FRONT);
    struct epoll_event events[8];
    int n = epoll_wait(life.epoll, events, 8, 0);

    if (n > 0) {
        const int fd = events[pick % (unsigned int)n].data.fd;

        if (fd == life.gate)
            on_gate(&life);
        else if (fd == xenevtchn_fd(life.channel.xce))
            on_channel(&life);
        else if (fd == xsfront_fd(&life.xsfront))
            on_xenstore(&life);
        else
            jobs_on_read(life.jobs);
    } else {
        end_turn(&life);
        n = life.more || life.channel.ack_ms >= 0;
        if (life.more)
            take_responses(&life);
        channel_ack_late(&life.channel, life.channel.ack_ms);
        if (!n && life.xsfront.again_ms && !life.xsfront.refused) {
            /* So much later. */
            life.xsfront.rings = (struct ration){ 0 };
            xsfront_retry(&life.xsfront);
            n = 1;
        }
    }
    /* As one that looks by itself for a while does not ask. */
    if (pick % 8 < 4)
        end_turn(&life);
    else
        channel_flush(&life.channel);
    fake_enter(before);
    return n > 0;
}

bool front_connected(void)
{
    return life.connected;
}

uint32_t front_pool_pages(void)
{
    return life.channel.pages ? pages_nr(life.channel.pages) : 0;
}

uint32_t front_ring_pages(void)
{
    return life.channel.page ? 1 + life.channel.nr_more : 0;
}

uint64_t front_notified(void)
{
    return life.channel.traffic.notified;
}

uint64_t front_requests(void)
{
    const uint64_t *by_operation = life.channel.traffic.by_operation;

    return by_operation[VSCANIF_OP_SCAN] + by_operation[VSCANIF_OP_SCAN_POOL];
}

static bool is_open(const struct file *file)
{
    struct stat st;

    return !fstat(file->fd, &st) && st.st_ino == file->ino;
}

/* Until each file that went into the jobs has come out of them: the reader's
 * threads, which outlive a front here, have nothing of it then. */
static void drain(struct reader *reader)
{
    struct pollfd fd = { .fd = reader_fd(reader), .events = POLLIN };

    jobs_disconnected(life.jobs);
    pages_drop(life.channel.pages);
    life.channel.pages = NULL;
    for (;;) {
        jobs_on_read(life.jobs);
        jobs_fail_queued(life.jobs, REASON_NO_BACK);
        while (added && !is_open(&files[added - 1]))
            added--;
        /* All pools are gone: only the ring is left. */
        if (!added && fake_granted(FRONT) - fake_lingering(FRONT) <=
            front_ring_pages())
            return;
        must(poll(&fd, 1, LONG_MS) == 1, "a file does not come back");
    }
}

static void end_life(void)
{
    close(life.gate);
    close(life.epoll);
    free(life.jobs);
    life = (struct link){ .gate = -1 };
}

void front_kill(struct reader *reader)
{
    /* The reader's threads write into the pool. */
    drain(reader);
    free(life.xsfront.policy_text);
    xs_close(life.xsfront.xs);
    xenevtchn_close(life.channel.xce);
    xengntshr_close(life.channel.xgs);
    xtl_logger_destroy(life.channel.logger);
    end_life();
}

void front_stop(struct reader *reader)
{
    drain(reader);
    xsfront_close(&life.xsfront);
    xenevtchn_close(life.channel.xce);
    xengntshr_close(life.channel.xgs);
    xtl_logger_destroy(life.channel.logger);
    end_life();
}
