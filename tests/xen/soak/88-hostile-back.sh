#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Backs that break the protocol, with requests in flight: each access is
# answered by the policy and in time, the front says why, its processes stay, and
# the next connection is a good one.  The hostile back is in dom0, so that the
# real one in the scanner domain goes on serving guest2.

. "$(dirname "$0")/../lib.sh"

timeout_ms=5000
# What an emulated and loaded machine may need more; what is never answered
# takes for ever.
slack_ms=10000
folder=/root/flight flights=4
# What the front's processes may take more than at the beginning, in KiB.
max_growth=4096
to_back=

# Both programs are told by words what to do: with fail=closed and no good back
# nothing can be run in guest1.
start_flight() {
    coproc FLIGHT {
        in_domain guest1 'rm -rf "$1"; mkdir "$1"
            exec /root/storm flight "$1" "$2"' "$folder" "$flights"
    }
    to_flight=${FLIGHT[1]} from_flight=${FLIGHT[0]}
    hear "$from_flight"
}
start_back() {
    end_back
    exec {from_back}< <(exec "$LAB" exec dom0 -- /root/hostile-back \
        "$domid" "$folder/" "$flights" <"$pipe")
    exec {to_back}>"$pipe"
}

# A program that inherits the pipe's end would keep it open.
end_back() {
    [ -z "$to_back" ] || exec {to_back}>&- {from_back}<&-
    to_back=
}

# Sets reply; without one nothing more can be tried.
hear() {
    read -t 180 -r reply <&"$1" && return
    fail "no answer: something is held for ever, or a program has ended"
    finish
}
ask() {
    echo "$*" >&"$to_flight"
    hear "$from_flight"
}
tell() {
    echo "$*" >&"$to_back"
    hear "$from_back"
}

# The front's processes, but the link, which the gate ends (SIGKILL) and starts
# anew when it is not heard of, as on a machine that stands still for seconds; it
# must not have died of anything else.
front_is() {
    in_domain guest1 'ps -eo pid=,comm= | grep "vscan-" | grep -v link'
}
front_is_the_same() {
    [ "$(front_is)" = "$front_before" ] &&
        in_domain guest1 'pgrep -x vscan-link' &&
        not in_domain guest1 'tail -n "+$(($1 + 1))" "$2" |
            grep "process ended" | grep -v "ended, signal 9;"' "$log_before" \
            /var/log/xen-guest-front.log
}
# How long its log is.
log_length() { in_domain guest1 'wc -l </var/log/xen-guest-front.log'; }
# PSS, in KiB.
memory() {
    in_domain guest1 'for pid in $(pgrep "^vscan-"); do
        cat /proc/$pid/smaps_rollup; done | awk "/^Pss:/ { n += \$2 }
        END { print n }"'
}
front_says() {
    in_domain guest1 'tail -n "+$(($1 + 1))" /var/log/xen-guest-front.log |
        grep -q "$2"' "$log_before" "$1"
}
# Of what the kernel has said since the beginning.
kernel_says_no() {
    not in_domain guest1 'dmesg | tail -n "+$(($1 + 1))" | grep -E "$2"' \
        "$kernel_before" "$1"
}

