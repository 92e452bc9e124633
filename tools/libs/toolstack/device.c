/* SPDX-License-Identifier: GPL-2.0-or-later */
/* device.c - see device.h. */
#include "device.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xen/xen.h>

#include "handshake.h"
#include "names.h"
#include "own-node.h"
#include "policy-nodes.h"
#include "proc.h"
#include "take-over.h"
#include "xs.h"

struct vscan_path device_record(uint32_t front)
{
    struct vscan_path path;

    snprintf(path.s, sizeof(path.s), "/libxl/%u/device/" VSCAN_CLASS "/%u",
             front, VSCAN_DEVID);
    return path;
}

static struct vscan_path home_path(uint32_t domid)
{
    struct vscan_path path;

    snprintf(path.s, sizeof(path.s), "/local/domain/%u", domid);
    return path;
}

static bool exists(struct xs_handle *xs, xs_transaction_t t, const char *path)
{
    char *text = xs_read(xs, t, path, NULL);

    free(text);
    return text != NULL;
}

/* Creation ---------------------------------------------------------------- */

struct creation {
    uint32_t front, back;
    const char *name, *back_name, *policy;
    uint32_t generation;            /* of the policy */
    const struct policy_texts *texts;
    uint32_t other_back;
};

/* A folder, empty, that belongs to @owner and that @readers may read. */
static int make_folder(struct xs_handle *xs, xs_transaction_t t,
                       const char *path, uint32_t owner,
                       const uint32_t *readers, unsigned int nr_readers)
{
    struct xs_permissions perms[3] = { { owner, XS_PERM_NONE } };

    for (unsigned int i = 0; i < nr_readers; i++)
        perms[1 + i] = (struct xs_permissions){ readers[i], XS_PERM_READ };
    if (!xs_mkdir(xs, t, path) ||
        !xs_set_permissions(xs, t, path, perms, 1 + nr_readers))
        return -errno;
    return 0;
}

/* Nodes take over the permissions of the folder that they are made in. */
static int make_front(struct xs_handle *xs, xs_transaction_t t,
                      const struct creation *c)
{
    struct vscan_path front = names_front(c->front);
    struct vscan_path back = names_back(c->back, c->front);
    int rc;

    rc = make_folder(xs, t, front.s, c->front, &c->back, 1);
    if (!rc)
        rc = xsx_write(xs, t, front.s, NODE_BACKEND, back.s);
    if (!rc)
        rc = xsx_printf(xs, t, front.s, NODE_BACKEND_ID, "%u", c->back);
    if (!rc)
        rc = xsx_write_state(xs, t, front.s, XenbusStateInitialising);
    return rc;
}

static int write_back_nodes(struct xs_handle *xs, xs_transaction_t t,
                            const char *folder, const struct creation *c)
{
    struct vscan_path front = names_front(c->front);
    int rc;

    rc = xsx_write(xs, t, folder, NODE_FRONTEND, front.s);
    if (!rc)
        rc = xsx_printf(xs, t, folder, NODE_FRONTEND_ID, "%u", c->front);
    if (!rc)
        rc = xsx_write(xs, t, folder, NODE_DOMAIN, c->name);
    if (!rc)
        rc = xsx_write(xs, t, folder, NODE_ONLINE, "1");
    if (!rc)
        rc = xsx_write_state(xs, t, folder, XenbusStateInitialising);
    return rc;
}

/* The parents of the back's folder are the toolstack's, readable by the back,
 * because its home is: so too for the devices of libxl. */
static int make_back(struct xs_handle *xs, xs_transaction_t t,
                     const struct creation *c)
{
    struct vscan_path back = names_back(c->back, c->front);
    int rc;

    rc = make_folder(xs, t, back.s, c->back, &c->front, 1);
    if (!rc)
        rc = write_back_nodes(xs, t, back.s, c);
    return rc;
}

/* Both at once: to a front the generation is that of the text beside it. */
static int write_policy(struct xs_handle *xs, xs_transaction_t t,
                        const char *folder, const char *text,
                        uint32_t generation)
{
    int rc = xsx_write(xs, t, folder, NODE_POLICY, text);

    return rc ? rc : xsx_printf(xs, t, folder, NODE_POLICY_GENERATION, "%u",
                                generation);
}

/* The last one's; 0 where there is none, or what is no number. */
static int read_generation(struct xs_handle *xs, xs_transaction_t t,
                           const char *folder, uint32_t *generation_r)
{
    int rc;

    *generation_r = 0;
    rc = xsx_read_u32(xs, t, folder, NODE_POLICY_GENERATION, 1, UINT32_MAX,
                      generation_r);
    return xsx_is_absent(rc) || rc == -EINVAL || rc == -ERANGE ? 0 : rc;
}

