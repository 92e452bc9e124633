/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-history.c - tests of xen-scan-back/history.c: what is put down, what
 * stays, and what has to go.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "child.h"
#include "histories.h"
#include "history-private.h"

#define GENERATION  7
#define OTHER       8
#define NOW         1700000000

static unsigned int open_fds(void)
{
    unsigned int n = 0;
    DIR *dir = opendir("/proc/self/fd");

    assert_non_null(dir);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

static bool looked_up(const struct history *h, const struct history_key *key,
                      uint64_t generation)
{
    struct verdict verdict;
    uint64_t time;

    return history_lookup(&h->view, key, ONE, generation, &verdict, &time);
}

/* What is known ------------------------------------------------------------*/

static void what_is_put_down_is_known(void **state)
{
    struct verdict infected = infected_in(GENERATION, "Eicar-Test"), got;
    struct history_key key = content(2);
    struct history h;
    uint64_t time;

    (void)state;
    history_of(&h, 64, GENERATION);
    assert_false(knows(&h, 1));
    put_clean(&h, 1, NOW);
    assert_int_equal(history_put(&h, &key, ONE, &infected, NOW + 1), 0);
    got = known(&h, 1, &time);
    assert_int_equal(got.code, VSCANIF_VERDICT_CLEAN);
    assert_int_equal(got.reason, VSCANIF_REASON_NONE);
    assert_string_equal(got.name, "");
    assert_int_equal(time, NOW);
    got = known(&h, 2, &time);
    assert_memory_equal(&got, &infected, sizeof(got));
    assert_int_equal(time, NOW + 1);
    assert_false(knows(&h, 3));
    assert_int_equal(h.used, 2);
    put_clean(&h, 1, NOW + 2);
    known(&h, 1, &time);
    assert_int_equal(time, NOW + 2);
    assert_int_equal(h.used, 2);
    assert_int_equal(h.evictions, 0);
    history_dispose(&h);
}

/* In a single set, so that it is not by its place that one is told from the
 * other. */
static void every_octet_of_a_key_counts(void **state)
{
    struct history_key key = content(1);
    struct history h;

    (void)state;
    history_of(&h, HISTORY_WAYS, GENERATION);
    put_clean(&h, 1, NOW);
    assert_true(looked_up(&h, &key, GENERATION));
    for (unsigned int i = 0; i < sizeof(key); i++) {
        ((uint8_t *)&key)[i] ^= 1;
        assert_false(looked_up(&h, &key, GENERATION));
        ((uint8_t *)&key)[i] ^= 1;
    }
    history_dispose(&h);
}

static void names_have_an_end(void **state)
{
    struct verdict verdict = infected_in(GENERATION, "x"), got;
    struct history_key key = content(1);
    struct history h;
    uint64_t time;

    (void)state;
    history_of(&h, 64, GENERATION);
    memset(verdict.name, 'n', sizeof(verdict.name));
    assert_int_equal(history_put(&h, &key, ONE, &verdict, NOW), -EINVAL);
    verdict.name[0] = 0;
    assert_int_equal(history_put(&h, &key, ONE, &verdict, NOW), -EINVAL);
    assert_int_equal(h.used, 0);
    verdict.name[0] = 'n';
    verdict.name[sizeof(verdict.name) - 1] = 0;
    assert_int_equal(history_put(&h, &key, ONE, &verdict, NOW), 0);
    got = known(&h, 1, &time);
    assert_memory_equal(&got, &verdict, sizeof(got));
    history_dispose(&h);
}

static void no_verdict_is_never_kept(void **state)
{
    struct history_key key = content(1);
    struct verdict verdict;
    struct history h;

    (void)state;
    history_of(&h, 64, GENERATION);
    for (unsigned int reason = 0; reason < REASON_END; reason++) {
        verdict = verdict_not_scanned(reason);
        verdict.generation = GENERATION;
        assert_int_equal(history_put(&h, &key, ONE, &verdict, NOW), -EINVAL);
    }
    verdict = clean_in(GENERATION);
    verdict.code = 0;
    assert_int_equal(history_put(&h, &key, ONE, &verdict, NOW), -EINVAL);
    verdict.code = VSCANIF_VERDICT_NOT_SCANNED + 1;
    assert_int_equal(history_put(&h, &key, ONE, &verdict, NOW), -EINVAL);
    assert_int_equal(h.used, 0);
    assert_false(knows(&h, 1));
    history_dispose(&h);
}

/* Generations --------------------------------------------------------------*/

static void nothing_is_taken_before_a_generation(void **state)
{
    struct history_key key = content(1);
    struct verdict none = clean_in(0), some = clean_in(GENERATION);
    struct history h;

    (void)state;
    assert_int_equal(history_create(&h, 64), 0);
    assert_int_equal(history_put(&h, &key, ONE, &none, NOW), -ESTALE);
    assert_int_equal(history_put(&h, &key, ONE, &some, NOW), -ESTALE);
    assert_int_equal(history_killed(&h, &key, ONE, 0, NOW), -ESTALE);
    assert_int_equal(history_killed(&h, &key, ONE, GENERATION, NOW), -ESTALE);
    memset(&key, 0, sizeof(key));
    assert_false(looked_up(&h, &key, 0));
    assert_false(looked_up(&h, &key, GENERATION));
    history_start_generation(&h, GENERATION);
    assert_false(looked_up(&h, &key, 0));
    assert_int_equal(history_put(&h, &key, ONE, &none, NOW), -ESTALE);
    assert_int_equal(history_killed(&h, &key, ONE, 0, NOW), -ESTALE);
    assert_int_equal(h.used, 0);
    history_dispose(&h);
}

static void a_generation_drops_all(void **state)
{
    struct history_key killer = content(1000);
    struct history h;

    (void)state;
    history_of(&h, 1024, GENERATION);
    for (uint32_t i = 0; i < 400; i++)
        put_clean(&h, i, NOW);
    history_killed(&h, &killer, ONE, GENERATION, NOW);
    history_killed(&h, &killer, ONE, GENERATION, NOW);
    assert_int_equal(h.used, 401 - h.evictions);

    history_start_generation(&h, OTHER);
    assert_int_equal(h.used, 0);
    for (uint32_t i = 0; i <= 1000; i++) {
        struct history_key key = content(i);

        assert_false(looked_up(&h, &key, GENERATION));
        assert_false(looked_up(&h, &key, OTHER));
    }
    /* Not even when the old one comes back. */
    history_start_generation(&h, GENERATION);
    for (uint32_t i = 0; i <= 1000; i++)
        assert_false(knows(&h, i));
    assert_int_equal(history_killed(&h, &killer, ONE, GENERATION, NOW), 1);
    put_clean(&h, 5, NOW);
    history_start_generation(&h, GENERATION);
    assert_false(knows(&h, 5));
    history_dispose(&h);
}

static void a_late_result_is_refused(void **state)
{
    struct verdict late = clean_in(GENERATION);
    struct history_key key = content(1);
    struct history h;

    (void)state;
    history_of(&h, 64, GENERATION);
    history_start_generation(&h, OTHER);
    assert_int_equal(history_put(&h, &key, ONE, &late, NOW), -ESTALE);
    assert_int_equal(history_killed(&h, &key, ONE, GENERATION, NOW), -ESTALE);
    assert_int_equal(h.used, 0);
    put_clean(&h, 1, NOW);
    assert_int_equal(history_put(&h, &key, ONE, &late, NOW + 5), -ESTALE);
    assert_true(looked_up(&h, &key, OTHER));
    assert_false(looked_up(&h, &key, GENERATION));
    history_dispose(&h);
}

/* Kills --------------------------------------------------------------------*/

static void two_kills_are_enough(void **state)
{
    struct history_key key = content(1);
    struct verdict verdict;
    struct history h;
    uint64_t time;

    (void)state;
    assert_int_equal(HISTORY_MAX_KILLS, 2);
    history_of(&h, 64, GENERATION);
    put_clean(&h, 2, NOW);
    assert_int_equal(history_killed(&h, &key, ONE, GENERATION, NOW), 1);
    assert_false(knows(&h, 1));
    assert_int_equal(history_killed(&h, &key, ONE, GENERATION, NOW + 1), 2);
    verdict = known(&h, 1, &time);
    assert_int_equal(verdict.code, VSCANIF_VERDICT_NOT_SCANNED);
    assert_int_equal(verdict.reason, VSCANIF_REASON_ENGINE);
    assert_string_equal(verdict.name, "");
    assert_int_equal(time, NOW + 1);
    assert_int_equal(history_killed(&h, &key, ONE, GENERATION, NOW + 2), 2);
    assert_int_equal(h.used, 2);
    assert_int_equal(known(&h, 2, &time).code, VSCANIF_VERDICT_CLEAN);
    assert_false(knows(&h, 3));
    history_dispose(&h);
}

/* One letter each: clean, infected, kill; then what is known ('-': nothing). */
static void the_graver_result_stays(void **state)
{
    static const struct { const char *results; char known; } cases[] = {
        { "c", 'c' }, { "i", 'i' }, { "k", '-' }, { "kk", 'k' },
        { "ci", 'i' }, { "ic", 'i' }, { "ck", 'c' }, { "ckk", 'k' },
        { "kc", 'c' }, { "kck", 'k' }, { "kkc", 'k' }, { "kki", 'i' },
        { "ik", 'i' }, { "ikk", 'i' }, { "ickck", 'i' }, { "kkic", 'i' },
    };
    struct verdict clean = clean_in(GENERATION), verdict;
    struct verdict infected = infected_in(GENERATION, "Test");
    struct history h;
    uint64_t time;

    (void)state;
    history_of(&h, 1024, GENERATION);
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct history_key key = content(i);

        for (const char *p = cases[i].results; *p; p++) {
            if (*p == 'k')
                assert_true(history_killed(&h, &key, ONE, GENERATION, NOW) > 0);
            else
                assert_int_equal(history_put(&h, &key, ONE, *p == 'c' ? &clean :
                                             &infected, NOW), 0);
        }
        assert_int_equal(knows(&h, i), cases[i].known != '-');
        if (cases[i].known == '-')
            continue;
        verdict = known(&h, i, &time);
        assert_int_equal(verdict.code,
                         cases[i].known == 'c' ? VSCANIF_VERDICT_CLEAN :
                         cases[i].known == 'i' ? VSCANIF_VERDICT_INFECTED :
                         VSCANIF_VERDICT_NOT_SCANNED);
        assert_string_equal(verdict.name, cases[i].known == 'i' ? "Test" : "");
    }
    history_dispose(&h);
}

