#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# One guest has 64 large files scanned at once; another one's small file waits
# for one scan of each worker at most.

. "$(dirname "$0")/../lib.sh"

large=6291456 files=64 tries=10
log=/var/log/xen-scan-back.log
options=/etc/default/xen-scan-back

unprotect guest1
unprotect guest2
in_domain guest1 'rm -rf /root/large; mkdir /root/large && cd /root/large &&
    for i in $(seq "$2"); do echo "large $i" >$i; truncate -s "$1" $i; done' \
    $large $files
in_domain scanner 'echo "OPTIONS=--verbose" >"$1"' $options
check "the back tells of each request" restart_back
workers=$(in_domain scanner nproc)
check "guest1 is protected" protect guest1 scanner timeout-ms=600000
check "guest2 is protected" protect guest2 scanner fail=closed
number1=$(domid guest1) number2=$(domid guest2)

# A file is read by its own process; all at once.
in_domain guest1 'cd /root/large && (for i in *; do
        (read -r line <$i; echo "read $line") &
    done; wait; echo end) >/run/large.log 2>&1 </dev/null &'
in_domain guest2 'read -r line </etc/hostname'
# from_guest1 N: so many of its files have been scanned.
from_guest1() {
    [ "$(in_domain scanner 'grep -c "domid=$1 .* size=$2 " "$3"' \
        "$number1" "$large" "$log")" -ge "$1" ]
}
check "guest1's files are being scanned" wait_for from_guest1 2
for i in $(seq $tries); do
    check "guest2 reads a small file, $i" in_domain guest2 \
        'echo "small file $1" >/root/small; read -r line </root/small' "$i"
done
check "guest1's files are being scanned still" \
    not in_domain guest1 'grep -qx end /run/large.log'

# For each request of guest2 of such a size: how many of guest1's files were
# answered between the request and its answer.
waits=$(in_domain scanner 'awk -v first="domid=$1 " -v second="domid=$2 " \
    -v link="link $2 debug: request" -v large="size=$3 " "
    index(\$0, link) && / 1[34] octets/ { asked = 1; n = 0 }
    asked && index(\$0, first) && index(\$0, large) { n++ }
    asked && index(\$0, second) && /size=1[34] / { print n; asked = 0 }" "$4"' \
    "$number1" "$number2" $large $log | xargs)
most=$(tr " " "\n" <<<"$waits" | sort -n | tail -n 1)
check "each of them is found: large files answered meanwhile: $waits" \
    test "$(wc -w <<<"$waits")" -ge $tries
# One more may have ended just before, and be told of after it.
check "none has waited for more than one scan of each worker ($workers)" \
    test "${most:-99}" -le $((workers + 1))

# A scan that nobody waits for is ended: of a worker that does not go on.
ended() {
    in_domain scanner 'grep -c "is not needed any more, scanning for domain $1" \
        "$2"' "$number1" $log
}
more_ended() { [ "$(ended)" -gt "$1" ]; }
read_one() {
    in_domain guest1 'echo "file $1" >/root/one; read -r line </root/one' "$1"
}
check "guest1's files have all been read" wait_for \
    in_domain guest1 'grep -qx end /run/large.log'
check "guest1 waits for two seconds" "$LAB" exec dom0 -- \
    vscanctl policy set guest1 timeout-ms=2000 close-write=no
before=$(ended)
in_domain scanner 'pkill -STOP "^vscan-worker"'
check "it reads a file for which there is no verdict" read_one 1
check "the scan of it is ended" wait_for more_ended "$before"
check "guest1 waits for longer, and needs a verdict" "$LAB" exec dom0 -- \
    vscanctl policy set guest1 fail=closed close-write=no
check "and has one" wait_for read_one 2

in_domain scanner 'rm "$1"' $options
restart_back >/dev/null
unprotect guest1
unprotect guest2
in_domain guest1 'rm -rf /root/large'
finish
