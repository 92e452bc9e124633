/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store.c - see store.h. */
#define _GNU_SOURCE
#include "store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"

/* A node that a guest writes must have fewer octets (xenstored's default quota),
 * counting its head and its permissions, too. */
#define QUOTA_SIZE  2048
#define NODE_HEAD   24
#define PAYLOAD     4096

static uint64_t generation;

static struct node *add(struct store *store, const char *path)
{
    struct node *node;

    if (store->count == store->room) {
        store->room = store->room ? 2 * store->room : 32;
        store->node = realloc(store->node, store->room * sizeof(*node));
        if (!store->node)
            machine_misuse("no memory");
    }
    node = &store->node[store->count++];
    memset(node, 0, sizeof(*node));
    if (strlen(path) >= sizeof(node->path))
        machine_misuse("a path is too long: %s", path);
    memcpy(node->path, path, strlen(path) + 1);
    node->generation = ++generation;
    return node;
}

static void set_value(struct node *node, const void *value, unsigned int len)
{
    free(node->value);
    /* With a NUL behind it, as libxenstore hands it out. */
    node->value = calloc(1, len + 1);
    if (!node->value)
        machine_misuse("no memory");
    memcpy(node->value, value, len);
    node->len = len;
    node->generation = ++generation;
}

void store_init(struct store *store)
{
    struct node *root;

    memset(store, 0, sizeof(*store));
    root = add(store, "/");
    root->perms[0] = (struct xs_permissions){ 0, XS_PERM_READ };
    root->nr_perms = 1;
    set_value(root, "", 0);
}

void store_copy(struct store *to, const struct store *from)
{
    memset(to, 0, sizeof(*to));
    for (size_t i = 0; i < from->count; i++) {
        const struct node *old = &from->node[i];
        struct node *node = add(to, old->path);

        *node = *old;
        node->value = NULL;
        set_value(node, old->value, old->len);
        node->generation = old->generation;
    }
}

void store_dispose(struct store *store)
{
    for (size_t i = 0; i < store->count; i++)
        free(store->node[i].value);
    free(store->node);
    memset(store, 0, sizeof(*store));
}

struct node *store_find(const struct store *store, const char *path)
{
    for (size_t i = 0; i < store->count; i++)
        if (!strcmp(store->node[i].path, path))
            return &store->node[i];
    return NULL;
}

void store_parent(const char *path, char parent_r[STORE_PATH])
{
    const char *slash = strrchr(path, '/');
    size_t len = (size_t)(slash - path);

    if (len == 0)
        len = 1;
    memcpy(parent_r, path, len);
    parent_r[len] = 0;
}

bool store_is_below(const char *path, const char *folder)
{
    const size_t len = strlen(folder);

    if (!strcmp(folder, "/"))
        return strcmp(path, "/") != 0;
    return !strncmp(path, folder, len) && path[len] == '/';
}

bool store_permits(const struct node *node, uint32_t domid,
                   unsigned int perm)
{
    if (domid == 0 || node->perms[0].id == domid)
        return true;
    for (unsigned int i = 1; i < node->nr_perms; i++)
        if (node->perms[i].id == domid)
            return (node->perms[i].perms & perm) == perm;
    return (node->perms[0].perms & perm) == perm;
}

/* The nearest folder of @path that is there. */
static struct node *nearest(const struct store *store, const char *path)
{
    char folder[STORE_PATH];
    struct node *node;

    strcpy(folder, path);
    do {
        store_parent(folder, folder);
        node = store_find(store, folder);
    } while (!node);
    return node;
}

int store_get(const struct store *store, uint32_t domid, const char *path,
              struct node **node_r)
{
    struct node *node = store_find(store, path);

    if (!node)
        return store_permits(nearest(store, path), domid, XS_PERM_READ) ?
               ENOENT : EACCES;
    if (!store_permits(node, domid, XS_PERM_READ))
        return EACCES;
    *node_r = node;
    return 0;
}

/* The name of a node that is in @folder itself; NULL: it is not. */
static const char *name_in(const struct node *node, const char *folder)
{
    char parent[STORE_PATH];

    store_parent(node->path, parent);
    if (!strcmp(node->path, "/") || strcmp(parent, folder))
        return NULL;
    return strrchr(node->path, '/') + 1;
}

