#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A clean file is scanned once until it changes, and whatever changes it is
# seen: EICAR in its place is denied.

. "$(dirname "$0")/lib.sh"

top=/root/records file=/root/records/file

# For the guest's shell, which is to do all of it without a program that the
# front does not know yet: counted CHANGE prints how many requests a change and
# a hundred opens of the file make; outcome tells whether it can be opened.
# shellcheck disable=SC2016
functions='
    cd "$1" || exit 1; shift
    requests() { xen-guest-front --status | sed -n "s/^requests: //p"; }
    opens() {
        i=0
        while [ $i -lt 100 ]; do
            { true <file; } 2>/dev/null || echo "cannot be opened"
            i=$((i + 1))
        done
    }
    counted() {
        before=$(requests)
        eval "$1"
        opens
        after=$(requests)
        echo $((after - before))
    }
    outcome() {
        if { true <file; } 2>/dev/null; then echo allowed; else echo denied; fi
    }
'

# counted CHANGE: a shell command in the folder of the file.
counted() { in_domain guest1 "$functions counted \"\$1\"" $top "$1"; }

# costs PATTERN TEXT CHANGE
costs() {
    local got
    got=$(counted "$3" 2>&1)
    # shellcheck disable=SC2254
    case $got in
    $1) ok "$2, then 100 opens: $got requests" ;;
    *) fail "$2, then 100 opens: $got requests, not $1" ;;
    esac
}

# turns_bad TEXT CHANGE: the file is clean, as long as EICAR, and on record;
# then it is not clean any more.  CHANGE has EICAR in $1.
turns_bad() {
    in_domain guest1 'cd "$1" && rm -f file link && printf "%068d" 0 >file &&
        touch -d "2001-01-01 00:00" file && cat file file file' $top >/dev/null
    # shellcheck disable=SC2016
    check "$1: done" in_domain guest1 'cd "$1" && shift && change=$1 && shift &&
        eval "set -e; $change"' $top "$2" "$(eicar_text)"
    check "$1: EICAR is denied" read_is_denied guest1 $file
}

unprotect guest1
put_program guest1 mapped
in_domain guest1 'rm -rf "$1"; mkdir "$1"' $top
check "guest1 is protected" protect guest1 scanner fail=open timeout-ms=30000

# What the measuring itself needs gets on record.
counted 'echo 1 >new; mv new file; truncate -s 1 file; rm file; echo 2 >file
    chmod 600 file; chown 0 file
    cat file; ls -l' >/dev/null
# Once an overlay may be in use somewhere, a kernel before 6.5 does not tell of
# all writers: below.
check "there is no overlay" in_domain guest1 'umount -a -t overlay
    modprobe -r overlay; test ! -e /sys/module/overlay'
costs 1 "a new file" 'rm file; echo "some text" >file'
costs 0 "nothing" :
costs 0 "read and listed" 'cat file file >/dev/null; ls -l >/dev/null'
costs 1 "written" 'echo more >>file'
costs 0 "nothing" :
costs 1 "truncated" 'truncate -s 5 file'
costs 1 "renamed over" 'echo "another text" >new; mv new file'
costs 0 "renamed, other owner and mode" 'mv file new; chmod 700 new; chown 1 new
    mv new file'
counted 'ln file link' >/dev/null
costs 1 "written through a hard link" 'echo more >>link'
costs 0 "nothing" :
records=$(front_tells guest1 records)
check "there are files on record ($records)" test "$records" -gt 0

# shellcheck disable=SC2016
{
    turns_bad "written in place, same size, same mtime" \
        'printf %s "$1" 1<>file; touch -d "2001-01-01 00:00" file'
    turns_bad "truncated and written" 'printf %s "$1" >file'
    turns_bad "renamed over" 'printf %s "$1" >new; mv new file'
    turns_bad "written through a hard link" \
        'ln file link; printf %s "$1" 1<>link; rm link'
    turns_bad "removed and made anew" 'rm file; printf %s "$1" >file'
    turns_bad "written with the clock set back" 'now=$(date +%s)
        date -s "@$((now - 86400))" >/dev/null
        printf %s "$1" 1<>file; touch -d "2001-01-01 00:00" file
        date -s "@$now" >/dev/null'
}

