/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dossier.h - all that is known of one guest in the toolstack's domain.
 */
#ifndef VSCANCTL_DOSSIER_H
#define VSCANCTL_DOSSIER_H

#include <json-c/json.h>

#include "about.h"
#include "acted.h"
#include "device-view.h"
#include "incident-log.h"
#include "survey.h"

/* The newest incidents that are shown. */
#define DOSSIER_INCIDENTS   5

struct dossier {
    struct device device;
    struct device_view view;
    struct survey survey;       /* of this guest alone */
    const struct survey_guest *guest;
    char uuid[ABOUT_UUID_SIZE];
    char *policy_name;          /* NULL: it has none */
    char *policy;               /* its node's text; NULL: there is none */
    char *response;             /* the toolstack's own keys; NULL: defaults */
    uint32_t generation, in_force;      /* 0: none */
    bool has_in_force;          /* the front says that one is in force */
    struct actions acted;
    /* When the log has its last alarm end that says that it is protected again;
     * "": it has none. */
    char protected_since[INCIDENT_LOG_TIME_SIZE];
    unsigned int nr_incidents;
    struct json_object *incidents[DOSSIER_INCIDENTS];   /* the newest first */
    int log_rc;                 /* why the log could not be read */
};

/* 0; or -errno, and has said why.  In both cases it is to be disposed of. */
int dossier_take(const struct machine *m, const struct incident_log *log,
                 const char *domain, struct dossier *dossier_r);
void dossier_dispose(struct dossier *dossier);

#endif