int store_children(const struct store *store, uint32_t domid,
                   const char *path, char ***names_r, unsigned int *count_r)
{
    const size_t pointers = store->count * sizeof(char *);
    struct node *node;
    int rc = store_get(store, domid, path, &node);
    char **names, *at;

    if (rc)
        return rc;
    names = malloc(pointers + store->count * STORE_PATH);
    if (!names)
        machine_misuse("no memory");
    at = (char *)names + pointers;
    *count_r = 0;
    for (size_t i = 0; i < store->count; i++) {
        const char *name = name_in(&store->node[i], path);

        if (!name)
            continue;
        names[(*count_r)++] = strcpy(at, name);
        at += strlen(name) + 1;
    }
    *names_r = names;
    return 0;
}

/* Makes @path, empty, and its folders: with the permissions of the nearest
 * one that is there, but owned by who makes them. */
static struct node *make(struct store *store, uint32_t domid, const char *path)
{
    char parent[STORE_PATH];
    struct node *folder, *node;
    struct node model;

    store_parent(path, parent);
    folder = store_find(store, parent);
    if (!folder)
        folder = make(store, domid, parent);
    folder->generation = ++generation;
    model = *folder;
    node = add(store, path);
    memcpy(node->perms, model.perms, sizeof(node->perms));
    node->nr_perms = model.nr_perms;
    if (domid != 0)
        node->perms[0].id = domid;
    set_value(node, "", 0);
    return node;
}

static int get_or_make(struct store *store, uint32_t domid, const char *path,
                       struct node **node_r)
{
    struct node *node = store_find(store, path);

    if (!store_permits(node ? node : nearest(store, path), domid,
                       XS_PERM_WRITE))
        return EACCES;
    *node_r = node ? node : make(store, domid, path);
    return 0;
}

/* One that is made gets the permissions of what it is made in. */
static bool is_within_quota(struct store *store, const char *path,
                            unsigned int len)
{
    const struct node *node = store_find(store, path);

    if (!node)
        node = nearest(store, path);
    return NODE_HEAD + node->nr_perms * sizeof(node->perms[0]) + len <
           QUOTA_SIZE;
}

int store_write(struct store *store, uint32_t domid, const char *path,
                const void *value, unsigned int len)
{
    struct node *node;
    int rc;

    if (len + strlen(path) + 1 > PAYLOAD)
        return E2BIG;
    if (domid != 0 && !is_within_quota(store, path, len))
        return ENOSPC;
    rc = get_or_make(store, domid, path, &node);
    if (!rc)
        set_value(node, value, len);
    return rc;
}

int store_mkdir(struct store *store, uint32_t domid, const char *path)
{
    struct node *node;

    return get_or_make(store, domid, path, &node);
}

int store_set_perms(struct store *store, uint32_t domid, const char *path,
                    const struct xs_permissions *perms, unsigned int count)
{
    struct node *node;
    int rc = store_get(store, domid, path, &node);

    if (rc)
        return rc;
    if (domid != 0 && (node->perms[0].id != domid || perms[0].id != domid))
        return EPERM;
    if (count == 0 || count > STORE_PERMS)
        return EINVAL;
    memcpy(node->perms, perms, count * sizeof(*perms));
    node->nr_perms = count;
    node->generation = ++generation;
    return 0;
}

int store_may_remove(const struct store *store, uint32_t domid,
                     const char *path)
{
    const struct node *node = store_find(store, path);
    char parent[STORE_PATH];

    if (node)
        return store_permits(node, domid, XS_PERM_WRITE) ? 0 : EACCES;
    if (!store_permits(nearest(store, path), domid, XS_PERM_READ))
        return EACCES;
    store_parent(path, parent);
    return store_find(store, parent) ? ENOENT : -1;
}

void store_delete(struct store *store, const char *path)
{
    struct node *node = store_find(store, path), *folder;
    char parent[STORE_PATH];

    store_parent(path, parent);
    free(node->value);
    *node = store->node[--store->count];
    folder = store_find(store, parent);
    if (folder)
        folder->generation = ++generation;
}
