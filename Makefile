# Copyright (C) nginx rooms contributors

.DEFAULT_GOAL = all

help:
	@echo 'make            builds $(MODULE)'
	@echo 'make run        installs what is needed, builds, starts nginx'
	@echo '                BASE=3000 WORKERS=2 REDIS= RUNDIR=build/run'
	@echo 'make test       installs what is needed, runs every test'
	@echo 'make unit       C tests of the pure sources, with ASan and UBSan'
	@echo 'make fuzz       every fuzzer for T=60 seconds'
	@echo 'make check      style, purity, exported symbols, contracts'
	@echo 'make integration  real clients against a real nginx;'
	@echo '                ONLY=name for one file, REDIS=1 over Redis,'
	@echo '                REDIS=2 with two nginx on it'
	@echo 'make sanitize   the integration tests on an nginx built from'
	@echo '                source with ASan and UBSan'
	@echo 'make bench      load tests; QUICK=1: short, KEEP=1: for README'
	@echo 'make install    copies the module, DESTDIR= MODULES='
	@echo 'make clean      removes build/'
	@echo
	@echo 'NGINX=/path/to/nginx-source builds against that tree,'
	@echo 'NGINX_BIN=/path/to/nginx runs that binary.'

# where things are

NGINX ?= /usr/share/nginx/src
MODULES ?= /usr/lib/nginx/modules

ifneq ($(wildcard $(NGINX)/objs/nginx),)
NGINX_BIN ?= $(abspath $(NGINX)/objs/nginx)
else
NGINX_BIN ?= /usr/sbin/nginx
endif

BASE ?= 3000
WORKERS ?= 2
REDIS ?=
RUNDIR ?= build/run
T ?= 60

MODULE = build/ngx_http_rooms_module.so
ROOMS_MODULE ?= $(CURDIR)/$(MODULE)

export NGINX_BIN ROOMS_MODULE BASE WORKERS REDIS RUNDIR T ONLY QUICK

