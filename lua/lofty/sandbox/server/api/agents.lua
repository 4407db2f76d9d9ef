-- SPDX-License-Identifier: MIT

--- Agents: create, tag, activate, notify. Their errors come with HTTP 200.
-- @module lofty.sandbox.server.api.agents

local accounts = require "lofty.sandbox.server.accounts"
local errors = require "lofty.sandbox.server.errors"
local events = require "lofty.sandbox.server.events"
local json = require "lofty.sandbox.server.json"
local leads = require "lofty.sandbox.server.lead_records"
local members = require "lofty.sandbox.server.member_records"
local seed = require "lofty.sandbox.server.seed"
local state = require "lofty.sandbox.server.state"

local agents = {}

local function find(call) return members.find(call.account, "memberUserId", call.params.agentId) end

local function change(call, member, fields, what)
  local changed = members.of(call.account):change(member, fields)
  events.fire(call.account, "Agent", what or "updated", { userId = changed.memberUserId })
end

local function failed(code, message) return { code = code, message = message } end

agents["POST /v2.0/agents/{agentId}/deactivate"] = function(call)
  local member = find(call)
  if not member then return failed(20012, "INVALID_PARAMETER") end
  if member.memberUserId == seed.user(accounts.find(call.account)) then return failed(990107, "cannot deactivate yourself") end
  if member.accountStatus ~= "ACTIVE" then return failed(990105, "already inactive") end
  change(call, member, { accountStatus = "INACTIVE" })
  return { success = true }
end

agents["POST /v2.0/agents/{agentId}/reactivate"] = function(call)
  local member = find(call)
  if not member then return failed(20012, "INVALID_PARAMETER") end
  if member.accountStatus == "ACTIVE" then return failed(990112, "already active") end
  change(call, member, { accountStatus = "ACTIVE" })
  return { success = true }
end

agents["POST /v1.0/agent/profile/add"] = function(call)
  local info = call.body.accountInfo
  if not info.phoneNumber then return { data = json.null, errorCode = 20012, errorMsg = "INVALID_PARAMETER" } end
  local person = accounts.find(call.account)
  local user = seed.new_id(person, "user", state.sequence("agent"))
  local first = members.of(call.account):list()[1]
  change(call, first, {
    id = json.int(tostring(115000 + state.sequence("member"))), memberUserId = user, firstName = info.firstName,
    lastName = info.lastName, email = info.emailAddress, phoneNumber = info.phoneNumber, role = 0, roleName = "Agent",
    isAdmin = false,
  }, "created")
  return { data = user, errorCode = 0, errorMsg = "success" }
end

agents["POST /v1.0/agent/{agentId}/tag/add"] = function(call)
  if not find(call) then errors.raise("USER_NOT_EXIST") end
  local names = call.body.tagNames
  if not names or #names == 0 or #names > 20 then errors.raise("INVALID_PARAMETER") end
  for _, name in ipairs(names) do
    local known = call.body.autoCreate == true
    for _, tag in ipairs(seed.tags) do known = known or tag == name end
    if not known then return { data = false, errorCode = 20012, errorMsg = "unknown tag " .. name } end
  end
  return { data = true, errorCode = 0, errorMsg = "success" }
end

agents["POST /v1.0/agent/send-notification"] = function(call)
  local lead = leads.of(call.account):find(json.digits(call.body.leadId))
  return { status = { code = 0, msg = "success" }, data = lead ~= nil and not lead.trashed }
end

return agents
