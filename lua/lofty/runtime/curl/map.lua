--- Calls a function for each item of a list, many at once in one thread.
-- @module lofty.runtime.curl.map

local errors = require "lofty.errors"
local scheduler = require "lofty.runtime.curl.scheduler"

local error, pcall, type = error, pcall, type
local floor = math.floor
local step, current, suspend, enqueue = scheduler.step, scheduler.current, scheduler.suspend, scheduler.enqueue

local CONCURRENCY = 16
local PATIENCE = 60 -- seconds of one step; it ends earlier as soon as something happens
local OPTIONS = { concurrency = true, on_progress = true }

local Group = {}
Group.__index = Group

-- Puts the next item among the ready, if there is one.
function Group:begin()
  if self.next > self.total or self.raised then return end
  local index = self.next
  self.next = index + 1
  self.active = self.active + 1
  scheduler.add { fn = self.fn, item = self.list[index], index = index, ended = self.ended, dropped = self.dropped }
end

-- What an item came to. A bare nil is no failure: it is kept as true.
function Group:settle(index, ok, value, err)
  if ok and not (value == nil and err ~= nil) then
    if value == nil then value = true end
    self.results[index] = value
  else
    if ok then value = err elseif value == nil then value = "nil was raised" end
    if not self.errors then self.errors = {} end
    self.errors[index] = value
  end
  self.done = self.done + 1
end

-- An item has ended, or was never begun.
function Group:leave()
  self.active = self.active - 1
  self:begin()
  local waiter = self.waiter
  if waiter then
    self.waiter = nil
    enqueue(waiter)
  end
end

-- Tells how far it is; what on_progress raises is kept until all that has started has ended.
function Group:report()
  while self.told < self.done do
    self.told = self.told + 1
    if not self.on_progress or self.raised then return end
    local ok, problem = pcall(self.on_progress, self.told, self.total)
    if not ok then self.raised, self.problem = true, problem end
  end
end

-- Until every item has ended: as a task among tasks, or by running the scheduler here.
function Group:wait()
  while self.active > 0 do
    local task = current()
    if task then
      self.waiter = task
      suspend(task)
    else
      step(PATIENCE)
    end
    self:report()
  end
end

--- Calls fn(item, index) for each item.
-- @tparam table list
-- @tparam function fn an item fails when fn returns `nil, err` or raises
-- @tparam[opt] table opt `concurrency` (16 when not said), `on_progress(done, total)`
-- @treturn table results by index, fn's first value each, true for a bare nil
-- @treturn table|nil errors by index; nil when there are none
local function map(list, fn, opt)
  opt = errors.options("map", opt, OPTIONS, 3)
  if type(list) ~= "table" then error("map: a list expected, got " .. type(list), 3) end
  if type(fn) ~= "function" then error("map: a function expected, got " .. type(fn), 3) end
  local concurrency = opt.concurrency or CONCURRENCY
  if type(concurrency) ~= "number" or concurrency < 1 or concurrency ~= floor(concurrency) then
    error("map: concurrency has to be a whole number above 0", 3)
  end
  local self = setmetatable({
    list = list, fn = fn, on_progress = opt.on_progress, total = #list,
    next = 1, active = 0, done = 0, told = 0, results = {},
  }, Group)
  self.dropped = function() return self.raised end
  self.ended = function(task, ...)
    if task.co then self:settle(task.index, ...) end
    self:leave()
  end
  if concurrency > self.total then concurrency = self.total end
  for _ = 1, concurrency do self:begin() end
  self:wait()
  if self.raised then error(self.problem, 0) end
  return self.results, self.errors
end

return map
