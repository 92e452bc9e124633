#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the domain config says is done: xl create is all that is typed, and xl
# destroy leaves nothing behind.  An entry that is malformed is told, and the
# domain runs.

. "$(dirname "$0")/lib.sh"

config=/etc/xen/guest1.cfg
policies=/etc/xen/vscan/policy.d
vscand() { "$LAB" exec dom0 -- /etc/init.d/vscand "$1"; }

# configure [ENTRY]: the only line with our key; or none.
configure() {
    in_domain dom0 'sed -i "/^vscan/d" "$1" &&
        { [ -z "$2" ] || echo "vscan = [ \"$2\" ]" >>"$1"; }' $config "${1-}"
}
# put_policy NAME TEXT
put_policy() {
    in_domain dom0 'mkdir -p "$1" && printf "%s\n" "$3" >"$1/$2"' $policies "$@"
}
new_eicar_is_denied() {
    plant_eicar guest1 /root/eicar && read_is_denied guest1 /root/eicar
}
policy_has() {
    in_domain dom0 'vscanctl policy show guest1 | grep -qFx -- "$1"' "$1"
}
list_says() {
    in_domain dom0 'vscanctl list | grep -qF -- "$1"' "$1"
}
log_says() { in_domain dom0 'grep -qF -- "$1" /var/log/vscand.log' "$1"; }
# No node of ours that is of the domain DOMID.
nothing_left() {
    local nodes
    nodes=$(in_domain dom0 'xenstore-ls -f /') && [ -n "$nodes" ] &&
        ! grep -qE "vscan/$1/|/$1/(device/|)vscan" <<<"$nodes"
}
# Seconds between the front's start and its connection, by its own clock.
took() {
    in_domain guest1 'sed -n "s/Z .*state .* -> Connected.*//p" \
        /var/log/xen-guest-front.log | tail -n 1 | {
        read -r to && date -d "${to}Z" +%s
    }; stat -c %Y "/proc/$(pgrep -o vscan-guard)"' | {
        read -r to && read -r from && echo $((to - from))
    }
}

leave() {
    configure
    in_domain dom0 'rm -rf "$1"' "$policies"
    vscand start
    "$LAB" exec dom0 -- xl rename guest-1 guest1
} >/dev/null 2>&1
trap leave EXIT

unprotect guest1
put_policy servers "# for all servers
fail=closed
timeout-ms=20000"
check "guest1's config has a line" configure 'backend=scanner,policy=servers'
check "guest1 is created" create guest1
check "it is protected, nothing else was typed" \
    wait_for are_connected guest1 scanner
ok "its front was connected after $(took) s"
check "EICAR is denied" new_eicar_is_denied
check "the policy is that of the file" policy_has fail=closed
check "by its name" policy_has '# policy servers'
check "all of it" policy_has timeout-ms=20000
check "vscand's log tells" log_says \
    "domain $(domid guest1) (guest1): attached, as its config says"

check "guest1 gets another name" "$LAB" exec dom0 -- xl rename guest1 guest-1
vscand restart >/dev/null
check "it is attached as before" wait_for are_connected guest-1 scanner
check "and has its name back" "$LAB" exec dom0 -- xl rename guest-1 guest1

before=$(domid guest1)
check "guest1 is destroyed" "$LAB" exec dom0 -- xl destroy guest1
check "no node of it is left" wait_for nothing_left "$before"

check "vscand is stopped" vscand stop
check "guest1 is created" in_domain dom0 "xl create $config >/dev/null"
check "it has no device" not is_attached guest1
check "vscanctl list tells" list_says "not protected: vscand is about to"
check "vscand is started" vscand start
check "and sees to it" wait_for is_attached guest1
check "guest1 is up" "$LAB" wait guest1 300
check "guest1 is protected" wait_for are_connected guest1 scanner
check "it is detached by hand" "$LAB" exec dom0 -- vscanctl detach guest1
vscand restart >/dev/null
check "vscanctl list tells" list_says "not protected: it has been detached"
check "its config by hand" "$LAB" exec dom0 -- vscanctl attach $config
check "guest1 is protected" wait_for are_connected guest1 scanner
check "another policy by its name" "$LAB" exec dom0 -- \
    vscanctl policy set guest1 default
check "it is in force" policy_has fail=open

configure 'backend=scanner,police=servers'
line=$(in_domain dom0 'grep -n "^vscan" "$1" | cut -d : -f 1' $config)
check "guest1 is created with a malformed entry, and runs" create guest1
why="$config:$line: vscan: \"police=servers\" is not backend=DOMAIN or policy=NAME"
check "vscand's log names file, line and key" wait_for log_says "$why"
check "vscanctl list, too" list_says "not protected: $why"
check "it has no device" not is_attached guest1
put_policy broken "fail=closed
mood=perhaps"
configure 'backend=scanner,policy=broken'
check "a policy that is malformed names file and line" list_says \
    "not protected: $policies/broken:2: policy: unknown key"
configure 'backend=nobody'
check "a scanner domain that is not there is named" list_says \
    'not protected: there is no domain "nobody" to be the back'
finish
