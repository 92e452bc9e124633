# SPDX-License-Identifier: GPL-2.0-or-later
# What may be set from outside: make VARIABLE=VALUE, or the environment.

PREFIX     ?= /usr
SBINDIR    ?= $(PREFIX)/sbin
MANDIR     ?= $(PREFIX)/share/man
DOCDIR     ?= $(PREFIX)/share/doc/xen-vscan
UNITDIR    ?= /lib/systemd/system
INITDIR    ?= /etc/init.d
ROTATEDIR  ?= /etc/logrotate.d
KMODSRCDIR ?= $(PREFIX)/src/xen-vscan-pages-1
DESTDIR    ?=

# The kernel that the guest's module is made for: its headers.
KDIR       ?= /lib/modules/$(shell uname -r)/build

ifeq ($(origin CC),default)
CC         := gcc
endif
PKG_CONFIG ?= pkg-config

# SANITIZER=address,undefined builds everything, tests included, with these.
SANITIZER  ?=

# Objects and programs; each set of flags has its own folder.
O          ?= .build$(if $(SANITIZER),/$(subst $(comma),-,$(SANITIZER)))
comma      := ,

CFLAGS_OPT ?= -O2 -g
CFLAGS_WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
               -Wmissing-prototypes -Wpointer-arith -Wvla -Wformat=2 \
               -Wwrite-strings
CFLAGS_HARD := $(if $(SANITIZER),-fsanitize=$(SANITIZER) \
                 -fno-sanitize-recover=all -fno-omit-frame-pointer, \
                 -fstack-protector-strong -D_FORTIFY_SOURCE=2)
LDFLAGS_HARD := $(if $(SANITIZER),-fsanitize=$(SANITIZER)) -pie \
                -Wl,-z,relro,-z,now -Wl,--as-needed

# Debian packages: to build and test, for the lab, and for make lint.
PACKAGES_BUILD := gcc libc6-dev pkg-config libxen-dev uuid-dev libclamav-dev \
                  libyara-dev libssl-dev libseccomp-dev libjson-c-dev \
                  libncurses-dev libcmocka-dev clamav-testfiles yara
PACKAGES_LAB   := qemu-system-x86 mmdebstrap cpio e2fsprogs kmod xz-utils \
                  openssh-client util-linux libelf1 jq
PACKAGES_LINT  := cppcheck shellcheck sparse linux-headers-amd64
