-- SPDX-License-Identifier: MIT

--- The budgets of operations whose responses name a smaller limit than the application's: see `lofty.pacing.limiter`.
-- Loaded at the first of them, or by the second call of a process.
-- @module lofty.pacing.operation_budgets

local limits = require("lofty.core").limits

local pairs = pairs
local find, gsub = string.find, string.gsub

-- Seconds without use after which an operation's budget is removed.
local FORGET_AFTER = 3600

local operation_budgets = {}

-- The name of an operation's budget. A path with ids has the budget of its template.
local function name_of(operation)
  if not find(operation, "/", 1, true) then return operation end
  return (gsub(operation, "/%d+%f[^%w._~%-]", "/{}"))
end

--- An operation's own budget.
-- @tparam table self the limiter
-- @tparam string operation
-- @treturn ?table nil when it has none
function operation_budgets.find(self, operation)
  return self.operations[name_of(operation)]
end

local function remove(self, name)
  self.operations[name], self.count = nil, self.count - 1
end

-- Makes room for one more budget: removes those that were not used for FORGET_AFTER, and the least recently used one
-- when there are still too many.
local function make_room(self, now)
  local operations, oldest = self.operations, nil
  for name, each in pairs(operations) do
    if now - each.used > FORGET_AFTER then
      remove(self, name)
    elseif not oldest or each.used < operations[oldest].used then
      oldest = name
    end
  end
  if self.count >= limits.operation_budgets then remove(self, oldest) end
end

--- The budget to which a response's limit belongs: the operation's own if the limit is below the application's,
-- otherwise the application's.
-- @tparam table self the limiter, whose application's limit is known
-- @tparam string operation
-- @tparam number limit
-- @tparam number now monotonic seconds
-- @tparam function budget makes a budget, see `lofty.pacing.limiter`
-- @treturn table
function operation_budgets.subject(self, operation, limit, now, budget)
  local name = name_of(operation)
  local own = self.operations[name]
  if limit >= self.app.window.limit then
    if own then remove(self, name) end
    return self.app
  end
  if not own then
    make_room(self, now)
    own = budget(self, self.key .. "/" .. name, limit, now)
    own.window:reserve(now) -- the call that got the response
    self.operations[name], self.count = own, self.count + 1
  else
    own.used = now
    own.window:set_limit(now, limit)
  end
  return own
end

return operation_budgets
