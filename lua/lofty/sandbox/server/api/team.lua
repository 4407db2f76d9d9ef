-- SPDX-License-Identifier: MIT

--- A team's configuration: ponds, pipelines, tags, custom fields, offices, routing, vendors.
-- @module lofty.sandbox.server.api.team

local accounts = require "lofty.sandbox.server.accounts"
local errors = require "lofty.sandbox.server.errors"
local json = require "lofty.sandbox.server.json"
local members = require "lofty.sandbox.server.member_records"
local pages = require "lofty.sandbox.server.pages"
local seed = require "lofty.sandbox.server.seed"
local state = require "lofty.sandbox.server.state"

local team = {}

local function person_of(call) return accounts.find(call.account) end

local function ponds(call)
  local person, list = person_of(call), {}
  for n = 0, 3 do
    list[n + 1] = { id = seed.id(person, "other", n), pondName = "Pond " .. n + 1, pondOwnerId = seed.user(person),
                    agentIds = json.array { seed.id(person, "user", 1), seed.id(person, "user", 2) } }
  end
  return list
end

team["GET /v1.0/team-features/lead-ponds"] = function(call) return pages.all(ponds(call)) end

team["GET /v1.0/team-features/lead-pond/{id}"] = function(call)
  for _, pond in ipairs(ponds(call)) do
    if json.digits(pond.id) == call.params.id then return pond end
  end
  return errors.raise("PERMISSION_DENIED") -- the same error whether it exists or not
end

local function pipelines()
  return state.collection("pipelines", "id", function()
    local list = {}
    for n = 1, 23 do list[n] = { id = json.int(tostring(12344 + n)), name = seed.stages[n] or "Pipeline " .. n } end
    return list
  end):list()
end

