-- SPDX-License-Identifier: MIT

--- The runtime inside nginx: cosockets, light threads and timers; nothing here blocks the worker process.
--
-- It follows `lofty.runtime.contract`. All
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
local event = require "lofty.runtime.nginx.event"
local exchanges = require "lofty.runtime.exchange"
local handler = require "lofty.runtime.nginx.handler"
local heads = require "lofty.runtime.head"
local map = require "lofty.runtime.nginx.map"
local origins = require "lofty.runtime.nginx.origin"
local phase = require "lofty.runtime.nginx.phase"

local error, pcall = error, pcall
local ceil, max = math.ceil, math.max
local may_wait, ngx_sleep = phase.may_wait, ngx.sleep
local origin_of, exchange, refuse = origins.of, connection.exchange, exchanges.refuse
local write_head = heads.write

local nginx = {}

--- Sends a request and reads its whole response; the worker process serves others meanwhile.
-- @tparam table req `method`, `url`, `headers` (name -> string), `body` (string), `once` (true: never sent a second
--   time), `timeout` ({connect =, total =}, seconds), `max_head`, `max_body` (decoded bytes)
-- @treturn[1] table res: `status`, `headers` (lower-case names), `body`, `reused`, `elapsed`
-- @treturn[2] nil
-- @treturn[2] table err with `sent`, `connected` and `head`
function nginx:request(req) -- luacheck: no self
  if req.ca then
    return refuse("the option ca has no effect inside nginx: set lua_ssl_trusted_certificate in nginx.conf instead")
  end
  if req.proxy and req.proxy ~= "" then
    return refuse("the option proxy has no effect inside nginx, whose sockets support no proxy: leave it out")
  end
  local origin, target = origin_of(req.url)
  if not origin then return refuse(target) end
  local head, why = write_head(req, origin.fields, target)
  if not head then return refuse(why) end
  local res, err = exchange(origin, req, head)
  return res, err
end

--- Waits; the worker process goes on with everything else.
-- @tparam number seconds rounded up to milliseconds, at least one: nginx cuts off the rest, and logs a warning about a
--   sleep of 0
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] table err where this phase of nginx can't wait
function nginx:sleep(seconds) -- luacheck: no self
  local may, err = may_wait()
  if not may then return nil, err end
  local slept, problem = pcall(ngx_sleep, max(1, ceil(seconds * 1000)) / 1000)
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