/* 0 is no generation. */
static uint32_t next_generation(uint32_t generation)
{
    return generation == UINT32_MAX ? 1 : generation + 1;
}

static int make_policy(struct xs_handle *xs, xs_transaction_t t,
                       const struct creation *c)
{
    struct vscan_path policy = names_policy(c->front);
    const uint32_t readers[] = { c->front, c->back };
    int rc;

    rc = make_folder(xs, t, policy.s, 0, readers, 2);
    if (!rc)
        rc = write_policy(xs, t, policy.s, c->policy, c->generation);
    return rc;
}

/* As libxl: both paths, and a copy of what the back's folder got.  The name of
 * the back's domain is ours. */
static int make_record(struct xs_handle *xs, xs_transaction_t t,
                       const struct creation *c)
{
    struct vscan_path record = device_record(c->front);
    struct vscan_path back = names_back(c->back, c->front);
    int rc;

    rc = xsx_write(xs, t, record.s, NODE_BACKEND, back.s);
    if (!rc)
        rc = xsx_printf(xs, t, record.s, NODE_BACKEND_ID, "%u", c->back);
    if (!rc)
        rc = xsx_write(xs, t, record.s, NODE_BACKEND_NAME, c->back_name);
    if (!rc)
        rc = write_back_nodes(xs, t, record.s, c);
    return rc;
}

static int make_all(struct xs_handle *xs, xs_transaction_t t,
                    const struct creation *c)
{
    int rc;

    rc = make_record(xs, t, c);
    if (!rc)
        rc = make_policy(xs, t, c);
    if (!rc)
        rc = make_front(xs, t, c);
    if (!rc)
        rc = make_back(xs, t, c);
    return rc;
}

static bool have_homes(struct xs_handle *xs, xs_transaction_t t,
                       const struct creation *c)
{
    return exists(xs, t, home_path(c->front).s) &&
           exists(xs, t, home_path(c->back).s);
}

static struct vscan_path stays_path(uint32_t front)
{
    return own_node_path(front, "detached");
}

static int create(struct xs_handle *xs, xs_transaction_t t, void *arg)
{
    struct creation *c = arg;
    int rc;

    if (!have_homes(xs, t, c))
        return -ENOENT;
    c->other_back = DOMID_INVALID;
    rc = xsx_read_u32(xs, t, device_record(c->front).s, NODE_BACKEND_ID, 0,
                      DOMID_FIRST_RESERVED - 1, &c->other_back);
    if (!rc || exists(xs, t, device_record(c->front).s) ||
        exists(xs, t, names_front(c->front).s) ||
        exists(xs, t, names_back(c->back, c->front).s) ||
        exists(xs, t, names_policy(c->front).s))
        return -EEXIST;
    if (exists(xs, t, stays_path(c->front).s) &&
        !xs_rm(xs, t, stays_path(c->front).s))
        return -errno;
    rc = make_all(xs, t, c);
    return rc ? rc : policy_nodes_write(xs, t, c->front, c->texts);
}

static int stay_detached(struct xs_handle *xs, xs_transaction_t t, void *arg)
{
    const uint32_t *front = arg;

    if (!exists(xs, t, home_path(*front).s))
        return -ENOENT;
    return xsx_write(xs, t, NULL, stays_path(*front).s, "1");
}

int device_stay_detached(struct xs_handle *xs, uint32_t front)
{
    return xsx_transaction(xs, stay_detached, &front);
}

bool device_stays_detached(struct xs_handle *xs, uint32_t front)
{
    return exists(xs, XBT_NULL, stays_path(front).s);
}

int device_create(struct xs_handle *xs, uint32_t front, uint32_t back,
                  const char *name, const char *back_name,
                  const struct policy_texts *texts, uint32_t *back_r)
{
    struct creation c = { .front = front, .back = back, .name = name,
                          .back_name = back_name, .policy = texts->policy,
                          .texts = texts, .generation = next_generation(0),
                          .other_back = DOMID_INVALID };
    int rc;

    rc = xsx_transaction(xs, create, &c);
    if (rc == -EEXIST)
        *back_r = c.other_back;
    return rc;
}

/* Policy ------------------------------------------------------------------ */

struct policy_change {
    uint32_t front;
    const struct policy_texts *texts;
    bool is_new;            /* or: only if it follows the one of this name */
};

