/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-shortage.c - xen-scan-back/shortage.c: each refusal of memory is seen; and
 * engine.c: a worker that has been refused some calls nothing clean.
 *
 * The content is bzip2 in xz, which the test makes: what it declares as the size
 * of its dictionary is what the outer one takes while the inner one is read.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
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

#include "child.h"
#include "log.h"
#include "proc.h"
#include "sandbox.h"
#include "shortage.h"
#include "signatures.h"
#include "snapshot.h"

#define LARGE           ((size_t)1 << 40)
#define DICTIONARY      ((uint64_t)64 << 20)
#define DICTIONARY_CODE 28
#define NAME            "Test.Shortage.UNOFFICIAL"

/* Refusals ----------------------------------------------------------------- */

#ifndef __SANITIZE_ADDRESS__

static void *volatile taken;

static bool sees(void *memory)
{
    bool seen = shortage_seen();

    taken = memory;
    shortage_forget();
    must(!shortage_seen());
    return seen;
}

static void ask_too_much(void)
{
    const struct rlimit data = { 64 << 20, 64 << 20 };
    void *volatile small, *place = NULL;
    volatile size_t large = LARGE;
    char *text = NULL;

    must(!setrlimit(RLIMIT_DATA, &data));
    shortage_forget();
    must(!sees(malloc(1000)));
    must(sees(malloc(large)));
    must(!taken);
    must(!sees(calloc(10, 10)));
    must(sees(calloc(large, 1)));
    must(sees(calloc(large, large)));
    must(!sees(realloc(NULL, 200)));
    small = taken;
    must(sees(realloc(small, large)) && !taken);
    must(!sees(realloc(small, 0)));
    must(!sees(memalign(64, 100)));
    must((uintptr_t)taken % 64 == 0);
    must(sees(memalign(64, large)));
    must(sees(aligned_alloc(64, large)));
    must(posix_memalign(&place, 64, large) == ENOMEM && sees(NULL));
    must(posix_memalign(&place, 3, 100) == EINVAL && !sees(NULL));
    must(!posix_memalign(&place, 4096, 100) && !sees(place));
    must((uintptr_t)place % 4096 == 0);
    free(place);
    must(sees(mmap(NULL, 65 << 20, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)));
    must(taken == MAP_FAILED);
    must(!sees(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, -1, 0)));
    must(taken == MAP_FAILED && errno == EBADF);
    must(sees(reallocarray(NULL, large, 1)));
    /* What libc takes for others, bit by bit, until there is no more. */
    for (unsigned int i = 0; i < 1000000 && !shortage_seen(); i++)
        if (asprintf(&text, "%1000u", i) < 0)
            text = NULL;
    must(shortage_seen() && !text);
}

static void refusals_are_seen(void **state)
{
    pid_t pid;

    (void)state;
    pid = proc_fork("test-shortage");
    assert_true(pid >= 0);
    if (pid == 0) {
        ask_too_much();
        _exit(0);
    }
    assert_int_equal(outcome(pid), 0);
}

/* A content --------------------------------------------------------------- */

/* "VSCAN-TEST-PATTERN-OF-SHORTAGE " four times, by bzip2 -9. */
static const uint8_t inner[] = {
    0x42, 0x5a, 0x68, 0x39, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, 0x20,
    0x0f, 0x12, 0x8c, 0x00, 0x00, 0x3d, 0x96, 0x00, 0x40, 0x02, 0x2b,
    0xc1, 0xdd, 0x00, 0x20, 0x00, 0x50, 0xa6, 0x00, 0x00, 0x2a, 0xa8,
    0xcd, 0x27, 0xa4, 0x66, 0x92, 0x0c, 0x94, 0x49, 0x62, 0xc4, 0x9a,
    0x28, 0xf8, 0x81, 0xb3, 0x44, 0x14, 0x58, 0xd9, 0x47, 0x66, 0xcf,
    0x0e, 0x17, 0x2e, 0x49, 0x26, 0x48, 0x32, 0x70, 0xfc, 0x5d, 0xc9,
    0x14, 0xe1, 0x42, 0x40, 0x80, 0x3c, 0x4a, 0x30
};

static uint8_t content[512];
static size_t content_size;

static void put(const void *octets, size_t size)
{
    assert_true(content_size + size <= sizeof(content));
    memcpy(content + content_size, octets, size);
    content_size += size;
}

static void put_octets(unsigned int nr, ...)
{
    va_list args;

    va_start(args, nr);
    while (nr-- > 0) {
        uint8_t octet = (uint8_t)va_arg(args, int);

        put(&octet, 1);
    }
    va_end(args);
}

static void pad(size_t from)
{
    while ((content_size - from) % 4)
        put_octets(1, 0);
}

