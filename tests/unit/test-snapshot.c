/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-snapshot.c - tests of xen-scan-back/snapshot.c. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "snapshot.h"

#define PAGE    4096

static const uint64_t sizes[] = { 1, PAGE - 1, PAGE, PAGE + 1 };

static unsigned char *two_pages(void)
{
    unsigned char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    assert_true(p != MAP_FAILED);
    for (unsigned int i = 0; i < 2 * PAGE; i++)
        p[i] = (unsigned char)(i * 7 + 1);
    return p;
}

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

static void holds_the_content(void **state)
{
    unsigned char *pages = two_pages(), got[2 * PAGE];

    (void)state;
    for (unsigned int i = 0; i < 4; i++) {
        int fd;

        assert_int_equal(snapshot_make(pages, sizes[i], &fd), 0);
        assert_int_equal(pread(fd, got, sizeof(got), 0), sizes[i]);
        assert_memory_equal(got, pages, sizes[i]);
        assert_int_equal(snapshot_check(fd, sizes[i]), 0);
        assert_int_equal(snapshot_check(fd, sizes[i] - 1), -EINVAL);
        assert_int_equal(snapshot_check(fd, sizes[i] + 1), -EINVAL);
        assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
        close(fd);
    }
    munmap(pages, 2 * PAGE);
}

static void keeps_the_content(void **state)
{
    unsigned char *pages = two_pages(), before[PAGE], got[PAGE];
    int fd;

    (void)state;
    memcpy(before, pages, PAGE);
    assert_int_equal(snapshot_make(pages, PAGE, &fd), 0);
    memset(pages, 0xff, PAGE);
    assert_int_equal(pread(fd, got, PAGE, 0), PAGE);
    assert_memory_equal(got, before, PAGE);
    munmap(pages, 2 * PAGE);
    assert_int_equal(pread(fd, got, PAGE, 0), PAGE);
    assert_memory_equal(got, before, PAGE);
    close(fd);
}

static void cannot_be_changed(void **state)
{
    unsigned char *pages = two_pages();
    void *map;
    int fd;

    (void)state;
    assert_int_equal(snapshot_make(pages, PAGE, &fd), 0);
    assert_int_equal(pwrite(fd, "x", 1, 0), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(pwrite(fd, "x", 1, PAGE), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(ftruncate(fd, PAGE - 1), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(ftruncate(fd, PAGE + 1), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(fallocate(fd, FALLOC_FL_PUNCH_HOLE |
                               FALLOC_FL_KEEP_SIZE, 0, PAGE), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), -1);
    assert_int_equal(errno, EPERM);
    map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_true(map == MAP_FAILED);
    assert_int_equal(errno, EPERM);
    close(fd);
    munmap(pages, 2 * PAGE);
}

static void refuses_sizes(void **state)
{
    unsigned char *pages = two_pages();
    unsigned int fds = open_fds();
    int fd = 0;

    (void)state;
    assert_int_equal(snapshot_make(pages, 0, &fd), -EINVAL);
    assert_int_equal(fd, -1);
    assert_int_equal(snapshot_make(pages, SNAPSHOT_MAX + 1, &fd), -EFBIG);
    assert_int_equal(snapshot_make(pages, UINT64_MAX, &fd), -EFBIG);
    assert_int_equal(snapshot_check(0, 0), -EINVAL);
    assert_int_equal(snapshot_check(0, SNAPSHOT_MAX + 1), -EFBIG);
    assert_int_equal(open_fds(), fds);
    munmap(pages, 2 * PAGE);
}

static void bad_pages_leave_nothing(void **state)
{
    unsigned char *pages = two_pages();
    unsigned int fds = open_fds();
    int fd = 0;

    (void)state;
    assert_int_equal(mprotect(pages + PAGE, PAGE, PROT_NONE), 0);
    /* All bad; the second page bad, from its first octet on. */
    assert_int_equal(snapshot_make(pages + PAGE, 1, &fd), -EFAULT);
    assert_int_equal(fd, -1);
    fd = 0;
    assert_int_equal(snapshot_make(pages, PAGE + 1, &fd), -EFAULT);
    assert_int_equal(fd, -1);
    assert_int_equal(open_fds(), fds);
    munmap(pages, 2 * PAGE);
}

static int memfd_with(int seals)
{
    int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, "content", 7), 7);
    if (seals)
        assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
    return fd;
}

static void check_wants_every_seal(void **state)
{
    static const int all[] = { F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE,
                               F_SEAL_SEAL };

    (void)state;
    for (unsigned int missing = 0; missing <= 4; missing++) {
        int seals = 0, fd;

        for (unsigned int i = 0; i < 4; i++)
            seals |= i == missing ? 0 : all[i];
        fd = memfd_with(seals);
        assert_int_equal(snapshot_check(fd, 7), missing < 4 ? -EPERM : 0);
        close(fd);
    }
}

static void check_wants_a_memfd(void **state)
{
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), ends[2];
    uint64_t size;

    (void)state;
    assert_true(file >= 0);
    size = (uint64_t)lseek(file, 0, SEEK_END);
    assert_int_equal(snapshot_check(file, size), -EINVAL);
    close(file);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(snapshot_check(ends[0], 1), -EINVAL);
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(snapshot_check(-1, 1), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_the_content),
        cmocka_unit_test(keeps_the_content),
        cmocka_unit_test(cannot_be_changed),
        cmocka_unit_test(refuses_sizes),
        cmocka_unit_test(bad_pages_leave_nothing),
        cmocka_unit_test(check_wants_every_seal),
        cmocka_unit_test(check_wants_a_memfd),
    };

    return cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
}
