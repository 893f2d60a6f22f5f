# SPDX-License-Identifier: GPL-2.0-only
#
# Ksplice: everything that is built lies below build/ (or BUILD=DIR).
# V=1 shows the commands.

BUILD ?= build
export KSPLICE_BUILD := $(abspath $(BUILD))
V ?= 0
MAKEFLAGS += --no-builtin-rules --no-print-directory
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

# These run on a machine that has nothing yet, before ./configure can succeed.
bare_goals := help clean distclean deps demo check lint bench audit format
ifneq ($(filter-out $(bare_goals),$(or $(MAKECMDGOALS),all)),)
include config.mk
endif

config.mk: configure
	@./configure --prefix=$(or $(prefix),/usr/local) >$@.log || { cat $@.log; rm -f $@.log; exit 1; }
	@rm -f $@.log

quiet = $(if $(filter 1,$(V)),,@printf '  %-7s %s\n' '$(1)' '$(2)';)

CC ?= gcc
WARNINGS := -Wall -Wextra -Werror -Wno-unused-parameter -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wvla -Wundef
KSPLICE_CFLAGS = -std=gnu11 -D_GNU_SOURCE -DKSPLICE_VERSION='"$(version)"' $(WARNINGS) \
	-I. $(SMARTCOLS_CFLAGS) $(CFLAGS)
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -O1

# ---- what there is ----------------------------------------------------------

