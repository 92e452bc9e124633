# SPDX-License-Identifier: GPL-2.0-or-later
# make help lists the targets; Config.mk what may be set.

include Config.mk

.PHONY: help
help:
	@echo "make all        the four programs, in .build/"
	@echo "make check      unit tests; also with SANITIZER=address,undefined"
	@echo "make bench      what the front, the history, bad content cost, natively"
	@echo "make test       check, then the cases of tests/xen/ on real Xen in QEMU"
	@echo "make soak       the long cases of tests/xen/soak/, likewise"
	@echo "make demo       the main job on real Xen in QEMU, step by step"
	@echo "make lint       cppcheck, sparse, shellcheck, which must find nothing"
	@echo "make deps       install the Debian packages for all of these"
	@echo "make install-guest|install-scan|install-dom0 [DESTDIR=...]"
	@echo "make install-kmod [KDIR=/lib/modules/VERSION/build]"
	@echo "make clean"

# dpkg and the lab need what is for root alone, too.
export PATH := $(PATH):/usr/sbin:/sbin

# A command that fails leaves no half-made target behind.
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:

SCHEMA := $(basename $(notdir $(wildcard xenstore-schema/*.c)))
BASE   := ipc log notify proc

FRONT  := $(basename $(notdir $(wildcard xen-guest-front/*.c)))
BACK   := $(basename $(notdir $(wildcard xen-scan-back/*.c)))
CTL    := $(basename $(notdir $(wildcard tools/vscanctl/*.c)))
DAEMON := $(basename $(notdir $(wildcard tools/vscand/*.c)))
STACK  := $(basename $(notdir $(wildcard tools/libs/toolstack/*.c)))
XENIO  := $(basename $(notdir $(wildcard tools/libs/xenio/*.c)))

obj = $(patsubst %,$(O)/$(1)/%.o,$(2))

SCHEMA_OBJ := $(call obj,xenstore-schema,$(SCHEMA))
BASE_OBJ   := $(call obj,tools/libs/base,$(BASE))
XENIO_OBJ  := $(call obj,tools/libs/xenio,$(XENIO))
COMMON     := $(SCHEMA_OBJ) $(BASE_OBJ)
FRONT_OBJ  := $(call obj,xen-guest-front,$(FRONT)) $(XENIO_OBJ) $(COMMON)
BACK_OBJ   := $(call obj,xen-scan-back,$(BACK)) $(XENIO_OBJ) $(COMMON)
STACK_OBJ  := $(call obj,tools/libs/toolstack,$(STACK)) $(XENIO_OBJ) $(COMMON)
CTL_OBJ    := $(call obj,tools/vscanctl,$(CTL)) $(STACK_OBJ)
DAEMON_OBJ := $(call obj,tools/vscand,$(DAEMON)) $(STACK_OBJ)

PROGRAMS := $(O)/xen-guest-front/xen-guest-front \
            $(O)/xen-scan-back/xen-scan-back $(O)/tools/vscanctl/vscanctl \
            $(O)/tools/vscand/vscand

ALL_CFLAGS = -std=gnu11 $(CFLAGS_OPT) $(CFLAGS_WARN) $(CFLAGS_HARD) -fPIE \
             -MMD -MP -pthread \
             -D__XEN_INTERFACE_VERSION__=__XEN_LATEST_INTERFACE_VERSION__ \
             -Ixenstore-schema -Itools/libs/base \
             -Itools/libs/xenio -Itools/libs/toolstack $(CFLAGS)
libs = $(shell $(PKG_CONFIG) --libs $(1))

.DEFAULT_GOAL := all

.PHONY: all
all: deps-build $(PROGRAMS)

$(O)/%.o: %.c | deps-build
	@mkdir -p $(@D)
	@echo "CC $<"
	@$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(O)/xen-guest-front/xen-guest-front: $(FRONT_OBJ)
	@echo "LD $@"
	@$(CC) $(LDFLAGS_HARD) -pthread -o $@ $^ \
	    $(call libs,xengnttab xenevtchn xenstore xentoollog libcrypto)

$(O)/xen-scan-back/xen-scan-back: $(BACK_OBJ)
	@echo "LD $@"
	@$(CC) $(LDFLAGS_HARD) -pthread -o $@ $^ \
	    $(call libs,xengnttab xenevtchn xenstore xentoollog libclamav \
	    yara libcrypto libseccomp)

$(O)/tools/vscanctl/vscanctl: $(CTL_OBJ)
$(O)/tools/vscand/vscand: $(DAEMON_OBJ)
$(O)/tools/vscanctl/vscanctl $(O)/tools/vscand/vscand:
	@echo "LD $@"
	@$(CC) $(LDFLAGS_HARD) -pthread -o $@ $^ \
	    $(call libs,xenlight xlutil xencontrol xenstore xentoollog json-c \
	    ncurses)

# The module of the guest's kernel, for the kernel whose headers are in KDIR: in
# a folder of its own, as kbuild writes beside the sources.
KMOD := $(O)/xen-guest-front/kmod
# Neither is to be had without the kernel's own build.
KBUILD := $(MAKE) --no-print-directory -s CONFIG_MODULE_SIG_ALL= \
          CONFIG_DEBUG_INFO_BTF_MODULES=

.PHONY: kmod
kmod: | deps-build
	@mkdir -p $(KMOD)
	@cp xen-guest-front/kmod/* $(KMOD)/
	@$(KBUILD) -C $(KMOD) KDIR=$(KDIR)

# Packages -------------------------------------------------------------------

installed = dpkg-query -W -f='$${db:Status-Status}\n' $(1) 2>/dev/null | \
            grep -cx installed | { read -r n; [ "$$n" -ge $(words $(1)) ]; }
install_packages = $(call installed,$(1)) || { \
    echo "installing Debian packages: $(1)"; apt-get update -qq && \
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
    --no-install-recommends $(1) >/dev/null; }

.PHONY: deps deps-build deps-lab deps-lint
deps: deps-build deps-lab deps-lint
deps-build:
	@$(call install_packages,$(PACKAGES_BUILD))
deps-lab: | deps-build
	@$(call install_packages,$(PACKAGES_LAB))
deps-lint: | deps-build
	@$(call install_packages,$(PACKAGES_LINT))

# Installation ---------------------------------------------------------------

install_program = \
    install -D -m 755 $(1) "$(DESTDIR)$(SBINDIR)/$(notdir $(1))"
install_manual = \
    install -D -m 644 $(1).8 "$(DESTDIR)$(MANDIR)/man8/$(notdir $(1)).8"
install_format = \
    install -D -m 644 $(1).5 "$(DESTDIR)$(MANDIR)/man5/$(notdir $(1)).5"
install_service = \
    install -D -m 644 $(1).service \
        "$(DESTDIR)$(UNITDIR)/$(notdir $(1)).service" && \
    install -D -m 755 $(1).init "$(DESTDIR)$(INITDIR)/$(notdir $(1))" && \
    install -D -m 644 $(1).logrotate "$(DESTDIR)$(ROTATEDIR)/$(notdir $(1))"

.PHONY: install-guest install-scan install-dom0
install-guest: $(O)/xen-guest-front/xen-guest-front
	$(call install_program,$<)
	$(call install_service,xen-guest-front/xen-guest-front)
	$(call install_manual,xen-guest-front/xen-guest-front)
	for file in $(wildcard xen-guest-front/kmod/*); do \
	    install -D -m 644 -t "$(DESTDIR)$(KMODSRCDIR)" "$$file" || exit; done

# For the kernel of KDIR; DKMS makes it for all of them from what install-guest
# installs.
.PHONY: install-kmod
install-kmod: kmod
	$(KBUILD) -C $(KMOD) KDIR=$(KDIR) INSTALL_MOD_PATH="$(DESTDIR)" \
	    modules_install

install-scan: $(O)/xen-scan-back/xen-scan-back
	$(call install_program,$<)
	$(call install_service,xen-scan-back/xen-scan-back)
	$(call install_manual,xen-scan-back/xen-scan-back)
	install -D -m 644 xen-scan-back/freshclam.conf \
	    "$(DESTDIR)$(DOCDIR)/freshclam.conf"

install-dom0: $(O)/tools/vscanctl/vscanctl $(O)/tools/vscand/vscand
	$(call install_program,$(O)/tools/vscanctl/vscanctl)
	$(call install_manual,tools/vscanctl/vscanctl)
	install -D -m 644 tools/vscanctl/vscanctl.bash-completion \
	    "$(DESTDIR)$(PREFIX)/share/bash-completion/completions/vscanctl"
	$(call install_format,tools/vscanctl/vscan-policy)
	install -d -m 755 "$(DESTDIR)/etc/xen/vscan/policy.d"
	install -d -m 750 "$(DESTDIR)/var/log/xen-vscan"
	install -d -m 755 "$(DESTDIR)/etc/xen/vscan/actions.d"
	install -d -m 700 "$(DESTDIR)/var/lib/xen-vscan/spool"
	$(call install_program,$(O)/tools/vscand/vscand)
	$(call install_service,tools/vscand/vscand)
	$(call install_manual,tools/vscand/vscand)
	$(call install_format,tools/vscand/vscan-incidents)

# Tests ----------------------------------------------------------------------

# A test program is one tests/unit/test-NOUN.c, or all of tests/pair/, with
# everything but the main.c of the programs and the fake hypervisor in place of
# Xen's libraries; the linker takes what it needs.
UNIT_TESTS := $(patsubst tests/unit/%.c,$(O)/tests/unit/%, \
                $(wildcard tests/unit/test-*.c)) $(O)/tests/pair/test-pair
LIB_OBJ    := $(filter-out %/main.o,$(sort $(FRONT_OBJ) $(BACK_OBJ) \
                $(CTL_OBJ) $(DAEMON_OBJ)))
FAKE_OBJ   := $(call obj,tests/fake,$(basename $(notdir \
                $(wildcard tests/fake/*.c))))
TESTLIB_OBJ := $(call obj,tests/lib,$(basename $(notdir \
                $(wildcard tests/lib/*.c))))
PAIR_SRC   := $(wildcard tests/pair/*.c)
TEST_CFLAGS = -Ixen-guest-front -Ixen-scan-back -Itools/vscanctl \
              -Itools/vscand -Itests/fake -Itests/lib
TEST_LIBS  := $(O)/tests/libtests.a $(O)/tests/libvscan.a

$(FAKE_OBJ) $(TESTLIB_OBJ): ALL_CFLAGS += $(TEST_CFLAGS)

# What several test programs share: one that does not use it does not get it.
$(O)/tests/libtests.a: $(TESTLIB_OBJ)
	@mkdir -p $(@D)
	@rm -f $@
	@ar rcs $@ $^

$(O)/tests/libvscan.a: $(LIB_OBJ)
	@mkdir -p $(@D)
	@rm -f $@
	@ar rcs $@ $^

link_test = mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) $(TEST_CFLAGS) \
    $(LDFLAGS_HARD) -o $@ $(1) $(FAKE_OBJ) $(TEST_LIBS) \
    $(call libs,cmocka xentoollog xlutil xenlight json-c ncurses libclamav \
    yara libcrypto libseccomp)

$(O)/tests/unit/test-%: tests/unit/test-%.c $(FAKE_OBJ) $(TEST_LIBS) \
    | deps-build
	@echo "LD $@"
	@$(call link_test,$<)

$(O)/tests/pair/test-pair: $(PAIR_SRC) $(FAKE_OBJ) $(TEST_LIBS) \
    | deps-build
	@echo "LD $@"
	@$(call link_test,$(PAIR_SRC))

.PHONY: check
check: all $(UNIT_TESTS)
	@tests/run unit $(UNIT_TESTS)

# What it costs, in a table; a figure is not right or wrong.
BENCHES := $(patsubst tests/bench/%.c,$(O)/tests/bench/%, \
             $(wildcard tests/bench/*.c))

$(O)/tests/bench/%: tests/bench/%.c $(FAKE_OBJ) $(TEST_LIBS) | deps-build
	@echo "LD $@"
	@$(call link_test,$<)

.PHONY: bench
bench: $(BENCHES)
	@for bench in $(BENCHES); do $$bench || exit; done

# Programs that cases run in domains: the real libraries, no fakes.
CASE_PROGRAMS := $(patsubst tests/xen/%.c,$(O)/tests/xen/%, \
                   $(wildcard tests/xen/*.c))

$(O)/tests/xen/%: tests/xen/%.c $(O)/tests/libvscan.a | deps-build
	@mkdir -p $(@D)
	@echo "LD $@"
	@$(CC) $(ALL_CFLAGS) $(TEST_CFLAGS) $(LDFLAGS_HARD) -o $@ $< \
	    $(O)/tests/libvscan.a \
	    $(call libs,xengnttab xenevtchn xenstore xentoollog libcrypto)

# Cases on real Xen, in a lab that tests/run boots; those that are long: what
# happens under load, and figures; and the one of them that is about many guests.
CASES := $(sort $(wildcard tests/xen/[0-9]*.sh))
CROWD := tests/xen/soak/32-announcements.sh
SOAK  := $(filter-out $(CROWD),$(sort $(wildcard tests/xen/soak/[0-9]*.sh)))

.PHONY: test soak demo
test: all deps-lab $(UNIT_TESTS) $(CASE_PROGRAMS)
	@tests/run unit $(UNIT_TESTS) xen $(CASES)

soak: all deps-lab $(CASE_PROGRAMS)
	@status=0; \
	LABS=1 GUESTS=8 tests/run xen $(CROWD) || status=1; \
	CASE_TIMEOUT=1800 tests/run xen $(SOAK) || status=1; \
	exit $$status

demo: all deps-lab
	@tools/lab/demo

# Lint -----------------------------------------------------------------------

# What cppcheck is not to say:
#   variableScope      variables stand at the top of their function here
#   constParameter     a callback has the type that its library asks for
#   nullPointer*       it does not see that TAILQ_FOREACH ends, nor _Noreturn
#   ctunullpointer     ... that neither
#   ctuuninitvar       an out-parameter is written, not read
# Tests are not asked for style: assertions of CMocka are no conditions to it.
CPPCHECK = cppcheck --quiet -i xen-guest-front/kmod --error-exitcode=1 --std=c11 --language=c \
           --template='{file}:{line}: {id}: {message}' \
           --suppress=variableScope --suppress=constParameter \
           --suppress=nullPointerRedundantCheck \
           --suppress=nullPointerArithmeticRedundantCheck \
           --suppress=ctunullpointer \
           --suppress=ctuuninitvar \
           $(filter -I% -D%,$(ALL_CFLAGS) $(TEST_CFLAGS))

# What shellcheck is not to say:
#   SC2016   what a domain's shell is to expand stands in single quotes
#   SC2317   functions are called by their names: traps, check TEXT CMD
#   SC2119, SC2120   ... and so get arguments
SHELLCHECK = shellcheck -x -P SCRIPTDIR -e SC2016,SC2317,SC2119,SC2120
SCRIPTS    = $(shell grep -rlE '^\#!/bin/(ba)?sh|^\# shellcheck shell' \
               .ci tests tools xen-guest-front xen-scan-back)

# The module is asked by sparse, and with all that the kernel's own flags find.
KMOD_LINT := $(O)/lint-kmod
# The newest kernel's headers, of the flavour that PACKAGES_LINT has: neither
# cloud's nor rt's.
HEADERS    = $(shell ls -d /usr/src/linux-headers-*[0-9]-amd64 | sort -V | \
               tail -n 1)

.PHONY: lint
lint: deps-lint
	@rm -rf $(KMOD_LINT) && mkdir -p $(O) && cp -r xen-guest-front/kmod $(KMOD_LINT)
	@$(KBUILD) -C $(KMOD_LINT) KDIR=$(HEADERS) W=1 \
	    KCFLAGS=-Werror C=2 CF=-Wsparse-error
	@$(CPPCHECK) --enable=warning,performance,portability,style \
	    xenstore-schema xen-guest-front xen-scan-back tools
	@$(CPPCHECK) --enable=warning,performance,portability tests
	@$(SHELLCHECK) $(SCRIPTS)
	@echo "lint: nothing found"

.PHONY: clean
clean:
	rm -rf .build

-include $(shell find .build -name '*.d' 2>/dev/null)
