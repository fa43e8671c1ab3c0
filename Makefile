# `make help` lists the targets.

FLAVOUR ?= release
O       ?= build
CC      := $(if $(filter default,$(origin CC)),gcc,$(CC))
CLANG   ?= clang-14
PREFIX  ?= /usr/local
DESTDIR ?=
V       ?= 0
JOBS    ?= $(shell getconf _NPROCESSORS_ONLN)

B := $(O)/$(FLAVOUR)
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),@:,@printf '  %-6s %s\n' $(1) $(2))
# A jobserver of the caller counts; without one we take our own.
AGAIN = $(MAKE) --no-print-directory $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(JOBS))

STANDARD := -std=c11 -D_GNU_SOURCE -I.
BANNED   := -include fsm/banned.h
WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror

# Control-flow protection is of x86; elsewhere compilers refuse the option.
CONTROL_FLOW := $(if $(filter x86_64 i%86,$(shell uname -m)),-fcf-protection)
CFLAGS_release  := -O2 -g -fstack-protector-strong -D_FORTIFY_SOURCE=3 -fPIE $(CONTROL_FLOW)
LDFLAGS_release := -pie -Wl,-z,relro,-z,now
CFLAGS_debug    := -O0 -g3
CFLAGS_asan     := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS_asan    := -fsanitize=address,undefined
CFLAGS_fuzz     := $(CFLAGS_asan) -fsanitize=fuzzer-no-link -DSTEPGATE_FUZZED
LDFLAGS_fuzz    := $(LDFLAGS_asan)
ifndef CFLAGS_$(FLAVOUR)
$(error FLAVOUR=$(FLAVOUR): no such flavour: release, debug, asan)
endif

FLAGS_C    := $(STANDARD) $(WARNINGS) $(CFLAGS_$(FLAVOUR)) $(CFLAGS)
FLAGS_LINK := $(LDFLAGS_$(FLAVOUR)) $(LDFLAGS) -Wl,--as-needed

LIBS_STEPGATE := -lconfuse -lcjson -lsqlite3 -lpcre2-8
LIBS_HELPER   := -lgit2 -lz -ldeflate -lpthread
LIBS_SENDER   := -lcurl -lcrypto
LIBS_MONITOR  := -lmicrohttpd
LIBS_TOP      := -lncursesw
LIBS_CHECK    := -lcheck -lsubunit -lm -lrt -lpthread

