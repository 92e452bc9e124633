/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake-toolstack.c - domains and devices, with the permissions that libxl and
 * vscanctl give them (vscanif.h, "Creation and permissions").
 *
 * Overview: goes through libxenstore's calls as domain 0, in transactions, so
 * that watches fire as they do for the real toolstack.
 */
#include "machine.h"

#include <stdio.h>
#include <string.h>

#include <xenstore.h>

#include "names.h"

struct tool {
    struct xs_handle *xs;
    xs_transaction_t t;
    uint32_t before;
};

static struct tool begin(void)
{
    struct tool tool = { .before = fake_enter(0) };

    machine_set_tool(true);
    tool.xs = xs_open(0);
    if (tool.xs)
        tool.t = xs_transaction_start(tool.xs);
    if (!tool.xs || tool.t == XBT_NULL)
        machine_misuse("the toolstack cannot reach xenstore");
    return tool;
}

static void finish(struct tool *tool)
{
    if (!xs_transaction_end(tool->xs, tool->t, false))
        machine_misuse("the toolstack was disturbed");
    xs_close(tool->xs);
    machine_set_tool(false);
    fake_enter(tool->before);
}

static void put(struct tool *tool, const char *folder, const char *node,
                const char *text)
{
    struct vscan_path path = names_node(folder, node);

    if (!xs_write(tool->xs, tool->t, path.s, text,
                  (unsigned int)strlen(text)))
        machine_misuse("the toolstack cannot write %s", path.s);
}

static void put_number(struct tool *tool, const char *folder, const char *node,
                       uint32_t number)
{
    char text[16];

    snprintf(text, sizeof(text), "%u", number);
    put(tool, folder, node, text);
}

static void make_folder(struct tool *tool, const char *path, uint32_t owner,
                        uint32_t reader, uint32_t other_reader)
{
    struct xs_permissions perms[3] = {
        { owner, XS_PERM_NONE }, { reader, XS_PERM_READ },
        { other_reader, XS_PERM_READ },
    };

    if (!xs_mkdir(tool->xs, tool->t, path) ||
        !xs_set_permissions(tool->xs, tool->t, path, perms, 3))
        machine_misuse("the toolstack cannot make %s", path);
}

void fake_domain_create(uint32_t domid)
{
    struct tool tool = begin();
    char home[64], data[80];

    snprintf(home, sizeof(home), "/local/domain/%u", domid);
    make_folder(&tool, home, 0, domid, domid);
    put_number(&tool, home, "domid", domid);
    put(&tool, home, "device", "");
    snprintf(data, sizeof(data), "%s/data", home);
    make_folder(&tool, data, domid, domid, domid);
    finish(&tool);
}

void fake_domain_destroy(uint32_t domid)
{
    char home[64];

    grants_domain_dies(domid);
    evtchn_domain_dies(domid);
    snprintf(home, sizeof(home), "/local/domain/%u", domid);
    fake_remove(home);
}

void fake_device_create(uint32_t front, uint32_t back, const char *policy)
{
    struct vscan_path front_path = names_front(front);
    struct vscan_path back_path = names_back(back, front);
    struct vscan_path policy_path = names_policy(front);
    struct tool tool = begin();

    make_folder(&tool, policy_path.s, 0, front, back);
    if (policy)
        put(&tool, policy_path.s, NODE_POLICY, policy);
    make_folder(&tool, front_path.s, front, back, back);
    put(&tool, front_path.s, NODE_BACKEND, back_path.s);
    put_number(&tool, front_path.s, NODE_BACKEND_ID, back);
    put(&tool, front_path.s, NODE_STATE, "1");
    make_folder(&tool, back_path.s, back, front, front);
    put(&tool, back_path.s, NODE_FRONTEND, front_path.s);
    put_number(&tool, back_path.s, NODE_FRONTEND_ID, front);
    put(&tool, back_path.s, NODE_DOMAIN, "guest");
    put(&tool, back_path.s, NODE_ONLINE, "1");
    put(&tool, back_path.s, NODE_STATE, "1");
    finish(&tool);
}

/* With the folders that were made for it. */
void fake_device_remove(uint32_t front, uint32_t back)
{
    struct vscan_path front_path = names_front(front);
    struct vscan_path back_path = names_back(back, front);
    struct vscan_path policy_home = names_policy_home(front);
    struct tool tool = begin();

    *strrchr(front_path.s, '/') = 0;
    *strrchr(back_path.s, '/') = 0;
    xs_rm(tool.xs, tool.t, front_path.s);
    xs_rm(tool.xs, tool.t, policy_home.s);
    xs_rm(tool.xs, tool.t, back_path.s);
    finish(&tool);
}

void fake_front_write(uint32_t front, const char *node, const char *text)
{
    struct vscan_path folder = names_front(front);

    fake_write(names_node(folder.s, node).s, text);
}

void fake_back_write(uint32_t back, uint32_t front, const char *node,
                     const char *text)
{
    struct vscan_path folder = names_back(back, front);

    fake_write(names_node(folder.s, node).s, text);
}

const char *fake_front_read(uint32_t front, const char *node)
{
    struct vscan_path folder = names_front(front);

    return fake_read(names_node(folder.s, node).s);
}

const char *fake_back_read(uint32_t back, uint32_t front, const char *node)
{
    struct vscan_path folder = names_back(back, front);

    return fake_read(names_node(folder.s, node).s);
}
