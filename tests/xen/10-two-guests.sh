#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Two guests, one scanner domain: EICAR is denied, clean content is read, and
# xenstore looks as vscanif.h documents it.

. "$(dirname "$0")/lib.sh"

for guest in guest1 guest2; do
    unprotect "$guest"
    plant_eicar "$guest" /root/eicar
    in_domain "$guest" 'echo clean >/root/clean; mkdir -p /root/tmpfs
        mountpoint -q /root/tmpfs || mount -t tmpfs none /root/tmpfs
        mkdir -p /root/lower /root/upper /root/work /root/overlay
        mountpoint -q /root/overlay || mount -t overlay overlay \
            -o lowerdir=/root/lower,upperdir=/root/upper,workdir=/root/work \
            /root/overlay'
    plant_eicar "$guest" /root/lower/eicar
    plant_eicar "$guest" /root/tmpfs/eicar
    check "$guest: before it is attached, everything can be read" \
        in_domain "$guest" 'cat /root/eicar'
done
check "guest1: attached and connected" protect guest1 scanner
check "guest2: attached and connected" protect guest2 scanner
for guest in guest1 guest2; do
    check "$guest: reading EICAR is denied" read_is_denied "$guest" /root/eicar
    check "$guest: running EICAR is denied" exec_is_denied "$guest" /root/eicar
    check "$guest: a clean file is read" read_is clean "$guest" /root/clean
    check "$guest: EICAR on a tmpfs is denied" \
        read_is_denied "$guest" /root/tmpfs/eicar
    check "$guest: EICAR on an overlay is denied" \
        read_is_denied "$guest" /root/overlay/eicar
    check "$guest: an empty file and a FIFO are not held up" \
        in_domain "$guest" ': >/root/empty; cat /root/empty
            rm -f /root/fifo; mkfifo /root/fifo
            echo x >/root/fifo & cat /root/fifo'
done

front=$(domid guest1) back=$(domid scanner)
front_folder=/local/domain/$front/device/vscan/0
back_folder=/local/domain/$back/backend/vscan/$front/0
policy=/local/domain/$front/vscan/0

check "front: backend" has "$front_folder/backend" "$back_folder"
check "front: backend-id" has "$front_folder/backend-id" "$back"
check "front: version" has "$front_folder/version" 1
check "front: ring-ref" has "$front_folder/ring-ref" '[1-9][0-9]*'
check "front: event-channel" has "$front_folder/event-channel" '[1-9][0-9]*'
check "front: no error" not node "$front_folder/error"
check "back: frontend" has "$back_folder/frontend" "$front_folder"
check "back: frontend-id" has "$back_folder/frontend-id" "$front"
check "back: domain" has "$back_folder/domain" guest1
check "back: online" has "$back_folder/online" 1
check "back: versions" has "$back_folder/versions" 1
check "back: max-request-pages" has "$back_folder/max-request-pages" 8192
check "both have the same connection-id" \
    has "$back_folder/connection-id" "$(node "$front_folder/connection-id")"
rest='read=no close-write=yes notify=yes remedy=deny scan=snapshot engines=all history=yes transport=auto max-file-mib=100 pool-pages=512'
check "policy" has "$policy/policy" "mode=enforce fail=open timeout-ms=30000 $rest"
set_policy() { "$LAB" exec dom0 -- vscanctl policy set guest1 "$@"; }
# The words that it shows, but for the toolstack's own.
policy_is() {
    local text
    text=$("$LAB" exec dom0 -- vscanctl policy show guest1) &&
        [[ $(xargs <<<"$text") = "# policy default $1 on-incident=none "* ]]
}
check "vscanctl policy shows it" policy_is "mode=enforce fail=open timeout-ms=30000 $rest"
check "vscanctl policy replaces it" \
    set_policy timeout-ms=20000 deny=too-large,changed
check "all of it in its node" has "$policy/policy" \
    "mode=enforce fail=open deny=too-large,changed timeout-ms=20000 $rest"
check "a bad policy is refused" not set_policy fail=perhaps
check "a policy without words is none" not set_policy ''
check "and changes nothing" has "$policy/policy" '.*timeout-ms=20000.*'
check "vscanctl policy set guest1 default" set_policy default
check "the defaults are back" \
    has "$policy/policy" "mode=enforce fail=open timeout-ms=30000 $rest"

# permissions FOLDER OWNER READER: as xenstore-ls -p prints them.
permissions() {
    in_domain dom0 'xenstore-ls -fp | grep -qF "$1 = " &&
        xenstore-ls -fp | grep -E "^$1 = .*\(n$2,r$3\)"' "$1" "$2" "$3"
}
check "front's nodes are the guest's, the back reads them" \
    permissions "$front_folder/state" "$front" "$back"
check "back's nodes are the scanner's, the guest reads them" \
    permissions "$back_folder/state" "$back" "$front"
check "policy is dom0's, guest and back read it" \
    permissions "$policy/policy" 0 "$front,r$back"
check "the guest cannot write its policy" \
    not in_domain guest1 'xenstore-write vscan/0/policy fail=open'

check "vscanctl list shows both" in_domain dom0 \
    'vscanctl list | grep -c "guest[12].*Connected" | grep -qx 2'
check "detach guest1" "$LAB" exec dom0 -- vscanctl detach guest1
# The front that runs there has marked its domain's life.
check "no node of it is left, but that it is to stay so" in_domain dom0 \
    '! xenstore-ls -f | grep -E "/$1/.*vscan|vscan/$1/" |
        grep -v -e "^/libxl/$1/vscan-detached = " \
            -e "^/local/domain/$1/data/xen-vscan-front = "' "$front"
check "guest1, detached, reads everything" in_domain guest1 'cat /root/eicar'
check "guest2 is still protected" read_is_denied guest2 /root/eicar
finish
