--- The runtime inside nginx: cosockets, light threads and timers; nothing here blocks the worker.
--
-- A table of methods, called with a colon; see the runtime's contract in `lofty.runtime.curl`. One for all
-- clients of a worker. What is nginx's to say is said in nginx.conf: `resolver` (names are resolved by
-- nginx), `lua_ssl_trusted_certificate`, `lua_ssl_verify_depth` and `lua_ssl_protocols`. No proxy is
-- used, whatever the environment says: cosockets have none.
-- @module lofty.runtime.nginx

local ngx = rawget(_G, "ngx")
if not ngx or not ngx.socket then error("lofty.runtime.nginx runs inside nginx only", 2) end

local errors = require "lofty.errors"
local clock = require "lofty.runtime.nginx.clock"
local connection = require "lofty.runtime.nginx.connection"
local detach = require "lofty.runtime.nginx.detach"
local ensure = require "lofty.runtime.nginx.ensure"
local event = require "lofty.runtime.nginx.event"
local handler = require "lofty.runtime.nginx.handler"
local head = require "lofty.runtime.nginx.head"
local map = require "lofty.runtime.nginx.map"
local origins = require "lofty.runtime.nginx.origin"
local phase = require "lofty.runtime.nginx.phase"

local type = type
local may_wait, ngx_sleep = phase.may_wait, ngx.sleep
local origin_of, write_head, exchange = origins.of, head.write, connection.exchange

local DEFAULT = { connect = 10, total = 60 }

-- RFC 9110 section 9.2.2: repeated, they do what they did once.
local IDEMPOTENT = { GET = true, HEAD = true, PUT = true, DELETE = true, OPTIONS = true }
-- A server waits for a length, even of an empty body, where the method promises one.
local HAS_BODY = { POST = true, PUT = true, PATCH = true }

local nginx = {}

local function invalid(message)
  return nil, errors.new { kind = "invalid", sent = false, connected = false, head = false, message = message }
end

--- Sends a request and returns its whole answer. Nothing else in the worker waits meanwhile.
-- @tparam table req `method`, `url`, `headers` (name -> string), `body` (string), `once` (never to be sent
--   twice), `timeout` ({connect =, total =}, seconds), `max_head`, `max_body` (decoded bytes)
-- @treturn[1] table res: `status`, `headers` (lower-case names), `body`, `reused`, `elapsed`
-- @treturn[2] nil
-- @treturn[2] table err with `sent`, `connected` and `head`
function nginx:request(req) -- luacheck: no self
  if req.ca then return invalid("in nginx the CAs are set in nginx.conf, by lua_ssl_trusted_certificate") end
  if req.proxy and req.proxy ~= "" then return invalid("in nginx no proxy can be used") end
  local origin, target = origin_of(req.url)
  if not origin then return invalid(target) end
  local method, body = req.method, req.body
  if body ~= nil and type(body) ~= "string" then return invalid("the body has to be a string") end
  local length = body and #body or (HAS_BODY[method] and 0) or nil
  local text, why = write_head(method, origin, target, req.headers, length)
  if not text then return invalid(why) end
  local timeout = req.timeout or DEFAULT
  return exchange(origin, req, text, timeout.connect or DEFAULT.connect, timeout.total or DEFAULT.total,
    not req.once and IDEMPOTENT[method])
end

--- Waits, and lets everything else in the worker go on.
-- @tparam number seconds
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] table err where nginx has no sleep
function nginx:sleep(seconds) -- luacheck: no self
  local may, err = may_wait()
  if not may then return nil, err end
  ngx_sleep(seconds)
  return true
end

--- Seconds since 1970, with a fraction.
-- @treturn number
function nginx:now() return clock.now() end -- luacheck: no self

--- Seconds on a clock that is never set.
-- @treturn number
function nginx:monotonic() return clock.monotonic() end -- luacheck: no self

--- Calls fn(item, index) for each item of a list, `opt.concurrency` at a time; see `lofty.runtime.nginx.map`.
function nginx:map(list, fn, opt) return map(list, fn, opt) end -- luacheck: no self

--- Calls fn(...) where no client that goes away can stop it; see `lofty.runtime.nginx.detach`.
function nginx:detach(timeout, fn, ...) return detach.call(timeout, fn, ...) end -- luacheck: no self

--- Makes an event that light threads of this worker wait for; see `lofty.runtime.nginx.event`.
-- @treturn table with `wait(seconds) -> boolean` and `set()`
function nginx:event() return event() end -- luacheck: no self

--- Calls fn(...), then release() however fn ended; see `lofty.runtime.nginx.ensure`.
-- @return what fn returns
function nginx:ensure(release, fn, ...) return ensure(release, fn, ...) end -- luacheck: no self

--- Who holds a lock waits like any other: nothing here is resumed on top of it.
function nginx:holding() end -- luacheck: no self

--- Makes a content handler of a function of a request; see `lofty.runtime.nginx.handler`.
function nginx:handler(respond) return handler(respond) end -- luacheck: no self

--- Nothing to close: kept connections are the worker's, and end by their idle time.
-- @treturn boolean true
function nginx:close() return true end -- luacheck: no self

return nginx
