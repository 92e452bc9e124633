/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rules.h - a directory of YARA rules, for tests.
 *
 * Overview: each test begins with an empty one, by rules_make() and
 * rules_remove() as its setup and teardown.
 */
#ifndef VSCAN_TESTS_RULES_H
#define VSCAN_TESTS_RULES_H

#include <stddef.h>

#include "engine.h"

extern char rules[64];

int rules_make(void **state);
int rules_remove(void **state);

/* Makes or replaces a file in it. */
void rules_put(const char *name, const char *text);

/* A rule that is compiled and has a condition, as text for rules_put(). */
#define RULE(name, condition) "rule " name " { condition: " condition " }\n"

/* Loads them; they must be good. */
struct engine *rules_load(const struct engine_limits *with);
/* Fails to, with @rc and @text in the error, which is all plain text. */
void rules_refused(int rc, const char *text);

/* By both ways, with the same verdict. */
struct verdict rules_scan(struct engine *engine, const void *content,
                           size_t size);
struct verdict rules_scan_text(struct engine *engine, const char *text);
void assert_matches(struct verdict v, const char *name);
void assert_no_match(struct verdict v);

#endif