static bool attached(struct xs_handle *xs, xs_transaction_t t, uint32_t front)
{
    return exists(xs, t, device_record(front).s) &&
           exists(xs, t, names_policy(front).s);
}

/* The back watches "online", and then looks at the policy, too. */
static int write_online(struct xs_handle *xs, xs_transaction_t t, void *arg)
{
    const uint32_t front = *(const uint32_t *)arg;
    struct vscan_path back;
    uint32_t domid;
    char *online = NULL;
    int rc = xsx_read_u32(xs, t, device_record(front).s, NODE_BACKEND_ID, 0,
                          DOMID_FIRST_RESERVED - 1, &domid);

    if (!rc) {
        back = names_back(domid, front);
        rc = xsx_read(xs, t, back.s, NODE_ONLINE, &online);
    }
    if (!rc)
        rc = xsx_write(xs, t, back.s, NODE_ONLINE, online);
    free(online);
    /* With the back's domain its folder has gone; and what is malformed is of
     * no use to it anyway. */
    return xsx_is_absent(rc) || rc == -EINVAL || rc == -ERANGE ? 0 : rc;
}

/* In a transaction: a write alone would bring a folder back that is gone. */
static int change_policy(struct xs_handle *xs, xs_transaction_t t, void *arg)
{
    const struct policy_change *c = arg;
    struct vscan_path folder = names_policy(c->front);
    uint32_t generation;
    int rc;

    if (!attached(xs, t, c->front))
        return -ENOENT;
    rc = c->is_new ? 1 : policy_nodes_follow(xs, t, c->front, c->texts->name);
    if (rc <= 0)
        return rc ? rc : -ESRCH;
    rc = read_generation(xs, t, folder.s, &generation);
    if (!rc)
        rc = write_policy(xs, t, folder.s, c->texts->policy,
                          next_generation(generation));
    return rc ? rc : policy_nodes_write(xs, t, c->front, c->texts);
}

/* The policy does not depend on the back, which can write into its own folder
 * without end: then it has something to look at anyway. */
static int tell_back(struct xs_handle *xs, uint32_t front)
{
    int rc = xsx_transaction(xs, write_online, &front);

    return rc == -EAGAIN ? 0 : rc;
}

bool device_attached(struct xs_handle *xs, uint32_t front)
{
    return attached(xs, XBT_NULL, front);
}

int device_set_policy(struct xs_handle *xs, uint32_t front,
                      const struct policy_texts *texts)
{
    struct policy_change c = { .front = front, .texts = texts, .is_new = true };
    int rc = xsx_transaction(xs, change_policy, &c);

    return rc ? rc : tell_back(xs, front);
}

int device_load_policy(struct xs_handle *xs, uint32_t front,
                       const struct policy_texts *texts)
{
    struct policy_change c = { .front = front, .texts = texts };
    int rc = xsx_transaction(xs, change_policy, &c);

    return rc ? rc : tell_back(xs, front);
}

/* A malformed one is of no use to the back either. */
static int next_reload(struct xs_handle *xs, xs_transaction_t t, void *arg)
{
    const struct vscan_path *home = arg;
    uint32_t word = 0;
    char *text = NULL;
    int rc = xsx_read(xs, t, NULL, home->s, &text);

    free(text);
    if (rc)
        return rc;
    rc = xsx_read_u32(xs, t, home->s, NODE_RELOAD, 0, UINT32_MAX, &word);
    if (rc && !xsx_is_absent(rc) && rc != -EINVAL && rc != -ERANGE)
        return rc;
    return xsx_printf(xs, t, home->s, NODE_RELOAD, "%u", word + 1);
}

int device_reload(struct xs_handle *xs, uint32_t back)
{
    struct vscan_path home = names_back_home(back);

    return xsx_transaction(xs, next_reload, &home);
}

/* Closing ----------------------------------------------------------------- */

struct closing {
    const char *folder;
    bool wait;
};

static int start_closing(struct xs_handle *xs, xs_transaction_t t, void *arg)
{
    struct closing *c = arg;
    enum xenbus_state state;
    int rc;

    c->wait = false;
    rc = xsx_read_state(xs, t, c->folder, &state);
    /* A write would bring a folder back that is gone. */
    if (rc || !exists(xs, t, c->folder))
        return rc;
    rc = xsx_write(xs, t, c->folder, NODE_ONLINE, "0");
    if (rc || state == XenbusStateClosed)
        return rc;
    c->wait = state != XenbusStateInitialising;
    return xsx_write_state(xs, t, c->folder, XenbusStateClosing);
}

