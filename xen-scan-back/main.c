/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-scan-back - scans what fronts in guests have granted.  Options, then the
 * parent process.
 */
#include <unistd.h>

#include "log.h"
#include "options.h"
#include "proc-parent.h"
#include "vscanif.h"

int main(int argc, char **argv)
{
    struct options options;
    int status = options_parse(argc, argv, &options);

    if (status >= 0)
        return status;
    log_init("xen-scan-back", options.level);
    if (access("/dev/xen/xenbus", F_OK) && access("/proc/xen/xenbus", F_OK)) {
        log_error("this is not a Xen domain: there is no /dev/xen/xenbus");
        return 1;
    }
    return proc_parent(&options.pool);
}