/* ... with its name and its time; of equals, the later one. */
static void an_infection_keeps_its_own_time(void **state)
{
    struct verdict first = infected_in(GENERATION, "First");
    struct verdict second = infected_in(GENERATION, "Second");
    struct history_key key = content(1);
    struct history h;
    uint64_t time;

    (void)state;
    history_of(&h, 64, GENERATION);
    assert_int_equal(history_put(&h, &key, ONE, &first, NOW), 0);
    put_clean(&h, 1, NOW + 1);
    assert_string_equal(known(&h, 1, &time).name, "First");
    assert_int_equal(time, NOW);
    assert_int_equal(history_put(&h, &key, ONE, &second, NOW + 2), 0);
    assert_string_equal(known(&h, 1, &time).name, "Second");
    assert_int_equal(time, NOW + 2);
    history_dispose(&h);
}

/* Who goes -----------------------------------------------------------------*/

static void a_full_set_lets_the_oldest_go(void **state)
{
    struct history h;

    (void)state;
    history_of(&h, HISTORY_WAYS, GENERATION);
    for (uint32_t i = 0; i < HISTORY_WAYS; i++)
        put_clean(&h, i, NOW);
    assert_int_equal(h.used, HISTORY_WAYS);
    assert_int_equal(h.evictions, 0);
    for (uint32_t i = HISTORY_WAYS; i < 40; i++) {
        put_clean(&h, i, NOW);
        assert_int_equal(h.used, HISTORY_WAYS);
        assert_int_equal(h.evictions, i + 1 - HISTORY_WAYS);
    }
    for (uint32_t i = 0; i < 40; i++)
        assert_int_equal(knows(&h, i), i >= 40 - HISTORY_WAYS);
    history_dispose(&h);
}

