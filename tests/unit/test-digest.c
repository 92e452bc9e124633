/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-digest.c - tests of xen-scan-back/digest.c, against the examples that
 * come with the standard (FIPS 180-4) and against itself.
 */
#define _GNU_SOURCE
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

#include "digest.h"

/* What digest_file() reads at once. */
#define CHUNK   65536
#define LARGE   (3 * CHUNK)

static uint8_t content[LARGE];

static void expect(const uint8_t digest[DIGEST_OCTETS], const char *hex)
{
    char text[2 * DIGEST_OCTETS + 1];

    for (unsigned int i = 0; i < DIGEST_OCTETS; i++)
        sprintf(text + 2 * i, "%02x", digest[i]);
    assert_string_equal(text, hex);
}

static void fill_content(void)
{
    for (unsigned int i = 0; i < LARGE; i++)
        content[i] = (uint8_t)(i ^ i >> 8 ^ i >> 16);
}

static void is_sha_256(void **state)
{
    uint8_t digest[DIGEST_OCTETS];
    const char *two_blocks =
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";

    (void)state;
    assert_int_equal(digest_of(NULL, 0, digest), 0);
    expect(digest, "e3b0c44298fc1c149afbf4c8996fb924"
                   "27ae41e4649b934ca495991b7852b855");
    assert_int_equal(digest_of("abc", 3, digest), 0);
    expect(digest, "ba7816bf8f01cfea414140de5dae2223"
                   "b00361a396177a9cb410ff61f20015ad");
    assert_int_equal(digest_of(two_blocks, strlen(two_blocks), digest), 0);
    expect(digest, "248d6a61d20638b8e5c026930c3e6039"
                   "a33ce45964ff2167f6ecedd419db06c1");
}

static void parts_are_the_whole(void **state)
{
    static const size_t cuts[] = { 0, 1, 63, 64, 65, 4096, LARGE - 1, LARGE };
    uint8_t whole[DIGEST_OCTETS], parts[DIGEST_OCTETS];
    struct digest digest = DIGEST_INIT;

    (void)state;
    fill_content();
    assert_int_equal(digest_of(content, LARGE, whole), 0);
    for (unsigned int i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
        assert_int_equal(digest_start(&digest), 0);
        assert_int_equal(digest_add(&digest, content, cuts[i]), 0);
        assert_int_equal(digest_add(&digest, content + cuts[i],
                                    LARGE - cuts[i]), 0);
        assert_int_equal(digest_end(&digest, parts), 0);
        assert_memory_equal(parts, whole, sizeof(whole));
    }
    digest_dispose(&digest);
}

/* What a caller gives up half-way leaves nothing behind. */
static void a_start_forgets(void **state)
{
    struct digest digest = DIGEST_INIT;
    uint8_t got[DIGEST_OCTETS];

    (void)state;
    assert_int_equal(digest_start(&digest), 0);
    assert_int_equal(digest_add(&digest, "abandoned", 9), 0);
    assert_int_equal(digest_start(&digest), 0);
    assert_int_equal(digest_add(&digest, "abc", 3), 0);
    assert_int_equal(digest_end(&digest, got), 0);
    expect(got, "ba7816bf8f01cfea414140de5dae2223"
                "b00361a396177a9cb410ff61f20015ad");
    digest_dispose(&digest);
    digest_dispose(&digest);
    assert_null(digest.ctx);
    assert_int_equal(digest_start(&digest), 0);
    assert_int_equal(digest_end(&digest, got), 0);
    expect(got, "e3b0c44298fc1c149afbf4c8996fb924"
                "27ae41e4649b934ca495991b7852b855");
    digest_dispose(&digest);
}

static int file_with(size_t size)
{
    int fd = memfd_create("test", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, size), size);
    return fd;
}

static void files_are_their_content(void **state)
{
    static const size_t sizes[] = { 0, 1, CHUNK - 1, CHUNK, CHUNK + 1, LARGE };
    uint8_t want[DIGEST_OCTETS], got[DIGEST_OCTETS];

    (void)state;
    fill_content();
    for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        int fd = file_with(sizes[i]);
        uint64_t size = 1;

        assert_int_equal(digest_of(content, sizes[i], want), 0);
        assert_int_equal(digest_file(fd, &size, got), 0);
        assert_int_equal(size, sizes[i]);
        assert_memory_equal(got, want, sizeof(want));
        close(fd);
    }
}

/* Whoever else has the descriptor could move it meanwhile. */
static void the_offset_does_not_count(void **state)
{
    static const off_t offsets[] = { 0, 5, CHUNK, LARGE };
    uint8_t want[DIGEST_OCTETS], got[DIGEST_OCTETS];
    uint64_t size;
    int fd;

    (void)state;
    fill_content();
    fd = file_with(LARGE);
    assert_int_equal(digest_of(content, LARGE, want), 0);
    for (unsigned int i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        assert_int_equal(lseek(fd, offsets[i], SEEK_SET), offsets[i]);
        assert_int_equal(digest_file(fd, &size, got), 0);
        assert_int_equal(size, LARGE);
        assert_memory_equal(got, want, sizeof(want));
        assert_int_equal(lseek(fd, 0, SEEK_CUR), offsets[i]);
    }
    close(fd);
}

static void what_cannot_be_read(void **state)
{
    int dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), ends[2];
    uint8_t got[DIGEST_OCTETS];
    uint64_t size;

    (void)state;
    assert_int_equal(digest_file(-1, &size, got), -EBADF);
    assert_int_equal(digest_file(dir, &size, got), -EISDIR);
    close(dir);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(digest_file(ends[0], &size, got), -ESPIPE);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_sha_256),
        cmocka_unit_test(parts_are_the_whole),
        cmocka_unit_test(a_start_forgets),
        cmocka_unit_test(files_are_their_content),
        cmocka_unit_test(the_offset_does_not_count),
        cmocka_unit_test(what_cannot_be_read),
    };

    return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