# A writer that keeps the file open, and one that keeps it mapped.
in_domain guest1 'cd "$1" && rm -f file && printf "%068d" 0 >file' $top
# shellcheck disable=SC2016
said=$(in_domain guest1 "$functions"'
    exec 4<>file
    opens; outcome
    printf %s "$1" >&4; outcome' $top "$(eicar_text)" 2>&1)
check "a writer keeps the file open, then writes EICAR: $(xargs <<<"$said")" \
    test "$(xargs <<<"$said")" = "allowed denied"

in_domain guest1 'cd "$1" && rm -f file && printf "%068d" 0 >file &&
    cat file file >/dev/null' $top
# shellcheck disable=SC2016
said=$(in_domain guest1 "$functions"'
    rm -f in out; mkfifo in out
    /root/mapped file "$1" "$(printf %068d 1)" <in >out & exec 4>in 5<out
    for step in mapped infected clean; do
        [ $step = mapped ] || echo >&4
        read -r word <&5
        opens >/dev/null
        echo "$step $word $(outcome)"
    done' $top "$(eicar_text)")
for step in "mapped ready allowed" "infected written denied" \
    "clean written allowed"; do
    check "a process holds a mapping: $step" grep -qx "$step" <<<"$said"
done
costs '[01]' "nobody has it mapped any more" :
costs 0 "nothing" :

# hidden PLACE CHANGE TEXT: a user mounts an overlay, which nobody sees, over a clean
# file of his in PLACE, and changes the file through it.  CHANGE has EICAR in $1.
hidden() {
    in_domain guest1 'cd "$1" && rm -rf user && mkdir -p user/up user/low \
        user/work user/merged && printf "%068d" 0 >user/up/file &&
        chown -R 1000:1000 user && cat user/up/file user/up/file' "$1" >/dev/null
    # shellcheck disable=SC2016
    check "$3: done" in_domain guest1 'cd "$1"/user && export change=$2 eicar=$3 &&
        setpriv --reuid 1000 --regid 1000 --clear-groups unshare -Urm sh -ec "
            mount -t overlay overlay \
                -o lowerdir=low,upperdir=up,workdir=work merged
            set -- \"\$eicar\"; eval \"\$change\""' "$1" "$2" \
        "$(eicar_text)"
    check "$3: EICAR is denied" read_is_denied guest1 "$1/user/up/file"
}
check "a tmpfs for users" in_domain guest1 'mkdir -p "$1/tmp" &&
    mount -t tmpfs -o mode=1777 none "$1/tmp" && chmod 755 /root "$1" &&
    cp /root/mapped /usr/local/bin/' $top
# shellcheck disable=SC2016
for place in $top $top/tmp; do
    hidden "$place" 'printf %s "$1" 1<>merged/file' \
        "an overlay in $place, written"
    hidden "$place" 'mkfifo in out; mapped merged/file "$1" <in >out & exec 4>in 5<out
        read -r word <&5; echo >&4; read -r word <&5; exec 4>&-; wait' \
        "an overlay in $place, written through a mapping"
done
in_domain guest1 'umount "$1/tmp"; chmod 700 /root' $top
costs 0 "nothing" :
# Now the time counts: a file that is looked at within the tick in which it was
# written is not on record.  That may be so when it is scanned as it is closed;
# it is not at an open after that tick.
tick='until mkdir tick && test tick -nt file; do rmdir tick; done; rmdir tick'
counted "$tick" >/dev/null
costs '[23]' "written, while there may be an overlay" "echo more >>file; $tick"
costs 0 "nothing" :

# New signatures: nothing on record counts any more.
late='a text that is known as bad later on'
in_domain guest1 'cd "$1" && printf %s "$2" >file && cat file file' $top \
    "$late" >/dev/null
check "a file is clean" read_is "$late" guest1 $file
check "new signatures, and the back restarted" in_domain scanner \
    'echo "Late:0:0:$1" >/var/lib/clamav/late.ndb &&
    /etc/init.d/xen-scan-back restart' \
    "$(printf %s "$late" | od -An -v -tx1 | tr -d ' \n')"
check "both sides connect anew" wait_for are_connected guest1 scanner
check "with the new signatures the same file is denied" \
    wait_for read_is_denied guest1 $file
in_domain scanner 'rm -f /var/lib/clamav/late.ndb'
restart_back >/dev/null
check "the old signatures again" wait_for are_connected guest1 scanner

unprotect guest1
in_domain guest1 'rm -rf "$1"' $top
finish
