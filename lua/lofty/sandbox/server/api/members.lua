-- SPDX-License-Identifier: MIT

--- /v1.0/me, /v1.0/members, /v1.0/users: the members of the team.
-- @module lofty.sandbox.server.api.members

local errors = require "lofty.sandbox.server.errors"
local json = require "lofty.sandbox.server.json"
local pages = require "lofty.sandbox.server.pages"
local records = require "lofty.sandbox.server.member_records"

local members = {}

members["GET /v1.0/me"] = function(call)
  return records.of(call.account):list()[1]
end

members["GET /v1.0/members"] = function(call)
  local limit = pages.limit(call.query, 25, 100, "LIMIT_PARAM_OVERSIZE")
  local list, groups = records.of(call.account):list(), call.query.groupIds
  if groups then
    list = pages.filter(list, function(item)
      for id in groups:gmatch("[^,]+") do
        if json.digits(item.groupId) == id then return true end
      end
      return false
    end)
  end
  if #list == 0 then errors.raise("USER_NOT_EXIST") end
  return pages.counted(call, "members", list, limit)
end

local function by(field)
  return function(call)
    return errors.need(records.find(call.account, field, call.params.account or call.params.userId), "USER_NOT_EXIST")
  end
end

members["GET /v1.0/members/{account}"] = by "email"
members["GET /v1.0/users/{userId}"] = by "memberUserId"

return members
