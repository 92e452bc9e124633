#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The commands that show an administrator what guests and scanners do: each tells
# what is so, and none of them waits for a guest or a scanner that hangs.

. "$(dirname "$0")/lib.sh"

top=/root/commands
words=(fail=open timeout-ms=120000 close-write=no remedy=quarantine)
sum=$(eicar_text | sha256sum)
sum=${sum%% *}

vscanctl() { "$LAB" exec dom0 -- vscanctl "$@"; }
xl() { "$LAB" exec dom0 -- xl "$@"; }

# says PATTERN CMD...: a line of what vscanctl says matches all of it.
says() { vscanctl "${@:2}" | grep -E -- "^($1)$"; }

# is_json PATTERN CMD...: vscanctl says one line, an object, with that in it.
is_json() {
    local text
    text=$(vscanctl "${@:2}" --json) || return 1
    [ "$(wc -l <<<"$text")" = 1 ] && [[ $text = '{'*'}' ]] &&
        grep -E -- "$1" <<<"$text"
}

is_paused() { [ "$(xl list "$1" | awk 'NR == 2 { print $5 }')" = --p--- ]; }

leave() {
    xl unpause guest1
    xl unpause scanner
    vscanctl release guest1
    in_domain guest1 'for id in $(xen-guest-front --quarantine list |
            sed -n "2,\$s/ .*//p"); do
            xen-guest-front --quarantine delete "$id"
        done; rm -rf "$1"' "$top"
    in_domain guest2 'rm -rf "$1"' "$top"
    unprotect guest1
    unprotect guest2
} >/dev/null 2>&1
trap leave EXIT

for guest in guest1 guest2; do
    unprotect "$guest"
    in_domain "$guest" 'rm -rf "$1"; mkdir -p "$1" /var/tmp' "$top"
    plant_eicar "$guest" "$top/eicar"
done
check "guest1 is protected" protect guest1 scanner "${words[@]}"
check "guest2 is protected" protect guest2 scanner "${words[@]}"
check "EICAR is denied in guest1" read_is_denied guest1 $top/eicar

# stats -----------------------------------------------------------------------

number='[1-9][0-9]*'
check "stats: accesses that the front held" \
    wait_for says " +events +$number +-" stats guest1
check "requests that the back took" wait_for says " +requests +$number +$number" \
    stats guest1
# Nobody has had this content scanned before.
# shellcheck disable=SC2016 # expanded in the guest
check "a large file is read in guest1" in_domain guest1 \
    'head -c 4000000 /dev/urandom >"$1" && cat "$1" >/dev/null' $top/costly
check "it is among the costliest" says ".* $top/costly" stats --top 8 guest1
check "without --top it is not told" \
    not says ".* $top/costly" stats guest1
check "all guests" test \
    "$(vscanctl stats | grep -cE '^guest[12]\([0-9]+\), back scanner\(')" = 2
check "JSON: both sides have answered" wait_for is_json \
    '"front":\{"error":null,"counts":\{".*"back":\{"error":null,' stats guest1
check "Domain-0 is not attached" not vscanctl stats Domain-0

# show ------------------------------------------------------------------------

check "show: it is protected" wait_for says 'State +protected.*' show guest1
check "its UUID" says "UUID +$(node "/local/domain/$(domid guest1)/vm" |
    sed 's|^/vm/||')" show guest1
generation=$(node "/local/domain/$(domid guest1)/vscan/0/generation")
check "its policy is in force" wait_for says \
    "Policy .*generation $generation, in force: $generation" show guest1
check "an engine" says '(Engines)? +clamav ok, .*' show guest1
check "its newest incident" wait_for says \
    " +.* guest1\([0-9]+\) +incident .*Eicar.* open $top/eicar .*" show guest1
check "JSON" is_json '"state":"protected".*"incidents":\[\{' show guest1

# top -------------------------------------------------------------------------

frames=$(vscanctl top -b -n 3 -d 2)
row='guest1 +[0-9]+ protected +[0-9.]+k? +[0-9.]+k? +[0-9.]+k? .*'
check "top: three frames" test "$(grep -c '^NAME ' <<<"$frames")" = 3
check "with rates" grep -qE "^$row$" <<<"$frames"
check "no line is longer than 80 columns, but paths" test -z \
    "$(grep -vE ' /' <<<"$frames" | awk 'length > 80')"
