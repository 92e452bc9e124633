#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The guest's kernel module, as DKMS builds it from what "make install-guest" has
# installed, with Debian's headers, in the guest.

. "$(dirname "$0")/../lib.sh"

module=xen-vscan-pages
version=1

# From which file the kernel's tools would load it.
is_at() { in_domain guest1 'modinfo -F filename "$1" | grep -q "/$2/"' "$module" "$1"; }

leave() {
    in_domain guest1 'dkms remove "$1/$2" --all
        /etc/init.d/xen-guest-front stop; rmmod xen_vscan_pages
        depmod; /etc/init.d/xen-guest-front start' "$module" "$version"
} >/dev/null 2>&1
trap leave EXIT

unprotect guest1
check "the lab's own module is there" is_at extra
check "DKMS builds and installs it" in_domain guest1 \
    'dkms install --force "$1/$2"' "$module" "$version"
check "it is the one that is loaded" is_at updates/dkms
check "its version is that of DKMS" in_domain guest1 \
    '[ "$(modinfo -F version "$1")" = "$2" ]' "$module" "$version"
check "the front is stopped" in_domain guest1 '/etc/init.d/xen-guest-front stop'
check "the module is loaded anew" in_domain guest1 \
    'rmmod xen_vscan_pages; modprobe "$1"' "$module"
check "the front starts" in_domain guest1 '/etc/init.d/xen-guest-front start'
check "guest1 is protected" protect guest1 scanner fail=closed transport=pages
plant_eicar guest1 /root/eicar
check "EICAR is denied" read_is_denied guest1 /root/eicar
check "by pages of its own" in_domain guest1 \
    '[ "$(cat "/sys/class/misc/xen!vscan-pages/copied")" -ge 68 ]'
unprotect guest1
in_domain guest1 'rm -f /root/eicar'
check "DKMS removes it" in_domain guest1 'dkms remove "$1/$2" --all' \
    "$module" "$version"
finish
