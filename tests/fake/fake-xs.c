/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake-xs.c - xenstored and libxenstore over store.h.
 *
 * Overview: connections, watches, transactions.  A watch fires once when it is
 * set, then for the node and all below it, and for a node whose folder is
 * removed; but only for those who may read what changed or the folder it was
 * in.  A transaction works on a copy; it fails with EAGAIN when anything that
 * it has looked at is not what it was when it began.
 */
#define _GNU_SOURCE
#include "machine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "store.h"

/* A domain may have one more than that open; its default. */
#define MAX_TRANSACTIONS    10

enum op_kind { OP_WRITE, OP_MKDIR, OP_RM, OP_PERMS };

/* What a transaction has changed, in order. */
struct op {
    struct op *next;
    enum op_kind kind;
    char path[STORE_PATH];
    void *data;
    unsigned int len;
};

/* A node that it has looked at; 0: there was none. */
struct seen {
    struct seen *next;
    char path[STORE_PATH];
    uint64_t generation;
};

struct transaction {
    struct transaction *next;
    xs_transaction_t id;
    struct store store;
    struct op *ops, **ops_end;
    struct seen *seen;
};

struct watch {
    struct watch *next;
    char path[STORE_PATH], token[32];
    size_t prefix;              /* octets that a relative path leaves out */
};

struct event {
    struct event *next;
    char path[STORE_PATH], token[32];
};

struct xs_handle {
    struct xs_handle *next;
    uint32_t domid;
    int fd;                     /* counts events */
    struct watch *watches;
    struct event *events, **events_end;
    struct transaction *transactions;
};

static struct {
    struct store store;
    struct xs_handle *handles;
    xs_transaction_t last_id;
    char *answer;               /* of fake_read() */
} xenstored;

void xs_fake_start(void)
{
    machine_lock();
    xenstored.handles = NULL;
    store_init(&xenstored.store);
    xenstored.last_id = 0;
    machine_unlock();
}

void xs_fake_stop(void)
{
    machine_lock();
    if (xenstored.handles)
        machine_misuse("a xenstore connection of domain %u is open at the "
                       "end", xenstored.handles->domid);
    store_dispose(&xenstored.store);
    free(xenstored.answer);
    xenstored.answer = NULL;
    machine_unlock();
}

/* Watches ------------------------------------------------------------------*/

static void add_event(struct xs_handle *h, const struct watch *w,
                      const char *path)
{
    const uint64_t one = 1;
    struct event *e = calloc(1, sizeof(*e));

    if (!e)
        machine_misuse("no memory");
    memcpy(e->path, path + w->prefix, strlen(path + w->prefix) + 1);
    memcpy(e->token, w->token, sizeof(e->token));
    *h->events_end = e;
    h->events_end = &e->next;
    if (write(h->fd, &one, sizeof(one)) != sizeof(one))
        machine_misuse("eventfd: %s", strerror(errno));
}

/* @was: the node before it was removed, NULL when it is there. */
static bool may_know(uint32_t domid, const char *path, const struct node *was)
{
    const struct node *node = was ? was : store_find(&xenstored.store, path);
    char parent[STORE_PATH];

    if (node && store_permits(node, domid, XS_PERM_READ))
        return true;
    store_parent(path, parent);
    node = store_find(&xenstored.store, parent);
    return node && store_permits(node, domid, XS_PERM_READ);
}

/* @exact: only for watches on this very node. */
static void fire(const char *path, bool exact, const struct node *was)
{
    for (struct xs_handle *h = xenstored.handles; h; h = h->next)
        for (struct watch *w = h->watches; w; w = w->next)
            if ((!strcmp(path, w->path) ||
                 (!exact && store_is_below(path, w->path))) &&
                may_know(h->domid, path, was))
                add_event(h, w, path);
}

/* Changes, in a transaction's copy or for everybody ------------------------*/

static int remove_tree(struct store *store, uint32_t domid, const char *path,
                       bool tell)
{
    int rc = store_may_remove(store, domid, path);
    struct node *found;

    if (rc)
        return rc == ENOENT ? 0 : rc == -1 ? ENOENT : rc;
    if (tell) {
        struct node was = *store_find(store, path);

        fire(path, false, &was);
    }
    do {
        found = NULL;
        for (size_t i = 0; i < store->count && !found; i++)
            if (store_is_below(store->node[i].path, path))
                found = &store->node[i];
        if (found) {
            struct node was = *found;

            if (tell)
                fire(was.path, true, &was);
            store_delete(store, was.path);
        }
    } while (found);
    store_delete(store, path);
    return 0;
}

