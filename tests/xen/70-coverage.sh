#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# No way around: EICAR is denied however, wherever and through whichever mount
# it is accessed, clean files pass, and the front tells what it does not cover.

. "$(dirname "$0")/lib.sh"

top=/root/coverage
# Where a user gets at it, too.
access=/var/tmp/access
ways='open read openat2 mmap sendfile exec fexecve opath procfd handle io_uring'

# Everything that an earlier run may have left; unprotected.
sweep() {
    in_domain guest1 'cd / && kill $(cat "$1"/*.pid) 2>/dev/null
        sed -n "s|^[^ ]* \($1/[^ ]*\) .*|\1|p" /proc/mounts | sort -r |
            while read -r place; do umount -l "$place" 2>/dev/null; done
        rm -rf "$1"; mkdir -p "$1"' $top
}

# An image with EICAR and a clean program: image TYPE MB MKFS...
image() {
    local type=$1 size=$2
    shift 2
    in_domain guest1 'cd "$1" && mkdir -p "$2" && truncate -s "$3M" "$2.img" &&
        type=$2 && shift 3 && "$@" "$type.img" >/dev/null &&
        mount -o loop "$type.img" "$type" && cp -p eicar clean "$type/" &&
        umount "$type"' "$top" "$type" "$size" "$@"
}

# A process with a mount namespace, and a tmpfs in it that is nowhere else:
# holder NAME COMMAND..., which is to be unshare or to end with it.  Its pid is
# in NAME.pid.
holder() {
    in_domain guest1 'name=$1; shift
        "$@" sh -c "mount -t tmpfs none /mnt && exec sleep 10000" \
            </dev/null >/dev/null 2>&1 &
        echo $! >"$name.pid"
        i=0
        until grep -q " /mnt tmpfs " /proc/$!/mounts || [ $i = 100 ]; do
            i=$((i + 1)); sleep 0.1
        done
        [ $i != 100 ]' "$top/$1" "${@:2}"
}

# tries WANTED TEXT RUNNER FILE WAY...: one line for each way.  RUNNER is what
# starts the program, "" for nothing.
tries() {
    local wanted=$1 text=$2 runner=$3 file=$4 said way
    shift 4
    # shellcheck disable=SC2086 # words
    said=$("$LAB" exec guest1 -- $runner $access "$file" "$@" 2>&1)
    for way; do
        if grep -qx "$way $wanted" <<<"$said"; then
            ok "$text, $way: $wanted"
        else
            fail "$text, $way: not $wanted: $(grep -F -e "$way " -e access: \
                <<<"$said" | tr '\n' ' ')"
        fi
    done
}

# Puts a new EICAR there, from inside, and reads it, from inside and outside:
# container NAME [OPTION], of nsenter.
container() {
    local name=$1 pid runner
    pid=$(in_domain guest1 'cat "$1.pid"' "$top/$name")
    runner="nsenter -t $pid -m ${2:-}"
    # shellcheck disable=SC2086 # words
    eicar_text | "$LAB" exec guest1 -- $runner sh -c 'cat >/mnt/eicar' ||
        fail "$name: cannot write there"
    # shellcheck disable=SC2086
    "$LAB" exec guest1 -- $runner sh -c 'chmod 755 /mnt/eicar
        echo clean >/mnt/clean'
    # What another namespace mounts is found, not told: it takes a moment.
    check "$name: the tmpfs in it is covered" wait_for \
        read_is_denied guest1 "/proc/$pid/root/mnt/eicar"
    tries denied "$name" "$runner" /mnt/eicar read exec mmap
    tries allowed "$name" "$runner" /mnt/clean read mmap
}

# left_out_for_dom0 TYPE PATH: the node that the toolstack reads says so, and
# vscanctl shows it.
left_out_for_dom0() {
    node "$(folder_of_front guest1)/not-covered" | grep -F "$1 $2: " &&
        in_domain dom0 'vscanctl list | grep -F "    not covered: $1 $2: "' \
            "$1" "$2"
}

# The whole life of a filesystem that is mounted while the front runs.
later_filesystem() {
    local type=$1 place=$top/$1
    check "$type: mounted" in_domain guest1 \
        'mount -o loop "$1.img" "$1"' "$place"
    check "$type: is listed as covered" \
        wait_for is_covered guest1 "$type" "$place"
    tries denied "$type" "" "$place/eicar" read exec
    tries allowed "$type" "" "$place/clean" read exec
    check "$type: unmounted straight after a copy into it" in_domain guest1 \
        'cp "$2" "$1/copy" && umount "$1"' "$place" $top/clean
    check "$type: is not listed any more" \
        wait_for not is_covered guest1 "$type" "$place"
}

unprotect guest1
sweep
put_program guest1 access
check "a program for all users" in_domain guest1 'mv /root/access "$1"' $access
plant_eicar guest1 $top/eicar
in_domain guest1 'cd "$1" && cp /bin/true clean &&
    cp /lib/x86_64-linux-gnu/libm.so.6 libclean.so && cp eicar libeicar.so &&
    ln eicar hard && ln -s eicar soft && ln -s /root linked &&
    mkdir bind tmpfs fuse lower upper work merged &&
    cp eicar clean lower/ && cp clean lower/later' $top