object = $(patsubst %.c,$(B)/%.o,$(1))
MAINS  := runner/main.c runner/helper/main.c runner/sender/main.c runner/monitor/main.c runner/top/main.c
# Programs take from the libraries what they call and no more, so that the helper alone links libgit2.
LIBRARY := $(call object,$(wildcard fsm/*.c conf/*.c status/*.c plugins/*.c))
RUNNER  := $(call object,$(wildcard $(patsubst %,runner/%/*.c,commands cycle plan process schedule)))
HELPER  := $(call object,$(filter-out $(MAINS),$(wildcard runner/helper/*.c runner/helper/stage/*.c)))
SENDER  := $(call object,$(filter-out $(MAINS),$(wildcard runner/sender/*.c)))
PARTS   := $(B)/librunner.a $(B)/libhelper.a $(B)/libsender.a $(B)/libstepgate.a
MONITOR := $(call object,$(filter-out $(MAINS),$(wildcard runner/monitor/*.c runner/top/*.c status/monitor/*.c))) \
	$(B)/assets.o
LINK_PARTS := -Wl,--start-group $(PARTS) -Wl,--end-group
# Apart, so that the programs of a cycle can be built without what the monitor needs.
ALL_PARTS := $(PARTS) $(B)/libmonitor.a
LINK_ALL_PARTS := -Wl,--start-group $(ALL_PARTS) -Wl,--end-group

UNIT_TESTS := $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/test_*.c))
FUZZERS    := $(patsubst tests/fuzz/%.c,$(B)/fuzzers/%,$(wildcard tests/fuzz/fuzz_*.c))
TOOLS      := $(patsubst tests/tools/%.c,$(B)/tools/%,$(wildcard tests/tools/*.c)) \
	$(B)/tools/failing_malloc.so $(B)/tools/no_sync.so
BENCHES    := $(patsubst tests/bench/%.c,$(B)/bench/%,$(wildcard tests/bench/*.c))
MANUALS    := $(B)/man/stepgate.1 $(B)/man/stepgate.conf.5
MODULES    := $(patsubst plugins/modules/%.c,$(B)/modules/%.so,$(wildcard plugins/modules/*.c))
# What `stepgate plugin new` writes.
TEMPLATES  := $(wildcard runner/templates/*.in)
RUNNER     += $(B)/templates.o

.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:
.PHONY: all programs unit-tests tools fuzzers FORCE \
	demo check soak bench fuzz lint format install clean help

all: programs $(B)/stepgate-monitor $(B)/stepgate-top $(MANUALS)
programs: $(B)/stepgate $(B)/stepgate-git $(B)/stepgate-send $(MODULES)
unit-tests: $(UNIT_TESTS)
tools: $(TOOLS)
fuzzers: $(FUZZERS)

# The stamps change only when their text does: another compiler, other flags or another set of files
# builds anew what depends on them, and nothing else does.
stamp = @mkdir -p $(@D); printf '%s\n' '$(1)' | cmp -s - $@ || printf '%s\n' '$(1)' > $@
$(B)/flags: FORCE
	$(call stamp,$(CC) $(FLAGS_C) $(FLAGS_LINK))
$(B)/members: FORCE
	$(call stamp,$(LIBRARY) $(RUNNER) $(HELPER) $(SENDER) $(MONITOR))

compile = $(Q)mkdir -p $(@D) && $(CC) $(FLAGS_C) $(1) -MMD -MP -c $< -o $@
link    = $(Q)mkdir -p $(@D) && $(CC) -o $@ $(FLAGS_LINK) $(1)

$(B)/tests/%.o: tests/%.c $(B)/flags
	$(call say,CC,$<)
	$(call compile)

$(B)/%.o: %.c $(B)/flags
	$(call say,CC,$<)
	$(call compile,$(BANNED))

$(B)/libstepgate.a: $(LIBRARY)
$(B)/librunner.a: $(RUNNER)
$(B)/libhelper.a: $(HELPER)
$(B)/libsender.a: $(SENDER)
$(B)/libmonitor.a: $(MONITOR)
# Files of one name in two folders are two members: q, for r would have the second replace the first.
$(ALL_PARTS): $(B)/members
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar qcs $@ $(filter %.o,$^)

$(B)/stepgate: $(B)/runner/main.o $(PARTS)
	$(call say,LINK,$@)
	$(call link,$< $(LINK_PARTS) $(LIBS_STEPGATE))

$(B)/stepgate-git: $(B)/runner/helper/main.o $(PARTS)
	$(call say,LINK,$@)
	$(call link,$< $(LINK_PARTS) $(LIBS_HELPER))

$(B)/stepgate-send: $(B)/runner/sender/main.o $(PARTS)
	$(call say,LINK,$@)
	$(call link,$< $(LINK_PARTS) $(LIBS_SENDER))

$(B)/templates.c: runner/templates/embed.sh $(TEMPLATES)
	$(call say,EMBED,$@)
	$(Q)mkdir -p $(@D) && runner/templates/embed.sh $(TEMPLATES) > $@
$(B)/templates.o: $(B)/templates.c $(B)/flags
	$(call say,CC,$<)
	$(call compile,$(BANNED))

# As anybody's module is built: without a sanitizer, and with nothing exported but what says so.
$(B)/modules/%.so: plugins/modules/%.c $(B)/flags
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(STANDARD) $(BANNED) $(WARNINGS) -O2 -g -fstack-protector-strong \
		-fPIC -shared -fvisibility=hidden -Wl,-z,relro,-z,now -MMD -MP -MF $@.d -MT $@ $< -o $@

$(B)/stepgate-monitor: $(B)/runner/monitor/main.o $(ALL_PARTS)
	$(call say,LINK,$@)
	$(call link,$< $(LINK_ALL_PARTS) $(LIBS_STEPGATE) $(LIBS_MONITOR))

$(B)/stepgate-top: $(B)/runner/top/main.o $(ALL_PARTS)
	$(call say,LINK,$@)
	$(call link,$< $(LINK_ALL_PARTS) $(LIBS_STEPGATE) $(LIBS_TOP))

# The monitor's page is built in. What it takes from npm is pinned by a lock file; where it can't be
# had the page does without, and says so.
WEB := $(sort $(wildcard status/monitor/web/*.html status/monitor/web/*.css status/monitor/web/*.js \
	status/monitor/web/*.svg status/monitor/web/openapi.json))
$(O)/npm/done: status/monitor/fetch.sh $(wildcard status/monitor/web/package*.json)
	$(call say,NPM,$@)
	$(Q)mkdir -p $(@D) && status/monitor/fetch.sh status/monitor/web $(@D) && touch $@

# What the tests in a browser need; where it can't be had they are skipped.
$(O)/browser/done: status/monitor/fetch.sh $(wildcard tests/browser/package*.json)
	$(call say,NPM,$@)
	$(Q)mkdir -p $(@D) && status/monitor/fetch.sh tests/browser $(@D) && touch $@

# What the metrics are checked with.
$(O)/promtool/done: tests/promtool.sh
	$(call say,FETCH,$@)
	$(Q)tests/promtool.sh $(@D) && touch $@

# The agent programs that some tests run: more than a gigabyte, so only for those.
AGENTS := $(patsubst tests/agents/%/package-lock.json,$(O)/agents/%/done,$(wildcard tests/agents/*/package-lock.json))
WANTED_AGENTS := $(if $(or $(if $(TESTS),,all),$(filter agent%,$(notdir $(TESTS)))),$(AGENTS))
$(O)/agents/%/done: status/monitor/fetch.sh tests/agents/%/package.json tests/agents/%/package-lock.json
	$(call say,NPM,$@)
	$(Q)mkdir -p $(@D) && status/monitor/fetch.sh tests/agents/$* $(@D) && touch $@

