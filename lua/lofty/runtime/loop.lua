-- SPDX-License-Identifier: MIT

--- Makes a runtime out of the functions of an event loop whose code runs in coroutines, such as cqueues or luv.
--
-- This module adds to them what every runtime needs: HTTP/1.1 over the loop's sockets, kept connections, several calls
-- at once, and work that continues when its caller has returned at its deadline. examples/cqueues_runtime.lua is such a
-- runtime; docs/guide/event-loops.md tells more.
-- @module lofty.runtime.loop

local errors = require "lofty.errors"
local exchanges = require "lofty.runtime.exchange"
local heads = require "lofty.runtime.head"
local items_of = require("lofty.runtime.map").items
local limits = require("lofty.core").limits
local misuse = require "lofty.internal.misuse"
local pcall_yields = require "lofty.internal.pcall_yields"
local url_policy = require "lofty.http.url_policy"

local coroutine, error, pairs, rawget, select, setmetatable, type =
  coroutine, error, pairs, rawget, select, setmetatable, type
local create, resume, status, yield = coroutine.create, coroutine.resume, coroutine.status, coroutine.yield
local format = string.format
local os_time, remove = os.time, table.remove
local unpack = rawget(_G, "unpack") or rawget(table, "unpack")

local refuse = exchanges.refuse

-- Seconds after which a kept connection is used no more: sooner than servers close it (60 s is usual). It is closed
-- when the next one to its origin is kept, or when it is its turn to be used.
local IDLE_TIMEOUT = 30
-- Seconds of one wait for an event that may never be set; the wait is then repeated.
local LONG = 3600

local REQUIRED = { "monotonic", "sleep", "spawn", "event", "connect", "send", "receive", "close" }
local OPTIONS = { now = true, starttls = true }
for _, name in pairs(REQUIRED) do OPTIONS[name] = true end

-- Lua 5.1 can't yield across pcall. There a coroutine of its own catches what fn raises, and each yield is passed on.
local pcall = pcall
if not pcall_yields then
  local function pass_on(co, ok, ...)
    if ok and status(co) == "suspended" then return pass_on(co, resume(co, yield(...))) end
    return ok, ...
  end
  function pcall(fn, ...)
    local co = create(fn)
    return pass_on(co, resume(co, ...))
  end
end

local function pack(...)
  return { n = select("#", ...), ... }
end

local function finish(release, ok, ...)
  local released, problem = pcall(release)
  if not ok then error((...), 0) end
  if not released then error(problem, 0) end
  return ...
end

