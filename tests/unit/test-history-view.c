/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-history-view.c - tests of xen-scan-back/history-view.c: what a link can
 * do with a table, and what it cannot.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "histories.h"
#include "history-private.h"

#define GENERATION  7
#define NOW         1700000000
#define ENTRIES     64

#define SIZE_SEALS  (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

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

/* As a link does it: descriptors that came over a socket and are not kept. */
static void attach_to(struct history_view *view, const struct history *h)
{
    int table = dup(h->table_fd), marks = dup(h->marks_fd);
    unsigned int fds = open_fds();

    assert_int_equal(history_attach(view, table, marks), 0);
    assert_int_equal(open_fds(), fds);
    close(table);
    close(marks);
}

static bool sees(const struct history_view *view, uint32_t number,
                 uint64_t generation)
{
    struct history_key key = content(number);
    struct verdict verdict;
    uint64_t time;

    if (!history_lookup(view, &key, ONE, generation, &verdict, &time))
        return false;
    assert_int_equal(verdict.generation, generation);
    assert_int_equal(time, NOW + number);
    return true;
}

/* Looking up ---------------------------------------------------------------*/

static void a_link_sees_what_the_pool_puts_down(void **state)
{
    struct history_view early, late;
    struct history h;

    (void)state;
    history_of(&h, ENTRIES, GENERATION);
    attach_to(&early, &h);
    assert_int_equal(early.entries, ENTRIES);
    assert_false(sees(&early, 1, GENERATION));
    put_clean(&h, 1, NOW + 1);
    attach_to(&late, &h);
    put_clean(&h, 2, NOW + 2);
    for (uint32_t i = 1; i <= 2; i++) {
        assert_true(sees(&early, i, GENERATION));
        assert_true(sees(&late, i, GENERATION));
        assert_false(sees(&late, i, GENERATION + 1));
        assert_false(sees(&late, i, 0));
    }
    history_start_generation(&h, GENERATION + 1);
    assert_false(sees(&early, 1, GENERATION));
    assert_false(sees(&early, 1, GENERATION + 1));
    put_clean(&h, 1, NOW + 1);
    assert_false(sees(&early, 1, GENERATION));
    assert_true(sees(&early, 1, GENERATION + 1));
    history_detach(&early);
    history_detach(&late);
    history_dispose(&h);
}

/* Another pool has another table, of which the old links see nothing. */
static void a_table_outlives_its_pool(void **state)
{
    struct history first, second;
    struct history_view view;

    (void)state;
    history_of(&first, ENTRIES, GENERATION);
    attach_to(&view, &first);
    put_clean(&first, 1, NOW + 1);
    history_dispose(&first);
    history_of(&second, ENTRIES, GENERATION);
    put_clean(&second, 2, NOW + 2);
    assert_true(sees(&view, 1, GENERATION));
    assert_false(sees(&view, 2, GENERATION));
    history_detach(&view);
    assert_false(sees(&view, 1, GENERATION));
    attach_to(&view, &second);
    assert_false(sees(&view, 1, GENERATION));
    assert_true(sees(&view, 2, GENERATION));
    history_detach(&view);
    history_detach(&view);
    assert_null(view.table);
    history_dispose(&second);
}

static struct history_slot *slot_of(const struct history *h, uint32_t number)
{
    struct history_key key = content(number);
    uint32_t i = history_first_slot(&h->view, &key);

    for (uint32_t end = i + HISTORY_WAYS; i < end; i++) {
        struct history_entry entry;

        if (history_read(&h->table->slot[i], &entry) &&
            history_same_key(&entry.key, &key))
            return &h->table->slot[i];
    }
    fail();
    return NULL;
}

/* For ever, when the pool has died there. */
static void an_entry_that_is_being_written_is_unknown(void **state)
{
    struct history_view view;
    struct history_slot *slot;
    struct history h;

    (void)state;
    history_of(&h, HISTORY_WAYS, GENERATION);
    attach_to(&view, &h);
    put_clean(&h, 1, NOW + 1);
    put_clean(&h, 2, NOW + 2);
    slot = slot_of(&h, 1);
    assert_int_equal(atomic_load(&slot->changes) & 1, 0);
    atomic_fetch_add(&slot->changes, 1);
    assert_false(sees(&view, 1, GENERATION));
    assert_true(sees(&view, 2, GENERATION));
    atomic_fetch_add(&slot->changes, 1);
    assert_true(sees(&view, 1, GENERATION));
    history_detach(&view);
    history_dispose(&h);
}

