/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main.c - vscanctl, what the administrator types in the toolstack's domain.
 *
 * Overview: finds the command.  Each command has a file of its own; device.c
 * owns the nodes, inventory.c finds them, domain.c knows the domains.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "command.h"
#include "vscanif.h"

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *arguments, *help;
} commands[] = {
    { "attach", attach_main,
      " <domain> [--backend <domain>] [<policy> | <key>=<value> ...]\n"
      "  attach <config>",
      "Has the files of a guest scanned by the back in another domain\n"
      "      (default: Domain-0), under the policy of that name or that the\n"
      "      words make up; or as its domain config says." },
    { "move", move_main,
      " [--json] <domain> --backend <domain> [--wait <seconds>]",
      "Has them scanned by the back in that domain instead, from now on; what\n"
      "      is held is held until that one answers.  Waits until it is\n"
      "      connected (default: 10 seconds; 0: not at all)." },
    { "detach", detach_main, " <domain> [--force]",
      "Ends that, and removes what a destroyed guest has left behind.\n"
      "      --force does not wait for the back to close." },
    { "policy", policy_main,
      " show [--json] <domain> | <policy>\n"
      "  policy set <domain> <policy> | <key>=<value> ...\n"
      "  policy check [--json] [<policy> | <path> ...]\n"
      "  policy load [--json] [<policy>]\n"
      "  policy edit <policy>",
      "Shows the policy of a guest that is attached, or replaces all of it;\n"
      "      checks files of policies, publishes them to the guests that\n"
      "      follow them, or changes one in an editor and does both." },
    { "reload", reload_main, " [<domain>]",
      "Has the back in this domain, or all backs that serve a guest, look\n"
      "      whether there are other signatures." },
    { "act", act_main, " [--json] <domain> <action>[,<action> ...]",
      "Acts on a whole guest: net-disconnect, record, snapshot, pause,\n"
      "      run:<program>, notify; in this order." },
    { "release", release_main, " [--json] <domain>",
      "Gives a guest its network back, and lets it go on, after those." },
    { "selftest", guest_selftest_main, " [--json] <domain>",
      "Is the harmless EICAR text denied in the guest, found by its back and\n"
      "      recorded here?" },
    { "status", status_main, " [--json]",
      "Is each guest protected that is to be, and if not, since when and\n"
      "      why?" },
    { "incidents", incidents_main, " [--follow] [--json] [<domain>]",
      "Shows what has been found in guests, or in one of them, and what has\n"
      "      been done about it." },
    { "show", show_main, " [--json] <domain>",
      "Shows all about one guest on a page: its state, policy, engines, what\n"
      "      is not covered, what has been done to it, counts, newest\n"
      "      incidents." },
    { "top", top_main, " [-d <seconds>] [-b | --json [-n <frames>]]",
      "Shows what all guests do, again and again, on a terminal; or, with -b,\n"
      "      as text, or, with --json, as one object a line." },
    { "stats", stats_main, " [--json] [--top <n>] [<domain>]",
      "Shows what the fronts and the backs of all guests, or of one, have\n"
      "      counted; with --top, the costliest files and programs, 1 to 20." },
    { "outbreak", outbreak_main, " [--json]",
      "Shows contents that were found in two guests or more." },
    { "quarantine", quarantine_list_main, " [--json] <domain>",
      "Shows what is in the guest's quarantine, as the guest tells." },
    { "list", list_main, " [--json]",
      "Shows all guests that are attached, what is wrong with them and with\n"
      "      their engines, and what they do not cover." },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int help(void)
{
    printf("usage: vscanctl <command>\n\n"
           "A <domain> is a name or an id.\n\n");
    for (size_t i = 0; i < NR_COMMANDS; i++)
        printf("  %s%s\n      %s\n\n", commands[i].name,
               commands[i].arguments, commands[i].help);
    printf("Keys of a policy, with their defaults (vscan-policy(5) tells "
           "more):\n"
           "  mode=enforce|monitor|off   act on finds, only count them, or do "
           "nothing;\n                             enforce\n"
           "  fail=open|closed           accesses without a verdict; open\n"
           "  allow=REASON,...           reasons that do not go by fail\n"
           "  deny=REASON,...\n"
           "  timeout-ms=NUMBER          longest time that an access is held; "
           "30000\n"
           "  read=yes|no                hold each read, too; no\n"
           "  close-write=yes|no         scan files after writing; yes\n"
           "  notify=yes|no              tell the user; yes\n"
           "  remedy=deny|quarantine|delete   for infected files; deny\n"
           "  scan=snapshot|in-place     a copy, or a trusted guest's pages; "
           "snapshot\n"
           "  engines=all|NAME,...       the scanner's engines that scan; all\n"
           "  history=yes|no             share what is known of content; yes\n"
           "  transport=auto|pool|stream|pages|per-request\n"
           "                             how content reaches the back; auto\n"
           "  max-file-mib=NUMBER        larger files are not scanned; 100\n"
           "  pool-pages=NUMBER          guest pages that are its page pool; "
           "512\n"
           "  run=PATH                   a program to run for each find\n"
           "  exclude-path=, exclude-fs=, exclude-exe=, exclude-uid=LIST\n\n"
           "Keys that guest and scanner do not see, with their defaults:\n"
           "  on-incident=ACTION,...     what is done with the guest; none\n"
           "  threshold=N/SECONDS        ... after N incidents; 1/60\n"
           "  on-outbreak=ACTION,...     the same content in several guests; "
           "none\n"
           "  outbreak=N|off             ... in N guests within an hour; off\n"
           "  on-unprotected=ACTION,...  a guest without protection; none\n"
           "  unprotected-s=SECONDS      ... for so long; 60\n"
           "  signatures-days=DAYS|off   older signatures are an alarm; 7\n\n"
           "  --help      Shows this.\n"
           "  --version   Shows the version of the protocol.\n\n"
           "Exit status: 0 done, 1 failed (selftest: it does not hold), "
           "2 usage;\n"
           "status: 3 a guest is not protected as it is to be, or vscand does "
           "not run.\n");
    return fflush(stdout) ? STATUS_FAILED : STATUS_DONE;
}

static int version(void)
{
    printf("vscanctl: vscanif version %d\n", VSCANIF_VERSION);
    return fflush(stdout) ? STATUS_FAILED : STATUS_DONE;
}

static int run(int argc, char **argv)
{
    char safe[64];

    if (argc < 2) {
        warnx("no command");
        return STATUS_USAGE;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
        return help();
    if (!strcmp(argv[1], "--version"))
        return version();
    for (size_t i = 0; i < NR_COMMANDS; i++) {
        if (strcmp(argv[1], commands[i].name))
            continue;
        if (argc == 3 && !strcmp(argv[2], "--help"))
            return help();
        /* For what getopt_long() says. */
        argv[1] = program_invocation_short_name;
        return commands[i].run(argc - 1, argv + 1);
    }
    warnx("unknown command \"%s\"", escape(argv[1], safe, sizeof(safe)));
    return STATUS_USAGE;
}

int main(int argc, char **argv)
{
    int status = run(argc, argv);

    if (status == STATUS_USAGE)
        fputs("Try: vscanctl --help\n", stderr);
    return status;
}
