# make            build the three programs into build/release
# make demo       install what is missing, build, and show Fog at work
# make test       install what is missing, build with sanitizers, run every test
# make install    into $(prefix), /usr/local; DESTDIR=, prefix=, bindir= as elsewhere
# make deb        Debian packages into build/release/deb
# make clean      all that was built goes, what was fetched stays; make distclean takes that, too
#
# One rule per program; what a program consists of is its folders.  Variants live side by side in
# build/: release, asan, clang, mutants, coverage.  V=1 shows the commands.

VARIANT ?= release
OUT     ?= build/$(VARIANT)
CC      := $(if $(filter clang,$(VARIANT)),clang,gcc)

PACKAGES_PC := libuv libwebsockets yaml-0.1 jansson sqlite3 libcrypto libcurl
WARNINGS := -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
            -Wshadow -Wwrite-strings -Wpointer-arith -Wvla -Wformat=2
CPPFLAGS += -I. -D_GNU_SOURCE -include schema/base/banned.h
CFLAGS   += -std=gnu11 -g -fno-common -fstack-protector-strong $(WARNINGS)
comma := ,
ifeq ($(VARIANT),asan)
CFLAGS   += -O1 -fno-omit-frame-pointer -fsanitize=address$(comma)undefined -fno-sanitize-recover=all
else
CFLAGS   += -O2
endif
ifeq ($(VARIANT),mutants)
CPPFLAGS += -DFOG_MUTANTS
endif
ifeq ($(VARIANT),coverage)
CFLAGS   += -O0 --coverage
endif
LDFLAGS  += -Wl,--as-needed

Q := $(if $(V),,@)

# --- what consists of what -----------------------------------------------------------------------

