/* SPDX-License-Identifier: GPL-2.0-or-later */
/* room.c - see room.h. */
#define _GNU_SOURCE
#include "room.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static bool here;

static void must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "room: %s: %s\n", what, strerror(errno));
        _exit(70);
    }
}

static void cover(const char *dir, const char *options)
{
    must(!mount("vscan-room", dir, "tmpfs", 0, options), dir);
}

bool room_enter(void)
{
    if (unshare(CLONE_NEWNS))
        return false;
    umask(022);
    must(!mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), "private");
    cover("/mnt", "mode=0755,size=64m");
    cover("/run", "mode=0755");
    cover("/var/lib", "mode=0755");
    cover("/dev", "mode=0755");
    must(!mknod("/dev/null", S_IFCHR | 0666, makedev(1, 3)), "null");
    must(!mkdir("/dev/pts", 0755), "pts");
    must(!mount("devpts", "/dev/pts", "devpts", 0, "ptmxmode=0666"), "devpts");
    must(!symlink("pts/ptmx", "/dev/ptmx"), "ptmx");
    here = true;
    return true;
}

bool room_is_here(void)
{
    return here;
}

void room_clear(const char *options)
{
    while (!umount2("/mnt", MNT_DETACH))
        ;
    cover("/mnt", options);
}

void room_write(const char *path, const void *content, size_t size,
                mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    must(fd >= 0, path);
    must(write(fd, content, size) == (ssize_t)size, path);
    must(!fchmod(fd, mode), path);
    close(fd);
}

char *room_read(const char *path, size_t *size_r)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    char *content;
    ssize_t n;

    if (fd < 0)
        return NULL;
    must(!fstat(fd, &st), path);
    content = malloc((size_t)st.st_size + 1);
    must(content != NULL, path);
    n = read(fd, content, (size_t)st.st_size);
    must(n == st.st_size, path);
    content[n] = 0;
    close(fd);
    *size_r = (size_t)n;
    return content;
}

unsigned int room_names(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    unsigned int n = 0;

    if (!dir)
        return 0;
    while ((entry = readdir(dir)))
        n += entry->d_name[0] != '.';
    closedir(dir);
    return n;
}

void room_deny(int number, unsigned int arg, unsigned int bits, int error)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)number, 0, 4),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                 (unsigned int)(offsetof(struct seccomp_data, args) + 8 * arg)),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, bits),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, bits, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned int)error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

    must(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
    must(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), "seccomp");
}