$(B)/assets.c: status/monitor/embed.sh $(O)/npm/done $(WEB)
	$(call say,EMBED,$@)
	$(Q)mkdir -p $(@D) && status/monitor/embed.sh $(WEB) $$(ls $(O)/npm/uplot.* 2> /dev/null) > $@

$(B)/assets.o: $(B)/assets.c $(B)/flags
	$(call say,CC,$<)
	$(call compile)

$(B)/unit/%: $(B)/tests/unit/%.o $(ALL_PARTS)
	$(call say,LINK,$@)
	$(call link,$< $(LINK_ALL_PARTS) $(LIBS_STEPGATE) $(LIBS_HELPER) $(LIBS_SENDER) $(LIBS_MONITOR) $(LIBS_TOP) $(LIBS_CHECK))

$(B)/tools/%: $(B)/tests/tools/%.o
	$(call say,LINK,$@)
	$(call link,$<)

$(B)/bench/%: $(B)/tests/bench/%.o $(PARTS)
	$(call say,LINK,$@)
	$(call link,$< $(LINK_PARTS) $(LIBS_STEPGATE))

# For preloading: never with a sanitizer, which has allocations of its own.
$(B)/tools/%.so: tests/faults/%.c $(B)/flags
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(STANDARD) $(WARNINGS) -O2 -fPIC -shared -MMD -MP -MF $@.d -MT $@ $< -o $@

# Libraries that parse what comes from outside, built so that a fuzzer sees into them.
$(B)/libraries/done: tests/fuzz/libraries.sh $(B)/flags
	$(call say,FETCH,$(@D))
	$(Q)CC=$(CC) tests/fuzz/libraries.sh $(@D) $(CFLAGS_fuzz) && touch $@