PURE_DIRS := src/proto src/core src/app $(patsubst %/,%,$(wildcard src/app/*/))
GLUE_DIRS := $(filter-out $(PURE_DIRS),src $(patsubst %/,%,$(wildcard src/*/)))
GLUE := $(sort $(wildcard $(GLUE_DIRS:%=%/*.c)))
PURE := $(sort $(wildcard $(PURE_DIRS:%=%/*.c)))
HEADERS := $(sort $(wildcard $(GLUE_DIRS:%=%/*.h) $(PURE_DIRS:%=%/*.h)))
UNITS := $(sort $(wildcard t/unit/*_test.c))
FUZZERS := $(sort $(wildcard t/fuzz/*_fuzz.c))

# the module: nginx -W -Wall -Werror are nginx's own flags, see auto/cc/gcc;
# it adds -Wno-unused-parameter, which handlers with a fixed signature need

OPT ?= -g -O2
CC_OPT = $(OPT) -fPIC -fstack-protector-strong -D_FORTIFY_SOURCE=2
CC_OPT += -Wformat -Werror=format-security
LD_OPT = -fPIC -Wl,-z,relro -Wl,-z,now

# one build at a time in build/nginx; V=1 shows the compiler's command lines

Q = $(if $(V),,@)
QUIET = $(if $(V),,-s --no-print-directory)
LOCK = flock build/nginx.lock

all: $(MODULE)

$(MODULE): build/nginx/objs/Makefile $(GLUE) $(PURE) $(HEADERS) \
		src/ngx_http_rooms.map
	@echo 'building $@'
	@$(LOCK) $(MAKE) $(QUIET) -C build/nginx -f objs/Makefile modules
	@cp build/nginx/objs/$(@F) $@.new && mv $@.new $@

build/nginx/objs/Makefile: config scripts/configure build/nginx.id
	@echo 'configuring for $(NGINX)'
	@CC='$(CC)' CC_OPT='$(CC_OPT)' LD_OPT='$(LD_OPT)' FLAGS='$(FLAGS)' \
		$(LOCK) scripts/configure '$(NGINX)' build/nginx

# changes whenever configure has to be run again

NGINX_ID = $(NGINX) $(wildcard $(NGINX)/src/core/nginx.h) $(CC) $(CC_OPT) \
	$(LD_OPT) $(FLAGS) $(GLUE) $(PURE) $(HEADERS)

build/nginx.id: FORCE
	@mkdir -p build
	@echo '$(NGINX_ID)' | cmp -s - $@ || echo '$(NGINX_ID)' > $@

install: all
	install -D -m 644 $(MODULE) '$(DESTDIR)$(MODULES)/$(notdir $(MODULE))'

# the pure sources, with sanitizers, for the tests and for the fuzzers

WARN = -Wall -Wextra -Werror
PURE_CFLAGS = -std=gnu11 -g -O1 -fno-omit-frame-pointer -D_GNU_SOURCE \
	$(WARN) $(PURE_DIRS:%=-I%) -MMD -MP
PURE_LIBS = -lcjose -ljansson -lpcre2-8 -lz -lcrypto -lcrypt -lm

SAN = -fsanitize=address,undefined -fno-sanitize-recover=undefined
FUZZCC ?= clang

UNIT_BINS = $(UNITS:t/unit/%.c=build/unit/%)
UNIT_OBJS = $(addprefix build/unit/,$(notdir $(PURE:.c=.o)))
FUZZ_BINS = $(FUZZERS:t/fuzz/%.c=build/fuzz/%)
FUZZ_OBJS = $(addprefix build/fuzz/,$(notdir $(PURE:.c=.o)))

vpath %.c $(PURE_DIRS)

build/unit/%_test: t/unit/%_test.c build/unit/libpure.a
	$(Q)$(CC) $(PURE_CFLAGS) $(SAN) -o $@ $< build/unit/libpure.a \
		-lcmocka $(PURE_LIBS)

build/unit/%.o: %.c | build/unit
	$(Q)$(CC) $(PURE_CFLAGS) $(SAN) -c -o $@ $<

build/unit/libpure.a: $(UNIT_OBJS)
	@rm -f $@
	$(Q)ar rcs $@ $^

build/fuzz/%_fuzz: t/fuzz/%_fuzz.c build/fuzz/libpure.a
	$(Q)$(FUZZCC) $(PURE_CFLAGS) $(SAN) -fsanitize=fuzzer -o $@ $< \
		build/fuzz/libpure.a $(PURE_LIBS)

build/fuzz/%.o: %.c | build/fuzz
	$(Q)$(FUZZCC) $(PURE_CFLAGS) $(SAN) -fsanitize=fuzzer-no-link \
		-c -o $@ $<

build/fuzz/libpure.a: $(FUZZ_OBJS)
	@rm -f $@
	$(Q)ar rcs $@ $^

build/unit build/fuzz:
	@mkdir -p $@

-include $(wildcard build/unit/*.d build/fuzz/*.d)

# a source that has moved is still named there

$(PURE_DIRS:%=%/%.c): ;

# what people call; the scripts say at their top what they do

unit: $(UNIT_BINS)
	@scripts/unit $^

fuzz: $(FUZZ_BINS)
	@scripts/fuzz $^

check: all
	@scripts/check

integration: all
	@scripts/integration

sanitize:
	@scripts/deps build run test
	@scripts/sanitize

# those of one application, of Redis and of crowds take minutes even when short

BENCHES = run $(if $(filter-out 0,$(QUICK)),,polls platform apps redis crowd)

bench:
	@scripts/deps build run test
	@$(MAKE) all
	@status=0; \
	for bench in $(BENCHES); do \
		scripts/bench/$$bench || status=1; \
	done; exit $$status

run:
	@scripts/deps build run
	@$(MAKE) all
	@scripts/run

test:
	@scripts/deps build run test
	@scripts/test

clean:
	rm -rf build

FORCE:

.PHONY: help all run test unit integration sanitize fuzz bench check clean \
	install FORCE
.DELETE_ON_ERROR:
