/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * attachment.h - a guest is given its scan device: by hand, or because its
 * domain config says so.
 */
#ifndef VSCAN_TOOLSTACK_ATTACHMENT_H
#define VSCAN_TOOLSTACK_ATTACHMENT_H

#include <stddef.h>
#include <stdint.h>

#include "domain.h"
#include "policy-texts.h"

/*
 * Creates the device of domain @front with the back in domain @back, under this
 * policy.  All that can be wrong is found before anything is written;
 * the nodes then appear in one transaction or not at all.  Returns 0, or -errno
 * with a sentence in @why: -EINVAL when these two cannot be front and back,
 * -ENOENT when one of them is not there, -EEXIST when the guest has a device.
 */
int attachment_make(const struct machine *m, uint32_t front, uint32_t back,
                    const struct policy_texts *policy, char *why,
                    size_t why_size);

/*
 * Gives the guest @front, which has a device, the back in domain @back instead
 * of the one it has; @old_back_r: in that domain.  Returns as
 * attachment_make(), but -ENOENT when the guest has no device, and -EEXIST when
 * it has that back.
 */
int attachment_move(const struct machine *m, uint32_t front, uint32_t back,
                    uint32_t *old_back_r, char *why, size_t why_size);

struct attachment_places {
    const char *const *config_dirs;
    const char *more_dirs;          /* the file, config-dirs.h; or NULL */
    const char *policy_dir;
};

/* Where an administrator has it. */
extern const struct attachment_places attachment_places;

/* What is wrong with the file that names more folders, as a sentence; "" when
 * nothing is.  The folders that are named well are looked at in any case. */
void attachment_check_dirs(const struct attachment_places *places, char *why,
                           size_t why_size);

/* Whether the guest's config says that it is to be scanned, and all that it
 * names is there: what attachment_by_config() would return before it writes. */
int attachment_find(const struct machine *m,
                    const struct attachment_places *places, uint32_t front,
                    char *why, size_t why_size);

/* The toolstack's own keys (response.h) of the policy that the config names,
 * as text, which the caller frees; also when the rest of it cannot be done.
 * Returns 0, or -errno as attachment_find(). */
int attachment_response(const struct machine *m,
                        const struct attachment_places *places, uint32_t front,
                        char **text_r);

/*
 * What the guest's config says of scanning is done: the file is @path, or is
 * looked for by the guest's name where guest-config.h says.  Returns as
 * attachment_make(); or -ENODATA when there is nothing that says so, or that it
 * shall not be; or as guest_config_read() or policy_file_read().
 */
int attachment_by_config(const struct machine *m,
                         const struct attachment_places *places,
                         uint32_t front, char *why, size_t why_size);
int attachment_by_file(const struct machine *m,
                       const struct attachment_places *places,
                       const char *path, char *why, size_t why_size);

#endif
