/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tell.c - see tell.h.
 *
 * Overview: a user can cause detections for ever, so all that is told has a
 * bound for each user, and the number of users that are told of in a second
 * has one; whoever floods spends his own share.  What is left out is counted
 * and said.
 */
#define _GNU_SOURCE
#include "tell.h"

#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "check.h"
#include "log.h"
#include "programs.h"
#include "terminals.h"

const struct tell_paths tell_default_paths = {
    .dev = "/dev",
    .runtime = "/run/user",
    .notify_send = "/usr/bin/notify-send",
};

void tell_init(struct tell *tell, struct children *children,
               const struct tell_paths *paths)
{
    memset(tell, 0, sizeof(*tell));
    tell->paths = paths;
    tell->children = children;
    openlog("xen-guest-front", LOG_PID, LOG_AUTHPRIV);
}

/* The counts so far are said and forgotten. */
static void settle(struct tell_user *user)
{
    if (user->left_out)
        syslog(LOG_WARNING, "%u more detections by uid %d in a second, not "
               "reported one by one", user->left_out, (int)user->uid);
    user->left_out = 0;
}

/* The user's account, begun anew in each second; NULL when all places are
 * taken by others in this one. */
static struct tell_user *find_user(struct tell *tell, uid_t uid,
                                   int64_t second)
{
    struct tell_user *user = NULL;

    for (int i = 0; i < TELL_USERS; i++) {
        struct tell_user *u = &tell->user[i];

        if (u->used && u->uid == uid) {
            user = u;
            break;
        }
        if (!user && (!u->used || u->second != second))
            user = u;
    }
    if (!user)
        return NULL;
    if (!user->used || user->uid != uid) {
        settle(user);
        *user = (struct tell_user){ .used = true, .uid = uid,
                                    .second = second };
    } else if (user->second != second) {
        settle(user);
        user->second = second;
        user->told = user->on_screen = 0;
    }
    return user;
}

static void to_syslog(const struct remedy_msg *msg,
                      const struct outcome *outcome)
{
    char path[1024], exe[512], name[VSCANIF_MAX_NAME * 4], why[256];

    syslog(LOG_WARNING, "denied: detection=\"%s\" path=\"%s\" event=%s pid=%d "
           "uid=%d exe=\"%s\" remedy=%s result=%s%s%s%s%s%s%s",
           escape(msg->name, name, sizeof(name)),
           escape(msg->facts.path, path, sizeof(path)),
           event_text(msg->event), (int)msg->facts.pid, (int)msg->facts.uid,
           escape(msg->facts.exe, exe, sizeof(exe)),
           remedy_text(msg->remedy), remedy_result_text(outcome),
           outcome->gone ? " (already gone)" : "",
           outcome->id[0] ? " id=" : "", outcome->id,
           outcome->why[0] ? " why=\"" : "",
           escape(outcome->why, why, sizeof(why)),
           outcome->why[0] ? "\"" : "");
}

static void run_program(struct tell *tell, const struct remedy_msg *msg,
                        const struct outcome *outcome)
{
    const char *why;
    char safe[256];
    int rc;

    if (!msg->run[0])
        return;
    rc = programs_run(tell->children, msg, outcome, &why);
    if (rc == -EAGAIN)
        tell->runs_left_out++;
    else if (rc)
        log_error("cannot run the policy's program \"%s\": %s: %s",
                  escape(msg->run, safe, sizeof(safe)), why, strerror(-rc));
}

/* What has become of the file, for its user. */
static const char *fate(const struct outcome *outcome)
{
    if (outcome->failed)
        return "The file could not be removed.";
    if (outcome->remedy == REMEDY_QUARANTINE)
        return "The file is in quarantine.";
    if (outcome->remedy == REMEDY_DELETE)
        return "The file is deleted.";
    return "The file is unchanged.";
}

/* Desktops take < and & for markup. */
static void no_markup(char *text)
{
    for (; *text; text++)
        if (*text == '<' || *text == '>' || *text == '&')
            *text = '?';
}

