/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-lookout.c - when one looks, and for how long, by a clock that is ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lookout.h"

#define TICK_NS     1000        /* a question whether there is work */
#define LONG_NS     1000000000

static struct {
    struct lookout lookout;
    uint64_t now_ns, work_at_ns, looked_ns;
} t;

static uint64_t now_ns(void *arg)
{
    (void)arg;
    return t.now_ns;
}

static bool found(void *arg)
{
    (void)arg;
    if (t.now_ns >= t.work_at_ns)
        return true;
    t.now_ns += TICK_NS;
    t.looked_ns += TICK_NS;
    return false;
}

static const struct lookout_ops ops = { now_ns, found };

static int start(void **state)
{
    (void)state;
    lookout_init(&t.lookout, 2);
    t.now_ns = LONG_NS;
    t.looked_ns = 0;
    return 0;
}

/* Work comes after so long.  Returns whether a look found it; how long was looked
 * in *@looked_r. */
static bool wait_ns(uint64_t ns, uint64_t *looked_r)
{
    const uint64_t before = t.looked_ns;
    bool is;

    t.work_at_ns = t.now_ns + ns;
    is = lookout_look(&t.lookout, &ops, NULL);
    *looked_r = t.looked_ns - before;
    if (!is) {
        if (t.now_ns < t.work_at_ns)
            t.now_ns = t.work_at_ns;
        lookout_woken(&t.lookout, &ops, NULL);
    }
    return is;
}

static void idle_never_looks(void **state)
{
    uint64_t looked;

    (void)state;
    for (unsigned int i = 0; i < 1000; i++) {
        assert_false(wait_ns(LOOKOUT_MAX_NS + 1, &looked));
        assert_int_equal(looked, 0);
    }
    assert_int_equal(t.lookout.found + t.lookout.vain, 0);
}

static void window_grows_and_closes(void **state)
{
    static const uint64_t windows[] = { 0, 10000, 20000, 40000, 50000, 50000 };
    uint64_t looked;

    (void)state;
    for (unsigned int i = 0; i < 6; i++) {
        /* Never found, and always just within reach. */
        assert_int_equal(t.lookout.window_ns, windows[i]);
        t.lookout.credit_ns = LOOKOUT_MAX_NS;
        if (i < 4)
            assert_false(wait_ns(LOOKOUT_MAX_NS, &looked));
        else
            assert_true(wait_ns(LOOKOUT_MAX_NS - TICK_NS, &looked));
        assert_int_equal(looked, i < 4 ? windows[i] :
                         LOOKOUT_MAX_NS - TICK_NS);
    }
    assert_int_equal(t.lookout.found, 2);
    assert_int_equal(t.lookout.vain, 3);
    /* One long sleep. */
    assert_false(wait_ns(LONG_NS, &looked));
    assert_int_equal(looked, LOOKOUT_MAX_NS);
    assert_false(wait_ns(LONG_NS, &looked));
    assert_int_equal(looked, 0);
}

/* Who works as long as he looks finds all that comes in time; the window stays as
 * it is. */
static void found_work_is_cheap(void **state)
{
    uint64_t looked;

    (void)state;
    wait_ns(5000, &looked);
    assert_int_equal(t.lookout.window_ns, LOOKOUT_START_NS);
    t.now_ns += LOOKOUT_START_NS * LOOKOUT_SHARE;
    for (unsigned int i = 0; i < 100000; i++) {
        assert_true(wait_ns(5000, &looked));
        t.now_ns += 5000;
    }
    assert_int_equal(t.lookout.window_ns, LOOKOUT_START_NS);
    assert_int_equal(t.lookout.found, 100000);
}

/* A peer whose work is none, and comes as late as it is still found: half of the
 * time at most is spent on it. */
static void found_work_buys_no_processor(void **state)
{
    static const uint64_t after[] = { TICK_NS, 9000, LOOKOUT_MAX_NS - TICK_NS };
    uint64_t looked;

    for (unsigned int i = 0; i < sizeof(after) / sizeof(after[0]); i++) {
        uint64_t begin, all = 0;

        start(state);
        begin = t.now_ns;
        while (t.now_ns - begin < LONG_NS) {
            wait_ns(after[i], &looked);
            all += looked;
        }
        assert_true(t.lookout.found > 100);
        assert_true(all <= LONG_NS / LOOKOUT_SHARE * LOOKOUT_FOUND +
                           (LOOKOUT_BURST + 1) * LOOKOUT_MAX_NS *
                           LOOKOUT_FOUND);
    }
}

/* Whatever the peer does: of a second, looks in vain take their share. */
static void share_is_bounded(void **state)
{
    const uint64_t begin = t.now_ns;
    uint64_t looked, vain_ns = 0, random = 1;

    (void)state;
    while (t.now_ns - begin < LONG_NS) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        if (!wait_ns(random >> 33 & 1 ? 49999 : random >> 40 & 0x1ffff,
                     &looked))
            vain_ns += looked;
    }
    assert_true(t.lookout.vain > 100);
    assert_true(vain_ns <= LONG_NS / LOOKOUT_SHARE +
                           (LOOKOUT_BURST + 1) * LOOKOUT_MAX_NS);
}

static void alone_it_never_looks(void **state)
{
    uint64_t looked;

    (void)state;
    lookout_init(&t.lookout, 1);
    for (unsigned int i = 0; i < 100; i++) {
        assert_false(wait_ns(1000, &looked));
        assert_int_equal(looked, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(idle_never_looks, start),
        cmocka_unit_test_setup(window_grows_and_closes, start),
        cmocka_unit_test_setup(found_work_is_cheap, start),
        cmocka_unit_test_setup(found_work_buys_no_processor, start),
        cmocka_unit_test_setup(share_is_bounded, start),
        cmocka_unit_test_setup(alone_it_never_looks, start),
    };

    return cmocka_run_group_tests_name("lookout", tests, NULL, NULL);
}
