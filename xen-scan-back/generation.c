/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * generation.c - see generation.h.
 *
 * Overview: digests by libcrypto.  Each part of what is digested has a fixed
 * size or ends with a NUL, so that no two lists of files look alike.
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

#include <openssl/evp.h>

#define DIGEST_OCTETS   sizeof(((struct generation_files *)NULL)->digest)
#define READ_OCTETS     65536

/* NULL when there is no memory; goes with EVP_MD_CTX_free(). */
static EVP_MD_CTX *digest_start(void)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    if (ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1)
        return ctx;
    EVP_MD_CTX_free(ctx);
    return NULL;
}

static int digest_add(EVP_MD_CTX *ctx, const void *data, size_t size)
{
    return EVP_DigestUpdate(ctx, data, size) == 1 ? 0 : -ENOMEM;
}

static int digest_end(EVP_MD_CTX *ctx, uint8_t digest_r[DIGEST_OCTETS])
{
    return EVP_DigestFinal_ex(ctx, digest_r, NULL) == 1 ? 0 : -ENOMEM;
}

static int digest_content(int fd, uint64_t *size_r,
                          uint8_t digest_r[DIGEST_OCTETS])
{
    static uint8_t octets[READ_OCTETS];
    EVP_MD_CTX *ctx = digest_start();
    int rc = ctx ? 0 : -ENOMEM;
    ssize_t n;

    *size_r = 0;
    while (!rc && (n = read(fd, octets, sizeof(octets))) != 0) {
        if (n < 0) {
            rc = errno == EINTR ? 0 : -errno;
            continue;
        }
        *size_r += (uint64_t)n;
        rc = digest_add(ctx, octets, (size_t)n);
    }
    if (!rc)
        rc = digest_end(ctx, digest_r);
    EVP_MD_CTX_free(ctx);
    return rc;
}

/* One that has just gone, or is no regular file, is none at all. */
static int add_file(EVP_MD_CTX *ctx, int dir, const char *name)
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
    rc = digest_content(fd, &size, digest);
    close(fd);
    if (!rc)
        rc = digest_add(ctx, name, strlen(name) + 1);
    if (!rc)
        rc = digest_add(ctx, &size, sizeof(size));
    return rc ? rc : digest_add(ctx, digest, sizeof(digest));
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
    EVP_MD_CTX *ctx = NULL;

    if (dir < 0)
        return -errno;
    nr = scandirat(dir, ".", &entry, NULL, by_name);
    if (nr < 0) {
        rc = -errno;
        goto out;
    }
    ctx = digest_start();
    if (!ctx)
        rc = -ENOMEM;
    for (int i = 0; !rc && i < nr; i++)
        rc = add_file(ctx, dir, entry[i]->d_name);
    if (!rc)
        rc = digest_end(ctx, files_r->digest);
out:
    EVP_MD_CTX_free(ctx);
    while (nr > 0)
        free(entry[--nr]);
    free(entry);
    close(dir);
    return rc;
}

int generation_make(const struct generation_part *const *parts,
                    unsigned int nr, uint64_t *generation_r)
{
    uint8_t digest[DIGEST_OCTETS];
    EVP_MD_CTX *ctx = digest_start();
    int rc = ctx ? 0 : -ENOMEM;
    uint64_t generation;

    for (unsigned int i = 0; !rc && i < nr; i++)
        rc = digest_add(ctx, parts[i], sizeof(*parts[i]));
    if (!rc)
        rc = digest_end(ctx, digest);
    EVP_MD_CTX_free(ctx);
    if (rc)
        return rc;
    memcpy(&generation, digest, sizeof(generation));
    *generation_r = generation ? generation : 1;
    return 0;
}
