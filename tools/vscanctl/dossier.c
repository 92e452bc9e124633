/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dossier.c - see dossier.h. */
#include "dossier.h"

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "one-guest.h"
#include "response.h"
#include "xs.h"

static void read_policy(const struct machine *m, struct dossier *d)
{
    const uint32_t domid = d->device.front;
    struct vscan_path folder = names_policy(domid);

    if (device_policy_name(m->xs, domid, &d->policy_name))
        d->policy_name = NULL;
    if (xsx_read(m->xs, XBT_NULL, folder.s, NODE_POLICY, &d->policy))
        d->policy = NULL;
    if (device_response(m->xs, domid, &d->response))
        d->response = NULL;
    if (xsx_read_u32(m->xs, XBT_NULL, folder.s, NODE_POLICY_GENERATION, 1,
                     UINT32_MAX, &d->generation))
        d->generation = 0;
    d->has_in_force = !xsx_read_u32(m->xs, XBT_NULL, names_front(domid).s,
                                    NODE_POLICY_IN_FORCE, 0, UINT32_MAX,
                                    &d->in_force);
}

static const char *text_of(struct json_object *record, const char *key)
{
    struct json_object *value;

    return json_object_object_get_ex(record, key, &value) ?
           json_object_get_string(value) : "";
}

static void keep(struct dossier *d, struct json_object *record)
{
    if (d->nr_incidents == DOSSIER_INCIDENTS)
        json_object_put(d->incidents[--d->nr_incidents]);
    memmove(d->incidents + 1, d->incidents,
            d->nr_incidents * sizeof(d->incidents[0]));
    d->incidents[0] = json_object_get(record);
    d->nr_incidents++;
}

static bool says_protected(const char *reason)
{
    for (enum alarm a = 0; a < ALARM_END; a++)
        if (!strcmp(reason, alarm_text(a)))
            return alarm_is_unprotected(a);
    return false;
}

/* By its UUID: a domid is given to another guest one day. */
static void look_at(struct dossier *d, struct json_object *record)
{
    const char *kind = text_of(record, "kind");

    if (!*d->uuid || strcmp(text_of(record, "uuid"), d->uuid))
        return;
    if (!strcmp(kind, "incident"))
        keep(d, record);
    else if (!strcmp(kind, "alarm-end") &&
             says_protected(text_of(record, "reason")))
        snprintf(d->protected_since, sizeof(d->protected_since), "%s",
                 text_of(record, "time"));
}

static void read_log(const struct incident_log *log, struct dossier *d)
{
    struct incident_reader reader;
    struct json_object *record;

    incident_reader_init(&reader, log, false);
    while ((record = incident_reader_next(&reader, &d->log_rc))) {
        look_at(d, record);
        json_object_put(record);
    }
    incident_reader_dispose(&reader);
}

int dossier_take(const struct machine *m, const struct incident_log *log,
                 const char *domain, struct dossier *dossier_r)
{
    struct dossier *d = dossier_r;
    int rc;

    *d = (struct dossier){ .generation = 0 };
    rc = one_guest_find(m, domain, &d->device);
    if (rc)
        return rc;
    rc = survey_take(m, d->device.front, &d->survey);
    if (rc) {
        warnx("cannot read xenstore: %s", strerror(-rc));
        return rc;
    }
    d->guest = &d->survey.guests[0];
    device_view_take(m, &d->device, &d->view);
    about_uuid(m, d->device.front, d->uuid);
    read_policy(m, d);
    acted_read(m->xs, d->device.front, &d->acted);
    read_log(log, d);
    return 0;
}

void dossier_dispose(struct dossier *dossier)
{
    device_view_dispose(&dossier->view);
    survey_dispose(&dossier->survey);
    free(dossier->policy_name);
    free(dossier->policy);
    free(dossier->response);
    for (unsigned int i = 0; i < dossier->nr_incidents; i++)
        json_object_put(dossier->incidents[i]);
    *dossier = (struct dossier){ .generation = 0 };
}
