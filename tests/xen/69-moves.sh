#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# guest1 is given another scanner, in dom0, and the first one again, while files
# are written and opened in it: what was sent to the one is sent to the other, no
# clean file is denied, no infected one is opened.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/under-load.sh"

xl() { "$LAB" exec dom0 -- xl "$@"; }
move() { "$LAB" exec dom0 -- vscanctl move guest1 --backend "$1"; }
move_to() { move "$1" && wait_for are_connected guest1 "$1"; }
there_and_back() { move Domain-0 && move_to scanner; }
# What the scanner has not answered is sent to the other one.
move_held() {
    xl pause scanner && all_are_held && move_to Domain-0
}
record_names() {
    has "/libxl/$(domid guest1)/device/vscan/0/backend-name" "$1"
}
leave() {
    xl unpause scanner
    stop_load
    unprotect guest1
    "$LAB" exec dom0 -- /etc/init.d/xen-scan-back stop
} >/dev/null 2>&1

unprotect guest1
check "the back is installed in dom0" install_back_in_dom0
check "and starts" "$LAB" exec dom0 -- /etc/init.d/xen-scan-back restart
check "guest1 is protected by the scanner domain" protect_loaded
trap leave EXIT
start_load
ask_counts

during "moved to dom0" move_to Domain-0
check "the toolstack knows whose it is now" record_names Domain-0
check "no node is left at the scanner domain" not node \
    "$(folder_of_back guest1 scanner)/state"
during "moved to the scanner domain" move_to scanner
during "moved to dom0 and back at once" there_and_back
check "the toolstack knows that" record_names scanner
check "and nothing is left in dom0" in_domain dom0 \
    '! xenstore-exists /local/domain/0/backend/vscan'
during "moved with all opens held" move_held
check "the scanner domain goes on" xl unpause scanner
during "moved back to it" move_to scanner
check "the log in dom0 tells of accesses" in_domain dom0 'grep -a \
"guest=\"guest1\".* verdict=infected .*path=\"/root/load.d/" /var/log/xen-scan-back.log'
expect_total
finish
