-- SPDX-License-Identifier: MIT

--- The AI sales agent: its settings, the leads it works on, its planned tasks.
-- @module lofty.sandbox.server.api.sales

local accounts = require "lofty.sandbox.server.accounts"
local errors = require "lofty.sandbox.server.errors"
local json = require "lofty.sandbox.server.json"
local leads = require "lofty.sandbox.server.lead_records"
local pages = require "lofty.sandbox.server.pages"
local seed = require "lofty.sandbox.server.seed"
local settings = require "lofty.sandbox.server.settings"
local state = require "lofty.sandbox.server.state"

local sales = {}

local DONE = { message = "success" }
local STAGES = { HIGH_PRIORITY = true, AI_PROSPECTING = true, AI_MONITORING = true }
local STAGE_NAMES = { "HIGH_PRIORITY", "AI_PROSPECTING", "AI_MONITORING" }

local function shown(lead, when)
  return { leadId = lead.leadId, firstName = lead.firstName, lastName = lead.lastName, email = lead.emails[1],
           phone = lead.phones[1], createdAt = seed.zulu(when) }
end

-- The leads that the agent works on: the first 45 of the generated ones.
local function working(account)
  return state.collection(account .. "/working", "leadId", function()
    local list = {}
    for i, lead in ipairs(leads.of(account):list()) do
      if i > math.min(45, accounts.find(account).leads) then break end
      list[i] = shown(lead, seed.time(i))
      list[i].aiStage = STAGE_NAMES[i % 3 + 1]
    end
    return list
  end)
end

