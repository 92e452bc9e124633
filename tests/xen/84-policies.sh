#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Policies that have a name: a file that is changed and loaded reaches the
# guests that follow it and no others, a bad one reaches nobody; what is the
# toolstack's own the guest does not see; and a guest that is saved and restored,
# or reboots, has the policy that its config names.  Pages of files that had been
# granted before it was saved are granted no more.

. "$(dirname "$0")/lib.sh"

config=/etc/xen/guest1.cfg
policies=/etc/xen/vscan/policy.d
image=/tmp/guest1.save
vscanctl() { "$LAB" exec dom0 -- vscanctl "$@"; }

# configure ON_REBOOT [LINE]: what xl does then, and the only line with our key.
configure() {
    in_domain dom0 'sed -i "/^vscan/d; s/^\(on_reboot\) .*/\1 = \"$2\"/" "$1" &&
        printf "%s\n" "$3" >>"$1"' "$config" "$1" "${2-}"
}
# put_policy NAME TEXT
put_policy() {
    in_domain dom0 'mkdir -p "$1" && printf "%s\n" "$3" >"$1/$2"' $policies "$@"
}
# shows GUEST LINE
shows() {
    in_domain dom0 'vscanctl policy show "$1" | grep -qFx -- "$2"' "$@"
}
# The front says so.
has_in_force() { [[ " $(front_tells "$1" policy) " = *" $2 "* ]]; }
own_nodes_of() {
    in_domain dom0 'd=$(xl domid "$1") && xenstore-read "/libxl/$d/vscan-$2"' \
        "$@"
}
# Hundredths of a second, by dom0's clock, from the command to the node that
# the guest reads; and what a vscanctl takes that changes nothing.  An exec of
# the lab would take longer than what is measured.
load_took() {
    in_domain dom0 'node=/local/domain/$(xl domid guest1)/vscan/0/policy
        now() { read -r up _ </proc/uptime; echo "${up%.*}${up#*.}"; }
        a=$(now) && vscanctl policy show guest1 >/dev/null && b=$(now) &&
            vscanctl policy load servers >/dev/null &&
            xenstore-read "$node" | grep -q "timeout-ms=21000" && c=$(now) &&
            echo $((c - b)) $((b - a))'
}
# pages_granted -eq|-ge N
pages_granted() {
    in_domain guest1 'read -r n </sys/class/misc/xen!vscan-pages/granted &&
        [ "$n" "$1" "$2" ]' "$@"
}
grants_says() { in_domain guest1 'grep -q "^$1" /root/said' "$1"; }
new_eicar_is_denied() {
    plant_eicar guest1 /root/eicar && read_is_denied guest1 /root/eicar
}
has_other_domid() {
    local now
    now=$(domid guest1) && [ "$now" != "$1" ]
}
# after TEXT DOMID: guest1 is another domain by now.
after() {
    check "$1: it is another domain" wait_for has_other_domid "$2"
    check "$1: it is up" "$LAB" wait guest1 300
    check "$1: it is protected" wait_for are_connected guest1 scanner
    check "$1: its policy has the name" shows guest1 '# policy servers'
    check "$1: and is the one of the file" \
        wait_for has_in_force guest1 timeout-ms=21000
    check "$1: with what is the toolstack's own" shows guest1 threshold=3/600
    check "$1: EICAR is denied" new_eicar_is_denied
}

leave() {
    configure destroy
    unprotect guest1
    unprotect guest2
    in_domain dom0 'rm -rf "$1" "$2"' "$policies" "$image"
} >/dev/null 2>&1
trap leave EXIT

put_policy servers "fail=closed
timeout-ms=20000
on-incident=notify
threshold=2/600"
check "guest1's config names a policy" configure restart \
    'vscan = [ "backend=scanner,policy=servers" ]'
unprotect guest1
check "guest1 is created" create guest1
check "guest1 is protected" wait_for are_connected guest1 scanner
check "guest2 follows it, too" protect guest2 scanner servers
for guest in guest1 guest2; do
    check "$guest: its policy has the name" shows $guest '# policy servers'
    check "$guest: it is in force" \
        wait_for has_in_force $guest timeout-ms=20000
