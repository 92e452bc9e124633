#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Malformed, missing and unknown nodes on either side: a message in the error
# node, state Closed, and the other guest goes on.

. "$(dirname "$0")/lib.sh"

write() { "$LAB" exec dom0 -- xenstore-write "$1" "$2"; }
remove() { "$LAB" exec dom0 -- xenstore-rm "$1"; }
is() { [ "$(node "$1")" = "$2" ]; }

unprotect guest2
plant_eicar guest2 /root/eicar
check "guest2: protected all the while" protect guest2 scanner
check "guest1: protected" protect guest1 scanner
front=$(folder_of_front guest1) back=$(folder_of_back guest1 scanner)

restart_front() {
    "$LAB" exec guest1 -- /etc/init.d/xen-guest-front restart
}

# A front that writes this is played by dom0: the real one is stopped.
# bad_front TEXT NODE VALUE PATTERN
bad_front() {
    "$LAB" exec guest1 -- /etc/init.d/xen-guest-front stop >/dev/null
    write "$front/state" 1
    check "$1: the back waits anew" wait_for is "$back/state" 2
    in_domain dom0 'for pair in version=1 ring-ref=8 event-channel=8 \
            connection-id=77; do
            xenstore-write "$1/${pair%%=*}" "${pair#*=}"; done' "$front"
    if [ -n "$3" ]; then write "$front/$2" "$3"; else remove "$front/$2"; fi
    write "$front/state" 3
    check "$1: the back's error node tells" \
        wait_for has "$back/error" ".*$4.*"
    check "$1: the back is $5" wait_for is "$back/state" "$5"
}

bad_front "no ring-ref" ring-ref '' 'ring-ref is missing' 6
bad_front "ring-ref is no number" ring-ref 0x10 'ring-ref is malformed' 6
bad_front "event-channel is 0" event-channel 0 'event-channel is out of range' 6
bad_front "version is unknown" version 2 'version 2 is not known' 6
bad_front "connection-id is too large" connection-id 4294967296 \
    'connection-id is out of range' 6
# Port 8 is none that waits for the back: that may mend itself.
bad_front "event-channel is not ours" event-channel 8 'cannot bind' 2

check "the real front connects again" restart_front
check "both sides are connected" wait_for are_connected guest1 scanner
check "no error is left at the back" not node "$back/error"

# The back's nodes, seen by the front.
bad_back() {
    "$LAB" exec scanner -- /etc/init.d/xen-scan-back stop >/dev/null
    "$LAB" exec guest1 -- /etc/init.d/xen-guest-front stop >/dev/null
    write "$back/versions" 1
    write "$back/max-request-pages" 8192
    if [ -n "$3" ]; then write "$back/$2" "$3"; else remove "$back/$2"; fi
    write "$back/state" 2
    restart_front >/dev/null
    check "$1: the front's error node tells" \
        wait_for has "$front/error" ".*$4.*"
    check "$1: the front is Closed" wait_for is "$front/state" 6
}

bad_back "no versions" versions '' 'versions'
bad_back "no version in common" versions 2,3 'no version in common'
bad_back "max-request-pages is 0" max-request-pages 0 'max-request-pages'
restart_back >/dev/null
check "a good back is taken again" wait_for are_connected guest1 scanner
check "no error is left at the front" not node "$front/error"

write "/local/domain/$(domid guest1)/vscan/0/policy" 'fail=perhaps'
check "a malformed policy is named in the front's error node" \
    wait_for has "$front/error" '.*bad value.*fail=perhaps.*'
check "and changes nothing: still connected" are_connected guest1 scanner

check "guest2 went on: EICAR is denied" read_is_denied guest2 /root/eicar
# This machine is no Xen domain.
outside_xen() {
    local said
    said=$("$(dirname "$LAB")/../../.build/$1/$1" 2>&1)
    [ $? -eq 1 ] && [[ $said == *"not a Xen domain"* ]]
}
check "xen-guest-front outside Xen says so" outside_xen xen-guest-front
check "xen-scan-back outside Xen says so" outside_xen xen-scan-back
unprotect guest1
unprotect guest2
finish
