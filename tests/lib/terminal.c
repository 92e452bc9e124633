/* SPDX-License-Identifier: GPL-2.0-or-later */
/* terminal.c - see terminal.h. */
#define _GNU_SOURCE
#include "terminal.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

void terminal_open(struct terminal *t, uid_t owner)
{
    struct termios raw;
    struct stat st;

    t->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    assert_true(t->master >= 0);
    assert_int_equal(unlockpt(t->master), 0);
    assert_int_equal(ptsname_r(t->master, t->name, sizeof(t->name)), 0);
    t->slave = open(t->name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(t->slave >= 0);
    assert_int_equal(tcgetattr(t->slave, &raw), 0);
    cfmakeraw(&raw);
    assert_int_equal(tcsetattr(t->slave, TCSANOW, &raw), 0);
    assert_int_equal(fchown(t->slave, owner, 0), 0);
    assert_int_equal(fstat(t->slave, &st), 0);
    t->device = st.st_rdev;
}

void terminal_close(struct terminal *t)
{
    close(t->slave);
    close(t->master);
}
