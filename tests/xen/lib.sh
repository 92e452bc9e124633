# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the cases share.  A case is a program that is run with LAB set to the
# lab's program and a lab that is up, with guest1 and guest2 ("lab run").  It
# prints one line for each thing that it shows, "ok: ..." or "FAIL: ...", and
# ends with status 0 when none failed.

set -u

# shellcheck source=../../tools/lab/steps
. "$(dirname "$LAB")/steps"

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
        printf '%s\n' "$output" | tail -n 15 | sed 's/^/    /'
    fi
}

# read_is_denied, exec_is_denied GUEST PATH: the access fails with EPERM.
read_is_denied() { [ "$(access "$1" read "$2")" = "read ${2##*/} denied" ]; }
exec_is_denied() { [ "$(access "$1" exec "$2")" = "exec ${2##*/} denied" ]; }

# read_is TEXT GUEST PATH: the file can be read and is TEXT.
read_is() { [ "$(in_domain "$2" 'cat "$1"' "$3")" = "$1" ]; }

# guest2_goes_on TEXT: it is protected with fail=closed, so that nothing is read
# there without a verdict, and has EICAR as /root/eicar: a content that nobody has
# seen is read, EICAR is denied.
guest2_goes_on() {
    check "$1: guest2 goes on" in_domain guest2 '
        echo "$1" >/root/new && [ "$(cat /root/new)" = "$1" ] || exit 1
        said=$( ( : </root/eicar ) 2>&1 )
        case $said in *"Operation not permitted"*) ;; *) exit 1 ;; esac' \
        "$1 $RANDOM$RANDOM"
}

# active_grants: pages of guest1 that somebody has mapped read-only, as Xen sees them.
active_grants() {
    in_domain dom0 'xl dmesg -c >/dev/null && xl debug-keys g && xl dmesg' |
        awk -v remote="remote d$(domid guest1) " '
            /grant-table for remote/ { mine = index($0, remote) }
            # Pins: the low octet counts mappings that can be written.
            mine && /\[0x[0-9a-f]+\]/ && $5 ~ /00$/ { n++ }
            END { print n + 0 }'
}

# not CMD...: CMD must fail; for check.
not() { ! "$@"; }

# has NODE PATTERN: its value matches all of the extended regular expression.
has() {
    local value
    value=$(node "$1") && [[ $value =~ ^($2)$ ]]
}

restart_back() { "$LAB" exec scanner -- /etc/init.d/xen-scan-back restart; }

kill_back() { in_domain scanner 'kill -9 $(pidof xen-scan-back)'; }

# create NAME: the domain, anew and with its disk.
create() {
    in_domain "$1" sync
    "$LAB" exec dom0 -- xl destroy "$1" &&
        "$LAB" exec dom0 -- xl create "/etc/xen/$1.cfg" &&
        "$LAB" wait "$1" 300
}

# keep_address GUEST: what udev and ifupdown do elsewhere: an interface that is
# plugged in gets its address; until leave_address GUEST.
keep_address() {
    in_domain "$1" '
        address=$(ip -o -4 address show dev eth0 |
            sed "s/.*inet \([^ ]*\).*/\1/")
        setsid sh -c "while sleep 1; do
            ip -4 address show dev eth0 2>&1 | grep -q inet ||
                { ip address add $address dev eth0 && ip link set eth0 up; }
        done" </dev/null >/dev/null 2>&1 &
        echo $! >/run/keep-address.pid'
}
leave_address() { in_domain "$1" 'kill "$(cat /run/keep-address.pid)"'; }

# Program, init script and the scanner domain's signatures.
install_back_in_dom0() {
    local files top status
    top=$(dirname "$LAB")/../..
    files=$(mktemp -d) &&
        make -s -C "$top" install-scan DESTDIR="$files" &&
        "$LAB" pull scanner /var/lib/clamav "$files/clamav" &&
        in_domain dom0 'mkdir -p /var/lib && rm -rf /var/lib/clamav' &&
        "$LAB" push dom0 "$files/clamav" /var/lib/clamav &&
        "$LAB" push dom0 "$files/usr/sbin/xen-scan-back" \
            /usr/sbin/xen-scan-back &&
        "$LAB" push dom0 "$files/etc/init.d/xen-scan-back" \
            /etc/init.d/xen-scan-back
    status=$?
    rm -rf "$files"
    return "$status"
}

folder_of_front() { echo "/local/domain/$(domid "$1")/device/vscan/0"; }

folder_of_back() {
    echo "/local/domain/$(domid "$2")/backend/vscan/$(domid "$1")/0"
}

# put_program GUEST NAME: a program of this folder, as /root/NAME there.
put_program() {
    "$LAB" push "$1" "$(dirname "$LAB")/../../.build/tests/xen/$2" "/root/$2"
}

# put_text GUEST PATH: what is on standard input, written into the file as it
# is: the same file, not a new one.
put_text() { "$LAB" exec "$1" -- sh -c 'cat >"$1"' sh "$2"; }

# front_tells GUEST NAME: the value of the line "NAME: value" of its status.
front_tells() {
    in_domain "$1" 'xen-guest-front --status | sed -n "s/^$1: //p"' "$2"
}

# counter GUEST SIDE NAME: what its front or back has counted.
counter() {
    "$LAB" exec dom0 -- vscanctl stats --json "$1" |
        jq -e ".guests[0].$2.counts[\"$3\"]"
}

# is_covered GUEST TYPE PATH; is_left_out says why, too.
is_covered() {
    in_domain "$1" 'xen-guest-front --status | grep -Fx "$1"' "covered $2 $3"
}
is_left_out() {
    in_domain "$1" 'xen-guest-front --status | grep -F "$1"' \
        "not-covered $2 $3: "
}
