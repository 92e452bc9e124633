#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What an open costs by each way of content, on Xen: tools/lab/lab run
# tests/bench/transports.sh.  The content is known to the scanner's history (but
# for streams, which it looks up when they are whole), so that no engine is
# measured.  For each file: the median time of its open, pages granted and
# mapped, octets copied in the guest and in the scanner domain, and signals.
# It takes a quarter of an hour: set LAB_TIMEOUT.  WAYS="pool auto" and
# SIZES="4096:100 65536:50" (octets, files) measure less.

. "$(dirname "$0")/../xen/lib.sh"

ways=${WAYS:-per-request pool stream pages auto}
sizes=${SIZES:-4096:100 65536:50 1048576:20 16777216:5 67108864:3}

counts() { "$LAB" exec dom0 -- vscanctl stats --json guest1; }
# BEFORE AFTER SIDES NAME FILES: how much more these sides, "front", "back" or
# "front,back", count after than before, a file.
difference() {
    jq -rns --argjson before "$1" --argjson after "$2" --arg sides "$3" \
        --arg name "$4" --argjson files "$5" '
        def total: .guests[0] |
            [.[$sides | split(",")[]].counts[$name] // 0] | add;
        ((($after | total) - ($before | total)) / $files * 10 | round) / 10'
}

opens() {
    in_domain guest1 'mkdir -p /root/opened && /root/opens /root/opened "$1" "$2"' \
        "$1" "$2"
}

unprotect guest1
unprotect guest2
put_program guest1 opens
printf '%-12s %9s %9s %8s %8s %10s %10s %8s\n' way octets us granted mapped \
    copied-in copied-out signals
for way in $ways; do
    for size in $sizes; do
        octets=${size%:*} count=${size#*:}
        # More than one request can name.
        [ "$way" != per-request ] || [ "$octets" -le 33554432 ] || continue
        protect guest1 scanner fail=closed close-write=no "transport=$way" \
            timeout-ms=600000 >/dev/null || fail "no connection"
        # The pool is granted with the connection; the shell's own files, and
        # the program's, are on record then.
        us=$(opens 1 1) || fail "$way: $us"
        before=$(counts)
        us=$(opens "$octets" "$count") || fail "$way $octets: $us"
        after=$(counts)
        files=$((count + 1))
        printf '%-12s %9s %9s %8s %8s %10s %10s %8s\n' "$way" "$octets" "$us" \
            "$(difference "$before" "$after" front,back pages-granted "$files")" \
            "$(difference "$before" "$after" front,back pages-mapped "$files")" \
            "$(difference "$before" "$after" front octets-copied "$files")" \
            "$(difference "$before" "$after" back octets-copied "$files")" \
            "$(difference "$before" "$after" front,back notified "$files")"
    done
done
finish
