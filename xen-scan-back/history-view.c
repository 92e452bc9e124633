/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * history-view.c - see history.h.
 *
 * Overview: looks things up in a table that another process writes meanwhile;
 * how that goes well is told in history-private.h.  Owns the mappings of a
 * link, and writes nothing but marks.
 */
#define _GNU_SOURCE
#include "history-private.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <openssl/evp.h>

#define SIZE_SEALS  (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

/*
 * By a cipher, so that what a guest may learn about the places of some
 * contents says nothing about those of others.  One block of the digest will
 * do: two contents that agree in it are not to be found.
 */
uint32_t history_first_slot(const struct history_view *view,
                            const struct history_key *key)
{
    uint32_t sets = view->entries / HISTORY_WAYS, mixed;
    uint8_t block[HISTORY_SECRET_OCTETS];
    int octets, r;

    r = EVP_EncryptUpdate(view->cipher, block, &octets, key->digest,
                          sizeof(block));
    assert(r == 1 && octets == sizeof(block));
    (void)r;
    memcpy(&mixed, block, sizeof(mixed));
    /* As large a share of all sets as mixed is of 2^32. */
    return (uint32_t)((uint64_t)mixed * sets >> 32) * HISTORY_WAYS;
}

bool history_same_key(const struct history_key *a, const struct history_key *b)
{
    return a->size == b->size &&
           !memcmp(a->digest, b->digest, sizeof(a->digest));
}

bool history_read(const struct history_slot *slot,
                  struct history_entry *entry_r)
{
    uint64_t word[HISTORY_WORDS], changes;

    for (unsigned int n = 0; n < HISTORY_TRIES; n++) {
        changes = atomic_load_explicit(&slot->changes, memory_order_acquire);
        if (changes & 1)
            continue;
        for (unsigned int i = 0; i < HISTORY_WORDS; i++)
            word[i] = atomic_load_explicit(&slot->word[i],
                                           memory_order_relaxed);
        atomic_thread_fence(memory_order_acquire);
        if (atomic_load_explicit(&slot->changes, memory_order_relaxed) ==
            changes) {
            memcpy(entry_r, word, sizeof(*entry_r));
            return true;
        }
    }
    return false;
}

/* By its first word: most entries of a set are those of other contents. */
static bool may_be(const struct history_slot *slot,
                   const struct history_key *key)
{
    uint64_t first;

    memcpy(&first, key->digest, sizeof(first));
    return atomic_load_explicit(&slot->word[0], memory_order_relaxed) == first;
}

/* What others have found is not for who has not asked them.  There is a blank in
 * place of each set but the first, so that there is room. */
static void name_of(const struct history_entry *entry, engine_set engines,
                    char name_r[VSCANIF_MAX_NAME])
{
    bool asked = false;
    size_t used = 0;

    for (size_t i = 0; i < sizeof(entry->name) && entry->name[i]; i++) {
        const char c = entry->name[i];

        if (c < HISTORY_NAME_MIN) {
            asked = (engine_set)c & engines;
            if (asked && used)
                name_r[used++] = ' ';
        } else if (asked) {
            name_r[used++] = c;
        }
    }
    name_r[used] = 0;
}

static bool verdict_of(const struct history_entry *entry, engine_set engines,
                       struct verdict *verdict_r)
{
    const engine_set run = engines & (engine_set)~ENGINE_SET_OTHER;

    if (entry->infected & engines) {
        *verdict_r = (struct verdict){ .code = VSCANIF_VERDICT_INFECTED };
        name_of(entry, engines, verdict_r->name);
    } else if (entry->kills >= HISTORY_MAX_KILLS && entry->killed & engines) {
        *verdict_r = verdict_not_scanned(VSCANIF_REASON_ENGINE);
    } else if (run && engine_set_covers(entry->clean, run)) {
        *verdict_r = run == engines ? verdict_clean() :
                     verdict_not_scanned(VSCANIF_REASON_RESOURCES);
    } else {
        return false;
    }
    verdict_r->generation = entry->generation;
    return true;
}

