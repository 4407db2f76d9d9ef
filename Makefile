# make          build the C modules for every Lua found        make demo     the whole flow, against the sandbox
# make test     every suite (installs what it needs)           make sandbox  a Lofty emulator to play with
# make env      LUA_PATH and LUA_CPATH for this checkout       make lint | bench | memcheck | torture | clean

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:

CC ?= gcc
CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wshadow -Wconversion
STANDARD := -std=c99 -D_DEFAULT_SOURCE -fPIC -fvisibility=hidden
LUA_VERSIONS := 5.1 5.2 5.3 5.4
BUILD := build

# Where a Lua's headers lie; 5.1's serve LuaJIT and nginx too.
include_of = $(firstword $(patsubst %/lua.h,%,$(wildcard /usr/include/lua$(1)/lua.h /usr/local/include/lua$(1)/lua.h \
               $(if $(filter 5.1,$(1)),/usr/include/luajit-2.1/lua.h))))
FOUND := $(foreach v,$(LUA_VERSIONS),$(if $(call include_of,$(v)),$(v)))
# LuaRocks says itself which Lua it builds for; each has a folder of its own, since objects of one serve no other.
ifdef LUA_INCDIR
include_of = $(LUA_INCDIR)
ROCK := rock-$(notdir $(LUA_INCDIR))
FOUND := $(ROCK)
endif

