/* SPDX-License-Identifier: GPL-2.0-or-later */
/* attachment.c - see attachment.h. */
#include "attachment.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xen/xen.h>

#include "check.h"
#include "config-dirs.h"
#include "device.h"
#include "guest-config.h"
#include "policy-file.h"

const struct attachment_places attachment_places = {
    .config_dirs = guest_config_dirs, .more_dirs = CONFIG_DIRS_FILE,
    .policy_dir = POLICY_DIR,
};

void attachment_check_dirs(const struct attachment_places *places, char *why,
                           size_t why_size)
{
    struct config_dirs dirs;

    config_dirs_read(places->config_dirs, places->more_dirs, &dirs, why,
                     why_size);
}

static int check(const struct machine *m, uint32_t front, uint32_t back,
                 char *why, size_t size)
{
    char name[DOMAIN_NAME_SIZE];

    if (front == DOMID_TOOLSTACK) {
        snprintf(why, size, "Domain-0 can be the back, not a guest that is "
                 "scanned");
        return -EINVAL;
    }
    if (!domain_exists(m, front)) {
        snprintf(why, size, "there is no domain %u", front);
        return -ENOENT;
    }
    if (!domain_exists(m, back)) {
        snprintf(why, size, "there is no domain %u to be the back", back);
        return -ENOENT;
    }
    if (front == back) {
        snprintf(why, size, "domain %u (%s) cannot scan itself", front,
                 domain_name(m, front, name));
        return -EINVAL;
    }
    return 0;
}

static void say_failure(const struct machine *m, uint32_t front_id,
                        uint32_t back_id, int rc, uint32_t other, char *why,
                        size_t size)
{
    char front[DOMAIN_NAME_SIZE], back[DOMAIN_NAME_SIZE];

    domain_name(m, front_id, front);
    if (rc == -EEXIST && other != DOMID_INVALID)
        snprintf(why, size, "domain %u (%s) is already attached to the back in "
                 "domain %u (%s)", front_id, front, other,
                 domain_name(m, other, back));
    else if (rc == -EEXIST)
        snprintf(why, size, "domain %u (%s) has left-over nodes; remove them "
                 "first: vscanctl detach %u", front_id, front, front_id);
    else if (rc == -ENOENT)
        snprintf(why, size, "domain %u or %u has just gone", front_id,
                 back_id);
    else
        snprintf(why, size, "cannot create the nodes of domain %u (%s): %s",
                 front_id, front, strerror(-rc));
}

int attachment_make(const struct machine *m, uint32_t front, uint32_t back,
                    const struct policy_texts *policy, char *why,
                    size_t why_size)
{
    uint32_t other = DOMID_INVALID;
    char name[DOMAIN_NAME_SIZE], *back_name;
    int rc = check(m, front, back, why, why_size);

    if (rc)
        return rc;
    back_name = domain_own_name(m, back);
    if (!back_name) {
        snprintf(why, why_size, "domain %u has no name", back);
        return -ENOENT;
    }
    rc = device_create(m->xs, front, back, domain_name(m, front, name),
                       back_name, policy, &other);
    free(back_name);
    if (rc)
        say_failure(m, front, back, rc, other, why, why_size);
    return rc;
}

static int move(const struct machine *m, uint32_t front, uint32_t old_back,
                uint32_t back, char *why, size_t size)
{
    char *back_name = domain_own_name(m, back);
    int rc;

    if (!back_name) {
        snprintf(why, size, "domain %u has no name", back);
        return -ENOENT;
    }
    rc = device_move(m->xs, front, old_back, back, back_name);
    free(back_name);
    if (rc == -ENOENT)
        snprintf(why, size, "domain %u or %u has just gone, or been moved",
                 front, back);
    else if (rc)
        snprintf(why, size, "cannot move domain %u: %s", front,
                 strerror(-rc));
    return rc;
}

