#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# How often each process is woken for an open, on Xen: tools/lab/lab run
# tests/bench/wakeups.sh.  A wake-up is a voluntary switch: a process that has gone
# to sleep, and come back.  Files of 4 KiB are opened one after the other: a hit's
# content is known to the scanner's history, a miss's is not.  Then a hit by
# several processes at a time, where less is slept.  OPENS and PROCESSES may be
# set.

. "$(dirname "$0")/../xen/lib.sh"

opens=${OPENS:-200}
processes=${PROCESSES:-8}

# "NAME SWITCHES" of each process of ours in a domain, all its threads together.
# shellcheck disable=SC2016
switches='
    for pid in $(pidof "$1"); do
        for task in /proc/$pid/task/*; do
            read -r name </proc/$pid/comm
            while read -r key value rest; do
                [ "$key" != voluntary_ctxt_switches: ] || echo "$name" "$value"
            done <$task/status
        done
    done
'
counts() {
    in_domain guest1 "$switches" xen-guest-front | sed 's/^/front-/'
    in_domain scanner "$switches" xen-scan-back | sed 's/^/back-/'
}

# BEFORE AFTER OPENS: "gate x, link y, ..." of one open.
per_open() {
    awk -v opens="$3" '
        FNR == NR { sum[$1] -= $2; next }
        { sum[$1] += $2 }
        END { for (name in sum) printf "%s %.2f\n", name, sum[name] / opens }' \
        <(echo "$1") <(echo "$2") |
        sort | paste -s -d , | sed 's/,/, /g'
}

# NAME COMMAND OPENS ARGUMENTS...
measure() {
    local name=$1 command=$2 nr=$3 before after
    shift 3
    before=$(counts)
    in_domain guest1 "$command" "$@" >/dev/null || fail "$name"
    after=$(counts)
    echo "wake-ups per open, $name: $(per_open "$before" "$after" "$nr")"
}

unprotect guest1
unprotect guest2
put_program guest1 opens
in_domain guest1 'rm -rf /root/opened; mkdir /root/opened'
check "guest1 is protected" protect guest1 scanner fail=closed close-write=no \
    timeout-ms=60000
# The shell's own files are on record then, and the content is known.
in_domain guest1 '/root/opens /root/opened 4096 1' >/dev/null
counts >/dev/null
measure "hit" '/root/opens /root/opened 4096 "$1"' $((opens + 1)) "$opens"
measure "miss" '/root/opens /root/opened 4096 "$1" unlike' $((opens + 1)) \
    "$opens"
# shellcheck disable=SC2016
measure "hit, $processes at a time" '
    for i in $(seq "$2"); do
        mkdir -p /root/opened/$i
        /root/opens /root/opened/$i 4096 "$1" &
    done
    wait' $((processes * (opens + 1))) "$opens" "$processes"
echo "looks: $("$LAB" exec dom0 -- vscanctl stats --json guest1 |
    grep -o '"looks-[a-z]*": *[0-9]*' | tr '\n' ' ')"
in_domain guest1 'rm -rf /root/opened'
finish
