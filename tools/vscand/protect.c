/* SPDX-License-Identifier: GPL-2.0-or-later */
/* protect.c - see protect.h. */
#include "protect.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "log.h"

struct protect_said {
    uint32_t domid;
    char why[512];
};

/* libxl's name of a domain that is being migrated, until it is complete. */
#define INCOMING "--incoming"

static struct protect_said *find(struct protect *p, uint32_t domid)
{
    for (unsigned int i = 0; i < p->nr; i++) {
        if (p->said[i].domid == domid)
            return &p->said[i];
    }
    return NULL;
}

static void forget(struct protect *p, uint32_t domid)
{
    struct protect_said *said = find(p, domid);

    if (said)
        *said = p->said[--p->nr];
}

/* Once for each reason.  Without memory it is said each time. */
static void complain(struct protect *p, uint32_t domid, const char *name,
                     const char *why)
{
    struct protect_said *said = find(p, domid), *more;

    if (said && !strcmp(said->why, why))
        return;
    log_error("domain %u (%s) is not protected: %s", domid, name, why);
    if (!said) {
        more = realloc(p->said, (p->nr + 1) * sizeof(*more));
        if (!more)
            return;
        p->said = more;
        said = &more[p->nr++];
    }
    said->domid = domid;
    snprintf(said->why, sizeof(said->why), "%s", why);
}

/* Returns whether there is nothing to come back for. */
static bool look_at(struct protect *p, const struct machine *m, uint32_t domid)
{
    char why[sizeof(((struct protect_said *)0)->why)], name[DOMAIN_NAME_SIZE];
    const size_t tail = strlen(INCOMING);
    int rc;

    domain_name(m, domid, name);
    if (device_attached(m->xs, domid) || device_stays_detached(m->xs, domid) ||
        domain_state(m, domid) != DOMAIN_THERE) {
        forget(p, domid);
        return true;
    }
    if (strlen(name) > tail && !strcmp(name + strlen(name) - tail, INCOMING))
        return false;
    rc = attachment_by_config(m, p->places, domid, why, sizeof(why));
    if (!rc)
        log_info("domain %u (%s): attached, as its config says", domid, name);
    if (!rc || rc == -ENODATA)
        forget(p, domid);
    else
        complain(p, domid, name, why);
    /* What is malformed stays so until somebody writes it anew. */
    return !rc || rc == -ENODATA || rc == -EINVAL;
}

/* What is gone may come again as another one. */
static void forget_gone(struct protect *p, const uint32_t *domids,
                        unsigned int nr)
{
    for (unsigned int i = 0; i < p->nr; i++) {
        unsigned int d = 0;

        while (d < nr && domids[d] != p->said[i].domid)
            d++;
        if (d == nr)
            p->said[i--] = p->said[--p->nr];
    }
}

/* Once for each thing that is wrong with them. */
static void look_at_dirs(struct protect *p)
{
    char why[sizeof(p->said_of_dirs)];

    attachment_check_dirs(p->places, why, sizeof(why));
    if (why[0] && strcmp(why, p->said_of_dirs))
        log_error("%s", why);
    strcpy(p->said_of_dirs, why);
}

bool protect(struct protect *p, const struct machine *m)
{
    bool well = true;
    unsigned int nr;
    uint32_t *domids;
    int rc = domain_list(m, &domids, &nr);

    if (rc) {
        log_error("cannot list the domains: %s", strerror(-rc));
        return false;
    }
    forget_gone(p, domids, nr);
    look_at_dirs(p);
    for (unsigned int i = 0; i < nr; i++)
        well &= look_at(p, m, domids[i]);
    free(domids);
    return well;
}

const char *protect_why(const struct protect *p, unsigned int i,
                        uint32_t *domid_r)
{
    if (i >= p->nr)
        return NULL;
    *domid_r = p->said[i].domid;
    return p->said[i].why;
}

void protect_dispose(struct protect *p)
{
    free(p->said);
    *p = (struct protect){ .places = p->places };
}