$(B)/fuzzers/%: $(B)/tests/fuzz/%.o $(ALL_PARTS) $(B)/libraries/done
	$(call say,LINK,$@)
	$(call link,-fsanitize=fuzzer $< $(LINK_ALL_PARTS) $$(ls $(B)/libraries/*.a 2> /dev/null) $(LIBS_STEPGATE) $(LIBS_HELPER) $(LIBS_SENDER) $(LIBS_MONITOR))

# The manuals are printed by the program, so that they say what it does.
$(B)/man/stepgate.1: runner/commands/manual.sh $(B)/stepgate
	$(call say,MAN,$@)
	$(Q)mkdir -p $(@D) && runner/commands/manual.sh $(B)/stepgate > $@

$(B)/man/stepgate.conf.5: $(B)/stepgate
	$(call say,MAN,$@)
	$(Q)mkdir -p $(@D) && $(B)/stepgate validate --keys --roff > $@

-include $(shell find $(B) -name '*.d' 2>/dev/null)

demo:
	@tests/setup.sh build
	@$(AGAIN) programs
	@BUILD=$(B) tests/demo.sh

check:
	@tests/setup.sh build web check
	@tests/setup.sh browser || echo 'check: so no test runs in a browser, nor an agent'
	@$(AGAIN) all unit-tests tools $(O)/browser/done $(O)/promtool/done $(WANTED_AGENTS)
	@BUILD=$(B) CC=$(CC) JOBS=$(JOBS) tests/run.sh $(TESTS)

soak:
	@SOAK=1 $(MAKE) --no-print-directory check

bench:
	@tests/setup.sh build
	@$(AGAIN) programs tools $(BENCHES)
	@BUILD=$(B) tests/bench/run.sh

fuzz:
	@tests/setup.sh build web fuzz
	@$(AGAIN) FLAVOUR=fuzz CC=$(CLANG) fuzzers
	@tests/fuzz/run.sh $(O)/fuzz/fuzzers

lint:
	@tests/setup.sh build web check lint
	@tests/lint.sh

format:
	@tests/setup.sh lint
	@find fsm conf status plugins runner tests -name '*.[ch]' -not -path 'tests/data/*' \
		-exec clang-format-14 -i {} +

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec/stepgate \
		$(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/man/man5 \
		$(DESTDIR)$(PREFIX)/share/man/man7 $(DESTDIR)$(PREFIX)/share/stepgate \
		$(DESTDIR)$(PREFIX)/include $(DESTDIR)$(PREFIX)/lib/pkgconfig \
		$(DESTDIR)$(PREFIX)/lib/stepgate
	install -m 755 $(B)/stepgate $(DESTDIR)$(PREFIX)/bin/
	install -m 755 $(B)/stepgate-git $(B)/stepgate-send $(B)/stepgate-monitor $(B)/stepgate-top \
		$(DESTDIR)$(PREFIX)/libexec/stepgate/
	install -m 644 $(B)/man/stepgate.1 $(DESTDIR)$(PREFIX)/share/man/man1/
	install -m 644 $(B)/man/stepgate.conf.5 $(DESTDIR)$(PREFIX)/share/man/man5/
	install -m 644 plugins/stepgate-plugin.7 $(DESTDIR)$(PREFIX)/share/man/man7/
	install -m 644 plugins/stepgate.h $(DESTDIR)$(PREFIX)/include/
	install -m 644 plugins/protocol.schema.json $(DESTDIR)$(PREFIX)/share/stepgate/
	install -m 755 $(MODULES) $(DESTDIR)$(PREFIX)/lib/stepgate/
	sed "s/@VERSION@/$$($(B)/stepgate --version | cut -d' ' -f2)/" plugins/stepgate.pc.in \
		> $(DESTDIR)$(PREFIX)/lib/pkgconfig/stepgate.pc
	chmod 644 $(DESTDIR)$(PREFIX)/lib/pkgconfig/stepgate.pc

clean:
	rm -rf $(O)

help:
	@echo 'make          builds the programs and the manuals into build/FLAVOUR'
	@echo 'make demo     runs a real cycle in a scratch repository with a local upstream'
	@echo 'make check    runs the tests; TESTS="NAME ..." picks some'
	@echo 'make soak     runs them with whole sweeps where they sample; PART=I/N a part of each'
	@echo 'make bench    measures, beside git where it can be compared'
	@echo 'make fuzz     fuzzes the parsers, FUZZ_SECONDS=20 each'
	@echo 'make lint     checks the format and runs the analyzers'
	@echo 'make format   formats the source'
	@echo 'make install  installs below PREFIX=/usr/local, with DESTDIR= before it'
	@echo 'make clean    removes build/'
	@echo
	@echo 'FLAVOUR=release|debug|asan  CC=gcc|clang-14  O=build (the folder)  JOBS=N  V=1 (shows commands)'
