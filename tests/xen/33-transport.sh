#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The ways of content from a guest to the scanner: the page pool, and pages that
# are granted for one request.  Whichever it is, what is scanned is the file:
# the digests that the scanner names are those of what was written.

. "$(dirname "$0")/lib.sh"

# Around a page, the pool's quarter with its info page, and a directory.
sizes=(68 4096 4097 520192 520193 2097152)
letter=a
# What a signature of this case finds at any offset.
anywhere=vscan-transport-anywhere

new_signatures() {
    local before
    before=$(generations)
    # shellcheck disable=SC2016 # expanded in the scanner domain
    in_domain scanner 'printf "Anywhere:0:*:%s\n" "$(printf %s "$1" |
        od -An -tx1 | tr -d " \n")" >/var/lib/clamav/transport.ndb' "$anywhere"
    wait_for more_generations "$before"
}
generations() {
    in_domain scanner 'grep -c "in use: " /var/log/xen-scan-back.log'
}
more_generations() { [ "$(generations)" -gt "$1" ]; }

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
        # shellcheck disable=SC2016 # expanded in the guest
        in_domain guest1 'rm -f /root/way
            { printf %s "$1"; head -c "$2" /dev/zero | tr "\0" "$3"; } >/root/way' \
            "$(eicar_text)" $((size - 68)) "$letter" || return 1
        if ! read_is_denied guest1 /root/way ||
           ! wait_for tells "$(digest "$size")"; then
            echo "$size octets"
            return 1
        fi
        in_domain guest1 'rm /root/way && head -c "$1" /dev/urandom >/root/way &&
            cat /root/way >/dev/null' "$size" || return 1
    done
}

is_active() { [ "$(active_grants)" -eq "$1" ]; }

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
check "the pool is mapped" test "$before" -eq 512
check "and nothing else has stayed so" wait_for is_active 512

letter=b
check "policy: transport=pool pool-pages=1025" "$LAB" exec dom0 -- \
    vscanctl policy set guest1 fail=closed close-write=no transport=pool \
    pool-pages=1025
check "the two connect anew" wait_for is_another "$id"
check "with another pool" has "$front/pool-pages" 1025
check "and two directories" has "$front/pool-refs" '[1-9][0-9]*,[1-9][0-9]*'
check "transport=pool: each size is scanned as it is" all_are_scanned
check "nothing else has stayed mapped" wait_for is_active 1025

letter=c
id=$(connection)
check "policy: transport=stream" "$LAB" exec dom0 -- \
    vscanctl policy set guest1 fail=closed close-write=no transport=stream
check "the two connect anew" wait_for is_another "$id"
check "transport=stream: each size is scanned as it is" all_are_scanned
check "nothing else has stayed mapped" wait_for is_active 512

# More than one request can name: in pieces by default; with holes, too.
letter=d
id=$(connection)
check "policy: the default way" "$LAB" exec dom0 -- \
    vscanctl policy set guest1 fail=closed close-write=no timeout-ms=600000
check "the two connect anew" wait_for is_another "$id"
sizes=(33554433)
check "32 MiB and an octet: scanned as it is" all_are_scanned
check "signatures for what is anywhere in a file" new_signatures
# shellcheck disable=SC2016 # expanded in the guest
check "a sparse file of 99 MiB, its end is found" in_domain guest1 '
    rm -f /root/sparse && truncate -s 99M /root/sparse &&
    printf %s "$1" | dd of=/root/sparse bs=1 seek=103809000 conv=notrunc \
        status=none && ! cat /root/sparse >/dev/null' "$anywhere"
# shellcheck disable=SC2016
check "without that it is clean" in_domain guest1 '
    rm /root/sparse && truncate -s 99M /root/sparse && cat /root/sparse >/dev/null'
# shellcheck disable=SC2016
check "101 MiB are too large, at once" in_domain guest1 '
    rm /root/sparse && truncate -s 101M /root/sparse &&
    ! timeout 10 cat /root/sparse >/dev/null'
check "nothing else has stayed mapped" wait_for is_active 512
sizes=(68 4096 4097 520193)

letter=e
id=$(connection)
check "policy: transport=per-request" "$LAB" exec dom0 -- \
    vscanctl policy set guest1 fail=closed close-write=no transport=per-request
check "the two connect anew" wait_for is_another "$id"
check "without a pool" is_absent "$front/pool-pages"
check "transport=per-request: each size is scanned as it is" all_are_scanned
check "nothing has stayed mapped" wait_for is_active 0
in_domain scanner 'rm /var/lib/clamav/transport.ndb'
finish