-- Takes a kept connection on which the server has neither sent anything nor closed it.
local function take_idle(runtime, origin, now)
  local loop, idle = runtime.loop, runtime.idle[origin]
  while idle do
    local kept = idle[#idle]
    idle[#idle] = nil
    if #idle == 0 then runtime.idle[origin] = nil end
    local bytes, why
    if kept.ends > now then bytes, why = loop.receive(kept.socket, 0) end
    if not bytes and why == "timeout" then return kept.socket end
    loop.close(kept.socket)
    idle = runtime.idle[origin] -- receive may have let other coroutines run
  end
end

local function connect(self, now, seconds, new_only)
  local runtime, url = self.origin.runtime, self.origin.url
  local loop = runtime.loop
  self.socket = not new_only and take_idle(runtime, url.origin, now) or nil
  self.reused, self.connected = self.socket ~= nil, self.socket ~= nil
  if self.reused then return true end
  local socket, why = loop.connect(url.host, url.port, seconds)
  if not socket then return self:not_connected(why, seconds) end
  self.socket, self.connected = socket, true
  if not url.secure then return true end
  local left = self.deadline - loop.monotonic()
  if left <= 0 then return self:timed_out("a connection to") end
  local ok
  ok, why = loop.starttls(socket, url.host, left)
  if ok then return true end
  return self:not_trusted(why)
end

local function send(self, bytes, seconds)
  local ok, why = self.origin.runtime.loop.send(self.socket, bytes, seconds)
  return ok, why
end

local function receive(self, seconds)
  local bytes, why = self.origin.runtime.loop.receive(self.socket, seconds)
  return bytes, why
end

local function close(self)
  if self.socket then self.origin.runtime.loop.close(self.socket) end
  self.socket = nil
end

-- Closes the connections to an origin that were kept for too long. The first of a list ends first.
local function close_expired(runtime, origin, now)
  local loop, idle = runtime.loop, runtime.idle[origin]
  while idle and idle[1].ends <= now do
    local kept = remove(idle, 1)
    if #idle == 0 then runtime.idle[origin] = nil end
    loop.close(kept.socket)
    idle = runtime.idle[origin] -- close may have let other coroutines run
  end
end

-- Keeps the connection for the next request, or closes it.
local function keep(self, reusable, now)
  if not reusable then return close(self) end
  local runtime, origin = self.origin.runtime, self.origin.url.origin
  close_expired(runtime, origin, now)
  -- Before the list is changed, since monotonic may raise.
  local kept = { socket = self.socket, ends = runtime.loop.monotonic() + IDLE_TIMEOUT }
  local idle = runtime.idle[origin]
  if idle and #idle >= limits.idle_connections then return close(self) end
  if not idle then
    idle = {}
    runtime.idle[origin] = idle
  end
  idle[#idle + 1] = kept
end

local Runtime = { __name = "lofty.runtime" }
Runtime.__index = Runtime

-- The methods of the contract; see `lofty.runtime.contract`.

function Runtime:request(req)
  local loop = self.loop
  if req.ca or req.proxy and req.proxy ~= "" then
    return refuse("the options ca and proxy have no effect on a runtime made by lofty.runtime: its functions connect "
      .. "and starttls decide")
  end
  local url, problem = url_policy.parse(req.url)
  if not url then return refuse(problem) end
  if url.secure and not loop.starttls then
    return refuse("this runtime has no function starttls, so it can't send to an https URL")
  end
  local _, shown, fields = heads.of_origin(url)
  local head, why = heads.write(req, fields, url.target)
  if not head then return refuse(why) end
  local res, err = self.exchange({ runtime = self, url = url, shown = shown }, req, head)
  return res, err
end

function Runtime:sleep(seconds)
  self.loop.sleep(seconds)
  return true
end

function Runtime:now()
  return self.loop.now()
end

function Runtime:monotonic()
  return self.loop.monotonic()
end

function Runtime:event()
  return self.loop.event()
end

function Runtime:ensure(release, fn, ...) -- luacheck: no self
  return finish(release, pcall(fn, ...))
end

function Runtime:detach(timeout, fn, ...)
  local ended, arguments, results = self.loop.event(), pack(...), nil
  self.loop.spawn(function()
    results = pack(pcall(fn, unpack(arguments, 1, arguments.n)))
    ended:set()
  end)
  if not ended:wait(timeout) then
    return nil, errors.new {
      kind = "timeout", sent = true, connected = true,
      message = format("no result within %g s, it is still running", timeout),
    }
  end
  if not results[1] then error(results[2], 0) end
  return unpack(results, 2, results.n)
end

function Runtime:map(list, fn, opt)
  local items, ended = items_of(list, fn, opt), self.loop.event()
  local active = items.concurrency
  local function work()
    items:work(pcall)
    active = active - 1
    if active == 0 then ended:set() end
  end
  for _ = 1, active do self.loop.spawn(work) end
  while active > 0 do ended:wait(LONG) end
  local results, failures = items:outcome()
  return results, failures
end

function Runtime:close()
  local all = self.idle
  self.idle = {} -- first, since the loop's close may let a coroutine run that keeps another connection
  for _, idle in pairs(all) do
    for i = 1, #idle do self.loop.close(idle[i].socket) end
  end
  return true
end

--- Makes a runtime. Every function of the loop that waits may suspend the coroutine that calls it, and must not block
-- the thread. Sockets are whatever `connect` returns. A wait ends after `seconds` with `nil, "timeout"`.
-- @function lofty.runtime
-- @tparam table loop
--
--   - `monotonic() -> number`: seconds on a clock that setting the time does not move
--   - `now() -> number`: seconds since 1970; os.time when left out
--   - `sleep(seconds)`
--   - `spawn(fn)`: runs fn() in a coroutine of its own
--   - `event() -> event`: as in `lofty.runtime.contract`
--   - `connect(host, port, seconds) -> socket | nil, why`: host is a name or an address; resolves it, too
--   - `starttls(socket, host, seconds) -> true | nil, why`: must verify the certificate and that it is the host's; when
--     left out, https URLs are refused
--   - `send(socket, bytes, seconds) -> true | nil, why`: sends all bytes
--   - `receive(socket, seconds) -> bytes | nil, why`: some bytes, as soon as there are any; `why` is "closed" when
--     the server closed the connection (FIN), and another message after a reset
--   - `close(socket)`
-- @treturn table a runtime, for the option `runtime` of a client or an application
return function(loop)
  loop = errors.options("lofty.runtime", loop, OPTIONS)
  local own = { now = os_time }
  for name in pairs(OPTIONS) do
    local value = loop[name]
    if value ~= nil and type(value) ~= "function" then
      misuse(format("lofty.runtime: %s must be a function, got %s", name, type(value)))
    end
    own[name] = value or own[name]
  end
  for _, name in pairs(REQUIRED) do
    if not own[name] then misuse(format("lofty.runtime: the function %s is missing", name)) end
  end
  local exchange = exchanges.over {
    monotonic = own.monotonic, connect = connect, send = send, receive = receive, finish = keep, close = close,
  }
  return setmetatable({ loop = own, idle = {}, exchange = exchange }, Runtime)
end
