-- SPDX-License-Identifier: MIT

--- Calls a function, and then a release function, whether the first returned or raised.
-- @module lofty.runtime.curl.finally

local pcall_yields = require "lofty.internal.pcall_yields"
local scheduler = require "lofty.runtime.curl.scheduler"

local error, pcall = error, pcall

-- If both raise, fn's error is raised.
local function finish(release, ok, ...)
  local released, problem = pcall(release)
  if not ok then error((...), 0) end
  if not released then error(problem, 0) end
  return ...
end

-- When fn raises, the end of the task calls release. (A pcall here would prevent yields in fn.)
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
  local task = not pcall_yields and scheduler.current()
  if not task then return finish(release, pcall(fn, ...)) end
  local releases = task.releases
  if not releases then
    releases = {}
    task.releases = releases
  end
  releases[#releases + 1] = release
  return finish_in_task(task, release, fn(...))
end
