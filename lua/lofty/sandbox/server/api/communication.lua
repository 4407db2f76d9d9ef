-- SPDX-License-Identifier: MIT

--- Calls, texts and e-mails: lists, single records, sending.
-- @module lofty.sandbox.server.api.communication

local errors = require "lofty.sandbox.server.errors"
local events = require "lofty.sandbox.server.events"
local json = require "lofty.sandbox.server.json"
local leads = require "lofty.sandbox.server.lead_records"
local pages = require "lofty.sandbox.server.pages"
local records = require "lofty.sandbox.server.timeline_records"
local settings = require "lofty.sandbox.server.settings"
local state = require "lofty.sandbox.server.state"

local communication = {}

local DAY = 86400000

-- A list of one lead by currentId or offset.
local function history(field, kind, show)
  return function(call)
    local id = json.digits(leads.need(call.account, call.query.leadId).leadId)
    local list = pages.shown(call.account, records.of_lead(call.account, id, kind), records[show])
    return { [field] = pages.current(call, list, "id") }
  end
end

communication["GET /v1.0/communication/text"] = history("texts", "Text", "text")
communication["GET /v1.0/communication/email"] = history("emails", "Email", "email")
communication["GET /v1.0/communication/call"] = history("calls", "Call", "call")
communication["GET /v1.0/communication/call/v2"] = history("calls", "Call", "short_call")

communication["GET /v2.0/leads/{leadId}/activities"] = function(call)
  local id = json.digits(leads.need(call.account, call.params.leadId).leadId)
  local list = pages.shown(call.account, records.of_lead(call.account, id), records.activity)
  return { activities = pages.current(call, list, "id") }
end

communication["GET /v1.0/calls"] = function(call)
  local lead = leads.need(call.account, call.query.leadId, "LEAD_NOT_FOUND")
  local limit = pages.limit(call.query, 10, 1000)
  local list = records.of_lead(call.account, json.digits(lead.leadId), "Call")
  return pages.counted(call, "calls", pages.shown(call.account, list, records.call), limit)
end

-- An entry of a kind; Lofty gives the same error for an unknown one and for one of another account.
local function need(call, id, kind)
  local entry = records.of(call.account):find(id)
  if not entry or entry.kind ~= kind then errors.raise("PERMISSION_DENIED") end
  return entry
end

-- One object under the plural name, as seen live.
communication["GET /v1.0/calls/{callId}"] = function(call)
  return { calls = records.call(call.account, need(call, call.params.callId, "Call")) }
end

communication["GET /v1.0/call/url/{callId}"] = function(call)
  local entry = need(call, call.params.callId, "Call")
  local recorded = entry.number % 9 > 0
  return { calls = { id = entry.id, url = recorded and "https://recordings.example/" .. tostring(entry.id) .. ".mp3" or "" } }
end

local function single(kind, show)
  return function(call)
    return records[show](call.account, need(call, call.params.communicationId, kind))
  end
end
communication["GET /v2.0/communication/call/{communicationId}"] = single("Call", "call")
communication["GET /v2.0/communication/text/{communicationId}"] = single("Text", "text")
communication["GET /v2.0/communication/email/{communicationId}"] = single("Email", "email")

-- The entries of a time window and a type, oldest first.
local function window(call, source, longest)
  local to = pages.number(source, "endTime", math.floor(settings.now()) * 1000)
  local from = pages.number(source, "startTime", to - longest * DAY)
  if from >= to or to - from > longest * DAY then errors.raise("INVALID_PARAMETER") end
  local kind = source.type or "ALL"
  return pages.filter(records.of(call.account):list(), function(entry)
    local at = entry.at * 1000
    return at >= from and at <= to and (kind == "ALL" or entry.kind:upper() == kind)
  end)
end

-- After a full page the server does not know whether there is more, so the last page may be empty.
communication["GET /v2.0/communication/agent"] = function(call)
  local limit, offset = pages.limit(call.query, 100, 1000, "INVALID_PARAMETER"), 0
  local list = window(call, call.query, 90)
  if call.query.cursor and call.query.cursor ~= "" then
    local place = errors.need(pages.place(call.query.cursor), "INVALID_PARAMETER")
    if place.account ~= call.account then errors.raise("INVALID_PARAMETER") end
    offset = place.offset
  end
  local page = pages.slice(pages.shown(call.account, list, records.communication), offset, limit)
  local more = #page == limit
  local cursor = more and pages.keep("cursor", { account = call.account, offset = offset + limit },
                                     settings.get().scroll_ttl) or json.null
  return { data = page, nextCursor = cursor, hasMore = more, limit = limit, totalCount = #list }
end

communication["POST /v1.0/agent/communication"] = function(call)
  local limit = pages.limit(call.body, 10, 1000, "INVALID_PARAMETER")
  local offset = math.max(0, pages.number(call.body, "offset", 0))
  local list = window(call, call.body, 1)
  return { offset = offset, limit = limit, hasMore = offset + limit < #list,
           pageData = pages.slice(pages.shown(call.account, list, records.communication), offset, limit) }
end

-- The recipient's address: the wanted one when the lead has it, else the lead's first.
local function chosen(list, wish)
  for _, value in ipairs(list or {}) do
    if value == wish then return value end
  end
  return list and list[1]
end

communication["POST /v1.0/message/sms/send"] = function(call)
  if not call.body.content:find("%S") then errors.raise("INVALID_PARAMETER") end
  local lead = leads.need(call.account, json.digits(call.body.leadId), "PERMISSION_DENIED")
  local phone = errors.need(chosen(lead.phones, call.body.phoneNumber), "INVALID_PARAMETER")
  events.communication(call.account, records.add(call.account, lead, "Text", { content = call.body.content }))
  return { messageId = "SM" .. ("%08d"):format(state.sequence("message")), phoneNumber = phone, phoneCode = "1" }
end

communication["POST /v1.0/message/email/send"] = function(call)
  if not call.body.content:find("%S") or not call.body.subject:find("%S") then errors.raise("INVALID_PARAMETER") end
  local lead = leads.need(call.account, json.digits(call.body.leadId), "PERMISSION_DENIED")
  local email = errors.need(chosen(lead.emails, call.body.toEmail), "INVALID_PARAMETER")
  events.communication(call.account, records.add(call.account, lead, "Email", { content = call.body.subject }))
  return { messageId = "EM" .. ("%08d"):format(state.sequence("message")), toEmail = email, subject = call.body.subject }
end

return communication
