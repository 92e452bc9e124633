/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gate-policy.c - the policy that the gate goes by; see gate.h.
 *
 * Overview: takes a policy over from the link, and says to it when that is in
 * force: as soon as it is taken for what is answered by the gate, and when the
 * marker has ended for what raises an event at all.  Whatever was held before
 * is answered by the policy in force when it is answered.
 */
#define _GNU_SOURCE
#include "gate.h"
#include "gate-msg.h"
#include "ipc.h"
#include "memtext.h"

/* The link has found it good; but the link talks to a peer, and we do not. */
static void take_policy(struct gate *gate, uint64_t id, int fd)
{
    char text[VSCANIF_MAX_NODE + 1], why[160];
    struct policy policy;

    if (fd < 0 || memtext_read(fd, text, sizeof(text)))
        return;
    if (policy_parse(text, &policy, why, sizeof(why))) {
        log_error("%s", why);
        return;
    }
    gate->policy = policy;
    gate->policy_id = id;
    gate->policy_untold = true;
    status_set_policy(gate->status, &policy);
}

/* Opens for writing may not have been held: what is on record is not known to
 * be unchanged.  (An exclusion of a filesystem comes and goes, say.) */
static void forget_records(struct gate *gate)
{
    gate->forget = false;
    if (gate->recording)
        cache_forget_all(&gate->cache);
}

static void say_mode(const struct gate *gate)
{
    switch (gate->policy.mode) {
    case MODE_OFF:
        log_info("not protected: mode=off");
        break;
    case MODE_MONITOR:
        log_info("not protected: mode=monitor, all is scanned and allowed");
        break;
    default:
        log_info("protected, fail=%s",
                 gate->policy.fail_closed ? "closed" : "open");
    }
}

/* At once, and what is held: nobody waits for an answer of ours any more. */
static void let_go(struct gate *gate)
{
    fan_unmark_all(&gate->fan);
    access_settle_all(gate, REASON_NO_BACK);
}

void policy_on_attached(struct gate *gate, uint64_t id, int fd)
{
    const uint8_t mode = gate->policy.mode;

    take_policy(gate, id, fd);
    /* A marker that runs may set marks once more; the next takes them away. */
    if (gate->policy.mode == MODE_OFF)
        let_go(gate);
    forget_records(gate);
    /* The marks go and come until the marker has ended. */
    gate->forget = true;
    gate->link_knows = false;
    if (!gate->attached || mode != gate->policy.mode)
        say_mode(gate);
    gate->attached = gate->status->attached = true;
    marker_start(gate);
}

void policy_on_detached(struct gate *gate)
{
    if (!gate->attached)
        return;
    gate->attached = gate->status->attached = false;
    let_go(gate);
    forget_records(gate);
    log_info("not protected: no device");
}

void policy_on_marked(struct gate *gate)
{
    if (!gate->forget)
        return;
    forget_records(gate);
    gate->forget = gate->mark_again;
    access_send(gate);
}

int policy_send_in_force(struct gate *gate)
{
    struct gate_msg msg = { .id = gate->policy_id, .kind = GATE_IN_FORCE };
    int rc;

    if (!gate->policy_untold || gate->forget)
        return 0;
    rc = ipc_send(gate->link.sock, &msg, sizeof(msg), -1);
    gate->policy_untold = rc != 0;
    return rc;
}
