/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-pair.c - a front and a back over one machine, in any order.
 *
 * Overview: the test plays the gate, the pool and the toolstack.  A schedule
 * is a sequence of moves that is drawn from a seed: programs open files, the
 * two links and the pool take steps, either link is killed and started again,
 * the device is removed and made anew, the policy wants scans in place, for which
 * the pool may have nobody, or does not.  After the last disturbance all held
 * accesses must come to their verdict; no access gets two; what the pool sees
 * is what is in the file; the gate hears of a generation before it gets a
 * verdict made with it, and of the last one in any case; and at the end
 * nothing is granted, mapped, bound or open.  VSCAN_PAIR_SEED runs one seed,
 * VSCAN_PAIR_SEEDS so many.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "connection.h"
#include "fake.h"
#include "gate-msg.h"
#include "ipc.h"
#include "names.h"
#include "log.h"
#include "messages.h"
#include "pair.h"
#include "proc.h"

#define MOVES           1500
#define MAX_ACCESSES    1000
#define MAX_AT_POOL     256
#define MAX_PAGES       700
#define MAX_GRANTS      1050
/* Only a broken test ever takes so long. */
#define LONG_MS         60000

enum kind { CLEAN, INFECTED, EMPTY, TOO_LARGE, NR_KINDS };

/* A held access; its file's content is told by a number. */
struct access {
    enum kind kind;
    unsigned int content;   /* its own number, or that of an earlier one with
                             * the same content */
    size_t size;
    int fd;                 /* -1: answered */
    bool sent;              /* this front has it */
};

struct scan {
    struct pool_request request;
    int fd;                     /* snapshot, or offers */
};

static bool in_place(const struct scan *scan)
{
    return scan->request.kind == POOL_SCAN_IN_PLACE;
}

static struct reader *reader;

static struct {
    uint64_t random;
    bool disturbed_device;      /* accesses may be without a verdict */
    bool front_alive, back_alive, device;
    int gate, pool;             /* our ends */
    struct history history;     /* the pool's; its generation only grows */
    uint64_t last_generation;   /* at the end */
    uint64_t told;              /* the gate, by this front */
    bool lies;                  /* the back announces anything */
    unsigned int fds, count, answered, scans, in_place, no_crew, kills;
    struct access access[MAX_ACCESSES];
    struct scan at_pool[MAX_AT_POOL];
    unsigned int nr_at_pool;
} w;

static unsigned int draw(unsigned int below)
{
    return pair_draw(&w.random, below);
}

/* Files --------------------------------------------------------------------*/

static size_t draw_size(enum kind kind)
{
    static const size_t edges[] = { 16, 4095, 4096, 4097, 512 * 4096,
                                    512 * 4096 + 1, MAX_PAGES * 4096 };

    if (kind == EMPTY)
        return 0;
    if (kind == TOO_LARGE)
        return ((size_t)PAIR_STREAM_MIB << 20) + 1;
    if (draw(8) == 0)
        return edges[draw(7)];
    return 16 + draw(1u << (6 + draw(12)));
}

static void program_opens(void)
{
    struct access *a;
    char *content;

    if (w.count == MAX_ACCESSES || w.count - w.answered > 200)
        return;
    a = &w.access[w.count];
    *a = (struct access){ .kind = CLEAN };
    if (draw(3) == 0)
        a->kind = draw(NR_KINDS);
    a->size = draw_size(a->kind);
    a->content = w.count;
    if (w.count && draw(3) == 0) {
        const struct access *twin =
            &w.access[w.access[draw(w.count)].content];

        a->kind = twin->kind;
        a->size = twin->size;
        a->content = twin->content;
    }
    a->fd = memfd_create("test", MFD_CLOEXEC);
    assert_int_equal(ftruncate(a->fd, (off_t)a->size), 0);
    if (a->size && a->kind != TOO_LARGE) {
        content = mmap(NULL, a->size, PROT_READ | PROT_WRITE, MAP_SHARED,
                       a->fd, 0);
        assert_true(content != MAP_FAILED);
        pair_fill(content, a->size, a->content, a->kind == INFECTED);
        munmap(content, a->size);
    }
    w.count++;
}

