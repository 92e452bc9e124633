/* SPDX-License-Identifier: GPL-2.0-or-later */
/* domain.c - see domain.h. */
#include "domain.h"

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libxl_utils.h>

#include "check.h"
#include "number.h"
#include "xs.h"

int machine_init(struct machine *m)
{
    xentoollog_logger_stdiostream *log;
    uint32_t own;
    const char *why;
    int rc;

    *m = (struct machine){ .xs = NULL };
    rc = xsx_open(&m->xs, &why);
    if (rc) {
        warnx("%s", why);
        return rc;
    }
    rc = xsx_own_domid(m->xs, &own);
    if (rc || own != DOMID_TOOLSTACK) {
        warnx("this is not the toolstack's domain (Domain-0)");
        rc = rc ? rc : -EPERM;
        goto out;
    }
    /* What fails is said here; libxl would say it once more. */
    log = xtl_createlogger_stdiostream(stderr, XTL_CRITICAL, 0);
    m->log = (xentoollog_logger *)log;
    if (!log || libxl_ctx_alloc(&m->xl, LIBXL_VERSION, 0, m->log)) {
        m->xl = NULL;
        warnx("cannot reach the hypervisor through libxl (are you root?)");
        rc = -EIO;
    }

out:
    if (rc)
        machine_dispose(m);
    return rc;
}

void machine_dispose(struct machine *m)
{
    if (m->xl)
        libxl_ctx_free(m->xl);
    if (m->log)
        xtl_logger_destroy(m->log);
    if (m->xs)
        xs_close(m->xs);
    *m = (struct machine){ .xs = NULL };
}

int domain_by_name(const struct machine *m, const char *name,
                   uint32_t *domid_r)
{
    return libxl_name_to_domid(m->xl, name, domid_r) ? -ENOENT : 0;
}

int domain_find(const struct machine *m, const char *text, uint32_t *domid_r)
{
    char safe[DOMAIN_NAME_SIZE];
    int rc;

    escape(text, safe, sizeof(safe));
    /* libxl takes all that is made of digits for an id. */
    if (!*text || strspn(text, "0123456789") == strlen(text)) {
        rc = number_parse_u32(text, 0, DOMID_FIRST_RESERVED - 1, domid_r);
        if (rc)
            warnx("not a domain id: \"%s\"", safe);
        return rc ? -EINVAL : 0;
    }
    rc = domain_by_name(m, text, domid_r);
    if (rc)
        warnx("there is no domain \"%s\"", safe);
    return rc;
}

int domain_list(const struct machine *m, uint32_t **domids_r,
                unsigned int *nr_r)
{
    int count = 0;
    libxl_dominfo *all = libxl_list_domain(m->xl, &count);
    unsigned int nr = 0;
    uint32_t *domids;

    if (!all)
        return -EIO;
    domids = calloc((size_t)count + 1, sizeof(*domids));
    for (int i = 0; domids && i < count; i++)
        if (all[i].domid != DOMID_TOOLSTACK)
            domids[nr++] = all[i].domid;
    libxl_dominfo_list_free(all, count);
    if (!domids)
        return -ENOMEM;
    *domids_r = domids;
    *nr_r = nr;
    return 0;
}

enum domain_state domain_state(const struct machine *m, uint32_t domid)
{
    enum domain_state state = DOMAIN_THERE;
    libxl_dominfo info;
    int rc;

    libxl_dominfo_init(&info);
    rc = libxl_domain_info(m->xl, &info, domid);
    if (rc)
        state = rc == ERROR_DOMAIN_NOTFOUND ? DOMAIN_GONE : DOMAIN_UNKNOWN;
    else if (info.dying)
        state = DOMAIN_GONE;
    else if (info.shutdown &&
             info.shutdown_reason != LIBXL_SHUTDOWN_REASON_SUSPEND)
        state = DOMAIN_DOWN;
    libxl_dominfo_dispose(&info);
    return state;
}

bool domain_exists(const struct machine *m, uint32_t domid)
{
    enum domain_state state = domain_state(m, domid);

    return state == DOMAIN_THERE || state == DOMAIN_DOWN;
}

char *domain_own_name(const struct machine *m, uint32_t domid)
{
    return libxl_domid_to_name(m->xl, domid);
}

char *domain_name(const struct machine *m, uint32_t domid,
                  char out[DOMAIN_NAME_SIZE])
{
    char *name = libxl_domid_to_name(m->xl, domid);

    escape(name && *name ? name : "-", out, DOMAIN_NAME_SIZE);
    free(name);
    return out;
}