int attachment_move(const struct machine *m, uint32_t front, uint32_t back,
                    uint32_t *old_back_r, char *why, size_t why_size)
{
    char name[DOMAIN_NAME_SIZE];
    int rc = check(m, front, back, why, why_size);

    if (rc)
        return rc;
    rc = device_back(m->xs, front, old_back_r);
    if (rc) {
        snprintf(why, why_size, "domain %u (%s) is not attached", front,
                 domain_name(m, front, name));
        return rc;
    }
    if (*old_back_r == back) {
        say_failure(m, front, back, -EEXIST, back, why, why_size);
        return -EEXIST;
    }
    return move(m, front, *old_back_r, back, why, why_size);
}

/* By config ---------------------------------------------------------------- */

/* What is to be attached to what. */
struct plan {
    uint32_t front, back;
    struct policy_texts policy;
};

/* For @plan->front. */
static int make_plan(const struct machine *m,
                     const struct attachment_places *places,
                     const struct guest_config *config, struct plan *plan,
                     char *why, size_t size)
{
    char safe[DOMAIN_NAME_SIZE];
    int rc;

    if (!config->wanted) {
        snprintf(why, size, "its domain config has no key vscan");
        return -ENODATA;
    }
    rc = policy_file_read(places->policy_dir, config->policy, &plan->policy,
                          why, size);
    if (rc)
        return rc;
    rc = domain_by_name(m, config->backend, &plan->back);
    if (rc) {
        snprintf(why, size, "there is no domain \"%s\" to be the back",
                 escape(config->backend, safe, sizeof(safe)));
        return rc;
    }
    return check(m, plan->front, plan->back, why, size);
}

static int find(const struct machine *m,
                const struct attachment_places *places, uint32_t front,
                struct plan *plan, char *why, size_t size)
{
    char *name = domain_own_name(m, front);
    struct guest_config config;
    struct config_dirs dirs;
    int rc;

    plan->front = front;
    if (!name) {
        snprintf(why, size, "it has no name");
        return -ENODATA;
    }
    config_dirs_read(places->config_dirs, places->more_dirs, &dirs, why, size);
    rc = guest_config_find(dirs.dirs, name, &config, why, size);
    free(name);
    if (rc == -ENOENT)
        return -ENODATA;
    return rc ? rc : make_plan(m, places, &config, plan, why, size);
}

int attachment_find(const struct machine *m,
                    const struct attachment_places *places, uint32_t front,
                    char *why, size_t why_size)
{
    struct plan plan;

    return find(m, places, front, &plan, why, why_size);
}

int attachment_response(const struct machine *m,
                        const struct attachment_places *places, uint32_t front,
                        char **text_r)
{
    struct plan plan = { .policy.response = "" };
    char why[512];
    int rc = find(m, places, front, &plan, why, sizeof(why));

    if (!plan.policy.response[0])
        return rc ? rc : -ENODATA;
    *text_r = strdup(plan.policy.response);
    return *text_r ? 0 : -ENOMEM;
}

int attachment_by_config(const struct machine *m,
                         const struct attachment_places *places,
                         uint32_t front, char *why, size_t why_size)
{
    struct plan plan;
    int rc = find(m, places, front, &plan, why, why_size);

    return rc ? rc : attachment_make(m, front, plan.back, &plan.policy,
                                     why, why_size);
}

int attachment_by_file(const struct machine *m,
                       const struct attachment_places *places,
                       const char *path, char *why, size_t why_size)
{
    char safe[DOMAIN_NAME_SIZE];
    struct guest_config config;
    struct plan plan;
    int rc = guest_config_read(path, &config, why, why_size);

    if (rc)
        return rc;
    rc = domain_by_name(m, config.name, &plan.front);
    if (rc) {
        snprintf(why, why_size, "%s: there is no domain \"%s\"", path,
                 escape(config.name, safe, sizeof(safe)));
        return rc;
    }
    rc = make_plan(m, places, &config, &plan, why, why_size);
    if (rc == -ENODATA)
        snprintf(why, why_size, "%s: there is no key vscan", path);
    return rc ? rc : attachment_make(m, plan.front, plan.back, &plan.policy,
                                     why, why_size);
}
