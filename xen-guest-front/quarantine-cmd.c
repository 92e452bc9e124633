/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * quarantine-cmd.c - see quarantine-cmd.h.
 *
 * Overview: one table of commands, from words to calls of the store.  What
 * comes from files is escaped: it may be shown on a terminal.
 */
#define _GNU_SOURCE
#include "quarantine-cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "quarantine.h"
#include "restore.h"

static const char usage[] =
"Usage: xen-guest-front --quarantine COMMAND\n"
"  list               what is in the quarantine, newest last\n"
"  restore ID [PATH]  put a file back where it was, or at PATH; never\n"
"                     replaces one.  It is scanned again as any other is\n"
"  delete ID          remove an item for good\n"
"  export ID FILE     write an item's content, INFECTED AS IT IS, to a new\n"
"                     FILE (\"-\": standard output); the item stays\n"
"To be run as root.  Exit status: 0 done, 1 failed, 2 usage.\n";

/* Says what failed, of the item @id. */
static int failed(const char *id, const char *why, int rc)
{
    char safe[64];

    fprintf(stderr, "xen-guest-front: %s: %s", escape(id, safe, sizeof(safe)),
            why);
    /* These say it all. */
    if (rc == -EBADMSG || rc == -EINVAL)
        fputc('\n', stderr);
    else
        fprintf(stderr, ": %s\n", strerror(-rc));
    return 1;
}

/* list ----------------------------------------------------------------------*/

struct row {
    char id[ITEM_ID_SIZE];
    int rc;                     /* of quarantine_get() */
    int64_t time;
    uint64_t size;
    char detection[VSCANIF_MAX_NAME];
    char *path;                 /* escaped, ours */
};

static void load_row(int store, const char *id, struct row *row)
{
    struct item item;
    off_t content;
    char *path;
    int fd;

    memcpy(row->id, id, ITEM_ID_SIZE);
    row->rc = quarantine_get(store, id, &item, &fd, &content);
    if (!row->rc) {
        close(fd);
        row->time = item.time;
        row->size = item.size;
        escape(item.detection, row->detection, sizeof(row->detection));
        path = malloc(4 * PATH_MAX);
        if (path) {
            escape(item.path[0] ? item.path : "?", path, 4 * PATH_MAX);
            row->path = strdup(path);
            free(path);
        }
    }
    item_dispose(&item);
}

static int by_time(const void *a, const void *b)
{
    const struct row *x = a, *y = b;

    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return strcmp(x->id, y->id);
}

/* Columns of the terminal; 0: no terminal, nothing is cut. */
static size_t columns(void)
{
    struct winsize size;

    if (!isatty(STDOUT_FILENO))
        return 0;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || size.ws_col < 40)
        return 80;
    return size.ws_col;
}

static void size_text(uint64_t size, char *out, size_t out_size)
{
    static const char units[] = "BKMG";
    int unit = 0;

    while (size >= 10000 && unit < 3) {
        size /= 1024;
        unit++;
    }
    snprintf(out, out_size, "%" PRIu64 "%c", size, units[unit]);
}

/* The end of a path says most: the beginning goes when it is too long. */
static void put_row(const struct row *row, size_t width)
{
    char when[32] = "", size[24], head[160];
    const char *path = row->path ? row->path : "?";
    size_t used, len = strlen(path), room;
    time_t seconds = (time_t)row->time;
    struct tm tm;

    if (row->rc) {
        printf("%s  %s\n", row->id, restore_why(row->rc));
        return;
    }
    if (localtime_r(&seconds, &tm))
        strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &tm);
    size_text(row->size, size, sizeof(size));
    used = (size_t)snprintf(head, sizeof(head), "%s  %-16s %6s  %-*.*s  ",
                            row->id, when, size, width ? 20 : 0,
                            width ? 20 : VSCANIF_MAX_NAME, row->detection);
    room = width > used ? width - used : 8;
    if (width && len > room)
        printf("%s..%s\n", head, path + len - (room - 2));
    else
        printf("%s%s\n", head, path);
}

static int list(int store, char **args)
{
    char (*ids)[ITEM_ID_SIZE];
    size_t width = columns();
    struct row *rows;
    int status = 0, n = quarantine_ids(store, &ids);

    (void)args;
    if (n < 0)
        return failed("list", "cannot read the quarantine", n);
    rows = calloc((size_t)n + 1, sizeof(*rows));
    if (!rows) {
        free(ids);
        return failed("list", "cannot sort the items", -ENOMEM);
    }
    for (int i = 0; i < n; i++)
        load_row(store, ids[i], &rows[i]);
    qsort(rows, (size_t)n, sizeof(*rows), by_time);
    printf("%-16s  %-16s %6s  %-*s  %s\n", "ID", "TIME", "SIZE",
           width ? 20 : 9, "DETECTION", "PATH");
    for (int i = 0; i < n; i++) {
        put_row(&rows[i], width);
        free(rows[i].path);
        if (rows[i].rc)
            status = 1;
    }
    free(rows);
    free(ids);
    return status;
}

/* The others ----------------------------------------------------------------*/

static int restore(int store, char **args)
{
    const char *why;
    int rc = restore_item(store, args[0], args[1], &why);

    return rc ? failed(args[0], why, rc) : 0;
}

static int delete(int store, char **args)
{
    int rc = quarantine_delete(store, args[0]);

    if (rc == -EINVAL || rc == -ENOENT)
        return failed(args[0], restore_why(rc), -EINVAL);
    return rc ? failed(args[0], "cannot remove the item", rc) : 0;
}

static int export(int store, char **args)
{
    const char *why;
    int rc = restore_export(store, args[0], args[1], &why);

    if (rc)
        return failed(args[0], why, rc);
    fprintf(stderr, "xen-guest-front: warning: what was written is infected "
            "as it was\n");
    return 0;
}

static const struct command {
    const char *name;
    int min_args, max_args;
    int (*run)(int store, char **args);     /* ends with NULL */
} commands[] = {
    { "list", 0, 0, list },
    { "restore", 1, 2, restore },
    { "delete", 1, 1, delete },
    { "export", 2, 2, export },
};

int quarantine_cmd(const char *store_path, int argc, char **argv)
{
    const struct command *command = NULL;
    int store, status, rc;

    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (argc > 0 && !strcmp(argv[0], commands[i].name))
            command = &commands[i];
    if (!command || argc - 1 < command->min_args ||
        argc - 1 > command->max_args) {
        fputs(usage, stderr);
        return 2;
    }
    if ((rc = quarantine_open(store_path, &store)))
        return failed(command->name, "cannot open the quarantine", rc);
    status = command->run(store, argv + 1);
    close(store);
    if (fflush(stdout) || ferror(stdout))
        return failed(command->name, "cannot write", -EIO);
    return status;
}

int quarantine_main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[2], "--help")) {
        fputs(usage, stdout);
        return 0;
    }
    return quarantine_cmd(QUARANTINE_DIR, argc - 2, argv + 2);
}
