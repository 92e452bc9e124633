#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A build of a part of this project, xenstore-schema, inside the protected guest
# gives the same files, octet by octet, as without protection.

. "$(dirname "$0")/../lib.sh"

place=/root/build

# The sources, as they are here.
put_sources() {
    local source files status
    source=$(dirname "$LAB")/../..
    files=$(mktemp -d) &&
        mkdir "$files/build" &&
        cp -r "$source"/{Makefile,Config.mk,xenstore-schema} "$files/build/" &&
        in_domain guest1 'rm -rf "$1"' "$place" &&
        "$LAB" push guest1 "$files/build" "$place"
    status=$?
    rm -rf "$files"
    return "$status"
}

# From nothing.  What the packages of the whole project are is of no account.
build() {
    in_domain guest1 'cd "$1" && rm -rf .build && make -s PACKAGES_BUILD= \
        $(ls xenstore-schema/[c-n]*.c | sed "s/c$/o/; s/^/.build\//")' "$place"
}

# Digests and names of all that was built.
built() {
    in_domain guest1 'cd "$1" && find .build -type f -exec sha256sum {} + |
        sort -k 2' $place
}

unprotect guest1
check "the sources are in guest1" put_sources
start=$SECONDS
check "it builds unprotected" build
unprotected=$((SECONDS - start))
before=$(built)
check "$(wc -l <<<"$before") files are made" \
    test "$(wc -l <<<"$before")" -ge 16

# An access without a verdict fails, unless it is of a file above the limit of
# a request, as compilers are.
check "guest1 is protected" protect guest1 scanner fail=closed \
    timeout-ms=60000 allow=too-large
requests=$(front_tells guest1 requests)
start=$SECONDS
check "it builds protected" build
protected=$((SECONDS - start))
after=$(built)
check "the same files ($unprotected s unprotected, $protected s protected)" \
    test "$after" = "$before"
diff <(echo "$before") <(echo "$after") | sed 's/^/    /'
requests=$(($(front_tells guest1 requests) - requests))
check "what was read for it has been scanned ($requests requests)" \
    test "$requests" -ge 20
plant_eicar guest1 $place/eicar
check "EICAR among it is denied" read_is_denied guest1 $place/eicar
unprotect guest1
in_domain guest1 'rm -rf "$1"' $place
finish