int device_close(struct xs_handle *xs, const struct device *device)
{
    struct vscan_path back = names_back(device->back, device->front);
    struct closing c = { .folder = back.s };
    int rc;

    rc = xsx_transaction(xs, start_closing, &c);
    /* One that cannot be told, as it writes without end, is not waited for. */
    if (rc == -EAGAIN)
        return 0;
    return rc ? rc : c.wait;
}

/* Waits for the watch that is set; 0 when it fired or may have. */
static int wait_event(struct xs_handle *xs, int64_t deadline)
{
    struct pollfd fd = { .fd = xs_fileno(xs), .events = POLLIN };
    int64_t left = deadline - proc_now_ms();
    char **event;
    int r;

    if (left <= 0)
        return -ETIMEDOUT;
    r = poll(&fd, 1, (int)left);
    if (r < 0)
        return errno == EINTR ? 0 : -errno;
    while ((event = xs_check_watch(xs)))
        free(event);
    return errno == EAGAIN ? 0 : -errno;
}

int device_wait(struct xs_handle *xs, const struct device *device,
                int64_t timeout_ms)
{
    struct vscan_path back = names_back(device->back, device->front);
    struct vscan_path node = names_node(back.s, NODE_STATE);
    int64_t deadline = proc_now_ms() + timeout_ms;
    int rc;

    if (!xs_watch(xs, node.s, "detach"))
        return -errno;
    for (;;) {
        enum xenbus_state state;

        rc = xsx_read_state(xs, XBT_NULL, back.s, &state);
        if (rc || state == XenbusStateClosed || !exists(xs, XBT_NULL, node.s))
            break;
        rc = wait_event(xs, deadline);
        if (rc)
            break;
    }
    xs_unwatch(xs, node.s, "detach");
    return rc;
}

/* Removal ----------------------------------------------------------------- */

struct removal {
    uint32_t front;
    const struct device_list *list;
};

/* An empty folder without a value of its own. */
static bool is_empty(struct xs_handle *xs, xs_transaction_t t,
                     const char *path)
{
    unsigned int count = 0, len = 0;
    char *text = xs_read(xs, t, path, &len);
    char **children = text ? xs_directory(xs, t, path, &count) : NULL;
    bool empty = children && count == 0 && len == 0;

    free(children);
    free(text);
    return empty;
}

/* Removes @path and then, from below, as many as @parents emptied parents. */
static int clean_up(struct xs_handle *xs, xs_transaction_t t,
                    struct vscan_path path, unsigned int parents)
{
    int rc;

    rc = xsx_remove(xs, t, NULL, path.s);
    while (!rc && parents-- > 0) {
        *strrchr(path.s, '/') = 0;
        if (!is_empty(xs, t, path.s))
            break;
        rc = xsx_remove(xs, t, NULL, path.s);
    }
    return rc;
}

static int remove_all(struct xs_handle *xs, xs_transaction_t t, void *arg)
{
    const struct removal *r = arg;
    uint32_t back;
    int rc;

    /* It may have been moved since the list was made. */
    rc = xsx_read_u32(xs, t, device_record(r->front).s, NODE_BACKEND_ID, 0,
                      DOMID_FIRST_RESERVED - 1, &back);
    rc = rc ? 0 : clean_up(xs, t, names_back(back, r->front), 3);
    if (!rc)
        rc = clean_up(xs, t, names_front(r->front), 1);
    if (!rc)
        rc = clean_up(xs, t, names_policy(r->front), 1);
    if (!rc)
        rc = clean_up(xs, t, device_record(r->front), 1);
    for (size_t i = 0; !rc && i < r->list->count; i++) {
        const struct device *d = &r->list->devices[i];

        /* backend/vscan/<domid>/<devid>: all but the last were made for it */
        if (d->front == r->front)
            rc = clean_up(xs, t, names_back(d->back, d->front), 3);
    }
    return rc;
}

/* A transaction over the folders of this front and these backs, of which the last
 * one is the front's, whoever writes into them meanwhile. */
static int change_folders(struct xs_handle *xs,
                          int (*body)(struct xs_handle *xs, xs_transaction_t t,
                                      void *arg), void *arg, uint32_t front,
                          const uint32_t *backs, size_t nr)
{
    int rc = xsx_transaction(xs, body, arg);

    if (rc != -EAGAIN)
        return rc;
    rc = take_over(xs, names_front(front).s, front, nr ? backs[nr - 1] : 0);
    for (size_t i = 0; !rc && i < nr; i++)
        rc = take_over(xs, names_back(backs[i], front).s, front, backs[i]);
    return rc ? rc : xsx_transaction(xs, body, arg);
}

