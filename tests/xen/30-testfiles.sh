#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For each of Debian's clamav-testfiles the guest gets what clamscan says with
# the same signatures; files at the edges of sizes get verdicts, too.

. "$(dirname "$0")/lib.sh"

samples=/usr/share/clamav-testfiles
guest=guest2

unprotect $guest
infected=$(clamscan_infected $samples)
check "clamscan calls at least 30 samples infected" \
    test "$(wc -l <<<"$infected")" -ge 30
# Sizes around a page, around what an info page holds (512 pages), around the
# limit of a request (8192 pages), each with EICAR-like content at its end that
# only a scan of all of it can see: the test signature matches at offset 0, so
# the probe is the sample clam.exe in a tar archive after that much padding.
in_domain $guest 'rm -rf /root/sizes; mkdir -p /root/sizes; cd /root/sizes
    for size in 1 4095 4096 4097 2097152 2097153 33554432 33554433; do
        head -c $size /dev/zero >zeroes-$size
    done
    for size in 4096 2097152 20971520; do
        head -c $size /dev/zero >padding
        tar -cf infected-$size.tar padding -C "$1" clam.exe
        rm padding
    done' $samples

# With fail=open only a verdict denies.
check "attached and connected, fail=open" protect $guest scanner fail=open

count=0
while read -r how name result; do
    count=$((count + 1))
    wanted=allowed
    grep -qxF "$name" <<<"$infected" && wanted=denied
    if [ "$result" = "$wanted" ]; then
        ok "$how $name: $result, as clamscan"
    else
        fail "$how $name: $result, clamscan: $wanted"
    fi
done < <(in_domain $guest "set -- read $samples/*; $ACCESS_FILES")
check "that were all samples" test "$count" -eq \
    "$(in_domain $guest "set -- $samples/*; echo \$#")"

expect() {
    local name=$1 wanted=$2 got
    got=$(access $guest read "/root/sizes/$name")
    if [ "$got" = "read $name $wanted" ]; then
        ok "$name: $wanted"
    else
        fail "$name: $got, expected $wanted"
    fi
}
for size in 1 4095 4096 4097 2097152 2097153 33554432; do
    expect zeroes-$size allowed
done
for size in 4096 2097152 20971520; do
    expect infected-$size.tar denied
done
# More than one request can name goes in pieces.
expect zeroes-33554433 allowed
# Not scanned is not clean: one octet too many goes by the policy.
check "attached and connected, fail=closed" \
    protect $guest scanner fail=closed max-file-mib=32
expect zeroes-33554433 denied
expect zeroes-33554432 allowed
check "its reason is in the front's log" in_domain $guest \
    'grep "reason=too-large.*zeroes-33554433" /var/log/xen-guest-front.log'
unprotect $guest
in_domain $guest 'rm -rf /root/sizes'
finish
