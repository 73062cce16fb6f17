# blobfront: build, run, test.  `make help` lists the targets.
#
# Everything is built out of tree in build/<config>/: release (default), debug, asan, tsan, cov.
# Objects depend on their headers (-MMD -MP) and on build/<config>/flags, a file rewritten only when
# the compiler or its flags change: changed flags rebuild what they must and nothing else does.

CONFIG ?= release
ifeq ($(origin CC),default)
CC := gcc
endif
BUILD := build/$(CONFIG)
JOBS := $(shell nproc 2>/dev/null || echo 2)
PREFIX ?= /usr/local
DESTDIR ?=

FLAGS_release := -O2 -g
FLAGS_debug := -O0 -g
FLAGS_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FLAGS_tsan := -O1 -g -fsanitize=thread
FLAGS_cov := -O0 -g --coverage
ifeq ($(FLAGS_$(CONFIG)),)
$(error unknown CONFIG "$(CONFIG)": release, debug, asan, tsan or cov)
endif

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion \
  -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Wcast-qual -Wwrite-strings \
  -Wimplicit-fallthrough -Werror
CPPFLAGS_OWN := -I. -D_POSIX_C_SOURCE=200809L -D_XOPEN_SOURCE=700 -D_DEFAULT_SOURCE
CFLAGS_OWN := -std=c11 $(WARNINGS) -fno-common -pthread -fstack-protector-strong $(FLAGS_$(CONFIG))
LIBS := -ldeflate -lsqlite3 -lzstd -lbrotlienc -lbrotlidec -lxxhash -lcjson -lcrypto -larchive -lz -lm

COMPILE = $(CC) $(CPPFLAGS_OWN) $(CPPFLAGS) $(CFLAGS_OWN) $(CFLAGS)
LINK = $(CC) $(CFLAGS_OWN) $(CFLAGS) $(LDFLAGS)

# One short line per step; V=1 shows the commands.
SAY = @$(if $(V),:,echo) "  $(1)" $(patsubst $(BUILD)/%,%,$@)
HIDE = $(if $(V),,@)

