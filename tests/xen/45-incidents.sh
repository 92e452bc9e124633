#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What is found in a guest stands in the node "incidents", which neither that
# guest nor any other can change; a storm of it is not xenstore's.

. "$(dirname "$0")/lib.sh"

# Each process begins with another file: what several open at the same moment
# would be scanned once, and be one incident.
files=100
processes=4
opens=$((files * processes))

# xenstore-read shows a line end as "\n".
incidents() { node "$1" | sed 's/\\n/\n/g'; }
has_line() { incidents "$1" | grep -E "^[0-9]+ $2$"; }
life() { incidents "$1" | sed -n '1s/ .*//p'; }
newest() { incidents "$1" | sed -n '1s/.* //p'; }
is_newest() { [ "$(newest "$1")" = "$2" ]; }
errors() { in_domain scanner 'grep -c "cannot write" "$1"' \
    /var/log/xen-scan-back.log; }

unprotect guest1
unprotect guest2
plant_eicar guest1 '/root/e icar'
put_program guest1 storm
in_domain guest1 'rm -rf /root/storming; mkdir /root/storming &&
    /root/storm make /root/storming "$1" "$1"' $files
check "guest1 is protected" protect guest1 scanner fail=closed
back=$(folder_of_back guest1 scanner)
node=$back/incidents
check "the node is there, with a life and no incident" \
    has "$node" '[1-9][0-9]* 0'

sum=$(eicar_text | sha256sum)
sum=${sum%% *}
check "EICAR is denied" read_is_denied guest1 '/root/e icar'
check "the node tells: digest, detection and path" wait_for has_line "$node" \
    "[0-9]+ open [0-9]+ 0 68 $sum clamav:[^ ]+ [^ ]+ /root/e%20icar"
check "EICAR is not run" exec_is_denied guest1 '/root/e icar'
check "the node tells of that event" wait_for has_line "$node" \
    "[0-9]+ exec [0-9]+ 0 68 $sum clamav:[^ ]+ [^ ]+ /root/e%20icar"
stamp=$(incidents "$node" | sed -n '2s/^[0-9]* \([0-9]*\) .*/\1/p')
now=$(in_domain scanner 'date +%s')
check "with the time, $((now - stamp)) s ago" \
    test "$stamp" -le "$now" -a $((now - stamp)) -le "$PATIENCE"

# Whose is it?
before=$(node "$node")
check "guest1 can read what is about itself" \
    in_domain guest1 'xenstore-read "$1"' "$node"
check "guest1 cannot write it" \
    not in_domain guest1 'xenstore-write "$1" "1 0"' "$node"
check "guest1 cannot remove it" \
    not in_domain guest1 'xenstore-rm "$1"' "$node"
check "guest2 cannot read it" \
    not in_domain guest2 'xenstore-read "$1"' "$node"
check "it is as it was" test "$(node "$node")" = "$before"
check "guest2 is attached to dom0" \
    "$LAB" exec dom0 -- vscanctl attach guest2 --backend Domain-0
other=/local/domain/0/backend/vscan/$(domid guest2)/0
check "its folder is there" node "$other/state"
for path in "$other/incidents" "$other/state" \
        "$(folder_of_front guest2)/incidents" \
        "/local/domain/$(domid guest2)/vscan/0/policy" \
        "$(folder_of_back guest2 scanner)/incidents"; do
    check "the scanner cannot write $path" \
        not in_domain scanner 'xenstore-write "$1" "1 0"' "$path"
done
check "nor is it there" not node "$other/incidents"
check "nor below its own home" not node "$(folder_of_back guest2 scanner)"
unprotect guest2

# dom0 looks all the time, and counts the writes.
in_domain dom0 'rm -f /run/stop /run/heads /run/writes
    xenstore-watch "$1" >/run/writes 2>&1 &
    echo $! >/run/watcher
    { while [ ! -e /run/stop ]; do xenstore-read "$1"; done >/run/heads; } &
    ' "$node" </dev/null >/dev/null 2>&1
had=$(newest "$node")
start=$(in_domain dom0 'date +%s')
said=$(in_domain guest1 '/root/storm open /root/storming "$1"' $processes)
check "a storm: $said" test "${said% longest *}" = \
    "allowed 0 denied $opens wrong 0"
rests() {
    local before
    before=$(newest "$1") && sleep 1 && is_newest "$1" "$before"
}
check "the node comes to rest" wait_for rests "$node"
found=$(($(newest "$node") - had))
check "these were $found incidents" test "$found" -ge "$files" -a \
    "$found" -le "$opens"
took=$(($(in_domain dom0 'date +%s') - start + 1))
in_domain dom0 'touch /run/stop; kill $(cat /run/watcher)'
# One event is what each watch begins with.
writes=$(($(in_domain dom0 'wc -l </run/writes') - 1))
check "$writes writes in $took s" test "$writes" -ge 2 -a \
    "$writes" -le $((took * 10))
size=$(incidents "$node" | head -c -1 | wc -c)
check "the node is full: $size octets" test "$size" -gt 1700 -a \
    "$size" -le 1984
check "and written without an error" test "$(errors)" = 0

# in_order: each look at the node, one a line on standard input, has serials
# that follow one after the other up to the newest, which never goes back.
in_order() {
    awk '{
            n = split($0, line, /\\n/); split(line[1], head, " ")
            if (NR == 1) life = head[1]
            if (head[1] != life || head[2] < last) bad++
            last = head[2]
            for (i = n; i > 1; i--) {
                split(line[i], word, " ")
                if (word[1] != last - (n - i)) bad++
            }
        }
        END { print NR " looks, " bad + 0 " out of order"; exit !NR || bad }'
}
looks=$(in_domain dom0 'cat /run/heads' | in_order)
check "dom0 has had $looks" test "${looks#*, }" = "0 out of order"
in_domain dom0 'rm -f /run/stop /run/heads /run/writes /run/watcher'

# Another life of the back.
was=$(life "$node")
check "the back is started anew" restart_back
check "both sides connect anew" wait_for are_connected guest1 scanner
check "LIFE was $was, is $(life "$node")" test "$(life "$node")" != "$was"
check "and no incident is of it" is_newest "$node" 0
check "EICAR is denied" read_is_denied guest1 '/root/e icar'
check "that is its first one" wait_for is_newest "$node" 1

unprotect guest1
check "nothing is left of the node" not node "$node"
in_domain guest1 'rm -rf /root/storming "/root/e icar"'
finish