mains := apply view undo
objmanip_src := $(filter-out objmanip/main.c,$(wildcard objmanip/*.c))
common_src := $(filter-out $(mains:%=bin/%.c),$(wildcard bin/*.c))
test_src := $(wildcard tests/unit/test_*.c)
test_common_src := $(filter-out $(test_src),$(wildcard tests/unit/*.c))
man_src := $(wildcard man/*.scd)

programs := $(foreach m,$(mains),$(if $(wildcard bin/$(m).c),$(BUILD)/bin/ksplice-$(m)))
objmanip := $(if $(wildcard objmanip/main.c),$(BUILD)/objmanip/objmanip)
scripts := $(patsubst bin/%,$(BUILD)/bin/%,$(wildcard bin/ksplice-create))
pages := $(man_src:man/%.scd=$(BUILD)/man/%)
tests := $(test_src:tests/unit/%.c=$(BUILD)/tests/%)

objmanip_libs = $(LIBDW) $(LIBELF) $(LIBOPCODES)
common_libs = $(LIBARCHIVE) $(LIBSMARTCOLS) $(LIBJANSSON) $(LIBELF)

.PHONY: all
all: $(objmanip) $(programs) $(scripts) $(pages)

# ---- C ----------------------------------------------------------------------

$(BUILD)/obj/%.o: %.c config.mk Makefile
	@mkdir -p $(@D)
	$(call quiet,CC,$<)$(CC) $(KSPLICE_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/san/%.o: %.c config.mk Makefile
	@mkdir -p $(@D)
	$(call quiet,CC,$< (sanitized))$(CC) $(KSPLICE_CFLAGS) $(SANITIZE) -MMD -MP -c -o $@ $<

$(BUILD)/objmanip/objmanip: $(patsubst %.c,$(BUILD)/obj/%.o,objmanip/main.c $(objmanip_src))
	@mkdir -p $(@D)
	$(call quiet,LD,$@)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(objmanip_libs)

$(programs): $(BUILD)/bin/ksplice-%: $(BUILD)/obj/bin/%.o $(common_src:%.c=$(BUILD)/obj/%.o)
	@mkdir -p $(@D)
	$(call quiet,LD,$@)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(common_libs)

# Matches the images of the audit, in its machine.
audit_match_src := $(addprefix tests/audit/,match.c frame.c expected.c)
$(BUILD)/tests/audit-match: $(patsubst %.c,$(BUILD)/obj/%.o,$(audit_match_src) $(common_src))
	@mkdir -p $(@D)
	$(call quiet,LD,$@)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(common_libs)

# Copies the memory of a running kernel, in the audit's machine.
$(BUILD)/tests/audit-copy: $(BUILD)/obj/tests/audit/copy.o
	@mkdir -p $(@D)
	$(call quiet,LD,$@)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^

# Changes that copy, and has it matched by the matcher of ksplice.ko.
audit_mutate := mutate change matching memory loaded judge judge_states
$(BUILD)/obj/tests/audit/matching.o: KSPLICE_CFLAGS += -Itests/unit/kshim
$(BUILD)/tests/audit-mutate: $(audit_mutate:%=$(BUILD)/obj/tests/audit/%.o) \
		$(common_src:%.c=$(BUILD)/obj/%.o)
	@mkdir -p $(@D)
	$(call quiet,LD,$@)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(common_libs)

# In the build folder the script finds its parts through this link.
$(scripts): $(BUILD)/bin/%: bin/%
	@mkdir -p $(@D)
	@ln -sfn $(abspath $<) $@

# Parts of ksplice.ko, compiled as parts of their tests.
$(foreach t,match match_decisions match_learn relocate rewrite keys,$(BUILD)/san/tests/unit/test_$(t).o): \
		KSPLICE_CFLAGS += -Itests/unit/kshim

# Archives, so that a test takes only the parts it names.
$(BUILD)/san/objmanip.a: $(objmanip_src:%.c=$(BUILD)/san/%.o)
	@rm -f $@
	$(call quiet,AR,$@)ar rcs $@ $^

$(BUILD)/san/common.a: $(common_src:%.c=$(BUILD)/san/%.o)
	@rm -f $@
	$(call quiet,AR,$@)ar rcs $@ $^

$(tests): $(BUILD)/tests/%: $(BUILD)/san/tests/unit/%.o $(test_common_src:%.c=$(BUILD)/san/%.o) \
		$(BUILD)/san/objmanip.a $(BUILD)/san/common.a
	@mkdir -p $(@D)
	$(call quiet,LD,$@)$(CC) $(CFLAGS) $(SANITIZE) $(LDFLAGS) -o $@ $^ $(objmanip_libs) \
		$(common_libs) $(LIBCMOCKA)

-include $(shell find $(BUILD)/obj $(BUILD)/san -name '*.d' 2>/dev/null)

# ---- manual pages -----------------------------------------------------------

$(BUILD)/man/%: man/%.scd
	@mkdir -p $(@D)
	$(call quiet,MAN,$@)scdoc <$< >$@

# ---- checks -----------------------------------------------------------------

.PHONY: deps unit cli lint check demo bench audit format
deps:
	@bin/create/deps.sh build create test

unit: $(tests)
	@tests/unit/run $(tests)

cli: all
	@PATH="$(abspath $(BUILD)/bin):$(abspath $(BUILD)/objmanip):$$PATH" bats $(wildcard tests/cli)

lint:
	@tests/lint

audit_programs := $(addprefix $(BUILD)/tests/audit-,match copy mutate)
check: deps
	@$(MAKE) all $(audit_programs)
	@tests/check

demo: deps
	@$(MAKE) all
	@tests/demo.sh

bench: deps
	@$(MAKE) all $(audit_programs)
	@tests/bench/run

audit: deps
	@$(MAKE) all $(audit_programs)
	@tests/audit/run $(if $(KERNEL),--kernel $(KERNEL)) $(if $(UNITS),--units $(UNITS)) \
		$(if $(SEED),--seed $(SEED)) $(if $(VARIANTS),--variants "$(VARIANTS)") \
		$(if $(WAYS),--ways "$(WAYS)") $(if $(STEPS),--steps "$(STEPS)") \
		$(if $(MUTATIONS),--mutations $(MUTATIONS)) $(if $(OUTPUT),--output $(OUTPUT))

format:
	clang-format -i $(wildcard objmanip/*.[ch] bin/*.[ch] tests/unit/*.[ch])

# ---- install ----------------------------------------------------------------

install_dir = $(DESTDIR)$(1)
libdir_ksplice = $(libexecdir)/ksplice
datadir_ksplice = $(datadir)/ksplice

.PHONY: install uninstall
install: all
	$(call quiet,INSTALL,$(DESTDIR)$(prefix))$(install_commands)

uninstall:
	$(call quiet,REMOVE,$(DESTDIR)$(prefix))$(uninstall_commands)

completions = $(addprefix $(call install_dir,$(datadir))/bash-completion/completions/ksplice-,\
	apply view undo create)

define install_commands
set -e; \
install -d $(call install_dir,$(bindir)) $(call install_dir,$(sbindir)) \
	$(call install_dir,$(libdir_ksplice)/create) $(call install_dir,$(datadir_ksplice)); \
install -m 755 $(objmanip) $(call install_dir,$(bindir))/; \
install -m 755 $(programs) $(call install_dir,$(sbindir))/; \
sed -e 's|^KSPLICE_LIBDIR=.*|KSPLICE_LIBDIR=$(libdir_ksplice)|' \
	-e 's|^KSPLICE_KMODSRC=.*|KSPLICE_KMODSRC=$(datadir_ksplice)/kmodsrc|' \
	-e 's|^KSPLICE_OBJMANIP=.*|KSPLICE_OBJMANIP=$(bindir)/objmanip|' \
	-e 's|^KSPLICE_VERSION=.*|KSPLICE_VERSION=$(version)|' \
	bin/ksplice-create >$(call install_dir,$(bindir))/ksplice-create; \
chmod 755 $(call install_dir,$(bindir))/ksplice-create; \
install -m 644 $(filter-out %/deps.sh,$(wildcard bin/create/*)) \
	$(call install_dir,$(libdir_ksplice)/create)/; \
install -m 755 bin/create/deps.sh $(call install_dir,$(libdir_ksplice)/create)/; \
(cd kmodsrc && find . -type f \( -name '*.[chS]' -o -name 'Kbuild*' -o -name '*.sh' \) \
	! -name '*.mod.c' ! -name autoconf.h -printf '%P\n') | while read -r file; do \
	install -D -m 644 "kmodsrc/$$file" \
		"$(call install_dir,$(datadir_ksplice))/kmodsrc/$$file"; done; \
for page in $(pages); do install -D -m 644 $$page \
	$(call install_dir,$(mandir))/man$${page##*.}/$${page##*/}; done; \
for file in $(completions); do install -D -m 644 packaging/bash-completion/ksplice $$file; done
endef

define uninstall_commands
rm -f $(foreach p,objmanip ksplice-create,$(call install_dir,$(bindir))/$(p)) \
	$(foreach m,$(mains),$(call install_dir,$(sbindir))/ksplice-$(m)) $(completions); \
for page in $(notdir $(pages)); do \
	rm -f $(call install_dir,$(mandir))/man$${page##*.}/$$page; done; \
rm -rf $(call install_dir,$(libdir_ksplice)) $(call install_dir,$(datadir_ksplice))
endef

# ---- the rest ---------------------------------------------------------------

.PHONY: clean distclean help
clean:
	rm -rf $(BUILD)

distclean: clean
	rm -f config.mk config.mk.log

help:
	@echo 'make            build everything below build/ (build/bin has the commands)'
	@echo 'make install    install below the prefix of ./configure (DESTDIR is honoured)'
	@echo 'make uninstall  take that away again'
	@echo 'make demo       fix a stock Debian kernel in a virtual machine, and undo it'
	@echo 'make check      lint, unit tests, and the cases in virtual machines'
	@echo 'make lint       style of C, shell and manual pages'
	@echo 'make unit       unit tests, with address and undefined-behaviour checks'
	@echo 'make cli        tests of the command lines'
	@echo 'make bench      the figures: seconds to create, time the machine stands still'
	@echo 'make audit      match units of a kernel: KERNEL=RELEASE [UNITS=N|all] [VARIANTS=...]'
	@echo 'make deps       install the Debian packages that all this needs (as root)'
	@echo 'make clean      remove build/; make distclean: config.mk too'
	@echo 'V=1 shows the commands; BUILD=DIR builds elsewhere.'
	@echo 'The cache of kernels lies in $${KSPLICE_CACHE:-~/.cache/ksplice}.'
