/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * top.c - vscanctl top: what all guests do, again and again, until it is told
 * to end.
 *
 * Overview: top-look.c knows, top-frame.c makes lines of it, and top-screen.c
 * shows them; here is the loop, with a terminal or (-b) without.  With --json,
 * which needs none either, top-json.c makes an object of each frame.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "json-add.h"
#include "number.h"
#include "proc.h"
#include "top-json.h"
#include "top-look.h"
#include "top-screen.h"

#define DEFAULT_SECONDS 3
#define MAX_SECONDS     3600

struct top {
    bool batch, json;
    uint32_t seconds, frames;   /* 0: no end */
    int signals;                /* proc_signals() */
    int resized;                /* top_screen_open(); -1: none */
    struct top_look look;
    struct top_view view;
};

/* Waits for a signal, and with a terminal for keys and another size of it.  1:
 * it is to end; 0; -errno. */
static int wait_until(const struct top *top, int64_t when_ms)
{
    struct pollfd fds[3] = {
        { .fd = top->signals, .events = POLLIN },
        { .fd = top->batch ? -1 : STDIN_FILENO, .events = POLLIN },
        { .fd = top->resized, .events = POLLIN },
    };
    const int64_t left = when_ms - proc_now_ms();

    if (poll(fds, 3, left > 0 ? (int)left : 0) < 0)
        return errno == EINTR ? 0 : -errno;
    if (fds[2].revents)
        top_screen_resize(top->resized);
    return fds[0].revents || (fds[1].revents & (POLLHUP | POLLERR));
}

/* Without a terminal ------------------------------------------------------- */

static int print_frame(struct top *top)
{
    struct top_frame frame;
    int rc = top_look_frame(&top->look, &top->view, &frame);

    if (rc)
        return rc;
    for (unsigned int i = 0; i < frame.nr; i++)
        puts(frame.line[i]);
    top_frame_dispose(&frame);
    return fflush(stdout) ? -errno : 0;
}

static int print_json(struct top *top)
{
    top_rates_sort(top->look.rows, top->look.now.nr, top->view.sort);
    json_show(top_json(&top->look.head, proc_time_s(), top->look.rows,
                       top->look.now.nr));
    return fflush(stdout) ? -errno : 0;
}

static int run_batch(struct top *top, const struct machine *m)
{
    int rc;

    for (uint32_t done = 1;; done++) {
        int64_t next = proc_now_ms() + 1000 * (int64_t)top->seconds;

        rc = top_look(&top->look, m);
        if (!rc)
            rc = top->json ? print_json(top) : print_frame(top);
        if (rc || done == top->frames)
            return rc;
        while (!rc && proc_now_ms() < next)
            rc = wait_until(top, next);
        if (rc)
            return rc < 0 ? rc : 0;
        if (!top->json)
            putchar('\n');
    }
}

/* With one ----------------------------------------------------------------- */

/* The guest that is @by rows further; from none, the first or the last one. */
static void select_row(struct top *top, int by)
{
    const int nr = (int)top->look.now.nr;
    int at = top_frame_selected(top->look.rows, (size_t)nr, &top->view);

    if (!nr)
        return;
    at = at < 0 ? (by > 0 ? 0 : nr - 1) : at + by;
    at = at < 0 ? 0 : at >= nr ? nr - 1 : at;
    top->view.selected = true;
    top->view.domid = top->look.rows[at].guest->domid;
}

/* 1: it is to end. */
static int take_key(struct top *top, enum top_key key)
{
    switch (key) {
    case TOP_KEY_QUIT:
        return 1;
    case TOP_KEY_UP:
    case TOP_KEY_DOWN:
        select_row(top, key == TOP_KEY_UP ? -1 : 1);
        return 0;
    case TOP_KEY_BUSIEST:
        top->view.selected = false;
        return 0;
    case TOP_KEY_SORT:
        top->view.sort = (top->view.sort + 1) % TOP_SORT_END;
        return 0;
    case TOP_KEY_FILES:
        top->view.files = !top->view.files;
        return 0;
    case TOP_KEY_PROGRAMS:
        top->view.programs = !top->view.programs;
        return 0;
    default:
        return 0;
    }
}

static int draw(struct top *top)
{
    struct top_frame frame;
    int rc;

    top_screen_size(&top->view.width, &top->view.height);
    rc = top_look_frame(&top->look, &top->view, &frame);
    if (rc)
        return rc;
    top_screen_draw(&frame);
    top_frame_dispose(&frame);
    return 0;
}

/* Shows one survey until the next is due.  1: it is to end. */
static int show(struct top *top, int64_t next)
{
    int rc = 0;

    do {
        enum top_key key;

        while (!rc && (key = top_screen_key()) != TOP_KEY_NONE) {
            if (key == TOP_KEY_REFRESH)
                next = 0;
            rc = take_key(top, key);
        }
        if (!rc)
            rc = draw(top);
        if (!rc)
            rc = wait_until(top, next);
    } while (!rc && proc_now_ms() < next);
    return rc;
}

static int run_screen(struct top *top, const struct machine *m)
{
    int rc = 0;

    top->resized = top_screen_open();
    if (top->resized < 0)
        return top->resized;
    while (!rc) {
        int64_t next = proc_now_ms() + 1000 * (int64_t)top->seconds;

        rc = top_look(&top->look, m);
        if (!rc)
            rc = show(top, next);
    }
    top_screen_close(top->resized);
    return rc < 0 ? rc : 0;
}

/* The command -------------------------------------------------------------- */

static int parse(int argc, char **argv, struct top *top)
{
    static const struct option options[] = {
        { "json", no_argument, NULL, 'j' },
        { NULL, 0, NULL, 0 },
    };
    int option, rc = 0;

    while (!rc &&
           (option = getopt_long(argc, argv, "d:bn:", options, NULL)) != -1) {
        if (option == 'b' || option == 'j')
            top->batch = true;
        else if (option == 'd')
            rc = number_parse_u32(optarg, 1, MAX_SECONDS, &top->seconds);
        else if (option == 'n')
            rc = number_parse_u32(optarg, 1, UINT32_MAX, &top->frames);
        else
            return -EINVAL;
        top->json |= option == 'j';
        if (rc)
            warnx("-%c takes a number from 1%s", option,
                  option == 'd' ? " to 3600" : "");
    }
    if (!rc && optind != argc) {
        warnx("top takes no domain");
        rc = -EINVAL;
    } else if (!rc && top->frames && !top->batch) {
        warnx("-n is for -b and --json");
        rc = -EINVAL;
    }
    return rc;
}

static int run(struct top *top)
{
    struct machine m;
    int rc;

    if (machine_init(&m))
        return STATUS_FAILED;
    rc = top->batch ? run_batch(top, &m) : run_screen(top, &m);
    top_look_dispose(&top->look);
    machine_dispose(&m);
    /* That there is no terminal has been said. */
    if (rc && rc != -ENOTTY)
        warnx("%s", strerror(-rc));
    return rc ? STATUS_FAILED : STATUS_DONE;
}

int top_main(int argc, char **argv)
{
    struct top top = { .seconds = DEFAULT_SECONDS, .resized = -1,
                       .view = { .files = true, .programs = true } };
    int status;

    if (parse(argc, argv, &top))
        return STATUS_USAGE;
    top.signals = proc_signals();
    if (top.signals < 0) {
        warnx("signals: %s", strerror(-top.signals));
        return STATUS_FAILED;
    }
    status = run(&top);
    close(top.signals);
    return status;
}
