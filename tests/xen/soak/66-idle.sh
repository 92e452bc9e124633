#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the front costs a guest that does nothing: memory with a thousand files on
# record, and not one wake-up.

. "$(dirname "$0")/../lib.sh"

files=1000
# Resident, all its processes together, the one for remedies too if something was
# found before; what they have in common counts once (PSS).
max_kib=8192

# For the guest's shell.  While it counts nothing is opened that could be held:
# sleep has been started before.  The guard looks once more after the last
# event, within five seconds.
# shellcheck disable=SC2016
functions='
    pids=$(pidof xen-guest-front)
    resident() {
        for pid in $pids; do
            read -r name </proc/$pid/comm
            while read -r key value rest; do
                [ $key != Pss: ] || echo $name $value
            done </proc/$pid/smaps_rollup
        done
    }
    # Name, thread, how often it has been given a processor.
    turns() {
        for task in $(for p in $pids; do echo /proc/$p/task/*; done); do
            name= turns=0
            while read -r key value rest; do
                case $key in
                Name:) name=$value ;;
                *voluntary_ctxt_switches:) turns=$((turns + value)) ;;
                esac
            done <$task/status
            echo $name ${task##*/} $turns
        done
    }
    idle() {
        sleep 24 &
        sleep 8
        before=$(turns)
        wait
        after=$(turns)
        echo "before:" $before; echo "after:" $after
    }
'

unprotect guest1
put_program guest1 storm
in_domain guest1 'rm -rf /root/storming; mkdir /root/storming &&
    /root/storm make /root/storming "$1" 0' $files
check "guest1 is protected" protect guest1 scanner fail=open timeout-ms=30000

said=$(in_domain guest1 '/root/storm open /root/storming 1')
check "$files files are scanned: $said" \
    test "${said% longest *}" = "allowed $files denied 0 wrong 0"
before=$(front_tells guest1 requests)
said=$(in_domain guest1 '/root/storm open /root/storming 1')
after=$(front_tells guest1 requests)
check "then they are on record: $((after - before)) requests" \
    test $((after - before)) -lt 10

said=$(in_domain guest1 "$functions resident" | sort)
total=$(awk '{ sum += $2 } END { print sum }' <<<"$said")
check "the front has $total KiB resident (${said//$'\n'/, }), at most $max_kib" \
    test "$total" -gt 0 -a "$total" -le $max_kib

said=$(in_domain guest1 "$functions idle")
before=$(sed -n 's/^before: //p' <<<"$said")
after=$(sed -n 's/^after: //p' <<<"$said")
for process in xen-guest-front vscan-guard vscan-gate vscan-link; do
    check "$process is watched" grep -qw $process <<<"$before"
done
check "none of them wakes up: $after" test "$before" = "$after"

unprotect guest1
in_domain guest1 'rm -rf /root/storming'
finish
