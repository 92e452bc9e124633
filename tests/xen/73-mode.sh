#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The policy's mode: enforce, monitor and off, one after the other and switched
# under load; and dom0 can tell when a policy has come into force.

. "$(dirname "$0")/lib.sh"

folder=/root/modes
words="fail=closed timeout-ms=120000 close-write=no"
switches=20

# What dom0's shell is to do: gives the guest with this id another policy, and
# waits until the guest says that it is in force.  Tells its generation, and for
# how long it has waited, by dom0's clock.
# shellcheck disable=SC2016
switch_policy='
    patience=$1 policy=/local/domain/$2/vscan/0/generation
    front=/local/domain/$2/device/vscan/0/policy-generation
    vscanctl policy set "${@:2}" || exit
    now() { tr -d . </proc/uptime | cut -d " " -f 1; }
    start=$(now)
    until [ "$(xenstore-read "$front")" = "$(xenstore-read "$policy")" ]; do
        [ $(($(now) - start)) -lt $((patience * 100)) ] || exit
    done
    echo "generation $(xenstore-read "$front"): $((($(now) - start) * 10)) ms"'

# in_force MODE [WORD...]
in_force() {
    local said
    # shellcheck disable=SC2086
    if said=$("$LAB" exec dom0 -- bash -c "$switch_policy" bash $PATIENCE \
        "$guest" mode="$1" $words "${@:2}" 2>&1); then
        ok "mode=$1 is in force: $said"
    else
        fail "mode=$1 does not come into force: $said"
    fi
}

reads() { read_is "$(eicar_text)" guest1 "$folder/eicar"; }
eicar_is_denied() { read_is_denied guest1 "$folder/eicar"; }
is_there() { in_domain guest1 'test -s "$1"' "$folder/eicar"; }

# counts NAME...: of the front.
counts() {
    local name
    for name; do
        front_tells guest1 "$name"
    done | xargs
}

unprotect guest1
put_program guest1 storm
in_domain guest1 'rm -rf "$1"; mkdir "$1" && /root/storm make "$1" 40 4' $folder
plant_eicar guest1 $folder/eicar
guest=$(domid guest1)
# shellcheck disable=SC2086
check "guest1 is protected" protect guest1 scanner $words
check "enforce: EICAR is denied" eicar_is_denied

in_force monitor remedy=quarantine
before=$(counts would-deny quarantined remedy-failed)
check "monitor: EICAR can be read" reads
check "monitor: again, so that it is not on record as clean" reads
after=$(counts would-deny quarantined remedy-failed)
check "monitor: both are counted, nothing is done: $before, then $after" \
    test "$after" = "$((${before%% *} + 2)) 0 0"
check "monitor: the file is there" is_there

in_force enforce
check "enforce: EICAR is denied again" eicar_is_denied

in_force off
before=$(counts events requests)
check "off: EICAR can be read" reads
check "off: so can a file that is new" \
    in_domain guest1 'echo new >"$1/new" && grep -qx new "$1/new"' $folder
check "off: the front is asked nothing" test "$(counts events requests)" = \
    "$before"
check "off: guest1's filesystems are not covered" \
    test "$(counts filesystems-covered protected)" = "0 no"
check "off: vscanctl list tells" in_domain dom0 \
    'vscanctl list | grep -qx "    mode=off: nothing is scanned"'
check "off: the device stays connected" are_connected guest1 scanner
in_force enforce
check "enforce: EICAR is denied after that" eicar_is_denied

# Eight processes open 36 clean files and 4 with EICAR, again and again.
coproc STORM {
    in_domain guest1 'exec /root/storm steady "$1" 8' $folder
}
to_storm=${STORM[1]} from_storm=${STORM[0]} storm=$STORM_PID
for i in $(seq $switches); do
    in_force "$( ((i % 2)) && echo monitor || echo enforce)"
done
exec {to_storm}>&-
read -t $PATIENCE -r said <&"$from_storm" || said="none come back"
check "all opens under load are answered, the clean ones allowed: $said" \
    grep -Eqx "allowed [1-9][0-9]* denied [1-9][0-9]* wrong 0 longest [0-9]+" \
    <<<"$said"
wait "$storm"
check "enforce is what remains: EICAR is denied" eicar_is_denied
check "all is as the last mode says" in_domain guest1 \
    '/root/storm open "$1" 8 | grep -q "^allowed 288 denied 32 wrong 0 "' $folder

unprotect guest1
in_domain guest1 'rm -rf "$1"' $folder
finish
