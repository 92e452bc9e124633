/* SPDX-License-Identifier: GPL-2.0-or-later */
/* digest.c - see digest.h. */
#define _GNU_SOURCE
#include "digest.h"

#include <assert.h>
#include <errno.h>
#include <unistd.h>

#include <openssl/evp.h>

#define READ_OCTETS     65536

/* With a context that has its algorithm already, libcrypto looks for none. */
int digest_start(struct digest *digest)
{
    const EVP_MD *md = NULL;

    if (!digest->ctx) {
        digest->ctx = EVP_MD_CTX_new();
        md = EVP_sha256();
    }
    if (digest->ctx && EVP_DigestInit_ex(digest->ctx, md, NULL) == 1)
        return 0;
    digest_dispose(digest);
    return -ENOMEM;
}

int digest_add(struct digest *digest, const void *octets, size_t size)
{
    assert(digest->ctx);
    return EVP_DigestUpdate(digest->ctx, octets, size) == 1 ? 0 : -ENOMEM;
}

int digest_end(struct digest *digest, uint8_t digest_r[DIGEST_OCTETS])
{
    assert(digest->ctx);
    return EVP_DigestFinal_ex(digest->ctx, digest_r, NULL) == 1 ? 0 : -ENOMEM;
}

void digest_dispose(struct digest *digest)
{
    EVP_MD_CTX_free(digest->ctx);
    digest->ctx = NULL;
}

int digest_of(const void *octets, size_t size,
              uint8_t digest_r[DIGEST_OCTETS])
{
    struct digest digest = DIGEST_INIT;
    int rc = digest_start(&digest);

    if (!rc)
        rc = digest_add(&digest, octets, size);
    if (!rc)
        rc = digest_end(&digest, digest_r);
    digest_dispose(&digest);
    return rc;
}

static int add_content(struct digest *digest, int fd, uint64_t *size_r)
{
    uint8_t octets[READ_OCTETS];
    ssize_t n;

    *size_r = 0;
    while ((n = pread(fd, octets, sizeof(octets), (off_t)*size_r)) != 0) {
        int rc;

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        *size_r += (uint64_t)n;
        rc = digest_add(digest, octets, (size_t)n);
        if (rc)
            return rc;
    }
    return 0;
}

int digest_file(int fd, uint64_t *size_r, uint8_t digest_r[DIGEST_OCTETS])
{
    struct digest digest = DIGEST_INIT;
    int rc = digest_start(&digest);

    if (!rc)
        rc = add_content(&digest, fd, size_r);
    if (!rc)
        rc = digest_end(&digest, digest_r);
    digest_dispose(&digest);
    return rc;
}