static void who_is_used_stays_once_more(void **state)
{
    struct history h;

    (void)state;
    history_of(&h, HISTORY_WAYS, GENERATION);
    for (uint32_t i = 0; i < HISTORY_WAYS; i++)
        put_clean(&h, i, NOW);
    assert_true(knows(&h, 0));
    assert_true(knows(&h, 2));
    put_clean(&h, 10, NOW);         /* in place of 1 */
    put_clean(&h, 11, NOW);         /* ... and 3 */
    assert_true(knows(&h, 0));
    assert_true(knows(&h, 2));
    assert_false(knows(&h, 1));
    assert_false(knows(&h, 3));
    for (uint32_t i = 12; i < 16; i++)
        put_clean(&h, i, NOW);      /* 4 ... 7 */
    put_clean(&h, 16, NOW);         /* 0 and 2 were used, 10 was not */
    assert_false(knows(&h, 10));
    assert_true(knows(&h, 0));
    history_dispose(&h);
}

/* Nor does an entry inherit the mark of the one before. */
static void all_are_used_and_one_goes(void **state)
{
    struct history h;
    unsigned int n = 0;

    (void)state;
    history_of(&h, HISTORY_WAYS, GENERATION);
    for (unsigned int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < HISTORY_WAYS; i++)
            put_clean(&h, i, NOW);
        for (uint32_t i = 0; i < HISTORY_WAYS; i++)
            assert_true(knows(&h, i));
        put_clean(&h, 20, NOW);
        assert_int_equal(h.used, HISTORY_WAYS);
        assert_false(knows(&h, 0));
        history_start_generation(&h, OTHER);
    }
    for (uint32_t i = 0; i < HISTORY_WAYS; i++)
        put_clean(&h, i, NOW);
    put_clean(&h, 20, NOW);
    for (uint32_t i = 0; i < HISTORY_WAYS; i++)
        n += knows(&h, i);
    assert_int_equal(n, HISTORY_WAYS - 1);
    assert_false(knows(&h, 0));
    history_dispose(&h);
}

