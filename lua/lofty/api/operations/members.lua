-- SPDX-License-Identifier: MIT

--- The operations of `crm.members`; `lofty.api.operations` describes the fields.
-- @module lofty.api.operations.members

local shapes = require "lofty.api.operations.shapes"

local str, id, i64s, i32_from_0, i32_from_1 = shapes.str, shapes.id, shapes.i64s, shapes.i32_from_0, shapes.i32_from_1

return {
  list = {
    method = "GET", path = "/v1.0/members", class = "read", returns = "MemberPage", about = "the members of the team",
    page = { style = "scroll", items = "members", sends_both = true },
    query = { fields = { groupIds = i64s, offset = i32_from_0, limit = i32_from_1 } },
  },
  get = {
    method = "GET", path = "/v1.0/members/{account}", class = "read", returns = "Member",
    about = "a member, by the e-mail of the account", params = { account = str },
  },
  get_by_id = {
    method = "GET", path = "/v1.0/users/{userId}", class = "read", returns = "Member", deprecated = true,
    about = "a member, by user id", params = { userId = id },
  },
  me = { method = "GET", path = "/v1.0/me", class = "read", returns = "Member", about = "the caller's own member record" },
}
