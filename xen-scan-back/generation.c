/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * generation.c - see generation.h.
 *
 * Overview: digests of lists.  Each part of what is digested has a fixed size
 * or ends with a NUL, so that no two lists of files look alike.
 */
#define _GNU_SOURCE
#include "generation.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "digest.h"

/* One that has just gone, or is no regular file, is none at all. */
static int add_file(struct digest *list, int dir, const char *name)
{
    uint8_t digest[DIGEST_OCTETS];
    struct stat st;
    uint64_t size;
    int fd, rc;

    if (fstatat(dir, name, &st, 0))
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISREG(st.st_mode))
        return 0;
    fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    rc = digest_file(fd, &size, digest);
    close(fd);
    if (!rc)
        rc = digest_add(list, name, strlen(name) + 1);
    if (!rc)
        rc = digest_add(list, &size, sizeof(size));
    return rc ? rc : digest_add(list, digest, sizeof(digest));
}

/* Not alphasort(): the order must not depend on the language. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

int generation_files(const char *path, struct generation_files *files_r)
{
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), nr = -1, rc = 0;
    struct dirent **entry = NULL;
    struct digest list = DIGEST_INIT;

    if (dir < 0)
        return -errno;
    nr = scandirat(dir, ".", &entry, NULL, by_name);
    if (nr < 0) {
        rc = -errno;
        goto out;
    }
    rc = digest_start(&list);
    for (int i = 0; !rc && i < nr; i++)
        rc = add_file(&list, dir, entry[i]->d_name);
    if (!rc)
        rc = digest_end(&list, files_r->digest);
out:
    digest_dispose(&list);
    while (nr > 0)
        free(entry[--nr]);
    free(entry);
    close(dir);
    return rc;
}

int generation_make(const struct generation_part *const *parts,
                    unsigned int nr, uint64_t *generation_r)
{
    struct digest list = DIGEST_INIT;
    uint8_t digest[DIGEST_OCTETS];
    int rc = digest_start(&list);
    uint64_t generation;

    for (unsigned int i = 0; !rc && i < nr; i++)
        rc = digest_add(&list, parts[i], sizeof(*parts[i]));
    if (!rc)
        rc = digest_end(&list, digest);
    digest_dispose(&list);
    if (rc)
        return rc;
    memcpy(&generation, digest, sizeof(generation));
    *generation_r = generation ? generation : 1;
    return 0;
}
