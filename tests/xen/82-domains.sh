#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Domains come and go, and vscand sees to the devices: a scanner domain that is
# created anew has its guests again, also when vscand did not run meanwhile; a
# guest that is destroyed leaves nothing behind.

. "$(dirname "$0")/lib.sh"

vscand() { "$LAB" exec dom0 -- /etc/init.d/vscand "$1"; }
new_eicar_is_denied() {
    plant_eicar "$1" /root/eicar && read_is_denied "$1" /root/eicar
}

# has_backend GUEST DOMID
has_backend() { [ "$(node "$(folder_of_front "$1")/backend-id")" = "$2" ]; }

# No node of the guest DOMID is left at any back.
nothing_left() {
    local nodes
    nodes=$(in_domain dom0 'xenstore-ls -f /local/domain') &&
        [[ $nodes == */backend/vscan* && ! $nodes =~ /backend/vscan/$1[/\ ] ]]
}

policy='mode=enforce fail=open timeout-ms=20000 read=no close-write=yes notify=no'
policy+=' remedy=deny scan=snapshot engines=all history=yes transport=auto max-file-mib=100 pool-pages=512'
has_policy() {
    local text
    text=$("$LAB" exec dom0 -- vscanctl policy show "$1") &&
        [[ $(xargs <<<"$text") = "$policy exclude-uid=77 on-incident="* ]]
}

trap 'vscand start >/dev/null' EXIT

# shellcheck disable=SC2086 # words
check "two guests are protected" protect guest1 scanner $policy exclude-uid=77
# shellcheck disable=SC2086
check "the second one, too" protect guest2 scanner $policy exclude-uid=77
before=$(domid scanner)
check "vscand is stopped" vscand stop
check "the scanner domain is created anew" create scanner
check "it has another number" test "$before" != "$(domid scanner)"
check "nobody has moved guest1" has_backend guest1 "$before"
check "vscanctl list tells" in_domain dom0 \
    'vscanctl list | grep -q "stale: the back.s domain $1 is gone"' "$before"
check "vscand is started" vscand start
for guest in guest1 guest2; do
    check "$guest is connected again" wait_for are_connected $guest scanner
    check "$guest: EICAR is denied" new_eicar_is_denied $guest
    check "$guest: its policy is as before" has_policy $guest
done
check "vscand's log tells" in_domain dom0 \
    'grep -q "moved to the one in domain $1" /var/log/vscand.log' \
    "$(domid scanner)"

# guest1 is PV: an emulated PVH domain does not always survive its boot.
before=$(domid guest1)
check "guest1 is created anew" create guest1
check "the one before has left nothing behind" \
    wait_for nothing_left "$before"
check "guest2 goes on: EICAR is denied" new_eicar_is_denied guest2
check "guest1 is protected anew" protect guest1 scanner
check "guest1: EICAR is denied" new_eicar_is_denied guest1
unprotect guest1
unprotect guest2
finish
