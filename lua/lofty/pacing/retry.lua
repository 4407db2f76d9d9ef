-- SPDX-License-Identifier: MIT

--- Decides whether and when a failed call is retried.
--
-- Pure functions, without a clock, waiting or I/O. Each decision comes with its reason. What is retried depends on
-- the operation's class:
--
-- * "read" and "idempotent" (a write that can be repeated with the same result): after a network fault or a timeout,
--   after 502, 503 and 504, and after 429.
-- * "create": only when the server cannot have seen the request (`err.sent == false`), and after 429, which refuses
--   the request before doing anything.
-- * "notify" (sends a message to a person): only when no connection was made.
-- @module lofty.pacing.retry

local defaults = require("lofty.pacing.retry_policy").defaults
local jitter = require "lofty.pacing.jitter"

local max, min = math.max, math.min
local format = string.format

local retry = {}

local GATEWAY = { [502] = true, [503] = true, [504] = true }

-- True if there is no complete response. A store error that is marked retryable (a busy lock, for example) also counts:
-- it ended the call before anything was sent.
local function is_fault(err)
  return err.kind == "network" or err.kind == "timeout" or err.kind == "store" and err.retryable == true
end

--- Tells from the class and the error alone whether a retry is safe.
-- @tparam string class `read`, `idempotent`, `create` or `notify`
-- @tparam table err the failure
-- @treturn boolean
-- @treturn string the reason
function retry.safe(class, err)
  local status = err.status
  local fault = is_fault(err)
  if err.retryable == false then return false, "the error is marked as final" end
  if not fault and status ~= 429 and not GATEWAY[status] then
    return false, status and format("HTTP %d is final", status) or format("an error of kind %s is final", err.kind)
  end
  if class == "notify" then
    if fault and err.sent == false and not err.connected then return true, "no connection was made" end
    return false, "a message to a person is not retried once a connection was made"
  end
  if status == 429 then return true, "too many requests" end
  if class == "create" then
    if fault and err.sent == false then return true, "nothing was sent" end
    return false, "a create is not retried once the server may have received it"
  end
  if class ~= "read" and class ~= "idempotent" then return false, format("unknown class %s", class or "nil") end
  if fault then return true, err.kind == "store" and "the store was busy" or err.kind .. " fault" end
  return true, format("HTTP %d", status)
end

-- Full jitter: a random time from 0 to a bound that doubles with every attempt, up to the cap.
local function backoff(base, cap, attempt, random)
  return random() * min(cap, base * 2 ^ (attempt - 1))
end

--- Decides whether a call that has just failed is retried.
--     local wait, reason = retry.decide{
--       class = "read",         -- "read", "idempotent", "create" or "notify"
--       err = err,              -- the error; its retry_after is honoured
--       attempt = 1,            -- attempts made so far
--       elapsed = 0.2,          -- seconds since the first attempt
--       policy = policy,        -- of `lofty.pacing.retry_policy`; defaults apply to missing fields
--       random = math.random,   -- 0 or more, less than 1; lofty.pacing.jitter if absent
--     }
-- @tparam table case as above
-- @treturn number|nil seconds to wait before the retry; nil: no retry
-- @treturn string the reason, for traces and for on_retry
function retry.decide(case)
  local err, attempt = case.err, case.attempt
  local policy = case.policy or defaults
  local attempts, base = policy.attempts or defaults.attempts, policy.base or defaults.base
  local total = policy.total or defaults.total
  local random = case.random or jitter
  local yes, reason = retry.safe(case.class, err)
  if not yes then return nil, reason end
  if attempt >= attempts then return nil, format("%s, and all %d attempts are used up", reason, attempts) end
  local wait = backoff(base, policy.cap or defaults.cap, attempt, random)
  if err.status == 429 then
    -- Wait for the end of the window, plus jitter, so that not all waiting callers retry at the same moment.
    wait = (err.retry_after or policy.window or defaults.window) + random() * base
  elseif err.retry_after then
    wait = max(wait, err.retry_after + random() * base)
  end
  local elapsed = case.elapsed or 0
  if elapsed + wait > total then
    return nil, format("%s, and waiting %.1f s more would pass the limit of %g s", reason, wait, total)
  end
  return wait, reason
end

return retry
