#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Fronts that break the protocol: their link is closed with a sentence in the
# back's error node, the back and the other guest go on.

. "$(dirname "$0")/lib.sh"

unprotect guest1
unprotect guest2
plant_eicar guest1 /root/eicar
plant_eicar guest2 /root/eicar
check "guest2 is protected" protect guest2 scanner
check "guest1 is protected" protect guest1 scanner
check "guest1's front is replaced by a hostile one" "$LAB" exec guest1 -- \
    /etc/init.d/xen-guest-front stop
check "it is there" "$LAB" push guest1 "$(dirname "$LAB")/../../.build/tests/xen/hostile-front" \
    /root/hostile-front
back=$(folder_of_back guest1 scanner)
pids=$(in_domain scanner 'pidof xen-scan-back')

# closes ACT PATTERN: the link is closed, and the error node says why.
closes() {
    local said
    said=$("$LAB" exec guest1 -- /root/hostile-front "$1" 2>&1)
    check "$1: $said" test "$said" = closed
    check "$1: the error node says why" has "$back/error" ".*$2.*"
    check "$1: guest2 goes on" read_is_denied guest2 /root/eicar
}

# answers ACT: the link stays, the request is not scanned.
answers() {
    local said
    said=$("$LAB" exec guest1 -- /root/hostile-front "$1" 2>&1)
    check "$1: $said" test "$said" = "not-scanned grant-unreadable"
    check "$1: guest2 goes on" read_is_denied guest2 /root/eicar
}

closes index-ahead 'req_prod is out of bounds'
closes index-back 'req_prod is out of bounds'
closes no-pages 'nr_pages is 0'
closes too-many-pages 'nr_pages is 0 or above'
closes size-overflow 'size and nr_pages'
closes unknown-operation 'unknown operation'
closes endless-path 'path does not end'
closes same-id-twice 'its id is in flight already'
answers info-not-granted
answers content-not-granted
check "no process of the back has died" test "$pids" = \
    "$(in_domain scanner 'pidof xen-scan-back')"
check "the real front starts again" "$LAB" exec guest1 -- \
    /etc/init.d/xen-guest-front start
check "and is connected" wait_for are_connected guest1 scanner
check "EICAR is denied" read_is_denied guest1 /root/eicar
unprotect guest1
unprotect guest2
finish
