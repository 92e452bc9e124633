/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fail.h - what an access gets: the one place that turns a verdict, or the
 * reason for having none, into allow or deny.
 *
 * Overview: the reasons by the words that allow= and deny= of the policy know
 * (verdict.h).  Those of the back:
 *
 *   too-large         more content than the engine or the back takes
 *   limits            a limit of the engine (recursion, files in an archive)
 *   scan-timeout      the scan took longer than the back allows
 *   engine-failed     the engine failed, or crashed, on this content
 *   back-resources    the back had no memory, no worker, no engine or no room
 *                     in its queue
 *   grant-unreadable  the back could not read the granted pages
 *
 * and those that the front finds itself:
 *
 *   no-back           no back is connected
 *   back-died         the back's process died while it had the request
 *   deadline          timeout-ms has passed
 *   changed           the file changed while it was scanned, each time
 *   read-error        the file's content could not be read (I/O error)
 *   no-grants         no pages or grant references are left
 *   queue-full        more accesses are held than the gate can own
 *   front-failed      the front's link process died, hung or talked nonsense
 *   bad-answer        the back broke the protocol
 */
#ifndef VSCAN_FAIL_H
#define VSCAN_FAIL_H

#include <stdbool.h>

#include "policy.h"
#include "verdict.h"

/*
 * Clean: allowed.  Infected: denied.  Everything else, a code that does not
 * exist included, was not scanned and goes by the policy's word for its
 * reason; a number that is no reason, by the preset (DESIGN, "Fail modes are
 * policy").  All of it is allowed with mode=monitor, and with mode=off.
 */
bool fail_allows(const struct policy *policy, const struct verdict *verdict);

/* Is it allowed by mode=monitor alone? */
bool fail_would_deny(const struct policy *policy,
                     const struct verdict *verdict);

#endif
