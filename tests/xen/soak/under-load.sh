# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What happens to guest1 under load: load.c runs there, and is told through a
# pipe what to do, as without a back nothing can be run in a guest with
# fail=closed.  A request that is lost shows as a clean open that was denied, or
# that has not ended.  Sourced by cases, after lib.sh.

readonly LOAD_THREADS=4 LOAD_FOLDER=/root/load.d

# An access is held as long as anything may take.
load_policy="fail=closed timeout-ms=$((PATIENCE * 1000)) notify=no"

protect_loaded() {
    # shellcheck disable=SC2086 # words
    protect guest1 "${1:-scanner}" $load_policy
}

# Both set reply.  hear; ask WORD...
hear() {
    read -t $((PATIENCE + 60)) -r reply <&"$from_load" && return
    fail "load: no answer"
    finish
}
ask() {
    echo "$*" >&"$to_load"
    hear
}

# Stops with the case.
start_load() {
    put_program guest1 load
    coproc LOAD {
        in_domain guest1 'rm -rf "$1"; mkdir "$1"; exec /root/load "$1" "$2"' \
            $LOAD_FOLDER $LOAD_THREADS
    }
    to_load=${LOAD[1]} from_load=${LOAD[0]}
    hear
    check "a load of $LOAD_THREADS threads: $reply" test "$reply" = ready
    ask go
    resume "the load"
}

stop_load() {
    exec {to_load}>&-
    in_domain guest1 'rm -rf "$1"' $LOAD_FOLDER
} 2>/dev/null

# Each thread is in an open, and nobody answers.
all_are_held() {
    ask hold
    [ "$reply" = "held $LOAD_THREADS" ]
}

# What was open has ended, and so have opens that began after it.  resume TEXT
resume() {
    ask more 2
    check "$1: all opens have ended, and others since" test "$reply" = more
}

# Says what there was since it was asked last, in opens, denied, found, infected
# and wrong.
total=0 total_found=0
ask_counts() {
    ask tell
    read -r _ opens _ denied _ found _ infected _ wrong _ <<<"$reply"
    total=$((total + opens)) total_found=$((total_found + found))
}

# expect TEXT MAX: of the clean ones no more than that have been denied.
expect_counts() {
    ask_counts
    check "$1: $reply" test "$opens" -gt 0 -a "$denied" -le "$2" -a "$wrong" = 0
}

# No request is lost: during TEXT CMD...; losing MAX TEXT CMD...: no more than
# that many.
during() { losing 0 "$@"; }
losing() {
    local max=$1 text=$2
    shift 2
    ask_counts
    check "$text" "$@"
    resume "$text"
    expect_counts "$text" "$max"
    check "$text: nothing infected was opened" test "$infected" = 0
}

# The front says good-bye, and until there is one again accesses pass unseen:
# what is held then is denied, at most one of each thread.
# during_leave TEXT CMD...
during_leave() {
    local text=$1
    shift
    ask_counts
    check "$text" "$@"
    resume "$text"
    expect_counts "$text" $LOAD_THREADS
    resume "$text: then"
    expect_counts "$text: then" 0
    check "$text: then nothing infected is opened" test "$infected" = 0
}

# The load has been worth the name, and what of it is in the logs.
expect_total() {
    check "$total opens in all, $total_found infected files among them" \
        test "$total_found" -gt 0
    check "the front has answered nothing twice" not in_domain guest1 \
        'grep "cannot answer an access" /var/log/xen-guest-front.log'
    check "and no side has broken the protocol" not in_domain guest1 \
        'grep -E "bad-answer|broke the protocol" /var/log/xen-guest-front.log'
}

connection_id() { node "$(folder_of_front guest1)/connection-id"; }
is_another_connection() {
    local now
    now=$(connection_id) && [ "$now" != "$1" ]
}

# Front and back are connected, not as they were.  reconnected CMD...
reconnected() {
    local before
    before=$(connection_id) && "$@" &&
        wait_for is_another_connection "$before" &&
        wait_for are_connected guest1 "${back:-scanner}"
}
