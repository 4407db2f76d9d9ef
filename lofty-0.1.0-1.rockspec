rockspec_format = "3.0"
package = "lofty"
version = "0.1.0-1"
source = { url = "SOURCE-ADDRESS/lofty-0.1.0.tar.gz" }
description = {
  summary = "The Lua way to talk to the Lofty CRM (formerly Chime)",
  detailed = "OAuth 2.0 for vendors, API keys for scripts, every operation of the Open API, exact ids, in plain Lua "
    .. "and inside nginx. A C core over libcurl.",
  license = "MIT",
}
dependencies = { "lua >= 5.1, < 5.6" }
-- The compiler finds curl, zlib and OpenSSL by itself; hiredis, where it is found, adds the Redis store.
build = {
  type = "make",
  copy_directories = { "types" },
  build_target = "rock",
  install_target = "install-rock",
  build_variables = { LUA_INCDIR = "$(LUA_INCDIR)", CC = "$(CC)", CFLAGS = "$(CFLAGS)" },
  install_variables = {
    LUA_INCDIR = "$(LUA_INCDIR)", LUADIR = "$(LUADIR)", LIBDIR = "$(LIBDIR)", BINDIR = "$(BINDIR)",
    SHARE = "$(PREFIX)/share", LUA = "$(LUA)",
  },
}
