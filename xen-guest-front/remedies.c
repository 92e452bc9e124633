/* SPDX-License-Identifier: GPL-2.0-or-later */
/* remedies.c - see remedies.h. */
#include "remedies.h"

#include <string.h>
#include <sys/random.h>

#include "proc.h"
#include "remedy-line.h"

void remedies_init(struct window *window)
{
    uint32_t life;

    if (getrandom(&life, sizeof(life), 0) != sizeof(life))
        life = (uint32_t)proc_now_us();
    window_init(window, life);
}

int remedies_add(struct window *window, const char *line)
{
    char again[VSCANIF_MAX_LINE + 1];
    struct remedy_line remedy;
    int rc = remedy_line_parse(line, strlen(line), &remedy);

    if (rc)
        return rc;
    remedy.serial = window_next(window);
    window_add(window, remedy_line_format(&remedy, again));
    return 0;
}
