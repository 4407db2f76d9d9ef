-- SPDX-License-Identifier: MIT

--- Delivers the webhooks of writes to the subscriptions of their account.
--
-- Every write makes one delivery for each subscription of its list. Deliveries are made one after the other, in the
-- order of the writes, after the write was answered: Lofty's come within a minute, these at once. The body is POSTed
-- where the address is on 127.0.0.1; deliveries to all other addresses are recorded and not sent.
-- @module lofty.sandbox.server.events

local delivery = require "lofty.sandbox.server.delivery"
local json = require "lofty.sandbox.server.json"
local settings = require "lofty.sandbox.server.settings"
local webhooks = require "lofty.sandbox.server.webhook_records"

local events = {}

local NUMBERS = {}
for number, noun in ipairs(delivery.nouns) do NUMBERS[noun] = number end

-- Seconds for which a worker that died may hold up the deliveries.
local LONGEST_POST = 30
-- Seconds to wait for the deliveries of earlier writes, and between two looks.
local LONGEST_WAIT, LOOK = 20, 0.005

local QUEUE, DONE, BUSY = "deliveries:queue", "deliveries:done", "deliveries:busy"

local function deliver(dict, text)
  local one = json.decode(text)
  if delivery.is_loopback(one.url) then
    local status, why = delivery.post(one.url, one.body)
    one.status, one.problem = status, not status and tostring(why) or nil
  end
  assert(dict:rpush(DONE, json.encode(one)))
end

-- Makes the deliveries of the queue, unless a worker is doing it already.
local function drain()
  local dict = ngx.shared.sandbox
  while dict:llen(QUEUE) > 0 and dict:add(BUSY, true, LONGEST_POST) do
    local text = dict:lpop(QUEUE)
    while text do
      dict:set(BUSY, true, LONGEST_POST)
      local ok, why = pcall(deliver, dict, text)
      if not ok then ngx.log(ngx.ERR, "internal error of the emulator: ", tostring(why)) end
      text = dict:lpop(QUEUE)
    end
    dict:delete(BUSY)
  end
end

--- Delivers what a write has changed.
-- @tparam string account
-- @tparam string noun of `delivery.nouns`
-- @tparam string what "created", "updated", "deleted" or "finished"
-- @tparam table event its fields
function events.fire(account, noun, what, event)
  local list, dict, added = NUMBERS[noun], ngx.shared.sandbox, false
  for _, subscription in ipairs(webhooks.of(account):list()) do
    if subscription.listId == list then
      event.updateTime = math.floor(settings.now()) * 1000
      assert(dict:rpush(QUEUE, json.encode {
        url = subscription.callbackUrl, body = json.encode(delivery.wrap(list, what, json.array { event })),
      }))
      added = true
    end
  end
  if added then assert(ngx.timer.at(0, drain)) end
end

--- Delivers a call or a message that was sent or logged by hand: the event has the entry's timelineId.
function events.communication(account, entry)
  events.fire(account, entry.kind, "created", {
    leadId = entry.leadId, timelineId = entry.id, [entry.kind:lower() .. "Id"] = entry.id,
  })
end

-- Waits until the queue is empty and nothing is being delivered.
local function settle(dict)
  for _ = 1, LONGEST_WAIT / LOOK do
    if dict:llen(QUEUE) == 0 and not dict:get(BUSY) then return end
    ngx.sleep(LOOK)
  end
end

--- The deliveries made so far, oldest first: {url, body, status, problem}; waits for those of earlier writes.
-- @tparam boolean reset forgets them
function events.made(reset)
  local dict, out = ngx.shared.sandbox, {}
  settle(dict)
  for i = 1, dict:llen(DONE) do
    local text = dict:lpop(DONE)
    out[i] = json.raw(text)
    if not reset then assert(dict:rpush(DONE, text)) end
  end
  return json.array(out)
end

--- Drops the deliveries that were not made yet, and waits for the one under way.
function events.clear()
  local dict = ngx.shared.sandbox
  dict:delete(QUEUE)
  settle(dict)
  dict:delete(DONE)
end

return events
