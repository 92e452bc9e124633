/* SPDX-License-Identifier: GPL-2.0-or-later */
/* content.c - see content.h. */
#define _GNU_SOURCE
#include "content.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK   (64 * 1024)

static void invert(uint8_t *octets, size_t size)
{
    for (size_t i = 0; i < size; i++)
        octets[i] ^= 0xff;
}

static int write_all(int fd, const uint8_t *octets, size_t size)
{
    while (size) {
        ssize_t r = write(fd, octets, size);

        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return -errno;
        octets += r;
        size -= (size_t)r;
    }
    return 0;
}

static int put(const struct content *content, const uint8_t *octets,
               size_t size)
{
    static const uint8_t zeros[CHUNK];

    if (content->to < 0)
        return 0;
    if (content->holes && !memcmp(octets, zeros, size))
        return lseek(content->to, (off_t)size, SEEK_CUR) < 0 ? -errno : 0;
    return write_all(content->to, octets, size);
}

static int copy(const struct content *content, EVP_MD_CTX *digest,
                uint8_t *chunk)
{
    uint64_t done = 0;
    ssize_t r;
    int rc;

    while ((r = pread(content->from, chunk, CHUNK,
                      content->at + (off_t)done)) != 0) {
        size_t n = (size_t)r;

        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return -errno;
        if (n > content->size - done)
            return -ESTALE;
        done += n;
        if (content->way == CONTENT_OUT)
            invert(chunk, n);
        if (EVP_DigestUpdate(digest, chunk, n) != 1)
            return -ENOMEM;
        if (content->way == CONTENT_IN)
            invert(chunk, n);
        if ((rc = put(content, chunk, n)))
            return rc;
    }
    if (done != content->size)
        return -ESTALE;
    /* A hole at the end. */
    if (content->to >= 0 && content->holes &&
        ftruncate(content->to, (off_t)done))
        return -errno;
    return 0;
}

int content_copy(const struct content *content, char sha256_r[ITEM_SHA256_SIZE])
{
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    uint8_t *chunk = malloc(CHUNK), sum[EVP_MAX_MD_SIZE];
    unsigned int len = 0;
    int rc = -ENOMEM;

    if (chunk && digest && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1)
        rc = copy(content, digest, chunk);
    if (!rc && EVP_DigestFinal_ex(digest, sum, &len) != 1)
        rc = -ENOMEM;
    for (unsigned int i = 0; !rc && i < len; i++)
        snprintf(sha256_r + 2 * i, 3, "%02x", sum[i]);
    free(chunk);
    EVP_MD_CTX_free(digest);
    return rc;
}
