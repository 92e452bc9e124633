#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Memory of the back with all the guests there are, a large set of signatures and
# large files: the signatures are there once, and a guest's link is small.
# Proportional shares (PSS): what several processes map counts once.

. "$(dirname "$0")/../lib.sh"

db=/var/lib/clamav
signatures=100000
max_link_kib=4096

mapfile -t guests < <("$LAB" exec dom0 -- xl list |
    sed -n 's/^\(guest[0-9]*\) .*/\1/p')

# Name and PSS of each process of the back, in KiB, without the history: that is
# there once, as large as its option says, and fuller with each case before.
shares() {
    in_domain scanner 'for pid in $(pgrep "^(vscan-|xen-scan-back)"); do
        awk -v name="$(cat /proc/$pid/comm)" "
            /^[0-9a-f]+-/ { counts = !/memfd:vscan-history/ }
            /^Pss:/ && counts { sum += \$2 }
            END { print name, sum }" /proc/$pid/smaps
    done'
}
sum_of() { awk -v name="$1" '$1 ~ name { sum += $2 } END { print sum + 0 }'; }
largest_of() {
    awk -v name="$1" '$1 ~ name && $2 > max { max = $2 } END { print max + 0 }'
}
knows() {
    in_domain scanner 'tail -n 50 /var/log/xen-scan-back.log |
        grep -q "in use: .* $1 sig"' $((signatures + 2))
}
one_loader() { [ "$(in_domain scanner 'pgrep -c "^vscan-loader"')" = 1 ]; }

in_domain scanner 'awk -v n="$1" "BEGIN { for (i = 0; i < n; i++)
    printf \"%064x:%d:Memory.%d\n\", i * 7919, 100000 + i, i }" \
    >/run/memory.hsb && mv /run/memory.hsb "$2"' $signatures $db
check "$signatures signatures more are in use" wait_for knows
check "the loader before has ended" wait_for one_loader
before=$(shares)
engine=$(sum_of 'loader|worker' <<<"$before")
check "loader and workers have $engine KiB" test "$engine" -gt 10000

for guest in "${guests[@]}"; do
    check "$guest is protected" protect "$guest" scanner
    # Nobody else has this content, and it is as large as can be.
    check "$guest reads files" in_domain "$guest" 'cd /root &&
        { echo "$1"; head -c 31M /dev/zero; } >large && cat large >/dev/null &&
        rm large' "$guest"
done
after=$(shares)
check "with ${#guests[@]} guests: $(tr '\n' ' ' <<<"$after")" \
    test "$(grep -c vscan-link <<<"$after")" = ${#guests[@]}
largest=$(largest_of link <<<"$after")
check "no link has more than $max_link_kib KiB: $largest" \
    test "$largest" -gt 0 -a "$largest" -le $max_link_kib
engine_now=$(sum_of 'loader|worker' <<<"$after")
check "the signatures are there once: $engine KiB before, $engine_now now" \
    test "$engine_now" -le $((engine + 8192))

in_domain scanner 'rm "$1"' $db/memory.hsb
for guest in "${guests[@]}"; do unprotect "$guest"; done
finish
