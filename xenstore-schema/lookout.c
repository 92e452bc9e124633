/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lookout.c - see lookout.h. */
#include "lookout.h"

#define MAX_CREDIT_NS   (LOOKOUT_BURST * (uint64_t)LOOKOUT_MAX_NS)

void lookout_init(struct lookout *lookout, unsigned int cpus)
{
    *lookout = (struct lookout){ .off = cpus < 2 };
}

static void add_credit(struct lookout *lookout, uint64_t now_ns)
{
    const uint64_t more = (now_ns - lookout->since_ns) / LOOKOUT_SHARE;

    lookout->credit_ns = more < MAX_CREDIT_NS - lookout->credit_ns ?
                         lookout->credit_ns + more : MAX_CREDIT_NS;
    lookout->since_ns = now_ns;
}

static void pay(struct lookout *lookout, uint64_t price_ns)
{
    lookout->credit_ns -= price_ns < lookout->credit_ns ? price_ns :
                          lookout->credit_ns;
}

bool lookout_look(struct lookout *lookout, const struct lookout_ops *ops,
                  void *arg)
{
    uint64_t spent_ns;

    if (lookout->off)
        return false;
    add_credit(lookout, ops->now_ns(arg));
    if (!lookout->window_ns || lookout->credit_ns < lookout->window_ns)
        return false;
    do {
        if (ops->found(arg)) {
            lookout->found++;
            pay(lookout, (ops->now_ns(arg) - lookout->since_ns) /
                         LOOKOUT_FOUND);
            return true;
        }
        spent_ns = ops->now_ns(arg) - lookout->since_ns;
    } while (spent_ns < lookout->window_ns);
    lookout->vain++;
    pay(lookout, spent_ns);
    return false;
}

void lookout_woken(struct lookout *lookout, const struct lookout_ops *ops,
                   void *arg)
{
    uint64_t *window_ns = &lookout->window_ns;

    if (lookout->off)
        return;
    if (ops->now_ns(arg) - lookout->since_ns > LOOKOUT_MAX_NS)
        *window_ns = 0;
    else if (!*window_ns)
        *window_ns = LOOKOUT_START_NS;
    else
        *window_ns = *window_ns * 2 < LOOKOUT_MAX_NS ? *window_ns * 2 :
                     LOOKOUT_MAX_NS;
}
