/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * item.h - what the quarantine knows of a file, and the text that says it.
 *
 * The text is the head of an item in the store (quarantine.h):
 *
 *      xen-guest-front quarantine 1
 *      id: 0123456789abcdef
 *      path: /home/ann/a%20file
 *      uid: 1000               gid, and mode (4 octal digits) of the file
 *      atime: 1700000000.123456789     and mtime
 *      size: 68                        and nlink
 *      sha256: 64 hexadecimal digits
 *      detection: Eicar-Test-Signature
 *      time: 1700000001                of the quarantine, seconds
 *      pid: 4711               by-uid and exe: who accessed it
 *      event: open
 *      xattr: NAME VALUE       one for each extended attribute
 *
 * each in a line of its own, in this order, then an empty line.  In values all
 * but printable ASCII is %XX, and so are the blank and the percent sign.
 */
#ifndef VSCAN_ITEM_H
#define VSCAN_ITEM_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "vscanif.h"
#include "xattrs.h"

#define ITEM_ID_SIZE        17              /* 16 hexadecimal digits, NUL */
#define ITEM_SHA256_SIZE    65
/* A text is shorter, with as many attributes as there may be. */
#define ITEM_MAX_TEXT       (1024 * 1024)

struct item {
    char id[ITEM_ID_SIZE];
    char path[PATH_MAX];    /* "" when it is not known */
    uid_t uid;
    gid_t gid;
    mode_t mode;            /* the lower 12 bits */
    struct timespec atime, mtime;
    uint64_t size, nlink;
    char sha256[ITEM_SHA256_SIZE];
    char detection[VSCANIF_MAX_NAME];
    int64_t time;
    pid_t pid;
    uid_t by_uid;
    char exe[PATH_MAX];
    char event[16];
    struct xattrs xattrs;
};

void item_init(struct item *item);
void item_dispose(struct item *item);

/* 1 when @id is an ID and nothing else: no path can be made with it. */
int item_id_ok(const char *id);

/*
 * Writes the text, empty line included, to memory that becomes the caller's.
 * Its length does not depend on the digits of id and digest.  Returns 0;
 * -ENOMEM.
 */
int item_format(const struct item *item, char **text_r, size_t *len_r);

/*
 * Reads what item_format() wrote.  Returns 0; -EBADMSG when it is anything
 * else (*@item_r may have been filled in part); -ENOMEM.
 */
int item_parse(const char *text, size_t len, struct item *item_r);

#endif
