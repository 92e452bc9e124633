/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mapped.c - writes into a file through a shared mapping, which raises no
 * event, for 75-records.sh.
 *
 *   mapped FILE TEXT...
 *
 * Overview: opens FILE for writing, maps all of it, reads of it, so that on some
 * filesystems nothing more is asked of the kernel, closes the descriptor and
 * says "ready".  For each line on standard input it puts the next TEXT at the
 * beginning of the mapping, without msync(2), and says "written"; it keeps the
 * mapping until standard input ends.  FILE must be as long as each TEXT.  Exit
 * status 0; 1 when FILE cannot be mapped, 2 usage.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void say(const char *word)
{
    puts(word);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    char line[16];
    struct stat st;
    char *content;
    int fd;

    if (argc < 3) {
        fprintf(stderr, "usage: mapped FILE TEXT...\n");
        return 2;
    }
    fd = open(argv[1], O_RDWR | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st)) {
        perror(argv[1]);
        return 1;
    }
    for (int i = 2; i < argc; i++) {
        if ((off_t)strlen(argv[i]) > st.st_size) {
            fprintf(stderr, "mapped: %s is shorter than a text\n", argv[1]);
            return 2;
        }
    }
    content = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE,
                   MAP_SHARED, fd, 0);
    if (content == MAP_FAILED) {
        perror("mmap");
        return 1;
    }
    close(fd);
    if (memchr(content, '\n', (size_t)st.st_size) == content)
        fprintf(stderr, "mapped: %s begins with an empty line\n", argv[1]);
    say("ready");
    for (int i = 2; fgets(line, sizeof(line), stdin);) {
        if (i == argc)
            continue;
        memcpy(content, argv[i], strlen(argv[i]));
        i++;
        say("written");
    }
    return 0;
}