static int apply(struct store *store, uint32_t domid, enum op_kind kind,
                 const char *path, const void *data, unsigned int len)
{
    const bool tell = store == &xenstored.store;
    const bool there = store_find(store, path) != NULL;
    int rc = EINVAL;

    switch (kind) {
    case OP_WRITE:
        rc = store_write(store, domid, path, data, len);
        break;
    case OP_MKDIR:
        rc = store_mkdir(store, domid, path);
        break;
    case OP_RM:
        return remove_tree(store, domid, path, tell);
    case OP_PERMS:
        rc = store_set_perms(store, domid, path, data,
                             len / (unsigned int)sizeof(struct xs_permissions));
        break;
    }
    if (!rc && tell && !(kind == OP_MKDIR && there))
        fire(path, false, NULL);
    return rc;
}

/* Transactions -------------------------------------------------------------*/

static struct transaction *find_transaction(const struct xs_handle *h,
                                            xs_transaction_t id)
{
    struct transaction *t = h->transactions;

    while (t && t->id != id)
        t = t->next;
    if (!t)
        machine_misuse("there is no transaction %u", id);
    return t;
}

static void see(struct transaction *t, const char *path)
{
    const struct node *node = store_find(&t->store, path);
    struct seen *seen;

    for (seen = t->seen; seen; seen = seen->next)
        if (!strcmp(seen->path, path))
            return;
    seen = calloc(1, sizeof(*seen));
    if (!seen)
        machine_misuse("no memory");
    memcpy(seen->path, path, strlen(path) + 1);
    seen->generation = node ? node->generation : 0;
    seen->next = t->seen;
    t->seen = seen;
}

/* All that a change of @path depends on. */
static void see_for_change(struct transaction *t, enum op_kind kind,
                           const char *path)
{
    char folder[STORE_PATH];

    see(t, path);
    memcpy(folder, path, strlen(path) + 1);
    if (kind == OP_RM) {
        for (size_t i = 0; i < t->store.count; i++)
            if (store_is_below(t->store.node[i].path, path))
                see(t, t->store.node[i].path);
    } else if (store_find(&t->store, path)) {
        return;
    }
    do {
        store_parent(folder, folder);
        see(t, folder);
    } while (!store_find(&t->store, folder));
}

static void end_transaction(struct xs_handle *h, struct transaction *t)
{
    struct transaction **link = &h->transactions;

    while (*link != t)
        link = &(*link)->next;
    *link = t->next;
    for (struct op *op; (op = t->ops);) {
        t->ops = op->next;
        free(op->data);
        free(op);
    }
    for (struct seen *seen; (seen = t->seen);) {
        t->seen = seen->next;
        free(seen);
    }
    store_dispose(&t->store);
    free(t);
}

static bool commit(struct xs_handle *h, struct transaction *t)
{
    for (const struct seen *seen = t->seen; seen; seen = seen->next) {
        const struct node *node = store_find(&xenstored.store, seen->path);

        if ((node ? node->generation : 0) != seen->generation)
            return false;
    }
    for (const struct op *op = t->ops; op; op = op->next)
        apply(&xenstored.store, h->domid, op->kind, op->path, op->data,
              op->len);
    return true;
}

/* As xenstored counts: all of a domain's connections together. */
static bool may_begin(uint32_t domid)
{
    unsigned int open = 0;

    machine_lock();
    for (const struct xs_handle *h = xenstored.handles; h; h = h->next)
        for (const struct transaction *t = h->transactions; t; t = t->next)
            open += h->domid == domid;
    machine_unlock();
    return domid == 0 || open <= MAX_TRANSACTIONS;
}

xs_transaction_t xs_transaction_start(struct xs_handle *h)
{
    struct transaction *t;

    if (machine_call(FAKE_XS_START))
        return XBT_NULL;
    if (!may_begin(h->domid)) {
        errno = ENOSPC;
        return XBT_NULL;
    }
    t = calloc(1, sizeof(*t));
    if (!t)
        return XBT_NULL;
    t->ops_end = &t->ops;
    machine_lock();
    t->id = ++xenstored.last_id;
    store_copy(&t->store, &xenstored.store);
    t->next = h->transactions;
    h->transactions = t;
    machine_unlock();
    return t->id;
}

