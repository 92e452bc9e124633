#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The back is killed, or hangs: accesses return by the policy within the
# time-out, and scanning goes on when it is there again.

. "$(dirname "$0")/lib.sh"

plant() {
    unprotect guest1
    plant_eicar guest1 /root/eicar
    in_domain guest1 'echo clean >/root/clean'
}

# seconds SCRIPT: how long it takes in guest1.
timed() {
    local start=$SECONDS
    in_domain guest1 "$1" >/dev/null 2>&1
    echo $((SECONDS - start))
}

plant
check "fail=open: connected" \
    protect guest1 scanner fail=open timeout-ms=20000
check "EICAR is denied" read_is_denied guest1 /root/eicar
check "kill -9 of the back" kill_back
t=$(timed 'cat /root/eicar /root/clean')
check "opens return within the time-out (took $t s)" test "$t" -le 20
check "fail=open: an access without a verdict is allowed" \
    test "$(access guest1 read /root/eicar)" = "read eicar allowed"
check "the back is started again" restart_back
check "both sides connect anew" wait_for are_connected guest1 scanner
check "EICAR is denied again" read_is_denied guest1 /root/eicar
check "a clean file is read" read_is clean guest1 /root/clean

# A back that hangs: one time-out, then nobody waits for it any more.
plant
check "connected, time-out 3 s" \
    protect guest1 scanner fail=open timeout-ms=3000
check "SIGSTOP to the back" in_domain scanner \
    'kill -STOP $(pidof xen-scan-back)'
t=$(timed 'cat /root/clean; cat /root/clean; cat /root/clean')
check "some thirty opens return soon (took $t s)" test "$t" -le 20
check "the front's log tells" in_domain guest1 \
    'grep -q "reason=deadline" /var/log/xen-guest-front.log'
check "SIGCONT to the back" in_domain scanner \
    'kill -CONT $(pidof xen-scan-back)'
check "both sides connect anew" wait_for are_connected guest1 scanner
check "EICAR is denied again" read_is_denied guest1 /root/eicar

plant
# With fail=closed and no back nothing new can be run in the guest, so that a
# shell which runs already has to tell; it says each change on the console.  It
# writes the file before each read, or tries to: else it would be on record as
# clean, and be readable without a back.
in_domain guest1 'rm -f /root/stop; sh -c "
    while [ ! -e /root/stop ]; do
        echo clean >/root/clean
        if read -r line </root/clean; then now=allowed; else now=denied; fi
        [ \$now = \"\$last\" ] || echo front-case: \$now
        last=\$now
    done" >/dev/console 2>/dev/null </dev/null &'
said() { "$LAB" console guest1 | tr -d '\r' | grep -c "front-case: $1"; }
has_said() { [ "$(said "$1")" -ge "$2" ]; }
check "fail=closed: connected" \
    protect guest1 scanner fail=closed timeout-ms=20000
check "a clean file is read" wait_for has_said allowed 1
check "kill -9 of the back" kill_back
check "fail=closed: an access without a verdict is denied" \
    wait_for has_said denied 1
check "the back is started again" restart_back
check "both sides connect anew" wait_for are_connected guest1 scanner
check "the clean file is read again" wait_for has_said allowed 2
check "EICAR is denied again" read_is_denied guest1 /root/eicar
in_domain guest1 ': >/root/stop'
unprotect guest1
finish
