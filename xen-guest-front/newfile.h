/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * newfile.h - a file that gets its name when it is whole.
 */
#ifndef VSCAN_NEWFILE_H
#define VSCAN_NEWFILE_H

struct newfile {
    int fd;             /* to write to, mode 0600; -1: none */
    int dir;            /* the caller's */
    const char *temp;   /* the name that it has meanwhile, NULL for none */
};

/*
 * Makes a file in the directory @dir; on filesystems without O_TMPFILE it is
 * there as @temp, which must not exist and must outlive it.  Returns 0 or
 * -errno.  To be closed, always.
 */
int newfile_open(struct newfile *file, int dir, const char *temp);

/*
 * Puts it on the disk, then gives it its name, then puts that on the disk.
 * Never replaces: -EEXIST when @name is there.  Returns 0 or -errno.
 */
int newfile_publish(struct newfile *file, const char *name);

/* What has no name yet is gone. */
void newfile_close(struct newfile *file);

#endif
