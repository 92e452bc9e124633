/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * items.h - files that are put into a quarantine in a room (room.h), for
 * tests.
 */
#ifndef VSCAN_TESTS_ITEMS_H
#define VSCAN_TESTS_ITEMS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "item.h"

#define STORE   "/mnt/above/store"
#define EICAR   "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-" \
                "FILE!$H+H*"

extern int store;

int items_setup(void **state);
int items_teardown(void **state);
int put_item(const char *path, char id_r[ITEM_ID_SIZE]);

/* A file with all that can be kept of it. */
void make_rich(const char *path, const void *content, size_t size,
               struct stat *st_r);

void round_trip(const char *path, const void *content, size_t size);
int get_item(const char *id);

#endif
