/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mountinfo.c - see mountinfo.h. */
#include "mountinfo.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "number.h"

/* A device number's parts are 12 and 20 bits in the kernel. */
#define MAX_MAJOR   ((1u << 12) - 1)
#define MAX_MINOR   ((1u << 20) - 1)

/* Cuts the next field off; fields are parted by one blank each. */
static char *field(char **rest)
{
    char *text = *rest, *end;

    if (!text)
        return NULL;
    end = strchr(text, ' ');
    if (end)
        *end++ = 0;
    *rest = end;
    return text;
}

static bool octal(char c)
{
    return c >= '0' && c <= '7';
}

/* Undoes \040 and the like.  The kernel writes a backslash as \134, and no
 * NUL: any other backslash is none of its. */
static int decode(char *text)
{
    char *out = text;

    for (const char *in = text; *in; in++) {
        int c = *in;

        if (c == '\\') {
            if (in[1] < '0' || in[1] > '3' || !octal(in[2]) || !octal(in[3]))
                return -EINVAL;
            c = (in[1] - '0') * 64 + (in[2] - '0') * 8 + (in[3] - '0');
            if (!c)
                return -EINVAL;
            in += 3;
        }
        *out++ = (char)c;
    }
    *out = 0;
    return 0;
}

static int parse_dev(char *text, dev_t *dev_r)
{
    char *colon = strchr(text, ':');
    uint32_t major, minor;

    if (!colon)
        return -EINVAL;
    *colon = 0;
    if (number_parse_u32(text, 0, MAX_MAJOR, &major) ||
        number_parse_u32(colon + 1, 0, MAX_MINOR, &minor))
        return -EINVAL;
    *dev_r = makedev(major, minor);
    return 0;
}

int mountinfo_parse(char *line, struct mountinfo *mount_r)
{
    char *rest = line, *id, *parent, *dev, *point, *type, *text;
    struct mountinfo mount;
    size_t len = strlen(line);

    if (len && line[len - 1] == '\n')
        line[len - 1] = 0;
    id = field(&rest);
    parent = field(&rest);
    dev = field(&rest);
    field(&rest);           /* what of the filesystem is mounted */
    point = field(&rest);
    field(&rest);           /* options of the mount */
    /* Any number of optional fields, none too. */
    while ((text = field(&rest)) && strcmp(text, "-"))
        ;
    /* Source and options of the filesystem follow, not looked at. */
    type = field(&rest);
    if (!type || !rest)
        return -EINVAL;
    if (number_parse(id, 0, UINT64_MAX, &mount.id) ||
        number_parse(parent, 0, UINT64_MAX, &mount.parent) ||
        parse_dev(dev, &mount.dev) || decode(point) || decode(type) ||
        point[0] != '/' || !type[0])
        return -EINVAL;
    mount.point = point;
    mount.type = type;
    *mount_r = mount;
    return 0;
}
