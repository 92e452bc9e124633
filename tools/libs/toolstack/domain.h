/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * domain.h - the machine's domains, by name and by id.
 *
 * Overview: owns the connections to libxl and xenstore.  Nothing here reads
 * what a guest can write.  Functions that fail have said why.
 */
#ifndef VSCAN_TOOLSTACK_DOMAIN_H
#define VSCAN_TOOLSTACK_DOMAIN_H

#include <stdbool.h>
#include <stdint.h>

#include <libxl.h>
#include <xenstore.h>

/* The toolstack's own domain, and the back's unless another is named. */
#define DOMID_TOOLSTACK 0

struct machine {
    struct xs_handle *xs;
    xentoollog_logger *log;
    libxl_ctx *xl;
};

/* Connects; fails outside the toolstack's domain.  Returns 0 or -errno. */
int machine_init(struct machine *m);
void machine_dispose(struct machine *m);

/*
 * The domid that @text says, an id or a name.  An id need not exist; a name
 * must.  -ENOENT when there is no such name, -EINVAL when it can be none.
 */
int domain_find(const struct machine *m, const char *text, uint32_t *domid_r);

/* The domid of the domain with this name; -ENOENT, said nowhere: there is
 * none. */
int domain_by_name(const struct machine *m, const char *name,
                   uint32_t *domid_r);

/* The domids of all domains but the toolstack's, @nr of them, which the caller
 * frees; 0 or -errno. */
int domain_list(const struct machine *m, uint32_t **domids_r,
                unsigned int *nr_r);

enum domain_state {
    DOMAIN_THERE,       /* suspended ones, too */
    DOMAIN_DOWN,        /* has crashed or shut down, and is kept */
    DOMAIN_GONE,        /* or about to go */
    DOMAIN_UNKNOWN,     /* the hypervisor could not be asked */
};

enum domain_state domain_state(const struct machine *m, uint32_t domid);

/* Is it there, or down? */
bool domain_exists(const struct machine *m, uint32_t domid);

/* Its name as it is, which the caller frees; NULL if it has none. */
char *domain_own_name(const struct machine *m, uint32_t domid);

/* Room for a name as domain_name() writes it. */
#define DOMAIN_NAME_SIZE 128

/* Writes its name, escaped, "-" if it has none, to @out.  Returns @out. */
char *domain_name(const struct machine *m, uint32_t domid,
                  char out[DOMAIN_NAME_SIZE]);

#endif
