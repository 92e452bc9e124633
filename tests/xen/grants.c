/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * grants.c - pages of a file that are granted by the kernel module, without the
 * front, for 34-pages.sh and 84-policies.sh.
 *
 *   grants FILE OFFSET SIZE
 *
 * Overview: grants the pages of SIZE octets of FILE, from OFFSET on, to dom0, says
 * "granted REF...", and waits for SIGTERM; then ends them and says "ended".  Exit
 * status 1 when something fails; 2 usage.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kmod/xen-vscan-pages.h"

int main(int argc, char **argv)
{
    static uint32_t refs[XEN_VSCAN_PAGES_MAX];
    struct xen_vscan_pages_grant grant = { .refs = (uintptr_t)refs };
    int device = open("/dev/xen/vscan-pages", O_RDWR | O_CLOEXEC);
    sigset_t term;
    int signal;

    if (argc != 4)
        return 2;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, NULL);
    grant.fd = open(argv[1], O_RDONLY | O_CLOEXEC);
    grant.offset = strtoull(argv[2], NULL, 10);
    grant.size = strtoull(argv[3], NULL, 10);
    if (ioctl(device, XEN_VSCAN_PAGES_GRANT, &grant)) {
        perror("grant");
        return 1;
    }
    printf("granted");
    for (uint64_t at = 0; at < grant.size; at += 4096)
        printf(" %u", refs[at / 4096]);
    puts("");
    fflush(stdout);
    if (sigwait(&term, &signal))
        return 1;
    if (ioctl(device, XEN_VSCAN_PAGES_END, (unsigned long)grant.id)) {
        perror("end");
        return 1;
    }
    puts("ended");
    return 0;
}
