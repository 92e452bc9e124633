/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * answerer.h - fronts and backs of the fake machine (fake.h) that answer
 * questions (vscanif.h, "Questions") in a thread of their own, as a test wants
 * them to.
 *
 * Overview: the thread watches the question nodes as domain 0, and writes what
 * a domain would.  What it has no answer for it leaves unanswered, as a domain
 * that hangs does.
 */
#ifndef VSCAN_TESTS_ANSWERER_H
#define VSCAN_TESTS_ANSWERER_H

#include <stdbool.h>
#include <stdint.h>

/* The domid that stands for the front in the place of a back. */
#define ANSWERER_FRONT  UINT32_MAX

/* In place of words: all that there can be. */
#define ANSWERER_ANY    "*"

/* Nobody answers yet; to be called after fake_start(). */
void answerer_start(void);
void answerer_stop(void);

/*
 * From now on the back in domain @back, or the front, answers questions about
 * guest @front with these words by these lines.  @lines NULL: it does not.
 */
void answerer_says(uint32_t back, uint32_t front, const char *words,
                   const char *lines);

/* The same with a number in front that is not the question's. */
void answerer_says_to_another(uint32_t back, uint32_t front, const char *words,
                              const char *lines);

/* Before a question with these words is answered, @what is done once. */
void answerer_does_before(const char *words, void (*what)(void));

#endif
