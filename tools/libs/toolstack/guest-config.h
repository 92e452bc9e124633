/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest-config.h - what the domain config of a guest says of scanning.
 *
 * The file that xl create reads, which leaves out keys that it does not know:
 *
 *   vscan = [ "backend=scanner,policy=servers" ]
 *
 * backend is the name of a domain, and policy that of a policy (policy-file.h).
 * Both may be left out: Domain-0, and "default".
 */
#ifndef VSCAN_TOOLSTACK_GUEST_CONFIG_H
#define VSCAN_TOOLSTACK_GUEST_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "policy-file.h"

/* Folders in which xl's users keep them; ends with NULL. */
extern const char *const guest_config_dirs[];

/* Octets of the name of a domain, as libxl bounds no names. */
#define GUEST_NAME_MAX      127

struct guest_config {
    char name[GUEST_NAME_MAX + 1];      /* of the guest */
    bool wanted;                        /* there is the key */
    char backend[GUEST_NAME_MAX + 1];
    char policy[POLICY_NAME_MAX + 1];
};

/*
 * Reads one file.  Returns 0; -EINVAL when it is malformed, with a sentence that
 * names file, line and key in @why: when only the entry is, with name and wanted
 * set; or another -errno, with a sentence.
 */
int guest_config_read(const char *path, struct guest_config *config_r,
                      char *why, size_t why_size);

/*
 * Looks for the file of the guest @name in @dirs, those of libxlutil's language
 * that name it; a link to another one is the same file.  Returns as
 * guest_config_read() for that file; -ENOENT when there is none; -EEXIST when
 * there are two that want to have it scanned; -EINVAL, when there is none, for one
 * that cannot be parsed and looks like it, by its name and the key vscan.  No file at all is looked at that
 * is none, or is larger than 1 MiB.
 */
int guest_config_find(const char *const *dirs, const char *name,
                      struct guest_config *config_r, char *why,
                      size_t why_size);

#endif
