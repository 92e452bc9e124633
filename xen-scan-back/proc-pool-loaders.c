/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc-pool-loaders.c - see proc-pool-private.h.
 *
 * Overview: owns the channels to the loaders, and which of an engine's two
 * sides is in use.  New signatures are loaded beside the ones in use and have
 * a worker in each crew before they take their place, so that scanning never
 * pauses; what fails to load changes nothing.  The generation is made here,
 * and announced before the first scan that is of it.
 */
#define _GNU_SOURCE
#include "proc-pool-private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "ipc.h"

static const char *name_of(const struct process *p, unsigned int engine)
{
    return p->config->source[engine].ops->name;
}

void loaders_init(struct process *p)
{
    for (unsigned int e = 0; e < ENGINE_MAX; e++)
        for (unsigned int side = 0; side < SIDES; side++) {
            struct loader *l = &p->engine[e].loader[side];

            l->source.fd = -1;
            l->engine = e;
            l->side = side;
        }
}

int loader_tell(struct process *p, unsigned int engine, unsigned int side,
                enum loader_order_kind kind, uint32_t number)
{
    struct loader *l = &p->engine[engine].loader[side];
    struct loader_order order;

    if (l->source.fd < 0)
        return -ENOENT;
    memset(&order, 0, sizeof(order));
    order.kind = kind;
    order.number = number;
    return ipc_send(l->source.fd, &order, sizeof(order), -1);
}

/* The generation ---------------------------------------------------------- */

/*
 * An engine that is away for a while, and without which nothing is clean, does
 * not make another generation: what is known stays known.  One that has never
 * loaded is a part of zeros: what was clean without it is not known here.
 */
static bool counts(const struct process *p, const struct engine_slot *slot)
{
    return slot->loaded || !p->config->degraded_clean;
}

/* As it is with the generation: what is known in that is of all of these. */
static engine_set needed(const struct process *p)
{
    engine_set set = 0;

    if (!p->config->degraded_clean)
        return ENGINE_SET_ANY;
    for (unsigned int e = 0; e < p->config->nr_engines; e++)
        if (p->engine[e].loaded)
            set |= engine_set_one(e);
    return set;
}

static void make_generation(struct process *p)
{
    const struct generation_part *part[ENGINE_MAX];
    uint64_t generation;
    unsigned int nr = 0;

    for (unsigned int e = 0; e < p->config->nr_engines; e++)
        if (counts(p, &p->engine[e]))
            part[nr++] = &p->engine[e].part;
    if (generation_make(part, nr, &generation)) {
        /* One that was never before is sound, too. */
        log_error("no memory for the digest of the signatures");
        generation = p->generation + 1 ? p->generation + 1 : 1;
    }
    if (generation == p->generation)
        return;
    p->generation = generation;
    p->needed = needed(p);
    contents_new_generation(p);
    clients_tell_generation(p);
}

/* Sides ------------------------------------------------------------------- */

static void loader_close(struct process *p, struct loader *l)
{
    source_close(p, &l->source);
    l->ready = l->retired = false;
}

/* Its workers are gone with it, or will be. */
static void loader_lost(struct process *p, struct loader *l, const char *why)
{
    struct engine_slot *slot = &p->engine[l->engine];
    const bool retired = l->retired;

    loader_close(p, l);
    crews_drop(p, l->engine, l->side);
    if (retired)
        return;
    if (l->side != slot->side || !slot->loaded) {
        snprintf(slot->loaded ? slot->refused : slot->text, ENGINE_TEXT, "%s",
                 why);
        slot->settled = true;
        log_error("%s: %s%s", name_of(p, l->engine), why, slot->loaded ?
                  "; the signatures in use stay" : "");
        clients_tell_engine(p, l->engine);
        return;
    }
    slot->loaded = false;
    snprintf(slot->text, sizeof(slot->text), "%s", why);
    log_error("%s: %s", name_of(p, l->engine), why);
    clients_tell_engine(p, l->engine);
    crews_follow(p, l->engine);
    make_generation(p);
}

