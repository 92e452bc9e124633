/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guest-config.c - see guest-config.h. */
#define _GNU_SOURCE
#include "guest-config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libxlutil.h>

#include "check.h"

#define KEY         "vscan"
#define MAX_OCTETS  (1 << 20)
#define BACKEND_DEFAULT "Domain-0"

const char *const guest_config_dirs[] = { "/etc/xen", "/etc/xen/auto", NULL };

/* One file, parsed; what libxlutil has to say of it. */
struct parsed {
    const char *path;
    XLU_Config *cfg;
    FILE *report;
    char *said;
    size_t said_size;
};

static void dispose(struct parsed *p)
{
    if (p->cfg)
        xlu_cfg_destroy(p->cfg);
    if (p->report)
        fclose(p->report);
    free(p->said);
}

/* The line of our key, which libxlutil tells when it is asked for what is not
 * there: a string instead of a list, or a list instead of anything else. */
static unsigned int line_of(struct parsed *p)
{
    const size_t len = strlen(p->path);
    unsigned int line = 0;
    char *at;
    const char *none;

    rewind(p->report);
    if (xlu_cfg_get_string(p->cfg, KEY, &none, 0) == 0)
        xlu_cfg_get_list(p->cfg, KEY, NULL, NULL, 0);
    fflush(p->report);
    at = p->said ? strstr(p->said, p->path) : NULL;
    if (at && at[len] == ':')
        line = (unsigned int)strtoul(at + len + 1, NULL, 10);
    return line;
}

static int malformed(struct parsed *p, const char *text, char *why, size_t size)
{
    snprintf(why, size, "%s:%u: " KEY ": %s", p->path, line_of(p), text);
    return -EINVAL;
}

/* Copies a value; false when it is empty or too long. */
static bool take(const char *value, char *to, size_t size)
{
    return *value && (size_t)snprintf(to, size, "%s", value) < size;
}

static int say(char *why, size_t size, const char *path, int rc)
{
    snprintf(why, size, "%s: %s", path, strerror(-rc));
    return rc;
}

static int take_word(struct parsed *p, const char *word,
                     struct guest_config *c, char *why, size_t size)
{
    char safe[256], text[320];
    bool good;

    if (!strncmp(word, "backend=", 8) && !c->backend[0])
        good = take(word + 8, c->backend, sizeof(c->backend));
    else if (!strncmp(word, "policy=", 7) && !c->policy[0])
        good = take(word + 7, c->policy, sizeof(c->policy)) &&
               policy_name_is_one(c->policy);
    else
        good = false;
    if (good)
        return 0;
    snprintf(text, sizeof(text), "\"%s\" is not backend=DOMAIN or policy=NAME, "
             "each once", escape(word, safe, sizeof(safe)));
    return malformed(p, text, why, size);
}

static int take_entry(struct parsed *p, const char *entry,
                      struct guest_config *c, char *why, size_t size)
{
    char *copy = strdup(entry), *rest = copy, *word;
    int rc = copy ? 0 : say(why, size, p->path, -ENOMEM);

    while (!rc && *entry && (word = strsep(&rest, ",")))
        rc = take_word(p, word, c, why, size);
    free(copy);
    if (!c->backend[0])
        strcpy(c->backend, BACKEND_DEFAULT);
    if (!c->policy[0])
        strcpy(c->policy, POLICY_DEFAULT);
    return rc;
}

static int take_key(struct parsed *p, struct guest_config *c, char *why,
                    size_t size)
{
    XLU_ConfigList *list;
    const char *entry;
    int nr, rc = xlu_cfg_get_list(p->cfg, KEY, &list, &nr, 1);

    if (rc == ESRCH)
        return 0;
    c->wanted = true;
    if (rc)
        return malformed(p, "not a list: [ \"KEY=VALUE,...\" ]", why, size);
    entry = nr == 1 ? xlu_cfg_get_listitem(list, 0) : NULL;
    if (!entry)
        return malformed(p, "not one device: [ \"KEY=VALUE,...\" ]", why,
                         size);
    return take_entry(p, entry, c, why, size);
}

/* A regular file of a size that makes sense; -ESRCH: it is none. */
static int read_octets(const char *path, char **octets_r, size_t *size_r)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc = 0;
    struct stat st;
    ssize_t n = 0;

    if (fd < 0)
        return -errno;
    *octets_r = malloc(MAX_OCTETS + 1);
    if (!*octets_r)
        rc = -ENOMEM;
    else if (fstat(fd, &st) || (n = S_ISREG(st.st_mode) ?
                                read(fd, *octets_r, MAX_OCTETS + 1) : 0) < 0)
        rc = -errno;
    else if (n == 0 || n > MAX_OCTETS)
        rc = -ESRCH;
    close(fd);
    if (rc) {
        free(*octets_r);
        *octets_r = NULL;
    }
    *size_r = (size_t)n;
    return rc;
}

static int parse(const char *path, struct parsed *p, char *why, size_t size)
{
    char *octets = NULL;
    size_t n = 0;
    int rc;

    *p = (struct parsed){ .path = path };
    rc = read_octets(path, &octets, &n);
    if (rc)
        return say(why, size, path, rc == -ESRCH ? -EFBIG : rc);
    p->report = open_memstream(&p->said, &p->said_size);
    p->cfg = p->report ? xlu_cfg_init(p->report, path) : NULL;
    if (!p->cfg) {
        rc = say(why, size, path, -ENOMEM);
    } else if (xlu_cfg_readdata(p->cfg, octets, (int)n)) {
        fflush(p->report);
        snprintf(why, size, "%.*s", (int)strcspn(p->said, "\n"), p->said);
        rc = -EINVAL;
    }
    free(octets);
    return rc;
}

