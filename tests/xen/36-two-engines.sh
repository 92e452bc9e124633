#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ClamAV and YARA together: what one of them finds is denied and named, rules
# that change are followed, and without rules nothing counts as clean.

. "$(dirname "$0")/lib.sh"

rules=/etc/xen-vscan/yara

# put_rule NAME TEXT: a rule that looks for that text.
put_rule() {
    in_domain scanner 'mkdir -p "$3" &&
        echo "rule $1 { strings: \$a = \"$2\" condition: \$a }" >"/run/$1" &&
        mv "/run/$1" "$3/$1.yar"' "$1" "$2" "$rules"
}
log_has() { in_domain scanner 'grep -q "$1" /var/log/xen-scan-back.log' "$1"; }
# The front names what it was last denied for.
was_named() {
    in_domain guest1 'grep "verdict=infected" /var/log/xen-guest-front.log |
        tail -n 1 | grep -F "name=\"$1\""' "$1"
}
put_file() { in_domain guest1 'printf %s "$2" >"$1"' "$@"; }

leave() {
    unprotect guest1
    in_domain scanner 'rm -rf "$1"' "$rules"
    restart_back
} >/dev/null 2>&1
trap leave EXIT

unprotect guest1
plant_eicar guest1 /root/eicar
put_file /root/text "a word of yara alone"
put_file /root/later "a word that is known later"
put_file /root/clean "nothing"
check "rules for YARA" put_rule first "word of yara"
check "and one for EICAR" put_rule second EICAR-STANDARD
check "the back is started again" restart_back
check "both engines scan" wait_for log_has \
    'ready: ClamAV .* signatures; YARA .*, 2 signatures'
check "guest1 is protected" protect guest1 scanner fail=open
check "what YARA alone finds is denied" read_is_denied guest1 /root/text
check "and named" wait_for was_named "yara:first"
check "what both find is denied" read_is_denied guest1 /root/eicar
eicar=$(in_domain guest1 'sed -n "s/.*name=\"\(clamav:[^ \"]*\) yara:second\".*/\1/p" \
    /var/log/xen-guest-front.log | tail -n 1')
check "and named by both: $eicar" test -n "$eicar"
check "a clean file is read" read_is nothing guest1 /root/clean
check "a file that no rule knows yet" \
    read_is "a word that is known later" guest1 /root/later

check "a new rule" put_rule third "known later"
check "is followed" wait_for read_is_denied guest1 /root/later
check "a rule that does not compile" in_domain scanner \
    'printf "rule x {\n  condition: nonsense\n}\n" >/run/bad &&
    mv /run/bad "$1/bad.yar"' $rules
check "is refused, with file and line" \
    wait_for log_has 'yara: .*bad\.yar:2: .*the signatures in use stay'
check "the rules before are in use" read_is_denied guest1 /root/text

check "no rules, and the processes that have loaded are killed" in_domain scanner \
    'rm "$1"/*.yar && pkill -9 "^vscan-loader"' $rules
check "the log tells that YARA does not scan" \
    wait_for log_has 'yara: rules: none in'
# With fail=open it is allowed, as not scanned.
new_is_not_scanned() {
    put_file /root/new "new $RANDOM$RANDOM" && in_domain guest1 'cat /root/new
        grep -q "reason=back-resources .*path=\"/root/new\"" \
            /var/log/xen-guest-front.log'
}
check "nothing new is clean now" wait_for new_is_not_scanned
check "what ClamAV finds is found" wait_for read_is_denied guest1 /root/eicar
check "rules again" put_rule first "word of yara"
check "what YARA finds is denied again" wait_for read_is_denied guest1 /root/text
finish
