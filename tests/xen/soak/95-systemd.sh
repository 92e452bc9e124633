#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A guest with systemd: the service's main process, the guard, is killed and
# hangs, and nothing that is opened meanwhile passes unseen; a stop leaves
# nothing behind.  guest1, which is PV, is created anew for it, and again as it
# was: emulated PVH domains do not always survive the start of their kernel.

. "$(dirname "$0")/../lib.sh"

# The service manager's watchdog; slow machines are not to be taken for hanging
# guards.
watchdog_s=20

# create_guest1 WORD...: anew, with these words more for its kernel.
create_guest1() {
    in_domain guest1 sync
    in_domain dom0 '
        sed "s/ lab\.root=/ $* lab.root=/" /etc/xen/guest1.cfg \
            >/root/guest1.cfg &&
            xl destroy guest1 && xl create /root/guest1.cfg' "$@" &&
        "$LAB" wait guest1 300
}

runs_systemd() {
    in_domain guest1 'read -r name </proc/1/comm && test "$name" = systemd'
}

ctl() { "$LAB" exec guest1 -- systemctl "$1" xen-guest-front; }
property() {
    in_domain guest1 'systemctl show -p "$1" --value xen-guest-front' "$1"
}
is() { [ "$(property "$1")" = "$2" ]; }

# main_is NAME: the service's main process has that name.
main_is() {
    in_domain guest1 'read -r name <"/proc/$1/comm" && test "$name" = "$2"' \
        "$(property MainPID)" "$1"
}

# Another one than $main, and systemd takes it for good.
has_other_main() {
    local now
    now=$(property MainPID) && [ "$now" -gt 0 ] && [ "$now" != "$main" ] &&
        is ActiveState active
}
has_other_guard() {
    local now
    now=$(front_tells guest1 guard) && [ "$now" -gt 0 ] &&
        [ "$now" != "$guard" ]
}

new_eicar_is_denied() {
    plant_eicar guest1 /root/eicar && read_is_denied guest1 /root/eicar
}
nobody_is_left() { not in_domain guest1 'pgrep -l "^vscan-"'; }

# Makes and opens infected files, each a new one, until it is told to end; says
# then how many there were and how many could be opened.  To make one can be
# denied, too, while nobody scans.
# shellcheck disable=SC2016
probe='
    rm -rf /run/probe-end /root/probe; mkdir /root/probe; echo started
    i=0 opened=0 allowed=0
    until [ -e /run/probe-end ]; do
        i=$((i + 1))
        { printf "%s" "$1" >"/root/probe/$i"; } 2>/dev/null || continue
        opened=$((opened + 1))
        { true <"/root/probe/$i"; } 2>/dev/null && allowed=$((allowed + 1))
    done
    echo "opened $opened allowed $allowed"'

start_probe() {
    coproc PROBE { in_domain guest1 "$probe" "$(eicar_text)"; }
    exec {from_probe}<&"${PROBE[0]}"
    hear && [ "$reply" = started ]
}
hear() { read -t 240 -r reply <&"$from_probe"; }

# Of all that it opened, nothing passed; and it did open something.
end_probe() {
    in_domain guest1 ': >/run/probe-end'
    hear
    exec {from_probe}<&-
    in_domain guest1 'rm -rf /root/probe'
    [[ $reply =~ ^opened\ [1-9][0-9]*\ allowed\ 0$ ]]
}

# during TEXT SIGNAL: the main process, which is the guard, gets the signal.
during() {
    local text=$1 reply='nothing'
    main=$(property MainPID) guard=$(front_tells guest1 guard)
    check "$text: the main process is the guard" test "$main" = "$guard"
    start_probe || fail "$text: no probe: $reply"
    check "$text: done" in_domain guest1 'kill "-$1" "$2"' "$2" "$main"
    check "$text: there is another guard" wait_for has_other_guard
    check "$text: the service is active, with another main process" \
        wait_for has_other_main
    check "$text: which waits" main_is vscan-waiting
    if end_probe; then
        ok "$text: nothing infected could be read meanwhile: $reply"
    else
        fail "$text: infected files while that happened: $reply"
    fi
    check "$text: a new EICAR is denied" new_eicar_is_denied
    check "$text: a clean file is read" read_is good guest1 /root/good
}

set_watchdog() {
    in_domain guest1 '
        folder=/run/systemd/system/xen-guest-front.service.d
        mkdir -p $folder &&
            printf "[Service]\nWatchdogSec=%s\n" "$1" >$folder/lab.conf &&
            systemctl daemon-reload' "$watchdog_s"
}

stops_cleanly() {
    check "$1: done" ctl stop
    check "$1: the service has stopped" is MainPID 0
    check "$1: no process of it is left" wait_for nobody_is_left
    check "$1: what is infected is held no more" \
        test "$(access guest1 read /root/eicar)" = "read eicar allowed"
}

unprotect guest1
check "guest1 is created with systemd" create_guest1 lab.init=systemd
check "systemd is its first process" runs_systemd
in_domain guest1 'echo good >/root/good'

check "systemctl start" ctl start
check "the service is active" is ActiveState active
check "the front has told so itself" is StatusText Running
check "guest1 is protected, fail=closed" protect guest1 scanner fail=closed
check "EICAR is denied" wait_for new_eicar_is_denied

during "kill -9 of the guard" KILL
stops_cleanly "systemctl stop, of who waits"

check "a watchdog of $watchdog_s seconds" set_watchdog
check "systemctl start again" ctl start
check "EICAR is denied again" wait_for new_eicar_is_denied
during "SIGSTOP of the guard" STOP
check "systemctl restart, of who waits" ctl restart
check "the main process is the guard again" wait_for main_is vscan-guard
check "EICAR is denied after that" wait_for new_eicar_is_denied
stops_cleanly "systemctl stop, of the guard"

check "guest1 is detached, with no front" \
    "$LAB" exec dom0 -- vscanctl detach --force guest1
in_domain guest1 'rm -f /root/eicar /root/good'
check "guest1 is created as it was" create_guest1
check "its front runs" in_domain guest1 '/etc/init.d/xen-guest-front start'
finish