/* The gate -----------------------------------------------------------------*/

static bool gate_sends(void)
{
    bool any = false;

    if (!w.front_alive)
        return false;
    for (unsigned int i = 0; i < w.count; i++) {
        struct access *a = &w.access[i];
        struct gate_msg msg = { .id = i + 1, .pid = getpid(),
                                .kind = GATE_HELD,
                                .event = VSCANIF_EVENT_OPEN };

        if (a->fd < 0 || a->sent)
            continue;
        if (ipc_send(w.gate, &msg, sizeof(msg), a->fd))
            break;
        a->sent = any = true;
    }
    return any;
}

static void settle(unsigned int number, const struct verdict *v)
{
    struct access *a = &w.access[number];

    if (number >= w.count || a->fd < 0)
        fail_msg("access %u is answered twice", number);
    if (w.disturbed_device && v->code == VSCANIF_VERDICT_NOT_SCANNED &&
        v->reason == REASON_NO_BACK) {
        ;
    } else if (a->kind == INFECTED) {
        assert_int_equal(v->code, VSCANIF_VERDICT_INFECTED);
        assert_string_equal(v->name, "Marker");
    } else if (a->kind == TOO_LARGE) {
        assert_int_equal(v->code, VSCANIF_VERDICT_NOT_SCANNED);
        assert_int_equal(v->reason, VSCANIF_REASON_TOO_LARGE);
    } else if (v->code != VSCANIF_VERDICT_CLEAN) {
        fail_msg("access %u of %zu octets: %s, %s", number, a->size,
                 verdict_text(v->code), reason_text(v->reason));
    }
    close(a->fd);
    a->fd = -1;
    w.answered++;
}

static void check_generation(unsigned int number, const struct verdict *v)
{
    const bool scanned = w.access[number].kind <= INFECTED &&
                         v->code != VSCANIF_VERDICT_NOT_SCANNED;

    assert_int_equal(v->generation != 0, scanned);
    if (!w.lies && v->generation > w.told)
        fail_msg("access %u: a verdict of generation %u, told is %u", number,
                 (unsigned int)v->generation, (unsigned int)w.told);
}

/* As the real one: without a device, nothing is held. */
static void release_all(void)
{
    struct verdict none = verdict_not_scanned(REASON_NO_BACK);

    for (unsigned int i = 0; i < w.count; i++)
        if (w.access[i].fd >= 0)
            settle(i, &none);
}

static bool gate_receives(void)
{
    struct link_msg msg;
    bool any = false;
    int fd;

    while (w.front_alive &&
           ipc_recv(w.gate, &msg, sizeof(msg), &fd) == 1) {
        any = true;
        if (fd >= 0)
            close(fd);
        if (msg.kind == LINK_GENERATION)
            w.told = msg.verdict.generation;
        if (msg.kind == LINK_VERDICT)
            check_generation((unsigned int)msg.id - 1, &msg.verdict);
        if (msg.kind == LINK_DETACHED)
            release_all();
        else if (msg.kind == LINK_VERDICT && w.disturbed_device &&
                 w.access[msg.id - 1].fd < 0)
            continue;       /* of before it was released */
        else if (msg.kind == LINK_VERDICT)
            settle((unsigned int)msg.id - 1, &msg.verdict);
    }
    return any;
}

/* The pool -----------------------------------------------------------------*/

/* Is it what is in one of the files? */
static bool is_a_file(const char *content, uint64_t size)
{
    unsigned int number;

    memcpy(&number, content, sizeof(number));
    return number < w.count && w.access[number].content == number &&
           w.access[number].size == size &&
           pair_is_filled(content, size, number,
                          w.access[number].kind == INFECTED);
}

/* The pages of a connection that is no more may be anything, or not be there;
 * what is said of them is for nobody. */
