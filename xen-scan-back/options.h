/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * options.h - the command line of xen-scan-back.
 */
#ifndef VSCAN_OPTIONS_H
#define VSCAN_OPTIONS_H

#include "log.h"
#include "proc-pool.h"

struct options {
    struct pool_config pool;
    enum log_level level;
};

/*
 * Returns -1 when the program is to go on, with *@options_r; else its exit
 * status: 0 after --help and --version, which have been printed, 2 for wrong
 * usage, about which standard error tells.  Strings of @argv stay in use.
 */
int options_parse(int argc, char **argv, struct options *options_r);

#endif
