-- SPDX-License-Identifier: MIT

--- Runs finalizers in the middle of a call into C. They may run wherever memory is allocated, so also while C code uses
-- the object that they close.
local finalizers = {}

local newproxy = rawget(_G, "newproxy")

--- Sets the collector's pause and step multiplier; returns the former ones.
function finalizers.tune_collector(pause, step)
  if _VERSION ~= "Lua 5.5" then return collectgarbage("setpause", pause), collectgarbage("setstepmul", step) end
  return collectgarbage("param", "pause", pause), collectgarbage("param", "stepmul", step)
end

local function garbage(finalizer)
  if newproxy then getmetatable(newproxy(true)).__gc = finalizer else setmetatable({}, { __gc = finalizer }) end
end

--- Repeats `call(prepare())` until `use`, called by a finalizer with what `prepare` returned, has returned true three times.
-- Raises when that does not happen.
-- @tparam function prepare
-- @tparam function call
-- @tparam function use returns true if it ran while C used the object
-- @tparam function check is called with what `pcall(call, value)` returned, after a call during which `use` returned true
function finalizers.during(prepare, call, use, check)
  local running, used, runs = nil, false, 0
  local pause, step = finalizers.tune_collector(1, 10000)
  local ok, problem = pcall(function()
    for i = 1, 20000 do
      local value = prepare()
      local _ = ("x"):rep(i % 1999) -- so that the collector's steps fall elsewhere each time
      garbage(function() used = running == value and use(value) or used end)
      running = value
      local called, a, b, c = pcall(call, value)
      running = nil
      if used then
        used = false
        runs = runs + 1
        check(called, a, b, c)
        if runs == 3 then return end
      end
    end
    error("no finalizer ran during the call", 0)
  end)
  running = nil
  finalizers.tune_collector(pause, step)
  if not ok then error(problem, 0) end
end

return finalizers
