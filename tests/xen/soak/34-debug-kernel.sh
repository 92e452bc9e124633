#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# 34-pages.sh with 10,000 files, and guest1 is saved and restored meanwhile, while
# its kernel looks after its memory: red zones and poison in and around its
# objects, and poison in pages that are free.

. "$(dirname "$0")/../lib.sh"

config=/etc/xen/guest1.cfg
words='slub_debug=FZPU page_poison=1'

# configure SED-SCRIPT: the kernel's words in guest1's config.
configure() { in_domain dom0 'sed -i "$1" "$2"' "$1" "$config"; }

leave() {
    configure "s/ $words//"
    create guest1
} >/dev/null 2>&1
trap leave EXIT

unprotect guest1
check "guest1's kernel is to look after its memory" \
    configure "s/^extra = \"[^\"]*/& $words/"
check "guest1 is created" create guest1
check "its kernel does" in_domain guest1 '
    [ "$(cat /sys/kernel/slab/kmalloc-64/red_zone)" = 1 ] &&
    dmesg | grep -q "PAGE_POISONING is on"'
COUNT=10000 RESTORE=1 "$(dirname "$0")/../34-pages.sh" || failures=$((failures + 1))
check "the kernel has found nothing" in_domain guest1 '! dmesg |
    grep -E "\<BUG|Oops|corrupt|Redzone|Poison over|Object already free"'
finish
