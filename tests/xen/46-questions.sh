#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# dom0 asks the front of a guest, by xenstore alone, for its counters, its
# quarantine and a self test, and tells it of an outbreak; and what has been done
# to infected files stands in the node "remedies".

. "$(dirname "$0")/lib.sh"

# What is written is not scanned, so that each file is met once, when it is read;
# and what is denied is infected.
words=(fail=open timeout-ms=120000 close-write=no)
digest=$(printf 'found elsewhere' | sha256sum)
digest=${digest%% *}
log=/var/log/xen-guest-front.log

# xenstore-read shows a line end as "\n".
lines() { node "$1" | sed 's/\\n/\n/g'; }
life() { lines "$1" | sed -n '1s/ .*//p'; }
has_line() { lines "$1" | grep -qxE "$2"; }

write_question() {
    "$LAB" exec dom0 -- xenstore-write "$policy/question" "$1"
}

# ask WORD...: the answer's lines are in $answer then, its number in $nr.  Not
# for check, which runs things in a shell of their own.
nr=0
is_answered() { [ "$(lines "$front/answer" | head -n 1)" = "$nr" ]; }
ask() {
    nr=$((nr + 1))
    answer=
    if write_question "$nr $*" && wait_for is_answered; then
        answer=$(lines "$front/answer" | sed 1d)
    else
        fail "question $nr, $*, is not answered"
    fi
}

# answers PATTERN: a line of the answer matches all of it.
answers() { grep -xE "$1" <<<"$answer"; }

# value KEY: of the answer.
value() { sed -n "s/^$1 //p" <<<"$answer"; }

# set_policy WORD...: and waits until it is in force.
is_in_force() {
    [ "$(node "$front/policy-generation")" = "$(node "$policy/generation")" ]
}
set_policy() {
    "$LAB" exec dom0 -- vscanctl policy set guest1 "${words[@]}" "$@" &&
        wait_for is_in_force
}

selftest() { in_domain guest1 'xen-guest-front --selftest'; }
nothing_is_left() {
    in_domain guest1 '! ls /var/tmp/xen-guest-front-selftest-* 2>/dev/null'
}

unprotect guest1
in_domain guest1 'mkdir -p /var/tmp'
for file in '/root/a file' /root/second /root/third; do
    plant_eicar guest1 "$file"
done
check "guest1 is protected" protect guest1 scanner "${words[@]}"
front=$(folder_of_front guest1)
policy=/local/domain/$(domid guest1)/vscan/0
check "nobody has asked, and nothing is answered" not node "$front/answer"
check "nor has anything been done to a file" not node "$front/remedies"

# Counters.
check "EICAR is denied" read_is_denied guest1 '/root/a file'
ask stats
check "the counters: KEY VALUE, and nothing else" \
    not grep -vxE '[a-z0-9-]{1,32} [0-9]{1,20}' <<<"$answer"
check "no key is there twice" test -z \
    "$(cut -d ' ' -f 1 <<<"$answer" | sort | uniq -d)"
check "guest1 is protected, it says" answers 'protected 1'
denied=$(value denied)
check "denied is what the front says in the guest" \
    test "$denied" = "$(front_tells guest1 denied)"
check "EICAR is denied again" read_is_denied guest1 '/root/a file'
ask stats
check "and counted: $denied, then $(value denied)" \
    test "$(value denied)" = $((denied + 1))

# What is none.
ask how are you
check "unknown" test "$answer" = unknown
for bad in stats "0 stats" "+1 stats" "007 stats"; do
    check "\"$bad\" is written" write_question "$bad"
done
check "and not answered" is_answered
check "guest1 cannot ask itself" \
    not in_domain guest1 'xenstore-write "$1" "1 selftest"' "$policy/question"
check "guest2 cannot read the answer" \
    not in_domain guest2 'xenstore-read "$1"' "$front/answer"