# The images are above the limit of a request, so they are made before.
check "ext4 image" image ext4 40 mkfs.ext4 -q
check "vfat image" image vfat 40 mkfs.vfat
check "xfs image" image xfs 300 mkfs.xfs -q
check "btrfs image" image btrfs 120 mkfs.btrfs -q
check "before it is attached, everything can be read" \
    in_domain guest1 'cat "$1/eicar"' $top
check "a container is there before the front covers anything" \
    holder early unshare -m

# Only a verdict denies.
check "guest1 is protected" protect guest1 scanner fail=open timeout-ms=30000

# shellcheck disable=SC2086 # words
tries denied "EICAR" "" $top/eicar $ways
# shellcheck disable=SC2086
tries allowed "a clean program" "" $top/clean $ways
tries denied "EICAR as a library" "" $top/libeicar.so dlopen
tries allowed "a clean library" "" $top/libclean.so dlopen
tries denied "hard link" "" $top/hard read exec
tries denied "symbolic link" "" $top/soft read exec
tries denied "symbolic link on the way" "" $top/linked/coverage/eicar read exec

check "a bind mount" in_domain guest1 'mount --bind "$1" "$1/bind"' $top
tries denied "bind mount" "" $top/bind/eicar read exec dlopen
tries allowed "bind mount" "" $top/bind/clean read exec
tries denied "bind mount in a container" "unshare -m" $top/bind/eicar read exec
tries allowed "bind mount in a container" "unshare -m" $top/bind/clean \
    read exec
check "the bind mount is unmounted" in_domain guest1 'umount "$1/bind"' $top

container early
check "a container that comes later" holder late unshare -m
container late
check "a container of a user" holder user \
    setpriv --reuid 1000 --regid 1000 --clear-groups unshare -Urm
container user -U

check "a tmpfs is mounted" in_domain guest1 'mount -t tmpfs none "$1/tmpfs"' \
    $top
check "tmpfs: is listed as covered" \
    wait_for is_covered guest1 tmpfs $top/tmpfs
plant_eicar guest1 $top/tmpfs/eicar
in_domain guest1 'cp "$1/clean" "$1/tmpfs/"' $top
# shellcheck disable=SC2086
tries denied "tmpfs" "" $top/tmpfs/eicar $ways
tries allowed "tmpfs" "" $top/tmpfs/clean read exec
check "the tmpfs is unmounted" in_domain guest1 'umount "$1/tmpfs"' $top

# The kernel tells of an overlay's files on it or below it, by its version.
merged=$top/merged
check "an overlay is mounted" in_domain guest1 'mount -t overlay overlay -o \
    "lowerdir=$1/lower,upperdir=$1/upper,workdir=$1/work" "$1/merged"' $top
check "overlay, lower: is covered" \
    wait_for read_is_denied guest1 $merged/eicar
tries denied "overlay, lower" "" $merged/eicar read exec mmap
tries allowed "overlay, lower" "" $merged/clean read exec
plant_eicar guest1 $merged/new
tries denied "overlay, upper" "" $merged/new read exec mmap
tries denied "overlay's upper itself" "" $top/upper/new read exec
# The kernel opens the lower file for that, and may be denied itself.
in_domain guest1 'chmod 700 "$1"' $merged/eicar 2>/dev/null
tries denied "overlay, to be copied up" "" $merged/eicar read exec mmap
check "overlay: a clean file is copied up" in_domain guest1 \
    'chmod 700 "$1/merged/clean" && [ -e "$1/upper/clean" ]' $top
tries allowed "overlay, copied up" "" $merged/clean read exec
eicar_text | put_text guest1 $merged/later
tries denied "overlay, copied up and then written" "" $merged/later read exec
tries allowed "overlay, what is below that" "" $top/lower/later read exec
check "the overlay is unmounted" in_domain guest1 'umount "$1"' $merged

# From here on with a filesystem on which every look waits for ever.
check "a FUSE filesystem that nobody serves" in_domain guest1 'modprobe fuse
    cd "$1" &&
    mkfifo hold answers && { "$2" dead-fuse "$1/fuse" <hold \
        >answers 2>&1 & sleep 10000 >hold </dev/null 2>/dev/null &
        echo $! >fuse.pid; } && read -r said <answers && [ "$said" = ready ]' \
    $top $access
check "fuse: is listed as not covered, with a reason" \
    wait_for is_left_out guest1 fuse $top/fuse
check "fuse: and for dom0" wait_for left_out_for_dom0 fuse $top/fuse
for type in ext4 vfat xfs btrfs; do
    later_filesystem $type
done
check "EICAR is denied still" read_is_denied guest1 $top/eicar

unprotect guest1
sweep
in_domain guest1 'rm -f "$1"' $access
finish
