/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * need.h - what a test cannot do without: it is skipped where that is missing,
 * as it is for who is not root.
 */
#ifndef VSCAN_TESTS_NEED_H
#define VSCAN_TESTS_NEED_H

/* A world (world.h), a room (room.h). */
void need_world(void);
void need_room(void);

#endif