# The sources of each module, below src/.
CORE := $(addprefix core/,buf base64 uri token_request number json head http1 gunzip)
BINDINGS := $(addprefix lua/,buffer encodings value string_cache core params oauth json_in json_out http1)
TRANSPORT := $(addprefix core/,buf head gunzip) $(addprefix curl/,receive transfer request outcome)
TRANSPORT_BINDING := lua/curl lua/string_cache
HEADERS := $(wildcard src/*/*.h)
HIREDIS := $(wildcard /usr/include/hiredis/hiredis.h)
MODULES := core crypto curl file $(if $(HIREDIS),redis)

pure_objects = $(patsubst %,$(BUILD)/pure/%.o,$(1))
lua_objects = $(patsubst %,$(BUILD)/$(1)/%.o,$(2))

all: $(foreach v,$(FOUND),$(foreach m,$(MODULES),$(BUILD)/$(v)/lofty/$(m).so))
	@test -n "$(FOUND)" || { echo "no Lua headers found: install liblua5.4-dev, or run make test, which does" >&2; exit 1; }

$(BUILD)/pure/%.o: src/%.c $(HEADERS) Makefile
	@mkdir -p $(@D)
	$(CC) $(STANDARD) $(CFLAGS) $(WARNINGS) $(EXTRA) -Isrc -c -o $@ $<

define lua_rules
$(BUILD)/$(1)/%.o: src/%.c $(HEADERS) Makefile
	@mkdir -p $$(@D)
	$$(CC) $$(STANDARD) $$(CFLAGS) $$(WARNINGS) $$(EXTRA) -Isrc -I$(call include_of,$(1)) -c -o $$@ $$<

$(BUILD)/$(1)/lofty/core.so: $$(call pure_objects,$(CORE)) $$(call lua_objects,$(1),$(BINDINGS))
$(BUILD)/$(1)/lofty/crypto.so: $$(call lua_objects,$(1),lua/crypto)
$(BUILD)/$(1)/lofty/curl.so: $$(call pure_objects,$(TRANSPORT)) $$(call lua_objects,$(1),$(TRANSPORT_BINDING))
$(BUILD)/$(1)/lofty/file.so: $$(call lua_objects,$(1),lua/file)
$(BUILD)/$(1)/lofty/redis.so: $$(call lua_objects,$(1),lua/redis)

$(BUILD)/$(1)/lofty/%.so:
	@mkdir -p $$(@D)
	$$(CC) -shared $$(CFLAGS) $$(LDFLAGS) $$(EXTRA) -o $$@ $$^ $$(LIBS_$$*)
endef
LIBS_core := -lz -lm
LIBS_crypto := -lcrypto
LIBS_curl := -lcurl -lz -pthread -Wl,-z,nodelete # libcurl's resolver threads may outlive a lua_close
LIBS_redis := -lhiredis
$(foreach v,$(FOUND),$(eval $(call lua_rules,$(v))))

# The exports with which any script, on any of the five Luas, uses this checkout.
env:
	@for v in $(FOUND); do \
	  s=; [ "$$v" = 5.1 ] || s="_$$(echo $$v | tr . _)"; \
	  echo "export LUA_PATH$$s='$(CURDIR)/lua/?.lua;$(CURDIR)/lua/?/init.lua;;'"; \
	  echo "export LUA_CPATH$$s='$(CURDIR)/$(BUILD)/$$v/?.so;;'"; \
	done

rock: all

install-rock:
	mkdir -p "$(LIBDIR)/lofty" "$(LUADIR)"
	cp $(BUILD)/$(ROCK)/lofty/*.so "$(LIBDIR)/lofty/"
	cp -R lua/lofty "$(LUADIR)/"

# --- what each target needs of Debian; make demo and make test install it themselves ---

BUILD_PACKAGES := gcc libc6-dev lua5.4 liblua5.4-dev libcurl4-openssl-dev zlib1g-dev libssl-dev
SANDBOX_PACKAGES := nginx-light libnginx-mod-http-lua openssl curl
TEST_PACKAGES := $(SANDBOX_PACKAGES) lua5.1 liblua5.1-0-dev lua5.2 liblua5.2-dev lua5.3 liblua5.3-dev luajit2 \
  lua-busted lua-cjson libhiredis-dev redis-server lua-nginx-redis lua-nginx-string \
  locales
# Node.js of Debian's or any other; npm comes with it or beside it.
BROWSER_PACKAGES := chromium $(if $(shell command -v node),,nodejs) $(if $(shell command -v npm),,npm)
LINT_PACKAGES := lua-check clang clang-format cppcheck
BENCH_PACKAGES := nghttp2-client

# The headers may have come a moment ago, so what follows an install is a make of its own.
demo:
	@.ci/install $(BUILD_PACKAGES) $(SANDBOX_PACKAGES)
	@$(MAKE) --no-print-directory -s all
	@eval "$$($(MAKE) -s env)"; \
	if [ -n "$$LOFTY_API_KEY$$LOFTY_CLIENT_ID" ]; then exec lua5.4 examples/quickstart.lua; fi; \
	lua5.4 lua/lofty/sandbox/run.lua -- env -u LOFTY_API_KEY LOFTY_BROWSER="lua5.4 lua/lofty/sandbox/click.lua" \
	  lua5.4 examples/quickstart.lua

# The example application of examples/openresty in nginx, with a sandbox; with LOFTY_CLIENT_ID set, with Lofty itself.
demo-openresty:
	@.ci/install $(BUILD_PACKAGES) liblua5.1-0-dev $(SANDBOX_PACKAGES)
	@$(MAKE) --no-print-directory -s all
	@eval "$$($(MAKE) -s env)"; exec lua5.4 examples/openresty/run.lua

test:
	@.ci/install $(BUILD_PACKAGES) $(TEST_PACKAGES) $(BROWSER_PACKAGES)
	@$(MAKE) --no-print-directory -s all
	@[ ! -e ../shared/lofty-openapi.json ] || spec/support/conformance/install || echo "no mock: the conformance spec is left out" >&2
	@spec/run

# The annotations of types/lofty.lua; spec/unit/types_spec.lua tells when they are out of step.
types:
	@lua5.4 tools/annotations/generate.lua >$(BUILD)/types.lua && mv $(BUILD)/types.lua types/lofty.lua

sandbox:
	@.ci/install $(BUILD_PACKAGES) $(SANDBOX_PACKAGES)
	@$(MAKE) --no-print-directory -s all
	@eval "$$($(MAKE) -s env)"; lua5.4 lua/lofty/sandbox/run.lua

lint:
	@.ci/install $(BUILD_PACKAGES) $(TEST_PACKAGES) $(LINT_PACKAGES)
	@.ci/lint

# The specs under AddressSanitizer and UndefinedBehaviorSanitizer, in a build of their own.
sanitize:
	@.ci/install $(BUILD_PACKAGES) $(TEST_PACKAGES)
	@$(MAKE) --no-print-directory -s all BUILD=build/sanitize EXTRA="-fsanitize=address,undefined -fno-sanitize-recover=all" CFLAGS="-O1 -g"
	@.ci/sanitize

# Side by side, in one run, with what one would use otherwise. Figures want a quiet machine.
bench:
	@.ci/install $(BUILD_PACKAGES) $(TEST_PACKAGES) $(BENCH_PACKAGES)
	@$(MAKE) --no-print-directory -s all
	@eval "$$($(MAKE) -s env)"; lua5.4 bench/json.lua && lua5.4 bench/keepalive/run.lua && lua5.4 bench/nginx/run.lua

# Minutes long: many processes that share tokens, stores that go away, kill -9 in the middle of refreshes.
bench-tokens:
	@.ci/install $(BUILD_PACKAGES) $(TEST_PACKAGES)
	@$(MAKE) --no-print-directory -s all
	@eval "$$($(MAKE) -s env)"; lua5.4 bench/tokens/crowd.lua && lua5.4 bench/tokens/outages.lua && lua5.4 bench/kill.lua \
	  && lua5.4 bench/limiter.lua

memcheck:
	@.ci/install $(BUILD_PACKAGES) $(TEST_PACKAGES) valgrind
	@$(MAKE) --no-print-directory -s all
	@.ci/memcheck

# Refuses allocation 1, 2, 3, ... of every job of the core, alone and inside Lua 5.4, under the sanitizers.
SANITIZERS := -fsanitize=address,undefined -fno-sanitize-recover=all
TORTURE := $(filter-out %/bindings.c %/transport.c,$(wildcard spec/torture/*.c))
CORE_SOURCES = $(CORE:%=src/%.c)

torture:
	@.ci/install $(BUILD_PACKAGES)
	@$(MAKE) --no-print-directory -s $(BUILD)/torture/torture $(BUILD)/torture/bindings $(BUILD)/torture/transport
	@$(BUILD)/torture/torture
	@$(BUILD)/torture/bindings
	@lua5.4 spec/torture/transport.lua $(BUILD)/torture/transport

$(BUILD)/torture/torture: $(CORE_SOURCES) $(TORTURE) $(HEADERS) spec/torture/torture.h Makefile
	@mkdir -p $(@D)
	$(CC) $(STANDARD) -O1 -g $(WARNINGS) $(SANITIZERS) -Isrc -o $@ $(CORE_SOURCES) $(TORTURE) -lz -lm

$(BUILD)/torture/bindings: $(CORE_SOURCES) $(BINDINGS:%=src/%.c) spec/torture/bindings.c $(HEADERS) Makefile
	@mkdir -p $(@D)
	$(CC) $(STANDARD) -O1 -g $(WARNINGS) $(SANITIZERS) -Isrc -I$(call include_of,5.4) -o $@ \
	  $(CORE_SOURCES) $(BINDINGS:%=src/%.c) spec/torture/bindings.c -llua5.4 -lz -lm

TRANSPORT_SOURCES := $(TRANSPORT:%=src/%.c) $(TRANSPORT_BINDING:%=src/%.c)
$(BUILD)/torture/transport: $(TRANSPORT_SOURCES) spec/torture/transport.c $(HEADERS) Makefile
	@mkdir -p $(@D)
	$(CC) $(STANDARD) -O1 -g $(WARNINGS) $(SANITIZERS) -Isrc -I$(call include_of,5.4) -o $@ \
	  $(TRANSPORT_SOURCES) spec/torture/transport.c -llua5.4 -lcurl -lz -pthread

clean:
	rm -rf $(BUILD)

.PHONY: all types env rock install-rock demo demo-openresty test sandbox lint sanitize bench bench-tokens memcheck torture clean
