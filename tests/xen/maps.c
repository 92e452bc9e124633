/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * maps.c - a domain that does not let go of what another one has granted to it,
 * for 34-pages.sh.
 *
 *   maps DOMID REF...
 *
 * Overview: maps the pages, says "mapped WORD", and keeps them until SIGTERM; then
 * it says "had WORD" and lets go.  WORD is what the first page begins with, letters
 * and digits.  Exit status 1 when something fails; 2 usage.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <xengnttab.h>

#define MOST    64
#define LONGEST 16

static void say(const char *what, const char *page)
{
    int len = 0;

    while (len < LONGEST && isalnum((unsigned char)page[len]))
        len++;
    printf("%s %.*s\n", what, len, page);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    xengnttab_handle *xgt = xengnttab_open(NULL, 0);
    uint32_t refs[MOST], nr = (uint32_t)argc - 2;
    const char *pages;
    sigset_t term;
    int signal;

    if (argc < 3 || nr > MOST)
        return 2;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, NULL);
    for (uint32_t i = 0; i < nr; i++)
        refs[i] = (uint32_t)strtoul(argv[i + 2], NULL, 10);
    if (!xgt)
        return 1;
    pages = xengnttab_map_domain_grant_refs(xgt, nr,
                                            (uint32_t)strtoul(argv[1], NULL, 10),
                                            refs, PROT_READ);
    if (!pages) {
        perror("map");
        return 1;
    }
    say("mapped", pages);
    if (sigwait(&term, &signal))
        return 1;
    say("had", pages);
    return xengnttab_unmap(xgt, (void *)(uintptr_t)pages, nr) ? 1 : 0;
}