/* A change that nobody could tell from none would be read half. */
static void every_change_is_counted(void **state)
{
    struct history_key key = content(1);
    struct history_slot *slot;
    struct history h;
    uint64_t before;

    (void)state;
    history_of(&h, HISTORY_WAYS, GENERATION);
    put_clean(&h, 1, NOW);
    slot = slot_of(&h, 1);
    before = atomic_load(&slot->changes);
    put_clean(&h, 1, NOW);
    assert_int_equal(atomic_load(&slot->changes), before + 2);
    history_killed(&h, &key, ONE, GENERATION, NOW);
    assert_int_equal(atomic_load(&slot->changes), before + 4);
    history_start_generation(&h, GENERATION + 1);
    assert_int_equal(atomic_load(&slot->changes), before + 6);
    history_dispose(&h);
}

static unsigned int marked(const struct history_view *view)
{
    unsigned int n = 0;

    for (uint32_t i = 0; i < view->entries; i++)
        n += atomic_load(&view->marks[i]);
    return n;
}

static void what_is_looked_up_is_marked(void **state)
{
    struct history_key killer = content(3);
    struct history_view view;
    struct history h;

    (void)state;
    history_of(&h, ENTRIES, GENERATION);
    attach_to(&view, &h);
    put_clean(&h, 1, NOW + 1);
    put_clean(&h, 2, NOW + 2);
    sees(&view, 9, GENERATION);
    sees(&view, 1, GENERATION + 1);
    assert_int_equal(marked(&view), 0);
    assert_true(sees(&view, 1, GENERATION));
    assert_true(sees(&view, 1, GENERATION));
    assert_int_equal(marked(&view), 1);
    assert_int_equal(marked(&h.view), 1);
    assert_int_equal(atomic_load(&view.marks[slot_of(&h, 1) - h.table->slot]),
                     1);
    /* Even where nothing is to be said yet. */
    history_killed(&h, &killer, ONE, GENERATION, NOW);
    atomic_store(&view.marks[slot_of(&h, 3) - h.table->slot], 0);
    assert_false(sees(&view, 3, GENERATION));
    assert_int_equal(marked(&view), 2);
    history_detach(&view);
    history_dispose(&h);
}

/* Writing ------------------------------------------------------------------*/

static void refuses_to_be_mapped(int fd)
{
    void *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    assert_true(map == MAP_FAILED);
    assert_int_equal(errno, EPERM);
}

static void refuses_to_change_size(int fd, off_t size)
{
    assert_int_equal(ftruncate(fd, size - 1), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(ftruncate(fd, size + 1), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(fallocate(fd, 0, size, 4096), -1);
    assert_int_equal(errno, EPERM);
}

static void no_link_can_write_to_the_table(void **state)
{
    struct history_view view;
    struct history h;
    char path[64];
    int again;

    (void)state;
    history_of(&h, ENTRIES, GENERATION);
    put_clean(&h, 1, NOW + 1);
    attach_to(&view, &h);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", h.table_fd);
    again = open(path, O_RDWR | O_CLOEXEC);
    assert_true(again >= 0);
    for (int i = 0; i < 2; i++) {
        int fd = i ? again : h.table_fd;

        refuses_to_be_mapped(fd);
        refuses_to_change_size(fd, (off_t)history_octets(ENTRIES));
        assert_int_equal(pwrite(fd, "x", 1, 0), -1);
        assert_int_equal(errno, EPERM);
        assert_int_equal(fallocate(fd, FALLOC_FL_PUNCH_HOLE |
                                   FALLOC_FL_KEEP_SIZE, 0, 4096), -1);
        assert_int_equal(errno, EPERM);
        /* Nor make the pool unable to. */
        assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
        assert_int_equal(errno, EPERM);
    }
    assert_int_equal(mprotect((void *)(uintptr_t)view.table, 4096,
                              PROT_READ | PROT_WRITE), -1);
    assert_int_equal(errno, EACCES);
    assert_true(sees(&view, 1, GENERATION));
    close(again);
    history_detach(&view);
    history_dispose(&h);
}

static void marks_stay_for_all(void **state)
{
    struct history h;

    (void)state;
    history_of(&h, ENTRIES, GENERATION);
    refuses_to_change_size(h.marks_fd, ENTRIES);
    assert_int_equal(fcntl(h.marks_fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), -1);
    assert_int_equal(errno, EPERM);
    /* Taken away, they are zeros. */
    put_clean(&h, 1, NOW + 1);
    assert_true(knows(&h, 1));
    assert_int_equal(fallocate(h.marks_fd, FALLOC_FL_PUNCH_HOLE |
                               FALLOC_FL_KEEP_SIZE, 0, 4096), 0);
    assert_int_equal(marked(&h.view), 0);
    assert_true(knows(&h, 1));
    assert_int_equal(marked(&h.view), 1);
    history_dispose(&h);
}

/* Attaching ----------------------------------------------------------------*/

static int memfd_with(uint64_t octets, int seals)
{
    int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)octets), 0);
    if (seals)
        assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
    return fd;
}

