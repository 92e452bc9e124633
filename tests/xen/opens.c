/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * opens.c - how long an open takes, for tests/bench/transports.sh and wakeups.sh.
 *
 *   opens FOLDER OCTETS COUNT [unlike]
 *
 * Overview: makes COUNT files of the same content in FOLDER (or each of its own,
 * which nobody has seen before), and one that comes first; opens each once, and
 * says the median of all but the first one, in microseconds.  Exit status 1 when
 * one cannot be made or opened; 2 usage.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_COUNT   1000
#define CHUNK       65536

static uint64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Text that differs from page to page, so that nothing is a hole; it begins with
 * @number unless that is 0. */
static int write_file(const char *path, uint64_t octets, uint64_t number)
{
    static char chunk[CHUNK];
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

    for (unsigned int i = 0; i < CHUNK; i++)
        chunk[i] = (char)('a' + (i / 7 + i / 4096) % 26);
    if (number)
        memcpy(chunk, &number, sizeof(number));
    while (fd >= 0 && octets) {
        const size_t n = octets < CHUNK ? (size_t)octets : CHUNK;

        if (write(fd, chunk, n) != (ssize_t)n)
            break;
        octets -= n;
    }
    return fd < 0 || close(fd) || octets ? -1 : 0;
}

static int by_size(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
    uint64_t octets, us[MAX_COUNT + 1];
    unsigned long count;
    char path[256];

    if (argc != 4 && (argc != 5 || strcmp(argv[4], "unlike")))
        return 2;
    octets = strtoull(argv[2], NULL, 10);
    count = strtoul(argv[3], NULL, 10);
    if (!octets || !count || count > MAX_COUNT)
        return 2;
    for (unsigned long i = 0; i <= count; i++) {
        snprintf(path, sizeof(path), "%s/opens-%lu", argv[1], i);
        if (write_file(path, octets, argc == 5 ? now_us() : 0)) {
            perror(path);
            return 1;
        }
    }
    for (unsigned long i = 0; i <= count; i++) {
        const uint64_t start = now_us();
        int fd;

        snprintf(path, sizeof(path), "%s/opens-%lu", argv[1], i);
        fd = open(path, O_RDONLY);
        us[i] = now_us() - start;
        if (fd < 0) {
            perror(path);
            return 1;
        }
        close(fd);
        unlink(path);
    }
    qsort(us + 1, count, sizeof(us[0]), by_size);
    printf("%" PRIu64 "\n", us[1 + count / 2]);
    return 0;
}