bool xs_transaction_end(struct xs_handle *h, xs_transaction_t id, bool abandon)
{
    int err = !abandon && machine_call(FAKE_XS_COMMIT) ? errno : 0;
    struct transaction *t;

    machine_lock();
    t = find_transaction(h, id);
    if (!abandon && !err && !commit(h, t))
        err = EAGAIN;
    end_transaction(h, t);
    machine_unlock();
    errno = err;
    return !err;
}

/* Calls --------------------------------------------------------------------*/

static void resolve(const struct xs_handle *h, const char *path,
                    char full_r[STORE_PATH])
{
    const size_t len = strlen(path);
    int n;

    if (len == 0 || (len > 1 && path[len - 1] == '/') || strstr(path, "//"))
        machine_misuse("a malformed path: \"%s\"", path);
    if (path[0] == '/')
        n = snprintf(full_r, STORE_PATH, "%s", path);
    else
        n = snprintf(full_r, STORE_PATH, "/local/domain/%u/%s", h->domid,
                     path);
    if (n >= STORE_PATH)
        machine_misuse("a path is too long: %s", path);
}

static bool change(struct xs_handle *h, xs_transaction_t id, enum op_kind kind,
                   const char *path, const void *data, unsigned int len)
{
    struct transaction *t = NULL;
    char full[STORE_PATH];
    struct op *op;
    int err;

    resolve(h, path, full);
    machine_lock();
    if (id != XBT_NULL) {
        t = find_transaction(h, id);
        see_for_change(t, kind, full);
    }
    err = apply(t ? &t->store : &xenstored.store, h->domid, kind, full, data,
                len);
    if (t && !err) {
        op = calloc(1, sizeof(*op));
        if (!op || !(op->data = calloc(1, len + 1)))
            machine_misuse("no memory");
        op->kind = kind;
        memcpy(op->path, full, sizeof(full));
        if (len)
            memcpy(op->data, data, len);
        op->len = len;
        *t->ops_end = op;
        t->ops_end = &op->next;
    }
    machine_unlock();
    errno = err;
    return !err;
}

bool xs_write(struct xs_handle *h, xs_transaction_t t, const char *path,
              const void *data, unsigned int len)
{
    return !machine_call(FAKE_XS_WRITE) &&
           change(h, t, OP_WRITE, path, data, len);
}

bool xs_mkdir(struct xs_handle *h, xs_transaction_t t, const char *path)
{
    return change(h, t, OP_MKDIR, path, NULL, 0);
}

bool xs_rm(struct xs_handle *h, xs_transaction_t t, const char *path)
{
    return !machine_call(FAKE_XS_RM) && change(h, t, OP_RM, path, NULL, 0);
}

bool xs_set_permissions(struct xs_handle *h, xs_transaction_t t,
                        const char *path, struct xs_permissions *perms,
                        unsigned int num_perms)
{
    return change(h, t, OP_PERMS, path, perms,
                  num_perms * (unsigned int)sizeof(*perms));
}

/* What is read from; a transaction has looked at @path then. */
static struct store *store_of(const struct xs_handle *h, xs_transaction_t id,
                              const char *path)
{
    struct transaction *t;

    if (id == XBT_NULL)
        return &xenstored.store;
    t = find_transaction(h, id);
    see(t, path);
    return &t->store;
}

void *xs_read(struct xs_handle *h, xs_transaction_t id, const char *path,
              unsigned int *len)
{
    char full[STORE_PATH], *value = NULL;
    struct node *node;
    int err;

    if (machine_call(FAKE_XS_READ))
        return NULL;
    resolve(h, path, full);
    machine_lock();
    err = store_get(store_of(h, id, full), h->domid, full, &node);
    if (!err) {
        value = malloc(node->len + 1);
        if (!value)
            machine_misuse("no memory");
        memcpy(value, node->value, node->len + 1);
        if (len)
            *len = node->len;
    }
    machine_unlock();
    errno = err;
    return value;
}

char **xs_directory(struct xs_handle *h, xs_transaction_t id, const char *path,
                    unsigned int *count_r)
{
    char full[STORE_PATH], **names = NULL;
    int err;

    if (machine_call(FAKE_XS_DIRECTORY))
        return NULL;
    resolve(h, path, full);
    machine_lock();
    err = store_children(store_of(h, id, full), h->domid, full, &names,
                         count_r);
    machine_unlock();
    errno = err;
    return names;
}

struct xs_handle *xs_open(unsigned long flags)
{
    struct xs_handle *h;

    (void)flags;
    if (machine_call(FAKE_XS_OPEN))
        return NULL;
    h = calloc(1, sizeof(*h));
    if (!h)
        return NULL;
    h->domid = machine_domid();
    h->events_end = &h->events;
    h->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
    machine_lock();
    h->next = xenstored.handles;
    xenstored.handles = h;
    machine_unlock();
    return h;
}