static struct verdict scan_content(const struct scan *scan)
{
    const uint64_t size = scan->request.size;
    char *content = in_place(scan) ?
                    pair_copy_offered(scan->fd, &scan->request) :
                    pair_copy_snapshot(scan->fd, size);
    struct verdict verdict = verdict_infected("Wrong");

    if (content && is_a_file(content, size))
        verdict = pair_scan(content, size);
    else
        assert_true(in_place(scan));
    free(content);
    return verdict;
}

static bool pool_takes(void)
{
    struct scan *scan = &w.at_pool[w.nr_at_pool];

    if (!w.back_alive || w.nr_at_pool == MAX_AT_POOL ||
        ipc_recv(w.pool, &scan->request, sizeof(scan->request),
                 &scan->fd) != 1)
        return false;
    /* As many as the ring has slots, those of before included. */
    assert_true(++w.nr_at_pool <= VSCANIF_RING_SIZE);
    assert_true(in_place(scan) || scan->request.kind == POOL_SCAN);
    return true;
}

static void keep(const struct scan *scan, const struct verdict *verdict)
{
    struct history_key key;

    assert_int_equal(digest_file(scan->fd, &key.size, key.digest), 0);
    assert_int_equal(history_put(&w.history, &key,
                                 engine_set_all(PAIR_ENGINES), verdict, 1), 0);
}

static bool pool_answers(void)
{
    unsigned int i = w.nr_at_pool ? draw(w.nr_at_pool) : 0;
    struct scan *scan = &w.at_pool[i];
    struct pool_answer msg = { 0 };

    if (!w.nr_at_pool)
        return false;
    if (draw(8) == 0) {
        history_start_generation(&w.history, w.history.generation + 1);
        pair_pool_announces(w.pool, &w.history);
    }
    if (w.lies && draw(2) == 0)
        back_lies(draw(3) ? draw(1u << 31) : 0);
    msg.id = scan->request.id;
    msg.size = scan->request.size;
    if (in_place(scan) && draw(20) == 0) {
        msg.kind = POOL_NO_CREW;
        w.no_crew++;
    } else {
        msg.kind = POOL_VERDICT;
        msg.verdict = scan_content(scan);
        msg.verdict.generation = w.history.generation;
        w.scans++;
        w.in_place += in_place(scan);
        if (!in_place(scan))
            keep(scan, &msg.verdict);
    }
    close(scan->fd);
    *scan = w.at_pool[--w.nr_at_pool];
    assert_int_equal(ipc_send(w.pool, &msg, sizeof(msg), -1), 0);
    return true;
}

/* Lives --------------------------------------------------------------------*/

static void start_front(void)
{
    int ends[2];

    assert_int_equal(ipc_pair(ends), 0);
    w.gate = ends[0];
    w.front_alive = true;
    w.told = 0;
    for (unsigned int i = 0; i < w.count; i++)
        w.access[i].sent = false;
    front_start(ends[1], reader, MAX_GRANTS);
}

static void end_front(bool killed)
{
    /* What it has said is in the socket. */
    gate_receives();
    w.front_alive = false;
    close(w.gate);
    if (killed)
        front_kill(reader);
    else
        front_stop(reader);
}

static void start_back(void)
{
    int ends[2];

    assert_int_equal(ipc_pair(ends), 0);
    w.pool = ends[0];
    w.back_alive = true;
    pair_pool_begins(w.pool, &w.history);
    back_start(ends[1], MAX_PAGES, PAIR_STREAM_MIB);
}

static void end_back(bool killed)
{
    w.back_alive = false;
    while (w.nr_at_pool)
        close(w.at_pool[--w.nr_at_pool].fd);
    close(w.pool);
    if (killed)
        back_kill();
    else
        back_stop();
}

static void remove_or_create_device(void)
{
    w.disturbed_device = true;
    if (w.device)
        fake_device_remove(FRONT, BACK);
    else
        fake_device_create(FRONT, BACK, NULL);
    w.device = !w.device;
}