# Self test.
ask selftest
check "$answer" answers 'selftest denied [0-9]+ -'
check "in the guest: $(selftest)" selftest
check "nothing is left of it" nothing_is_left
check "mode=monitor" set_policy mode=monitor
ask selftest
check "$answer" answers 'selftest allowed [0-9]+ mode=monitor'
check "in the guest: $(selftest)" not selftest
check "nothing is left of it" nothing_is_left

# Remedies.
name='clamav:[^ ]+'
check "remedy=quarantine" set_policy remedy=quarantine
check "EICAR is denied" read_is_denied guest1 '/root/a file'
check "the node tells that it is in quarantine" wait_for has_line \
    "$front/remedies" "1 [0-9]+ quarantined [0-9a-f]{16} [0-9]+ 0 $name \
/root/a%20file"
id=$(lines "$front/remedies" | sed -n '2s/.* quarantined \([^ ]*\) .*/\1/p')
stamp=$(lines "$front/remedies" | sed -n '2s/^1 \([0-9]*\) .*/\1/p')
now=$(in_domain guest1 'date +%s')
check "with the time, $((now - stamp)) s ago" \
    test "$stamp" -le "$now" -a $((now - stamp)) -le "$PATIENCE"
ask quarantine 0
check "dom0 is told what is there: ${answer%%$'\n'*}" answers \
    'items [1-9][0-9]* [1-9][0-9]*'
check "the newest is that file" \
    grep -qxE "item $id [0-9]+ 68 $name /root/a%20file" \
    <<<"$(sed -n 2p <<<"$answer")"
ask quarantine 4096
check "after all of them there is none" test "${answer%% *}" = items -a \
    "$(wc -l <<<"$answer")" = 1
check "remedy=delete" set_policy remedy=delete
check "another one is denied" read_is_denied guest1 /root/second
check "the node tells that it is deleted" wait_for has_line \
    "$front/remedies" "2 [0-9]+ deleted - [0-9]+ 0 $name /root/second"
check "as it does of the first one still" has_line "$front/remedies" \
    "1 [0-9]+ quarantined $id .*"

# What is told outlives a connection; a life of the link it does not.
before=$(node "$front/remedies")
check "the back is started anew" restart_back
check "both sides connect anew" wait_for are_connected guest1 scanner
check "the node is as it was" test "$(node "$front/remedies")" = "$before"
was=$(life "$front/remedies")
link=$(front_tells guest1 link)
check "the link process is killed" in_domain guest1 'kill -9 "$1"' "$link"
check "another one connects" wait_for eval \
    '[ "$(front_tells guest1 link)" != "$link" ] &&
        are_connected guest1 scanner'
check "the answer is as it was" is_answered
ask stats
check "the new one answers" answers 'protected 1'
check "a third one is denied" wait_for read_is_denied guest1 /root/third
check "the node begins anew" wait_for has_line "$front/remedies" \
    "1 [0-9]+ deleted - [0-9]+ 0 $name /root/third"
check "LIFE was $was, is $(life "$front/remedies")" \
    test "$(life "$front/remedies")" != "$was"

# Outbreak.
ask stats
records=$(value records)
check "there are $records files on record" test "${records:-0}" -gt 0
ask outbreak "$digest" clamav:Test%20One
check "an outbreak: $answer" test "$answer" = "done"
ask stats
check "of which it has forgotten: $(value records) are left" \
    test "$(value records)" -lt "$records"
check "the log tells" in_domain guest1 'grep -F "$1" "$2"' \
    "outbreak: name=\"clamav:Test One\" sha256=$digest" $log
ask outbreak "$digest"
check "without a name it is none" test "$answer" = unknown

unprotect guest1
check "nothing is left of the nodes" not node "$front/answer"
check "nor of the question" not node "$policy/question"
in_domain guest1 'xen-guest-front --quarantine delete "$1"
    rm -f "/root/a file" /root/second /root/third' "$id"
finish
