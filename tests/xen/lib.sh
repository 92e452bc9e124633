# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the cases share.  A case is a program that is run with LAB set to the
# lab's program and a lab that is up (tests/README in the README's "Tests").
# It prints one line for each thing that it shows, "ok: ..." or "FAIL: ...",
# and ends with status 0 when none failed.

set -u

failures=0

ok() { printf 'ok: %s\n' "$*"; }

fail() {
    printf 'FAIL: %s\n' "$*"
    failures=$((failures + 1))
}

# Ends the case.
finish() { exit $((failures > 0)); }

# check TEXT CMD...: CMD must succeed.
check() {
    local text=$1 output
    shift
    if output=$("$@" 2>&1); then
        ok "$text"
    else
        fail "$text"
        printf '%s\n' "$output" | tail -n 5 | sed 's/^/    /'
    fi
}

# in_domain NAME SCRIPT [ARG...]: runs a shell script there.
in_domain() {
    local domain=$1
    shift
    "$LAB" exec "$domain" -- sh -c "$1" sh "${@:2}"
}

# wait_for SECONDS CMD...: until CMD succeeds.
wait_for() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.2
    done
}

domid() { "$LAB" exec dom0 -- xl domid "$1"; }

node() { "$LAB" exec dom0 -- xenstore-read "$1"; }

# states GUEST BACK: both XenbusStates, as "4 4".
states() {
    local f b
    f=$(domid "$1") b=$(domid "$2") || return
    in_domain dom0 'xenstore-read "/local/domain/$1/device/vscan/0/state" \
        "/local/domain/$2/backend/vscan/$1/0/state" | xargs' "$f" "$b"
}

are_connected() { [ "$(states "$1" "$2")" = "4 4" ]; }

# protect GUEST [OPTION...]: attaches it to the scanner domain anew and waits
# until both sides are connected.
protect() {
    local guest=$1
    shift
    unprotect "$guest"
    "$LAB" exec dom0 -- vscanctl attach "$guest" --backend scanner "$@" &&
        wait_for 60 are_connected "$guest" scanner
}

is_attached() {
    node "/local/domain/$(domid "$1")/device/vscan/0/state" >/dev/null 2>&1
}

unprotect() {
    ! is_attached "$1" || "$LAB" exec dom0 -- vscanctl detach "$1"
}

# The test file of eicar.org, in two parts so that this file is not one.
eicar_text() {
    printf '%s%s' 'X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-' \
        'ANTIVIRUS-TEST-FILE!$H+H*'
}

# plant_eicar GUEST PATH: writing it is not an access to scanned content.
plant_eicar() {
    eicar_text | "$LAB" exec "$1" -- sh -c 'cat >"$1"; chmod 755 "$1"' sh "$2"
}

# Reading, or running, PATH in GUEST fails with EPERM.
read_is_denied() {
    local output
    output=$(in_domain "$1" 'LC_ALL=C cat "$1"' "$2" 2>&1) && return 1
    [[ $output == *"Operation not permitted"* ]]
}

exec_is_denied() {
    local output
    output=$(in_domain "$1" 'LC_ALL=C "$1"' "$2" 2>&1) && return 1
    [[ $output == *"Operation not permitted"* ]]
}

# read_is TEXT GUEST PATH: the file can be read and is TEXT.
read_is() { [ "$(in_domain "$2" 'cat "$1"' "$3")" = "$1" ]; }

restart_back() { "$LAB" exec scanner -- /etc/init.d/xen-scan-back restart; }

kill_back() { in_domain scanner 'kill -9 $(pidof xen-scan-back)'; }

# The last lines of the back's log.
back_log() { in_domain scanner 'tail -n "$1" /var/log/xen-scan-back.log' "$1"; }