/* A link of a guest's own; dies with the test. */
static pid_t start_hostile_link(const struct history *h)
{
    struct history_view view;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    must(!history_attach(&view, h->table_fd, h->marks_fd));
    for (uint32_t n = 0;; n++)
        atomic_store(&view.marks[n % view.entries], (uint8_t)(n | 1));
}

/* It sets marks as fast as it can. */
static void hostile_marks_spoil_the_order_only(void **state)
{
    struct history h;
    pid_t pid;

    (void)state;
    history_of(&h, 2 * HISTORY_WAYS, GENERATION);
    pid = start_hostile_link(&h);
    while (!atomic_load(&h.view.marks[h.view.entries - 1]))
        ;
    for (uint32_t i = 0; i < 20000; i++) {
        struct verdict verdict = infected_in(GENERATION, "Test");
        struct history_key key = content(i);
        uint64_t time;

        verdict.name[0] = (char)('A' + i % 26);
        assert_int_equal(history_put(&h, &key, ONE, &verdict, i), 0);
        assert_int_equal(known(&h, i, &time).name[0], 'A' + i % 26);
        assert_int_equal(time, i);
    }
    child_stop(pid);
    assert_int_equal(h.used, 2 * HISTORY_WAYS);
    assert_int_equal(h.evictions, 20000 - 2 * HISTORY_WAYS);
    history_dispose(&h);
}

/* Between its kills nobody finds it: its own mark protects it meanwhile. */
static void kills_are_not_flushed_more_easily(void **state)
{
    struct history_key killer = content(1000);
    struct history h;

    (void)state;
    history_of(&h, HISTORY_WAYS, GENERATION);
    assert_int_equal(history_killed(&h, &killer, ONE, GENERATION, NOW), 1);
    /* As many as a clean content would survive, and as many again. */
    for (uint32_t i = 0; i < HISTORY_WAYS - 1; i++)
        put_clean(&h, i, NOW);
    for (uint32_t i = 0; i < HISTORY_WAYS - 1; i++)
        put_clean(&h, 100 + i, NOW);
    assert_int_equal(history_killed(&h, &killer, ONE, GENERATION, NOW), 2);
    for (uint32_t i = 0; i < HISTORY_WAYS - 1; i++)
        put_clean(&h, 200 + i, NOW);
    assert_true(knows(&h, 1000));
    history_dispose(&h);
}

/* Places -------------------------------------------------------------------*/

static void places_are_secret(void **state)
{
    unsigned int same = 0;
    struct history a, b;

    (void)state;
    history_of(&a, 1024, GENERATION);
    history_of(&b, 1024, GENERATION);
    for (uint32_t i = 0; i < 128; i++) {
        struct history_key key = content(i);
        uint32_t slot = history_first_slot(&a.view, &key);

        assert_true(slot <= 1024 - HISTORY_WAYS && slot % HISTORY_WAYS == 0);
        assert_int_equal(history_first_slot(&a.view, &key), slot);
        same += history_first_slot(&b.view, &key) == slot;
    }
    /* One in 128 is to be expected. */
    assert_true(same < 16);
    history_dispose(&a);
    history_dispose(&b);
}

