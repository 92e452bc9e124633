/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * together.c - what is ready at the same time costs one signal each way.
 *
 * Overview: a real front and a real back; the test is the gate, and a pool that
 * has nothing to do, as all content is known.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "digest.h"
#include "fake.h"
#include "gate-msg.h"
#include "ipc.h"
#include "names.h"
#include "pair.h"

/* More than there are slots of a one-page ring. */
#define FILES   40
#define SIZE    100

static struct reader *reader;

static struct {
    int gate, pool;
    unsigned int fds;
    struct history history;
} t;

static void rest(void)
{
    bool any;

    do {
        any = front_step(0);
        any |= back_step(0);
    } while (any);
}

static int start(void **state)
{
    int gate[2], pool[2];

    (void)state;
    assert_int_equal(history_create(&t.history, HISTORY_MIN_ENTRIES), 0);
    history_start_generation(&t.history, 1);
    fake_start();
    fake_domain_create(FRONT);
    fake_domain_create(BACK);
    t.fds = fake_open_fds();
    fake_device_create(FRONT, BACK, "fail=closed");
    assert_int_equal(ipc_pair(gate), 0);
    assert_int_equal(ipc_pair(pool), 0);
    t.gate = gate[0];
    t.pool = pool[0];
    pair_pool_begins(t.pool, &t.history);
    back_takes_rings(VSCANIF_MAX_RING_PAGES);
    back_start(pool[1], 64, PAIR_STREAM_MIB);
    front_start(gate[1], reader, 1000);
    rest();
    assert_true(front_connected());
    assert_int_equal(front_ring_pages(), VSCANIF_MAX_RING_PAGES);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    front_stop(reader);
    back_stop();
    close(t.gate);
    close(t.pool);
    assert_int_equal(fake_open_fds(), t.fds);
    history_dispose(&t.history);
    fake_stop();
    return 0;
}

static int known_file(void)
{
    const struct verdict clean = { .code = VSCANIF_VERDICT_CLEAN,
                                   .generation = 1 };
    struct history_key key;
    char content[SIZE];
    int fd = memfd_create("test", MFD_CLOEXEC);

    pair_fill(content, SIZE, 7, false);
    assert_int_equal(write(fd, content, SIZE), SIZE);
    assert_int_equal(digest_file(fd, &key.size, key.digest), 0);
    assert_int_equal(history_put(&t.history, &key,
                                 engine_set_all(PAIR_ENGINES), &clean, 1), 0);
    return fd;
}

/* Takes verdicts; returns how many. */
static unsigned int verdicts(void)
{
    struct link_msg msg;
    unsigned int nr = 0;

    while (ipc_recv(t.gate, &msg, sizeof(msg), NULL) == 1)
        if (msg.kind == LINK_VERDICT) {
            assert_int_equal(msg.verdict.code, VSCANIF_VERDICT_CLEAN);
            nr++;
        }
    return nr;
}

/* The back does not run until all are on the ring: it is woken once. */
static void one_signal_each_way(void **state)
{
    int fd = known_file();
    uint64_t there, back, requests;

    (void)state;
    verdicts();
    for (unsigned int round = 0; round < 5; round++) {
        unsigned int nr = 0;

        there = front_notified();
        back = back_notified();
        requests = front_requests();
        for (uint64_t id = 1; id <= FILES; id++) {
            const struct gate_msg msg = { .id = id, .pid = getpid(),
                                          .kind = GATE_HELD,
                                          .event = VSCANIF_EVENT_OPEN };

            /* A socket takes few messages. */
            while (ipc_send(t.gate, &msg, sizeof(msg), fd))
                front_step(0);
        }
        while (front_requests() - requests < FILES)
            front_step(0);
        assert_int_equal(front_notified() - there, 1);
        /* It takes them in more than one go. */
        while (back_step(0))
            ;
        assert_int_equal(back_notified() - back, 1);
        while (front_step(0))
            ;
        nr += verdicts();
        assert_int_equal(nr, FILES);
        rest();
    }
    close(fd);
}

int together_run(struct reader *with)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_signal_each_way, start, stop),
    };

    reader = with;
    return cmocka_run_group_tests_name("together", tests, NULL, NULL);
}
