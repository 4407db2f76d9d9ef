-- SPDX-License-Identifier: MIT

--- The calls of bench/soak, the same ones in plain Lua and in nginx.
--
-- `mix.step(user)` makes one step, of one or several calls, and counts it. A user is a table: `crm`, a client; `random(n)`,
-- an integer from 1 to n; `count(name)`; `note(content, outcome)`, called after each create; `unique()`, a text that no
-- other call has; `odd(text)`, for an err that no fault explains. `mix.step` keeps the ids of the account's leads in it.
-- @module bench.soak.mix

local errors = require "lofty.errors"
local lofty = require "lofty"

local mix = {}

--- The secret of the webhook handlers.
mix.SECRET = "s3cret"

local LEADS = 30 -- of each account of the emulator without data of its own

--- The options of an application: the task's time limits, and hooks that count what happens inside calls.
-- @tparam table task
-- @tparam function count
-- @treturn table
function mix.options(task, count)
  return {
    retry = task.retry, timeout = task.timeout, deadline = task.deadline,
    on_retry = function() count "retries" end,
    on_refresh = function(token) count(token and "refreshes" or "failed refreshes") end,
    on_error = function() count "errors of no call" end,
  }
end

local STEPS = {}

function STEPS.me(user) return user.crm:me() end

function STEPS.get(user)
  return user.crm.leads:get(user.leads[user.random(LEADS)])
end

-- A list item by item, which raises the err of a page.
function STEPS.each(user)
  local seen = 0
  local ok, err = pcall(function()
    for lead in user.crm.leads:each { limit = 8 } do
      seen = lead.leadId and seen + 1 or seen
    end
  end)
  if not ok then return nil, err end
  if seen ~= LEADS then error("each: " .. seen .. " of " .. LEADS .. " leads") end
  return true
end

function STEPS.all(user)
  local leads, err = user.crm.leads:all { limit = 16 }
  if leads and #leads ~= LEADS then error("all: " .. #leads .. " of " .. LEADS .. " leads") end
  return leads, err
end

function STEPS.map(user)
  local ids = {}
  for i = 1, 4 do ids[i] = user.leads[user.random(LEADS)] end
  local results, failures = lofty.map(ids, function(id) return user.crm.leads:get(id) end, { concurrency = 4 })
  local _, err = next(failures or {})
  return not failures and results, err
end

function STEPS.update(user)
  return user.crm.leads:update(user.leads[user.random(LEADS)], { stage = user.random(2) == 1 and "Contacted" or "New Lead" })
end

function STEPS.create(user)
  local content = user.unique()
  local note, err = user.crm.notes:create { leadId = user.leads[user.random(LEADS)], content = content }
  user.note(content, note and "done" or err.outcome_unknown and "unknown" or "failed")
  return note, err
end

-- A delivery to the handler, and one with another secret.
function STEPS.webhook(user)
  local status, refused = user.deliver(mix.SECRET, user.random(1000000000)), user.deliver("another", 1)
  if status ~= 200 or refused ~= 404 then
    error(("webhook: %s and %s instead of 200 and 404"):format(tostring(status), tostring(refused)))
  end
  return true
end

local ORDER = { "me", "get", "each", "all", "map", "update", "create", "webhook" }

-- The outcomes that the faults cause; any other is a defect.
local EXPECTED = { network = true, timeout = true, server = true, decode = true, rate_limit = true, store = true, auth = true }

local function run(user, name)
  if user.leads then return STEPS[name](user) end
  local page, err = user.crm.leads:list { limit = LEADS }
  if not page then return nil, err end
  local ids = {}
  for i, lead in ipairs(page.leads or {}) do ids[i] = lead.leadId end
  if #ids == LEADS then user.leads = ids end
  return true
end

--- Makes one step. Raises where the library returned what it must not, or raised.
-- @tparam table user
function mix.step(user)
  local name = ORDER[user.random(#ORDER)]
  if name == "webhook" and not user.deliver then name = "create" end
  local value, err = run(user, name)
  user.count("steps")
  if value then return user.count("steps done") end
  if not errors.is(err) then error(name .. ": " .. tostring(err)) end
  user.count("failed: " .. err.kind)
  if not EXPECTED[err.kind] then user.odd(name .. ": " .. tostring(err)) end
end

--- A body of a delivery with one event, which no other delivery has.
-- @tparam number number
-- @treturn string
function mix.delivery(number)
  return ('{"listId":2,"updatedLead":[{"leadId":%d}]}'):format(number)
end

--- Gives a handler a delivery, outside a request of nginx.
-- @tparam function hook
-- @tparam string secret
-- @tparam number number
-- @treturn number the status of the response
function mix.deliver(hook, secret, number)
  local status = hook {
    method = "POST", path = "/hook/" .. secret, headers = { ["content-type"] = "application/json" }, body = mix.delivery(number),
  }
  return status
end

--- A webhook handler that counts its events. It has already handled 1,000 events, as many as it remembers, so that its
-- memory does not grow during the run.
-- @tparam function count
-- @treturn function
function mix.hook(count)
  local hook = lofty.webhook.handler { secret = mix.SECRET, on_event = function() count "events" end }
  for number = 1, 1000 do assert(mix.deliver(hook, mix.SECRET, number) == 200) end
  return hook
end

return mix
