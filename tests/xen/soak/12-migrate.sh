#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# 12-pvh.sh, and the guest is migrated while files are opened in it.

MIGRATE=1 exec "$(dirname "$0")/../12-pvh.sh"
