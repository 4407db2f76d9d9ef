# SPDX-License-Identifier: MIT
# make          build the C modules for every Lua found        make demo     the whole flow, against the sandbox
# make test     every suite (installs what it needs)           make sandbox  a Lofty emulator to play with
# make env      LUA_PATH, LUA_CPATH and PATH, this checkout    make lint | bench | soak | memcheck | torture | clean
# make install  PREFIX=/usr/local DESTDIR=                     make test-debian RELEASE=trixie

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:

CFLAGS ?= -O2 -g
# LPeg's, and -Wconversion; without -Waggregate-return, since a span of text is returned by value.
WARNINGS := -Wall -Wextra -Wshadow -Wconversion -pedantic -Wcast-align -Wcast-qual -Wdisabled-optimization \
  -Wpointer-arith -Wredundant-decls -Wsign-compare -Wundef -Wwrite-strings -Wbad-function-cast \
  -Wdeclaration-after-statement -Wmissing-prototypes -Wmissing-declarations -Wnested-externs -Wstrict-prototypes \
  -Wc++-compat -Wunreachable-code
STANDARD := -std=c99 -D_DEFAULT_SOURCE -D_FILE_OFFSET_BITS=64 -fPIC -fvisibility=hidden
# $(1), if the compiler and the C library take these flags; without optimization _FORTIFY_SOURCE is refused.
supported = $(shell $(CC) $(CFLAGS) -Werror $(1) -include string.h -x c -c -o /dev/null /dev/null 2>/dev/null && echo '$(1)')
# Checks at run time; empty for a sanitizer, which checks more and intercepts other functions.
HARDENING ?= $(call supported,-fstack-protector-strong) $(or $(call supported,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3),\
  $(call supported,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2))
HARDENING := $(HARDENING)
# Debug information names sources relative to the checkout, so that its folder changes no byte of a module.
PREFIX_MAP := $(call supported,-ffile-prefix-map=/x=.)
PREFIX_MAP := $(if $(PREFIX_MAP),'-ffile-prefix-map=$(subst ','\'',$(CURDIR))=.')
LUA_VERSIONS := 5.1 5.2 5.3 5.4 5.5
BUILD := build
PKG_CONFIG ?= pkg-config

# A libcurl installed below LIBCURL=prefix is used instead of the system's.
ifdef LIBCURL
export PKG_CONFIG_PATH := $(LIBCURL)/lib/pkgconfig:$(PKG_CONFIG_PATH)
LIBCURL_RPATH := -L$(LIBCURL)/lib -Wl,-rpath,$(LIBCURL)/lib
LIBCURL_CFLAGS := -I$(LIBCURL)/include
endif

# "found" and the compiler's flags for the headers of a Lua, or nothing: pkg-config knows, where it is installed;
# else they are looked for where Debian and `make install` of Lua put them. 5.1's serve LuaJIT and nginx too.
pkg_config_lua = $(shell for name in lua$(1) lua-$(1) lua$(subst .,,$(1)) $(if $(filter 5.1,$(1)),luajit); do \
  $(PKG_CONFIG) --exists $$name && echo found $$($(PKG_CONFIG) --cflags $$name) && break; done 2>/dev/null)
usual_lua = $(patsubst %/lua.h,found -I%,$(firstword $(wildcard /usr/include/lua$(1)/lua.h \
  /usr/local/include/lua$(1)/lua.h $(if $(filter 5.1,$(1)),/usr/include/luajit-2.1/lua.h))))

ifdef LUA_INCDIR
# LuaRocks names the headers. Objects are kept apart by the headers' content: those built for one Lua crash in another.
ROCK := rock-$(firstword $(shell cat '$(LUA_INCDIR)/lua.h' '$(LUA_INCDIR)/luaconf.h' | cksum))
FOUND := $(ROCK)
LUA_$(ROCK) := -I'$(LUA_INCDIR)'
else
$(foreach v,$(LUA_VERSIONS),$(eval LUA_$(v) := $(or $(call pkg_config_lua,$(v)),$(call usual_lua,$(v)))))
FOUND := $(foreach v,$(LUA_VERSIONS),$(if $(LUA_$(v)),$(v)))
endif
lua_cflags = $(filter-out found,$(LUA_$(1)))