sales["GET /v2.0/working-leads"] = function(call)
  local limit, offset = pages.whole(call.query, "limit", 20), pages.whole(call.query, "offset", 0)
  local stage = call.query.aiStage
  if limit < 1 or limit > 100 or (stage and not STAGES[stage]) then errors.raise("INVALID_PARAMETER") end
  local list = pages.filter(working(call.account):list(), function(item) return not stage or item.aiStage == stage end)
  local page = pages.slice(list, offset, limit)
  return { workingLeads = page, metadata = { total = #list, count = #page, offset = offset, limit = limit } }
end

-- Many leads at once: those that do not exist are returned as failed.
local function batch(call, each)
  local ids = call.body.leadIds
  if #ids == 0 or #ids > 100 then errors.raise("INVALID_PARAMETER") end
  local done, failed = json.array {}, json.array {}
  for _, id in ipairs(ids) do
    local lead = leads.of(call.account):find(json.digits(id))
    if lead and not lead.trashed and each(lead) then done[#done + 1] = id else failed[#failed + 1] = id end
  end
  return done, failed
end

sales["POST /v2.0/working-leads/add"] = function(call)
  local _, failed = batch(call, function(lead)
    if not working(call.account):find(json.digits(lead.leadId)) then
      local record = shown(lead, math.floor(settings.now()))
      record.aiStage = STAGE_NAMES[2]
      working(call.account):put(record)
    end
    return true
  end)
  return { message = #failed == 0 and "success" or #failed .. " leads failed" }
end

local function planned(account) return state.collection(account .. "/planned", "id") end

sales["POST /v2.0/plan-tasks/create"] = function(call)
  local person = accounts.find(call.account)
  local done, failed = batch(call, function(lead)
    if not working(call.account):find(json.digits(lead.leadId)) then return false end
    planned(call.account):put {
      id = seed.new_id(person, "other", state.sequence("plan")), lead = lead.leadId, content = "Call " .. lead.firstName,
      taskType = "CALL", status = "PENDING", dueAt = seed.zulu(math.floor(settings.now()) + 86400),
      createdAt = seed.zulu(math.floor(settings.now())), assignedTo = seed.user(person), creatorId = seed.user(person),
    }
    return true
  end)
  return { code = 0, message = "success", data = { succeeded = done, failed = failed } }
end

sales["GET /v2.0/plan-tasks/lead/{leadId}"] = function(call)
  local lead, out = leads.need(call.account, call.params.leadId, "PERMISSION_DENIED"), json.array {}
  for _, task in ipairs(planned(call.account):list()) do
    if json.digits(task.lead) == json.digits(lead.leadId) then
      local copy = {}
      for name, value in pairs(task) do copy[name] = value end
      copy.lead = nil
      out[#out + 1] = copy
    end
  end
  return out
end

sales["GET /v2.0/sales-agents/working-lead/{leadId}"] = function(call)
  leads.need(call.account, call.params.leadId, "PERMISSION_DENIED")
  return errors.need(working(call.account):find(call.params.leadId), "INVALID_PARAMETER")
end

sales["PUT /v2.0/sales-agents/working-lead/{leadId}/mute"] = function(call)
  leads.need(call.account, call.params.leadId, "PERMISSION_DENIED")
  ngx.shared.sandbox:set("muted:" .. call.account .. ":" .. call.params.leadId, true)
  return DONE
end

-- The flag is text, not a boolean.
sales["GET /v2.0/sales-agent/lead/mute-status"] = function(call)
  local lead = leads.need(call.account, call.query.leadId, "PERMISSION_DENIED")
  local muted = ngx.shared.sandbox:get("muted:" .. call.account .. ":" .. json.digits(lead.leadId))
  return { data = { mute = muted and "true" or "false" } }
end

local function agent(call)
  local person = accounts.find(call.account)
  return {
    id = seed.id(person, "other", 20), userId = seed.user(person), agentName = person.first .. " " .. person.last,
    agentHeadUrl = "", assistantName = "Robin", assistantHeadUrl = "", virtualNumber = "+15125550100",
    virtualNumberCountry = "US", followUpRole = "Agent", agentExperience = "5-10", email = person.email, status = "ACTIVE",
    createdAt = seed.zulu(seed.time(0)), updatedAt = seed.zulu(seed.time(0)), hasQuotaSeat = true, borrowLevel = "NONE",
    borrowId = 0,
  }
end

sales["GET /v2.0/sales-agents/current"] = agent

sales["GET /v2.0/sales-agents/by-lead"] = function(call)
  leads.need(call.account, call.query.leadId, "PERMISSION_DENIED")
  return agent(call)
end

local function setup(call)
  local person = accounts.find(call.account)
  return state.collection(call.account .. "/sales_settings", "id", function()
    return { {
      id = seed.id(person, "other", 21), assistantName = "Robin", headUrl = "", virtualNumber = "+15125550100",
      virtualNumberCountry = "US", callTransferType = "AGENT", fixedNumber = "", agentExperience = "5-10",
      rentalBusiness = false, websiteChannel = true, textChannel = true, emailChannel = true, startActiveHour = 8,
      endActiveHour = 20, activeDays = json.array { 1, 2, 3, 4, 5 }, leadTypes = json.array { 1, 2 },
      leadSources = json.array {}, leadPipelines = json.array {}, agentIds = json.array { seed.user(person) },
      officeIds = json.array {}, leadPondIds = json.array {}, newLeadEnable = true, visitorsEnable = false,
      followUpRole = "Agent", hostedStatus = "NONE",
    } }
  end)
end

sales["GET /v2.0/sales-agent/settings"] = function(call) return setup(call):list()[1] end

sales["PUT /v2.0/sales-agent/settings"] = function(call)
  local record = setup(call):list()[1]
  local fields = {}
  for name, value in pairs(call.body) do fields[name] = value end
  fields.id = record.id
  setup(call):change(record, fields)
  return DONE
end

-- A message to a person is not sent; the journal shows the request.
local function told(call)
  if not call.body.content:find("%S") then errors.raise("INVALID_PARAMETER") end
  return DONE
end
sales["POST /v2.0/sales-agent/ai-number/send-sms-to-agent"] = told
sales["POST /v2.0/sales-agent/message/sms/send-to-agent"] = told
sales["POST /v2.0/sales-agent/message/email/send-to-agent"] = told

return sales