void loader_try(struct process *p, unsigned int engine)
{
    struct engine_slot *slot = &p->engine[engine];
    const unsigned int next = !slot->side, old = slot->side;

    if (!slot->loader[next].ready || !crews_have(p, engine, next))
        return;
    slot->part = slot->loader[next].part;
    slot->side = next;
    slot->loaded = slot->settled = true;
    memcpy(slot->text, slot->loading, sizeof(slot->text));
    slot->time = slot->loading_time;
    slot->refused[0] = 0;
    clients_tell_engine(p, engine);
    /* Before a crew that has followed can begin to scan. */
    make_generation(p);
    log_info("%s: in use: %s; generation %016llx", name_of(p, engine),
             slot->text, (unsigned long long)p->generation);
    slot->loader[old].ready = false;
    slot->loader[old].retired = slot->loader[old].source.fd >= 0;
    crews_follow(p, engine);
}

/* It kills the workers that it has, whatever they do: a hostile one does not
 * end because its socket is closed. */
void loader_rest(struct process *p, unsigned int engine)
{
    struct engine_slot *slot = &p->engine[engine];
    struct loader *l = &slot->loader[!slot->side];

    if (l->retired && crews_lack(p, engine, l->side))
        loader_close(p, l);
}

static void on_loaded(struct process *p, struct loader *l,
                      const struct loader_said *said)
{
    struct engine_slot *slot = &p->engine[l->engine];
    char safe[sizeof(slot->loading)];

    escape(said->text, safe, sizeof(safe));
    if (said->status == -EALREADY) {
        log_info("%s: the signatures are those in use", name_of(p, l->engine));
        slot->refused[0] = 0;
        clients_tell_engine(p, l->engine);
        loader_close(p, l);
        return;
    }
    if (said->status) {
        loader_lost(p, l, safe);
        return;
    }
    l->part = said->part;
    l->ready = true;
    memcpy(slot->loading, safe, sizeof(safe));
    slot->loading_time = said->time;
    crews_order(p, l->engine, l->side);
}

static void loader_ready(struct process *p, struct source *source)
{
    struct loader *l = (struct loader *)source;
    struct loader_said said;
    int fd, rc;

    rc = ipc_recv(source->fd, &said, sizeof(said), &fd);
    if (rc == -EAGAIN)
        return;
    if (rc != 1) {
        loader_lost(p, l, "the loader has ended");
        return;
    }
    if (said.kind == LOADER_WORKER && (l->ready || l->retired)) {
        worker_born(p, l->engine, l->side, &said, fd);
        return;
    } else if (said.kind == LOADER_READY && !l->ready && fd < 0 &&
               memchr(said.text, 0, sizeof(said.text))) {
        on_loaded(p, l, &said);
    } else {
        loader_lost(p, l, "the loader talks nonsense");
    }
    if (fd >= 0)
        close(fd);
}

/* What is loaded is not told to a loader that takes the place of one that has
 * died: it has to load. */
void loader_new(struct process *p, unsigned int engine, int fd)
{
    struct engine_slot *slot;
    struct loader_order order;
    struct loader *l;

    if (engine >= p->config->nr_engines) {
        close(fd);
        return;
    }
    slot = &p->engine[engine];
    l = &slot->loader[!slot->side];
    if (l->source.fd >= 0) {
        loader_close(p, l);
        crews_drop(p, engine, l->side);
    }
    memset(&order, 0, sizeof(order));
    order.kind = LOADER_LOAD;
    if (slot->loaded)
        order.known = slot->part;
    l->source = (struct source){ .fd = fd, .ready = loader_ready };
    if (ipc_send(fd, &order, sizeof(order), -1) ||
        source_watch(p, &l->source))
        loader_lost(p, l, "the loader has ended");
}

bool loaders_any(const struct process *p)
{
    for (unsigned int e = 0; e < p->config->nr_engines; e++)
        if (p->engine[e].loaded)
            return true;
    return false;
}

bool loaders_settled(const struct process *p)
{
    for (unsigned int e = 0; e < p->config->nr_engines; e++)
        if (!p->engine[e].settled)
            return false;
    return loaders_any(p);
}

void loaders_describe(const struct process *p, char text_r[ENGINE_TEXT])
{
    size_t used = 0;

    text_r[0] = 0;
    for (unsigned int e = 0; e < p->config->nr_engines; e++) {
        const struct engine_slot *slot = &p->engine[e];

        snprintf(text_r + used, ENGINE_TEXT - used, "%s%s%s%s",
                 used ? "; " : "", slot->loaded ? "" : name_of(p, e),
                 slot->loaded ? "" : " does not scan: ", slot->text);
        used = strlen(text_r);
    }
}
