-- SPDX-License-Identifier: MIT

--- Calls a function for each item of a list, several at a time, in light threads.
-- @module lofty.runtime.nginx.map

local ngx = ngx -- luacheck: globals ngx
local items_of = require("lofty.runtime.map").items
local phase = require "lofty.runtime.nginx.phase"

local spawn, wait = ngx.thread.spawn, ngx.thread.wait
local error, pcall = error, pcall

-- Starts the light threads; none in a phase without light threads.
local function start(items)
  local threads = {}
  if items.concurrency < 2 or not phase.may_wait() then return threads end
  for i = 1, items.concurrency do
    local started, thread = pcall(spawn, items.work, items, pcall)
    if not started then
      if phase.is_refusal(thread) then break end
      error(thread, 0)
    end
    threads[i] = thread
  end
  return threads
end

--- Calls fn(item, index) for each item; see `lofty.runtime.map` for the arguments and results.
return function(list, fn, opt)
  local items = items_of(list, fn, opt)
  local threads = start(items)
  for i = 1, #threads do wait(threads[i]) end
  items:work(pcall) -- the rest, without light threads: each call returns its own err that it can't wait
  local results, errors = items:outcome()
  return results, errors
end
