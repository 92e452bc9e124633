#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What happens to an infected file by policy: into the quarantine and back as
# it was, or deleted; and denied in any case.

. "$(dirname "$0")/lib.sh"

top=/root/infected
file=$top/report.bin
store=/var/lib/xen-guest-front/quarantine
words=(fail=open timeout-ms=30000 notify=no)

quarantine() { "$LAB" exec guest1 -- xen-guest-front --quarantine "$@"; }

# The ID of the one item that was PATH; fails when there is none.
item() {
    quarantine list | awk -v path="$1" \
        '$NF == path { print $1; found = 1; exit } END { exit !found }'
}

# Octets, owner, mode, times and extended attributes, as text.
facts() {
    in_domain guest1 'stat -c "%s %u:%g %a %y" "$1" && sha256sum <"$1" &&
        getfattr --absolute-names -e hex -d -m - "$1"' "$1"
}

gone() { in_domain guest1 '[ ! -e "$1" ] && [ ! -L "$1" ]' "$1"; }
there() { in_domain guest1 '[ -f "$1" ]' "$1"; }

# The policy is in force when EICAR in the folder that it leaves out passes.
is_excluded() {
    plant_eicar guest1 "$top/probe" &&
        [ "$(access guest1 read "$top/probe")" = "read probe allowed" ]
}
exclude() {
    "$LAB" exec dom0 -- vscanctl policy set guest1 "${words[@]}" \
        "exclude-path=$top/" && wait_for is_excluded
}

plant() {
    plant_eicar guest1 $file
    in_domain guest1 'printf "\0\1\377 and more\n" >>"$1" &&
        setfattr -n user.note -v "of \"value\"" "$1" &&
        setfattr -n user.empty "$1" && setfattr -n trusted.x -v 0x00ff "$1" &&
        chown 1000:1001 "$1" && chmod 4751 "$1" &&
        touch -d "2001-02-03 04:05:06.789012345" "$1"' $file
}

unprotect guest1
in_domain guest1 'umount "$1/fixed" 2>/dev/null; rm -rf "$1"
    mkdir -p "$1/fixed" && echo clean >"$1/clean" &&
    mount -t tmpfs none "$1/fixed"' $top
plant_eicar guest1 $top/fixed/eicar
in_domain guest1 'mount -o remount,ro "$1/fixed"' $top
plant
before=$(facts $file)
check "an infected file with owner, mode, times and attributes" \
    grep -q user.note <<<"$before"

check "remedy=quarantine" protect guest1 scanner "${words[@]}" \
    remedy=quarantine
check "reading it is denied" read_is_denied guest1 $file
check "it is gone from its place" wait_for gone $file
check "it is listed" item $file
check "with the name of what was found" in_domain guest1 \
    'xen-guest-front --quarantine list | grep -F "$1" |
        grep -F Eicar-Test-Signature' $file
check "a clean file is read, and stays" read_is clean guest1 $top/clean
check "nothing in the quarantine is a test file" in_domain guest1 \
    '[ -n "$(ls "$1")" ] && ! grep -rF "$2" "$1"' $store \
    "EICAR-STANDARD-ANTIVIRUS"
check "nobody but root gets at it" test "$(in_domain guest1 \
    'find "$1" ! \( -type d -perm 700 -o -type f -perm 600 \) -o ! -user root' \
    $store 2>&1)" = ""
exported() {
    local digest
    digest=$(quarantine export "$(item "$file")" - | sha256sum) &&
        grep -qx "$digest" <<<"$before"
}
check "export gives its octets" exported
check "a file that cannot be moved is denied" \
    read_is_denied guest1 $top/fixed/eicar
check "and again" read_is_denied guest1 $top/fixed/eicar
check "and stays" there $top/fixed/eicar

check "remedy=deny, its folder left out" exclude
id=$(item $file)
check "restore" quarantine restore "$id"
after=$(facts $file)
check "octets, owner, mode, times and attributes are as before" \
    test "$after" = "$before"
diff <(echo "$before") <(echo "$after") | sed 's/^/    /'
check "it is not listed any more" not item $file

check "remedy=quarantine" protect guest1 scanner "${words[@]}" \
    remedy=quarantine
check "running it is denied" exec_is_denied guest1 $file
check "it is gone from its place" wait_for gone $file
in_domain guest1 'echo precious >"$1"' $file
id=$(item $file)
check "restore does not replace a file" not quarantine restore "$id"
check "which is as it was" read_is precious guest1 $file
check "delete" quarantine delete "$id"
check "it is not listed any more" not item $file
check "what is no ID is refused" not quarantine restore ../../etc/passwd

unprotect guest1
plant
check "remedy=delete" protect guest1 scanner "${words[@]}" remedy=delete
check "reading it is denied" read_is_denied guest1 $file
check "it is gone from its place" wait_for gone $file
check "and nowhere" not item $file
check "a clean file is read, and stays" read_is clean guest1 $top/clean

unprotect guest1
quarantine list | awk -v top=$top/ 'index($NF, top) == 1 { print $1 }' |
    while read -r id; do quarantine delete "$id" </dev/null; done
in_domain guest1 'umount "$1/fixed"; rm -rf "$1"' $top
finish
