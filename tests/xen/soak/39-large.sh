#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Large files, which are sparse here: with limits that are raised one of MIB (128;
# 1536 takes minutes) is searched to its end, and neither side has it in memory;
# what is above the limits is not read.

. "$(dirname "$0")/../lib.sh"

options=/etc/default/xen-scan-back
signatures=/var/lib/clamav/large.ndb
mib=${MIB:-128}
large=/root/large mark=vscan-large-at-the-end
policy=(fail=closed close-write=no timeout-ms=600000)
# What either side may have more than before, in KiB.
growth=16384

put_signature() {
    in_domain scanner 'printf "Large:0:*:%s\n" "$(printf %s "$1" |
        od -An -tx1 | tr -d " \n")" >"$2"' "$mark" "$signatures"
}
# A sparse file of SIZE octets, and the mark at its end.
make() {
    in_domain guest1 'rm -f "$1" && printf %s "$3" |
        dd of="$1" bs=1 seek="$2" status=none' "$large" "$1" "$mark"
}
# PSS of the processes of DOMAIN whose names begin with vscan-, in KiB.
memory() {
    in_domain "$1" 'for pid in $(pgrep "^vscan-"); do
        cat /proc/$pid/smaps_rollup; done | awk "/^Pss:/ { n += \$2 }
        END { print n }"'
}
copied() { counter guest1 front octets-copied; }
has_in_force() { [[ " $(front_tells guest1 policy) " = *" $1 "* ]]; }
leave() {
    unprotect guest1
    in_domain scanner 'rm -f "$1" "$2"' "$options" "$signatures"
    restart_back
    in_domain guest1 'rm -f "$1"' "$large"
} >/dev/null 2>&1

unprotect guest1
trap leave EXIT
check "a signature for what is anywhere in a file" put_signature
in_domain scanner 'echo "OPTIONS=\"$1\"" >"$2"' "--scan-timeout 600000 \
--limit file-mib=2047 --limit scan-mib=2047" "$options"
check "the back looks at files of up to 2047 MiB" restart_back
check "guest1 is protected" protect guest1 scanner "${policy[@]}"
check "a new file is read" in_domain guest1 'echo new >/root/new && cat /root/new'
front=$(memory guest1) back=$(memory scanner)
before=$(copied)
check "$mib MiB" make $((mib << 20))
check "are too large by default" read_is_denied guest1 "$large"
check "max-file-mib=2047" "$LAB" exec dom0 -- vscanctl policy set guest1 \
    "${policy[@]}" max-file-mib=2047
check "it is in force" wait_for has_in_force max-file-mib=2047
check "4 GiB" make $((4 << 30))
check "are too large" read_is_denied guest1 "$large"
after=$(copied)
check "neither was read: $((after - before)) octets of all" \
    test $((after - before)) -lt 4194304
before=$after
check "$mib MiB" make $((mib << 20))
start=$SECONDS
check "are denied" read_is_denied guest1 "$large"
took=$((SECONDS - start))
found() {
    node "$(folder_of_back guest1 scanner)/incidents" |
        grep -q "clamav:Large.UNOFFICIAL .* $large"
}
check "as what is at their end is found, in $took s" wait_for found
pieces=$(($(copied) - before))
check "$pieces octets of it were copied: holes are not" \
    test "$pieces" -gt 0 -a "$pieces" -le 8388608
after=$(memory guest1)
check "the front has $after KiB, and had $front" \
    test "$after" -le $((front + growth))
after=$(memory scanner)
check "the back has $after KiB, and had $back" \
    test "$after" -le $((back + growth))
finish
