-- SPDX-License-Identifier: MIT

--- Parts of a lead: assignment, inquiry, property, site activity.
-- @module lofty.sandbox.server.api.lead_parts

local accounts = require "lofty.sandbox.server.accounts"
local errors = require "lofty.sandbox.server.errors"
local events = require "lofty.sandbox.server.events"
local json = require "lofty.sandbox.server.json"
local members = require "lofty.sandbox.server.member_records"
local pages = require "lofty.sandbox.server.pages"
local records = require "lofty.sandbox.server.lead_records"
local seed = require "lofty.sandbox.server.seed"
local settings = require "lofty.sandbox.server.settings"
local state = require "lofty.sandbox.server.state"

local parts = {}

local KINDS = { "Search", "Browse", "Favorite", "Showing Request", "Submission" }
local OF_FIRST = 230

-- What a lead did on the site, newest first: 230 entries for the first lead, 3 for others; none where no leads are
-- generated.
local function activities(account, lead)
  local first = records.of(account):list()[1] == lead
  local list = {}
  for n = 0, (accounts.find(account).leads == 0 and 0 or first and OF_FIRST or 3) - 1 do
    local who = seed.person(n + 40)
    list[n + 1] = {
      type = KINDS[n % #KINDS + 1], text = who.city .. ", " .. who.state, link = "https://site.example/listing/" .. n,
      picture = "https://pictures.example/" .. n .. ".jpg", created = seed.millis(seed.time(n)),
      listing = { streetAddress = who.street, city = who.city, state = who.state, zipCode = who.zip, price = 400000 + n },
    }
  end
  return list
end

local function added(account, lead)
  local id = json.digits(lead.leadId)
  return pages.filter(state.collection(account .. "/activities", "number"):list(), function(item)
    return json.digits(item.leadId) == id
  end)
end

parts["GET /v1.0/leads/{leadId}/activities"] = function(call)
  local lead = records.need(call.account, call.params.leadId)
  local page = pages.number(call.query, "curPage", 0)
  if page < 0 then errors.raise("INVALID_PARAMETER") end
  local list = activities(call.account, lead)
  for _, item in ipairs(added(call.account, lead)) do list[#list + 1] = item.activity end
  table.sort(list, function(a, b)
    if a.created ~= b.created then return a.created > b.created end
    return a.link < b.link
  end)
  return pages.slice(list, page * 100, 100)
end

parts["POST /v1.0/leads/{leadId}/activity"] = function(call)
  local lead = records.need(call.account, call.params.leadId)
  state.collection(call.account .. "/activities", "number"):put {
    number = state.sequence("activity"), leadId = lead.leadId, activity = call.body,
  }
  events.fire(call.account, "LeadActivity", "updated", { leadId = lead.leadId })
  return { leadId = lead.leadId }
end

local function changed(call, lead, fields)
  fields.lastUpdateTime = seed.gmt(math.floor(settings.now()))
  records.of(call.account):change(lead, fields)
  events.fire(call.account, "Lead", "updated", { leadId = lead.leadId })
  return { leadId = lead.leadId }
end

-- An array of {role, assignee = a member's e-mail address}; an object is refused. Each role has one assignee; the
-- Agent is the lead's owner.
parts["POST /v1.0/leads/{leadId}/assignment"] = function(call)
  local lead = records.need(call.account, call.params.leadId)
  local fields, assigned, number = {}, {}, 0
  for _, one in ipairs(call.body) do
    local found = errors.need(members.find(call.account, "email", one.assignee), "USER_NOT_EXIST")
    assigned[one.role] = { role = one.role, assigneeId = found.memberUserId, assignee = found.email }
    if one.role == "Agent" then
      fields = records.assigned_to(call.account, found.memberUserId, math.floor(settings.now()))
    elseif one.role == "Lender" then
      fields.lenderUserId = found.memberUserId
    end
  end
  fields.customRoleList = json.array {}
  for _, role in ipairs(lead.customRoleList or {}) do
    number = math.max(number, role.roleId)
    local new = assigned[role.role]
    if new then new.roleId, assigned[role.role] = role.roleId, nil end
    table.insert(fields.customRoleList, new or role)
  end
  for _, one in ipairs(call.body) do
    local new = assigned[one.role]
    if new then
      number, assigned[one.role] = number + 1, nil
      new.roleId = number
      table.insert(fields.customRoleList, new)
    end
  end
  return changed(call, lead, fields)
end

parts["POST /v1.0/leads/{leadId}/inquiry"] = function(call)
  local lead = records.need(call.account, call.params.leadId)
  return changed(call, lead, { leadInquiry = call.body })
end

parts["POST /v1.0/leads/{leadId}/property"] = function(call)
  local lead = records.need(call.account, call.params.leadId)
  records.check_property(call.body)
  return changed(call, lead, { leadPropertyList = records.with_property(lead, call.body) })
end

parts["POST /v1.0/leads/assignee"] = function(call)
  local person = accounts.find(call.account)
  if not call.body.firstName:find("%S") then errors.raise("PARAM_FIRST_NAME_FILL") end
  if not call.body.email:find("%S") then errors.raise("PARAM_EMAIL_MUST_FILL") end
  return json.array { {
    leadId = 0, leadUserId = 0, firstName = call.body.firstName, lastName = call.body.lastName,
    customRoleAssignees = json.array { {
      agentFullName = person.first .. " " .. person.last, roleId = 1, role = "Agent", assigneeId = seed.user(person),
      assignee = person.email, permissionProfileName = "Agent",
    } },
  } }
end

return parts