/* Schedules ----------------------------------------------------------------*/

static void disturb(bool with_device)
{
    switch (draw(with_device ? 3 : 2)) {
    case 0:
        w.kills++;
        if (w.front_alive)
            end_front(draw(4) != 0);
        else
            start_front();
        break;
    case 1:
        w.kills++;
        /* The next one may be an older one. */
        back_takes_rings(1 + draw(VSCANIF_MAX_RING_PAGES));
        if (w.back_alive)
            end_back(draw(4) != 0);
        else
            start_back();
        break;
    case 2:
        remove_or_create_device();
        break;
    }
}

/* One move of those that belong to the normal flow. */
static bool move(unsigned int which)
{
    switch (which) {
    case 0: return w.front_alive && front_step(draw(8));
    case 1: return w.back_alive && back_step(draw(8));
    case 2: return gate_sends();
    case 3: return gate_receives();
    case 4: return pool_takes();
    case 5: return pool_answers();
    }
    return false;
}

/* As dom0 and the parents of both links would. */
static void restore(void)
{
    if (!w.device)
        remove_or_create_device();
    if (w.back_alive && back_gone())
        end_back(true);
    if (!w.back_alive)
        start_back();
    if (!w.front_alive)
        start_front();
}

/* What the front has granted when nothing is on its way: ring and pool. */
static unsigned int pages_at_rest(void)
{
    const uint32_t pool = front_pool_pages();

    return front_ring_pages() + pool + connection_pool_dirs(pool);
}

static void come_to_rest(void)
{
    const int64_t end = proc_now_ms() + LONG_MS;

    for (;;) {
        bool any = false;

        for (unsigned int which = 0; which < 6; which++)
            any |= move(which);
        if (w.back_alive && back_gone()) {
            end_back(true);
            start_back();
            any = true;
        }
        /* An access that was released with its device is answered, but a
         * thread of the reader may be at work on it. */
        if (!any && w.answered == w.count && front_connected() &&
            fake_granted(FRONT) == pages_at_rest())
            return;
        if (!any)
            sched_yield();      /* the reader's threads are at work */
        if (proc_now_ms() > end)
            fail_msg("%u of %u accesses have no verdict, %u pages are granted; "
                     "front state %s, back state %s", w.count - w.answered,
                     w.count, (unsigned int)fake_granted(FRONT),
                     fake_front_read(FRONT, "state"),
                     fake_back_read(BACK, FRONT, "state"));
    }
}

static void check_nothing_is_left(void)
{
    assert_int_equal(fake_granted(FRONT), pages_at_rest());
    assert_int_equal(fake_lingering(FRONT), 0);
    assert_int_equal(fake_mapped(BACK),
                     front_ring_pages() + front_pool_pages());
    assert_int_equal(fake_offered(BACK), 0);
    assert_int_equal(fake_ports(FRONT), 1);
    assert_int_equal(fake_ports(BACK), 1);
    if (!w.lies)
        assert_int_equal(w.told, w.history.generation);
    end_front(false);
    end_back(false);
    assert_int_equal(fake_granted(FRONT), 0);
    assert_int_equal(fake_open_fds(), w.fds);
    w.last_generation = w.history.generation;
    history_dispose(&w.history);
    fake_stop();
}

enum how { HONEST, WITH_DEVICE, WITH_LIES, IN_PLACE };

/* Another way for content, a pool that is too small for some of it among them:
 * the two connect anew. */
static const char *random_policy(void)
{
    static const char *const policies[] = {
        "fail=closed", "fail=closed transport=pool pool-pages=6",
        "fail=closed transport=per-request", "fail=closed pool-pages=16",
        "fail=closed transport=pool pool-pages=20",
        "fail=closed transport=stream pool-pages=64",
        "fail=closed transport=stream pool-pages=1025",
        "fail=closed transport=pages", "fail=closed transport=pages pool-pages=6",
    };

    /* What of it has pages of its own changes, too. */
    fake_file_pages(draw(2) ? 0 : draw(2) ? ENOSPC : EOPNOTSUPP);

    return policies[draw(sizeof(policies) / sizeof(policies[0]))];
}

