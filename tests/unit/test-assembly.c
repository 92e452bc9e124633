/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-assembly.c - content that comes in pieces. */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "assembly.h"
#include "fake.h"
#include "snapshot.h"

#define MIB ((uint64_t)1 << 20)

static struct assembly assembly;
static unsigned int fds;

static int start(void **state)
{
    (void)state;
    fds = fake_open_fds();
    memset(&assembly, 0, sizeof(assembly));
    return 0;
}

static int stop(void **state)
{
    (void)state;
    assembly_drop(&assembly);
    assembly_drop(&assembly);
    assert_int_equal(fake_open_fds(), fds);
    return 0;
}

static void begin(uint64_t size)
{
    const struct scan_request req = { .id = 9, .size = size };

    assert_int_equal(assembly_begin(&assembly, &req), 0);
    assert_true(assembly.on);
    assert_false(assembly_is_whole(&assembly));
}

static int add(uint32_t stream, uint64_t size, const char *octets)
{
    const struct scan_request piece = { .size = size, .dir_ref = { stream } };
    const char *why = NULL;

    return assembly_add(&assembly, &piece, octets, &why);
}

static void content_and_holes(void **state)
{
    char octets[5000], *map;
    int fd;

    (void)state;
    memset(octets, 'a', sizeof(octets));
    begin(5000 + 3 * MIB + 7);
    assert_int_equal(add(9, 5000, octets), 0);
    assert_int_equal(add(9, 3 * MIB, NULL), 0);
    assert_false(assembly_is_whole(&assembly));
    assert_int_equal(add(9, 7, "content"), 0);
    assert_true(assembly_is_whole(&assembly));
    assert_int_equal(assembly_take(&assembly, &fd), 0);
    assert_false(assembly.on);
    assert_int_equal(snapshot_check(fd, 5000 + 3 * MIB + 7), 0);
    map = snapshot_map(fd, 5000 + 3 * MIB + 7);
    assert_non_null(map);
    assert_memory_equal(map, octets, 5000);
    assert_int_equal(map[5000], 0);
    assert_memory_equal(map + 5000 + 3 * MIB, "content", 7);
    munmap(map, 5000 + 3 * MIB + 7);
    /* Of another size, or nothing that has one: it is no hole. */
    assert_null(snapshot_map(fd, 5000 + 3 * MIB + 6));
    assert_null(snapshot_map(fd, 5000 + 3 * MIB + 8));
    close(fd);
    assert_null(snapshot_map(fd, 5000 + 3 * MIB + 7));
}

static void bounds(void **state)
{
    (void)state;
    begin(10);
    assert_int_equal(add(8, 1, "x"), -EPROTO);
    assert_int_equal(add(9, 11, NULL), -EPROTO);
    assert_int_equal(add(9, UINT64_MAX, NULL), -EPROTO);
    assert_int_equal(add(9, 10, NULL), 0);
    assert_true(assembly_is_whole(&assembly));
    assert_int_equal(add(9, 1, "x"), -EPROTO);
    assembly_drop(&assembly);
    assert_false(assembly_is_whole(&assembly));
    begin(1);
}

static void too_large(void **state)
{
    const struct scan_request req = { .size = SNAPSHOT_MAX + 1 };

    (void)state;
    assert_int_equal(assembly_begin(&assembly, &req), -EFBIG);
    assert_false(assembly.on);
}

/* All that is read of a hole takes no memory: neither here nor in the file. */
static void holes_take_nothing(void **state)
{
    const uint64_t size = 64 * MIB;
    unsigned char *map, resident[4];
    struct stat st;
    uint64_t sum = 0;
    int fd;

    (void)state;
    begin(size);
    assert_int_equal(add(9, size - 1, NULL), 0);
    assert_int_equal(add(9, 1, "x"), 0);
    assert_int_equal(assembly_take(&assembly, &fd), 0);
    map = snapshot_map(fd, size);
    assert_non_null(map);
    for (uint64_t i = 0; i < size; i += 4096)
        sum += map[i];
    assert_int_equal(sum, 0);
    assert_int_equal(map[size - 1], 'x');
    assert_int_equal(mincore(map + size - 4096, 4096, resident), 0);
    assert_int_equal(fstat(fd, &st), 0);
    assert_true((uint64_t)st.st_blocks * 512 <= 2 * MIB);
    munmap(map, size);
    close(fd);
}

/* Many small holes are no holes to the mapping. */
static void many_holes(void **state)
{
    const uint64_t size = 32 * MIB;
    char *map;
    int fd;

    (void)state;
    begin(size);
    for (unsigned int i = 0; i < 256; i++) {
        assert_int_equal(add(9, 4096, NULL), 0);
        assert_int_equal(add(9, 4, "abcd"), 0);
        assert_int_equal(add(9, size / 256 - 4100, NULL), 0);
    }
    assert_int_equal(assembly_take(&assembly, &fd), 0);
    map = snapshot_map(fd, size);
    assert_non_null(map);
    for (unsigned int i = 0; i < 256; i++) {
        assert_int_equal(map[i * (size / 256)], 0);
        assert_memory_equal(map + i * (size / 256) + 4096, "abcd", 5);
    }
    munmap(map, size);
    close(fd);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(content_and_holes), TEST(bounds), TEST(too_large),
        TEST(holes_take_nothing), TEST(many_holes),
    };

    return cmocka_run_group_tests_name("assembly", tests, NULL, NULL);
}