static void expect_attach(int table_fd, int marks_fd, int rc)
{
    struct history_view view;
    unsigned int fds = open_fds();

    assert_int_equal(history_attach(&view, table_fd, marks_fd), rc);
    history_detach(&view);
    history_detach(&view);
    assert_int_equal(open_fds(), fds);
}

static void every_seal_is_asked_for(void **state)
{
    static const int all[] = { F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_SEAL,
                               F_SEAL_FUTURE_WRITE };
    int table = memfd_with(history_octets(8), SIZE_SEALS |
                           F_SEAL_FUTURE_WRITE);
    int marks = memfd_with(8, SIZE_SEALS);

    (void)state;
    expect_attach(table, marks, 0);
    for (unsigned int missing = 0; missing < 4; missing++) {
        int seals = 0, bad;

        for (unsigned int i = 0; i < 4; i++)
            seals |= i == missing ? 0 : all[i];
        bad = memfd_with(history_octets(8), seals);
        expect_attach(bad, marks, -EPERM);
        close(bad);
        if (all[missing] == F_SEAL_FUTURE_WRITE)
            continue;
        bad = memfd_with(8, seals & ~F_SEAL_FUTURE_WRITE);
        expect_attach(table, bad, -EPERM);
        close(bad);
    }
    close(table);
    close(marks);
}

static void sizes_must_fit(void **state)
{
    static const struct { uint64_t table, marks; int rc; } cases[] = {
        { 64 + 168 * 8, 8, 0 },
        { 64 + 168 * 8 - 1, 8, -EINVAL },
        { 64 + 168 * 8 + 1, 8, -EINVAL },
        { 64 + 168 * 8, 16, -EINVAL },
        { 64 + 168 * 16, 8, -EINVAL },
        { 64 + 168 * 16, 16, 0 },
        { 64 + 168 * 12, 12, -EINVAL },
        { 64, 0, -EINVAL },
        { 0, 0, -EINVAL },
        { 64 + 168 * (uint64_t)HISTORY_MAX_ENTRIES, HISTORY_MAX_ENTRIES, 0 },
        { 64 + 168 * ((uint64_t)HISTORY_MAX_ENTRIES + 8),
          HISTORY_MAX_ENTRIES + 8, -EINVAL },
        { 64 + 168 * 8, ((uint64_t)1 << 32) + 8, -EINVAL },
    };

    (void)state;
    for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int table = memfd_with(cases[i].table, SIZE_SEALS |
                               F_SEAL_FUTURE_WRITE);
        int marks = memfd_with(cases[i].marks, SIZE_SEALS);

        expect_attach(table, marks, cases[i].rc);
        close(table);
        close(marks);
    }
}

static void other_descriptors_are_refused(void **state)
{
    struct history h;
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), ends[2];

    (void)state;
    history_of(&h, ENTRIES, GENERATION);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    expect_attach(h.table_fd, h.marks_fd, 0);
    expect_attach(h.marks_fd, h.table_fd, -EPERM);
    expect_attach(h.table_fd, h.table_fd, -EINVAL);
    expect_attach(-1, h.marks_fd, -EINVAL);
    expect_attach(h.table_fd, -1, -EINVAL);
    expect_attach(file, h.marks_fd, -EINVAL);
    expect_attach(h.table_fd, ends[0], -EINVAL);
    close(file);
    close(ends[0]);
    close(ends[1]);
    history_dispose(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_sees_what_the_pool_puts_down),
        cmocka_unit_test(a_table_outlives_its_pool),
        cmocka_unit_test(an_entry_that_is_being_written_is_unknown),
        cmocka_unit_test(every_change_is_counted),
        cmocka_unit_test(what_is_looked_up_is_marked),
        cmocka_unit_test(no_link_can_write_to_the_table),
        cmocka_unit_test(marks_stay_for_all),
        cmocka_unit_test(every_seal_is_asked_for),
        cmocka_unit_test(sizes_must_fit),
        cmocka_unit_test(other_descriptors_are_refused),
    };

    return cmocka_run_group_tests_name("history-view", tests, NULL, NULL);
}