/* A guest that is moved keeps what it has of the policy. */
static int remove_device(struct xs_handle *xs, xs_transaction_t t, void *arg)
{
    const struct removal *r = arg;
    static const char *const own[] = {
        OWN_ALARMS, OWN_INCIDENTS, OWN_REMEDIES, OWN_SELFTEST,
    };
    int rc = policy_nodes_remove(xs, t, r->front);

    for (size_t i = 0; !rc && i < sizeof(own) / sizeof(own[0]); i++)
        rc = xsx_remove(xs, t, NULL, own_node_path(r->front, own[i]).s);
    return rc ? rc : remove_all(xs, t, arg);
}

int device_remove(struct xs_handle *xs, uint32_t front,
                  const struct device_list *list)
{
    struct removal r = { .front = front, .list = list };
    uint32_t *backs = calloc(list->count + 1, sizeof(*backs));
    size_t nr = 0;
    int rc;

    if (!backs)
        return -ENOMEM;
    for (size_t i = 0; i < list->count; i++)
        if (list->devices[i].front == front)
            backs[nr++] = list->devices[i].back;
    if (!device_back(xs, front, &backs[nr]))
        nr++;
    rc = change_folders(xs, remove_device, &r, front, backs, nr);
    free(backs);
    return rc;
}

bool device_has_nodes(struct xs_handle *xs, uint32_t front)
{
    return exists(xs, XBT_NULL, names_front(front).s) ||
           exists(xs, XBT_NULL, names_policy(front).s) ||
           exists(xs, XBT_NULL, device_record(front).s);
}

/* Moving ------------------------------------------------------------------ */

struct move {
    uint32_t front, old_back, back;
    const char *back_name;
};

int device_back(struct xs_handle *xs, uint32_t front, uint32_t *back_r)
{
    return xsx_read_u32(xs, XBT_NULL, device_record(front).s, NODE_BACKEND_ID,
                        0, DOMID_FIRST_RESERVED - 1, back_r);
}

int device_back_name(struct xs_handle *xs, uint32_t front, char **name_r)
{
    return xsx_read(xs, XBT_NULL, device_record(front).s, NODE_BACKEND_NAME,
                    name_r);
}

/* What of the old device the new one has, too. */
static int read_old(struct xs_handle *xs, xs_transaction_t t,
                    const struct move *move, char *text[2])
{
    struct vscan_path record = device_record(move->front);
    uint32_t back;
    int rc;

    rc = xsx_read_u32(xs, t, record.s, NODE_BACKEND_ID, 0,
                      DOMID_FIRST_RESERVED - 1, &back);
    if (!rc && back != move->old_back)
        rc = -ENOENT;
    if (!rc)
        rc = xsx_read(xs, t, record.s, NODE_DOMAIN, &text[0]);
    if (rc)
        return rc;
    /* To the front none is an empty one. */
    rc = xsx_read(xs, t, names_policy(move->front).s, NODE_POLICY, &text[1]);
    if (rc == -ENOENT) {
        text[1] = strdup("");
        rc = text[1] ? 0 : -ENOMEM;
    }
    return rc;
}

static int move_all(struct xs_handle *xs, xs_transaction_t t, void *arg)
{
    const struct move *move = arg;
    struct device old = { .front = move->front, .back = move->old_back };
    struct device_list list = { .devices = &old, .count = 1 };
    struct removal r = { .front = move->front, .list = &list };
    struct creation c = { .front = move->front, .back = move->back,
                          .back_name = move->back_name };
    char *text[2] = { NULL, NULL };
    int rc;

    rc = have_homes(xs, t, &c) ? read_old(xs, t, move, text) : -ENOENT;
    c.name = text[0];
    c.policy = text[1];
    if (!rc)
        rc = read_generation(xs, t, names_policy(move->front).s,
                             &c.generation);
    if (!c.generation)
        c.generation = next_generation(0);
    if (!rc)
        rc = remove_all(xs, t, &r);
    if (!rc)
        rc = clean_up(xs, t, names_back(move->back, move->front), 3);
    if (!rc)
        rc = make_all(xs, t, &c);
    for (int i = 0; i < 2; i++)
        free(text[i]);
    return rc;
}

int device_move(struct xs_handle *xs, uint32_t front, uint32_t old_back,
                uint32_t back, const char *back_name)
{
    struct move move = { .front = front, .old_back = old_back, .back = back,
                         .back_name = back_name };
    const uint32_t backs[] = { back, old_back };

    return change_folders(xs, move_all, &move, front, backs, 2);
}
