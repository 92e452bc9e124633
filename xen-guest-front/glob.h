/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * glob.h - does a path match a pattern of the policy?
 *
 * Overview: pure.  The path is hostile, the time is bounded by the product of
 * both lengths: fnmatch(3) goes back and forth without bound, and this runs
 * where nothing may wait.
 *
 * A pattern without any of *?[ is a path, that and no other; one that ends
 * with "/" means everything below it (not itself).  In the others
 *   *      any characters, also none, but no "/"
 *   ?      one character, not "/"
 *   [abc] [a-z] [!a-z]   one of these, or none of these; not "/".  "]" as the
 *          first is itself, and a "[" without "]" before the next "/", too
 *   \x     x itself
 * and one that ends with "/" or "/" and two stars means everything below what
 * matches the rest.  Octets are compared, not characters of some encoding; a
 * file whose name begins with a dot is no special case.
 */
#ifndef VSCAN_GLOB_H
#define VSCAN_GLOB_H

#include <stdbool.h>

bool glob_matches(const char *pattern, const char *path);

#endif