team["GET /v1.0/teamFeatures/lead-pipelines"] = function(call)
  local page, size = pages.number(call.query, "currPage", 0), pages.number(call.query, "pageSize", 10)
  if page < 0 or size < 1 then errors.raise("INVALID_PARAMETER") end
  local name = call.query.name or ""
  local list = pages.filter(pipelines(), function(pipeline) return name == "" or pipeline.name == name end)
  return { _metadata = pages.metadata("pipelines", size, page * size, #list, ""),
           pipelines = pages.slice(list, page * size, size) }
end

local function custom_fields(call)
  return state.collection(call.account .. "/custom_fields", "attributeName", function()
    return { { attributeName = "Preferred contact", attributeType = "text", value = "", params = "" },
             { attributeName = "Budget", attributeType = "currency", value = "", params = "" } }
  end)
end

team["GET /v1.0/teamFeatures/listCustomField"] = function(call) return pages.all(custom_fields(call):list()) end

team["POST /v1.0/teamFeatures/custom-field"] = function(call)
  local name = call.body.attributeName:match("^%s*(.-)%s*$")
  if name == "" then errors.raise("ATTRIBUTE_NAME_EMPTY") end
  if call.body.attributeType == "" then errors.raise("ATTRIBUTE_TYPE_EMPTY") end
  custom_fields(call):put { attributeName = name, attributeType = call.body.attributeType, value = call.body.value or "",
                            params = call.body.params or "" }
  return "success"
end

-- Definitions have the lead id 0.
team["GET /v1.0/teamFeatures/listTag"] = function(call)
  local out = json.array {}
  for i, name in ipairs(seed.tags) do
    local when = seed.zulu(seed.time(i))
    out[i] = { leadId = 0, tagId = seed.id(person_of(call), "tag", i), createTime = when, updateTime = when,
               tagName = name, creatorUserId = seed.user(person_of(call)), visibleType = 0 }
  end
  return out
end

team["GET /v1.0/org"] = function(call)
  local person = person_of(call)
  local office = seed.id(person, "office", 0)
  return {
    orgType = 1,
    enterpriseInfo = { groupId = office, groupName = "Office 1", profileId = json.int("2001"), profileName = "Owner",
                       visibleOrgInfoList = json.array { { groupId = office, groupName = "Office 1", parentId = 0 } } },
    multiTeamInfo = { multiTeamId = 0, multiTeamName = "" },
  }
end

team["GET /v1.0/org/permission/profiles"] = function()
  return json.array { { id = 2001, name = "Owner" }, { id = 2002, name = "Agent" }, { id = 2003, name = "Assistant" } }
end

team["POST /v1.0/org/company"] = function() return { code = 0, message = "success", data = {} } end

local function offices(call) return state.collection(call.account .. "/offices", "id") end

-- PUT adds and POST changes, as the document has it.
team["PUT /v1.0/org/office"] = function(call)
  if not (call.body.name or ""):find("%S") then return { code = 20012, message = "INVALID_PARAMETER", data = json.null } end
  local id = seed.new_id(person_of(call), "office", state.sequence("office"))
  offices(call):put { id = id, name = call.body.name }
  return { code = 0, message = "success", data = { id = id } }
end

team["POST /v1.0/org/office"] = function(call)
  local office = offices(call):find(json.digits(call.body.id) or "")
  if not office then errors.raise("RESOURCE_NOT_EXIST") end
  offices(call):change(office, { name = call.body.name })
  return { code = 0, message = "success", data = { id = office.id } }
end

team["GET /v1.0/vendor/list"] = function(call)
  local who = seed.person(77)
  return json.array { { id = 501, agentUserId = seed.user(person_of(call)), firstName = who.first, lastName = who.last,
                        phoneNumber = who.phone, phoneCode = "1", phoneCountry = "US", email = who.email,
                        roleName = "Lender", companyName = "Sandbox Lending", companyAddress = who.street } }
end

local TYPES = { ["1"] = 1, ["2"] = 2, ["4"] = 4 }

local function routing_type(call)
  local kind = TYPES[call.params.type]
  if not kind then errors.raise("BUSINESS_TYPE_ERROR") end
  if kind == 4 and call.query.roleId == nil and call.body == nil then errors.raise("INVAID_ROLE_ID") end
  return kind
end

team["GET /v1.0/routing/member/list/{type}"] = function(call)
  routing_type(call)
  local out = json.array {}
  for i, member in ipairs(members.of(call.account):list()) do
    out[i] = { id = member.memberUserId, name = member.firstName .. " " .. member.lastName, type = 1 }
  end
  return out
end

team["GET /v1.0/routing/role/list"] = function() return json.array { { id = 1, name = "Agent" }, { id = 2, name = "ISA" } } end

local function rules(call)
  local person = person_of(call)
  return state.collection(call.account .. "/rules", "id", function()
    local list = {}
    for n = 1, 3 do
      list[n] = {
        id = json.int(tostring(9000 + n)), name = "Rule " .. n, sourceName = seed.sources[n], sourceMatchType = 1,
        locationRule = { locationMatchType = 1, state = "TX", city = "Austin" }, tagNames = json.array {}, tagMatchType = 1,
        groupNames = json.array {}, groupMatchType = 1, phone = "", priceMin = -1, priceMax = -1, leadType = "Buyer",
        activeHours = { activeDays = json.array { 1, 2, 3, 4, 5 }, hoursStart = 8, hoursEnd = 20 },
        routingStrategy = { strategyType = 1, groupId = seed.id(person, "office", 0), groupName = "Office 1", touchMinutes = 60 },
        ruleSwitch = true, updateTime = seed.millis(seed.time(n)), leadTypeFilters = "",
      }
    end
    return list
  end)
end

team["GET /v1.0/routing/rule/list/{type}"] = function(call)
  routing_type(call)
  return pages.all(rules(call):list())
end

team["PUT /v1.0/routing/rule/{type}"] = function(call)
  routing_type(call)
  local rule = errors.need(rules(call):find(json.digits(call.body.id) or ""), "INVAID_ID")
  rules(call):change(rule, { activeHours = call.body.activeHours, routingStrategy = call.body.routingStrategy })
  return "ok"
end

team["GET /v1.0/routing/rule/supplement/{type}"] = function(call)
  local kind, person = routing_type(call), person_of(call)
  return { roleId = tonumber(call.query.roleId or -1), businessType = kind, strategyType = 1, touchMinutes = 60,
           assigneeAgentName = person.first .. " " .. person.last, assigneeAgentId = seed.user(person),
           assigneeGroupName = "", assigneeGroupId = 0, updateTime = seed.millis(seed.time(0)) }
end

team["PUT /v1.0/routing/rule/supplement/{type}"] = function(call)
  if routing_type(call) == 4 and not call.body.roleId then errors.raise("INVAID_ROLE_ID") end
  if call.body.strategyType and (call.body.strategyType < 1 or call.body.strategyType > 6) then
    errors.raise("STRATEGY_TYPE_ERROR")
  end
  return "ok"
end

return team
