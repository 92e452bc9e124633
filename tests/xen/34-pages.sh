#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Files' own pages, granted by the kernel module: what is scanned is the file,
# nothing is copied but a last page that is not full, and no page stays granted.
# COUNT small files are opened (default 500).  With RESTORE=1 guest1 is saved and
# restored while pages are left over, too.

. "$(dirname "$0")/lib.sh"

count=${COUNT:-500}
place=/root/pages
policy="fail=closed close-write=no timeout-ms=600000 transport=pages"
sys='/sys/class/misc/xen!vscan-pages'

tells() { node "$back/incidents" | sed 's/\\n/\n/g' | grep -q " $1 "; }
# What guest1's module says of NAME.
now() { in_domain guest1 'read -r n <"$1/$2" && echo "$n"' "$sys" "$1"; }
now_is() { [ "$(now "$1")" -eq "$2" ]; }
# make PATH SIZE HOLE LETTER: EICAR, as many octets of a hole, and the letter up
# to the size.  The text comes last: nobody may open the file then.
make() {
    in_domain guest1 'rm -f "$1" && truncate -s $((68 + $3)) "$1" &&
        head -c $(($2 - $3 - 68)) /dev/zero | tr "\0" "$4" >>"$1" &&
        printf %s "$5" | dd of="$1" conv=notrunc status=none && sync' \
        "$1" "$2" "$3" "$4" "$(eicar_text)"
}
digest() {
    { eicar_text; head -c "$2" /dev/zero
      head -c $(($1 - $2 - 68)) /dev/zero | tr '\0' "$3"; } |
        sha256sum | cut -d' ' -f1
}

# found_as TYPE SIZE HOLE LETTER CMD: it is made, CMD is run, and it is found, by
# the digest of what it is.
found_as() {
    make "$place/$1/file" "$2" "$3" "$4" && $5 &&
        read_is_denied guest1 "$place/$1/file" &&
        wait_for tells "$(digest "$2" "$3" "$4")"
}
forget_pages() { in_domain guest1 'echo 3 >/proc/sys/vm/drop_caches'; }

# type_is_scanned TYPE LETTER SIZE:HOLE...: each is scanned as it is, read from the
# disk or not; and as much is copied as its last page has, if that is not full.
type_is_scanned() {
    local type=$1 letter=$2 what size hole before octets
    for what in "${@:3}"; do
        size=${what%:*} hole=${what#*:}
        found_as "$type" "$size" "$hole" "${letter,}" forget_pages ||
            { echo "$what from the disk"; return 1; }
        # The programs that are run for it are on record now.
        found_as "$type" "$size" "$hole" "$letter" true ||
            { echo "$what"; return 1; }
        before=$(counter guest1 front octets-copied)
        read_is_denied guest1 "$place/$type/file" || return 1
        octets=$(($(counter guest1 front octets-copied) - before))
        [ "$octets" = $((size % 4096)) ] ||
            { echo "$what: $octets octets copied"; return 1; }
    done
}

mount_all() {
    in_domain guest1 'cd "$1" && mkdir -p ext4 tmpfs xfs btrfs lower upper work \
            overlay && mount -t overlay overlay overlay \
            -o lowerdir=lower,upperdir=upper,workdir=work &&
        mount -t tmpfs -o size=100m tmpfs "$1/tmpfs" &&
        truncate -s 320M "$1/xfs.img" "$1/btrfs.img" &&
        mkfs.xfs -q "$1/xfs.img" && mkfs.btrfs -q "$1/btrfs.img" &&
        mount -o loop "$1/xfs.img" "$1/xfs" &&
        mount -o loop "$1/btrfs.img" "$1/btrfs"' "$place"
}
are_covered() {
    is_covered guest1 xfs "$place/xfs" && is_covered guest1 btrfs "$place/btrfs" &&
        is_covered guest1 tmpfs "$place/tmpfs" &&
        is_covered guest1 overlay "$place/overlay"
}

# grant FILE OFFSET SIZE: guest1 grants these pages to dom0; the references.
grant() {
    in_domain guest1 'rm -f /root/said
        setsid /root/grants "$@" >/root/said 2>&1 </dev/null &' "$@"
    wait_for in_domain guest1 'grep -q . /root/said'
    in_domain guest1 'sed -n "s/^granted //p" /root/said'
}
# dom0 maps them, and keeps them.
map() {
    in_domain dom0 'setsid /root/maps "$@" >/root/said 2>&1 </dev/null &' \
        "$(domid guest1)" "$@"
    wait_for in_domain dom0 'grep -q "^mapped" /root/said'
}
# It lets go; it has had the same all the time.
let_go() {
    in_domain dom0 'kill $(pidof maps)' &&
        wait_for in_domain dom0 'grep -qx "had $1" /root/said' "$1" &&
        in_domain dom0 'grep -qx "mapped $1" /root/said' "$1"
}
# A file in large folios, with the word in its middle.
make_large() {
    in_domain guest1 '{ head -c 4194304 /dev/zero; printf %s "$2"
            head -c 4194304 /dev/zero; } >"$1" && sync &&
        echo 3 >/proc/sys/vm/drop_caches && cat "$1" >/dev/null' "$@"
}
set_limit() {
    in_domain guest1 'echo "$1" >/sys/module/xen_vscan_pages/parameters/limit' "$1"
}

