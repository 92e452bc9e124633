#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Guests with other engines: what only YARA hates is clean for the guest that asks
# for ClamAV alone, and infected for the other one, whoever has it scanned first;
# a change of engines is followed; an engine that is not run is an alarm; and with
# history=no nothing is known of a guest's content.

. "$(dirname "$0")/lib.sh"

rules=/etc/xen-vscan/yara

vscanctl() { "$LAB" exec dom0 -- vscanctl "$@"; }
log_has() { in_domain scanner 'grep -q "$1" /var/log/xen-scan-back.log' "$1"; }
put_file() { in_domain "$1" 'printf %s "$3" >"$2"' "$@"; }
put_both() { put_file guest1 "$@" && put_file guest2 "$@"; }
policy() { vscanctl policy set guest1 fail=open "$@"; }
status_says() { vscanctl status | grep -qE "$1"; }
not_degraded() { ! status_says "engine-degraded"; }
# What guest1's back has counted under this key.
count() { vscanctl stats guest1 | awk -v key="$1" '$1 == key { print $3 }'; }
# Requests have come, and none of their content was known.
nothing_known() { [ "$(count requests)" -ge $(($1 + 3)) ] &&
    [ "$(count known)" = "$2" ]; }

leave() {
    unprotect guest1
    unprotect guest2
    in_domain scanner 'rm -rf "$1"' "$rules"
    in_domain guest1 'rm -f /root/set-*'
    in_domain guest2 'rm -f /root/set-*'
    restart_back
} >/dev/null 2>&1
trap leave EXIT

unprotect guest1
unprotect guest2
one="a word of yara, for guest1 at first"
two="a word of yara, for guest2 at first"
check "a content in both guests" put_both /root/set-one "$one"
check "and another" put_both /root/set-two "$two"
plant_eicar guest1 /root/set-eicar
check "a rule for YARA" in_domain scanner 'mkdir -p "$1" &&
    echo "rule sets { strings: \$a = \"word of yara\" condition: \$a }" \
        >/run/sets && mv /run/sets "$1/sets.yar"' "$rules"
check "the back is started again" restart_back
check "both engines scan" wait_for log_has \
    'ready: ClamAV .* signatures; YARA .*, 1 signatures*'
check "guest1 is protected by ClamAV" \
    protect guest1 scanner fail=open engines=clamav
check "guest2 by all" protect guest2 scanner fail=open

check "clean in guest1" read_is "$one" guest1 /root/set-one
check "the same is infected in guest2" read_is_denied guest2 /root/set-one
check "infected in guest2" read_is_denied guest2 /root/set-two
check "the same is clean in guest1" read_is "$two" guest1 /root/set-two
check "what ClamAV finds is denied in guest1" \
    read_is_denied guest1 /root/set-eicar
check "the guests have other generations" test \
    "$(front_tells guest1 generation)" != "$(front_tells guest2 generation)"

# What guest1 has on record as clean is on record no more.
check "guest1 gets all engines" policy engines=all
check "it is denied there, too" wait_for read_is_denied guest1 /root/set-one
check "and the other one" wait_for read_is_denied guest1 /root/set-two
check "guest1 gets ClamAV again" policy engines=clamav
check "it is clean again" wait_for read_is "$one" guest1 /root/set-one
check "no alarm because of engines" wait_for not_degraded

# With fail=open it is allowed, as not scanned.
new_is_not_scanned() {
    put_file guest1 /root/set-new "new $RANDOM$RANDOM" && in_domain guest1 '
        cat /root/set-new
        grep -q "reason=back-resources .*path=\"/root/set-new\"" \
            /var/log/xen-guest-front.log'
}
check "an engine that is not run" policy engines=clamav,other
check "is an alarm" wait_for status_says \
    'engine-degraded: other does not scan: the policy names it'
check "nothing is clean without it" wait_for new_is_not_scanned
check "what ClamAV finds is denied" wait_for \
    read_is_denied guest1 /root/set-eicar
check "a name that cannot be is refused" not policy engines=clamav,Yara
check "guest1 gets all engines again" policy engines=all
check "the alarm ends" wait_for not_degraded

check "guest1 has history=no" policy history=no
check "the back follows" wait_for log_has \
    "link $(domid guest1) .*engines=all history=no"
requests=$(count requests)
known=$(count known)
# One content in new files, which the front has no record of.
for i in 1 2 3; do
    put_file guest1 /root/set-same$i "the same" &&
        in_domain guest1 'cat "$1"' /root/set-same$i >/dev/null
done
check "each is scanned, and nothing was known" \
    wait_for nothing_known "$requests" "$known"
check "what is infected is found all the same" \
    read_is_denied guest1 /root/set-one
finish
