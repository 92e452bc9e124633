/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * one-guest.h - the words of a command that is about one guest that is
 * attached: "[--json] <domain>".
 */
#ifndef VSCANCTL_ONE_GUEST_H
#define VSCANCTL_ONE_GUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "device.h"
#include "domain.h"

struct one_guest {
    const char *domain;
    bool json;
};

/* 0; or -EINVAL, and has said why. */
int one_guest_parse(int argc, char **argv, const char *command,
                    struct one_guest *guest_r);

/* The guest's device; 0, or -errno, and has said why. */
int one_guest_find(const struct machine *m, const char *domain,
                   struct device *device_r);

#endif
