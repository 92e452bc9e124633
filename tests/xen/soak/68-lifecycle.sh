#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Front, back and their domains start, stop, die and stand still while files are
# written and opened in guest1: no clean file is denied, no infected one is
# opened, and every open ends.  Where the front leaves, what it holds is denied.

. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/under-load.sh"

xl() { "$LAB" exec dom0 -- xl "$@"; }
front() { "$LAB" exec guest1 -- /etc/init.d/xen-guest-front "$1"; }
back() { "$LAB" exec scanner -- /etc/init.d/xen-scan-back "$1"; }
# kill_named DOMAIN NAME
kill_named() { in_domain "$1" 'kill -9 $(pgrep -x "$1")' "$2"; }

is_paused() {
    [[ $(xl list "$1" | awk 'END { print $5 }') == *p* ]]
}
# Pauses it, and sees it so.
stand_still() { xl pause "$1" && is_paused "$1"; }

kill_held_back() {
    in_domain scanner 'kill -STOP $(pidof xen-scan-back)' &&
        all_are_held && kill_back && restart_back
}

restart_in_order() { back stop && back start; }

recreate_scanner() {
    stand_still scanner && all_are_held && xl destroy scanner &&
        xl create /etc/xen/scanner.cfg && "$LAB" wait scanner "$PATIENCE"
}

pause_scanner() {
    stand_still scanner && all_are_held && xl unpause scanner
}
pause_guest() { stand_still guest1 && xl unpause guest1; }

# With no back its own start may have to wait for one: beside it.
front_first() {
    front stop && back stop && { front start & } && back start && wait "$!" &&
        wait_for are_connected guest1 scanner
}
back_first() {
    front stop && back stop && back start && front start &&
        wait_for are_connected guest1 scanner
}
detach_and_attach() { protect_loaded; }

unprotect guest1
check "guest1 is protected" protect_loaded
start_load
trap 'stop_load; unprotect guest1 >/dev/null 2>&1' EXIT
ask_counts

during "kill -9 of the front's link" reconnected \
    kill_named guest1 vscan-link
during "kill -9 of the back's link" reconnected kill_named scanner vscan-link
# A content is to blame for the death of its worker: engine-failed.
workers=$(in_domain scanner 'pgrep -c -x vscan-worker')
losing "$workers" "kill -9 of all workers, $workers" \
    kill_named scanner vscan-worker
during "kill -9 of the back with all opens held" reconnected kill_held_back
during "the back is restarted" reconnected restart_in_order
during "the guest is paused and goes on" pause_guest
during "the scanner domain is paused and goes on" pause_scanner
in_domain scanner sync
during "the scanner domain is destroyed and created" \
    reconnected recreate_scanner
expect_total

during_leave "the front is restarted" reconnected front restart
during_leave "both stop, the front starts first" reconnected front_first
during_leave "both stop, the back starts first" reconnected back_first
during_leave "detach and attach" detach_and_attach
expect_total
finish
