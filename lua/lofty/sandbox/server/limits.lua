-- SPDX-License-Identifier: MIT

--- The rate limit of each application: calls in a window, stated in three headers.
-- @module lofty.sandbox.server.limits

local journal = require "lofty.sandbox.server.journal"
local settings = require "lofty.sandbox.server.settings"

local limits = {}

-- X-RateLimit-Reset in each form that Lofty's documentation shows; they contradict each other.
local FORMS = {
  epoch = function(_, ends) return ("%.0f"):format(math.ceil(ends)) end,
  epoch_ms = function(_, ends) return ("%.0f"):format(ends * 1000) end,
  left_ms = function(now, ends) return ("%.0f"):format((ends - now) * 1000) end,
  seconds = function(now, ends) return ("%.0f"):format(math.ceil(ends - now)) end,
  word = function() return "soon" end,
  missing = function() return nil end,
}

local function count(key, limit, window, now)
  local index = math.floor(now / window)
  local used = ngx.shared.sandbox:incr("rate:" .. key .. ":" .. index, 1, 0, window * 2)
  return limit - used, (index + 1) * window
end

--- Counts a call.
-- @treturn table the three headers
-- @treturn boolean true when the call is over the limit
function limits.count(budget, operation)
  local set, now = settings.get(), settings.now()
  local limit = set.rate_limit
  if limit == 0 then return {}, false end
  local left, ends = count(budget, limit, set.rate_window, now)
  local own = set.rate_limits[operation]
  if own then
    local own_left = count(budget .. " " .. operation, own, set.rate_window, now)
    if own < limit then limit, left = own, math.min(left, own_left) end
  end
  local over = left < 0
  if over then journal.count("refused", operation) end
  return {
    ["X-RateLimit-Limit"] = ("%.0f"):format(limit), ["X-RateLimit-Remaining"] = ("%.0f"):format(math.max(0, left)),
    ["X-RateLimit-Reset"] = FORMS[set.reset_form](now, ends),
  }, over
end

return limits
