/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * selftest-line.h - the answer to "selftest" (vscanif.h, "Questions"), as a
 * guest has written it.
 */
#ifndef VSCAN_TOOLSTACK_SELFTEST_LINE_H
#define VSCAN_TOOLSTACK_SELFTEST_LINE_H

#include <stdint.h>

#include "vscanif.h"

enum selftest_result { SELFTEST_DENIED, SELFTEST_ALLOWED, SELFTEST_FAILED };

struct selftest_line {
    enum selftest_result result;
    uint64_t us;                /* that the open took */
    char word[VSCANIF_MAX_TEXT + 1];   /* how or why; to be escaped */
};

/* 0; or -EINVAL, and *@line_r unchanged. */
int selftest_line_parse(const char *lines, struct selftest_line *line_r);

/* Its word. */
const char *selftest_result_text(enum selftest_result result);

#endif
