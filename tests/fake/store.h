/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store.h - the nodes of a xenstore: values, permissions, generations.
 *
 * Overview: pure data; fake-xs.c makes a service of it.  Paths are absolute.
 * Functions return 0 or an errno, as xenstored does.  A node's generation
 * changes with its value, its permissions and the set of its children.
 */
#ifndef VSCAN_FAKE_STORE_H
#define VSCAN_FAKE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xenstore.h>

#define STORE_PATH  256
#define STORE_PERMS 6

struct node {
    char path[STORE_PATH];
    char *value;
    unsigned int len;
    struct xs_permissions perms[STORE_PERMS];
    unsigned int nr_perms;
    uint64_t generation;
};

struct store {
    struct node *node;
    size_t count, room;
};

void store_init(struct store *store);
void store_copy(struct store *to, const struct store *from);
void store_dispose(struct store *store);

/* The node at @path, NULL for none. */
struct node *store_find(const struct store *store, const char *path);

/* The folder that @path is in; "/" is in itself. */
void store_parent(const char *path, char parent_r[STORE_PATH]);

bool store_is_below(const char *path, const char *folder);

/* May @domid do what @perm says? */
bool store_permits(const struct node *node, uint32_t domid,
                   unsigned int perm);

/* The node for reading; ENOENT, EACCES. */
int store_get(const struct store *store, uint32_t domid, const char *path,
              struct node **node_r);

/* The names of the nodes in a folder, in one piece of memory that the caller
 * frees, as xs_directory() has it. */
int store_children(const struct store *store, uint32_t domid,
                   const char *path, char ***names_r, unsigned int *count_r);

/* Makes it, and the folders that it is in, where they are not there. */
int store_write(struct store *store, uint32_t domid, const char *path,
                const void *value, unsigned int len);
int store_mkdir(struct store *store, uint32_t domid, const char *path);
int store_set_perms(struct store *store, uint32_t domid, const char *path,
                    const struct xs_permissions *perms, unsigned int count);

/* Whether @path may be removed: 0, and there is something; ENOENT: there is
 * nothing, and that is all right; EACCES; -1: nor is there a folder. */
int store_may_remove(const struct store *store, uint32_t domid,
                     const char *path);

/* Takes away the node itself; those below it first. */
void store_delete(struct store *store, const char *path);

#endif