done

# What guest and scanner do not see.
policy=/local/domain/$(domid guest1)/vscan/0/policy
check "the guest's node has no key of the toolstack's" \
    not has "$policy" '.*(on-|threshold|outbreak|unprotected|signatures).*'
check "the toolstack's has" \
    test "$(own_nodes_of guest1 response)" = "on-incident=notify threshold=2/600 \
on-outbreak=none outbreak=off on-unprotected=none unprotected-s=60 \
signatures-days=7"
check "the guest cannot read it" not in_domain guest1 \
    'xenstore-read "/libxl/$1/vscan-response"' "$(domid guest1)"
check "nor the policy's name" not in_domain guest1 \
    'xenstore-read "/libxl/$1/vscan-policy"' "$(domid guest1)"
check "but its policy" in_domain guest1 'xenstore-read vscan/0/policy'
check "the scanner domain cannot read it" not in_domain scanner \
    'xenstore-read "/libxl/$1/vscan-response"' "$(domid guest1)"
check "but the policy" in_domain scanner 'xenstore-read "$1"' "$policy"

# A file that is changed.
put_policy servers "fail=closed
timeout-ms=21000
on-incident=notify
threshold=3/600"
check "a file that is not loaded changes nothing" shows guest1 timeout-ms=20000
read -r took idle < <(load_took)
check "it is loaded" test -n "${took-}"
ok "the command and a read of the node: ${took-}0 ms; one that changes nothing" \
    "takes ${idle-}0 ms"
for guest in guest1 guest2; do
    check "$guest has it in force" wait_for has_in_force $guest timeout-ms=21000
    check "$guest: the toolstack's own, too" shows $guest threshold=3/600
done

check "guest2 has words of its own" vscanctl policy set guest2 timeout-ms=9000
check "it follows no policy" not own_nodes_of guest2 policy
put_policy servers "fail=closed
timeout-ms=22000
fail=open"
check "a bad file is told" not vscanctl policy check
check "with its line" in_domain dom0 'vscanctl policy load servers 2>&1 |
    grep -qF "$1/servers:3: policy: key given twice"' $policies
check "it is not loaded" not vscanctl policy load
check "and changes nothing" shows guest1 timeout-ms=21000
check "nor in the front" has_in_force guest1 timeout-ms=21000

# As an editor would.
check "the file is edited, and is bad still" not in_domain dom0 \
    'EDITOR="sed -i s/22000/23000/" vscanctl policy edit servers </dev/null'
check "the copy is kept" in_domain dom0 'grep -qx timeout-ms=23000 "$1"/.servers.*' \
    $policies
check "it is edited, and is good" in_domain dom0 \
    'rm "$1"/.servers.* && VISUAL="sed -i 3d" vscanctl policy edit servers' \
    $policies
check "guest1 has it in force" wait_for has_in_force guest1 timeout-ms=22000
check "guest2 has not" shows guest2 timeout-ms=9000
check "all files are good" vscanctl policy check

# Another domain of the name.
put_policy servers "fail=closed
timeout-ms=21000
threshold=3/600"
put_program guest1 grants
in_domain guest1 'setsid /root/grants /root/grants 0 8192 >/root/said 2>&1 \
    </dev/null &'
check "pages of a file are granted" wait_for grants_says granted
check "and counted" pages_granted -ge 2
before=$(domid guest1)
check "guest1 is saved" "$LAB" exec dom0 -- xl save guest1 "$image"
check "guest1 is restored" "$LAB" exec dom0 -- xl restore "$image"
after "restored" "$before"
check "its kernel has nothing to complain about" not in_domain guest1 \
    'dmesg | grep -E "kernel BUG|Oops|invalid opcode"'
check "the front has noticed" in_domain guest1 \
    'grep "this guest has been restored" /var/log/xen-guest-front.log'
check "the pages are granted no more" wait_for pages_granted -eq 0
check "who had them is still there" in_domain guest1 'kill $(pidof grants)'
check "and ends what is ended already" wait_for grants_says ended
before=$(domid guest1)
in_domain guest1 '(sleep 1; reboot -f) >/dev/null 2>&1 &'
after "rebooted" "$before"
finish
