/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * room.h - the machine as it is, but for a few directories that are ours.
 *
 * Overview: for tests that act as root on files, terminals and programs by
 * their usual paths.  In a mount namespace of its own the process gets new
 * tmpfs over /mnt, /run, /var/lib and /dev (with null, ptmx and pts).  Nothing
 * there is the machine's; programs and libraries are.
 */
#ifndef VSCAN_FAKE_ROOM_H
#define VSCAN_FAKE_ROOM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Moves this process there.  Returns false when it may not (not root). */
bool room_enter(void);

/* Has it moved there? */
bool room_is_here(void);

/* Empties /mnt, and makes it anew with @options of tmpfs(5). */
void room_clear(const char *options);

/* Makes a file. */
void room_write(const char *path, const void *content, size_t size,
                mode_t mode);

/* All of a file, NUL added; NULL when it cannot be opened.  To be freed. */
char *room_read(const char *path, size_t *size_r);

/* How many names there are in a directory, but for those with a dot first; 0
 * when there is none. */
unsigned int room_names(const char *dir);

/*
 * From now on, in this process: system call @number fails with @error when the
 * bits @bits of its argument @arg are all set (0: always).  To be called in a
 * child.
 */
void room_deny(int number, unsigned int arg, unsigned int bits, int error);

#endif
