#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A guest whose policy says scan=in-place: verdicts are clamscan's, nothing of
# them is known to other guests, its workers are its own, and the policy can say
# otherwise at any time.

. "$(dirname "$0")/../lib.sh"

files=40
db=/var/lib/clamav
log=/var/log/xen-scan-back.log
samples=/usr/share/clamav-testfiles

# new_signatures DIGIT: another generation; the log says what the last one has
# cost.
new_signatures() {
    local before
    before=$(generations)
    in_domain scanner 'echo "InPlace:0:*:706c616365$1$1$1$1" >"$2"' \
        "$1$1" "$db/in-place.ndb"
    wait_for more_generations "$before"
}
generations() { in_domain scanner 'grep -c "in use: " "$1"' "$log"; }
more_generations() { [ "$(generations)" -gt "$1" ]; }
# Scans of the generation before; of snapshots, or in-place.
scans() {
    local all in_place
    read -r all in_place < <(in_domain scanner '
        grep "history: dropped" "$1" | tail -n 1 |
        sed "s/.* has had \([0-9]*\) scans (\([0-9]*\) in place).*/\1 \2/"' "$log")
    [ "$1" = in-place ] && echo "$in_place" || echo $((all - in_place))
}
make_files() {
    put_program "$1" storm
    in_domain "$1" 'rm -rf /root/same; mkdir /root/same &&
        /root/storm make /root/same "$1" 0' $files
}
open_files() { in_domain "$1" '/root/storm open /root/same 1'; }
opens_all() {
    local said
    said=$(open_files "$1")
    echo "$said"
    [ "${said% longest *}" = "allowed $files denied 0 wrong 0" ]
}
# What the link of guest1 has said last of how it scans.
mode() {
    in_domain scanner 'grep "link $1 .*: scan=" "$2" | tail -n 1 |
        sed "s/.*: scan=//"' "$(domid guest1)" "$log"
}
mode_is() { [ "$(mode)" = "$1" ]; }
workers() { in_domain scanner 'pgrep "^vscan-worker"'; }
nr_workers() { workers | grep -c .; }
# Besides those for all guests, one for each engine.
has_own() { [ "$(nr_workers)" -eq $((shared + engines)) ]; }
has_none() { [ "$(nr_workers)" -eq "$shared" ]; }
# Does one of these processes have the device of grants open?
has_grants() {
    in_domain scanner 'device=$(stat -c %F:%t:%T /dev/xen/gntdev)
        for process; do
            stat -L -c %F:%t:%T "/proc/$process/fd/"* 2>/dev/null |
                grep -qxF "$device" && exit
        done; false' "$@"
}
policy() { "$LAB" exec dom0 -- vscanctl policy set guest1 "$@"; }
connection() { node "$(folder_of_front guest1)/connection-id"; }
put_file() { in_domain guest1 'printf %s "$2" >"$1"' "$@"; }

leave() {
    unprotect guest1
    unprotect guest2
    in_domain scanner 'rm -f "$1"' "$db/in-place.ndb"
    in_domain guest1 'rm -rf /root/same /root/eicar /root/new*'
    in_domain guest2 'rm -rf /root/same'
} >/dev/null 2>&1
trap leave EXIT

for guest in guest1 guest2; do
    unprotect $guest
    make_files $guest
done
plant_eicar guest1 /root/eicar
infected=$(clamscan_infected $samples)
check "clamscan calls at least 30 samples infected" \
    test "$(wc -l <<<"$infected")" -ge 30
shared=$(nr_workers)
engines=$(in_domain scanner 'pgrep -c "^vscan-loader"')
check "there are $shared workers, of $engines engines" \
    test "$shared" -gt 0 -a "$engines" -gt 0

check "guest1 is protected, scan=in-place" \
    protect guest1 scanner fail=open scan=in-place
check "its link says so" wait_for mode_is in-place
check "EICAR is denied" read_is_denied guest1 /root/eicar
check "and its program" exec_is_denied guest1 /root/eicar
count=0
while read -r how name result; do
    count=$((count + 1))
    wanted=allowed
    grep -qxF "$name" <<<"$infected" && wanted=denied
    [ "$result" = "$wanted" ] || fail "$how $name: $result, clamscan: $wanted"
done < <(in_domain guest1 "set -- read $samples/*; $ACCESS_FILES")
check "all $count samples were as clamscan says" test "$count" -eq \
    "$(in_domain guest1 "set -- $samples/*; echo \$#")"
check "guest1 has workers of its own" wait_for has_own
check "what looks for grants finds them at a link" \
    has_grants "$(in_domain scanner 'pgrep "^vscan-link" | head -n 1')"
# shellcheck disable=SC2046 # words
check "and at no worker" not has_grants $(workers)

check "guest1 with fail=closed" policy fail=closed scan=in-place
check "signatures of which nothing is known" new_signatures 1
check "guest1: new files" opens_all guest1
check "guest2 is protected, with copies" protect guest2 scanner fail=closed
check "guest2: the same files" opens_all guest2
check "signatures change" new_signatures 2
count=$(scans in-place)
check "guest1 has cost $count scans in place" test "$count" -ge $files
count=$(scans snapshots)
check "guest2 was told nothing of them: $count scans" test "$count" -ge $files
check "guest2: once more" opens_all guest2
check "guest1: what is known by now" opens_all guest1
check "signatures change" new_signatures 3
count=$(scans in-place)
check "what is known is not scanned in place: $count scans" \
    test "$count" -lt $files

check "it still has" wait_for has_own
check "all workers are killed" in_domain scanner 'pkill -9 "^vscan-worker"'
put_file /root/new1 "new $RANDOM$RANDOM"
check "others take their place" in_domain guest1 'cat /root/new1'
check "as many" wait_for has_own

before=$(connection)
check "the policy says scan=snapshot" policy fail=closed
check "the link follows" wait_for mode_is snapshot
put_file /root/new2 "new $RANDOM$RANDOM"
check "a new file is read" in_domain guest1 'cat /root/new2'
check "EICAR is denied" read_is_denied guest1 /root/eicar
check "the connection is the same" test "$(connection)" = "$before"
check "guest1 has no workers of its own" wait_for has_none
check "scan=in-place again" policy fail=closed scan=in-place
check "the link follows" wait_for mode_is in-place
put_file /root/new3 "new $RANDOM$RANDOM"
check "a new file is read" in_domain guest1 'cat /root/new3'
check "EICAR is denied" read_is_denied guest1 /root/eicar
check "guest1 has workers of its own" wait_for has_own
unprotect guest1
check "they end with the device" wait_for has_none
finish