void xs_close(struct xs_handle *h)
{
    struct xs_handle **link = &xenstored.handles;

    if (!h)
        return;
    machine_lock();
    while (*link != h) {
        if (!*link)
            machine_misuse("a xenstore connection is closed twice");
        link = &(*link)->next;
    }
    *link = h->next;
    while (h->transactions)
        end_transaction(h, h->transactions);
    for (struct watch *w; (w = h->watches);) {
        h->watches = w->next;
        free(w);
    }
    for (struct event *e; (e = h->events);) {
        h->events = e->next;
        free(e);
    }
    machine_unlock();
    close(h->fd);
    free(h);
}

static struct watch **find_watch(struct xs_handle *h, const char *full,
                                 const char *token)
{
    struct watch **link = &h->watches;

    while (*link && (strcmp((*link)->path, full) ||
                     strcmp((*link)->token, token)))
        link = &(*link)->next;
    return link;
}

bool xs_watch(struct xs_handle *h, const char *path, const char *token)
{
    struct watch **link, *w;
    char full[STORE_PATH];

    if (machine_call(FAKE_XS_WATCH))
        return false;
    resolve(h, path, full);
    w = calloc(1, sizeof(*w));
    if (!w)
        return false;
    memcpy(w->path, full, sizeof(full));
    snprintf(w->token, sizeof(w->token), "%s", token);
    w->prefix = path[0] == '/' ? 0 : strlen(full) - strlen(path);
    machine_lock();
    link = find_watch(h, full, token);
    if (*link) {
        machine_unlock();
        free(w);
        errno = EEXIST;
        return false;
    }
    *link = w;
    add_event(h, w, full);
    machine_unlock();
    return true;
}

bool xs_unwatch(struct xs_handle *h, const char *path, const char *token)
{
    struct watch **link, *w;
    char full[STORE_PATH];

    resolve(h, path, full);
    machine_lock();
    link = find_watch(h, full, token);
    w = *link;
    if (w)
        *link = w->next;
    machine_unlock();
    free(w);
    errno = w ? 0 : ENOENT;
    return w != NULL;
}

int xs_fileno(struct xs_handle *h)
{
    return h->fd;
}

char **xs_check_watch(struct xs_handle *h)
{
    struct event *e;
    char **result;
    uint64_t one;
    size_t len;

    if (read(h->fd, &one, sizeof(one)) != sizeof(one))
        return NULL;            /* EAGAIN */
    machine_lock();
    e = h->events;
    h->events = e->next;
    if (!h->events)
        h->events_end = &h->events;
    machine_unlock();
    len = strlen(e->path) + 1;
    result = malloc(2 * sizeof(*result) + len + sizeof(e->token));
    if (!result)
        machine_misuse("no memory");
    result[XS_WATCH_PATH] = memcpy(result + 2, e->path, len);
    result[XS_WATCH_TOKEN] = memcpy((char *)(result + 2) + len, e->token,
                                    sizeof(e->token));
    free(e);
    return result;
}

/* For tests, as domain 0 ---------------------------------------------------*/

void fake_write_octets(const char *path, const void *data, unsigned int len)
{
    int err;

    machine_lock();
    err = apply(&xenstored.store, 0, OP_WRITE, path, data, len);
    machine_unlock();
    if (err)
        machine_misuse("writing %s: %s", path, strerror(err));
}

void fake_write(const char *path, const char *text)
{
    fake_write_octets(path, text, (unsigned int)strlen(text));
}

void fake_remove(const char *path)
{
    machine_lock();
    apply(&xenstored.store, 0, OP_RM, path, NULL, 0);
    machine_unlock();
}

const char *fake_read(const char *path)
{
    const struct node *node;

    machine_lock();
    node = store_find(&xenstored.store, path);
    free(xenstored.answer);
    xenstored.answer = node ? strdup(node->value) : NULL;
    machine_unlock();
    return xenstored.answer;
}

bool fake_is(const char *path, const char *text)
{
    const char *value = fake_read(path);

    return value && text ? !strcmp(value, text) : value == text;
}

unsigned int fake_events(uint32_t domid)
{
    unsigned int count = 0;

    machine_lock();
    for (struct xs_handle *h = xenstored.handles; h; h = h->next)
        for (struct event *e = h->domid == domid ? h->events : NULL; e;
             e = e->next)
            count++;
    machine_unlock();
    return count;
}
