-- SPDX-License-Identifier: MIT

--- Webhook deliveries: what Lofty's servers POST to a subscriber. Those of writes are made by events.lua.
--
-- A delivery has no field for the type of its event; the name of the array tells it (updatedLead, createdCall). The
-- names for lists that Lofty documents without an example follow the same pattern.
-- @module lofty.sandbox.server.delivery

local accounts = require "lofty.sandbox.server.accounts"
local json = require "lofty.sandbox.server.json"
local leads = require "lofty.sandbox.server.lead_records"
local notes = require "lofty.sandbox.server.note_records"
local seed = require "lofty.sandbox.server.seed"
local settings = require "lofty.sandbox.server.settings"
local timeline = require "lofty.sandbox.server.timeline_records"

local delivery = {}

--- What the 12 lists are about.
delivery.nouns = { "Agent", "Lead", "LeadActivity", "ListingAlert", "Transaction", "Call", "Email", "Text", "Note",
                   "Task", "Appointment", "Pipeline" }
local NOUNS = delivery.nouns

local function now_ms() return math.floor(settings.now()) * 1000 end

local function of_lead(account, n)
  local all = leads.of(account):list()
  local lead = all[(n - 1) % math.max(1, #all) + 1]
  return { leadId = lead and lead.leadId or 0, updateTime = now_ms() + n }
end

-- The n-th event of a list, with the fields that are known of it.
local function event(account, list, n)
  local noun, person = NOUNS[list], accounts.find(account)
  local out = of_lead(account, n)
  if noun == "Call" or noun == "Email" or noun == "Text" then
    local all = timeline.of(account):list()
    local id = all[n] and all[n].id or 0
    out.timelineId, out[noun:lower() .. "Id"] = id, json.int(tostring(4000000 + n))
  elseif noun == "Note" then
    local note = notes.of(account):list()[n]
    out.noteId = note and note.noteId or seed.id(person, "note", n)
  elseif noun == "Agent" then
    out = { userId = seed.id(person, "user", n), updateTime = now_ms() + n }
  elseif noun == "Transaction" then
    out.transactionId = seed.id(person, "transaction", n - 1)
  elseif noun == "Task" or noun == "Appointment" then
    out[noun:lower() .. "Id"] = seed.id(person, "task", n - 1)
  elseif noun == "Pipeline" then
    out.stage = seed.stages[n % #seed.stages + 1] -- only the new stage is sent
  end
  return out
end

--- The body of a delivery.
-- @tparam string account
-- @tparam table opt list (1 to 12, default 2), what ("updated", "created", "deleted", ...), events (default 1)
function delivery.body(account, opt)
  local list, events = opt.list or 2, json.array {}
  for n = 1, opt.events or 1 do events[n] = event(account, list, n) end
  return delivery.wrap(list, opt.what or "updated", events)
end

--- The body of a delivery with these events.
-- @tparam number list 1 to 12
-- @tparam string what "updated", "created", ...
-- @tparam table list_of_events a json.array
function delivery.wrap(list, what, list_of_events)
  return { listId = list, teamId = seed.team, [what .. NOUNS[list]] = list_of_events }
end

local function parse(url)
  return url:match("^http://(127%.0%.0%.1):(%d+)(/[%w%-._~%%/?=&]*)$")
end

--- True for an address that the emulator delivers to.
function delivery.is_loopback(url) return parse(url) ~= nil end

--- POSTs a text to an address on loopback.
-- @treturn[1] number the status of the response
-- @treturn[2] nil
-- @treturn[2] string why there is none
function delivery.post(url, text, content_type)
  local host, port, path = parse(url)
  local socket = ngx.socket.tcp()
  socket:settimeouts(2000, 5000, 10000)
  local ok, why = socket:connect(host, tonumber(port))
  if not ok then return nil, why end
  local sent
  sent, why = socket:send { "POST ", path, " HTTP/1.1\r\nHost: ", host, ":", port, "\r\nContent-Type: ",
    content_type or "application/json", "\r\nContent-Length: ", tostring(#text), "\r\nUser-Agent: lofty-sandbox\r\nConnection: close\r\n\r\n",
    text }
  if not sent then return nil, why end
  local head
  head, why = socket:receive("*l")
  socket:close()
  if not head then return nil, why end
  return tonumber(head:match("^HTTP/1%.[01] (%d%d%d)")), head
end

--- Sends a delivery: {url, list, what, events, body, times}; `body` (text or JSON) replaces the generated one.
-- Sends to 127.0.0.1 only.
function delivery.send(opt, account, refuse)
  if not delivery.is_loopback(opt.url or "") then return refuse("url must be http://127.0.0.1:PORT/PATH") end
  local list = opt.list or 2
  if not NOUNS[list] then return refuse("list must be 1 to 12") end
  local body = opt.body or delivery.body(account, opt)
  local text = type(body) == "string" and body or json.encode(body)
  local statuses = json.array {}
  for i = 1, opt.times or 1 do
    local status, why = delivery.post(opt.url, text, opt.content_type)
    statuses[i] = status or tostring(why)
  end
  return { statuses = statuses, body = text }
end

return delivery
