/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * changes.c - a file that is changed all the time, for 34-pages.sh.
 *
 *   changes append|cut|rewrite|map|punch FILE TEXT
 *
 * Overview: makes FILE, which begins with TEXT and goes on for 50,000 octets, says
 * "ready", and then changes what is behind the text, until it is killed, through
 * the descriptor that it has.  What it appends it cuts off again when there is a
 * MiB of it; where it punches a hole it writes again.  Exit status 1 when something
 * fails; 2 usage.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SIZE        50000
#define LARGEST     (1024 * 1024)
#define CHUNK       9000
/* Whole pages: what has been in them goes. */
#define HOLE_AT     12288
#define HOLE_SIZE   16384

static char chunk[SIZE];

/* One change; @turn counts them. */
static bool change(const char *how, int fd, char *mapped, unsigned int turn)
{
    memset(chunk, 'a' + (int)(turn % 26), CHUNK);
    if (!strcmp(how, "append")) {
        const off_t end = lseek(fd, 0, SEEK_END);

        return end > LARGEST ? !ftruncate(fd, SIZE) :
               pwrite(fd, chunk, CHUNK, end) == CHUNK;
    }
    if (!strcmp(how, "cut"))
        return !ftruncate(fd, CHUNK) && !ftruncate(fd, SIZE);
    if (!strcmp(how, "punch"))
        return !fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                          HOLE_AT, HOLE_SIZE) &&
               pwrite(fd, chunk, CHUNK, HOLE_AT) == CHUNK;
    if (!strcmp(how, "rewrite"))
        return pwrite(fd, chunk, CHUNK, CHUNK) == CHUNK;
    memset(mapped + CHUNK, 'a' + (int)(turn % 26), CHUNK);
    return true;
}

int main(int argc, char **argv)
{
    char *mapped;
    int fd;

    if (argc != 4 || strlen(argv[3]) > CHUNK)
        return 2;
    fd = open(argv[2], O_RDWR | O_CREAT | O_EXCL, 0600);
    memset(chunk, 'x', sizeof(chunk));
    memcpy(chunk, argv[3], strlen(argv[3]));
    if (fd < 0 || write(fd, chunk, SIZE) != SIZE)
        return 1;
    mapped = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED)
        return 1;
    puts("ready");
    fflush(stdout);
    for (unsigned int turn = 0; ; turn++)
        if (!change(argv[1], fd, mapped, turn))
            return 1;
}
