/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * terminals.c - see terminals.h.
 *
 * Overview: utmp may be written by a group, and terminals may go and come as
 * another's between two looks.  So a name is only looked up, below /dev and by
 * way of no link; what it led to is checked by descriptor, and only then opened
 * for writing, by way of that descriptor.
 */
#define _GNU_SOURCE
#include "terminals.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <utmpx.h>

/* Linux: Documentation/admin-guide/devices.txt. */
#define MAJOR_TTY       4
#define MAJOR_PTS       136
#define MAJOR_PTS_LAST  143
#define MAJOR_HVC       229

struct message {
    int dev;
    uid_t uid;
    const char *text;
    dev_t told[TERMINALS_MAX];
    int nr_told, nr_taken;
};

/* The name below /dev of a terminal, "" for one of another kind. */
static void tty_name(dev_t tty, char *out, size_t size)
{
    unsigned int minor_nr = minor(tty);

    out[0] = 0;
    if (major(tty) == MAJOR_TTY && minor_nr < 64)
        snprintf(out, size, "tty%u", minor_nr);
    else if (major(tty) == MAJOR_TTY)
        snprintf(out, size, "ttyS%u", minor_nr - 64);
    else if (major(tty) == MAJOR_PTS)
        snprintf(out, size, "pts/%u", minor_nr);
    else if (major(tty) == MAJOR_HVC)
        snprintf(out, size, "hvc%u", minor_nr);
}

/* Other character devices do things when they are opened. */
static bool is_terminal(dev_t device)
{
    return major(device) == MAJOR_TTY || major(device) == MAJOR_HVC ||
           (major(device) >= MAJOR_PTS && major(device) <= MAJOR_PTS_LAST);
}

static bool is_new(struct message *message, dev_t device)
{
    for (int i = 0; i < message->nr_told; i++)
        if (message->told[i] == device)
            return false;
    if (message->nr_told == TERMINALS_MAX)
        return false;
    message->told[message->nr_told++] = device;
    return true;
}

static void write_to(struct message *message, int looked_up)
{
    size_t len = strlen(message->text);
    char path[32];
    int fd;

    snprintf(path, sizeof(path), "/proc/self/fd/%d", looked_up);
    fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (isatty(fd) && write(fd, message->text, len) == (ssize_t)len)
        message->nr_taken++;
    close(fd);
}

/* @want: the device that it must be; 0: any terminal of the user's. */
static void tell(struct message *message, const char *name, dev_t want)
{
    struct open_how how = {
        .flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
                   RESOLVE_NO_MAGICLINKS,
    };
    int fd = (int)syscall(SYS_openat2, message->dev, name, &how, sizeof(how));
    struct stat st;

    if (fd < 0)
        return;
    if (!fstat(fd, &st) && S_ISCHR(st.st_mode) && is_terminal(st.st_rdev) &&
        st.st_uid == message->uid && (!want || st.st_rdev == want) &&
        is_new(message, st.st_rdev))
        write_to(message, fd);
    close(fd);
}

static void tell_logins(struct message *message, const char *name)
{
    struct utmpx *entry;

    setutxent();
    while ((entry = getutxent())) {
        char line[sizeof(entry->ut_line) + 1];

        if (entry->ut_type != USER_PROCESS ||
            strncmp(entry->ut_user, name, sizeof(entry->ut_user)))
            continue;
        memcpy(line, entry->ut_line, sizeof(entry->ut_line));
        line[sizeof(entry->ut_line)] = 0;
        tell(message, line, 0);
    }
    endutxent();
}

static bool is_among(const struct terminals_user *users, int nr,
                     const char *name)
{
    for (int i = 0; i < nr; i++)
        if (!strcmp(users[i].name, name))
            return true;
    return false;
}

int terminals_users(struct terminals_user users_r[TERMINALS_USERS])
{
    struct utmpx *entry;
    int nr = 0;

    setutxent();
    while (nr < TERMINALS_USERS && (entry = getutxent())) {
        struct terminals_user user = { .name = "" };

        if (entry->ut_type != USER_PROCESS)
            continue;
        memcpy(user.name, entry->ut_user, sizeof(entry->ut_user));
        if (user.name[0] && !is_among(users_r, nr, user.name))
            users_r[nr++] = user;
    }
    endutxent();
    return nr;
}

int terminals_write(const char *dev, uid_t uid, const char *name, dev_t tty,
                    const char *text)
{
    struct message message = { .uid = uid, .text = text };
    char tty_path[32];

    message.dev = open(dev, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (message.dev < 0)
        return 0;
    tty_name(tty, tty_path, sizeof(tty_path));
    if (tty_path[0])
        tell(&message, tty_path, tty);
    if (name)
        tell_logins(&message, name);
    close(message.dev);
    return message.nr_taken;
}
