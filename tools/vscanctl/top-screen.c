/* SPDX-License-Identifier: GPL-2.0-or-later */
/* top-screen.c - see top-screen.h. */
#include "top-screen.h"

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <ncurses.h>

/* A signal that ncurses took could come when nobody looks, just before a long
 * wait. */
static int watch_size(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGWINCH);
    if (sigprocmask(SIG_BLOCK, &set, NULL))
        return -errno;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int top_screen_open(void)
{
    int resized;

    /* initscr() would end the process. */
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) ||
        (resized = watch_size()) < 0) {
        warnx("no terminal; with -b none is needed");
        return -ENOTTY;
    }
    if (!newterm(NULL, stdout, stdin)) {
        warnx("this terminal is not known; with -b none is needed");
        close(resized);
        return -ENOTTY;
    }
    cbreak();
    noecho();
    curs_set(0);
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    /* An escape sequence comes at once. */
    set_escdelay(25);
    return resized;
}

void top_screen_close(int resized)
{
    endwin();
    close(resized);
}

void top_screen_resize(int resized)
{
    struct signalfd_siginfo info;
    struct winsize size;

    while (read(resized, &info, sizeof(info)) > 0)
        ;
    if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row && size.ws_col)
        resizeterm(size.ws_row, size.ws_col);
}

void top_screen_size(unsigned int *width_r, unsigned int *height_r)
{
    *width_r = COLS > 0 ? (unsigned int)COLS : 1;
    *height_r = LINES > 0 ? (unsigned int)LINES : 1;
}

void top_screen_draw(const struct top_frame *frame)
{
    erase();
    for (unsigned int i = 0; i < frame->nr; i++) {
        const bool marked = i == frame->head || (int)i == frame->selected;

        if (marked)
            attron(A_REVERSE);
        mvaddstr((int)i, 0, frame->line[i]);
        if (marked) {
            for (int x = getcurx(stdscr); x && x < COLS; x++)
                mvaddch((int)i, x, ' ');
            attroff(A_REVERSE);
        }
    }
    refresh();
}

enum top_key top_screen_key(void)
{
    switch (getch()) {
    case ERR:
        return TOP_KEY_NONE;
    case 'q':
    case 'Q':
        return TOP_KEY_QUIT;
    case KEY_UP:
    case 'k':
        return TOP_KEY_UP;
    case KEY_DOWN:
    case 'j':
        return TOP_KEY_DOWN;
    case KEY_HOME:
    case 'b':
        return TOP_KEY_BUSIEST;
    case 's':
    case 'S':
        return TOP_KEY_SORT;
    case 'f':
    case 'F':
        return TOP_KEY_FILES;
    case 'p':
    case 'P':
        return TOP_KEY_PROGRAMS;
    case ' ':
        return TOP_KEY_REFRESH;
    default:
        return TOP_KEY_OTHER;
    }
}
