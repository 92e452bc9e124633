#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Whatever dies or hangs while a hundred opens are held: all of them return as
# the policy says and in time, no process is left stuck, and scanning goes on
# by itself.

. "$(dirname "$0")/lib.sh"

timeout_ms=5000
# What an emulated and loaded machine may need more, to destroy a domain, to
# answer and to wake a hundred; what is never answered takes for ever.
slack_ms=10000
folder=/root/flight

stop_back() { in_domain scanner 'kill -STOP $(pidof xen-scan-back)'; }
continue_back() { in_domain scanner 'kill -CONT $(pidof xen-scan-back)'; }

# Without a back nothing can be run in a guest with fail=closed: a program that
# runs already does what there is to do, as it is told through this pipe.
start_flight() {
    coproc FLIGHT {
        in_domain guest1 'rm -rf "$1"; mkdir "$1"
            exec /root/storm flight "$1" 100' $folder
    }
    to_flight=${FLIGHT[1]} from_flight=${FLIGHT[0]}
    hear
}

# Both set reply; with none, nothing more can be tried.  ask WORD...
hear() {
    read -t 60 -r reply <&"$from_flight" && return
    fail "no answer: opens are held for ever, or the program has ended"
    finish
}
ask() {
    echo "$*" >&"$to_flight"
    hear
}

# Both with a content that nobody has seen, so that it takes a scan to know.
new_is_read() {
    in_domain guest1 'echo "$1" >/root/new && grep -qx "$1" /root/new' \
        "text $RANDOM$RANDOM"
}
new_eicar_is_denied() {
    plant_eicar guest1 /root/eicar && read_is_denied guest1 /root/eicar
}

# during TEXT ACT MEND: a hundred opens are held, as the back is stopped; ACT
# happens; MEND is what the administrator does about it.
during() {
    local text="fail=$mode, $1" longest
    check "$text: the back is stopped" stop_back
    ask fly
    check "$text: a hundred opens: $reply" test "$reply" = "held 100"
    $2 "$text"
    ask land
    longest=${reply##* }
    check "$text: all are answered by the policy: $reply" \
        test "${reply% longest *}" = "$answers"
    check "$text: and in time ($longest ms)" \
        test "$longest" -le $((timeout_ms + slack_ms))
    ask stuck
    check "$text: no process is left waiting" test "$reply" = "stuck 0"
    check "$text: $3" "$3"
    check "$text: a clean file is read again" wait_for new_is_read
    check "$text: EICAR is denied again" wait_for new_eicar_is_denied
}

nothing() { :; }
kill_part() {
    ask "kill $2"
    check "$1: $reply" test "$reply" != "killed 0"
}
kill_gate() { kill_part "$1" vscan-gate; }
kill_link() { kill_part "$1" vscan-link; }
kill_guard() { kill_part "$1" vscan-guard; }
kill_the_back() { check "$1: done" kill_back; }

destroy_scanner() {
    check "$1: done" "$LAB" exec dom0 -- xl destroy scanner
}

# Nothing else: the domain starts its back, and vscand moves the guest to it.
create_scanner() {
    "$LAB" exec dom0 -- xl create /etc/xen/scanner.cfg &&
        "$LAB" wait scanner 180
}

protect_guest() {
    protect guest1 scanner "fail=$mode" "timeout-ms=$timeout_ms"
}

leave() {
    continue_back
    exec {to_flight}>&-
    unprotect guest1
    in_domain guest1 'rm -rf "$1" /root/new' "$folder"
} >/dev/null 2>&1

run_mode() {
    mode=$1 answers=$2
    check "fail=$mode: guest1 is protected" protect_guest
    check "fail=$mode: EICAR is denied" new_eicar_is_denied
    during "SIGSTOP of the back" nothing continue_back
    during "kill -9 of the link" kill_link continue_back
    during "kill -9 of the gate" kill_gate continue_back
    during "kill -9 of the guard" kill_guard continue_back
    during "kill -9 of the back" kill_the_back restart_back
}

trap leave EXIT
unprotect guest1
put_program guest1 storm
start_flight
check "a hundred files: $reply" test "$reply" = ready
run_mode open "allowed 100 denied 0 wrong 0"
run_mode closed "allowed 0 denied 100 wrong 0"
# Its disk stays, with what has been written to it.
in_domain scanner sync
during "the scanner domain is destroyed" destroy_scanner create_scanner
finish
