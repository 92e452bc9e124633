/* SPDX-License-Identifier: GPL-2.0-or-later */
/* window.c - see window.h. */
#include "window.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* "LIFE NR", at most. */
#define HEAD    ((int)sizeof("4294967295 4294967295"))

_Static_assert(HEAD - 1 + 2 * (1 + VSCANIF_MAX_LINE) <=
               VSCANIF_MAX_TEXT,
               "the two newest fit");

void window_init(struct window *window, uint32_t life)
{
    *window = (struct window){ .life = life ? life : 1 };
}

static int head_of(const struct window *window, char out[HEAD])
{
    return snprintf(out, (size_t)HEAD, "%" PRIu32 " %" PRIu32, window->life,
                    window->newest);
}

static void drop_oldest(struct window *window)
{
    const char *next = strchr(window->lines + 1, '\n');
    const size_t gone = next ? (size_t)(next - window->lines) : window->len;

    window->len -= gone;
    memmove(window->lines, window->lines + gone, window->len + 1);
}

uint32_t window_next(struct window *window)
{
    if (window->newest == UINT32_MAX) {
        const int64_t due_ms = window->due_ms;

        window_init(window, window->life + 1);
        window->due_ms = due_ms;
    }
    return ++window->newest;
}

void window_add(struct window *window, const char *line)
{
    const size_t len = strlen(line);
    char head[HEAD];
    size_t room;

    assert(len <= VSCANIF_MAX_LINE);
    room = VSCANIF_MAX_TEXT - (size_t)head_of(window, head) - 1 - len;
    while (window->len > room)
        drop_oldest(window);
    window->lines[window->len++] = '\n';
    memcpy(window->lines + window->len, line, len + 1);
    window->len += len;
    window->changed = true;
}

char *window_text(const struct window *window,
                  char out[VSCANIF_MAX_TEXT + 1])
{
    char head[HEAD];
    const size_t len = (size_t)head_of(window, head);

    memcpy(out, head, len);
    memcpy(out + len, window->lines, window->len + 1);
    return out;
}

int64_t window_due(const struct window *window)
{
    return window->changed ? window->due_ms : -1;
}

void window_written(struct window *window, int64_t now_ms)
{
    window->changed = false;
    window->due_ms = now_ms + WINDOW_PAUSE_MS;
}
