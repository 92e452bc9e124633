/* SPDX-License-Identifier: GPL-2.0-or-later */
/* selftest-watch.c - see selftest-watch.h. */
#define _GNU_SOURCE
#include "selftest-watch.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "line-words.h"
#include "names.h"
#include "number.h"
#include "proc.h"
#include "selftest-node.h"
#include "xs.h"

static struct vscan_path incidents_path(const struct selftest_watch *w)
{
    struct vscan_path back = names_back(w->device.back, w->device.front);

    return names_node(back.s, NODE_INCIDENTS);
}

/* The back's window (vscanif.h, "Windows"), which the caller frees, its head in
 * *@life_r and *@newest_r and its lines at *@lines_r; NULL: there is none. */
static char *read_window(const struct selftest_watch *w, uint32_t *life_r,
                         uint32_t *newest_r, char **lines_r)
{
    char *text, *head, *word[2];

    if (xsx_read(w->m->xs, XBT_NULL, NULL, incidents_path(w).s, &text))
        return NULL;
    *lines_r = text;
    head = line_next(lines_r);
    if (!line_words(head, word, 2) &&
        !number_parse_u32(word[0], 1, UINT32_MAX, life_r) &&
        !number_parse_u32(word[1], 0, UINT32_MAX, newest_r))
        return text;
    free(text);
    return NULL;
}

static int watch_folder(const struct incident_log *log)
{
    char path[PATH_MAX];
    int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

    snprintf(path, sizeof(path), "%s", log->path);
    if (fd >= 0)
        inotify_add_watch(fd, dirname(path),
                          IN_MODIFY | IN_CREATE | IN_MOVED_TO);
    return fd;
}

void selftest_watch_begin(struct selftest_watch *watch,
                          const struct machine *m,
                          const struct device *device,
                          const struct incident_log *log)
{
    char *lines;

    watch->m = m;
    watch->device = *device;
    watch->life = watch->newest = 0;
    watch->found = watch->recorded = false;
    watch->detection[0] = 0;
    about_uuid(m, device->front, watch->uuid);
    watch->events = watch_folder(log);
    incident_reader_init(&watch->reader, log, true);
    free(read_window(watch, &watch->life, &watch->newest, &lines));
}

void selftest_watch_end(struct selftest_watch *watch)
{
    incident_reader_dispose(&watch->reader);
    if (watch->events >= 0)
        close(watch->events);
    watch->events = -1;
}

/* Looking ------------------------------------------------------------------ */

static void look_at_back(struct selftest_watch *w)
{
    uint32_t life, newest;
    char *line, *lines, *text = read_window(w, &life, &newest, &lines);
    struct incident in;

    if (!text)
        return;
    while (!w->found && (line = line_next(&lines))) {
        if (incident_parse(line, strlen(line), &in) ||
            !selftest_is_text(in.digest) ||
            (life == w->life && in.serial <= w->newest))
            continue;
        w->found = true;
        memcpy(w->detection, in.name, sizeof(w->detection));
    }
    free(text);
}

static const char *text_of(struct json_object *record, const char *key)
{
    struct json_object *value;

    return json_object_object_get_ex(record, key, &value) ?
           json_object_get_string(value) : "";
}

static bool is_it(const struct selftest_watch *w, struct json_object *record)
{
    uint8_t digest[INCIDENT_DIGEST_OCTETS];

    return !strcmp(text_of(record, "kind"), "incident") &&
           !strcmp(text_of(record, "uuid"), w->uuid) &&
           !incident_digest_parse(text_of(record, "sha256"), digest) &&
           selftest_is_text(digest);
}

static void look_at_log(struct selftest_watch *w)
{
    struct json_object *record;
    char buffer[4096];
    int rc;

    while (w->events >= 0 && read(w->events, buffer, sizeof(buffer)) > 0)
        ;
    while ((record = incident_reader_next(&w->reader, &rc))) {
        w->recorded |= is_it(w, record);
        json_object_put(record);
    }
}

/* Waits for what may change that; false: the time is over. */
static bool wait_for_more(const struct selftest_watch *w, int64_t deadline)
{
    struct pollfd fds[2] = {
        { .fd = xs_fileno(w->m->xs), .events = POLLIN },
        { .fd = w->events, .events = POLLIN },
    };
    const int64_t left = deadline - proc_now_ms();
    int r = left > 0 ? poll(fds, 2, (int)left) : 0;

    if (r > 0 && fds[0].revents)
        free(xs_check_watch(w->m->xs));
    return r > 0 || (r < 0 && errno == EINTR);
}

void selftest_watch_wait(struct selftest_watch *watch, int64_t timeout_ms)
{
    const int64_t deadline = proc_now_ms() + timeout_ms;
    struct vscan_path path = incidents_path(watch);
    const bool watched = xs_watch(watch->m->xs, path.s, "selftest");

    do {
        if (!watch->found)
            look_at_back(watch);
        if (!watch->recorded)
            look_at_log(watch);
    } while ((!watch->found || !watch->recorded) &&
             wait_for_more(watch, deadline));
    if (watched)
        xs_unwatch(watch->m->xs, path.s, "selftest");
}
