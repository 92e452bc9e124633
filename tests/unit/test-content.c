/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-content.c - tests of xen-guest-front/content.c. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "content.h"

#define CHUNK   65536

static int memory(const void *content, size_t size)
{
    int fd = memfd_create("content", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, size), size);
    return fd;
}

static void there_and_back(void **state)
{
    static const size_t sizes[] = { 0, 1, CHUNK - 1, CHUNK, CHUNK + 1,
                                    3 * CHUNK + 7 };
    static uint8_t content[4 * CHUNK], back[4 * CHUNK];
    char sum[ITEM_SHA256_SIZE], sum_back[ITEM_SHA256_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(content); i++)
        content[i] = (uint8_t)(i * 31 + i / 251);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        int in = memory(content, sizes[i]), store = memory("", 0);
        int out = memory("", 0);
        struct content c = { .way = CONTENT_IN, .from = in, .to = store,
                             .size = sizes[i] };

        assert_int_equal(content_copy(&c, sum), 0);
        assert_int_equal(pread(store, back, sizeof(back), 0), sizes[i]);
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(back[k], content[k] ^ 0xff);
        c = (struct content){ .way = CONTENT_OUT, .from = store, .to = out,
                              .size = sizes[i] };
        assert_int_equal(content_copy(&c, sum_back), 0);
        assert_int_equal(pread(out, back, sizeof(back), 0), sizes[i]);
        assert_memory_equal(back, content, sizes[i]);
        assert_string_equal(sum, sum_back);
        close(in);
        close(store);
        close(out);
    }
}

static void known_digest(void **state)
{
    int in = memory("xabc", 4);
    struct content c = { .way = CONTENT_IN, .from = in, .at = 1, .to = -1,
                         .size = 3 };
    char sum[ITEM_SHA256_SIZE];

    (void)state;
    assert_int_equal(content_copy(&c, sum), 0);
    assert_string_equal(sum, "ba7816bf8f01cfea414140de5dae2223"
                             "b00361a396177a9cb410ff61f20015ad");
    close(in);
}

static void another_size(void **state)
{
    int in = memory("abc", 3), to = memory("", 0);
    struct content c = { .way = CONTENT_IN, .from = in, .to = to, .size = 2 };
    char sum[ITEM_SHA256_SIZE];
    struct stat st;

    (void)state;
    assert_int_equal(content_copy(&c, sum), -ESTALE);
    /* Nothing of what is too much. */
    assert_int_equal(fstat(to, &st), 0);
    assert_int_equal(st.st_size, 0);
    c.size = 4;
    assert_int_equal(content_copy(&c, sum), -ESTALE);
    close(in);
    close(to);
}

static void holes(void **state)
{
    static uint8_t content[4 * CHUNK], back[4 * CHUNK];
    char sum[ITEM_SHA256_SIZE];
    struct content c = { .way = CONTENT_IN, .size = sizeof(content) };
    int store = memory("", 0), out = memory("", 0);
    struct stat st;

    (void)state;
    content[CHUNK] = 1;
    c.from = memory(content, sizeof(content));
    c.to = store;
    assert_int_equal(content_copy(&c, sum), 0);
    c = (struct content){ .way = CONTENT_OUT, .from = store, .to = out,
                          .holes = 1, .size = sizeof(content) };
    assert_int_equal(content_copy(&c, sum), 0);
    assert_int_equal(pread(out, back, sizeof(back), 0), sizeof(back));
    assert_memory_equal(back, content, sizeof(back));
    assert_int_equal(fstat(out, &st), 0);
    assert_int_equal(st.st_blocks * 512, CHUNK);
    close(store);
    close(out);
}

static void cannot_write(void **state)
{
    struct content c = { .way = CONTENT_IN, .from = memory("abc", 3),
                         .to = open("/dev/full", O_WRONLY | O_CLOEXEC),
                         .size = 3 };
    char sum[ITEM_SHA256_SIZE];

    (void)state;
    assert_int_equal(content_copy(&c, sum), -ENOSPC);
    c.from = -1;
    assert_int_equal(content_copy(&c, sum), -EBADF);
    close(c.to);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back), cmocka_unit_test(known_digest),
        cmocka_unit_test(another_size), cmocka_unit_test(holes),
        cmocka_unit_test(cannot_write),
    };

    return cmocka_run_group_tests_name("content", tests, NULL, NULL);
}
