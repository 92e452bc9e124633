/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pageout.c - a file on tmpfs that is in the swap area, for 34-pages.sh.
 *
 *   pageout FILE SIZE
 *
 * Overview: makes FILE of what comes from standard input, SIZE octets, and has it
 * paged out.  Exit status 1 when something fails, or when a page is still in
 * memory; 2 usage.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE    4096u
#define LARGEST (PAGE * 4096u)

int main(int argc, char **argv)
{
    static unsigned char in_memory[LARGEST / PAGE];
    size_t size = argc == 3 ? strtoul(argv[2], NULL, 10) : 0, done = 0;
    char *mapped;
    int fd;

    if (!size || size > LARGEST)
        return 2;
    fd = open(argv[1], O_RDWR | O_CREAT | O_EXCL, 0600);
    if (fd < 0 || ftruncate(fd, (off_t)size))
        return 1;
    mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED)
        return 1;
    while (done < size) {
        ssize_t n = read(0, mapped + done, size - done);

        if (n <= 0)
            return 1;
        done += (size_t)n;
    }
    if (madvise(mapped, size, MADV_PAGEOUT) || mincore(mapped, size, in_memory))
        return 1;
    for (size_t i = 0; i < size; i += PAGE)
        if (in_memory[i / PAGE] & 1)
            return 1;
    return 0;
}
