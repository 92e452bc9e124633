#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The same back, by the same command line, in dom0; then the guest goes back to
# the scanner domain.

. "$(dirname "$0")/lib.sh"

unprotect guest1
plant_eicar guest1 /root/eicar
in_domain guest1 'echo clean >/root/clean'

check "the back is installed in dom0" install_back_in_dom0
check "and starts" "$LAB" exec dom0 -- /etc/init.d/xen-scan-back restart
check "guest1 and dom0 are connected" protect guest1 Domain-0
check "EICAR is denied" read_is_denied guest1 /root/eicar
check "a clean file is read" read_is clean guest1 /root/clean
check "the log in dom0 tells" in_domain dom0 'grep "guest=\"guest1\".* \
verdict=infected .*path=\"/root/eicar\"" /var/log/xen-scan-back.log'
check "detach" unprotect guest1
check "no node is left" in_domain dom0 \
    '! xenstore-exists /local/domain/0/backend/vscan'
check "the back in dom0 stops" \
    "$LAB" exec dom0 -- /etc/init.d/xen-scan-back stop
check "guest1 is served by the scanner domain" protect guest1 scanner
check "EICAR is denied" read_is_denied guest1 /root/eicar
unprotect guest1
finish
