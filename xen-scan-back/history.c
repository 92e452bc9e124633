/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * history.c - see history.h.
 *
 * Overview: the pool's side.  Owns the table's memory and decides what is in
 * it; nobody else writes to the table.  Marks are read here and may be
 * anything: whatever they say, an entry goes after so many looks.
 */
#define _GNU_SOURCE
#include "history-private.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

/*
 * Memory that cannot change its size, all of it there from the start: a page
 * that came too late would be a signal.  It is not for workers: none is to
 * write to what it has been forked beside.
 */
static int memory_make(const char *name, uint64_t octets, int *fd_r,
                       void **memory_r)
{
    void *memory;

    *fd_r = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (*fd_r < 0 || fallocate(*fd_r, 0, 0, (off_t)octets))
        return -errno;
    memory = mmap(NULL, octets, PROT_READ | PROT_WRITE, MAP_SHARED, *fd_r, 0);
    if (memory == MAP_FAILED)
        return -errno;
    if (madvise(memory, octets, MADV_DONTFORK) ||
        fcntl(*fd_r, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW)) {
        int rc = -errno;

        munmap(memory, octets);
        return rc;
    }
    *memory_r = memory;
    return 0;
}

/* Our own mapping of the table was made before, and stays writable. */
static int seal(struct history *h)
{
    if (fcntl(h->table_fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) ||
        fcntl(h->marks_fd, F_ADD_SEALS, F_SEAL_SEAL))
        return -errno;
    return 0;
}

int history_create(struct history *h, uint32_t entries)
{
    void *memory;
    int rc;

    *h = (struct history){ .table_fd = -1, .marks_fd = -1 };
    if (entries < HISTORY_MIN_ENTRIES || entries > HISTORY_MAX_ENTRIES)
        return -EINVAL;
    entries = (entries + HISTORY_WAYS - 1) / HISTORY_WAYS * HISTORY_WAYS;
    h->view.entries = entries;
    rc = memory_make("vscan-history", history_octets(entries), &h->table_fd,
                     &memory);
    if (rc)
        return rc;
    h->table = memory;
    h->view.table = h->table;
    rc = memory_make("vscan-history-marks", entries, &h->marks_fd, &memory);
    if (rc)
        return rc;
    h->view.marks = memory;
    if (getrandom(h->table->secret, HISTORY_SECRET_OCTETS, 0) !=
        HISTORY_SECRET_OCTETS)
        return -EIO;
    rc = seal(h);
    if (rc)
        return rc;
    h->hand = calloc(entries / HISTORY_WAYS, sizeof(*h->hand));
    if (!h->hand)
        return -ENOMEM;
    return history_view_open(&h->view, h->table, h->view.marks, entries);
}

void history_dispose(struct history *h)
{
    history_detach(&h->view);
    free(h->hand);
    if (h->table_fd >= 0)
        close(h->table_fd);
    if (h->marks_fd >= 0)
        close(h->marks_fd);
    *h = (struct history){ .table_fd = -1, .marks_fd = -1 };
}

