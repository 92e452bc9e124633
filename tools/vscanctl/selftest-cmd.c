/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * selftest-cmd.c - vscanctl selftest: is the harmless EICAR text denied in the
 * guest, found by its back and recorded here?
 *
 * Overview: each of the three says so for itself; a line for each, or JSON.
 */
#include "selftest-cmd.h"

#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ask.h"
#include "check.h"
#include "command.h"
#include "json-add.h"
#include "one-guest.h"
#include "policy.h"
#include "selftest-line.h"
#include "selftest-node.h"
#include "selftest-watch.h"
#include "vscand-lock.h"
#include "xs.h"

/* For how long an access may be held; or the default, if that is not told. */
static uint32_t timeout_of(const struct machine *m, uint32_t domid)
{
    struct policy policy = policy_default();
    char why[256], *text;

    if (xsx_read(m->xs, XBT_NULL, names_policy(domid).s, NODE_POLICY, &text))
        return policy.timeout_ms;
    policy_parse(text, &policy, why, sizeof(why));
    free(text);
    return policy.timeout_ms;
}

/* What the three say. */
struct findings {
    int front_rc;               /* ask.h; 0: */
    struct selftest_line front;
    struct selftest_watch watch;
    bool vscand_runs;
};

static bool is_denied(const struct findings *f)
{
    return !f->front_rc && f->front.result == SELFTEST_DENIED;
}

static bool holds(const struct findings *f)
{
    return is_denied(f) && f->watch.found && f->watch.recorded;
}

/* Text --------------------------------------------------------------------- */

static void print_front(const struct findings *f)
{
    const struct selftest_line *line = &f->front;
    char safe[1024];

    if (f->front_rc) {
        printf("front: %s\n", ask_why(f->front_rc));
        return;
    }
    printf("front: %s", selftest_result_text(line->result));
    if (line->result != SELFTEST_FAILED)
        printf(" after %" PRIu64 ".%" PRIu64 " ms", line->us / 1000,
               line->us % 1000 / 100);
    if (*line->word)
        printf(": %s", escape(line->word, safe, sizeof(safe)));
    putchar('\n');
}

static void print_others(const struct findings *f)
{
    const struct selftest_watch *watch = &f->watch;
    char safe[4 * VSCANIF_MAX_NAME];

    printf("back: %s\n", watch->found ?
           escape(watch->detection, safe, sizeof(safe)) :
           "it has not found it");
    printf("vscand: %s\n", watch->recorded ? "recorded" :
           f->vscand_runs ? "it has recorded nothing" : "it does not run");
    if (!holds(f))
        printf("failed:%s%s%s\n", is_denied(f) ? "" : " front",
               watch->found ? "" : " back", watch->recorded ? "" : " vscand");
}

/* JSON --------------------------------------------------------------------- */

static void add_flag(struct json_object *object, const char *key, bool is)
{
    json_object_object_add(object, key, json_object_new_boolean(is));
}

static struct json_object *front_json(const struct findings *f)
{
    struct json_object *object = json_object_new_object();
    const bool answered = !f->front_rc;

    json_add_text(object, "error", answered ? NULL : ask_why(f->front_rc));
    json_add_text(object, "result",
                  answered ? selftest_result_text(f->front.result) : NULL);
    json_object_object_add(object, "us", answered ?
                           json_object_new_uint64(f->front.us) : NULL);
    json_add_text(object, "why",
                  answered && *f->front.word ? f->front.word : NULL);
    return object;
}

static void show_json(const struct findings *f)
{
    const struct selftest_watch *watch = &f->watch;
    struct json_object *object = json_object_new_object();

    add_flag(object, "holds", holds(f));
    json_object_object_add(object, "front", front_json(f));
    add_flag(object, "found", watch->found);
    json_add_text(object, "detection", watch->found ? watch->detection : NULL);
    add_flag(object, "recorded", watch->recorded);
    add_flag(object, "vscand_runs", f->vscand_runs);
    json_show(object);
}

/* The command -------------------------------------------------------------- */

static void ask_front(const struct machine *m, uint32_t domid,
                      int64_t timeout_ms, struct findings *f)
{
    struct ask a = { .front = domid,
                     .question = { .kind = QUESTION_SELFTEST } };

    ask(m->xs, ask_lock(), &a, 1, timeout_ms);
    f->front_rc = a.rc ? a.rc : selftest_line_parse(a.lines, &f->front);
}

static int test(const struct machine *m, const struct selftest_host *host,
                const struct device *device, bool json)
{
    const uint32_t timeout_ms = timeout_of(m, device->front);
    struct findings f;
    int rc = selftest_begin(m->xs, device->front, (uint64_t)time(NULL),
                            timeout_ms);

    if (rc) {
        warnx("cannot mark the selftest: %s", strerror(-rc));
        return rc;
    }
    selftest_watch_begin(&f.watch, m, device, host->log);
    ask_front(m, device->front, (int64_t)timeout_ms + host->front_ms, &f);
    if (!json)
        print_front(&f);
    /* What takes long is to be seen while it does. */
    fflush(stdout);
    selftest_watch_wait(&f.watch, host->record_ms);
    f.vscand_runs = vscand_runs(host->vscand_lock);
    if (json)
        show_json(&f);
    else
        print_others(&f);
    selftest_watch_end(&f.watch);
    return holds(&f) ? 0 : -EBADMSG;
}

int selftest_guest(const struct selftest_host *host, int argc,
                   char **argv)
{
    struct one_guest words;
    struct device device;
    struct machine m;
    int rc;

    if (one_guest_parse(argc, argv, "selftest", &words))
        return STATUS_USAGE;
    if (machine_init(&m))
        return STATUS_FAILED;
    rc = one_guest_find(&m, words.domain, &device);
    if (!rc)
        rc = test(&m, host, &device, words.json);
    machine_dispose(&m);
    if (!rc && fflush(stdout)) {
        warn("standard output");
        rc = -EIO;
    }
    return rc ? STATUS_FAILED : STATUS_DONE;
}

int guest_selftest_main(int argc, char **argv)
{
    static const struct selftest_host host = {
        .log = &incident_log, .vscand_lock = VSCAND_LOCK,
        .front_ms = 8000, .record_ms = 10000,
    };

    return selftest_guest(&host, argc, argv);
}
