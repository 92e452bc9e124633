/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ask-lock.c - where ask() takes turns (ask.h); tests have another place. */
#include "ask.h"

const char *ask_lock(void)
{
    return "/run/xen-vscan-ask.lock";
}
