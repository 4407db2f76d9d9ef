-- SPDX-License-Identifier: MIT

--- Calls, texts and e-mails with leads, in the forms in which Lofty returns them.
-- @module lofty.sandbox.server.timeline_records

local accounts = require "lofty.sandbox.server.accounts"
local given = require "lofty.sandbox.server.given"
local json = require "lofty.sandbox.server.json"
local leads = require "lofty.sandbox.server.lead_records"
local seed = require "lofty.sandbox.server.seed"
local settings = require "lofty.sandbox.server.settings"
local state = require "lofty.sandbox.server.state"

local records = {}

local KINDS = { "Call", "Text", "Email" }
local MODES = { "Auto", "Manual", "Logged" }
local OF_FIRST, TOTAL = 345, 1200 -- entries of the first lead, and of all

local LENGTH = 60 -- seconds of a given call in which somebody talked

-- The entries that the launcher gave, oldest first.
local function from_given(account)
  local list = {}
  local function add(kind, fields, at, content, mode)
    list[#list + 1] = {
      id = fields.id, kind = kind, leadId = fields.leadId, inbound = fields.direction == "Inbound",
      at = at or given.start(), number = #list, mode = mode or "Manual", content = content,
    }
    local lead = leads.of(account):find(json.digits(fields.leadId))
    list[#list].phone = fields.leadPhoneNumber or lead and lead.phones[1] or ""
    return list[#list]
  end
  for _, fields in ipairs(given.list(account, "calls")) do
    local call = add("Call", fields, fields.startTime, fields.note, fields.type)
    call.outcome = fields.callingOutcome or "Talked"
    call.length = fields.duration or (call.outcome == "Talked" and LENGTH or 0)
  end
  for _, fields in ipairs(given.list(account, "texts")) do
    add("Text", fields, fields.textTime, fields.textContent, fields.textType)
  end
  for _, fields in ipairs(given.list(account, "emails")) do
    add("Email", fields, fields.emailEventTime, fields.emailSubject, fields.emailType)
  end
  table.sort(list, function(a, b)
    if a.at ~= b.at then return a.at < b.at end
    return a.number < b.number
  end)
  return list
end

--- The entries of an account, oldest first.
function records.of(account)
  local person = accounts.find(account)
  return state.collection(account .. "/timeline", "id", function()
    if given.list(account, "calls") then return from_given(account) end
    local list, all = {}, leads.of(account):list()
    if person.leads == 0 then return list end
    for n = TOTAL - 1, 0, -1 do
      local at = n % 3 == 0 and n / 3 < OF_FIRST and 1 or n % (math.min(person.leads, 200) - 1) + 2
      local lead, index = all[at], #list
      list[index + 1] = {
        id = seed.id(person, "timeline", TOTAL - 1 - n), kind = KINDS[(index + math.floor(index / 3)) % 3 + 1], leadId = lead.leadId,
        phone = lead.phones[1], inbound = index % 4 == 0, at = seed.time(n), number = index,
        mode = MODES[index % #MODES + 1],
      }
    end
    return list
  end)
end

--- The entries of one lead, of one kind or of all.
function records.of_lead(account, id, kind)
  local out = {}
  for _, entry in ipairs(records.of(account):list()) do
    if json.digits(entry.leadId) == id and (not kind or entry.kind == kind) then out[#out + 1] = entry end
  end
  return out
end

--- Writes an entry for a call or a message.
-- @tparam string account
-- @tparam table lead
-- @tparam string kind "Call", "Text" or "Email"
-- @tparam table fields what differs from an outbound message that was sent now: content, inbound, mode, phone, outcome
function records.add(account, lead, kind, fields)
  local entry = {
    id = seed.new_id(accounts.find(account), "timeline", state.sequence("timeline")), kind = kind,
    leadId = lead.leadId, phone = lead.phones and lead.phones[1] or "", inbound = false,
    at = math.floor(settings.now()), number = 0, mode = "Manual",
  }
  for name, value in pairs(fields) do entry[name] = value end
  return records.of(account):put(entry)
end

local function user(account) return seed.user(accounts.find(account)) end
local function direction(entry) return entry.inbound and "Inbound" or "Outbound" end

local function outcome(entry, length) return entry.outcome or (length > 0 and "Talked" or "NoAnswer") end

--- As the calls routes show it.
function records.call(account, entry)
  local length = entry.length or entry.number % 9 * 40
  return {
    id = entry.id, dialerCallRecordId = json.int("4000000" .. ("%05d"):format(entry.number)), userId = user(account),
    userPhoneNumber = "+15125550100", leadId = entry.leadId, leadPhoneNumber = entry.phone, direction = direction(entry),
    status = length > 0 and "Completed" or "NoAnswer", startTime = seed.utc(entry.at), endTime = seed.utc(entry.at + length),
    duration = length, callingOutcome = outcome(entry, length), rateScore = entry.number % 6,
    recordingSwitch = length > 0, showUserNumber = "+15125550100", createTime = seed.utc(entry.at),
    updateTime = seed.utc(entry.at + length), note = entry.content or "", isMachineAnswered = false, price = 0.02,
    agentId = user(account), elapsedTime = "00:08",
  }
end

--- As /v1.0/communication/call/v2 shows it.
function records.short_call(account, entry)
  return { id = entry.id, agentId = user(account), leadId = entry.leadId, createTime = seed.utc(entry.at),
           direction = direction(entry):lower(), leadPhoneNumber = entry.phone }
end

--- As the text routes show it.
function records.text(account, entry)
  return { id = entry.id, leadId = entry.leadId, direction = direction(entry), agentId = user(account),
           textOutcome = "Delivered", textTime = seed.utc(entry.at), textType = entry.mode,
           textContent = entry.content or ("Text no. %d"):format(entry.number) }
end

--- As the e-mail routes show it.
function records.email(account, entry)
  return { id = entry.id, leadId = entry.leadId, direction = direction(entry), agentId = user(account), eventType = "Sent",
           emailEventTime = seed.utc(entry.at), emailType = entry.mode, fromPond = false,
           emailSubject = entry.content or ("E-mail no. %d"):format(entry.number) }
end

--- As /v2.0/leads/{leadId}/activities shows it.
function records.activity(account, entry)
  local call, email = entry.kind == "Call", entry.kind == "Email"
  return { id = entry.id, leadId = entry.leadId, agentId = user(account), activityTime = seed.iso(entry.at),
           channel = entry.kind, communicationType = entry.mode, direction = direction(entry),
           callingOutcome = call and (entry.outcome or "Talked") or nil, leadPhoneNumber = call and entry.phone or nil,
           emailEventType = email and "Sent" or nil, emailSubject = email and (entry.content or "Homes near you") or nil,
           note = entry.mode == "Logged" and (entry.content or "By hand") or nil }
end

--- As the search by agent shows it.
function records.communication(account, entry)
  return { id = entry.id, leadId = entry.leadId, agentId = user(account), direction = direction(entry),
           callOutcome = entry.kind == "Call" and (entry.outcome or "Talked") or nil, callDuration = entry.kind == "Call" and "225" or nil,
           status = "Delivered", communicationTime = seed.iso(entry.at), communicationType = entry.mode:upper(),
           eventType = entry.kind == "Email" and "Sent Email" or entry.kind, fromPond = false }
end

return records
