/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fit.c - see fit.h. */
#include "fit.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define CUT "..."

unsigned int fit_columns(void)
{
    struct winsize size = { .ws_col = 0 };

    /* It fails where there is no terminal. */
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) ? 0 : size.ws_col;
}

const char *fit_path(char *path, unsigned int columns, size_t used)
{
    const size_t len = strlen(path);
    size_t room = columns > used + FIT_MIN_PATH ? columns - used : FIT_MIN_PATH;
    char *from;

    if (!columns || len <= room)
        return path;
    from = path + len - room;
    memcpy(from, CUT, sizeof(CUT) - 1);
    return from;
}

unsigned int fit_names(const char *const names[], unsigned int nr,
                       unsigned int columns, size_t used)
{
    unsigned int fit = 0;

    if (!columns)
        return nr;
    for (unsigned int i = 0; i < nr; i++) {
        used += (i ? 2 : 0) + strlen(names[i]);
        if (used > columns)
            break;
        /* As many as leave room to say that there are more, or all. */
        if (i + 1 == nr || used + FIT_MORE_SIZE <= columns)
            fit = i + 1;
    }
    return fit ? fit : 1;
}
