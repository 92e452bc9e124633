/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * signatures.h - a directory of signatures, for tests.
 *
 * Overview: they are made here: there are none to be had without a network.
 */
#ifndef VSCAN_TESTS_SIGNATURES_H
#define VSCAN_TESTS_SIGNATURES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine.h"

/* The EICAR test string, never in one piece. */
extern const char eicar_head[];
extern const char eicar_tail[];
extern char work[64];
extern char db[80];
extern char temp[80];

void write_text_in(const char *dir, const char *name, const char *text);
void unlink_in(const char *dir, const char *name);
size_t read_test_file(const char *name, unsigned char *out, size_t max);
/* Writes test.hdb, which is there from the start. */
void signature_of_clam(void);
int signatures_make(void **state);
int signatures_remove(void **state);

extern struct engine_limits limits;

struct engine *load(const struct engine_limits *with);
void assert_not_scanned(struct verdict v, unsigned int reason);

#endif
