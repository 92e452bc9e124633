/* SPDX-License-Identifier: GPL-2.0-or-later */
/* keeper.c - see keeper.h. */
#define _GNU_SOURCE
#include "keeper.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "gate.h"
#include "log.h"

static void keep(int fd)
{
    child_keep_only(&fd, 1);
    setsid();
    /* But for SIGKILL and SIGSTOP, which cannot be. */
    for (int sig = 1; sig <= SIGRTMAX; sig++)
        signal(sig, SIG_IGN);
    prctl(PR_SET_NAME, KEEPER_NAME);
    setgroups(0, NULL);
    if (setresgid(KEEPER_UID, KEEPER_UID, KEEPER_UID) ||
        setresuid(KEEPER_UID, KEEPER_UID, KEEPER_UID))
        log_error("the keeper goes on as root: %s", strerror(errno));
    /* The log's is a pipe, whose reader would wait for us. */
    close_range(STDIN_FILENO, STDERR_FILENO, 0);
    for (;;)
        pause();
}

int keeper_start(int fd)
{
    pid_t pid = fork();

    if (pid < 0)
        return -errno;
    if (!pid)
        keep(fd);
    return 0;
}
