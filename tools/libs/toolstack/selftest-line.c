/* SPDX-License-Identifier: GPL-2.0-or-later */
/* selftest-line.c - see selftest-line.h. */
#include "selftest-line.h"

#include <errno.h>
#include <string.h>

#include "line-words.h"
#include "number.h"

static const char *const results[] = {
    [SELFTEST_DENIED] = "denied",
    [SELFTEST_ALLOWED] = "allowed",
    [SELFTEST_FAILED] = "failed",
};

#define NR_RESULTS  (sizeof(results) / sizeof(results[0]))

const char *selftest_result_text(enum selftest_result result)
{
    return results[result];
}

int selftest_line_parse(const char *lines, struct selftest_line *line_r)
{
    char copy[VSCANIF_MAX_TEXT + 1], *word[4];
    struct selftest_line line;

    if (strlen(lines) >= sizeof(copy))
        return -EINVAL;
    memcpy(copy, lines, strlen(lines) + 1);
    /* One line alone: an end of it is in no word. */
    if (strchr(copy, '\n') || line_words(copy, word, 4) ||
        strcmp(word[0], "selftest") ||
        number_parse(word[2], 0, UINT64_MAX, &line.us) ||
        line_word_decode(word[3], line.word, sizeof(line.word)))
        return -EINVAL;
    for (unsigned int i = 0; i < NR_RESULTS; i++) {
        if (strcmp(word[1], results[i]))
            continue;
        line.result = (enum selftest_result)i;
        *line_r = line;
        return 0;
    }
    return -EINVAL;
}