/* Of what stands from @from on. */
static void put_crc32(size_t from)
{
    uint32_t crc = UINT32_MAX;

    for (size_t i = from; i < content_size; i++) {
        crc ^= content[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    crc = ~crc;
    put(&crc, sizeof(crc));
}

/* One block with one chunk that is not compressed (the .xz format, 1.1). */
static void make_content(void)
{
    const uint8_t size = sizeof(inner);
    size_t block, data, index, footer;
    uint32_t crc;

    content_size = 0;
    put("\xfd" "7zXZ\0" "\0\1", 8);
    put_crc32(6);
    block = content_size;
    put_octets(8, 2, 0, 0x21, 1, DICTIONARY_CODE, 0, 0, 0);
    put_crc32(block);
    put_octets(3, 1, 0, size - 1);
    data = content_size;
    put(inner, size);
    /* The check of the content comes last, of these octets. */
    put_crc32(data);
    memcpy(&crc, content + content_size - 4, 4);
    content_size -= 4;
    put_octets(1, 0);
    data = content_size - block;
    pad(0);
    put(&crc, 4);
    index = content_size;
    put_octets(2, 0, 1);
    assert_true(data + 4 < 128);
    put_octets(2, (int)data + 4, size);
    pad(index);
    put_crc32(index);
    footer = content_size;
    put_octets(6, (int)(footer - index) / 4 - 1, 0, 0, 0, 0, 1);
    put_crc32(footer);
    memcpy(&crc, content + content_size - 4, 4);
    memmove(content + footer + 4, content + footer, 6);
    memcpy(content + footer, &crc, 4);
    put("YZ", 2);
}

/* Scans it in a worker with @room octets of memory. */
static struct verdict scan_with(uint64_t memory, bool by_engine)
{
    struct sandbox_room room = SANDBOX_ROOM_DEFAULT;
    struct verdict *verdict = mmap(NULL, sizeof(*verdict),
                                   PROT_READ | PROT_WRITE,
                                   MAP_SHARED | MAP_ANONYMOUS, -1, 0), v;
    static struct engine *engine;
    char error[ENGINE_TEXT];
    pid_t pid;
    int fd;

    assert_true(verdict != MAP_FAILED);
    if (!engine)
        assert_int_equal(engine_clamav.load(db, SANDBOX_TEMP_DIR, &limits,
                                            &engine, error), 0);
    assert_int_equal(snapshot_make(content, content_size, &fd), 0);
    room.memory = memory;
    pid = proc_fork("test-shortage");
    assert_true(pid >= 0);
    if (pid == 0) {
        must(!sandbox_enter_worker(&room));
        *verdict = by_engine ? engine_scan(engine, fd, content_size) :
                   engine->ops->scan(engine, fd, content_size);
        if (by_engine) {
            v = engine_scan_memory(engine, content, content_size);
            must(!memcmp(&v, verdict, sizeof(v)));
        }
        _exit(0);
    }
    assert_int_equal(outcome(pid), 0);
    close(fd);
    v = *verdict;
    munmap(verdict, sizeof(*verdict));
    return v;
}

static void nothing_is_clean_for_want_of_memory(void **state)
{
    unsigned int skipped = 0, alarms = 0, refused = 0;
    struct verdict v;

    (void)state;
    if (geteuid())
        skip();
    make_content();
    v = scan_with((uint64_t)2 << 30, true);
    assert_int_equal(v.code, VSCANIF_VERDICT_INFECTED);
    assert_string_equal(v.name, NAME);
    /* Around what the outer one takes, and a little more. */
    for (uint64_t more = 0; more <= 16; more++) {
        const uint64_t memory = DICTIONARY - (8 << 20) + (more << 20);

        v = scan_with(memory, false);
        skipped += v.code == VSCANIF_VERDICT_CLEAN;
        alarms += !strncmp(v.name, "Heuristics.", 11);
        v = scan_with(memory, true);
        refused += v.code == VSCANIF_VERDICT_NOT_SCANNED;
        if (v.code == VSCANIF_VERDICT_NOT_SCANNED)
            assert_int_equal(v.reason, VSCANIF_REASON_RESOURCES);
        else
            assert_string_equal(v.name, NAME);
    }
    /* The engine alone gets both wrong. */
    assert_in_range(skipped, 1, 16);
    assert_in_range(alarms, 1, 16);
    assert_int_equal(refused, skipped + alarms);
}

static int make_signatures(void **state)
{
    if (signatures_make(state))
        return -1;
    write_text_in(db, "shortage.ndb", "Test.Shortage:0:*:56534341"
                  "4e2d544553542d5041545445524e2d4f462d53484f5254414745\n");
    return 0;
}

static int remove_signatures(void **state)
{
    unlink_in(db, "shortage.ndb");
    return signatures_remove(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals_are_seen),
        cmocka_unit_test(nothing_is_clean_for_want_of_memory),
    };

    log_init("test-shortage", LOG_LEVEL_ERROR);
    return cmocka_run_group_tests_name("shortage", tests, make_signatures,
                                       remove_signatures);
}

#else

/* AddressSanitizer's memory is its own, and so are its refusals. */
static void no_shortage_is_seen(void **state)
{
    (void)state;
    shortage_forget();
    assert_false(shortage_seen());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_shortage_is_seen),
    };

    return cmocka_run_group_tests_name("shortage", tests, NULL, NULL);
}

#endif
