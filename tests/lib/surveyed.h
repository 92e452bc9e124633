/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * surveyed.h - guests as a survey has them, made up by a test.
 */
#ifndef VSCAN_TESTS_SURVEYED_H
#define VSCAN_TESTS_SURVEYED_H

#include "survey.h"

/* A guest that is protected by "scanner"(3), with the answers of both sides to
 * "stats", or NULL where there was none. */
void surveyed(struct survey_guest *guest, uint32_t domid, const char *name,
              const char *front, const char *back);

#endif
