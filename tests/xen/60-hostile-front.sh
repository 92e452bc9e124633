#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Fronts that break the protocol: their link is closed with a sentence in the
# back's error node, or they get the answer that is right, and the back and the
# other guest go on.
#
# What a guest's userland cannot do is to make entries of its grant table by
# hand, as a transitive grant would have to be: the kernel has a call for plain
# ones alone.  To the back such a reference is one more that Xen maps or does
# not.

. "$(dirname "$0")/lib.sh"

# What the back may take more than at the beginning, in KiB, all of it together:
# no snapshot is left by then.
max_growth=16384

front() { "$LAB" exec guest1 -- /root/hostile-front "$@" 2>&1; }
nodes() { "$LAB" exec guest1 -- /root/hostile-nodes "$@" 2>&1; }

# The back's processes: not even guest1's link has to die, nor a worker.
processes() {
    in_domain scanner 'ps -eo pid=,comm= | grep -E "vscan-|xen-scan"'
}

# PSS of all of them, in KiB.
memory() {
    in_domain scanner 'for pid in $(pgrep "^(vscan-|xen-scan-back)"); do
        cat /proc/$pid/smaps_rollup; done | awk "/^Pss:/ { n += \$2 }
        END { print n }"'
}

# act NAME PATTERN [ARGUMENT]: what the back does about it.
act() {
    local said
    said=$(front "$1" "${@:3}")
    check "$1: $said" matches "$said" "$2"
    guest2_goes_on "$1"
}
matches() { [[ $1 =~ ^($2)$ ]]; }

# The link is closed, and the error node says why; or it stays; or what is
# offered cannot be mapped, and the error node says so.
closes() { act "$1" "closed: .*$2.*"; }
answers() { act "$@"; }
refuses() { act "$1" refused "$2"; }

# endless PROGRAM ACT: guest2 goes on while it lasts.
endless() {
    local said from to
    coproc ACT { $1 "$2"; }
    to=${ACT[1]}
    exec {from}<&"${ACT[0]}"
    read -t 120 -r said <&"$from"
    check "$2: $said" test "$said" = begun
    guest2_goes_on "$2, while it lasts"
    guest2_goes_on "$2, while it lasts still"
    exec {to}>&-
    read -t 120 -r said <&"$from"
    check "$2: $said" matches "$said" '[a-z]+ [1-9][0-9]*'
    exec {from}<&-
    wait
}

unprotect guest1
unprotect guest2
plant_eicar guest1 /root/eicar
plant_eicar guest2 /root/eicar
check "guest2 is protected" protect guest2 scanner fail=closed
check "guest1 is protected" protect guest1 scanner
check "guest1's front is replaced by a hostile one" "$LAB" exec guest1 -- \
    /etc/init.d/xen-guest-front stop
put_program guest1 hostile-front
put_program guest1 hostile-nodes
others=$(node "$(folder_of_front guest2)/ring-refs")
guest2_goes_on "at the beginning"
before=$(processes)
memory_before=$(memory)

closes index-ahead 'req_prod is out of bounds'
closes index-back 'req_prod is out of bounds'
closes no-pages 'nr_pages is 0'
closes too-many-pages 'nr_pages is 0 or above'
closes too-many-directories 'nr_dirs and nr_pages'
closes size-overflow 'size and nr_pages'
closes unknown-operation 'unknown operation'
closes endless-path 'path does not end'
closes same-id-twice 'its id is in flight already'
closes pool-overrun 'outside the pool'
closes pool-of-directories 'reserved octets are not 0'
closes stream-too-large 'above max-stream-mib'
closes stream-twice 'there is one already'
closes stream-of-another 'of another stream'
closes stream-beyond-its-end 'beyond the end'
refuses ring-not-granted "cannot map the front's ring-ref:"
refuses ring-refs-not-granted "cannot map the front's ring-refs:"
answers ring-refs-the-same 'clean none'
refuses pool-not-granted "cannot map the front's pool"
answers stream-absent taken
refuses pool-with-a-hole "cannot map the front's pool"
answers pool-of-one-page 'clean none'
answers pool-revoked 'clean none'
answers info-not-granted 'not-scanned grant-unreadable'
answers content-not-granted 'not-scanned grant-unreadable'
answers grants-to-another 'not-scanned grant-unreadable'
answers ref-of-another 'not-scanned grant-unreadable' "$others"
answers duplicated 'not-scanned grant-unreadable'
answers transient 'answered 64'

said=$(nodes malformed)
check "malformed nodes: $said" test "$said" = "closed 11 of 11"
said=$(nodes states)
check "nodes rewritten in every state: $said" test "$said" = connected
endless nodes flap
endless front storm
# Each by another process, which the back finds in another state.
check "death with a full ring, again and again" in_domain guest1 \
    'for i in 1 2 3 4 5; do /root/hostile-front die; done; [ $? = 137 ]'
guest2_goes_on death

check "no process of the back has died" test "$before" = "$(processes)"
memory_after=$(memory)
check "the back has $memory_after KiB, and had $memory_before" \
    test "$memory_after" -le $((memory_before + max_growth))
check "the real front starts again" "$LAB" exec guest1 -- \
    /etc/init.d/xen-guest-front start
check "and is connected" wait_for are_connected guest1 scanner
check "EICAR is denied" read_is_denied guest1 /root/eicar
unprotect guest1
unprotect guest2
finish
