#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Actions on a whole VM, each seen from outside: the interface is gone and comes
# back, the domain stands still and goes on, what was saved is restored and goes
# on where it was, the trace has records, a program gets its facts.

. "$(dirname "$0")/lib.sh"

programs=/etc/xen/vscan/actions.d
spool=/var/lib/xen-vscan/spool

act() { "$LAB" exec dom0 -- vscanctl act guest1 "$1"; }
# acts ACTIONS LINE...: it says exactly these.
acts() {
    local actions=$1 said
    shift
    said=$(act "$actions")
    echo "$said"
    [ "$said" = "$(printf '%s\n' "$@")" ]
}
# pci CLASS: the address of a device of dom0's, of which libxl says next that
# guest1 has it: no device can be passed through here.
pci() {
    in_domain dom0 'cd /sys/bus/pci/devices && for device in *; do
            case $(cat "$device/class") in $1) echo "$device"; break ;; esac
        done
        node=/local/domain/0/backend/pci/$2/0
        xenstore-write "$node/num_devs" 1 "$node/dev-0" "$device"' \
        "$1" "$(domid guest1)"
}
no_pci() {
    "$LAB" exec dom0 -- xenstore-rm "/local/domain/0/backend/pci/$(domid guest1)"
}
release() { "$LAB" exec dom0 -- vscanctl release guest1; }
releases() { [[ $(release) == "$1" ]]; }
# state_is GUEST PATTERN: the column of xl list.
state_is() {
    in_domain dom0 'xl list "$1" | sed -n 2p' "$1" |
        grep -Eq "^$1 .* $2 +[0-9.]+$"
}
has_vif() {
    in_domain dom0 'ip link show "vif$1.0" >/dev/null &&
        xl network-list "$1" | grep -q "^0 "' "$(domid guest1)"
}
has_no_vif() {
    in_domain dom0 '! ip link show "vif$1.0" 2>/dev/null &&
        ! xl network-list "$1" | grep "^0 "' "$(domid guest1)"
}
new_eicar_is_denied() {
    plant_eicar guest1 /root/eicar && read_is_denied guest1 /root/eicar
}
answers() { "$LAB" exec guest1 -- true; }
# From dom0: the lab's own way in would wait for it.
can_be_reached() {
    in_domain dom0 'busybox ping -c 1 -W 3 "$1"' "$address"
}
dom0_file() { in_domain dom0 "test $1 \"\$1\"" "$2"; }
has_mode() { [ "$(in_domain dom0 'stat -c %a "$1"' "$2")" = "$1" ]; }
tells() { in_domain dom0 'grep -F -- "$1" "$2"' "$2" "$1.json"; }
# The item that a line "ACTION: PATH: done" names.
item() { sed -n "s|^$1: \($spool/.*\): done$|\1|p"; }

leave() {
    no_pci
    release
    in_domain dom0 'kill $(cat /run/syslogd.pid); rm -rf "$1"/* "$2"/*' \
        "$spool" "$programs"
    create guest1
} >/dev/null 2>&1
trap leave EXIT

unprotect guest1
keep_address guest1
address=$(in_domain guest1 'hostname -I')
address=${address%% *}
check "guest1 can be reached" can_be_reached

# A trace: a minute of what comes now.
said=$(act record)
trace=$(item record <<<"$said")
check "record is begun: $said" test -n "$trace"
check "there is one at a time" acts record \
    "record: failed: there is a trace being made already"

# The network.
check "net-disconnect is done" acts net-disconnect \
    "net-disconnect: 1 interface: done"
check "the interface is gone" has_no_vif
check "guest1 cannot be reached" not can_be_reached
check "once more is no failure" acts net-disconnect \
    "net-disconnect: 0 interfaces: done"
pci '0x06*' >/dev/null
check "hardware that is no interface is not told" acts net-disconnect \
    "net-disconnect: 0 interfaces: done"
device=$(pci '0x02*')
check "$device is one, and stays" acts net-disconnect \
    "net-disconnect: failed: PCI device $device stays, which may be a network interface"
check "it is not guest1's any more" no_pci
check "release gives it back" releases \
    "guest1: 1 network interface is plugged in again"