check "no control characters" test -z \
    "$(tr -d '\n' <<<"$frames" | tr -cd '[:cntrl:]')"
check "without a terminal it says so" not vscanctl top
check "as JSON: an object a line" test "$(vscanctl top --json -n 2 -d 2 |
    grep -cE '^\{"time":.*"domain":"guest1",.*"rates":\{.*\}$')" = 2

# selftest --------------------------------------------------------------------

check "whatever is found in guest1, it is to be paused" vscanctl policy set \
    guest1 "${words[@]}" on-incident=pause threshold=1/60
# On a slow machine what is waited for can come too late.
holds() { said=$(vscanctl selftest guest1); }
wait_for holds
status=$?
check "selftest: $(xargs <<<"$said")" test "$status" = 0
check "the front has denied it" \
    grep -qE '^front: denied after [0-9]+\.[0-9] ms' <<<"$said"
check "the back has found it" grep -qE '^back: clamav:.*Eicar' <<<"$said"
check "vscand has recorded it" grep -qx 'vscand: recorded' <<<"$said"
check "guest1 is not paused because of that" not is_paused guest1
check "guest1 is only monitored" vscanctl policy set guest1 "${words[@]}" \
    mode=monitor
generation=$(node "/local/domain/$(domid guest1)/vscan/0/generation")
check "that is in force" wait_for says \
    "Policy .*in force: $generation" show guest1
check "the selftest fails, and says so" grep -qE '^failed: front' \
    <<<"$(vscanctl selftest guest1)"
check "with another exit status" not vscanctl selftest guest1
check "guest1 is protected again" vscanctl policy set guest1 "${words[@]}"

# quarantine ------------------------------------------------------------------

# ids GUEST: of the items there, as the guest itself tells.
ids() {
    in_domain "$1" 'xen-guest-front --quarantine list' |
        sed -n '2,$s/ .*//p' | sort
}
listed() { vscanctl quarantine "$1" | grep -oE '^[0-9a-f]{16}' | sort; }
same_items() { [ -n "$(ids "$1")" ] && [ "$(ids "$1")" = "$(listed "$1")" ]; }
check "quarantine: what guest1 itself tells" wait_for same_items guest1
check "with the path" wait_for says "[0-9a-f]{16} .*Eicar.* +$top/eicar" \
    quarantine guest1
check "JSON" wait_for is_json '"items":\[\{"id":"[0-9a-f]{16}".*"error":null' \
    quarantine guest1

# outbreak --------------------------------------------------------------------

check "EICAR is denied in guest2" read_is_denied guest2 $top/eicar
both_are_told() {
    vscanctl outbreak | grep -A 2 -E "^${sum:0:16} +[0-9]+ " |
        grep -E 'guest1.*guest2|guest2.*guest1'
}
check "outbreak: the same content in both" wait_for both_are_told
check "JSON has the whole digest" is_json "\"sha256\":\"$sum\"" outbreak

# list ------------------------------------------------------------------------

check "list, as JSON" is_json \
    '"domain":"guest1",.*"front_state":"Connected","back_state":"Connected"' list

# Who hangs is not waited for --------------------------------------------------

# no_answer SIDE: of guest1; the other side is as always.
no_answer() { says " +$1: no answer" stats guest1; }

check "guest1 stands still" xl pause guest1
start=$SECONDS
check "its front has no answer" no_answer front
check "its back has one" wait_for says " +requests +\? +$number" stats guest1
check "top goes on" grep -qE '^guest2 +[0-9]+ protected' \
    <<<"$(vscanctl top -b -n 1)"
check "show does" says 'Front counts \? \(no answer\)' show guest1
check "what is in its quarantine cannot be told" not vscanctl quarantine guest1
check "guest1 goes on" xl unpause guest1
ok "five commands took $((SECONDS - start)) s"
check "its front answers" wait_for says " +events +$number +-" stats guest1
check "the scanner stands still" xl pause scanner
check "the back has no answer" no_answer back
check "the front has one" wait_for says " +events +$number +\?" stats guest1
check "the scanner goes on" xl unpause scanner
check "the back answers" wait_for says " +requests +$number +$number" \
    stats guest1
finish
