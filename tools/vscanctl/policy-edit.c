/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy-edit.c - see policy-edit.h. */
#define _GNU_SOURCE
#include "policy-edit.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "policy-file.h"
#include "proc.h"

#define MODE_NEW    0644

struct edit {
    const char *dir;
    char path[512], copy[512];
    struct stat before;         /* of the file; st_ino 0: there was none */
};

static int fail(const char *path, int rc)
{
    warnx("%s: %s", path, strerror(-rc));
    return rc;
}

/* Making the copy ---------------------------------------------------------- */

/* Copies all of @from; 0 or -errno. */
static int copy_octets(int from, int to)
{
    char octets[4096];
    ssize_t n;

    while ((n = read(from, octets, sizeof(octets))) > 0)
        if (write(to, octets, (size_t)n) != n)
            return errno ? -errno : -EIO;
    return n < 0 ? -errno : 0;
}

/* A link would be replaced by a file, and what else there is, too. */
static int look_at_file(struct edit *e)
{
    if (lstat(e->path, &e->before)) {
        e->before = (struct stat){ .st_ino = 0 };
        return errno == ENOENT ? 0 : fail(e->path, -errno);
    }
    if (S_ISREG(e->before.st_mode))
        return 0;
    warnx("%s: not a regular file", e->path);
    return -EINVAL;
}

static int make_copy(struct edit *e)
{
    int from = -1, to, rc = look_at_file(e);

    if (rc)
        return rc;
    /* For nobody else to read: 0600. */
    to = mkostemp(e->copy, O_CLOEXEC);
    if (to < 0)
        return fail(e->dir, -errno);
    if (e->before.st_ino) {
        from = open(e->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        rc = from < 0 ? -errno : copy_octets(from, to);
    }
    if (from >= 0)
        close(from);
    if (close(to) && !rc)
        rc = -errno;
    if (!rc)
        return 0;
    unlink(e->copy);
    return fail(e->path, rc);
}

/* The editor --------------------------------------------------------------- */

/* By a shell, because what is in the variables may be more than one word.  No
 * quote is in a name, nor in the folder. */
static int run_editor(const struct edit *e)
{
    char command[1024];
    int status;

    snprintf(command, sizeof(command),
             "exec ${VISUAL:-${EDITOR:-vi}} '%s'", e->copy);
    fflush(NULL);
    status = system(command);
    if (status == 0)
        return 0;
    if (status == -1)
        warn("the editor");
    else
        warnx("the editor: %s", proc_end(status).text);
    return -ECHILD;
}

/* One that cannot be read has other octets than any. */
static bool is_same(const char *path, const char *other)
{
    FILE *a = fopen(path, "re"), *b = fopen(other, "re");
    bool same = a && b;
    int octet;

    while (same && (octet = getc(a)) == getc(b) && octet != EOF)
        ;
    if (same)
        same = feof(a) && feof(b) && !ferror(a) && !ferror(b);
    if (a)
        fclose(a);
    if (b)
        fclose(b);
    return same;
}

static bool is_unchanged(const struct edit *e)
{
    return is_same(e->before.st_ino ? e->path : "/dev/null", e->copy);
}

/* Without a terminal there is nobody who could say so. */
static bool wants_to_go_on(void)
{
    char *line = NULL, answer = 0;
    size_t room = 0;

    while (isatty(STDIN_FILENO) && answer != 'e' && answer != 'q') {
        fputs("Edit it again (e), or quit (q)? ", stderr);
        answer = getline(&line, &room, stdin) > 0 ? line[0] : 'q';
    }
    free(line);
    return answer == 'e';
}

/* 1: the copy is a good policy; 0: it is what it was; or -errno. */
static int edit_copy(const struct edit *e)
{
    struct policy_texts texts;
    char why[512];
    int rc;

    for (;;) {
        rc = run_editor(e);
        if (rc)
            return rc;
        if (is_unchanged(e))
            return 0;
        rc = policy_file_read_path(e->copy, &texts, why, sizeof(why));
        if (!rc)
            return 1;
        warnx("%s", why);
        if (!wants_to_go_on())
            return rc;
    }
}

/* Taking its place --------------------------------------------------------- */

/* Has nobody else changed the file meanwhile? */
static int is_as_before(const struct edit *e)
{
    struct stat now;

    if (lstat(e->path, &now))
        now = (struct stat){ .st_ino = 0 };
    if (now.st_ino == e->before.st_ino && now.st_size == e->before.st_size &&
        now.st_mtim.tv_sec == e->before.st_mtim.tv_sec &&
        now.st_mtim.tv_nsec == e->before.st_mtim.tv_nsec)
        return 0;
    warnx("%s: has been changed meanwhile", e->path);
    return -EBUSY;
}

static int sync_folder(const struct edit *e)
{
    int fd = open(e->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;

    if (fd < 0 || fsync(fd))
        rc = fail(e->dir, -errno);
    if (fd >= 0)
        close(fd);
    return rc;
}

/* On the disk before the name is: what is found after a crash is whole. */
static int replace(const struct edit *e)
{
    mode_t mode = e->before.st_ino ? e->before.st_mode & 07777 : MODE_NEW;
    int rc = is_as_before(e), fd;

    if (rc)
        return rc;
    fd = open(e->copy, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return fail(e->copy, -errno);
    if (fchmod(fd, mode) || fsync(fd) || rename(e->copy, e->path))
        rc = fail(e->path, -errno);
    close(fd);
    return rc ? rc : sync_folder(e);
}

int policy_edit(const char *dir, const char *name)
{
    struct edit e = { .dir = dir };
    char safe[4 * POLICY_NAME_MAX];
    int rc;

    if (!policy_name_is_one(name)) {
        warnx("\"%s\" is not the name of a policy",
              escape(name, safe, sizeof(safe)));
        return -EINVAL;
    }
    snprintf(e.path, sizeof(e.path), "%s/%s", dir, name);
    snprintf(e.copy, sizeof(e.copy), "%s/.%s.XXXXXX", dir, name);
    rc = make_copy(&e);
    if (rc)
        return rc;
    rc = edit_copy(&e);
    if (rc > 0)
        rc = replace(&e) ? -EIO : 1;
    if (!rc)
        unlink(e.copy);
    else if (rc < 0 && !access(e.copy, F_OK))
        warnx("nothing is changed; what was edited is in %s", e.copy);
    return rc;
}
