-- SPDX-License-Identifier: MIT

--- Calls a function, and then a release function, whether the first returned, raised or was dropped.
-- @module lofty.runtime.nginx.ensure

local ngx = ngx -- luacheck: globals ngx

local newproxy = newproxy -- luacheck: globals newproxy
local timer_at, log, ERR = ngx.timer.at, ngx.log, ngx.ERR
local error, getmetatable, pcall, tostring = error, getmetatable, pcall, tostring

-- nginx drops a light thread without running it to its end when its request is aborted. The thread's stack is then
-- garbage, and so is this guard in it. A finalizer can't wait, but release may have to: it runs in a timer.
local function new_guard(release)
  local guard = newproxy(true)
  local state = { pending = true }
  local metatable = getmetatable(guard)
  metatable.__index = state
  metatable.__newindex = state
  metatable.__gc = function()
    if state.pending then pcall(timer_at, 0, function() release() end) end
  end
  return guard
end

local function finish(guard, release, ok, ...)
  guard.pending = false
  local released, problem = pcall(release)
  if not ok then
    if not released then log(ERR, "lofty: raised while releasing after another error: ", tostring(problem)) end
    error((...), 0)
  end
  if not released then error(problem, 0) end
  return ...
end

--- Calls fn(...), then release(), exactly once, whether fn returned, raised, or its light thread was dropped (then some
-- time later, when the collector finds the thread).
-- @tparam function release
-- @tparam function fn
-- @param ... its arguments
-- @return what fn returns; raises what it raises, after the release
return function(release, fn, ...)
  return finish(new_guard(release), release, pcall(fn, ...))
end