# What is in the swap area is scanned as it is.
swapped_is_found() {
    put_program guest1 pageout &&
        in_domain guest1 'modprobe zram && echo 32M >/sys/block/zram0/disksize &&
            mkswap /dev/zram0 && swapon /dev/zram0' &&
        { eicar_text; head -c 1048576 /dev/zero | tr '\0' S; } |
        in_domain guest1 '/root/pageout "$1" 1048644' "$place/tmpfs/swapped" &&
        read_is_denied guest1 "$place/tmpfs/swapped" &&
        wait_for tells "$(digest 1048644 0 S)"
}

# What is behind the text changes all the time: the file is found each time, or
# its content has changed too often, which is denied, too.
found_while() {
    in_domain guest1 'rm -f "$1"
        { /root/changes "$2" "$1" "$3" & echo $! >/root/changer; } |
            { read -r ready
              for i in 1 2 3; do
                  ! (: <"$1") 2>/dev/null || { echo "read"; break; }
              done
              [ "$ready" = ready ] && kill "$(cat /root/changer)" &&
                  rm "$1" && [ "$i" = 3 ]; }' "$place/$1/changes" "$2" \
        "$(eicar_text)"
}

stop_workers() { in_domain scanner 'pkill -STOP "^vscan-worker"'; }
continue_workers() { in_domain scanner 'pkill -CONT "^vscan-worker"'; }
restart_front() {
    in_domain guest1 "/etc/init.d/xen-guest-front $1"
}

leave() {
    continue_workers
    unprotect guest1
    in_domain dom0 'kill $(pidof maps)'
    in_domain guest1 'kill $(pidof grants); swapoff /dev/zram0; rmmod zram; umount "$1"/*
        rm -rf "$1"' "$place"
} >/dev/null 2>&1
trap leave EXIT

unprotect guest1
in_domain guest1 'mkdir -p "$1"' "$place"
check "filesystems are mounted" mount_all
put_program guest1 grants
"$LAB" push dom0 "$(dirname "$LAB")/../../.build/tests/xen/maps" /root/maps

# The module by itself.  A domain that does not let go keeps what it has, and
# that is counted; nobody else gets it.
large=$place/xfs/large
check "there is a file in large folios" make_large $large Large
ref=$(grant $large 4194304 4096)
check "one page of it is granted" now_is granted 1
pinned=$(now pinned)
check "which keeps $pinned in memory" test "$pinned" -gt 1
check "dom0 maps it" map "$ref"
check "who has granted it is killed" in_domain guest1 'kill -9 $(pidof grants)'
check "it is left over" wait_for now_is left_over 1
check "it keeps as many" now_is pinned "$pinned"
check "and is not granted" now_is granted 0
set_limit "$pinned"
check "they count towards the limit" test -z "$(grant $large 0 4096)"
check "that is why" in_domain guest1 'grep -qx "grant: No space left on device" \
    /root/said'
set_limit 16384
check "the file is removed, and there is another" \
    in_domain guest1 'rm "$1"' $large
check "in large folios" make_large $large Other
if [ "${RESTORE-}" ]; then
    check "guest1 is saved" "$LAB" exec dom0 -- xl save guest1 /tmp/guest1.save
    check "guest1 is restored" "$LAB" exec dom0 -- xl restore /tmp/guest1.save
    check "it is up" "$LAB" wait guest1 300
    check "nothing is left over there" wait_for now_is left_over 0
    "$LAB" exec dom0 -- rm -f /tmp/guest1.save
