#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the policy leaves out, by path, type of filesystem, program and user, and
# nothing that only looks like it; and read(2), where the policy wants it.

. "$(dirname "$0")/lib.sh"

top=/srv/policy
user="setpriv --reuid 1500 --regid 1500 --clear-groups"

# policy WORD...: all of them are in force when the front says so.
policy() {
    "$LAB" exec dom0 -- vscanctl policy set guest1 fail=open notify=no "$@" &&
        wait_for says "$@"
}
says() {
    local word text
    text=" $(front_tells guest1 policy) "
    for word; do
        [[ $text == *" $word "* ]] || return 1
    done
}

# tries allowed|denied TEXT SCRIPT [ARG...]: a program is to read a file.
tries() {
    local said
    # shellcheck disable=SC2016
    said=$(in_domain guest1 "cd $top || exit; $3" "${@:4}" 2>&1)
    case $said in
    *"Operation not permitted"*) said=denied ;;
    *EICAR-STANDARD*) said=allowed ;;
    esac
    if [ "$said" = "$1" ]; then
        ok "$2: $1"
    else
        fail "$2: $said, not $1"
    fi
}

unprotect guest1
put_program guest1 mapped
in_domain guest1 'umount "$1"/* 2>/dev/null; rm -rf "$1"; mkdir -p "$1" && cd "$1" &&
    mkdir in "in 2" out other tmp
    mount -t tmpfs none tmp && chmod 755 . in out other tmp &&
    cp /bin/cat reader && cp /bin/cat twin && cp /root/mapped . &&
    chmod 755 reader twin mapped' $top
for place in eicar in/eicar "in 2/eicar" out/eicar tmp/eicar; do
    plant_eicar guest1 "$top/$place"
done
in_domain guest1 'ln -s "$1/eicar" "$1/in/link"; ln "$1/out/eicar" "$1/in/hard"
    chown -R 1500:1500 "$1/other"' $top
plant_eicar guest1 $top/other/eicar
check "guest1 is protected" protect guest1 scanner fail=open notify=no
tries denied "nothing is left out" 'cat eicar'

check "a path" policy exclude-path=$top/in/
tries allowed "the path" 'cat in/eicar'
tries denied "a path that begins like it" 'cat "in 2/eicar"'
tries denied "by a link from there" 'cat in/link'
tries allowed "by a way that leads there" 'cat out/../in/eicar'
# What a user mounts where he may has any path that he likes.
tries denied "a user mounts his own folder there" "$user unshare -Urm sh -c '
    mount --bind other in && cat in/eicar'"
check "patterns" policy "exclude-path=$top/in%202/,$top/o*t/"
tries allowed "a pattern" 'cat out/eicar'
tries allowed "a name with a space" 'cat "in 2/eicar"'
tries denied "what it does not match" 'cat in/eicar'

check "a type of filesystem" policy exclude-fs=tmpfs
tries allowed "the type" 'cat tmp/eicar'
tries denied "another type" 'cat eicar'

check "a program" policy exclude-exe=$top/reader
tries allowed "the program" './reader eicar'
tries denied "a copy of it" './twin eicar'
tries denied "one that says it was it" "bash -c 'exec -a $top/reader ./twin eicar'"
tries denied "a user mounts his own over it" "$user unshare -Urm sh -c '
    mount --bind twin reader && ./reader eicar'"

check "a user" policy exclude-uid=1500
tries allowed "the user" "$user cat eicar"
tries denied "another" 'cat eicar'
tries denied "who is it in a namespace" \
    "setpriv --reuid 1600 --regid 1600 --clear-groups unshare -U --map-user=1500 \
        cat eicar"
# What he has open for writing is not on record for the others, either.
# shellcheck disable=SC2016
tries denied "what he writes through a mapping" 'cd other
    rm -f file in out; mkfifo in out; printf "%068d" 0 >file
    chown 1500 file in out; cat file file >/dev/null
    '"$user"' '"$top"'/mapped file "$1" <in >out & exec 4>in 5<out
    read -r word <&5; cat file >/dev/null; echo >&4; read -r word <&5
    cat file' "$(eicar_text)"

# A descriptor from before it was infected.
# shellcheck disable=SC2016
reads_late='printf "%068d" 0 >late; exec 3<late; printf "%s" "$1" >late; cat <&3'
check "read=no" policy read=no
tries allowed "read by an open descriptor" "$reads_late" "$(eicar_text)"
check "read=yes" policy read=yes
tries denied "read by an open descriptor, with read=yes" "$reads_late" \
    "$(eicar_text)"

unprotect guest1
in_domain guest1 'umount "$1/tmp"; rm -rf "$1"' $top
finish
