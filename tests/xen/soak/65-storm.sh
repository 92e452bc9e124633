#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Many processes open many files at once: each open gets the one answer that
# is right, within the time-out.

. "$(dirname "$0")/../lib.sh"

unprotect guest1
put_program guest1 storm
in_domain guest1 'rm -rf /root/storming; mkdir /root/storming &&
    /root/storm make /root/storming 60 2'
check "guest1 is protected" protect guest1 scanner fail=open timeout-ms=30000

# The second time, the clean ones may be on record.
for time in first second; do
    said=$(in_domain guest1 '/root/storm open /root/storming 64')
    check "64 processes, 60 files, the $time time: $said" \
        test "${said% longest *}" = "allowed 3712 denied 128 wrong 0"
    check "the $time time, none waits past the time-out" \
        test "${said##* }" -le 30000
done
unprotect guest1
in_domain guest1 'rm -rf /root/storming'
finish
