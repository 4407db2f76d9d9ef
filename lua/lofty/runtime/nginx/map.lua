--- Calls a function for each item of a list, several at a time, in light threads.
-- @module lofty.runtime.nginx.map

local ngx = ngx -- luacheck: globals ngx
local errors = require "lofty.errors"
local phase = require "lofty.runtime.nginx.phase"

local spawn, wait = ngx.thread.spawn, ngx.thread.wait
local error, pcall, type = error, pcall, type
local floor = math.floor

local CONCURRENCY = 16
local OPTIONS = { concurrency = true, on_progress = true }

-- What an item came to. A bare nil is no failure: it is kept as true.
local function settle(self, index, ok, value, err)
  if not ok or (value == nil and err ~= nil) then
    if not self.errors then self.errors = {} end
    if ok then self.errors[index] = err else self.errors[index] = value == nil and "nil was raised" or value end
  else
    if value == nil then value = true end
    self.results[index] = value
  end
  self.done = self.done + 1
  if not self.on_progress or self.raised then return end
  local told, problem = pcall(self.on_progress, self.done, self.total)
  if not told then self.raised, self.problem = true, problem end
end

-- Takes item after item. When on_progress has raised nothing more is begun.
local function work(self)
  while self.next <= self.total and not self.raised do
    local index = self.next
    self.next = index + 1
    settle(self, index, pcall(self.fn, self.list[index], index))
  end
end

--- Calls fn(item, index) for each item.
-- @tparam table list
-- @tparam function fn an item fails when fn returns `nil, err` or raises
-- @tparam[opt] table opt `concurrency` (16 when not said), `on_progress(done, total)`
-- @treturn table results by index, fn's first value each, true for a bare nil
-- @treturn table|nil errors by index; nil when there are none
return function(list, fn, opt)
  opt = errors.options("map", opt, OPTIONS, 3)
  local concurrency = opt.concurrency or CONCURRENCY
  if type(concurrency) ~= "number" or concurrency < 1 or concurrency ~= floor(concurrency) then
    error("map: concurrency has to be a whole number above 0", 3)
  end
  local self = {
    list = list, fn = fn, on_progress = opt.on_progress, next = 1, total = #list, done = 0, results = {},
  }
  if concurrency > self.total then concurrency = self.total end
  -- Where there are no light threads each call says so by itself.
  if concurrency < 2 or not phase.may_wait() then
    work(self)
  else
    local threads = {}
    for i = 1, concurrency do threads[i] = spawn(work, self) end
    for i = 1, concurrency do wait(threads[i]) end
  end
  if self.raised then error(self.problem, 0) end
  return self.results, self.errors
end