/* On terminals, @tty (0: none) among them, and desktop of one user. */
static void show(struct tell *tell, uid_t uid, const struct passwd *pw,
                 dev_t tty, const char *title, char *text)
{
    char line[704];

    snprintf(line, sizeof(line), "\r\nxen-guest-front: %c%s: %s\r\n",
             tolower((unsigned char)title[0]), title + 1, text);
    terminals_write(tell->paths->dev, uid, pw ? pw->pw_name : NULL, tty, line);
    if (pw) {
        struct notification n = {
            .uid = uid, .gid = pw->pw_gid, .user = pw->pw_name,
            .home = pw->pw_dir, .runtime = tell->paths->runtime,
            .program = tell->paths->notify_send, .title = title, .text = text,
        };

        no_markup(text);
        if (programs_notify(tell->children, &n))
            log_debug("uid %d is not notified: too many programs run",
                      (int)n.uid);
    }
}

static void to_screen(struct tell *tell, struct tell_user *user,
                      const struct remedy_msg *msg,
                      const struct outcome *outcome)
{
    char path[256], name[VSCANIF_MAX_NAME], text[640], more[48];

    if (user->on_screen >= TELL_SCREEN_PER_SECOND) {
        user->screen_left_out++;
        return;
    }
    user->on_screen++;
    more[0] = 0;
    if (user->screen_left_out)
        snprintf(more, sizeof(more), " (%u more before)",
                 user->screen_left_out);
    user->screen_left_out = 0;
    snprintf(text, sizeof(text), "%s is infected: %s. %s%s",
             escape(msg->facts.path[0] ? msg->facts.path : "a file", path,
                    sizeof(path)),
             escape(msg->name, name, sizeof(name)), fate(outcome), more);
    show(tell, user->uid, getpwuid(user->uid), msg->facts.tty,
         "Access denied", text);
}

void tell_detection(struct tell *tell, const struct remedy_msg *msg,
                    const struct outcome *outcome, int64_t now_ms)
{
    struct tell_user *user = find_user(tell, msg->facts.uid, now_ms / 1000);

    if (!user) {
        tell->others_left_out++;
        return;
    }
    if (user->told < TELL_PER_SECOND) {
        user->told++;
        to_syslog(msg, outcome);
        run_program(tell, msg, outcome);
    } else {
        user->left_out++;
    }
    if (msg->notify && msg->facts.uid != (uid_t)-1)
        to_screen(tell, user, msg, outcome);
}

_Static_assert(TERMINALS_USERS <= CHILDREN_NOTIFY,
               "each of them is notified, wherever in utmp it stands");

void tell_outbreak(struct tell *tell, const char *name)
{
    struct terminals_user users[TERMINALS_USERS];
    const int nr = terminals_users(users);
    char safe[VSCANIF_MAX_NAME * 4], text[640];

    escape(name, safe, sizeof(safe));
    for (int i = 0; i < nr; i++) {
        const struct passwd *pw = getpwnam(users[i].name);

        /* Anew each time: what desktops take for markup goes last. */
        snprintf(text, sizeof(text), "%s has been found in several virtual "
                 "machines of this host.", safe);
        if (pw)
            show(tell, pw->pw_uid, pw, 0, "Outbreak", text);
    }
}

/* At most once in a second. */
static void say_others(struct tell *tell, int64_t second)
{
    if (tell->others_left_out)
        syslog(LOG_WARNING, "%u more detections by further users, not "
               "reported one by one", tell->others_left_out);
    if (tell->runs_left_out)
        log_warning("the policy's program was not run for %u detections: too "
                    "many were running", tell->runs_left_out);
    if (tell->others_left_out || tell->runs_left_out)
        tell->said_second = second;
    tell->others_left_out = tell->runs_left_out = 0;
}

int64_t tell_left_out(struct tell *tell, int64_t now_ms)
{
    int64_t second = now_ms / 1000;
    bool more = false;

    for (int i = 0; i < TELL_USERS; i++) {
        struct tell_user *user = &tell->user[i];

        if (user->second != second)
            settle(user);
        more |= user->left_out > 0;
    }
    if (tell->said_second == second)
        more |= tell->others_left_out || tell->runs_left_out;
    else
        say_others(tell, second);
    return more ? (second + 1) * 1000 : -1;
}
