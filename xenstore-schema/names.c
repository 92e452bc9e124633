/* SPDX-License-Identifier: GPL-2.0-or-later */
/* names.c - see names.h. */
#include "names.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

/* Every argument is ours or a 32-bit number, so that the result always fits. */
static struct vscan_path build(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

static struct vscan_path build(const char *format, ...)
{
    struct vscan_path path;
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(path.s, sizeof(path.s), format, args);
    va_end(args);
    assert(n > 0 && (size_t)n < sizeof(path.s));
    return path;
}

struct vscan_path names_front(uint32_t front_domid)
{
    return build("/local/domain/%u/" VSCAN_FRONT_HOME "/%u", front_domid,
                 VSCAN_DEVID);
}

struct vscan_path names_back_home(uint32_t back_domid)
{
    return build("/local/domain/%u/" VSCAN_BACK_HOME, back_domid);
}

struct vscan_path names_back(uint32_t back_domid, uint32_t front_domid)
{
    return build("/local/domain/%u/" VSCAN_BACK_HOME "/%u/%u", back_domid,
                 front_domid, VSCAN_DEVID);
}

struct vscan_path names_policy_home(uint32_t front_domid)
{
    return build("/local/domain/%u/" VSCAN_CLASS, front_domid);
}

struct vscan_path names_policy(uint32_t front_domid)
{
    return build("/local/domain/%u/" VSCAN_CLASS "/%u", front_domid,
                 VSCAN_DEVID);
}

struct vscan_path names_node(const char *folder, const char *node)
{
    return build("%s/%s", folder, node);
}
