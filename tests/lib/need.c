/* SPDX-License-Identifier: GPL-2.0-or-later */
/* need.c - see need.h. */
#include "need.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "room.h"
#include "world.h"

void need_world(void)
{
    if (!world_is_here())
        skip();
}

void need_room(void)
{
    if (!room_is_here())
        skip();
}
