#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A guest that changes its pages while they are read, hashed and scanned gets no
# infected content accepted in another guest.

. "$(dirname "$0")/../lib.sh"

rounds=400
db=/var/lib/clamav

# What the hostile front sends, when it is infected: hostile-front.c.
unprotect guest1
unprotect guest2
put_program guest1 hostile-front
put_program guest2 storm
in_domain guest2 'rm -rf /root/flips; mkdir /root/flips && cd /root/flips &&
    awk -v n="$1" "BEGIN { for (i = 0; i < n; i++) {
        file = sprintf(\"bad-%05d\", i)
        printf \"number %08d malice says hello\", i >file
        close(file)
    } }" && truncate -s 8000 bad-* && cp bad-00000 clean-all &&
    printf x | dd of=clean-all bs=1 seek=16 conv=notrunc 2>/dev/null' $rounds
in_domain scanner 'echo "Flips:0:*:6d616c69636520736179732068656c6c6f" >"$1"' \
    $db/flips.ndb
scanner_knows() { in_domain scanner \
    'tail -n 50 /var/log/xen-scan-back.log | grep -q "in use: .* 3 sig"'; }
check "the signature is in use" wait_for scanner_knows
check "guest1 and guest2 are protected" protect guest1 scanner
protect guest2 scanner fail=closed
check "guest1's front is replaced by a hostile one" "$LAB" exec guest1 -- \
    /etc/init.d/xen-guest-front stop

said=$("$LAB" exec guest1 -- /root/hostile-front flip $rounds 2>&1)
read -r _ clean _ infected _ not_scanned <<<"$said"
check "$rounds contents that flip: $said" \
    test $((clean + infected + not_scanned)) = $rounds
check "some were copied as clean" test "$clean" -gt 0
check "and some as infected" test "$infected" -gt 0

said=$(in_domain guest2 '/root/storm open /root/flips 1')
check "guest2: all that are infected are denied: $said" \
    test "${said% longest *}" = "allowed 1 denied $rounds wrong 0"

check "the real front starts again" "$LAB" exec guest1 -- \
    /etc/init.d/xen-guest-front start
in_domain scanner 'rm "$1"' $db/flips.ndb
unprotect guest1
unprotect guest2
in_domain guest2 'rm -rf /root/flips'
finish