/* The other half of history_read(); history-private.h tells the order. */
static void write_entry(struct history_slot *slot,
                        const struct history_entry *entry)
{
    uint64_t word[HISTORY_WORDS];
    uint64_t changes = atomic_load_explicit(&slot->changes,
                                            memory_order_relaxed);

    memcpy(word, entry, sizeof(word));
    atomic_store_explicit(&slot->changes, changes + 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    for (unsigned int i = 0; i < HISTORY_WORDS; i++)
        atomic_store_explicit(&slot->word[i], word[i], memory_order_relaxed);
    atomic_store_explicit(&slot->changes, changes + 2, memory_order_release);
}

static void set_mark(struct history *h, uint32_t slot, uint8_t mark)
{
    atomic_store_explicit(&h->view.marks[slot], mark, memory_order_relaxed);
}

void history_start_generation(struct history *h, uint64_t generation)
{
    static const struct history_entry nothing;
    struct history_entry entry;

    assert(generation != 0);
    for (uint32_t i = 0; i < h->view.entries; i++) {
        if (history_read(&h->table->slot[i], &entry) && entry.generation)
            write_entry(&h->table->slot[i], &nothing);
    }
    memset(h->hand, 0, h->view.entries / HISTORY_WAYS);
    h->generation = generation;
    h->used = 0;
}

/*
 * Second chance.  Marks may be set as fast as they are cleared here; then it is
 * the turn of the one that was looked at first.
 */
static uint32_t evict(struct history *h, uint32_t first)
{
    uint8_t *hand = &h->hand[first / HISTORY_WAYS];

    h->evictions++;
    for (unsigned int n = 0;; n++) {
        uint32_t i = first + *hand;

        *hand = (uint8_t)((*hand + 1) % HISTORY_WAYS);
        if (n == HISTORY_WAYS ||
            !atomic_exchange_explicit(&h->view.marks[i], 0,
                                      memory_order_relaxed))
            return i;
    }
}

/* Where this content is, or is to be; then with an entry to begin with. */
static uint32_t place(struct history *h, const struct history_key *key,
                      struct history_entry *entry_r)
{
    uint32_t first = history_first_slot(&h->view, key);
    uint32_t i, free_slot = first + HISTORY_WAYS;

    for (i = first; i < first + HISTORY_WAYS; i++) {
        bool whole = history_read(&h->table->slot[i], entry_r);

        assert(whole);      /* there is no other writer */
        (void)whole;
        if (entry_r->generation && history_same_key(&entry_r->key, key))
            return i;
        if (!entry_r->generation && i < free_slot)
            free_slot = i;
    }
    if (free_slot < first + HISTORY_WAYS)
        h->used++;
    else
        free_slot = evict(h, first);
    set_mark(h, free_slot, 0);
    *entry_r = (struct history_entry){ .key = *key,
                                       .generation = h->generation };
    return free_slot;
}

static bool is_name(const char name[VSCANIF_MAX_NAME])
{
    const size_t len = strnlen(name, VSCANIF_MAX_NAME);

    for (size_t i = 0; i < len; i++)
        if (name[i] < HISTORY_NAME_MIN)
            return false;
    return len > 0 && len < VSCANIF_MAX_NAME;
}

static bool is_kept(engine_set engines, const struct verdict *verdict)
{
    if (!engines || !engine_set_covers(engine_set_all(ENGINE_MAX), engines))
        return false;
    switch (verdict->code) {
    case VSCANIF_VERDICT_CLEAN:
        return true;
    case VSCANIF_VERDICT_INFECTED:
        return is_name(verdict->name);
    }
    return false;
}

/* What some engines call it. */
struct part {
    engine_set engines;
    const char *text;
    size_t len;
};

/* Finds the parts of a name, but for those of @engines.  Returns how many. */
static unsigned int find_parts(const char name[VSCANIF_MAX_NAME],
                               engine_set engines,
                               struct part parts_r[ENGINE_MAX])
{
    unsigned int nr = 0;
    size_t end;

    for (size_t i = 0; i < VSCANIF_MAX_NAME && name[i]; i = end) {
        const engine_set its = (engine_set)name[i];

        for (end = i + 1; end < VSCANIF_MAX_NAME &&
                          name[end] >= HISTORY_NAME_MIN;)
            end++;
        if (!engine_set_covers(engines, its))
            parts_r[nr++] = (struct part){ its, name + i + 1, end - i - 1 };
    }
    return nr;
}

/* As many octets for each as lets all of them fit. */
static size_t share_of(const struct part *parts, unsigned int nr)
{
    size_t share = VSCANIF_MAX_NAME, used;

    do {
        share--;
        used = 0;
        for (unsigned int i = 0; i < nr; i++)
            used += 1 + (parts[i].len < share ? parts[i].len : share);
    } while (used > VSCANIF_MAX_NAME);
    return share;
}

/* Each part has an engine that is in none before it: there is room for one more. */
static void add_name(struct history_entry *entry, engine_set engines,
                     const char *name)
{
    char before[VSCANIF_MAX_NAME], *at = entry->name;
    struct part parts[ENGINE_MAX];
    unsigned int nr;
    size_t share;

    memcpy(before, entry->name, sizeof(before));
    memset(entry->name, 0, sizeof(entry->name));
    nr = find_parts(before, engines, parts);
    assert(nr < ENGINE_MAX);
    parts[nr++] = (struct part){ engines, name, strlen(name) };
    share = share_of(parts, nr);
    for (unsigned int i = 0; i < nr; i++) {
        const size_t len = parts[i].len < share ? parts[i].len : share;

        *at++ = (char)parts[i].engines;
        memcpy(at, parts[i].text, len);
        at += len;
    }
}

/* Returns whether this says anything new. */
static bool add_infected(struct history_entry *entry, engine_set engines,
                         const struct verdict *verdict)
{
    if (!engine_set_covers(engines, entry->infected) &&
        engine_set_covers(entry->infected, engines))
        return false;
    add_name(entry, engines, verdict->name);
    entry->infected |= engines;
    entry->clean &= (engine_set)~engines;
    return true;
}

/* The same. */
static bool add_clean(struct history_entry *entry, engine_set engines)
{
    engines &= (engine_set)~entry->infected;
    entry->clean |= engines;
    return engines;
}

int history_put(struct history *h, const struct history_key *key,
                engine_set engines, const struct verdict *verdict,
                uint64_t time)
{
    const bool infected = verdict->code == VSCANIF_VERDICT_INFECTED;
    struct history_entry entry;
    uint32_t i;

    if (!is_kept(engines, verdict))
        return -EINVAL;
    if (!verdict->generation || verdict->generation != h->generation)
        return -ESTALE;
    i = place(h, key, &entry);
    if (infected ? !add_infected(&entry, engines, verdict) :
        !add_clean(&entry, engines))
        return 0;
    /* An infection keeps its own. */
    if (infected || !entry.infected)
        entry.time = time;
    write_entry(&h->table->slot[i], &entry);
    return 0;
}

int history_killed(struct history *h, const struct history_key *key,
                   engine_set engines, uint64_t generation, uint64_t time)
{
    struct history_entry entry;
    uint32_t i;

    if (!generation || generation != h->generation)
        return -ESTALE;
    i = place(h, key, &entry);
    if (entry.kills < HISTORY_MAX_KILLS)
        entry.kills++;
    entry.killed |= engines;
    entry.time = time;
    write_entry(&h->table->slot[i], &entry);
    /* Nobody finds it yet: no guest is to flush it before the next try. */
    set_mark(h, i, 1);
    return entry.kills;
}
