#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What is found in a guest is recorded in dom0, and what its policy says is done
# with the VM; a guest that is not protected is an alarm; and a scanner that lies
# is believed about its own guests alone, at a pace that vscand can bear.

. "$(dirname "$0")/lib.sh"

top=/root/responses
log=/var/log/xen-vscan/incidents.log

vscanctl() { "$LAB" exec dom0 -- vscanctl "$@"; }
is_paused() {
    [ "$("$LAB" exec dom0 -- xl list guest1 | awk 'NR == 2 { print $5 }')" = \
        --p--- ]
}
# vifs N: guest1 has as many, in dom0.
vifs() {
    [ "$(in_domain dom0 'xl network-list "$1" | tail -n +2 | wc -l' guest1)" = "$1" ]
}
log_has() { in_domain dom0 'grep -qF -- "$1" "$2"' "$1" "$log"; }
vscand_says() { in_domain dom0 'grep -qF -- "$1" /var/log/vscand.log' "$1"; }
status_says() { vscanctl status | grep -F -- "$1"; }
rss() { in_domain dom0 'sed -n "s/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p" "/proc/$(
    pidof vscand)/status"'; }

leave() {
    vscanctl release guest1
    in_domain dom0 'rm -rf /etc/xen/vscan/actions.d/note /root/noted'
    in_domain guest1 '/etc/init.d/xen-guest-front restart'
    unprotect guest1
    create guest1
} >/dev/null 2>&1
trap leave EXIT

keep_address guest1

in_domain dom0 'mkdir -p /etc/xen/vscan/actions.d &&
    cat >/etc/xen/vscan/actions.d/note <<"NOTE" &&
#!/bin/sh
printf "%s|%s|%s|%s\n" "$VSCAN_DOMAIN" "$VSCAN_WHY" "$VSCAN_DETECTION" "$VSCAN_PATH" \
    >/root/noted
NOTE
    chmod 755 /etc/xen/vscan/actions.d/note; rm -f /root/noted'

# Incidents -------------------------------------------------------------------

in_domain guest1 '/etc/init.d/xen-guest-front stop; rm -rf "$1"; mkdir "$1"' $top \
    >/dev/null
plant_eicar guest1 $top/eicar
in_domain guest1 '/etc/init.d/xen-guest-front start' >/dev/null
check "guest1 is protected, two incidents are too many" \
    protect guest1 scanner fail=open on-incident=net-disconnect,run:note,pause \
    threshold=2/600
check "EICAR is denied" read_is_denied guest1 $top/eicar
check "the log has it" wait_for log_has "\"path\":\"$top/eicar\""
check "with the SHA-256 of EICAR" log_has \
    "\"sha256\":\"$(eicar_text | sha256sum | cut -d ' ' -f 1)\""
check "and with the guest's UUID" log_has \
    "\"uuid\":\"$(node "/local/domain/$(domid guest1)/vm" | sed 's|^/vm/||')\""
check "vscanctl incidents shows it" \
    grep -q "guest1(.*incident .*Eicar.* open $top/eicar by .* pid" \
    <<<"$(vscanctl incidents guest1)"
check "nothing has been done" not is_paused
# The second one: whoever opens it may stand still then.
in_domain guest1 'cat "$1" >/dev/null 2>&1 &' $top/eicar >/dev/null 2>&1
check "two are: guest1 is paused" wait_for is_paused
check "its interface is unplugged" wait_for vifs 0
check "a program has been told" wait_for in_domain dom0 'grep -qx \
    "guest1|incidents|.*Eicar.*|$1/eicar" /root/noted' $top
check "the log tells what was done" wait_for log_has \
    '"action":"pause","result":"done"'
check "in the safe order" test "$(in_domain dom0 'sed -n \
    "s/.*\"kind\":\"action\".*\"action\":\"\([a-z-]*\)\".*/\1/p" "$1" |
    tail -n 3 | xargs' $log)" = "net-disconnect pause run"
check "vscanctl release" vscanctl release guest1
check "guest1 runs" not is_paused
check "its interface is plugged in" wait_for vifs 1
check "guest1 answers" "$LAB" wait guest1 300

# Alarms ----------------------------------------------------------------------

check "guest1 without protection has no network" vscanctl policy set guest1 \
    on-unprotected=net-disconnect unprotected-s=10
check "all is well" wait_for vscanctl status
before=$(in_domain dom0 'date +%s')
in_domain guest1 'kill -9 $(pidof xen-guest-front)' >/dev/null 2>&1
check "the front is killed: an alarm" wait_for status_says "front-gone: "
since=$(node "/libxl/$(domid guest1)/vscan-alarms" | sed -n 's/ front-gone.*//p')
ok "after $((since - before)) s by dom0's clock"
vscanctl status >/dev/null 2>&1
check "the exit status tells" test $? = 3
check "the log has it" log_has '"kind":"alarm"'
check "vscand's log, too" vscand_says "front-gone"
check "and there is no network" wait_for vifs 0
check "vscanctl release" vscanctl release guest1
check "its interface is plugged in" wait_for vifs 1
check "guest1 answers" "$LAB" wait guest1 300
in_domain guest1 '/etc/init.d/xen-guest-front restart' >/dev/null 2>&1
check "the front runs again: no alarm" wait_for vscanctl status
check "the log has that, too" log_has '"kind":"alarm-end"'

# A scanner that lies -----------------------------------------------------------

put_program scanner liar
other=$(domid guest2)
check "guest2 is not the scanner's" unprotect guest2
# A folder that the scanner may write, as one might be left over.
leftover="/local/domain/$(domid scanner)/backend/vscan/$other"
check "a folder is left over" in_domain dom0 'xenstore-write "$1/0/state" 4 &&
    xenstore-chmod "$1/0" "n$2" "r$3"' "$leftover" "$(domid scanner)" "$other"
memory=$(rss)
# What earlier cases have had recorded of it is there still.
recorded_of() { in_domain dom0 'grep -cF -- "$1" "$2"' "\"domid\":$1," "$log"; }
recorded=$(recorded_of "$other")
said=$(in_domain scanner '/root/liar "$1" "$2" 2000' "$(domid guest1)" "$other")
check "the scanner lies 4000 times ($said)" grep -q '^ours 2000 ' <<<"$said"
check "vscand tells of the other guest" wait_for vscand_says \
    "writes about domain $other, which it does not serve"
check "once" test "$(in_domain dom0 'grep -c "does not serve" \
    /var/log/vscand.log')" = 1
check "nothing is recorded of it ($recorded before)" \
    test "$(recorded_of "$other")" = "$recorded"
check "what is told of its own guest is counted" wait_for log_has '"kind":"missed"'
after=$(rss)
check "vscand's memory: $memory KiB before, $after KiB after" \
    test "$after" -le $((memory + 512))
check "each line of the log is an object" in_domain dom0 '
    [ "$(vscanctl incidents --json | wc -l)" = "$(cat "$1" | wc -l)" ]' $log
check "no control characters on a terminal" test -z \
    "$(vscanctl incidents | tr -d '\n' | tr -cd '[:cntrl:]')"
check "guest1 is protected as before" read_is_denied guest1 $top/eicar
in_domain dom0 'xenstore-rm "$1"' "$leftover"
in_domain guest1 'rm -rf "$1"' $top
finish
