/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pair-back.c - see pair.h: the link process of the back.
 *
 * Overview: includes proc-guest.c, whose parts are its own; only its start and
 * its loop are replaced here, by the same without waiting, signals, timer and
 * sandbox.
 */
#include "../../xen-scan-back/proc-guest.c"

#include <stdlib.h>

#include <xentoollog.h>

#include "fake.h"
#include "pair.h"

static const struct engine_ops first = { .name = "a" }, second = { .name = "b" };
static const struct engine_source sources[PAIR_ENGINES] = { { .ops = &first },
                                                           { .ops = &second } };
static struct guest life;
static uint32_t max_ring_pages = VSCANIF_MAX_RING_PAGES;
static unsigned int known;     /* in the lives before */
static uint32_t lives;

static void must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "pair: %s\n", what);
        abort();
    }
}

void pair_pool_announces(int end, const struct history *history)
{
    struct pool_answer msg = { .kind = POOL_GENERATION,
                               .id = ENGINE_SET_ANY,
                               .verdict.generation = history->generation };

    must(!ipc_send(end, &msg, sizeof(msg), -1), "the link hears the pool");
}

void pair_pool_begins(int end, const struct history *history)
{
    struct pool_answer msg = { .kind = POOL_HISTORY };

    must(!ipc_send(end, &msg, sizeof(msg), history->table_fd), "table");
    msg.kind = POOL_MARKS;
    must(!ipc_send(end, &msg, sizeof(msg), history->marks_fd), "marks");
    pair_pool_announces(end, history);
}

void back_takes_rings(uint32_t max_pages)
{
    max_ring_pages = max_pages;
}

void back_start(int pool, unsigned int max_pages, unsigned int max_stream_mib)
{
    const struct xsback_limits limits = { .max_pages = max_pages,
                                          .max_stream_mib = max_stream_mib,
                                          .max_ring_pages = max_ring_pages };
    const uint32_t before = fake_enter(BACK);
    const char *why = NULL;
    int rc;

    life = (struct guest){ .domid = FRONT, .sources = sources,
                           .nr_engines = PAIR_ENGINES,
                           .pool = pool, .signals = -1, .timer = -1,
                           .ack_ms = -1, .xs_ms = -1 };
    must(!dataplane_open(&life.dp, FRONT, max_pages, limits.max_stream_mib,
                         &why), "devices");
    offers_init(&life.offers, life.dp.offers, FRONT, PAIR_ENGINES);
    must(!wait_for_pool(&life), "the pool begins");
    must(!xsback_open(&life.xsback, FRONT, &limits, &xsback_ops, &life,
                      &why), "xenstore can be reached");
    incidents_begin(&life.incidents, &life.xsback, ++lives);
    rc = xsback_start(&life.xsback, &why);
    must(!rc || life.xsback.gone, "xenstore");
    life.epoll = epoll_create1(EPOLL_CLOEXEC);
    must(!proc_hear(life.epoll, pool) &&
         !proc_hear(life.epoll, xsback_fd(&life.xsback)) &&
         !proc_hear(life.epoll, xenevtchn_fd(life.dp.xce)), "epoll");
    fake_enter(before);
}

bool back_step(unsigned int pick)
{
    const uint32_t before = fake_enter(BACK);
    struct epoll_event events[4];
    int n;

    /* No time passes. */
    incidents_write(&life.incidents, 0);
    n = life.xsback.gone ? 0 : epoll_wait(life.epoll, events, 4, 0);
    if (n == 0 && !life.more)
        end_turn(&life);
    if (n == 0 && life.more) {
        must(take_requests(&life), "the pool is there");
        n = 1;
    } else if (n > 0) {
        const int fd = events[pick % (unsigned int)n].data.fd;

        if (fd == life.pool) {
            must(on_pool(&life), "the pool is there");
        } else if (fd == xsback_fd(&life.xsback)) {
            must(on_xenstore(&life), "the pool is there");
        } else {
            must(on_ring(&life), "the pool is there");
        }
    } else if (life.xsback.retry_ms >= 0 && pick % 4 == 0) {
        /* So much later. */
        life.xsback.connects = (struct ration){ 0 };
        xsback_retry(&life.xsback);
        n = life.xsback.retry_ms < 0;
    }
    /* Whatever has to come at a time does when there is nothing else. */
    if (n == 0 && life.ack_ms >= 0) {
        end_ack_wait(&life, life.ack_ms);
        n = 1;
    } else if (n == 0 && life.xs_ms >= 0) {
        end_xenstore_wait(&life, life.xs_ms);
        n = 1;
    }
    /* As one that looks by itself for a while does not ask. */
    if (pick % 8 < 4)
        end_turn(&life);
    else
        dataplane_flush(&life.dp);
    fake_enter(before);
    return n > 0;
}

bool back_sees_both(void)
{
    const uint32_t before = fake_enter(BACK);
    struct epoll_event event;
    bool is;

    end_turn(&life);
    lookout_init(&life.lookout, 2);
    life.lookout.window_ns = LOOKOUT_MAX_NS;
    life.more = false;
    is = wait_for_event(&life, &event);
    fake_enter(before);
    return is && life.more && event.data.fd == life.pool;
}

bool back_gone(void)
{
    return life.xsback.gone;
}

void back_lies(uint64_t generation)
{
    const uint32_t before = fake_enter(BACK);

    dataplane_announce(&life.dp, generation);
    fake_enter(before);
}

unsigned int back_known(void)
{
    return known + (unsigned int)life.stats.known;
}

uint64_t back_notified(void)
{
    return life.dp.traffic.notified;
}

bool back_waits(void)
{
    return life.ack_ms >= 0;
}

bool back_is_deaf(void)
{
    return life.xs_ms >= 0;
}

uint64_t back_events(void)
{
    return life.dp.traffic.events;
}

uint32_t back_life(void)
{
    return lives;
}

void back_has_time_for_incidents(void)
{
    const uint32_t before = fake_enter(BACK);

    incidents_write(&life.incidents, INT64_MAX);
    fake_enter(before);
}

void back_waits_in_vain(void)
{
    const uint32_t before = fake_enter(BACK);

    guest_expire_stream(&life, life.stream_end_ms - 1);
    must(guest_stream_is_open(&life), "it waits until then");
    guest_expire_stream(&life, life.stream_end_ms);
    fake_enter(before);
}

static void end_life(void)
{
    known += (unsigned int)life.stats.known;
    history_detach(&life.history);
    digest_dispose(&life.digest);
    xenevtchn_close(life.dp.xce);
    xengnttab_close(life.dp.offers);
    xengnttab_close(life.dp.xgt);
    xtl_logger_destroy(life.dp.logger);
    close(life.pool);
    close(life.epoll);
    life = (struct guest){ .pool = -1 };
}

void back_kill(void)
{
    /* What the kernel does. */
    assembly_drop(&life.assembly);
    xs_close(life.xsback.xs);
    end_life();
}

void back_stop(void)
{
    xsback_close(&life.xsback);
    end_life();
}
