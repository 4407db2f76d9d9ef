-- SPDX-License-Identifier: MIT

--- A URL's origin: where to connect, and which connections and TLS sessions may be used again.
-- @module lofty.runtime.nginx.origin

local ffi = require "ffi"
local block = require("lofty.internal.nginx_tls").block
local limits = require("lofty.core").limits
local of_origin = require("lofty.runtime.head").of_origin
local url_policy = require "lofty.http.url_policy"

local char, concat, find, gsub, sub = string.char, table.concat, string.find, string.gsub, string.sub
local C, setmetatable, tonumber = ffi.C, setmetatable, tonumber

local origin = {}

-- Number of cached origins; when it is exceeded the cache is emptied, so that many different URLs can't fill the
-- memory.
local MAX_KNOWN = 256

local known, count = {}, 0

-- What a target may hold: visible ASCII without the backslash and "#", which begins a fragment.
local function target_bytes()
  local bytes = {}
  for code = 0x21, 0x7E do bytes[#bytes + 1] = char(code) end
  return (gsub(concat(bytes), "[#\\]", ""))
end
local TARGET_BYTES = target_bytes()

-- Declared under its own name, so that it does not clash with declarations of other code.
ffi.cdef [[
size_t lofty_strspn (const char *text, const char *accept) __asm__("strspn");
]]

local Origin = { __name = "lofty.origin" }
Origin.__index = Origin

-- The pool has its own name, so that it never contains an unverified connection of other code.
local function new_pool(name)
  return {
    -- For tcpsock:connect. Beyond pool_size nginx closes the connection that was used least recently.
    options = { pool = name, pool_size = limits.idle_connections },
    session = nil, -- the last TLS session, for an abbreviated handshake
    kept = 0, -- the most connections that the pool can hold now
    kept_until = 0, -- when the last of them reaches its idle timeout (clock.monotonic)
  }
end

--- The connections that may be used here. Each configuration block has its own where TLS is used: a certificate
-- that one block's lua_ssl_trusted_certificate verified may not be trusted in another.
-- @treturn table see new_pool
function Origin:pool()
  if not self.tls then return self.plain end
  local here = block()
  local pool = self.pools[here]
  if not pool then
    pool = new_pool("lofty:https:" .. self.shown .. ":" .. here)
    self.pools[here] = pool
  end
  return pool
end

local function new(url)
  local host, shown, fields = of_origin(url)
  return setmetatable({
    tls = url.secure,
    name = url.host, -- for SNI and the certificate's check
    address = url.host == "localhost" and "127.0.0.1" or host, -- nginx's resolver reads no /etc/hosts
    is_address = url.literal or url.loopback or find(url.host, "^[%d.]+$") ~= nil, -- else a name to be resolved
    port = url.port,
    shown = shown, -- for messages
    fields = fields, -- for heads, see `lofty.runtime.head`
    plain = new_pool("lofty:http:" .. shown),
    pools = {},
  }, Origin)
end

-- Accepts a URL whose origin is new, or which has no path.
local function look_up(url)
  local parsed, problem = url_policy.parse(url)
  if not parsed then return nil, problem end
  local found = known[parsed.origin]
  if not found then
    found = new(parsed)
    if count == MAX_KNOWN then known, count = {}, 0 end
    known[parsed.origin], count = found, count + 1
  end
  return found, parsed.target
end

--- Parses a URL.
-- @tparam string url
-- @treturn[1] table the origin; the same one for the same text before the path
-- @treturn[1] string path and query; the path may be empty
-- @treturn[2] nil
-- @treturn[2] string what is wrong with the URL, without any part of it
function origin.of(url)
  local slash = find(url, "/", #"https://" + 1, true)
  local found = slash and known[sub(url, 1, slash - 1)]
  if not found then return look_up(url) end
  local target = sub(url, slash)
  -- LuaJIT compiles this call, but not a pattern. strspn stops at a NUL, which is thus refused, too.
  if tonumber(C.lofty_strspn(target, TARGET_BYTES)) ~= #target then return look_up(url) end
  return found, target
end

return origin
