#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For two hundred programs and libraries of Debian the guest gets what clamscan
# says with the same signatures, some of which are of words that are in many.  What
# the guest itself runs is left out, or it could not run anything.

. "$(dirname "$0")/../lib.sh"

guest=guest2 db=/var/lib/clamav
files=200
copies=$(mktemp -d)
trap 'rm -rf "$copies"' EXIT

hex() { printf %s "$1" | od -An -v -tx1 | tr -d ' \n'; }
knows() {
    in_domain scanner 'tail -n 20 /var/log/xen-scan-back.log |
        grep -q "in use: .* 4 sig"'
}

unprotect $guest
in_domain $guest 'rm -rf /root/binaries; mkdir /root/binaries && cd /usr &&
    find bin sbin lib/x86_64-linux-gnu -type f -size -1500k | sort |
    awk -v n="$1" "{ name[NR] = \$0 } END { for (i = 0; i < n; i++)
        print name[1 + int(i * NR / n)] }" | while read -r file; do
        cp "$file" "/root/binaries/$(echo "$file" | tr / _)"
    done' $files
check "the same files are in both domains" "$LAB" pull $guest /root/binaries \
    "$copies/binaries"
check "... scanner" "$LAB" push scanner "$copies/binaries" /root/binaries
check "signatures that many have something of" in_domain scanner \
    'printf "One:0:*:%s\nTwo:0:*:%s\n" "$1" "$2" >"$3"' \
    "$(hex 'memory exhausted')" "$(hex __cxa_finalize)" $db/binaries.ndb
check "they are in use" wait_for knows

infected=$(clamscan_infected /root/binaries)
nr=$(wc -w <<<"$infected")
check "clamscan calls some of $files infected, and not all: $nr" \
    test "$nr" -gt 20 -a "$nr" -lt $((files - 20))
check "$guest is protected" protect $guest scanner fail=open timeout-ms=60000 \
    exclude-path=/usr/
count=0 wrong=0
while read -r _ name result; do
    count=$((count + 1))
    wanted=allowed
    grep -qxF "$name" <<<"$infected" && wanted=denied
    [ "$result" = "$wanted" ] || {
        wrong=$((wrong + 1))
        fail "$name: $result, clamscan: $wanted"
    }
done < <(in_domain $guest "set -- read /root/binaries/*; $ACCESS_FILES")
check "$count files got what clamscan says" test "$count" = $files -a $wrong = 0

in_domain scanner 'rm -rf "$1" /root/binaries' $db/binaries.ndb
unprotect $guest
in_domain $guest 'rm -rf /root/binaries'
finish
