/* SPDX-License-Identifier: GPL-2.0-or-later */
/* record.c - see record.h. */
#include "record.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "check.h"
#include "log.h"
#include "verdict.h"

static void add(struct json_object *object, const char *key, const char *text)
{
    json_object_object_add(object, key, incident_log_text(text));
}

static void add_number(struct json_object *object, const char *key,
                       uint64_t number)
{
    json_object_object_add(object, key, json_object_new_uint64(number));
}

/* What all kinds have. */
static struct json_object *begin(const char *kind, const struct subject *s)
{
    struct json_object *object = json_object_new_object();
    char now[INCIDENT_LOG_TIME_SIZE];

    add(object, "time", incident_log_time((uint64_t)time(NULL), now));
    add(object, "kind", kind);
    add(object, "domain", s->name);
    add_number(object, "domid", s->domid);
    add(object, "uuid", s->uuid);
    return object;
}

/* What cannot be recorded is in vscand's own log, at least.  Returns the octets
 * of the record. */
static size_t end(const struct incident_log *log, struct json_object *object)
{
    int rc = incident_log_append(log, object);
    size_t octets = 0;

    json_object_to_json_string_length(object, JSON_C_TO_STRING_PLAIN, &octets);

    if (rc)
        log_error("%s: %s", log->path, strerror(-rc));
    json_object_put(object);
    return octets;
}

static const char *safe_name(const struct subject *s, char out[128])
{
    return escape(s->name, out, 128);
}

size_t record_incident(const struct incident_log *log,
                       const struct subject *subject,
                       const struct incident *incident, const char *policy,
                       bool selftest)
{
    struct json_object *object = begin("incident", subject);
    char digest[INCIDENT_DIGEST_SIZE], found[INCIDENT_LOG_TIME_SIZE], name[128],
         what[2 * VSCANIF_MAX_NAME], path[256];

    add_number(object, "back", subject->back);
    add(object, "found", incident_log_time(incident->time, found));
    add(object, "event", event_text(incident->event));
    add_number(object, "pid", incident->pid);
    add_number(object, "uid", incident->uid);
    add(object, "process", incident->process);
    add(object, "path", incident->path);
    add_number(object, "size", incident->size);
    add(object, "sha256", incident_digest(incident->digest, digest));
    add(object, "detection", incident->name);
    add(object, "policy", policy);
    if (selftest)
        json_object_object_add(object, "selftest",
                               json_object_new_boolean(true));
    log_warning("incident: domain %u (%s): %s in \"%s\", sha256 %s%s",
                subject->domid, safe_name(subject, name),
                escape(incident->name, what, sizeof(what)),
                escape(incident->path, path, sizeof(path)), digest,
                selftest ? " (selftest)" : "");
    return end(log, object);
}

size_t record_remedy(const struct incident_log *log,
                     const struct subject *subject,
                     const struct remedy_line *remedy)
{
    struct json_object *object = begin("remedy", subject);
    char when[INCIDENT_LOG_TIME_SIZE], name[128], what[2 * VSCANIF_MAX_NAME],
         path[256];

    add(object, "found", incident_log_time(remedy->time, when));
    add(object, "result", remedied_text(remedy->result));
    if (remedy->id[0])
        add(object, "id", remedy->id);
    add_number(object, "pid", remedy->pid);
    add_number(object, "uid", remedy->uid);
    add(object, "path", remedy->path);
    add(object, "detection", remedy->name);
    log_info("remedy: domain %u (%s): %s \"%s\", %s", subject->domid,
             safe_name(subject, name), remedied_text(remedy->result),
             escape(remedy->path, path, sizeof(path)),
             escape(remedy->name, what, sizeof(what)));
    return end(log, object);
}

void record_missed(const struct incident_log *log,
                   const struct subject *subject, const char *things,
                   uint32_t nr)
{
    struct json_object *object = begin("missed", subject);
    char name[128];

    add_number(object, "back", subject->back);
    add_number(object, things, nr);
    log_warning("missed: domain %u (%s): %u more %s", subject->domid,
                safe_name(subject, name), nr, things);
    end(log, object);
}

size_t record_alarm(const struct incident_log *log,
                    const struct subject *subject, enum alarm alarm,
                    const char *text, bool begins)
{
    struct json_object *object = begin(begins ? "alarm" : "alarm-end",
                                       subject);
    char name[128];

    add(object, "reason", alarm_text(alarm));
    add(object, "text", text);
    if (begins)
        log_error("alarm: domain %u (%s): %s: %s", subject->domid,
                  safe_name(subject, name), alarm_text(alarm), text);
    else
        log_info("alarm-end: domain %u (%s): %s", subject->domid,
                 safe_name(subject, name), alarm_text(alarm));
    return end(log, object);
}

void record_acting(const struct incident_log *log,
                   const struct subject *subject, const struct actions *actions,
                   const char *why)
{
    struct json_object *object = begin("acting", subject);
    char text[ACTIONS_TEXT_SIZE], name[128], safe[256];

    add(object, "actions", actions_format(actions, text));
    add(object, "why", why);
    log_warning("acting: domain %u (%s): %s: %s", subject->domid,
                safe_name(subject, name), text,
                escape(why, safe, sizeof(safe)));
    end(log, object);
}

void record_action(const struct incident_log *log,
                   const struct subject *subject, const char *action, int rc,
                   const char *text)
{
    struct json_object *object = begin("action", subject);
    char name[128], safe[512];

    add(object, "action", action);
    add(object, "result", rc ? "failed" : "done");
    add(object, "text", text);
    escape(text, safe, sizeof(safe));
    if (rc)
        log_error("action: domain %u (%s): %s failed: %s", subject->domid,
                  safe_name(subject, name), action, safe);
    else
        log_info("action: domain %u (%s): %s done: %s", subject->domid,
                 safe_name(subject, name), action, safe);
    end(log, object);
}

void record_outbreak(const struct incident_log *log,
                     const struct subject *subject,
                     const struct incident *incident, unsigned int nr)
{
    struct json_object *object = begin("outbreak", subject);
    char digest[INCIDENT_DIGEST_SIZE], what[2 * VSCANIF_MAX_NAME];

    add(object, "sha256", incident_digest(incident->digest, digest));
    add(object, "detection", incident->name);
    add_number(object, "guests", nr);
    log_error("outbreak: %s, sha256 %s, in %u guests",
              escape(incident->name, what, sizeof(what)), digest, nr);
    end(log, object);
}
