/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fit.c - see fit.h. */
#include "fit.h"

#include <stdio.h>
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

char *fit_name(char *name, unsigned int columns, size_t least)
{
    const size_t room = least + (columns > FIT_TABLE ? columns - FIT_TABLE : 0);

    if (columns && strlen(name) > room)
        memcpy(name + room - strlen(CUT), CUT, sizeof(CUT));
    return name;
}

static void put(struct fit_line *l, const char *head, const char *piece,
                size_t len)
{
    const size_t head_len = strlen(head);
    size_t room;

    if (l->columns && l->used > l->indent &&
        l->used + l->begun + head_len + len > l->columns) {
        printf("\n%*s", (int)l->indent, "");
        l->used = l->indent;
    } else if (l->begun) {
        putchar(' ');
        l->used++;
    }
    l->begun = true;
    l->used += head_len;
    fputs(head, stdout);
    room = l->columns > l->used + FIT_MIN_PATH ? l->columns - l->used :
           FIT_MIN_PATH;
    if (l->columns && len > room) {
        printf(CUT "%.*s", (int)(room - strlen(CUT)),
               piece + len - room + strlen(CUT));
        len = room;
    } else {
        printf("%.*s", (int)len, piece);
    }
    l->used += len;
}

void fit_piece(struct fit_line *line, const char *head, const char *piece)
{
    put(line, head, piece, strlen(piece));
}

void fit_words(struct fit_line *line, const char *words)
{
    if (!line->columns)
        put(line, "", words, strlen(words));
    while (line->columns && *words) {
        const size_t len = strcspn(words, " ");

        if (len)
            put(line, "", words, len);
        words += len + (words[len] == ' ');
    }
}
