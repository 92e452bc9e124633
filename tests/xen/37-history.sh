#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What one guest has had scanned is known in all: two guests with the same new
# files cost one scan of each, new signatures cost as many again, a guest that
# comes later costs none.  Contents are told apart by more than MD5.

. "$(dirname "$0")/lib.sh"

files=150
# What else guests open meanwhile, which is the same in each: programs,
# libraries.
others=100
db=/var/lib/clamav
log=/var/log/xen-scan-back.log

# new_signatures DIGIT: another generation; the log says what the last one has
# cost.
new_signatures() {
    local before
    before=$(generations)
    in_domain scanner 'echo "History:0:*:68697374$1$1$1$1" >"$2"' \
        "$1$1" "$db/history.ndb"
    wait_for more_generations "$before"
}
generations() { in_domain scanner 'grep -c "in use: " "$1"' $log; }
more_generations() { [ "$(generations)" -gt "$1" ]; }
# Scans of the generation before.
scans() {
    in_domain scanner 'grep -a "history: dropped" "$1" | tail -n 1 |
        sed "s/.* has had \([0-9]*\) scans.*/\1/"' $log
}
make_files() {
    put_program "$1" storm
    in_domain "$1" 'rm -rf /root/same; mkdir /root/same &&
        /root/storm make /root/same "$1" 0' $files
}
open_files() { in_domain "$1" '/root/storm open /root/same 1'; }
right() { [ "${1% longest *}" = "allowed $files denied 0 wrong 0" ]; }

# both_open TEXT: at the same time.
both_open() {
    local said1 said2
    coproc open_files guest1
    said2=$(open_files guest2)
    read -r said1 <&"${COPROC[0]}"
    wait "$COPROC_PID"
    check "$1: guest1: $said1" right "$said1"
    check "$1: guest2: $said2" right "$said2"
}
one_each() { [ "$1" -ge "$files" ] && [ "$1" -le $((files + others)) ]; }

for guest in guest1 guest2; do
    unprotect $guest
    make_files $guest
    check "$guest is protected" protect $guest scanner fail=closed
done
check "signatures of which nothing is known" new_signatures 1
both_open "new files"
check "signatures change" new_signatures 2
nr_scans=$(scans)
check "$nr_scans scans for two guests with $files files each" \
    one_each "$nr_scans"
both_open "the same files with other signatures"

# A guest that knows nothing: its front has no record of any file.
check "guest2 is created anew" create guest2
make_files guest2
check "it is protected" protect guest2 scanner fail=closed
before=$(front_tells guest2 requests)
said=$(open_files guest2)
after=$(front_tells guest2 requests)
check "the guest that comes later: $said" right "$said"
check "it has asked for each: $((after - before)) requests" \
    test $((after - before)) -ge "$files"
check "signatures change" new_signatures 3
nr_scans=$(scans)
check "$nr_scans scans for three guests with $files files each" \
    one_each "$nr_scans"

# Two files of 128 octets with the same MD5, found by Xiaoyun Wang and others in
# 2004; the signature is of an octet in which they differ.
good=d131dd02c5e6eec4693d9a0698aff95c2fcab58712467eab4004583eb8fb7f89
good+=55ad340609f4b30283e488832571415a085125e8f7cdc99fd91dbdf280373c5b
good+=d8823e3156348f5bae6dacd436c919c6dd53e2b487da03fd02396306d248cda0
good+=e99f33420f577ee8ce54b67080a80d1ec69821bcb6a8839396f9652b6ff72a70
bad=d131dd02c5e6eec4693d9a0698aff95c2fcab50712467eab4004583eb8fb7f89
bad+=55ad340609f4b30283e4888325f1415a085125e8f7cdc99fd91dbd7280373c5b
bad+=d8823e3156348f5bae6dacd436c919c6dd53e23487da03fd02396306d248cda0
bad+=e99f33420f577ee8ce54b67080280d1ec69821bcb6a8839396f965ab6ff72a70
# put_octets GUEST PATH HEX
put_octets() {
    local octal='' i
    for ((i = 0; i < ${#3}; i += 2)); do
        octal+=$(printf '\\%03o' "0x${3:i:2}")
    done
    in_domain "$1" 'printf "$2" >"$1"' "$2" "$octal"
}
in_domain scanner 'echo "Pair:0:*:2fcab50712467eab" >"$1"' $db/pair.ndb
before=$(generations)
check "a signature of one file of a pair" wait_for more_generations "$before"
check "they are written" put_octets guest1 /root/good $good
put_octets guest2 /root/bad $bad
sum() { in_domain "$1" 'md5sum <"$1"' "$2"; }
check "guest1: the clean one is read, its MD5 is $(sum guest1 /root/good)" \
    in_domain guest1 'cat /root/good >/dev/null'
unprotect guest2
check "guest2: the MD5 of the other one is the same" \
    test "$(sum guest2 /root/bad)" = "$(sum guest1 /root/good)"
check "guest2 is protected" protect guest2 scanner fail=closed
check "guest2: the other one is denied" read_is_denied guest2 /root/bad
check "guest1: the clean one is read still" \
    in_domain guest1 'cat /root/good >/dev/null'

in_domain scanner 'rm "$1" "$2"' $db/history.ndb $db/pair.ndb
unprotect guest1
unprotect guest2
in_domain guest1 'rm -rf /root/same /root/good'
in_domain guest2 'rm -rf /root/same /root/bad'
finish