static void run_schedule(uint64_t seed, unsigned int every, enum how how)
{
    memset(&w, 0, sizeof(w));
    assert_int_equal(history_create(&w.history, 4096), 0);
    history_start_generation(&w.history, 1);
    w.lies = how == WITH_LIES;
    w.random = seed * 2 + 1;
    back_takes_rings(1 + draw(VSCANIF_MAX_RING_PAGES));
    print_message("seed %llu\n", (unsigned long long)seed);
    fake_start();
    fake_domain_create(FRONT);
    fake_domain_create(BACK);
    w.fds = fake_open_fds();
    fake_device_create(FRONT, BACK, random_policy());
    w.device = true;
    for (unsigned int i = 0; i < MOVES; i++) {
        if (draw(4) == 0)
            program_opens();
        if (i == 0 || (every && draw(every) == 0))
            restore();
        else if (every && draw(every) == 0)
            disturb(how == WITH_DEVICE);
        if (how == IN_PLACE && draw(25) == 0) {
            fake_write("/local/domain/5/vscan/0/policy", draw(4) ?
                       "fail=closed scan=in-place" : "fail=closed");
            fake_back_write(BACK, FRONT, NODE_ONLINE, "1");
        }
        if (every && w.device && draw(every) == 0)
            fake_write("/local/domain/5/vscan/0/policy", random_policy());
        move(draw(6));
    }
    restore();
    come_to_rest();
    check_nothing_is_left();
}

static void run_schedules(unsigned int every, enum how how)
{
    const char *seed = getenv("VSCAN_PAIR_SEED");
    const char *seeds = getenv("VSCAN_PAIR_SEEDS");
    const unsigned long count = seeds ? strtoul(seeds, NULL, 10) : 5;

    if (seed) {
        run_schedule(strtoul(seed, NULL, 10), every, how);
        return;
    }
    for (unsigned long i = 1; i <= count; i++)
        run_schedule(i, every, how);
}

static void undisturbed(void **state)
{
    (void)state;
    run_schedules(0, HONEST);
    assert_true(w.scans > 100);
    assert_true(w.last_generation > 10);
    assert_true(back_known() > 20);
}

static void links_are_killed(void **state)
{
    (void)state;
    run_schedules(40, HONEST);
    assert_true(w.kills > 10);
}

static void links_are_killed_all_the_time(void **state)
{
    (void)state;
    run_schedules(6, HONEST);
}

static void device_is_removed_and_made_anew(void **state)
{
    (void)state;
    run_schedules(20, WITH_DEVICE);
}

static void back_lies_about_its_generation(void **state)
{
    (void)state;
    run_schedules(0, WITH_LIES);
    run_schedules(20, WITH_LIES);
}

static void guest_is_scanned_in_place(void **state)
{
    (void)state;
    run_schedules(0, IN_PLACE);
    assert_true(w.in_place > 20 && w.scans > w.in_place + 10);
    assert_true(w.no_crew > 0);
    run_schedules(20, IN_PLACE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(undisturbed),
        cmocka_unit_test(links_are_killed),
        cmocka_unit_test(links_are_killed_all_the_time),
        cmocka_unit_test(device_is_removed_and_made_anew),
        cmocka_unit_test(back_lies_about_its_generation),
        cmocka_unit_test(guest_is_scanned_in_place),
    };
    struct rlimit files = { 4096, 4096 };

    setrlimit(RLIMIT_NOFILE, &files);
    if (!getenv("VSCAN_PAIR_SEED"))
        log_init("pair", LOG_LEVEL_ERROR);
    fake_enter_others(FRONT);
    if (reader_start(&reader, NULL))
        return 1;
    return cmocka_run_group_tests_name("pair", tests, NULL, NULL) +
           (getenv("VSCAN_PAIR_SEED") ? 0 :
            together_run(reader) + hostile_run());
}
