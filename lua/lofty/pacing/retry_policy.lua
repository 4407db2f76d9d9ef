-- SPDX-License-Identifier: MIT

--- The option `retry`, and how safe requests are to repeat by their method; `lofty.pacing.retry` decides with both.
-- @module lofty.pacing.retry_policy

local check_options = require "lofty.internal.options"
local misuse = require "lofty.internal.misuse"

local pairs, type = pairs, type
local floor = math.floor
local format = string.format

local retry_policy = {}

--- The default policy.
-- @field attempts maximum number of attempts, the first one included
-- @field base seconds; the first backoff is drawn from 0 to this, each further one from 0 to twice as much
-- @field cap seconds; the largest upper bound of a backoff
-- @field total seconds since the first attempt after which there are no retries; allows for two rate limit windows
-- @field window seconds to wait after a 429 that does not say how long
retry_policy.defaults = { attempts = 4, base = 0.5, cap = 20, total = 150, window = 60 }

--- Validates a policy and adds the defaults; raises for an unknown option.
--     retry_policy.read{ attempts = 4, base = 0.5, cap = 20, total = 150, window = 60 }
-- `false` is the policy without retries.
-- @tparam table|boolean|nil options
-- @treturn table the policy, a new table
function retry_policy.read(options)
  if options == false then options = { attempts = 1 } end
  if options == true then options = nil end
  options = check_options("retry", options, retry_policy.defaults)
  local policy = {}
  for name, default in pairs(retry_policy.defaults) do
    local value = options[name]
    if value == nil then value = default end
    if type(value) ~= "number" or value ~= value or value < 0 then
      misuse(format("retry: %s must be a number, 0 or more", name))
    end
    policy[name] = value
  end
  if policy.attempts < 1 or policy.attempts ~= floor(policy.attempts) then
    misuse("retry: attempts must be a whole number, 1 or more")
  end
  return policy
end

local CLASSES = { GET = "read", HEAD = "read", OPTIONS = "read", PUT = "idempotent", DELETE = "idempotent" }

--- The class of a request by its method, for calls by path. An unknown method counts as "create".
-- @tparam string method
-- @treturn string `read`, `idempotent` or `create`
function retry_policy.class_of(method)
  return CLASSES[method] or "create"
end

return retry_policy
