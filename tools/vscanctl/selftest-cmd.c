/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * selftest-cmd.c - vscanctl selftest: is the harmless EICAR text denied in the
 * guest, found by its back and recorded here?
 *
 * Overview: each of the three says so for itself; a line for each.
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
#include "one-guest.h"
#include "policy.h"
#include "selftest-line.h"
#include "selftest-node.h"
#include "selftest-watch.h"
#include "vscand-lock.h"
#include "xs.h"

/* For how long an access may be held; where that cannot be told, the default. */
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

/* Returns whether it was denied. */
static bool tell_front(const struct ask *a)
{
    struct selftest_line line;
    char safe[1024];
    int rc = a->rc ? a->rc : selftest_line_parse(a->lines, &line);

    if (rc) {
        printf("front: %s\n", ask_why(rc));
        return false;
    }
    printf("front: %s", selftest_result_text(line.result));
    if (line.result != SELFTEST_FAILED)
        printf(" after %" PRIu64 ".%" PRIu64 " ms", line.us / 1000,
               line.us % 1000 / 100);
    if (*line.word)
        printf(": %s", escape(line.word, safe, sizeof(safe)));
    putchar('\n');
    return line.result == SELFTEST_DENIED;
}

static bool ask_front(const struct machine *m,
                      const struct selftest_host *host,
                      const struct device *device, uint32_t timeout_ms)
{
    struct ask a = { .front = device->front,
                     .question = { .kind = QUESTION_SELFTEST } };

    ask(m->xs, ask_lock(), &a, 1,
        (int64_t)timeout_ms + host->front_ms);
    return tell_front(&a);
}

static bool tell_back(const struct selftest_watch *watch)
{
    char safe[4 * VSCANIF_MAX_NAME];

    if (watch->found)
        printf("back: %s\n", escape(watch->detection, safe, sizeof(safe)));
    else
        puts("back: it has not found it");
    return watch->found;
}

static bool tell_vscand(const struct selftest_watch *watch,
                        const struct selftest_host *host)
{
    printf("vscand: %s\n", watch->recorded ? "recorded" :
           vscand_runs(host->vscand_lock) ? "it has recorded nothing" :
           "it does not run");
    return watch->recorded;
}

static int test(const struct machine *m,
                const struct selftest_host *host,
                const struct device *device)
{
    const uint32_t timeout_ms = timeout_of(m, device->front);
    struct selftest_watch watch;
    bool denied, found, recorded;
    int rc = selftest_begin(m->xs, device->front, (uint64_t)time(NULL),
                            timeout_ms);

    if (rc) {
        warnx("cannot mark the selftest: %s", strerror(-rc));
        return rc;
    }
    selftest_watch_begin(&watch, m, device, host->log);
    denied = ask_front(m, host, device, timeout_ms);
    /* What takes long is to be seen while it does. */
    fflush(stdout);
    selftest_watch_wait(&watch, host->record_ms);
    found = tell_back(&watch);
    recorded = tell_vscand(&watch, host);
    selftest_watch_end(&watch);
    if (!denied || !found || !recorded)
        printf("failed:%s%s%s\n", denied ? "" : " front", found ? "" : " back",
               recorded ? "" : " vscand");
    return denied && found && recorded ? 0 : -EBADMSG;
}

int selftest_guest(const struct selftest_host *host, int argc,
                   char **argv)
{
    struct one_guest words;
    struct device device;
    struct machine m;
    int rc;

    if (one_guest_parse(argc, argv, "selftest", false, &words))
        return STATUS_USAGE;
    if (machine_init(&m))
        return STATUS_FAILED;
    rc = one_guest_find(&m, words.domain, &device);
    if (!rc)
        rc = test(&m, host, &device);
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
