-- SPDX-License-Identifier: MIT
-- A runtime over cqueues: calls of lofty wait in its loop, and the program's other coroutines go on. Needs Debian's
-- lua-cqueues and, for https, lua-luaossl. Use: lofty.client { runtime = require "cqueues_runtime" }, in cqueues:wrap.
local conditions, cqueues, errno = require "cqueues.condition", require "cqueues", require "cqueues.errno"
local lofty, sockets = require "lofty", require "cqueues.socket"

local function explain(code)
  return code == errno.ETIMEDOUT and "timeout" or (not code or code == errno.EPIPE) and "closed" or errno.strerror(code)
end

local function is_address(host) return host:find "^[%d.]+$" or host:find(":", 1, true) end

local trusted = {} -- by host: a TLS context that accepts only its certificate, from a CA that the system trusts
local function trust(host)
  if not trusted[host] then
    local contexts, params = require "openssl.ssl.context", require("openssl.x509.verify_param").new()
    local context, store = contexts.new("TLS", false), require("openssl.x509.store").new()
    store:addDefaults()
    params[is_address(host) and "setIP" or "setHost"](params, host)
    context:setStore(store)
    context:setParam(params)
    context:setVerify(contexts.VERIFY_PEER)
    trusted[host] = context
  end
  return trusted[host]
end

local Event = {}
Event.__index = Event
function Event:set()
  self.is_set = true
  self.condition:signal()
end
function Event:wait(seconds)
  if not self.is_set and seconds > 0 then self.condition:wait(seconds) end
  return self.is_set
end

return lofty.runtime {
  monotonic = cqueues.monotime,
  sleep = cqueues.sleep,
  spawn = function(fn) cqueues.running():wrap(fn) end,
  event = function() return setmetatable({ condition = conditions.new(), is_set = false }, Event) end,
  connect = function(host, port, seconds)
    local name = not is_address(host) and host
    local socket, why = sockets.connect { host = host, port = port, sendname = name, mode = "bn" }
    if not socket then return nil, "no socket: " .. tostring(why) end
    socket:onerror(function(_, _, code) return code end) -- errors are returned, not raised
    local ok, code = socket:connect(seconds)
    return ok and socket, not ok and explain(code) or nil
  end,
  starttls = function(socket, host, seconds)
    local ok, code = socket:starttls(trust(host), seconds)
    return ok and true, not ok and explain(code) or nil
  end,
  send = function(socket, bytes, seconds)
    local ok, code = socket:xwrite(bytes, "bn", seconds)
    return ok and true, not ok and explain(code) or nil
  end,
  receive = function(socket, seconds)
    local bytes, code = socket:xread(-65536, "bn", seconds)
    if bytes then return bytes end
    socket:clearerr()
    -- cqueues reports a reset that came together with the last bytes as an end; then the socket has no peer any more.
    if not code and socket:peername() == 0 then code = errno.ECONNRESET end
    return nil, explain(code)
  end,
  close = function(socket) socket:close() end,
}