/* Whoever makes contents with digests that look alike gains nothing. */
static void no_set_can_be_aimed_at(void **state)
{
    struct history h;

    (void)state;
    history_of(&h, 8192, GENERATION);
    for (uint32_t i = 0; i < 256; i++) {
        struct history_key key = { .size = 0 };
        struct verdict clean = clean_in(GENERATION);

        key.digest[12] = (uint8_t)i;
        assert_int_equal(history_put(&h, &key, ONE, &clean, NOW), 0);
    }
    assert_int_equal(h.used, 256);
    assert_int_equal(h.evictions, 0);
    history_dispose(&h);
}

/* Memory -------------------------------------------------------------------*/

static void bounds_of_a_table(void **state)
{
    static const uint32_t bad[] = { 0, HISTORY_MIN_ENTRIES - 1,
                                    HISTORY_MAX_ENTRIES + 1, UINT32_MAX };
    static const uint32_t good[][2] = {
        { HISTORY_MIN_ENTRIES, HISTORY_MIN_ENTRIES },
        { HISTORY_MIN_ENTRIES + 1, 2 * HISTORY_WAYS },
        { 2 * HISTORY_WAYS, 2 * HISTORY_WAYS },
        { HISTORY_MAX_ENTRIES - 1, HISTORY_MAX_ENTRIES },
        { HISTORY_MAX_ENTRIES, HISTORY_MAX_ENTRIES },
    };
    unsigned int fds = open_fds();
    struct history h;

    (void)state;
    for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(history_create(&h, bad[i]), -EINVAL);
        history_dispose(&h);
        history_dispose(&h);
    }
    for (unsigned int i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct stat table, marks;

        history_of(&h, good[i][0], GENERATION);
        assert_int_equal(h.view.entries, good[i][1]);
        put_clean(&h, 1, NOW);
        assert_true(knows(&h, 1));
        assert_int_equal(fstat(h.table_fd, &table), 0);
        assert_int_equal(fstat(h.marks_fd, &marks), 0);
        /* An entry costs 169 octets, and all are there. */
        assert_int_equal(table.st_size + marks.st_size,
                         64 + 169 * (uint64_t)good[i][1]);
        assert_true(table.st_blocks * 512 >= table.st_size);
        assert_true(marks.st_blocks * 512 >= marks.st_size);
        history_dispose(&h);
        history_dispose(&h);
        assert_int_equal(h.table_fd, -1);
        assert_int_equal(h.marks_fd, -1);
    }
    assert_int_equal(open_fds(), fds);
}

static bool maps_a_history(void)
{
    FILE *file = fopen("/proc/self/maps", "re");
    bool found = false;
    char line[512];

    must(file != NULL);
    while (fgets(line, sizeof(line), file))
        found |= strstr(line, "vscan-history") != NULL;
    fclose(file);
    return found;
}

/* A worker, which may be anybody's when it has had a job. */
static void children_do_not_get_it(void **state)
{
    struct history h;
    pid_t pid;

    (void)state;
    history_of(&h, 64, GENERATION);
    assert_true(maps_a_history());
    pid = fork();
    if (pid == 0)
        _exit(maps_a_history());
    assert_int_equal(outcome(pid), 0);
    history_dispose(&h);
    assert_false(maps_a_history());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_down_is_known),
        cmocka_unit_test(every_octet_of_a_key_counts),
        cmocka_unit_test(names_have_an_end),
        cmocka_unit_test(no_verdict_is_never_kept),
        cmocka_unit_test(nothing_is_taken_before_a_generation),
        cmocka_unit_test(a_generation_drops_all),
        cmocka_unit_test(a_late_result_is_refused),
        cmocka_unit_test(two_kills_are_enough),
        cmocka_unit_test(the_graver_result_stays),
        cmocka_unit_test(an_infection_keeps_its_own_time),
        cmocka_unit_test(a_full_set_lets_the_oldest_go),
        cmocka_unit_test(who_is_used_stays_once_more),
        cmocka_unit_test(all_are_used_and_one_goes),
        cmocka_unit_test(hostile_marks_spoil_the_order_only),
        cmocka_unit_test(kills_are_not_flushed_more_easily),
        cmocka_unit_test(places_are_secret),
        cmocka_unit_test(no_set_can_be_aimed_at),
        cmocka_unit_test(bounds_of_a_table),
        cmocka_unit_test(children_do_not_get_it),
    };

    return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}
