-- SPDX-License-Identifier: MIT

--- The runtime inside nginx: cosockets, light threads and timers; nothing here blocks the worker process.
--
-- A table of methods, called with a colon; the contract is in `lofty.runtime.curl` and spec/contracts/runtime.lua. All
-- clients of a worker process share it. It may be loaded in init_by_lua, before nginx forks its worker processes: what
-- it keeps (connections, queues, events) begins with the first call, and calls are refused there.
--
-- Settings of nginx.conf that matter: `resolver` (nginx resolves names; add `ipv6=off` where IPv6 has no route),
-- `lua_ssl_trusted_certificate`, `lua_ssl_verify_depth` and `lua_ssl_protocols`. Cosockets have no proxy support, so no
-- proxy is used, whatever the environment says.
-- @module lofty.runtime.nginx

local ngx = rawget(_G, "ngx")
if not ngx or not ngx.socket or not ngx.config or ngx.config.subsystem ~= "http" then
  error("lofty.runtime.nginx runs in the http block of nginx only", 2)
end

local clock = require "lofty.runtime.nginx.clock"
local connection = require "lofty.runtime.nginx.connection"
local detach = require "lofty.runtime.nginx.detach"
local ensure = require "lofty.runtime.nginx.ensure"
local errors = require "lofty.errors"
local event = require "lofty.runtime.nginx.event"
local handler = require "lofty.runtime.nginx.handler"
local head = require "lofty.runtime.nginx.head"
local limits = require("lofty.core").limits
local map = require "lofty.runtime.nginx.map"
local origins = require "lofty.runtime.nginx.origin"
local phase = require "lofty.runtime.nginx.phase"

local error, pcall, type = error, pcall, type
local may_wait, ngx_sleep = phase.may_wait, ngx.sleep
local origin_of, write_head, exchange = origins.of, head.write, connection.exchange

local NONE = {}

-- RFC 9110, section 9.2.2: repeating them changes nothing.
local IDEMPOTENT = { GET = true, HEAD = true, PUT = true, DELETE = true, OPTIONS = true }
-- Methods whose requests carry a Content-Length even when the body is empty (RFC 9110, section 8.6).
local HAS_BODY = { POST = true, PUT = true, PATCH = true }

local nginx = {}

local function invalid(message)
  return nil, errors.new { kind = "invalid", sent = false, connected = false, head = false, message = message }
end

--- Sends a request and reads its whole response; the worker process serves others meanwhile.
-- @tparam table req `method`, `url`, `headers` (name -> string), `body` (string), `once` (true: never sent a second
--   time), `timeout` ({connect =, total =}, seconds), `max_head`, `max_body` (decoded bytes)
-- @treturn[1] table res: `status`, `headers` (lower-case names), `body`, `reused`, `elapsed`
-- @treturn[2] nil
-- @treturn[2] table err with `sent`, `connected` and `head`
function nginx:request(req) -- luacheck: no self
  if req.ca then
    return invalid("the option ca has no effect inside nginx: set lua_ssl_trusted_certificate in nginx.conf instead")
  end
  if req.proxy and req.proxy ~= "" then
    return invalid("the option proxy has no effect inside nginx, whose sockets support no proxy: leave it out")
  end
  local origin, target = origin_of(req.url)
  if not origin then return invalid(target) end
  local method, body = req.method, req.body
  if body ~= nil and type(body) ~= "string" then return invalid("the body is not a string") end
  local length = body and #body or (HAS_BODY[method] and 0) or nil
  local text, why = write_head(method, origin, target, req.headers, length)
  if not text then return invalid(why) end
  local timeout = req.timeout or NONE
  return exchange(origin, req, text, timeout.connect or limits.connect_timeout, timeout.total or limits.total_timeout,
    not req.once and IDEMPOTENT[method])
end

--- Waits; the worker process goes on with everything else.
-- @tparam number seconds
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] table err where this phase of nginx can't wait
function nginx:sleep(seconds) -- luacheck: no self
  local may, err = may_wait()
  if not may then return nil, err end
  local slept, problem = pcall(ngx_sleep, seconds)
  if slept then return true end
  if phase.is_refusal(problem) then return phase.refuse() end
  error(problem, 0)
end

--- Seconds since 1970, with a fraction.
-- @treturn number
function nginx:now() return clock.now() end -- luacheck: no self

--- Seconds on a monotonic clock.
-- @treturn number
function nginx:monotonic() return clock.monotonic() end -- luacheck: no self

--- Calls fn(item, index) for each item of a list, `opt.concurrency` at a time; see `lofty.runtime.nginx.map`.
function nginx:map(list, fn, opt) return map(list, fn, opt) end -- luacheck: no self

--- Calls fn(...) where no client that goes away can stop it; see `lofty.runtime.nginx.detach`.
function nginx:detach(timeout, fn, ...) return detach.call(timeout, fn, ...) end -- luacheck: no self

--- Makes an event that light threads of this worker process wait for; see `lofty.runtime.nginx.event`.
-- @treturn table with `wait(seconds) -> boolean` and `set()`
function nginx:event() return event() end -- luacheck: no self

--- Calls fn(...), then release() however fn ended; see `lofty.runtime.nginx.ensure`.
-- @return what fn returns
function nginx:ensure(release, fn, ...) return ensure(release, fn, ...) end -- luacheck: no self

--- Makes a content handler of a function of a request; see `lofty.runtime.nginx.handler`.
function nginx:handler(respond) return handler(respond) end -- luacheck: no self

--- Does nothing: the worker process owns the kept connections, and closes them at their idle timeout.
-- @treturn boolean true
function nginx:close() return true end -- luacheck: no self

return nginx
