#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A PVH guest is protected as a PV one is, and, with MIGRATE=1, still is when it
# has been migrated, to the same host.  guest2 is created anew as one, and at the
# end as it was.

. "$(dirname "$0")/lib.sh"

# The emulated SVM runs a guest on with Xen's own registers now and then: in a
# few of a hundred PVH domains the instruction after Xen's VMRUN is the next one
# of the guest, which ends it.  Xen then shows a triple fault at an address in
# its own code segment.  That is told, and the domain is created once more; any
# other end of it is a failure.
readonly MAX_DOMAINS=6

# emulator_killed DOMID
emulator_killed() {
    "$LAB" console dom0 | awk -v fault="(XEN) d$1v0 Triple fault" '
        index($0, fault) { at = NR }
        at && NR < at + 8 && /RIP: +e008:/ { found = 1 }
        END { exit !found }'
}

# create_guest2 TYPE: with its disk; false when it does not come up.
create_guest2() {
    in_domain dom0 'cfg=/etc/xen/guest2.cfg
        # So small that there is room for two while it is migrated.
        if [ "$1" = pvh ]; then
            sed -e "s/^type = .*/type = \"pvh\"/" \
                -e "s/^memory = .*/memory = 256/" \
                -e "s/ lab\.root=/ pci=off lab.root=/" $cfg >/root/guest2.cfg
            echo "tsc_mode = \"native\"" >>/root/guest2.cfg
            cfg=/root/guest2.cfg
        fi
        ! xl domid guest2 >/dev/null 2>&1 || xl destroy guest2
        exec xl create $cfg' "$1" || return
    local end=$((SECONDS + PATIENCE))
    until "$LAB" wait guest2 20; do
        domid guest2 && [ "$SECONDS" -lt "$end" ] || return
    done
} >/dev/null 2>&1

new_eicar_is_denied() {
    plant_eicar guest2 /root/eicar && read_is_denied guest2 /root/eicar
}

# configure [LINE]: the only line with our key, in the config of guest2.
configure() {
    in_domain dom0 'sed -i "/^vscan/d" "$1" && printf "%s\n" "$2" >>"$1"' \
        /etc/xen/guest2.cfg "${1-}"
}
has_in_force() { [[ " $(front_tells guest2 policy) " = *" $1 "* ]]; }

# Opens a file and runs a program all the time, and writes how often that has gone
# well.
start_opening() {
    in_domain guest2 'rm -f /run/opened /run/enough /run/in-vain
        echo "n=0
            while [ ! -e /run/enough ]; do
                if (read -r line </root/clean) && sleep 0.1; then
                    n=\$((n + 1)); echo \$n >/run/opened
                else
                    echo in vain >>/run/in-vain
                fi
            done" >/run/opening
        setsid sh /run/opening </dev/null >/dev/null 2>&1 &'
}
opened() { in_domain guest2 'cat /run/opened'; }
has_opened() { [ "$(opened)" -gt "$1" ]; }

# Nothing may be held when it is suspended.
migrated() {
    local before opened
    before=$(domid guest2)
    check "its config has it protected" configure \
        'vscan = [ "backend=scanner" ]'
    check "mode=off" "$LAB" exec dom0 -- vscanctl policy set guest2 mode=off
    check "it is in force" wait_for has_in_force mode=off
    start_opening
    check "files are opened" wait_for has_opened 10
    check "guest2 is migrated" "$LAB" exec dom0 -- \
        xl migrate -s '' guest2 'xl migrate-receive'
    check "it is another domain" test "$(domid guest2)" != "$before"
    check "it answers" "$LAB" wait guest2 "$PATIENCE"
    check "it is protected" wait_for are_connected guest2 scanner
    check "its policy is that of its config" wait_for has_in_force mode=enforce
    opened=$(opened)
    check "files are opened all along, $opened so far" wait_for has_opened "$opened"
    check "none of them in vain" in_domain guest2 \
        'touch /run/enough; [ ! -e /run/in-vain ]'
    check "EICAR is denied still" new_eicar_is_denied
    check "the front has noticed" in_domain guest2 \
        'grep "this guest has been restored" /var/log/xen-guest-front.log'
}

# The module's, which a scan in guest2 copies nothing of but last pages.
own_pages() {
    local before copied
    check "transport=pages" "$LAB" exec dom0 -- \
        vscanctl policy set guest2 transport=pages
    check "it is in force" wait_for has_in_force transport=pages
    before=$(counter guest2 front octets-copied)
    check "1 MiB is written and read" in_domain guest2 '
        head -c 1048576 /dev/urandom >/root/large && cat /root/large >/dev/null'
    copied=$(($(counter guest2 front octets-copied) - before))
    check "of it and what was run for it, $copied octets are copied" \
        test "$copied" -lt 65536
    check "no page stays granted" wait_for in_domain guest2 '
        read -r n <"/sys/class/misc/xen!vscan-pages/granted" && [ "$n" = 0 ]'
}

# What is shown; in a shell of its own, as it may be for nothing.
protected() {
    failures=0
    check "guest2 is a PVH domain" in_domain guest2 \
        'grep -qx PVH /sys/hypervisor/guest_type'
    unprotect guest2
    plant_eicar guest2 /root/eicar
    in_domain guest2 'echo clean >/root/clean'
    check "attached and connected" protect guest2 scanner
    check "reading EICAR is denied" read_is_denied guest2 /root/eicar
    check "running EICAR is denied" exec_is_denied guest2 /root/eicar
    check "a clean file is read" read_is clean guest2 /root/clean
    check "32 MiB are read" in_domain guest2 \
        'head -c 33554432 /dev/zero >/root/large && wc -c </root/large'
    own_pages
    check "kill -9 of the back" kill_back
    check "the back is started again" restart_back
    check "both sides connect anew" wait_for are_connected guest2 scanner
    check "EICAR is denied again" new_eicar_is_denied
    [ -z "${MIGRATE-}" ] || migrated
    unprotect guest2
    in_domain guest2 'rm -f /root/large; sync'
    finish
}

in_domain guest2 sync
trap configure EXIT
before='' shown=''
for ((n = 1; n <= MAX_DOMAINS; n++)); do
    configure
    if create_guest2 pvh && said=$(protected 2>&1); then
        shown=yes
        break
    fi
    # The newest domain's number is not to be had from its name any more.
    id=$(in_domain dom0 'xl list | sed -n "s/^guest2 *\([0-9]*\).*/\1/p"')
    last=$("$LAB" console dom0 | sed -n 's/.*(XEN) d\([0-9]*\)v0 Triple.*/\1/p' |
        tail -n 1)
    if [ -n "$id" ] || [ "$last" = "$before" ] || ! emulator_killed "$last"; then
        break
    fi
    before=$last
    echo "domain $last was killed by the emulator; created once more"
    said=
done
printf '%s\n' "$said" | grep -v '^$'
check "a PVH domain was protected" test -n "$shown"
check "guest2 is created as it was" create_guest2 pv
check "its front runs" in_domain guest2 'pgrep vscan-gate'
finish
