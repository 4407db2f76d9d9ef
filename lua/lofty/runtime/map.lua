-- SPDX-License-Identifier: MIT

--- The part of `map` that all runtimes share: its arguments, the results by index, and the progress. Each runtime
-- implements how items run at the same time.
-- @module lofty.runtime.map

local errors = require "lofty.errors"
local misuse = require "lofty.internal.misuse"

local error, pcall, setmetatable, tostring, type = error, pcall, setmetatable, tostring, type
local floor = math.floor

local CONCURRENCY = 16
local OPTIONS = { concurrency = true, on_progress = true }

local map = {}

local Items = {}
Items.__index = Items

--- Checks the arguments of `map`, and raises on the caller's line when they are wrong.
-- @tparam table list
-- @tparam function fn called with (item, index); an item fails when fn returns `nil, err` or raises
-- @tparam[opt] table opt `concurrency` (items at a time, 16 when left out), `on_progress(done, total)`
-- @treturn table items: `list`, `fn`, `concurrency` (no more than there are items), and the methods below
function map.items(list, fn, opt)
  if type(list) ~= "table" then misuse("map: a list expected, got " .. type(list)) end
  if type(fn) ~= "function" then misuse("map: a function expected as argument 2, got " .. type(fn)) end
  opt = errors.options("map", opt, OPTIONS)
  local concurrency, on_progress = opt.concurrency or CONCURRENCY, opt.on_progress
  if type(concurrency) ~= "number" or concurrency < 1 or concurrency ~= floor(concurrency) then
    misuse("map: concurrency must be a whole number, 1 or more")
  end
  if on_progress ~= nil and type(on_progress) ~= "function" then
    misuse("map: on_progress must be a function, got " .. type(on_progress))
  end
  local total = #list
  return setmetatable({
    list = list, fn = fn, concurrency = concurrency < total and concurrency or total, total = total,
    on_progress = on_progress, started = 0, done = 0, reported = 0, results = {}, errors = nil,
    stopped = false, problem = nil, -- once on_progress has raised, and what
  }, Items)
end

--- The index of the next item to start; nil when there is none, or when on_progress has raised.
function Items:next()
  if self.started == self.total or self.stopped then return nil end
  self.started = self.started + 1
  return self.started
end

--- Records what an item's call returned, in pcall's form. A nil alone is not a failure: it is stored as true.
function Items:settle(index, ok, value, err)
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

--- Calls on_progress once for each item that has ended since the last report.
function Items:report()
  if not self.on_progress then return end
  while self.reported < self.done and not self.stopped do
    self.reported = self.reported + 1
    local ok, problem = pcall(self.on_progress, self.reported, self.total)
    if not ok then self.stopped, self.problem = true, problem end
  end
end

--- Calls fn for item after item until none is left. Several coroutines may do so at the same time.
-- @tparam function call pcall, or what does the same and lets fn yield
function Items:work(call)
  local index = self:next()
  while index do
    self:settle(index, call(self.fn, self.list[index], index))
    self:report()
    index = self:next()
  end
end

--- What `map` returns once every item that was started has ended. When on_progress raised, raises an err with what it
-- raised as `cause`, and the results and errors so far as `results` and `errors`.
-- @treturn table results by index, each fn's first value
-- @treturn ?table errors by index; nil when there are none
function Items:outcome()
  if self.stopped then
    error(errors.new {
      kind = "invalid", message = "map: on_progress raised: " .. tostring(self.problem), cause = self.problem,
      results = self.results, errors = self.errors,
    }, 0)
  end
  return self.results, self.errors
end

return map
