-- SPDX-License-Identifier: MIT

--- What each process of plain Lua of bench/soak does with its task: counts, notes what is odd, makes its steps until the
-- end, and writes what it counted. The process is started with FOLDER NAME: FOLDER/NAME.lua is its task.
-- @module bench.soak.task

local lofty = require "lofty"
local runtime = require "lofty.runtime.curl"
local seeded = require "spec.support.random"

local Task = {}
Task.__index = Task

--- Opens a file of the folder to append lines to.
-- @tparam string name
-- @treturn file
function Task:file(name)
  local file = assert(io.open(self.folder .. "/" .. name, "a"))
  file:setvbuf "line"
  return file
end

--- Counts one more of something.
-- @tparam string what
function Task:count(what) self.counts[what] = (self.counts[what] or 0) + 1 end

--- Notes what no fault explains.
-- @tparam string text
function Task:odd(text) self.odd_file:write(self.name, ": ", text, "\n") end

--- Makes steps, some at the same time, each with a pause after it, until the task's time is over; then writes the counts.
-- @tparam number concurrency
-- @tparam function step
function Task:run(concurrency, step)
  local ends, slots = runtime:monotonic() + self.given.seconds, {}
  for i = 1, concurrency do slots[i] = i end
  local _, failures = lofty.map(slots, function()
    while runtime:monotonic() < ends do
      step()
      runtime:sleep(self.given.pause * (0.5 + self.random(1000) / 1000))
    end
    return true
  end, { concurrency = concurrency })
  for _, why in pairs(failures or {}) do self:odd(tostring(why)) end
  local out = assert(io.open(self.folder .. "/" .. self.name .. ".counts", "w"))
  for what, n in pairs(self.counts) do out:write(n, " ", what, "\n") end
  out:close()
end

--- Reads the task that the arguments name.
-- @tparam string folder
-- @tparam string name
-- @treturn table `given`, the fields of the task; `name`; `random(n)`, an integer from 1 to n
return function(folder, name)
  local given = dofile(folder .. "/" .. name .. ".lua")
  local self = setmetatable({ folder = folder, name = name, given = given, random = seeded(given.seed), counts = {} }, Task)
  self.odd_file = self:file "odd"
  return self
end