# act NAME [SENTENCE]: while opens are held; the front says SENTENCE.
act() {
    local text="fail=$mode, $1" longest
    tell "arm $1"
    check "$text: both are connected" test "$reply" = armed
    log_before=$(log_length)
    ask fly
    if [ "$1" = death ]; then
        check "$text: it is dead" not read -t 180 -r reply <&"$from_back"
        start_back
    else
        hear "$from_back"
        check "$text: done, while opens are held" test "$reply" = struck
    fi
    guest2_goes_on "$text"
    ask land
    longest=${reply##* }
    check "$text: all are answered by the policy: $reply" \
        test "${reply% longest *}" = "$answers"
    check "$text: and in time" test "$longest" -le $((timeout_ms + slack_ms))
    [ "$1" = death ] || tell rest
    rested=$reply
    tell "arm none"
    check "$text: both are connected again" test "$reply" = armed
    check "$text: the front's processes are the same" \
        front_is_the_same
    [ -z "${2:-}" ] || check "$text: the front says so" front_says "$2"
}

# run_mode MODE ANSWERS: from now on.
run_mode() {
    mode=$1 answers=$2
    check "fail=$mode: guest1's policy" "$LAB" exec dom0 -- vscanctl policy \
        set guest1 "fail=$mode" timeout-ms=$timeout_ms close-write=no
    check "fail=$mode: it is in force" wait_for policy_is_in_force
}
policy_is_in_force() {
    [ "$(node "$(folder_of_front guest1)/policy-generation")" = \
        "$(node "/local/domain/$domid/vscan/0/generation")" ]
}

leave() {
    end_back
    exec {to_flight}>&-
    unprotect guest1
    in_domain guest1 'rm -rf "$1"' "$folder"
    rm -r "${pipe%/*}"
} >/dev/null 2>&1

trap leave EXIT
unprotect guest1
unprotect guest2
plant_eicar guest1 /root/eicar
plant_eicar guest2 /root/eicar
put_program guest1 storm
put_program dom0 hostile-back
check "guest2 is protected" protect guest2 scanner fail=closed
start_flight
domid=$(domid guest1)
pipe=$(mktemp -d)/to-back
mkfifo "$pipe"
check "guest1 is given to a back in dom0" "$LAB" exec dom0 -- \
    vscanctl attach guest1 --backend Domain-0
start_back
tell "arm none"
check "which is a hostile one, and connected" test "$reply" = armed
kernel_before=$(in_domain guest1 'dmesg | wc -l')
front_before=$(front_is)
memory_before=$(memory)

run_mode open "allowed $flights denied 0 wrong 0"
act never-sent 'no request with this id is in flight'
act endless-name 'name does not end'
act unknown-verdict 'unknown verdict'
act unknown-reason 'reason and verdict do not agree'
act index-ahead 'rsp_prod is out of bounds'
act index-back 'rsp_prod is out of bounds'
act nodes max-ring-pages
check "bad offers that the front has named: ${rested##* }" \
    test "${rested##* }" = 5
run_mode closed "allowed 0 denied $flights wrong 0"
act twice 'no request with this id is in flight'
act storm 'has not answered for as long'
check "events without an answer: ${rested##* }" test "${rested##* }" -gt 0
act flap
check "states: ${rested##* }" test "${rested##* }" -gt 0
act death
act keep 'has not answered for as long'
memory_after=$(memory)
check "the front has $memory_after KiB, and had $memory_before" \
    test "$memory_after" -le $((memory_before + max_growth))

# That back still maps what it has been given, ring and pool, and goes on so.  A
# front whose policy has another transport connects anew.
connected() { in_domain guest1 'grep -c -- "-> Connected (" "$1"' \
    /var/log/xen-guest-front.log; }
has_connected() { [ "$(connected)" -ge "$1" ]; }
times=$(connected)
grants=$(active_grants)
check "the pool is among the $grants pages that are mapped" \
    test "$grants" -ge 512
for transport in pool auto pool auto; do
    times=$((times + 1))
    check "transport=$transport" "$LAB" exec dom0 -- vscanctl policy set guest1 \
        "fail=$mode" timeout-ms=$timeout_ms close-write=no transport=$transport
    check "it connects anew" wait_for has_connected "$times"
    tell "arm none"
    check "and is connected" test "$reply" = armed
done
after=$(active_grants)
check "a back that never unmaps has $after pages then" \
    test "$after" -ge "$grants" -a "$after" -lt $((grants + 200))
for time in first second; do
    check "a back that never unmaps: the front starts anew, the $time time" \
        "$LAB" exec guest1 -- /etc/init.d/xen-guest-front restart
    tell "arm none"
    check "and is connected" test "$reply" = armed
done
check "a new file is read" in_domain guest1 \
    'echo new >/root/new && [ "$(cat /root/new)" = new ]'
check "the kernel of guest1 has nothing to say" \
    kernel_says_no 'BUG|WARNING|Oops|Call Trace|blocked for more|leaking'
end_back
check "guest1 has the real back again" protect guest1 scanner fail=closed
check "EICAR is denied" read_is_denied guest1 /root/eicar
unprotect guest1
unprotect guest2
finish
