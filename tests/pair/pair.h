/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pair.h - a front's and a back's link process, to be driven step by step.
 *
 * Overview: one of each in this process, over the fake machine.  A step takes
 * one event, as the loop of the process does.  A kill is what the kernel makes
 * of one: handles and descriptors are closed, nobody says good-bye.
 */
#ifndef VSCAN_PAIR_H
#define VSCAN_PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "history.h"
#include "messages.h"
#include "reader.h"
#include "verdict.h"

#define FRONT   5
#define BACK    3
/* That the pool has. */
#define PAIR_ENGINES    2

/* The front's link with its end of the gate's socket, which becomes its own. */
void front_start(int gate, struct reader *reader, unsigned int max_grants);
/* Takes the event with number @pick, modulo those there are. Returns whether
 * there was one. */
bool front_step(unsigned int pick);
void front_kill(struct reader *reader);
/* Its clean stop. */
void front_stop(struct reader *reader);
bool front_connected(void);
uint32_t front_pool_pages(void);     /* of this connection */
uint32_t front_ring_pages(void);

/* The most pages of a ring that backs take from then on; of 1 they say nothing, as
 * those that know of no others.  At first VSCANIF_MAX_RING_PAGES. */
void back_takes_rings(uint32_t max_pages);

/* What the back takes in a stream. */
#define PAIR_STREAM_MIB 3

/* The back's link with its end of the pool's socket, which becomes its own;
 * pair_pool_begins() has been called for the other one. */
void back_start(int pool, unsigned int max_pages, unsigned int max_stream_mib);
/* As front_step(); also takes note of a device that has gone. */
bool back_step(unsigned int pick);
bool back_gone(void);
/* A lie: what it announces is not what the pool has said. */
void back_lies(uint64_t generation);
void back_kill(void);
void back_stop(void);
/* Requests that it has answered from the history, in all its lives. */
unsigned int back_known(void);

/* Its number, 1, 2, ..., which is LIFE in the node "incidents". */
uint32_t back_life(void);
/* No time passes in steps; what is due some time later is written now. */
void back_has_time_for_incidents(void);

/* A stream has begun, and does not end for as long as it may take. */
void back_waits_in_vain(void);

/* How often each has signalled the other, in this life. */
uint64_t front_notified(void);
uint64_t back_notified(void);
/* Events that the back has taken; does it wait before it takes the next one, until
 * a step finds nothing else to do? */
uint64_t back_events(void);
bool back_waits(void);
/* Looks at xenstore some time later. */
bool back_is_deaf(void);
/* While it looks at the ring, with a request there: does it see what the pool has
 * said, too? */
bool back_sees_both(void);
/* Requests that this life of the front has put on rings. */
uint64_t front_requests(void);

/* The tests of together.c, with the reader's threads. */
int together_run(struct reader *reader);

/* What a pool says at first; @end is its socket. */
void pair_pool_begins(int end, const struct history *history);
void pair_pool_announces(int end, const struct history *history);

/* The tests of hostile.c, where only the back is real. */
int hostile_run(void);

/* The next random number below @below. */
unsigned int pair_draw(uint64_t *random, unsigned int below);

/* Content number @number; is it that?; and what a scan of it says. */
void pair_fill(char *to, size_t size, unsigned int number, bool infected);
bool pair_is_filled(const char *content, size_t size, unsigned int number,
                    bool infected);
struct verdict pair_scan(const char *content, size_t size);

/* A copy of what a link has sent, to be freed.  Of what it has offered, to each
 * engine, there is NULL when that cannot be mapped. */
char *pair_copy_snapshot(int fd, uint64_t size);
char *pair_copy_offered(int fd, const struct pool_request *request);

#endif
