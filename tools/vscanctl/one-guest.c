/* SPDX-License-Identifier: GPL-2.0-or-later */
/* one-guest.c - see one-guest.h. */
#include "one-guest.h"

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "check.h"

int one_guest_parse(int argc, char **argv, const char *command,
                    struct one_guest *guest_r)
{
    static const struct option options[] = {
        { "json", no_argument, NULL, 'j' },
        { NULL, 0, NULL, 0 },
    };
    int option;

    *guest_r = (struct one_guest){ .domain = NULL };
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option != 'j')
            return -EINVAL;
        guest_r->json = true;
    }
    if (argc - optind != 1) {
        warnx("%s takes one domain", command);
        return -EINVAL;
    }
    guest_r->domain = argv[optind];
    return 0;
}

int one_guest_find(const struct machine *m, const char *domain,
                   struct device *device_r)
{
    struct device_list devices;
    char safe[DOMAIN_NAME_SIZE];
    uint32_t domid;
    int rc = domain_find(m, domain, &domid);

    if (rc)
        return rc;
    rc = device_list(m->xs, &devices);
    if (rc) {
        warnx("cannot read xenstore: %s", strerror(-rc));
        return rc;
    }
    rc = -ENOENT;
    for (size_t i = 0; rc && i < devices.count; i++) {
        if (!devices.devices[i].recorded || devices.devices[i].front != domid)
            continue;
        *device_r = devices.devices[i];
        rc = 0;
    }
    device_list_dispose(&devices);
    if (rc)
        warnx("\"%s\" is not attached", escape(domain, safe, sizeof(safe)));
    return rc;
}