/* One that is set is not written again: its cache line stays everybody's. */
static void set_mark(_Atomic uint8_t *mark)
{
    if (!atomic_load_explicit(mark, memory_order_relaxed))
        atomic_store_explicit(mark, 1, memory_order_relaxed);
}

bool history_lookup(const struct history_view *view,
                    const struct history_key *key, engine_set engines,
                    uint64_t generation, struct verdict *verdict_r,
                    uint64_t *time_r)
{
    uint32_t first;

    if (!view->table)
        return false;
    first = history_first_slot(view, key);
    for (uint32_t i = first; i < first + HISTORY_WAYS; i++) {
        const struct history_slot *slot = &view->table->slot[i];
        struct history_entry entry;

        if (!may_be(slot, key) || !history_read(slot, &entry) ||
            !history_same_key(&entry.key, key) ||
            entry.generation != generation)
            continue;
        set_mark(&view->marks[i]);
        if (!verdict_of(&entry, engines, verdict_r))
            return false;
        *time_r = entry.time;
        return true;
    }
    return false;
}

int history_view_open(struct history_view *view,
                      const struct history_table *table,
                      _Atomic uint8_t *marks, uint32_t entries)
{
    *view = (struct history_view){ .table = table, .marks = marks,
                                   .entries = entries };
    view->cipher = EVP_CIPHER_CTX_new();
    if (!view->cipher ||
        EVP_EncryptInit_ex(view->cipher, EVP_aes_128_ecb(), NULL,
                           table->secret, NULL) != 1 ||
        EVP_CIPHER_CTX_set_padding(view->cipher, 0) != 1)
        return -ENOMEM;
    return 0;
}

/* A file in memory with these seals; its octets. */
static int check_file(int fd, int wanted, uint64_t *octets_r)
{
    int seals = fcntl(fd, F_GET_SEALS);
    struct stat st;

    if (seals < 0)
        return -EINVAL;
    if ((seals & wanted) != wanted)
        return -EPERM;
    if (fstat(fd, &st))
        return -errno;
    *octets_r = (uint64_t)st.st_size;
    return 0;
}

static int check_files(int table_fd, int marks_fd, uint32_t *entries_r)
{
    uint64_t octets, entries;
    int rc = check_file(table_fd, SIZE_SEALS | F_SEAL_FUTURE_WRITE, &octets);

    if (!rc)
        rc = check_file(marks_fd, SIZE_SEALS, &entries);
    if (rc)
        return rc;
    if (entries < HISTORY_MIN_ENTRIES || entries > HISTORY_MAX_ENTRIES ||
        entries % HISTORY_WAYS || octets != history_octets((uint32_t)entries))
        return -EINVAL;
    *entries_r = (uint32_t)entries;
    return 0;
}

int history_attach(struct history_view *view, int table_fd, int marks_fd)
{
    void *table, *marks;
    uint32_t entries;
    int rc;

    *view = (struct history_view){ .table = NULL };
    rc = check_files(table_fd, marks_fd, &entries);
    if (rc)
        return rc;
    table = mmap(NULL, history_octets(entries), PROT_READ, MAP_SHARED,
                 table_fd, 0);
    if (table == MAP_FAILED)
        return -errno;
    view->table = table;
    view->entries = entries;
    marks = mmap(NULL, entries, PROT_READ | PROT_WRITE, MAP_SHARED, marks_fd,
                 0);
    if (marks == MAP_FAILED)
        return -errno;
    return history_view_open(view, table, marks, entries);
}

void history_detach(struct history_view *view)
{
    if (view->table)
        munmap((void *)(uintptr_t)view->table, history_octets(view->entries));
    if (view->marks)
        munmap((void *)(uintptr_t)view->marks, view->entries);
    EVP_CIPHER_CTX_free(view->cipher);
    *view = (struct history_view){ .table = NULL };
}