fi
check "dom0 lets go, and has had the same all the time" let_go Large
check "nothing is left over" wait_for now_is left_over 0
check "nor kept" now_is pinned 0
make "$place/lower/file" 4097 0 L
# shellcheck disable=SC2086 # words
check "guest1 is protected" protect guest1 scanner $policy
back=$(folder_of_back guest1 scanner)
check "all of them are covered" wait_for are_covered
check "and open programs" in_domain guest1 'cat /etc/passwd; ls -l; sync'
letter=A largest=33554432:16777216
for type in ext4 xfs btrfs tmpfs; do
    check "$type: what is scanned is the file, and is not copied" \
        type_is_scanned $type "$letter" "$largest" 1052672:0 4097:0 69:0
    largest=4194304:2097152
    letter=$(tr ABC BCD <<<"$letter")
done
check "overlayfs: what is in the layer below is found" \
    read_is_denied guest1 $place/overlay/file
check "as what it is" wait_for tells "$(digest 4097 0 L)"
check "overlayfs: what is scanned is the file, and is not copied" \
    type_is_scanned overlay E 1052672:0 4097:0
check "tmpfs: what is in the swap area is found" swapped_is_found
# shellcheck disable=SC2016
check "a hole of tmpfs stays one" in_domain guest1 '
    truncate -s 8M "$1/tmpfs/hole" && cat "$1/tmpfs/hole" >/dev/null &&
    [ "$(stat -c %b "$1/tmpfs/hole")" = 0 ]' "$place"
check "nothing is granted" wait_for now_is granted 0

put_program guest1 changes
for type in ext4 xfs tmpfs; do
    for how in append cut rewrite; do
        check "$type: found while it changes: $how" found_while $type $how
    done
done
for how in map punch; do
    check "ext4: found while it changes: $how" found_while ext4 $how
done
check "nothing is granted" wait_for now_is granted 0

put_program guest1 opens
for ((i = 0; i < count; i += 500)); do
    check "500 files" in_domain guest1 'mkdir -p /root/pages/many &&
        /root/opens /root/pages/many 5000 499 && rm -rf /root/pages/many'
done
check "nothing is granted" wait_for now_is granted 0
check "nothing is left over" now_is left_over 0
mapped=$(active_grants)
check "the scanner has no more mapped than the pool: $mapped pages" \
    test "$mapped" -le 512

# Of what runs, and of what is being scanned for that, nobody writes.  While the
# engines stand still nothing is run that is not on record.
check "there is a new program, and what runs it is on record" in_domain guest1 '
    head -c 1048576 /dev/urandom >"$1" && chmod 755 "$1" && setsid true' $place/new
check "the engines stop" stop_workers
check "it is started" in_domain guest1 '
    setsid sh -c "\"\$1\"" sh "$1" </dev/null >/dev/null 2>&1 &' $place/new
check "its pages are granted" wait_for now_is granted 256
check "it cannot be opened for writing" in_domain guest1 '
    case $( (: >>"$1") 2>&1) in *"Text file busy"*) ;; *) false ;; esac' \
    $place/new
check "the engines go on" continue_workers
check "its scan ends" wait_for now_is granted 0
check "it can be" in_domain guest1 ': >>"$1"' $place/new

# The module goes, and comes.
check "the front is stopped" restart_front stop
check "the module is unloaded" in_domain guest1 'rmmod xen_vscan_pages'
check "the kernel has nothing to say of it" not in_domain guest1 \
    'dmesg | grep -E "BUG|WARNING|Oops|vscan_pages.*error|Bad page"'
check "the front starts without it" in_domain guest1 '
    mv /lib/modules/*/extra/xen-vscan-pages.ko /root/ && depmod &&
    /etc/init.d/xen-guest-front start'
check "it is protected" wait_for are_connected guest1 scanner
before=$(counter guest1 front octets-copied)
check "a file is read" in_domain guest1 'head -c 1048576 /dev/urandom >"$1" &&
    cat "$1" >/dev/null' $place/new
check "and copied" test $(($(counter guest1 front octets-copied) - before)) -ge 1048576
check "the module is back" in_domain guest1 '
    mv /root/xen-vscan-pages.ko /lib/modules/*/extra/ && depmod &&
    /etc/init.d/xen-guest-front restart'
check "and used" in_domain guest1 'lsmod | grep -q "^xen_vscan_pages .* 1 *$"'
finish
