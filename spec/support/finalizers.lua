-- SPDX-License-Identifier: MIT

--- Runs finalizers in the middle of a call into C. They may run wherever memory is allocated, so also while C code uses
-- the object that they close.
local finalizers = {}

local newproxy = rawget(_G, "newproxy")

local function tune_collector(pause, step)
  if _VERSION ~= "Lua 5.5" then return collectgarbage("setpause", pause), collectgarbage("setstepmul", step) end
  return collectgarbage("param", "pause", pause), collectgarbage("param", "stepmul", step)
end

local function garbage(finalizer)
  if newproxy then getmetatable(newproxy(true)).__gc = finalizer else setmetatable({}, { __gc = finalizer }) end
end

--- Repeats `check(call(prepare()))` until `use`, called by a finalizer with what `prepare` returned, has run three times
-- during `call`. Raises when that does not happen.
-- @tparam function prepare
-- @tparam function call
-- @tparam function use
-- @tparam function check is called with at most three results of `call`
function finalizers.during(prepare, call, use, check)
  local running, runs = nil, 0
  local pause, step = tune_collector(1, 10000)
  local ok, problem = pcall(function()
    for _ = 1, 20000 do
      local value = prepare()
      garbage(function()
        if running ~= value then return end
        runs = runs + 1
        use(value)
      end)
      running = value
      local a, b, c = call(value)
      running = nil
      check(a, b, c)
      if runs >= 3 then return end
    end
    error("no finalizer ran during the call", 0)
  end)
  running = nil
  tune_collector(pause, step)
  if not ok then error(problem, 0) end
end

return finalizers
