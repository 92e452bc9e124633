/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * move.c - vscanctl move: a guest goes on with the back in another domain.
 *
 * Overview: says what attachment.c does.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>

#include "attachment.h"
#include "command.h"
#include "domain.h"

static int move(const struct machine *m, const char *front_text,
                const char *back_text)
{
    char front_name[DOMAIN_NAME_SIZE], back_name[DOMAIN_NAME_SIZE], why[512];
    uint32_t front, back, old_back;
    int rc;

    if (domain_find(m, front_text, &front) || domain_find(m, back_text, &back))
        return -ENOENT;
    rc = attachment_move(m, front, back, &old_back, why, sizeof(why));
    if (rc)
        warnx("%s", why);
    else
        printf("%s: moved from the back in domain %u to the one in domain %u "
               "(%s)\n", domain_name(m, front, front_name), old_back, back,
               domain_name(m, back, back_name));
    return rc;
}

int move_main(int argc, char **argv)
{
    static const struct option options[] = {
        { "backend", required_argument, NULL, 'b' },
        { NULL, 0, NULL, 0 },
    };
    const char *back = NULL;
    struct machine m;
    int option, rc;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option != 'b')
            return STATUS_USAGE;
        back = optarg;
    }
    if (argc - optind != 1 || !back) {
        warnx("move takes a domain, and --backend");
        return STATUS_USAGE;
    }
    if (machine_init(&m))
        return STATUS_FAILED;
    rc = move(&m, argv[optind], back);
    machine_dispose(&m);
    return rc ? STATUS_FAILED : STATUS_DONE;
}