check "the interface is there" has_vif
check "guest1 can be reached" wait_for can_be_reached
check "there is nothing more to release" releases "guest1: nothing to release"

# Standing still.
check "pause is done" acts pause "pause: done"
check "guest1 is paused" state_is guest1 '--p---'
check "once more is no failure" acts pause "pause: done"
check "release lets it go on" releases "guest1: it runs again"
check "guest1 runs" state_is guest1 '[rb-]{2}----'
check "it answers" wait_for answers

# A program.
in_domain dom0 'printf "#!/bin/sh\nenv >/run/facts\necho seen\n" >"$1/tell"
    chmod 755 "$1/tell"; cp "$1/tell" "$1/open"; chmod 777 "$1/open"' $programs
check "a program is run" acts run:tell "run:tell: done"
check "it has its facts" in_domain dom0 \
    'grep -qx VSCAN_DOMAIN=guest1 /run/facts &&
     grep -qx "VSCAN_DOMID=$1" /run/facts &&
     grep -qxE "VSCAN_UUID=[0-9a-f-]{36}" /run/facts' "$(domid guest1)"
check "one that others can write is not" acts run:open \
    "run:open: failed: $programs/open: others than root may change it"

# A line in the system's log.
in_domain dom0 'busybox syslogd -O /run/alerts; sleep 1
    pidof busybox | tr " " "\n" | head -n 1 >/run/syslogd.pid'
check "notify is done" acts notify "notify: done"
check "the system's log has it" wait_for in_domain dom0 \
    'grep "auth.alert.*domain $1 (guest1)" /run/alerts' "$(domid guest1)"

check "the trace ends by itself" wait_for dom0_file -s "$trace"
size=$(in_domain dom0 'stat -c %s "$1"' "$trace")
check "it has records, $size octets" test "${size:-0}" -gt 4096
check "it is root's alone" has_mode 600 "$trace"
check "what is beside it names guest1" tells "$trace" '"name":"guest1"'

# A snapshot of one that is protected; it goes on, and so.  Nothing may be held in
# it when it is suspended (xen-guest-front(8), LIMITS), so nothing runs there.
check "nothing runs in guest1" leave_address guest1
check "guest1 is protected" protect guest1 scanner
said=$(act snapshot)
image=$(item snapshot <<<"$said")
check "snapshot is done: $said" test -n "$image"
check "the image is root's alone" has_mode 600 "$image"
check "what is beside it names the disk" tells "$image" '"vdev":"xvda"'
check "guest1 goes on" answers
check "and is protected" new_eicar_is_denied
unprotect guest1
keep_address guest1
in_domain dom0 'rm -f "$1"' "$image"

# One that is restored: its disk has to be as it was, so nothing runs after it.
in_domain guest1 'echo before >/run/when'
before=$(domid guest1)
said=$(act snapshot,pause)
image=$(item snapshot <<<"$said")
check "snapshot and pause are done" test "${said##*$'\n'}" = "pause: done"
check "guest1 is paused" state_is guest1 '--p---'
check "guest1 is destroyed" "$LAB" exec dom0 -- xl destroy guest1
check "and restored from the image" in_domain dom0 \
    'xl restore "$1" >/run/log 2>&1 || { cat /run/log; false; }' "$image"
check "it is another domain" test "$(domid guest1)" != "$before"
check "it answers" wait_for answers
check "it goes on where it was" read_is before guest1 /run/when
in_domain dom0 'rm -f "$1"' "$image"

# Three at once.
said=$(act pause,snapshot,net-disconnect)
image=$(item snapshot <<<"$said")
check "three actions are done, in their order" test "$said" = \
    "net-disconnect: 1 interface: done
snapshot: $image: done
pause: done"
check "the interface is gone" has_no_vif
check "guest1 is paused" state_is guest1 '--p---'
check "the image is there" dom0_file -s "$image"
check "release undoes two of them" releases \
    "guest1: 1 network interface is plugged in again
guest1: it runs again"
check "guest1 runs" state_is guest1 '[rb-]{2}----'
check "the interface is there" has_vif
check "guest1 can be reached" wait_for can_be_reached
finish