sources   = $(sort $(wildcard $(addsuffix /*.c,$(1))))
objects   = $(patsubst %.c,$(OUT)/%.o,$(1))

SCHEMA    := $(call sources,schema schema/base schema/kinds schema/wire)
CTL_CORE  := $(call sources,controller/core)
AGT_CORE  := $(call sources,agent/core)
STORE     := $(call sources,controller/io/store)
CTL_IO    := $(call sources,controller controller/io)
AGT_IO    := $(call sources,agent agent/io agent/io/drivers agent/shim)
FOGCTL    := $(call sources,tools/fogctl)
FOGLOAD   := $(call sources,tools/fogload)
SIM       := $(call sources,tests/sim)
TOOLS     := $(filter-out tools/fogctl,$(patsubst tools/%.c,%,$(wildcard tools/*.c)))
UNIT      := $(patsubst %.c,$(OUT)/%,$(shell find tests/unit -name '*_test.c' 2>/dev/null | sort))

LIB_SCHEMA := $(OUT)/libschema.a
LIB_CTL    := $(OUT)/libctl.a
LIB_AGT    := $(OUT)/libagt.a
LIB_AGTIO  := $(OUT)/libagtio.a
LIB_STORE  := $(OUT)/libstore.a
LIB_CTLIO  := $(OUT)/libctlio.a
LIB_FOGCTL := $(OUT)/libfogctl.a

LIBS_SCHEMA := -lyaml -ljansson -lcrypto -lm
LIBS_STORE  := -lsqlite3 -lpthread
LIBS_DAEMON := -lwebsockets -luv

PROGRAMS := fog-controller fog-agent fogctl

# The files of the dashboard, as an object; nothing in it differs between variants but flags.
DASHBOARD := $(OUT)/dashboard/files.o

.SECONDARY: # objects are kept
.PHONY: all man
all: $(addprefix $(OUT)/,$(PROGRAMS) $(TOOLS) fogload) man

$(OUT)/%.o: %.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC    $<")
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

define archive
	@mkdir -p $(@D)
	$(Q)rm -f $@ && ar rcs $@ $^
endef

define link
	@mkdir -p $(@D)
	$(if $(V),,@echo "  LINK  $@")
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(1)
endef

$(LIB_SCHEMA): $(call objects,$(SCHEMA))
	$(archive)
$(LIB_CTL): $(call objects,$(CTL_CORE))
	$(archive)
$(LIB_AGT): $(call objects,$(AGT_CORE))
	$(archive)
$(LIB_AGTIO): $(call objects,$(filter-out agent/main.c,$(AGT_IO)))
	$(archive)
$(LIB_STORE): $(call objects,$(STORE))
	$(archive)
$(LIB_CTLIO): $(call objects,$(call sources,controller/io)) $(DASHBOARD)
	$(archive)

$(LIB_FOGCTL): $(call objects,$(filter-out tools/fogctl/main.c,$(FOGCTL)))
	$(archive)

$(OUT)/fog-controller: $(call objects,$(CTL_IO)) $(DASHBOARD) $(LIB_CTL) $(LIB_STORE) $(LIB_SCHEMA)
	$(call link,$^ $(LIBS_STORE) $(LIBS_DAEMON) $(LIBS_SCHEMA) -lcurl -lpthread)
$(OUT)/fog-agent: $(call objects,$(AGT_IO)) $(LIB_AGT) $(LIB_SCHEMA)
	$(call link,$^ $(LIBS_DAEMON) $(LIBS_SCHEMA) -lcurl -lpthread)
$(OUT)/fogctl: $(call objects,$(FOGCTL)) $(LIB_SCHEMA)
	$(call link,$^ $(LIBS_SCHEMA) -lcurl)
$(OUT)/fogload: $(call objects,$(FOGLOAD)) $(LIB_AGT) $(LIB_SCHEMA)
	$(call link,$^ $(LIBS_SCHEMA))

# The page is built by Node from its sources and from libraries that `make deps` brings; whoever has
# none of them gets the same controller without the page.  One that was left out is tried again by each
# make; one that is there stays, also where there is no Node (sudo make install).
PAGE_SOURCES := $(sort $(shell find controller/dashboard -type f))
PAGE_LIBRARIES := build/dashboard/npm
PAGE_AGAIN := $(if $(shell grep -s 'file_count = 0;' build/dashboard/files.c),page-again)
.PHONY: page-again
$(DASHBOARD): build/dashboard/files.c controller/io/dashboard.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(filter-out -g,$(CFLAGS)) -c -o $@ $<
# What the page knows from the tables of the programs; the same of every variant, so made anew only when it differs.
build/dashboard/reasons.json: $(OUT)/gendocs
	@mkdir -p $(@D)
	$(Q)$< reasons.json >$@.$$$$ && { cmp -s $@.$$$$ $@ && rm $@.$$$$ || mv $@.$$$$ $@; }
build/dashboard/files.c: $(PAGE_SOURCES) build/dashboard/reasons.json $(wildcard $(PAGE_LIBRARIES)/node_modules/complete) $(PAGE_AGAIN)
	@mkdir -p $(@D)
	$(if $(V),,@echo "  PAGE  $@")
	$(Q)controller/dashboard/build $(PAGE_LIBRARIES) $(@D)

# The simulator: production cores and store, a virtual world around them.
$(OUT)/fog-sim: $(call objects,$(SIM)) $(LIB_CTL) $(LIB_AGT) $(LIB_STORE) $(LIB_SCHEMA)
	$(call link,$^ $(LIBS_STORE) $(LIBS_SCHEMA))

# A tape says of which sources the program was that recorded it.
SIM_SOURCES := $(sort $(wildcard $(addsuffix /*.[ch],tests/sim schema schema/base schema/kinds schema/wire \
               controller/core agent/core controller/io/store)))
$(OUT)/tests/sim/revision.o: CPPFLAGS += -DSIM_REVISION='"$(shell cat $(SIM_SOURCES) | sha256sum | cut -c1-12)"'
$(OUT)/tests/sim/revision.o: $(SIM_SOURCES)

# Seeds of the simulator with every door closed (tests/suites/pure.sh); sanitizers need doors of
# their own, so this one is never built with them.
$(OUT)/fog-pure: $(OUT)/tests/pure/pure.o $(call objects,$(filter-out tests/sim/main.c,$(SIM))) $(LIB_CTL) $(LIB_AGT) $(LIB_STORE) $(LIB_SCHEMA)
	$(call link,$^ $(LIBS_STORE) $(LIBS_SCHEMA) -lseccomp)

# The tables of options, without the rest of their daemons: for docs/CONFIG.md.
OPTIONS := $(addprefix $(OUT)/,controller/io/options.o controller/io/address.o agent/io/options.o agent/io/config_owner.o)
$(OUT)/gendocs: $(OUT)/tools/gendocs.o $(OPTIONS) $(LIB_SCHEMA)
	$(call link,$^ $(LIBS_SCHEMA))
$(OUT)/genman: $(OUT)/tools/genman.o $(OPTIONS) $(LIB_FOGCTL) $(LIB_SCHEMA)
	$(call link,$^ $(LIBS_SCHEMA) -lcurl)
$(OUT)/tests/unit/options_test: $(OUT)/tests/unit/options_test.o $(OPTIONS) $(LIB_SCHEMA)
	$(call link,$^ -lcmocka $(LIBS_SCHEMA))

# Single-file tools: tools/NAME.c sees everything.
$(OUT)/%: $(OUT)/tools/%.o $(LIB_CTL) $(LIB_AGT) $(LIB_STORE) $(LIB_SCHEMA)
	$(call link,$^ $(LIBS_STORE) $(LIBS_DAEMON) $(LIBS_SCHEMA) -lcurl)

# --- live chaos ----------------------------------------------------------------------------------

# What judges a run of the real programs shares no code with them (docs/CHAOS.md): a file each, or a
# few of the same beginning.  The preloaded faults never have sanitizers, for their host may; nor has
# the workload, which runs under limits of memory.
CHAOS_PROGRAMS := $(addprefix $(OUT)/,fog-chaos-work fog-chaos-load fog-chaos-check fog-chaos-audit libfogfault.so)

$(OUT)/fog-chaos-work: tests/chaos/work.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  LINK  $@")
	$(Q)$(CC) $(CPPFLAGS) $(filter-out -fsanitize%,$(CFLAGS)) -o $@ $<
$(OUT)/fog-chaos-load: $(call objects,$(sort $(wildcard tests/chaos/load*.c)))
	$(call link,$^ -lcurl -ljansson -lpthread)
$(OUT)/fog-chaos-check: $(call objects,$(sort $(wildcard tests/chaos/check*.c)))
	$(call link,$^ -lcurl -ljansson -lsqlite3 -lcrypto)
$(OUT)/fog-chaos-audit: $(call objects,$(sort $(wildcard tests/chaos/audit*.c)))
	$(call link,$^ -lcurl -ljansson -lsqlite3 -lcrypto)
$(OUT)/libfogfault.so: $(wildcard tests/chaos/fault_*.[ch])
	@mkdir -p $(@D)
	$(if $(V),,@echo "  LINK  $@")
	$(Q)$(CC) $(CPPFLAGS) $(filter-out -fsanitize%,$(CFLAGS)) -shared -fPIC -o $@ $(filter %.c,$^) -ldl
CHAOS_PROGRAMS += $(OUT)/fog-proxy $(OUT)/fog-chaos
$(OUT)/fog-chaos: $(call objects,$(sort $(wildcard tests/chaos/chaos*.c))) $(LIB_SCHEMA)
	$(call link,$^ -lcurl -lpthread $(LIBS_SCHEMA))
CHAOS_PROXY    := $(sort $(wildcard tests/chaos/proxy*.c))
$(OUT)/fog-proxy: $(call objects,$(CHAOS_PROXY)) $(LIB_SCHEMA)
	$(call link,$^ -luv $(LIBS_SCHEMA))
$(OUT)/tests/unit/chaos/%_test: $(OUT)/tests/unit/chaos/%_test.o $(call objects,$(filter-out %_main.c,$(CHAOS_PROXY))) $(LIB_SCHEMA)
	$(call link,$^ -lcmocka -luv $(LIBS_SCHEMA))

.PHONY: chaos-judge chaos
chaos-judge: $(CHAOS_PROGRAMS)
# make chaos SECONDS=600 SEED=7 [AGENTS=5] [KEEP=DIR] | make chaos KILLS=1000
chaos: deps
	$(Q)$(MAKE) --no-print-directory -s -j$$(nproc) $(addprefix $(OUT)/,$(PROGRAMS)) chaos-judge
	$(Q)$(OUT)/fog-chaos $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED)) \
	    $(if $(AGENTS),--agents $(AGENTS)) $(if $(KILLS),--kills $(KILLS)) $(if $(KEEP),--keep $(KEEP))

# --- tests ---------------------------------------------------------------------------------------

# A unit test is one file tests/unit/…/NAME_test.c, linked with all the libraries; helpers shared by
# tests live in tests/support.
# The simulated disk serves the store's tests too.
SUPPORT := $(call sources,tests/support) $(addprefix tests/sim/,die.c mutants.c tape.c) $(sort $(wildcard tests/sim/disk*.c))
SUPPORT += $(addprefix tests/sim/,generate.c release.c spoil.c)
LIB_SUPPORT := $(OUT)/libsupport.a
$(LIB_SUPPORT): $(call objects,$(SUPPORT))
	$(archive)
$(OUT)/tests/unit/%_test: $(OUT)/tests/unit/%_test.o $(LIB_SUPPORT) $(LIB_CTL) $(LIB_AGT) $(LIB_STORE) $(LIB_SCHEMA)
	$(call link,$(filter %.o,$^) $(filter %.a,$^) -lcmocka $(LIBS_STORE) $(LIBS_SCHEMA))

# The judge of a simulated day, with the world it judges.
$(OUT)/tests/unit/sim/day_%_test: $(OUT)/tests/unit/sim/day_%_test.o $(call objects,$(filter-out tests/sim/main.c,$(SIM))) $(LIB_CTL) $(LIB_AGT) $(LIB_STORE) $(LIB_SCHEMA)
	$(call link,$^ -lcmocka $(LIBS_STORE) $(LIBS_SCHEMA))

# The controller's shell, for its own tests: sockets, threads and the loop.
$(OUT)/tests/unit/controller/io/%_test: $(OUT)/tests/unit/controller/io/%_test.o $(LIB_SUPPORT) $(LIB_CTLIO) $(LIB_CTL) $(LIB_STORE) $(LIB_SCHEMA)
	$(call link,$^ -lcmocka $(LIBS_STORE) $(LIBS_DAEMON) $(LIBS_SCHEMA) -lcurl)

# The agent's shell and shim, with real processes; the test program is its own shim.
$(OUT)/tests/unit/agent/io/%_test: $(OUT)/tests/unit/agent/io/%_test.o $(LIB_SUPPORT) $(LIB_AGTIO) $(LIB_AGT) $(LIB_SCHEMA)
	$(call link,$^ -lcmocka $(LIBS_DAEMON) $(LIBS_SCHEMA) -lcurl)
$(OUT)/tests/unit/agent/shim/%_test: $(OUT)/tests/unit/agent/shim/%_test.o $(LIB_SUPPORT) $(LIB_AGTIO) $(LIB_AGT) $(LIB_SCHEMA)
	$(call link,$^ -lcmocka $(LIBS_DAEMON) $(LIBS_SCHEMA) -lcurl)

# fogctl, all but its main(): runs of it are forked.  golden_top are the stories of its board.
$(OUT)/tests/unit/golden_top_test: $(OUT)/tests/unit/golden_top_test.o $(LIB_SUPPORT) $(LIB_FOGCTL) $(LIB_SCHEMA)
	$(call link,$^ -lcmocka $(LIBS_SCHEMA) -lcurl -lpthread)
$(OUT)/tests/unit/fogctl/%_test: $(OUT)/tests/unit/fogctl/%_test.o $(LIB_SUPPORT) $(LIB_FOGCTL) $(LIB_SCHEMA)
	$(call link,$^ -lcmocka $(LIBS_SCHEMA) -lcurl -lpthread)

# Do the tests bite?  One build that has all seeded mistakes in it, each chosen by name: the simulator
# must find every one, by the right check, and two unit tests theirs.
.PHONY: mutants mutants-programs
mutants-programs: $(OUT)/fog-sim $(OUT)/tests/unit/controller/io/power_cut_test $(OUT)/tests/unit/agent/random_test
# make mutants [MUTANTS="NAME …"]
mutants:
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) VARIANT=mutants mutants-programs
	$(Q)tests/mutants $(MUTANTS)

# Replays the corpora of the fuzzers.
FUZZ := $(wildcard tests/fuzz/*_fuzz.c)
$(OUT)/tests/unit/fuzz_replay_test: $(call objects,$(FUZZ) controller/io/http_parse.c controller/io/websocket.c agent/io/options.c agent/io/config_owner.c)

.PHONY: unit-programs
unit-programs: $(UNIT)

# Everything compiles with clang, too; looking is enough.
.PHONY: syntax
CHECKED := $(patsubst %.c,$(OUT)/%.checked,$(shell git ls-files '*.c' 2>/dev/null))
syntax: $(CHECKED)
$(OUT)/%.checked: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(filter-out -g,$(CFLAGS)) -MMD -MP -MF $(@:.checked=.d) -MT $@ -fsyntax-only $< && touch $@

.PHONY: test nightly
test: deps-test
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) VARIANT=asan all sim-program chaos-judge unit-programs
	$(Q)tests/run build/asan
nightly: deps-test
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) VARIANT=asan all sim-program chaos-judge unit-programs
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all sim-program
	$(Q)tests/run build/asan nightly

# Pictures of the dashboard for the documents, of a fleet of its own.
.PHONY: screenshots
screenshots: deps-test
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all
	FOG_OUT=$(OUT) tests/browser/screenshots.sh docs/images

.PHONY: sim-program sim bench-sim
sim-program: $(if $(wildcard tests/sim/main.c),$(OUT)/fog-sim)
# make sim SEED=42 | SEEDS=10000 [FROM=1] [JOBS=2] [KEEP=1] | TAPE=build/release/sim-42.tape
# and with any of them TRACE=1, SHRINK=1, FAULTS=all, AGENTS=5, TAPE_OUT=file
# make sim PLANS=1 | PLANS=rollout [PAIRS=1000] | PLAN=tests/plans/….plan
# make sim DAY=1 [SEED=4 | SEEDS=20] [DEVICES=14] [FAULTS=1] [PICTURE=day.svg]: 24 hours of a fleet
# A failure's tape is shrunk a little unasked (SHRINK=0: not at all).
SIM_SHRINK = $(if $(SHRINK),$(if $(filter-out 0,$(SHRINK)),--shrink),$(if $(TAPE)$(TRACE)$(PLANS)$(PLAN),,--shrink --budget 150))
SIM_WORDS = $(if $(PLANS),--plans $(PLANS)) $(if $(PAIRS),--pairs $(PAIRS)) $(if $(PLAN),--plan $(PLAN)) \
  $(if $(SEED),--seed $(SEED)) $(if $(SEEDS),--seeds $(SEEDS)) $(if $(FROM),--from $(FROM)) $(if $(JOBS),--jobs $(JOBS)) \
  $(if $(KEEP),--keep-going) $(if $(FAULTS),--faults $(FAULTS)) $(if $(AGENTS),--agents $(AGENTS)) \
  $(if $(TAPE),--tape $(TAPE)) $(if $(TAPE_OUT),--tape-out $(TAPE_OUT)) $(SIM_SHRINK) $(if $(filter-out 0,$(TRACE)),--trace)
DAY_WORDS = --day $(if $(SEED),--seed $(SEED)) $(if $(SEEDS),--seeds $(SEEDS)) $(if $(FROM),--from $(FROM)) \
  $(if $(DEVICES),--devices $(DEVICES)) $(if $(FAULTS),--faults) $(if $(PICTURE),--picture $(PICTURE)) $(if $(filter-out 0,$(TRACE)),--trace)
sim: deps
	$(Q)$(MAKE) $(if $(V),,-s) --no-print-directory -j$$(nproc) sim-program
	$(strip $(OUT)/fog-sim $(if $(filter-out 0,$(DAY)),$(DAY_WORDS),$(SIM_WORDS)))

# How many lines of what is shipped does it reach, and which are not linked in?
.PHONY: sim-coverage shell-objects
shell-objects: $(call objects,$(CTL_IO) $(AGT_IO))
sim-coverage: deps
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) VARIANT=coverage sim-program shell-objects
	$(Q)tests/sim-coverage build/coverage $(or $(SEEDS),300)

# How fast is it?  The same seeds without faults, with each seed's choice, with all: five agents, one core.
bench-sim: deps
	$(Q)$(MAKE) $(if $(V),,-s) --no-print-directory -j$$(nproc) sim-program
	$(OUT)/fog-sim --bench --seeds $(or $(SEEDS),200) --agents $(or $(AGENTS),5)

# How long does it take to ask 10,000, 100,000 and 1,000,000 agents something, by columns and by objects?
# make bench [DEVICES="10000 50000"]: a million of them take 3 GB
.PHONY: bench
bench: deps
	$(Q)$(MAKE) $(if $(V),,-s) --no-print-directory $(OUT)/fogbench
	$(OUT)/fogbench $(DEVICES)

# --- the machine ---------------------------------------------------------------------------------

DEBIAN_BUILD := gcc make pkg-config libc6-dev libuv1-dev libwebsockets-dev libwebsockets-evlib-uv libyaml-dev \
                libjansson-dev libsqlite3-dev libssl-dev libcurl4-openssl-dev diffutils procps
DEBIAN_DEB   := dpkg-dev binutils
# Node from elsewhere than Debian is as good; Debian's believes the certificates of Debian.
DEBIAN_PAGE   = ca-certificates $(foreach program,node npm,$(if $(shell command -v $(program)),,$(program:node=nodejs)))
DEBIAN_TEST   = $(DEBIAN_BUILD) $(DEBIAN_DEB) git clang clang-format-14 libcmocka-dev libclang-rt-14-dev libseccomp-dev \
                curl jq sqlite3 util-linux python3 prometheus adduser debootstrap iproute2 groff man-db bsdextrautils mandoc zsh fish chromium

.PHONY: deps deps-test deps-page
deps:
	@tools/deps $(DEBIAN_BUILD)
	@$(MAKE) --no-print-directory deps-page
# Where it cannot be had the controller is built without the page, which is said.
deps-page:
	@tools/deps $(DEBIAN_PAGE) || :
	@controller/dashboard/fetch $(PAGE_LIBRARIES)
deps-test:
	@tools/deps $(DEBIAN_TEST) $(DEBIAN_PAGE)
	@controller/dashboard/fetch $(PAGE_LIBRARIES)
	@tests/clients/fetch build/clients

# --- using it ------------------------------------------------------------------------------------

.PHONY: demo up down docs fmt lint
demo: deps
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all
	$(Q)tools/demo $(OUT)
up: deps
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all
	$(Q)tools/fleet up $(OUT)
down:
	$(Q)tools/fleet down $(OUT)
docs: $(OUT)/gendocs # those pages of docs/ that are made from tables; a test compares
	$(OUT)/gendocs kinds >docs/KINDS.md
	$(OUT)/gendocs protocol >docs/PROTOCOL.md
	$(OUT)/gendocs mutants >docs/MUTANTS.md
	$(OUT)/gendocs where >docs/WHERE.md
	$(OUT)/gendocs config >docs/CONFIG.md
	$(OUT)/gendocs metrics >docs/METRICS.md
fmt:
	git ls-files '*.c' '*.h' | xargs clang-format-14 -i
lint:
	tools/check-layers $(if $(wildcard $(OUT)/libctl.a),$(OUT))
	tools/check-sizes
	tools/check-format

# --- installing it -------------------------------------------------------------------------------

PREFIX       ?= /usr/local
prefix       ?= $(PREFIX)
exec_prefix  ?= $(prefix)
bindir       ?= $(exec_prefix)/bin
datadir     ?= $(prefix)/share
mandir      ?= $(datadir)/man
docdir      ?= $(datadir)/doc
bashcompdir ?= $(datadir)/bash-completion/completions
zshcompdir  ?= $(datadir)/zsh/site-functions
fishcompdir ?= $(datadir)/fish/vendor_completions.d
systemunitdir ?= $(prefix)/lib/systemd/system
sysusersdir  ?= $(prefix)/lib/sysusers.d
confdir      := /etc/fog# the daemons look there
INSTALL      ?= install
INSTALL_PROGRAM ?= $(INSTALL) -m 755
INSTALL_DATA ?= $(INSTALL) -m 644
DAEMONS      := controller agent

# A file of before is the operator's and stays; what is new in it lies beside it.
define install_conf
	$(Q)if [ -e $(1) ] && ! cmp -s $(OUT)/conf/$(notdir $(1)) $(1); then \
	  echo "  kept $(1); the new one is $(1).new" && $(INSTALL_DATA) $(OUT)/conf/$(notdir $(1)) $(1).new; \
	else $(INSTALL_DATA) $(OUT)/conf/$(notdir $(1)) $(1); fi
endef

# Libraries of others are in the dashboard, if it is built in.
define install_licences
	$(Q)if [ -e build/dashboard/page/licences.txt ]; then $(INSTALL) -d $(DESTDIR)$(docdir)/fog-controller && \
	  $(INSTALL_DATA) build/dashboard/page/licences.txt $(DESTDIR)$(docdir)/fog-controller; fi
endef

.PHONY: install install-fogctl $(addprefix install-,$(DAEMONS)) uninstall deb
install: $(addprefix install-,$(DAEMONS)) install-fogctl
$(addprefix install-,$(DAEMONS)): install-%: $(OUT)/fog-% $(OUT)/conf/%.conf $(OUT)/man/fogctl.1
	$(Q)$(INSTALL) -d $(addprefix $(DESTDIR),$(bindir) $(systemunitdir) $(sysusersdir) $(confdir) $(mandir)/man8)
	$(Q)$(INSTALL_DATA) $(OUT)/man/fog-$*.8 $(DESTDIR)$(mandir)/man8
	$(Q)$(INSTALL_PROGRAM) $< $(DESTDIR)$(bindir)
	$(Q)sed 's|@bindir@|$(bindir)|g' packaging/systemd/fog-$*.service >$(OUT)/conf/fog-$*.service.tmp && \
	  mv -f $(OUT)/conf/fog-$*.service.tmp $(OUT)/conf/fog-$*.service
	$(Q)$(INSTALL_DATA) $(OUT)/conf/fog-$*.service $(DESTDIR)$(systemunitdir)
	$(Q)$(INSTALL_DATA) packaging/systemd/fog-$*.sysusers $(DESTDIR)$(sysusersdir)/fog-$*.conf
	$(call install_conf,$(DESTDIR)$(confdir)/$*.conf)
	$(if $(filter controller,$*),$(install_licences))
install-fogctl: $(OUT)/fogctl $(OUT)/man/fogctl.1
	$(Q)$(INSTALL) -d $(addprefix $(DESTDIR),$(bindir) $(mandir)/man1 $(bashcompdir) $(zshcompdir) $(fishcompdir))
	$(Q)$(INSTALL_PROGRAM) $< $(DESTDIR)$(bindir)
	$(Q)$(INSTALL_DATA) $(OUT)/man/fogctl*.1 $(DESTDIR)$(mandir)/man1
	$(Q)$(INSTALL_DATA) $(OUT)/completion/fogctl.bash $(DESTDIR)$(bashcompdir)/fogctl
	$(Q)$(INSTALL_DATA) $(OUT)/completion/fogctl.zsh $(DESTDIR)$(zshcompdir)/_fogctl
	$(Q)$(INSTALL_DATA) $(OUT)/completion/fogctl.fish $(DESTDIR)$(fishcompdir)/fogctl.fish
# Pages for man(1) and scripts for shells, made of the tables that the programs are built with.
man: $(OUT)/man/fogctl.1
$(OUT)/man/fogctl.1: $(OUT)/genman $(OUT)/fogctl
	$(Q)rm -rf $(OUT)/man $(OUT)/completion && mkdir -p $(OUT)/man $(OUT)/completion
	$(Q)for shell in bash zsh fish; do $(OUT)/fogctl completion $$shell >$(OUT)/completion/fogctl.$$shell || exit 1; done
	$(Q)$(OUT)/genman $(OUT)/man
# What says where the state is has a value of its own; see docs/decisions/0027-install.md for the agent's cgroup.
$(OUT)/conf/%.conf: $(OUT)/gendocs Makefile
	@mkdir -p $(@D)
	$(Q)$< $*.conf | sed -E -e '/^#cgroup = /i # none beside systemd, which cannot start an agent anew in a group that workloads are in' \
	  -e 's/^#(state|cgroup) = /\1 = /' >$@.tmp && mv $@.tmp $@
# Configuration, state and users stay.
uninstall:
	rm -f $(DESTDIR)$(mandir)/man1/fogctl.1 $(DESTDIR)$(mandir)/man1/fogctl-*.1 $(DAEMONS:%=$(DESTDIR)$(mandir)/man8/fog-%.8) \
	  $(DESTDIR)$(bashcompdir)/fogctl $(DESTDIR)$(zshcompdir)/_fogctl $(DESTDIR)$(fishcompdir)/fogctl.fish
	rm -f $(DESTDIR)$(docdir)/fog-controller/licences.txt
	[ ! -d $(DESTDIR)$(docdir)/fog-controller ] || rmdir --ignore-fail-on-non-empty $(DESTDIR)$(docdir)/fog-controller
	rm -f $(addprefix $(DESTDIR)$(bindir)/,$(PROGRAMS)) $(DAEMONS:%=$(DESTDIR)$(systemunitdir)/fog-%.service) \
	  $(DAEMONS:%=$(DESTDIR)$(sysusersdir)/fog-%.conf)

# make deb [DEB_VERSION=0.1.0+1]
DEB_VERSION ?= $(shell sed -n 's/^\#define FOG_VERSION "\(.*\)"/\1/p' schema/version.h)
deb: deps-page
	@tools/deps $(DEBIAN_BUILD) $(DEBIAN_DEB)
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) $(addprefix $(OUT)/,$(PROGRAMS) gendocs) man
	$(Q)VARIANT=$(VARIANT) tools/deb $(DEB_VERSION)

# --- fuzzing -------------------------------------------------------------------------------------

# build/fuzz/NAME_fuzz for each tests/fuzz/NAME_fuzz.c, for example:
#     build/fuzz/yaml_fuzz -max_total_time=60 build/fuzz/yaml tests/fuzz/corpus/yaml
FUZZ_FLAGS := -std=gnu11 -g -O1 -fno-omit-frame-pointer -fsanitize=fuzzer$(comma)address$(comma)undefined

.PHONY: fuzz-programs
fuzz-programs: $(patsubst tests/%.c,build/%,$(FUZZ))

build/fuzz/http_fuzz: controller/io/http_parse.c
build/fuzz/websocket_fuzz: controller/io/websocket.c
build/fuzz/options_fuzz: agent/io/options.c agent/io/config_owner.c
build/fuzz/query_fuzz: $(addprefix controller/core/,target.c selector.c media.c)
build/fuzz/%_fuzz: tests/fuzz/%_fuzz.c tests/fuzz/entry.c tests/fuzz/fuzz.h $(SCHEMA)
	@mkdir -p $(@D)/$*
	$(if $(V),,@echo "  FUZZ  $@")
	$(Q)clang $(CPPFLAGS) $(FUZZ_FLAGS) -DFUZZ_ONE=fuzz_$* -o $@ $(filter %.c,$^) $(LIBS_SCHEMA)

.PHONY: clean distclean
clean:
	rm -rf $(filter-out build/clients build/dashboard,$(wildcard build/*)) \
	  $(filter-out build/dashboard/npm build/dashboard/cache,$(wildcard build/dashboard/*))
distclean:
	rm -rf build

-include $(shell find $(OUT) -name '*.d' 2>/dev/null)