FOLDERS := engine strategies datasets workloads results analysis cli
SOURCES := $(wildcard $(addsuffix /*.c,$(FOLDERS)))
LIB_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(filter-out cli/main.c,$(SOURCES)))
PROGRAM := $(BUILD)/blobfront
LIBRARY := $(BUILD)/libblobfront.a

TEST_PROGRAMS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/t_*.c tests/tool_*.c))
TEST_SUPPORT := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/support_*.c))
PLANTED := $(BUILD)/tests/blobfront-planted
PLANTED_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/planted/*.c)) \
  $(BUILD)/tests/planted/strategies.o

SABOTAGED := $(patsubst tests/sabotage/sabotage_%.c,$(BUILD)/tests/blobfront-%,\
  $(wildcard tests/sabotage/sabotage_*.c))

# Packages, by the file whose absence shows that one is missing.
BUILD_NEEDS := /usr/include/sqlite3.h:libsqlite3-dev /usr/include/zstd.h:libzstd-dev \
  /usr/include/brotli/encode.h:libbrotli-dev /usr/include/xxh_x86dispatch.h:libxxhash-dev \
  /usr/include/cjson/cJSON.h:libcjson-dev /usr/include/libdeflate.h:libdeflate-dev \
  /usr/include/openssl/evp.h:libssl-dev /usr/include/archive.h:libarchive-dev \
  /usr/include/zlib.h:zlib1g-dev \
  $(if $(filter gcc,$(CC)),/usr/bin/gcc:gcc /usr/include/stdio.h:libc6-dev)
BENCH_NEEDS := /usr/bin/gnuplot:gnuplot-nox
TEST_NEEDS := /usr/include/cmocka.h:libcmocka-dev /usr/bin/sqlite3:sqlite3 \
  /usr/bin/python3:python3 /usr/lib/python3/dist-packages/jsonschema/__init__.py:python3-jsonschema \
  /usr/bin/strace:strace /usr/bin/git:git /usr/bin/file:file /usr/bin/pngcheck:pngcheck \
  /usr/bin/djpeg:libjpeg-turbo-progs /usr/bin/unzip:unzip /usr/bin/ffmpeg:ffmpeg \
  /usr/bin/gifsicle:gifsicle /usr/bin/qpdf:qpdf

.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: all link-orders bench bench-quick test check-slow tidy format asan tsan cov install uninstall \
  clean help build-needs bench-needs test-needs tests cost calibrate show-compile show-link \
  show-libs FORCE
.DEFAULT_GOAL := all

all: $(PROGRAM)

# The same objects in eight orders: where functions lie moves timings by a few per cent, so a gate
# compares programs over many layouts (docs/gate.md).  The orders are the same in every build.
link-orders: $(PROGRAM) $(foreach n,0 1 2 3 4 5 6 7,$(BUILD)/orders/blobfront-$(n))

# ---- running ---------------------------------------------------------------------------------

# DATA=folder measures your own files; ARGS adds any option of `blobfront run`.  The shell takes DATA
# from the environment, where make puts it: a folder's name may hold spaces and quotes.
export DATA
DATASET_ARGS = $(if $(DATA),--data "$$DATA",)

bench: bench-needs
	@$(MAKE) -j$(JOBS) --no-print-directory all
	$(PROGRAM) run --profile full --budget 170s $(DATASET_ARGS) $(ARGS)

bench-quick: bench-needs
	@$(MAKE) -j$(JOBS) --no-print-directory all
	$(PROGRAM) run --profile quick --budget 50s $(DATASET_ARGS) $(ARGS)

# ---- testing ---------------------------------------------------------------------------------

tests: $(PROGRAM) $(TEST_PROGRAMS) $(PLANTED) $(SABOTAGED)

# TESTS="t_io usage" runs some suites only.
test: test-needs
	@$(MAKE) -j$(JOBS) --no-print-directory tests
	tests/run.sh $(BUILD) $(TESTS)

# Everything again under the address, undefined-behaviour and thread sanitizers, the other compiler.
check-slow: test
	$(MAKE) asan
	$(MAKE) tsan
	$(MAKE) -j$(JOBS) CONFIG=debug CC=clang tests
	$(MAKE) tidy

asan: test-needs
	@$(MAKE) -j$(JOBS) --no-print-directory CONFIG=asan tests
	BLOBFRONT_TEST_STUDIES=2000 BLOBFRONT_TEST_LIMIT=600 tests/run.sh build/asan $(TESTS)

tsan: test-needs
	@$(MAKE) -j$(JOBS) --no-print-directory CONFIG=tsan tests
	BLOBFRONT_TEST_STUDIES=2000 BLOBFRONT_TEST_LIMIT=600 tests/run.sh build/tsan $(TESTS)

cov: test-needs
	@$(MAKE) -j$(JOBS) --no-print-directory CONFIG=cov tests
	find build/cov -name '*.gcda' -delete
	BLOBFRONT_TEST_STUDIES=2000 BLOBFRONT_TEST_LIMIT=300 tests/run.sh build/cov $(TESTS)
	tests/coverage.sh build/cov

# What the harness itself costs (docs/journal.md).
cost: test-needs
	@$(MAKE) -j$(JOBS) --no-print-directory $(BUILD)/tests/tool_cost
	$(BUILD)/tests/tool_cost

# How often the tests are wrong and what they find, by simulation (docs/journal.md).
calibrate: test-needs
	@$(MAKE) -j$(JOBS) --no-print-directory $(BUILD)/tests/tool_size
	$(BUILD)/tests/tool_size

tidy:
	tests/tidy.sh

format:
	clang-format -i $(wildcard $(addsuffix /*.[ch],$(FOLDERS)) tests/*.[ch] tests/planted/*.[ch] tests/sabotage/*.[ch])

# The commands themselves, for tests that build something of their own.
show-compile:
	@printf '%s\n' '$(COMPILE)'

show-link:
	@printf '%s\n' '$(LINK)'

show-libs:
	@printf '%s\n' '$(LIBS)'

# ---- installing ------------------------------------------------------------------------------

install: $(PROGRAM)
	install -D -m 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/blobfront

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/blobfront

clean:
	rm -rf build

help:
	@echo 'make             build build/release/blobfront'
	@echo 'make link-orders the program in eight link orders, for blobfront gate'
	@echo 'make bench       install what is missing, build, run the full study (DATA=folder for yours)'
	@echo 'make bench-quick the core strategies in under a minute'
	@echo 'make test        install what is missing, build and run all tests'
	@echo 'make check-slow  tests, then again under the sanitizers and with clang, then tidy'
	@echo 'make asan tsan   tests under one sanitizer        make cov    tests with line coverage'
	@echo 'make tidy        style, layering, tables          make format clang-format the sources'
	@echo 'make cost        what the harness itself costs'
	@echo 'make calibrate   error rates and power of the tests, by simulation'
	@echo 'make install     to PREFIX=/usr/local             make uninstall, make clean'
	@echo 'CONFIG=release|debug|asan|tsan|cov, CC=gcc|clang, V=1, DATA=folder, ARGS="options of run"'

build-needs:
	@tests/install.sh "to build" $(BUILD_NEEDS)

bench-needs:
	@tests/install.sh "to build, run and draw plots" $(BUILD_NEEDS) $(BENCH_NEEDS)

test-needs:
	@tests/install.sh "to build and run the tests" $(BUILD_NEEDS) $(BENCH_NEEDS) $(TEST_NEEDS)

# ---- building --------------------------------------------------------------------------------

$(PROGRAM): $(BUILD)/cli/main.o $(LIBRARY)
	$(call SAY,link)
	$(HIDE)$(LINK) -o $@ $^ $(LIBS)

# In the order of the checksums of order and name; the program first, so that these are newer.
$(BUILD)/orders/blobfront-%: $(BUILD)/cli/main.o $(LIB_OBJECTS) $(PROGRAM)
	@mkdir -p $(@D)
	$(call SAY,link)
	$(HIDE)$(LINK) -o $@ $$(for o in $(patsubst $(BUILD)/%,%,$(filter %.o,$^)); do \
	  echo "$$(echo $* $$o | cksum | cut -d ' ' -f 1) $(BUILD)/$$o"; done | \
	  sort -n | cut -d ' ' -f 2) $(LIBS)

$(LIBRARY): $(LIB_OBJECTS)
	$(call SAY,ar  )
	@rm -f $@
	$(HIDE)ar rcs $@ $^

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call SAY,cc  )
	$(HIDE)$(COMPILE) -MMD -MP -c -o $@ $<

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(TEST_SUPPORT) $(LIBRARY)
	$(call SAY,link)
	$(HIDE)$(LINK) -o $@ $^ -lcmocka $(LIBS)

# The program with strategies that are broken on purpose beside the sound ones.
$(PLANTED): $(BUILD)/cli/main.o $(PLANTED_OBJECTS) $(LIBRARY)
	$(call SAY,link)
	$(HIDE)$(LINK) -o $@ $^ $(LIBS)

# The program with a dedup that is a little worse, to see that a gate finds it: what is named before
# the library is taken in place of the library's own.
$(SABOTAGED): $(BUILD)/tests/blobfront-%: $(BUILD)/cli/main.o $(BUILD)/tests/sabotage/sabotage_%.o \
  $(LIBRARY)
	$(call SAY,link)
	$(HIDE)$(LINK) -o $@ $^ $(LIBS)

$(BUILD)/tests/planted/strategies.o: strategies/strategies.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call SAY,cc  )
	$(HIDE)$(COMPILE) -DSTRATEGIES_DEF='"tests/planted.def"' -MMD -MP -c -o $@ $<

# Rewritten only when its content changes.
FLAGS_TEXT = $(shell $(CC) --version | head -n1) $(COMPILE) | $(LINK) $(LIBS)
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(FLAGS_TEXT)' | cmp -s - $@ || printf '%s\n' '$(FLAGS_TEXT)' > $@

# Objects are kept, also those a pattern rule chain made.
.SECONDARY:

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