# What pkg-config says of libraries, or else $(3).
pkg_config = $(or $(shell $(PKG_CONFIG) $(1) $(2) 2>/dev/null),$(3))
LIBRARY_CFLAGS := $(LIBCURL_CFLAGS) $(foreach l,libcurl zlib libcrypto hiredis,$(call pkg_config,--cflags,$(l)))
HIREDIS := $(or $(call pkg_config,--libs,hiredis),$(if $(wildcard /usr/include/hiredis/hiredis.h),-lhiredis))

# How a module that Lua loads is linked, where the linker makes ELF files and elsewhere (macOS).
# Modules stay in memory after lua_close: libcurl's resolver threads may outlive it, and LuaJIT unloads modules before it
# runs the last finalizers, which may call them.
ifneq ($(shell $(CC) -dM -E -x c /dev/null 2>/dev/null | grep __ELF__),)
SHARED := -shared -Wl,-z,nodelete,-z,relro,-z,now,-z,noexecstack
else
SHARED := -bundle -undefined dynamic_lookup
endif

# The sources of each module, below src/, and its libraries.
CORE := $(addprefix core/,buf base64 uri token_request number json head http1 gunzip url_policy)
BINDINGS := $(addprefix lua/,buffer encodings value string_cache core params oauth json_in json_out http1 url_policy library)
TRANSPORT := $(addprefix core/,buf head gunzip url_policy) $(addprefix curl/,multi receive transfer request outcome)
TRANSPORT_BINDING := lua/curl lua/interrupt lua/string_cache
HEADERS := $(wildcard src/*/*.h)
MODULES := core crypto curl file terminal $(if $(HIREDIS),redis)

SOURCES_core := $(CORE) $(BINDINGS)
SOURCES_crypto := lua/crypto
SOURCES_curl := $(TRANSPORT) $(TRANSPORT_BINDING)
SOURCES_file := lua/file lua/process
SOURCES_redis := lua/redis
SOURCES_terminal := lua/terminal
LIBS_core := $(call pkg_config,--libs,zlib,-lz) -lm
LIBS_crypto := $(call pkg_config,--libs,libcrypto,-lcrypto)
LIBS_curl := $(LIBCURL_RPATH) $(call pkg_config,--libs,libcurl zlib,-lcurl -lz) -pthread
LIBS_redis := $(HIREDIS) $(call pkg_config,--libs,openssl,-lssl -lcrypto)

# src/lua is compiled once for each Lua, the rest once.
objects = $(patsubst %,$(BUILD)/$(1)/%.o,$(filter lua/%,$(2))) $(patsubst %,$(BUILD)/pure/%.o,$(filter-out lua/%,$(2)))
COMPILE = $(CC) $(STANDARD) $(HARDENING) $(PREFIX_MAP) $(CPPFLAGS) $(CFLAGS) $(WARNINGS) $(EXTRA) -Isrc

all: $(foreach v,$(FOUND),$(foreach m,$(MODULES),$(BUILD)/$(v)/lofty/$(m).so))
	@test -n "$(FOUND)" || { echo "no Lua headers found: install liblua5.4-dev, or run make test, which does" >&2; exit 1; }

# Compiles without linking, for compilers that have no libraries to link with.
objects: $(foreach v,$(FOUND),$(foreach m,$(MODULES),$(call objects,$(v),$(SOURCES_$(m)))))

# Changes when the compiler or its flags do, which builds everything anew.
export BUILT_WITH := $(CC) $(HARDENING) $(CPPFLAGS) $(CFLAGS) $(WARNINGS) $(EXTRA) $(LIBRARY_CFLAGS) $(LDFLAGS) $(LIBS_curl)
$(BUILD)/flags: FORCE
	@mkdir -p $(@D); printf '%s\n' "$$BUILT_WITH" | cmp -s - $@ || printf '%s\n' "$$BUILT_WITH" >$@

$(BUILD)/pure/%.o: src/%.c $(HEADERS) Makefile $(BUILD)/flags
	@mkdir -p $(@D)
	$(COMPILE) $(LIBRARY_CFLAGS) -c -o $@ $<

define lua_rules
$(BUILD)/$(1)/%.o: src/%.c $(HEADERS) Makefile $(BUILD)/flags
	@mkdir -p $$(@D)
	$$(COMPILE) $(call lua_cflags,$(1)) $$(LIBRARY_CFLAGS) -c -o $$@ $$<

$(foreach m,$(MODULES),$(eval $(BUILD)/$(1)/lofty/$(m).so: $(call objects,$(1),$(SOURCES_$(m)))))
$(BUILD)/$(1)/lofty/%.so:
	@mkdir -p $$(@D)
	$$(CC) $$(SHARED) $$(CFLAGS) $$(LDFLAGS) $$(EXTRA) -o $$@ $$^ $$(LIBS_$$*)
endef
$(foreach v,$(FOUND),$(eval $(call lua_rules,$(v))))

# The exports with which any script, on any of the five Luas, uses this checkout.
env:
	@here=$$(pwd -P | sed "s/'/'\\\\''/g"); \
	for v in $(FOUND); do \
	  s=; [ "$$v" = 5.1 ] || s="_$$(echo $$v | tr . _)"; \
	  echo "export LUA_PATH$$s='$$here/lua/?.lua;$$here/lua/?/init.lua;;'"; \
	  echo "export LUA_CPATH$$s='$$here/$(BUILD)/$$v/?.so;;'"; \
	done; \
	echo "export PATH='$$here/bin':\"\$$PATH\""

# For every Lua found, or for those that LUA_VERSIONS names: make install PREFIX=/usr/local DESTDIR=
PREFIX ?= /usr/local
install: all
	@for v in $(FOUND); do \
	  $(MAKE) --no-print-directory -s copy BUILT="$(BUILD)/$$v" \
	    LIBDIR="$(DESTDIR)$(PREFIX)/lib/lua/$$v" LUADIR="$(DESTDIR)$(PREFIX)/share/lua/$$v" BINDIR="$(DESTDIR)$(PREFIX)/bin" || exit 1; \
	done
	@$(MAKE) --no-print-directory -s install-share SHARE="$(DESTDIR)$(PREFIX)/share"
	@mkdir -p "$(DESTDIR)$(PREFIX)/share/lofty" && cp -R types "$(DESTDIR)$(PREFIX)/share/lofty/"

# The manual page and the completion scripts, which the command writes itself; they are left out where it cannot run.
# LuaRocks names the Lua.
LUA ?= lua5.4
COMMAND = "$(LUA)" -e "package.path = 'lua/?.lua;lua/?/init.lua;' .. package.path" \
  -e "package.cpath = '$(if $(ROCK),$(BUILD)/$(ROCK),$(BUILD)/5.4)/?.so;' .. package.cpath" bin/lofty
install-share:
	@if ! $(COMMAND) help --man >$(BUILD)/lofty.1 2>/dev/null; then \
	  echo "no manual page and no completion for the command: it needs $(LUA) and argparse" >&2; exit 0; fi; \
	mkdir -p "$(SHARE)/man/man1" "$(SHARE)/bash-completion/completions" "$(SHARE)/zsh/site-functions" \
	  "$(SHARE)/fish/vendor_completions.d" && \
	cp $(BUILD)/lofty.1 "$(SHARE)/man/man1/lofty.1" && \
	$(COMMAND) completion bash >"$(SHARE)/bash-completion/completions/lofty" && \
	$(COMMAND) completion zsh >"$(SHARE)/zsh/site-functions/_lofty" && \
	$(COMMAND) completion fish >"$(SHARE)/fish/vendor_completions.d/lofty.fish"

rock: all

install-rock:
	@$(MAKE) --no-print-directory -s copy BUILT="$(BUILD)/$(ROCK)"
	@$(if $(SHARE),$(MAKE) --no-print-directory -s install-share)

copy:
	mkdir -p "$(LIBDIR)/lofty" "$(LUADIR)"
	cp $(BUILT)/lofty/*.so "$(LIBDIR)/lofty/"
	cp -R lua/lofty "$(LUADIR)/"
	$(if $(BINDIR),mkdir -p "$(BINDIR)" && cp bin/lofty "$(BINDIR)/")

# --- what each target needs of Debian; make demo and make test install it themselves ---

BUILD_PACKAGES := gcc libc6-dev lua5.4 liblua5.4-dev libcurl4-openssl-dev zlib1g-dev libssl-dev
# What the command needs beside the library.
COMMAND_PACKAGES := lua-argparse lua-sql-sqlite3 lua-socket
# With OPENRESTY=prefix its nginx is used, and Debian's need not be there. ngx_lua 0.10.23 is Debian 12's.
SANDBOX_PACKAGES := $(if $(OPENRESTY),,nginx-light 'libnginx-mod-http-lua>=1:0.10.23') openssl curl
# Where a release has both, Debian's nginx is linked with luajit2, which luajit would replace.
TEST_PACKAGES := $(SANDBOX_PACKAGES) $(COMMAND_PACKAGES) lua5.1 liblua5.1-0-dev lua5.2 liblua5.2-dev lua5.3 liblua5.3-dev \
  'lua5.5?' 'liblua5.5-dev?' 'luajit2|luajit' lua-busted lua-cjson libhiredis-dev redis-server \
  lua-nginx-redis lua-nginx-string lua-cqueues lua-luaossl locales bash zsh fish tmux bsdutils groff sqlite3
# Node.js of Debian's or any other; npm comes with it or beside it.
BROWSER_PACKAGES := chromium $(if $(shell command -v node),,nodejs) $(if $(shell command -v npm),,npm)
DOC_PACKAGES := lua-ldoc lua-markdown lua5.1
LINT_PACKAGES := lua-check clang clang-format cppcheck musl-tools $(if $(filter x86_64,$(shell uname -m)),gcc-multilib) \
  $(DOC_PACKAGES)
RELEASE_PACKAGES := git binutils clang-tidy luarocks $(DOC_PACKAGES)
BENCH_PACKAGES := nghttp2-client lua-curl? lua-http? python3-requests python3-httpx $(if $(shell command -v node),,nodejs?)

# The headers may have come a moment ago, so what follows an install is a make of its own.
demo:
	@.ci/install $(BUILD_PACKAGES) $(SANDBOX_PACKAGES)
	@$(MAKE) --no-print-directory -s all
	@eval "$$($(MAKE) -s env)"; \
	if [ -n "$$LOFTY_API_KEY$$LOFTY_CLIENT_ID" ]; then exec lua5.4 examples/quickstart.lua; fi; \
	lua5.4 lua/lofty/sandbox/run.lua -- env -u LOFTY_API_KEY LOFTY_BROWSER="lua5.4 lua/lofty/sandbox/click.lua" \
	  lua5.4 examples/quickstart.lua && \
	.ci/install $(COMMAND_PACKAGES) && echo && \
	lua5.4 lua/lofty/sandbox/run.lua -- sh -c 'show() { echo "\$$ lofty $$1"; eval "bin/lofty $$1" | sed "7s/.*/.../;7q"; echo; }; \
	  show "leads find Sofía -f firstName,lastName,phones"; \
	  show "leads list stage=\"New Lead\" limit=3 --csv -f leadId,firstName,stage"; \
	  show "leads get 651095960136641 --lua"'

# The example application of examples/openresty in nginx, with a sandbox; with LOFTY_CLIENT_ID set, with Lofty itself.
demo-openresty:
	@.ci/install $(BUILD_PACKAGES) liblua5.1-0-dev $(SANDBOX_PACKAGES)
	@$(MAKE) --no-print-directory -s all
	@eval "$$($(MAKE) -s env)"; exec lua5.4 examples/openresty/run.lua

# make test SEED=n        in the random order that n makes; with the same n, the same order
#           LUAS=lua5.1   on these Luas alone
#           JOBS=1        one Lua after the other; default: one more at a time than there are processors
#           LIBCURL=prefix, OPENRESTY=prefix   with a libcurl or an OpenResty that was installed there
test:
	@.ci/install $(BUILD_PACKAGES) $(TEST_PACKAGES) $(BROWSER_PACKAGES)
	@$(MAKE) --no-print-directory -s all
	@[ ! -e ../shared/lofty-openapi.json ] || spec/support/conformance/install || echo "no mock: the conformance spec is left out" >&2
	@spec/run $(LUAS)

# make demo and make test on another Debian release, in a folder made by debootstrap; needs root.
# RELEASE=bookworm ARCH=i386 is 32-bit; LUAS as above.
RELEASE := trixie
test-debian:
	@RELEASE=$(RELEASE) ARCH=$(ARCH) LUAS="$(LUAS)" .ci/debian

# Compares the table of operations with a newer document of the vendor's: make check-api DOC=openapi.json
check-api: all
	@[ -n "$(DOC)" ] || { echo "usage: make check-api DOC=openapi.json" >&2; exit 2; }
	@eval "$$($(MAKE) -s env)" && lua5.4 tools/check_api.lua "$(DOC)"

# The annotations of types/lofty; spec/unit/types_spec.lua tells when they are out of step.
types:
	@lua5.4 tools/annotations/generate.lua >$(BUILD)/types.lua && mv $(BUILD)/types.lua types/lofty/library/lofty.lua

# The drawing in ARCHITECTURE.md; spec/unit/architecture_spec.lua tells when it is out of step.
layers:
	@mkdir -p $(BUILD)
	@lua5.4 tools/draw_layers.lua >$(BUILD)/layers.svg && mv $(BUILD)/layers.svg docs/internals/layers.svg

# docs/internals/hostile-answers.md; RESTY_HTTP=folder of lua-resty-http's lib/, whose column is measured then, too.
hostile-answers: all
	@eval "$$($(MAKE) -s env)" && RESTY_HTTP="$(RESTY_HTTP)" lua5.4 tools/hostile_answers.lua

# The reference, from the LDoc comments. LDoc finds Debian's Markdown on Lua 5.1 alone.
docs:
	@.ci/install $(DOC_PACKAGES)
	@mkdir -p $(BUILD)
	@lua5.1 "$$(command -v ldoc)" --quiet --fatalwarnings .

# The source archive of this commit and its bill of materials, in build/dist; the same commit gives the same bytes.
VERSION = $(shell sed -n 's/^return "\(.*\)"$$/\1/p' lua/lofty/internal/version.lua)
.PHONY: version dist check-release
version:
	@echo $(VERSION)

dist: all
	@[ -z "$$(git status --porcelain)" ] || { echo "the working tree has changes: commit or remove them first" >&2; exit 1; }
	@mkdir -p $(BUILD)/dist
	@git -c tar.umask=0022 archive --format=tar --prefix=lofty-$(VERSION)/ HEAD | gzip -9n >$(BUILD)/dist/lofty-$(VERSION).tar.gz
	@eval "$$($(MAKE) -s env)"; lua5.4 tools/sbom.lua >$(BUILD)/dist/lofty-$(VERSION).spdx.json
	@cd $(BUILD)/dist && sha256sum lofty-$(VERSION).tar.gz lofty-$(VERSION).spdx.json

check-release:
	@.ci/install $(BUILD_PACKAGES) $(TEST_PACKAGES) $(RELEASE_PACKAGES) valgrind
	@.ci/release $(CHECKS)

sandbox:
	@.ci/install $(BUILD_PACKAGES) $(SANDBOX_PACKAGES)
	@$(MAKE) --no-print-directory -s all
	@eval "$$($(MAKE) -s env)"; lua5.4 lua/lofty/sandbox/run.lua

lint:
	@.ci/install $(BUILD_PACKAGES) $(TEST_PACKAGES) $(LINT_PACKAGES)
	@.ci/lint

# The build for AddressSanitizer and UndefinedBehaviorSanitizer.
SANITIZERS := -fsanitize=address,undefined -fno-sanitize-recover=all
sanitized:
	@.ci/install $(BUILD_PACKAGES) $(TEST_PACKAGES)
	@$(MAKE) --no-print-directory -s all BUILD=build/sanitize HARDENING= EXTRA="$(SANITIZERS)" CFLAGS="-O1 -g"

# The specs under the sanitizers.
sanitize: sanitized
	@.ci/sanitize

# Each libFuzzer target for SECONDS, from the inputs in spec/fuzz/corpus, and texts for the readers in Lua. UPDATE=1 adds
# to the inputs.
SECONDS := 20
fuzz:
	@.ci/install $(BUILD_PACKAGES) $(LINT_PACKAGES)
	@$(MAKE) --no-print-directory -s all
	@SECONDS=$(SECONDS) UPDATE=$(UPDATE) spec/fuzz/run
	@eval "$$($(MAKE) -s env)"; LUA_PATH_5_4="./?.lua;$$LUA_PATH_5_4" lua5.4 spec/fuzz/lua_text.lua $$(($(SECONDS) * 500)) $(or $(SEED),1)

# Half a million calls of the C modules with values that no caller should give, over all Luas, under the sanitizers:
# make fuzz-lua CALLS=n SEED=n LUAS=lua5.1; SEED=n repeats the calls of a run.
fuzz-lua: sanitized
	@CALLS=$(or $(CALLS),84000) SEED=$(or $(SEED),1) .ci/sanitize-api $(LUAS)

# Compares lofty with the usual alternatives in one run of about 12 minutes, on an otherwise idle machine; writes
# bench/RESULTS.md and its charts. ONLY="get map" measures a part and writes nothing; ROUNDS=n rounds of each;
# RESTY_HTTP=folder of lua-resty-http's lib/ measures that, too.
bench:
	@.ci/install $(BUILD_PACKAGES) $(TEST_PACKAGES) $(BENCH_PACKAGES)
	@$(MAKE) --no-print-directory -s all
	@eval "$$($(MAKE) -s env)"; RESTY_HTTP="$(abspath $(RESTY_HTTP))" ROUNDS="$(ROUNDS)" lua5.4 bench/run.lua $(ONLY)

# Minutes long: many processes that share tokens, stores that go away, kill -9 in the middle of refreshes.
bench-tokens:
	@.ci/install $(BUILD_PACKAGES) $(TEST_PACKAGES)
	@$(MAKE) --no-print-directory -s all
	@eval "$$($(MAKE) -s env)"; for script in tokens/processes tokens/outages kill limiter spool nginx; do \
	  lua5.4 bench/endurance/$$script.lua || exit 1; done

# MINUTES of calls with faults in both runtimes while Redis restarts and nginx reloads; docs/internals/soak.md has figures.
MINUTES := 60
.PHONY: soak
soak:
	@.ci/install $(BUILD_PACKAGES) $(TEST_PACKAGES)
	@$(MAKE) --no-print-directory -s all
	@eval "$$($(MAKE) -s env)"; lua5.4 bench/soak/run.lua $(MINUTES)

# The lines that SPECS run on Lua 5.4, in lua/lofty (its own counter, since Debian has no LuaCov) and src (gcov), as a table
# with the least covered files first. The spec of `ulimit -f` fails there: gcov cannot write its counts below that limit.
COVERAGE := $(BUILD)/coverage
.PHONY: coverage check-all
coverage:
	@.ci/install $(BUILD_PACKAGES) $(TEST_PACKAGES)
	@$(MAKE) --no-print-directory -s all BUILD=$(COVERAGE) HARDENING= PREFIX_MAP= CFLAGS="-O0 -g" EXTRA=--coverage
	@rm -rf $(COVERAGE)/lines && mkdir -p $(COVERAGE)/lines && find $(COVERAGE) -name '*.gcda' -delete
	@COVERAGE="$(CURDIR)/$(COVERAGE)/lines" LUA_INIT_5_4="@$(CURDIR)/tools/coverage/count.lua" BUILD=$(COVERAGE) \
	  SPECS="$(SPECS)" spec/run lua5.4 >$(COVERAGE)/specs.log; tail -n 1 $(COVERAGE)/specs.log
	@lua5.4 tools/coverage/report.lua $(COVERAGE)/lines $(COVERAGE)

# Everything that is checked: what CI runs, and what a release is checked for beyond that.
check-all:
	@.ci/run "check-release CHECKS=--after-run"

# Installs what check-all needs. Its parts find nothing left to install, so that no two run apt-get at the same time.
.PHONY: packages
packages:
	@.ci/install $(BUILD_PACKAGES) $(TEST_PACKAGES) $(BROWSER_PACKAGES) $(LINT_PACKAGES) $(RELEASE_PACKAGES) valgrind

memcheck:
	@.ci/install $(BUILD_PACKAGES) $(TEST_PACKAGES) valgrind
	@$(MAKE) --no-print-directory -s all
	@.ci/memcheck

# Refuses allocation 1, 2, 3, ... of every job of the core, alone and inside a Lua (TORTURE_LUA=5.5 for another), and system
# call 1, 2, 3, ... of the file store and the spool, under the sanitizers. A failure prints the command that repeats it.
TORTURE_LUA := 5.4
TORTURED := $(BUILD)/torture/$(TORTURE_LUA)
TORTURE := $(filter-out %/bindings.c %/transport.c %/files.c,$(wildcard spec/torture/*.c))
$(TORTURED)/%: HARDENING :=
TORTURE_COMPILE = $(COMPILE) -O1 -g $(SANITIZERS) $(call lua_cflags,$(TORTURE_LUA)) $(LIBRARY_CFLAGS)
paths = $(1:%=src/%.c)

torture:
	@.ci/install $(BUILD_PACKAGES) $(SANDBOX_PACKAGES)
	@$(MAKE) --no-print-directory -s all $(TORTURED)/core $(TORTURED)/bindings $(TORTURED)/transport $(TORTURED)/files
	@$(TORTURED)/core
	@$(TORTURED)/bindings
	@eval "$$($(MAKE) -s env)"; lua5.4 spec/torture/transport.lua $(TORTURED)/transport
	@$(TORTURED)/files
	@echo "4 passed, 0 failed"

$(TORTURED)/core: $(call paths,$(CORE)) $(TORTURE) $(HEADERS) spec/torture/torture.h Makefile
	@mkdir -p $(@D)
	$(TORTURE_COMPILE) -o $@ $(filter %.c,$^) $(LIBS_core)

$(TORTURED)/bindings: $(call paths,$(SOURCES_core)) spec/torture/bindings.c spec/torture/state.h $(HEADERS) Makefile
	@mkdir -p $(@D)
	$(TORTURE_COMPILE) -o $@ $(filter %.c,$^) -llua$(TORTURE_LUA) $(LIBS_core)

$(TORTURED)/transport: $(call paths,$(SOURCES_curl)) spec/torture/transport.c spec/torture/state.h $(HEADERS) Makefile
	@mkdir -p $(@D)
	$(TORTURE_COMPILE) -o $@ $(filter %.c,$^) -llua$(TORTURE_LUA) $(LIBS_curl)

$(TORTURED)/files: $(call paths,$(SOURCES_core) $(SOURCES_crypto) $(SOURCES_file)) spec/torture/files.c \
  $(HEADERS) Makefile
	@mkdir -p $(@D)
	$(TORTURE_COMPILE) -o $@ $(filter-out %/lua/file.c,$(filter %.c,$^)) -llua$(TORTURE_LUA) $(LIBS_core) $(LIBS_crypto)

clean:
	rm -rf $(BUILD)

.PHONY: docs FORCE all objects types layers hostile-answers env install install-share rock install-rock copy demo demo-openresty test test-debian sandbox lint check-api sanitized sanitize fuzz fuzz-lua bench bench-tokens memcheck torture clean
