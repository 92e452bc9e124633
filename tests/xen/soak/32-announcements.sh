#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# One to many: new signatures, an outbreak and a new policy are with all guests
# of the lab, as many as there are, in less than a second.  While they are on
# their way nothing else is asked of the lab, where to log in takes a second, too.

. "$(dirname "$0")/../lib.sh"

db=/var/lib/clamav
policies=/etc/xen/vscan/policy.d
late='a text that is known as bad later on'
plague='a text that spreads from guest to guest'
mapfile -t guests < <("$LAB" exec dom0 -- xl list | grep -o '^guest[0-9]*')

# put_signature NAME TEXT: in the way of freshclam, complete when it is there.
put_signature() {
    in_domain scanner 'printf "%s:0:*:%s\n" "$1" \
            "$(printf %s "$2" | od -An -v -tx1 | tr -d " \n")" >"/run/$1.ndb" &&
        mv "/run/$1.ndb" "$3"' "$1" "$2" "$db"
}
put_policy() {
    in_domain dom0 'mkdir -p "$1" && printf "%s\n" "$2" >"$1/crowd"' \
        "$policies" "$1"
}

# By a domain's clock ----------------------------------------------------------

# look_at_clock DOMAIN: least and most are by how many ms its clock is ahead of
# this machine's: the narrowest of some looks.
declare -A least most
look_at_clock() {
    local now before lower upper i clock_PID
    coproc clock { in_domain "$1" 'while read -r _; do date +%s%3N; done'; }
    for ((i = 0; i < 10; i++)); do
        before=$(date +%s%3N)
        echo >&"${clock[1]}"
        read -r now <&"${clock[0]}" || break
        lower=$((now - $(date +%s%3N))) upper=$((now - before))
        [ "${least[$1]:=$lower}" -ge "$lower" ] || least[$1]=$lower
        [ "${most[$1]:=$upper}" -le "$upper" ] || most[$1]=$upper
    done
    eval "exec ${clock[1]}>&-"
    wait "$clock_PID"
}

# logged DOMAIN FILE PATTERN: when, in ms of its own clock, the last such line was
# written.
logged() {
    local when
    when=$(in_domain "$1" 'grep "$1" "/var/log/$2.log" | tail -n 1 |
        cut -c1-23' "$3" "$2") && [ -n "$when" ] && date -d "${when}Z" +%s%3N
}

# all_hear DOMAIN FILE PATTERN FRONT-PATTERN: from the last such line of DOMAIN's
# log to those of the guests' fronts; two clocks differ by the most that they can.
all_hear() {
    local said heard guest took last=0
    said=$(logged "$1" "$2" "$3")
    for guest in "${guests[@]}"; do
        heard=$(logged "$guest" xen-guest-front "$4")
        took=$(((heard - least[$guest]) - (said - most[$1])))
        [ "$took" -ge 0 ] || fail "$guest: heard of it $took ms after it was said"
        [ "$took" -le "$last" ] || last=$took
    done
    check "${#guests[@]} guests have heard of it after $last ms at most" \
        test "$last" -lt 1000
}

# By dom0's clock --------------------------------------------------------------

# listen NODE: from now on dom0 notes in /run/heard when a front writes this node
# of its own, in ms since dom0 was booted.
listen() {
    in_domain dom0 '
        node=$1 nodes=
        shift
        for guest; do
            nodes="$nodes /local/domain/$(xl domid "$guest")/device/vscan/0/$node"
        done
        setsid sh -c "xenstore-watch $nodes | while read -r path; do
            read -r up _ </proc/uptime
            echo \"\${up%.*}\${up#*.}0 \$path\"
        done" >/run/heard 2>&1 </dev/null &
        echo $! >/run/listener' "$1" "${guests[@]}" && all_are_told 1
}
# all_are_told TIMES: waits until each of these nodes was; each is once as it is.
all_are_told() {
    sleep 5
    in_domain dom0 'i=0
        until [ "$(sed "s/.* //" /run/heard | sort | uniq -c |
            awk -v n="$1" "\$1 >= n" | wc -l)" = "$2" ]; do
            i=$((i + 1))
            [ $i -lt "$3" ] || exit 1
            sleep 1
        done' "$1" "${#guests[@]}" "$PATIENCE"
}
stop_listening() { in_domain dom0 'kill -- "-$(cat /run/listener)"'; }
last_heard() { in_domain dom0 'tail -n 1 /run/heard | cut -d" " -f1'; }

leave() {
    stop_listening
    in_domain scanner 'rm -f "$1"/Late.ndb "$1"/Plague.ndb' "$db"
    in_domain dom0 'rm -rf "$1"' "$policies"
} >/dev/null 2>&1
trap leave EXIT

check "there are ${#guests[@]} guests" test "${#guests[@]}" -ge 2
check "vscand knows of no outbreak yet" \
    "$LAB" exec dom0 -- /etc/init.d/vscand restart
put_policy "timeout-ms=20000
outbreak=2"
for guest in "${guests[@]}"; do
    unprotect "$guest"
    in_domain "$guest" 'printf %s "$1" >/root/late; printf %s "$2" >/root/plague' \
        "$late" "$plague"
    check "$guest is protected" protect "$guest" scanner crowd
    check "$guest: the text is clean" read_is "$late" "$guest" /root/late
done

for domain in dom0 scanner "${guests[@]}"; do
    look_at_clock "$domain"
done

# An outbreak: vscand's word.
told() {
    in_domain "$1" 'grep -q "outbreak: .*Plague" /var/log/xen-guest-front.log'
}
check "signatures of what is to spread" put_signature Plague "$plague"
check "${guests[0]}: that is denied" \
    wait_for read_is_denied "${guests[0]}" /root/plague
check "${guests[1]}: that is denied, too" read_is_denied "${guests[1]}" /root/plague
sleep 5
for guest in "${guests[@]}"; do
    check "$guest: it is told of an outbreak" wait_for told "$guest"
done
all_hear dom0 vscand 'outbreak: .*Plague' 'outbreak: .*Plague'

# A policy: each front writes which one is in force.
check "the nodes of the policies in force are watched" listen policy-generation
put_policy "timeout-ms=21000
outbreak=2"
loaded=$(in_domain dom0 'vscanctl policy load crowd >&2 &&
    read -r up _ </proc/uptime && echo "${up%.*}${up#*.}0"')
check "it is in force in all guests" all_are_told 2
took=$(($(last_heard) - loaded))
check "in the last one $took ms after the command" test "$took" -lt 1000
stop_listening

# Signatures: the back's word.
check "new signatures" put_signature Late "$late"
for guest in "${guests[@]}"; do
    check "$guest: the same file is denied" \
        wait_for read_is_denied "$guest" /root/late
done
all_hear scanner xen-scan-back 'in use: ' 'signature generation'

for guest in "${guests[@]}"; do
    check "$guest: connected all the time" are_connected "$guest" scanner
    unprotect "$guest"
done
finish
