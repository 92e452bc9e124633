#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The ways of content from a guest to the scanner: the page pool, and pages that
# are granted for one request.  Whichever it is, what is scanned is the file:
# the digests that the scanner names are those of what was written.

. "$(dirname "$0")/lib.sh"

# Around a page, the pool's quarter with its info page, and a directory.
sizes=(68 4095 4096 4097 65536 65537 520192 520193 2097152 4194304)
letter=a

# SIZE octets that the lab's signatures find.
text() {
    eicar_text
    head -c $(($1 - 68)) /dev/zero | tr '\0' "$letter"
}
digest() { text "$1" | sha256sum | cut -d' ' -f1; }
# xenstore-read shows a line end as "\n".
tells() { node "$back/incidents" | sed 's/\\n/\n/g' | grep -q " $1 "; }
connection() { node "$front/connection-id"; }
is_another() { [ "$(connection)" != "$1" ] && are_connected guest1 scanner; }
is_absent() { not node "$1"; }

# Each is found, and by its digest; and a clean one is read.
all_are_scanned() {
    local size
    for size in "${sizes[@]}"; do
        in_domain guest1 'rm -f /root/way' &&
            text "$size" | put_text guest1 /root/way || return 1
        if ! read_is_denied guest1 /root/way ||
           ! wait_for tells "$(digest "$size")"; then
            echo "$size octets"
            return 1
        fi
        in_domain guest1 'rm /root/way && head -c "$1" /dev/urandom >/root/way &&
            cat /root/way >/dev/null' "$size" || return 1
    done
}

# Entries of guest1's grant table that are in use, as Xen sees them.
active_grants() {
    in_domain dom0 'xl dmesg -c >/dev/null && xl debug-keys g && xl dmesg' |
        awk -v domid="$(domid guest1)" '
            /grant-table for remote d/ || /grant-table for remote domain/ {
                mine = $0 ~ ("remote d(omain)? *" domid "[^0-9]")
            }
            mine && /\[ *[0-9]+\]/ { n++ }
            END { print n + 0 }'
}

unprotect guest1
check "guest1 is protected" protect guest1 scanner fail=closed close-write=no
front=$(folder_of_front guest1)
back=$(folder_of_back guest1 scanner)
check "the back offers to map a pool" has "$back/max-pool-pages" 4096
check "the front has one" has "$front/pool-pages" 512
check "with one directory" has "$front/pool-refs" '[1-9][0-9]*'
id=$(connection)
before=$(active_grants)
check "transport=auto: each size is scanned as it is" all_are_scanned
check "on one connection" has "$front/connection-id" "$id"
after=$(active_grants)
check "no page is left granted: $before before, $after after" \
    test "$before" -ge 513 -a "$after" -eq "$before"

letter=b
check "policy: transport=pool pool-pages=1025" "$LAB" exec dom0 -- \
    vscanctl policy set guest1 fail=closed close-write=no transport=pool \
    pool-pages=1025
check "the two connect anew" wait_for is_another "$id"
check "with another pool" has "$front/pool-pages" 1025
check "and two directories" has "$front/pool-refs" '[1-9][0-9]*,[1-9][0-9]*'
check "transport=pool: each size is scanned as it is" all_are_scanned
check "no page is left granted" test "$(active_grants)" -eq $((before + 514))

letter=c
id=$(connection)
check "policy: transport=per-request" "$LAB" exec dom0 -- \
    vscanctl policy set guest1 fail=closed close-write=no transport=per-request
check "the two connect anew" wait_for is_another "$id"
check "without a pool" is_absent "$front/pool-pages"
check "transport=per-request: each size is scanned as it is" all_are_scanned
check "no page is left granted" test "$(active_grants)" -eq $((before - 513))
finish