int guest_config_read(const char *path, struct guest_config *config_r,
                      char *why, size_t why_size)
{
    struct parsed p;
    const char *name;
    int rc;

    *config_r = (struct guest_config){ .wanted = false };
    rc = parse(path, &p, why, why_size);
    if (rc)
        goto out;
    if (xlu_cfg_get_string(p.cfg, "name", &name, 1) ||
        !take(name, config_r->name, sizeof(config_r->name))) {
        snprintf(why, why_size, "%s: it names no domain", path);
        rc = -EINVAL;
        goto out;
    }
    rc = take_key(&p, config_r, why, why_size);
out:
    dispose(&p);
    return rc;
}

/* Looking for one ---------------------------------------------------------- */

struct search {
    const char *name;
    struct guest_config *config;    /* the one that has been found, */
    int rc;                         /* with this; -ENOENT: none yet */
    dev_t dev;
    ino_t ino;
    char *why;
    size_t why_size;
    char broken[560];               /* "": no file that looks like it is */
};

/* Begins a statement at @at? */
static bool begins(const char *octets, const char *at)
{
    while (at > octets && (at[-1] == ' ' || at[-1] == '\t'))
        at--;
    return at == octets || strchr("\n\r;", at[-1]);
}

/* Does a statement of a file that cannot be parsed give @key a value, @value where it is not NULL? */
static bool says(const char *octets, const char *key, const char *value)
{
    for (const char *at = octets; (at = strstr(at, key)); at += strlen(key)) {
        const char *rest = at + strlen(key);
        const size_t len = value ? strlen(value) : 0;

        rest += strspn(rest, " \t");
        if (!begins(octets, at) || *rest++ != '=')
            continue;
        rest += strspn(rest, " \t");
        if (!value || ((*rest == '"' || *rest == '\'') &&
                       !strncmp(rest + 1, value, len) && rest[1 + len] == *rest))
            return true;
    }
    return false;
}

/* One that cannot be parsed is this guest's, as far as can be seen, and wants to
 * have it scanned: the first of them is told of when there is no other. */
static void look_at_broken(struct search *s, const char *path, const char *why)
{
    char *octets;
    size_t n;

    if (s->broken[0] || read_octets(path, &octets, &n))
        return;
    octets[n] = 0;
    if (says(octets, "name", s->name) && says(octets, KEY, NULL))
        snprintf(s->broken, sizeof(s->broken), "%s: its key " KEY
                 " cannot be read", why);
    free(octets);
}

static void look_at(struct search *s, const char *path)
{
    struct guest_config config;
    char why[512];
    struct stat st;
    int rc;

    if (stat(path, &st) || !S_ISREG(st.st_mode) || st.st_size > MAX_OCTETS)
        return;
    rc = guest_config_read(path, &config, why, sizeof(why));
    if (rc == -EINVAL && !config.name[0])
        look_at_broken(s, path, why);
    if (strcmp(config.name, s->name))
        return;
    if (s->rc != -ENOENT && s->dev == st.st_dev && s->ino == st.st_ino)
        return;
    /* One that says nothing of scanning is as good as none. */
    if (s->rc != -ENOENT && s->config->wanted && config.wanted) {
        snprintf(s->why, s->why_size, "%s: another file has a guest with the "
                 "name, and the key " KEY, path);
        s->rc = -EEXIST;
        return;
    }
    if (s->rc != -ENOENT && !config.wanted)
        return;
    *s->config = config;
    s->rc = rc;
    s->dev = st.st_dev;
    s->ino = st.st_ino;
    snprintf(s->why, s->why_size, "%s", rc ? why : "");
}

static int is_no_leftover(const struct dirent *entry)
{
    const size_t len = strlen(entry->d_name);

    return entry->d_name[0] != '.' && entry->d_name[len - 1] != '~' &&
           !strstr(entry->d_name, ".dpkg-");
}

static void look_in(struct search *s, const char *dir)
{
    struct dirent **names;
    int nr = scandir(dir, &names, is_no_leftover, alphasort);
    char path[1024];

    for (int i = 0; i < nr; i++) {
        if (s->rc != -EEXIST &&
            (size_t)snprintf(path, sizeof(path), "%s/%s", dir,
                             names[i]->d_name) < sizeof(path))
            look_at(s, path);
        free(names[i]);
    }
    if (nr >= 0)
        free(names);
}

int guest_config_find(const char *const *dirs, const char *name,
                      struct guest_config *config_r, char *why,
                      size_t why_size)
{
    struct search s = { .name = name, .config = config_r, .rc = -ENOENT,
                        .why = why, .why_size = why_size };
    char safe[256];

    *config_r = (struct guest_config){ .wanted = false };
    for (; *dirs; dirs++)
        look_in(&s, *dirs);
    if (s.rc == -ENOENT && s.broken[0]) {
        snprintf(why, why_size, "%s", s.broken);
        config_r->wanted = true;
        return -EINVAL;
    }
    if (s.rc == -ENOENT)
        snprintf(why, why_size, "no domain config has the name \"%s\"",
                 escape(name, safe, sizeof(safe)));
    return s.rc;
}
