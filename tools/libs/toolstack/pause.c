/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pause.c - see pause.h. */
#include "pause.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "own-node.h"

/* Is it paused?  -ENOENT, with a sentence, when it is not there. */
static int is_paused(const struct machine *m, uint32_t domid, bool *paused_r,
                     char *why, size_t size)
{
    libxl_dominfo info;
    int rc;

    libxl_dominfo_init(&info);
    rc = libxl_domain_info(m->xl, &info, domid);
    *paused_r = !rc && info.paused;
    libxl_dominfo_dispose(&info);
    if (rc)
        snprintf(why, size, "there is no domain %u", domid);
    return rc ? -ENOENT : 0;
}

int pause_note(const struct machine *m, uint32_t domid)
{
    return own_node_write(m->xs, domid, OWN_PAUSED, "1");
}

static int begin(const struct machine *m, uint32_t domid, char *why,
                 size_t size)
{
    int rc = pause_note(m, domid);

    if (rc)
        snprintf(why, size, "cannot note that it is us who do it: %s",
                 strerror(-rc));
    /* Better paused by nobody than running. */
    if (libxl_domain_pause(m->xl, domid, NULL)) {
        own_node_remove(m->xs, domid, OWN_PAUSED);
        snprintf(why, size, "libxl cannot pause it");
        return -EIO;
    }
    return rc;
}

int pause_begin(const struct machine *m, uint32_t domid, char *text,
                size_t size)
{
    bool paused;
    int rc;

    *text = 0;
    rc = is_paused(m, domid, &paused, text, size);
    return rc || paused ? rc : begin(m, domid, text, size);
}

int pause_end(const struct machine *m, uint32_t domid, bool *was_r, char *why,
              size_t why_size)
{
    const struct vscan_path path = own_node_path(domid, OWN_PAUSED);
    bool paused;
    char *text;
    int rc;

    *was_r = false;
    rc = own_node_read(m->xs, domid, OWN_PAUSED, &text);
    if (rc == -ENOENT)
        return 0;
    if (rc) {
        snprintf(why, why_size, "%s: %s", path.s, strerror(-rc));
        return rc;
    }
    free(text);
    rc = is_paused(m, domid, &paused, why, why_size);
    if (!rc && paused && libxl_domain_unpause(m->xl, domid, NULL)) {
        snprintf(why, why_size, "libxl cannot unpause it");
        rc = -EIO;
    }
    if (rc)
        return rc;
    *was_r = paused;
    rc = own_node_remove(m->xs, domid, OWN_PAUSED);
    if (rc)
        snprintf(why, why_size, "%s: %s", path.s, strerror(-rc));
    return rc;
}
