--- Calls a function and releases what it holds, however the function ends.
-- @module lofty.runtime.curl.finally

local scheduler = require "lofty.runtime.curl.scheduler"

local coroutine, error, pcall = coroutine, error, pcall

-- Lua 5.1 can't yield across pcall.
local PCALL_YIELDS = coroutine.wrap(function() pcall(coroutine.yield, true) end)() or false

-- What fn raised goes before what the release raises.
local function finish(release, ok, ...)
  local released, problem = pcall(release)
  if not ok then error((...), 0) end
  if not released then error(problem, 0) end
  return ...
end

-- When fn raises, the task's end releases: no pcall stands between here and there, else the task could not yield here.
local function finish_in_task(task, release, ...)
  task.releases[#task.releases] = nil
  release()
  return ...
end

--- Calls fn(...), then release(), exactly once, whether fn returned or raised.
-- @tparam function release on 5.1 it may run in another coroutine
-- @tparam function fn
-- @param ... its arguments
-- @return what fn returns; raises what it raises, after the release
return function(release, fn, ...)
  local task = not PCALL_YIELDS and scheduler.current()
  if not task then return finish(release, pcall(fn, ...)) end
  local releases = task.releases
  if not releases then
    releases = {}
    task.releases = releases
  end
  releases[#releases + 1] = release
  return finish_in_task(task, release, fn(...))
end
