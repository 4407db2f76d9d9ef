-- SPDX-License-Identifier: MIT

--- /v1.0/logType (entries that agents log by hand) and /v1.0/systemLogs.
-- @module lofty.sandbox.server.api.logs

local accounts = require "lofty.sandbox.server.accounts"
local errors = require "lofty.sandbox.server.errors"
local events = require "lofty.sandbox.server.events"
local json = require "lofty.sandbox.server.json"
local leads = require "lofty.sandbox.server.lead_records"
local pages = require "lofty.sandbox.server.pages"
local seed = require "lofty.sandbox.server.seed"
local settings = require "lofty.sandbox.server.settings"
local state = require "lofty.sandbox.server.state"
local system_logs = require "lofty.sandbox.server.system_log_records"
local timeline = require "lofty.sandbox.server.timeline_records"

local logs = {}

local KINDS = { logCall = "Call", logEmail = "Email", logText = "Text" }

local HOW_MANY = { logCall = 35, logEmail = 12, logText = 5 }
local OUTCOMES = { Talked = true, VoiceMessage = true, NoAnswer = true, BadNumber = true, DNCNumber = true, DNCContact = true }

-- The manual logs of an account; the first lead has some.
local function of(account)
  local person = accounts.find(account)
  return state.collection(account .. "/logs", "id", function()
    local list, lead = {}, person.leads > 0 and leads.of(account):list()[1]
    for _, kind in ipairs(lead and { "logCall", "logEmail", "logText" } or {}) do
      for n = HOW_MANY[kind], 1, -1 do
        local index = #list
        list[index + 1] = {
          id = seed.id(person, "log", index), leadId = lead.leadId, kind = kind, content = "Logged by hand, no. " .. n,
          leadPhoneNumber = kind == "logCall" and lead.phones[1] or nil, at = seed.time(n),
          callingOutcome = kind == "logCall" and "Talked" or nil, outboundOrInbound = "outbound", isPin = n == 1,
          emailSubject = kind == "logEmail" and "Homes near you" or nil,
          toEmail = kind == "logEmail" and lead.emails[1] or nil, fromEmail = kind == "logEmail" and person.email or nil,
        }
      end
    end
    return list
  end)
end

local function shown(call, record)
  local out = {}
  for name, value in pairs(record) do out[name] = value end
  out.kind, out.at = nil, nil
  out.createTime, out.agentId = seed.utc(record.at), seed.user(accounts.find(call.account))
  return out
end

logs["GET /v1.0/logType"] = function(call)
  local query = call.query
  local id = json.digits(leads.need(call.account, query.leadId).leadId)
  local limit, offset = pages.number(query, "limit", 10), math.max(0, pages.number(query, "offset", 0))
  if limit < 1 or limit > 1000 then limit = 10 end -- without an error, as documented
  if offset + limit > 20000 then errors.raise("OFFSET_EXCEED_LIMIT") end
  local list = pages.filter(of(call.account):list(), function(record)
    return json.digits(record.leadId) == id and record.kind == query.logType
  end)
  local current = query.currentId and tonumber(query.currentId) > 0
  table.sort(list, function(a, b)
    if query.sort ~= "id" and not current and a.at ~= b.at then return a.at < b.at end
    return tostring(a.id) < tostring(b.id)
  end)
  if query.order == "desc" then list = pages.reverse(list) end
  for i, record in ipairs(list) do list[i] = shown(call, record) end
  if current then offset = pages.after(list, "id", query.currentId) end
  return { logType = pages.slice(list, offset, limit) }
end

logs["POST /v1.0/logType"] = function(call)
  local body = call.body
  local phone = body.leadPhoneNumber
  if not body.content:find("%S") then errors.raise("INVALID_PARAMETER") end
  if body.logType == "logCall" and not (phone and phone ~= "") then errors.raise("INVALID_PARAMETER") end
  if (phone and #phone > 20) or (body.callingOutcome and #body.callingOutcome > 20) then
    errors.raise("PARAMETER_TOO_LONG")
  end
  local lead = leads.need(call.account, json.digits(body.leadId))
  local record = of(call.account):put {
    id = seed.new_id(accounts.find(call.account), "log", state.sequence("log")), leadId = lead.leadId, kind = body.logType,
    content = leads.cut(body.content, 5000), leadPhoneNumber = phone, at = math.floor(settings.now()),
    callingOutcome = body.logType == "logCall" and (OUTCOMES[body.callingOutcome] and body.callingOutcome or "Talked") or nil,
    outboundOrInbound = body.outboundOrInbound or "outbound", isPin = body.isPin == true,
    emailSubject = body.emailSubject, toEmail = body.toEmail, fromEmail = body.fromEmail,
  }
  leads.settle(record.id)
  -- A logged call or message is in the lead's communication, too.
  events.communication(call.account, timeline.add(call.account, lead, KINDS[body.logType], {
    content = body.logType == "logEmail" and body.emailSubject or record.content, mode = "Logged", phone = phone,
    inbound = record.outboundOrInbound == "inbound", outcome = record.callingOutcome,
  }))
  return { logType = shown(call, record) }
end

local function need(call)
  return errors.need(of(call.account):find(call.params.logTypeId), "RESOURCE_NOT_EXIST")
end

logs["GET /v1.0/logType/{logTypeId}"] = function(call)
  if leads.unsettled(call.params.logTypeId) then errors.raise("RESOURCE_NOT_EXIST") end
  return { logType = shown(call, need(call)) }
end

logs["DELETE /v1.0/logType/{logTypeId}"] = function(call)
  need(call)
  of(call.account):remove(call.params.logTypeId)
  return nil
end

logs["GET /v1.0/systemLogs"] = function(call)
  local query, all = call.query, leads.of(call.account)
  local lead = all:find(query.leadId or "")
  if not query.leadId then errors.raise("INVALID_PARAMETER") end
  if not lead then errors.respond(403, { code = 20017, message = "PERMISSION_DENIED" }) end
  local size = pages.limit(query, 100, 1000, "INVALID_PARAMETER", "pageSize")
  local page = pages.number(query, "pageNumber", 0)
  if page < 0 then errors.raise("INVALID_PARAMETER") end
  local from, to = pages.number(query, "startTime", -1), pages.number(query, "endTime", -1)
  local list = {}
  for _, record in ipairs(system_logs.of_lead(call.account, lead, lead == all:list()[1])) do
    local at = record.at * 1000
    if (from < 0 or at >= from) and (to < 0 or at <= to) then list[#list + 1] = record.log end
  end
  return { hasMore = (page + 1) * size < #list and 1 or 0, timeLines = pages.slice(list, page * size, size) }
end

return logs
