#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Signatures change while two guests have files scanned: nobody is disconnected
# or kept waiting, all guests follow, and bad signatures change nothing.

. "$(dirname "$0")/lib.sh"

db=/var/lib/clamav
late='a text that is known as bad later on'

# put_signature NAME TEXT: in the way of freshclam, complete when it is there.
put_signature() {
    in_domain scanner 'echo "$2" >/run/"$1" && mv /run/"$1" "$3"' \
        "$1" "$2" "$db/$1"
}
hex() { printf %s "$1" | od -An -v -tx1 | tr -d ' \n'; }
log_has() { in_domain scanner 'grep -q "$1" /var/log/xen-scan-back.log' "$1"; }
loaders() { in_domain scanner 'pgrep -c "^vscan-loader"'; }
one_loader() { [ "$(loaders)" = 1 ]; }
connection() { node "$(folder_of_front "$1")/connection-id"; }
generation() { front_tells "$1" generation; }

for guest in guest1 guest2; do
    unprotect $guest
    in_domain $guest 'rm -f /root/load-end; printf %s "$1" >/root/late' "$late"
    check "$guest is protected" protect $guest scanner fail=closed
    check "$guest: the text is clean" read_is "$late" $guest /root/late
done
before1=$(connection guest1) before2=$(connection guest2)
old=$(generation guest1)

# Each file is a new one, so that each read needs a verdict; with fail=closed one
# that gets none fails.
in_domain guest1 '(i=0
    while [ ! -e /root/load-end ]; do
        i=$((i + 1)); echo "number $i" >/root/load
        read -r line </root/load || echo "failed $i"
    done; echo "read $i"; echo end) >/run/load.log 2>&1 </dev/null &'

check "a new signature" put_signature late.ndb "Late:0:*:$(hex "$late")"
for guest in guest1 guest2; do
    check "$guest: the same file is denied" \
        wait_for read_is_denied $guest /root/late
    check "$guest: it was not connected anew" \
        test "$(connection $guest)" = \
        "$([ $guest = guest1 ] && echo "$before1" || echo "$before2")"
    check "$guest: the generation is another one" \
        test "$(generation $guest)" != "$old"
done
check "both guests have the same one" \
    test "$(generation guest1)" = "$(generation guest2)"
# The domains' clocks differ; this is by how much, and the time of one command.
now_ms() { in_domain "$1" 'date +%s%3N'; }
announced=$(in_domain scanner 'grep "in use: " /var/log/xen-scan-back.log |
    tail -n 1 | cut -c1-23')
for guest in guest1 guest2; do
    heard=$(in_domain $guest 'grep "signature generation" \
        /var/log/xen-guest-front.log | tail -n 1 | cut -c1-23')
    ahead=$((-$(now_ms scanner) + $(now_ms $guest)))
    took=$(($(date -d "${heard}Z" +%s%3N) - $(date -d "${announced}Z" +%s%3N)))
    took=$((took - ahead))
    check "$guest: heard of it $took ms after it was in use" \
        test "$took" -le 2000
done
check "the old signatures' process has ended" wait_for one_loader

# freshclam, with the configuration that is provided, and a source in reach.
own='a text that is bad on this host'
check "freshclam fetches own signatures" in_domain scanner '
    echo "Own:0:*:$1" >/run/own.ndb && chown -R clamav "$2" &&
    { cat /usr/share/doc/xen-vscan/freshclam.conf
      echo "DatabaseCustomURL file:///run/own.ndb"; } >/run/freshclam.conf &&
    freshclam --config-file=/run/freshclam.conf --update-db=custom' \
    "$(hex "$own")" $db
in_domain guest2 'printf %s "$1" >/root/own' "$own"
check "guest2: what they name is denied" \
    wait_for read_is_denied guest2 /root/own

check "a signature that is malformed" put_signature bad.ndb "this:is:none"
check "the log tells that it is refused" \
    wait_for log_has 'clamav: .*Malformed.*the signatures in use stay'
has_engine() { wait_for has "$(folder_of_back guest2 scanner)/engines" \
    "clamav $1 [1-9][0-9]*: .*"; }
lists() { in_domain dom0 'vscanctl list | grep -q "^    $1"' "$1"; }
check "vscanctl list tells" wait_for lists 'clamav keeps its old signatures: '
check "the node tells, too" has "$(folder_of_back guest2 scanner)/engines" \
    'clamav refused [1-9][0-9]*: .*'
check "guest1: what was bad is bad still" read_is_denied guest1 /root/late
in_domain scanner 'rm "$1"' $db/bad.ndb
same() { in_domain scanner 'grep -c "clamav: the signatures are those in use" \
    /var/log/xen-scan-back.log'; }
more_same() { [ "$(same)" -gt "$1" ]; }
before=$(same)
check "vscanctl reload" "$LAB" exec dom0 -- vscanctl reload scanner
check "the log tells that nothing has changed" wait_for more_same "$before"
before=$(same)
check "SIGHUP" in_domain scanner 'pkill -HUP -o xen-scan-back'
check "the log tells that nothing has changed, again" \
    wait_for more_same "$before"
check "vscanctl list has nothing to tell" not lists clamav

in_domain guest1 ': >/root/load-end'
load_ended() { in_domain guest1 'tail -n 1 /run/load.log | grep -qx end'; }
check "guest1 has read all the time" wait_for load_ended
read_files=$(in_domain guest1 'sed -n "s/^read //p" /run/load.log')
check "guest1: $read_files new files were read" test "${read_files:-0}" -gt 10
check "guest1: none of them failed" \
    not in_domain guest1 'grep -m 1 failed /run/load.log'

check "kill -9 of the process that has loaded" in_domain scanner \
    'pkill -9 "^vscan-loader"'
check "the log tells" wait_for log_has 'clamav: the loader has ended'
check "the engine is in use again" has_engine ok
check "scanning goes on by itself" wait_for read_is_denied guest2 /root/late
check "the signature is deleted" in_domain scanner 'rm "$1"' $db/late.ndb
in_domain scanner 'rm "$1"/own.ndb "$1"/freshclam.dat' $db
check "the text is clean again" wait_for read_is "$late" guest1 /root/late
check "and the generation as before" test "$(generation guest1)" = "$old"

for guest in guest1 guest2; do
    check "$guest: connected as at first" are_connected $guest scanner
    unprotect $guest
done
finish
