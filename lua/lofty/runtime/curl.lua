-- SPDX-License-Identifier: MIT

--- The runtime for plain Lua: libcurl for requests, and a scheduler that runs many of them at the same time.
--
-- There is one scheduler for each Lua state, over one libcurl multi handle, and every client shares it.
-- A function that must wait (`request`, `sleep`, `map`) yields if and only if it runs in a coroutine
-- that `map` started and that may yield at this point; else it waits in place.
-- @module lofty.runtime.curl

local core = require "lofty.core"

-- Lua's own loader would bind all functions of libcurl's libraries at once, of which a request calls few. (Lua 5.1 has
-- no searchpath.)
local path = package.searchpath and package.searchpath("lofty.curl", package.cpath) -- luacheck: ignore 143
if path then core.load_lazily(path) end

local curl = require "lofty.curl"
local config = require "lofty.internal.config"
local lazy = require "lofty.internal.lazy"
local slots = require "lofty.runtime.curl.slots"

local errors = lazy "lofty.errors"
local scheduler = lazy "lofty.runtime.curl.scheduler"

local require = require
local limits = core.limits
local acquire, release, finish = slots.acquire, slots.release, slots.finish

local runtime = {}

local NOTHING = {}

-- nil, and the err of a request that failed before anything was sent.
local function refuse(message)
  return nil, errors.new { kind = "invalid", message = message, sent = false, connected = false, head = false }
end

local function fail(kind, message, sent, connected, head, final)
  local retryable
  if final then retryable = false end
  return nil, errors.new {
    kind = kind, message = message, sent = sent, connected = connected, head = head, retryable = retryable,
  }
end

-- The certificates that the environment names; read at the first request.
local trust

-- Loads the scheduler, which waits need, at the second request: later there may be no file descriptor left to load it
-- with.
local is_first = true
local function load_scheduler()
  if is_first then is_first = false else require "lofty.runtime.curl.scheduler" end
end

--- Sends one request and waits for its complete response.
--
--     local res, err = runtime:request{
--       method = "GET",
--       url = "https://api.lofty.com/v1.0/me",   -- https; http for loopback alone
--       headers = { ["Authorization"] = "…" },   -- name -> string
--       body = nil,                              -- a string
--       once = false,                            -- true: not sent again when a kept connection was closed
--       timeout = { connect = 10, total = 60 },  -- seconds
--       max_head = 64 * 1024, max_body = 16 * 1024 * 1024,   -- bytes; the body's once decoded
--       ca = nil,                                -- path of a file of trusted certificates, and no others; else those
--                                                -- of CURL_CA_BUNDLE, or SSL_CERT_FILE and SSL_CERT_DIR, or libcurl's
--       proxy = nil,                             -- URL; else the environment's; never for loopback
--     }
--
-- @tparam table req
-- @treturn table res: status, headers (lower-case names, repeated ones joined by ", "), body, reused, elapsed; new
-- each time, and the caller's to change
-- @return[2] nil
-- @treturn[2] table err: kind network, timeout, tls, decode or invalid; `sent` is false when the server
-- can't have seen the request; `connected` when a connection had been made; `head` when the head was complete
function runtime:request(req) -- luacheck: no self
  if not slots.scheduler then load_scheduler() end
  local active = slots.active
  if active then active.check_interruption() end
  local slot = acquire()
  local timeout = req.timeout or NOTHING
  if not trust then trust = config.trust() end
  local started, problem = slot.transfer:start(slot.id, req.method, req.url, req.headers or NOTHING, req.body,
    req.once, timeout.connect or limits.connect_timeout, timeout.total or limits.total_timeout,
    req.max_head or limits.head, req.max_body or limits.body, req.ca, req.proxy, trust.file, trust.dir,
    active and active.in_section())
  if not started then
    release(slot)
    return refuse(problem)
  end
  if active then active.await(slot) end
  local status, headers, body, reused, elapsed, head, final = finish(slot)
  if not status then return fail(headers, body, reused, elapsed, head, final) end
  return { status = status, headers = headers, body = body, reused = reused, elapsed = elapsed }
end

--- Waits. In a task of `map` the other tasks continue meanwhile.
-- @tparam number seconds
-- @treturn boolean true
function runtime:sleep(seconds) -- luacheck: no self
  scheduler.sleep(seconds)
  return true
end

--- Seconds since 1970, with a fraction.
-- @function runtime:now
-- @treturn number
runtime.now = curl.now

--- Seconds on a monotonic clock.
-- @function runtime:monotonic
-- @treturn number
runtime.monotonic = curl.monotonic

--- Calls fn(item, index) for each item of a list, `opt.concurrency` at a time; see `lofty.runtime.curl.map`.
function runtime:map(list, fn, opt) -- luacheck: no self
  local results, failures = require "lofty.runtime.curl.map"(list, fn, opt)
  return results, failures
end

-- Ends a section after fn has returned, and returns its results: a tail call to fn would prevent yields in it on Lua
-- 5.1.
local function hand_on(...)
  return ...
end

--- Calls fn(...), which must not be interrupted after a response: once a request in it has a response, an error that a
-- signal handler raises (Ctrl-C) is deferred until fn has returned. (In nginx fn also continues when the client
-- disconnects.)
-- @tparam number timeout unused here
-- @tparam function fn
-- @return what fn returns; raises what it raises
function runtime:detach(timeout, fn, ...) -- luacheck: ignore 212
  local finally, section = require "lofty.runtime.curl.finally", nil
  local function leave() scheduler.leave_section(section) end
  section = scheduler.enter_section() -- last: nothing that may raise is between it and finally
  return hand_on(finally(leave, fn, ...))
end

--- Makes an event that tasks, or code outside of a task, wait for.
-- @treturn table with `wait(seconds) -> boolean` and `set()`, see `lofty.runtime.curl.event`
function runtime:event() -- luacheck: no self
  return (require "lofty.runtime.curl.event"())
end

--- Calls fn(...), then give_back(), exactly once, whether fn returned or raised.
-- While fn waits where it may not yield, no other task runs: a task that waited for what fn holds would be above fn on
-- the C stack, and fn could not continue before it.
-- @tparam function give_back
-- @tparam function fn
-- @param ... its arguments
-- @return what fn returns; raises what it raises, after give_back
function runtime:ensure(give_back, fn, ...) -- luacheck: no self
  local mark = scheduler.begin_io_only()
  local finally = require "lofty.runtime.curl.finally"
  return hand_on(finally(function()
    scheduler.end_io_only(mark)
    give_back()
  end, fn, ...))
end

--- Closes the connections that were kept alive, unless requests are still under way; may be called again.
-- A later request opens new ones.
-- @treturn boolean true
function runtime:close() -- luacheck: no self
  slots.close()
  return true
end

return runtime
