-- SPDX-License-Identifier: MIT

--- The people of a team as records.
-- @module lofty.sandbox.server.member_records

local accounts = require "lofty.sandbox.server.accounts"
local given = require "lofty.sandbox.server.given"
local json = require "lofty.sandbox.server.json"
local seed = require "lofty.sandbox.server.seed"
local state = require "lofty.sandbox.server.state"

local records = {
  GENERATED = 62, -- how many members an account has besides itself if no members are given
}

local function member(person, id, user, who, n)
  return {
    id = id, teamId = seed.team, invitorUserId = seed.user(person), memberUserId = user, role = n == 0 and 1 or 0,
    roleName = n == 0 and "Owner" or "Agent", firstLetter = who.first:sub(1, 1), email = who.email,
    firstName = who.first, lastName = who.last, phoneNumber = who.phone, status = 1, virtualNumber = "",
    newLeadCount = n % 7, assignedLeadCount = n == 0 and person.leads or n * 3 % 50, isAdmin = n == 0,
    timeZoneId = "America/Chicago", groupId = seed.id(person, "office", n % 3), groupName = "Office " .. n % 3 + 1,
    agentInfo = { licenseId = ("TX-%06d"):format(n + 1000), position = "Agent", companyName = "Sandbox Realty" },
    accountStatus = "ACTIVE",
  }
end

--- The members of an account's team. The account itself comes first; other records do not refer to its id.
function records.of(account)
  local person = accounts.find(account)
  return state.collection(account .. "/members", "id", function()
    local me = { first = person.first, last = person.last, email = person.email, phone = "5125550100" }
    local list = { member(person, json.int(account), seed.user(person), me, 0) }
    local wanted = given.list(account, "members")
    for n, fields in ipairs(wanted or {}) do
      local who = { first = fields.firstName, last = fields.lastName or "", phone = fields.phoneNumber or "",
                    email = fields.email or ("agent%d@sandbox-realty.example"):format(n) }
      list[n + 1] = member(person, json.int(tostring(114000 + n)), fields.memberUserId, who, n)
      list[n + 1].roleName = fields.roleName or "Agent"
    end
    for n = 1, wanted and 0 or records.GENERATED do
      local who = seed.person(n + 5000)
      who.email = ("agent%d@sandbox-realty.example"):format(n)
      list[#list + 1] = member(person, json.int(tostring(114000 + n)), seed.id(person, "user", n), who, n)
    end
    return list
  end)
end

--- The first member of an account's team with this value in a field, or nil.
-- @tparam string account
-- @tparam string field
-- @tparam ?string value a text, or the digits of an id
function records.find(account, field, value)
  if value == nil then return nil end
  for _, found in ipairs(records.of(account):list()) do
    if found[field] == value or json.digits(found[field]) == value then return found end
  end
  return nil
end

return records
