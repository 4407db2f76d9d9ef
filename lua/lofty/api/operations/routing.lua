-- SPDX-License-Identifier: MIT

--- The operations of `crm.routing`; `lofty.api.operations` describes the fields.
-- @module lofty.api.operations.routing

local shapes = require "lofty.api.operations.shapes"

local str, i32, i64, i32s, whole = shapes.str, shapes.i32, shapes.i64, shapes.i32s, shapes.whole

local routing_type = { type = "integer", format = "int32", enum = { "1", "2", "4" } }
local by_role = { when = { { "{type}", "4", "roleId" } }, fields = { roleId = i32 } }

return {
  rules = {
    method = "GET", path = "/v1.0/routing/rule/list/{type}", class = "read", returns = "RoutingRule[]",
    about = "the rules of a kind: 1 agents, 2 lenders, 4 assistants (roleId needed)", page = whole,
    params = { type = routing_type }, query = by_role,
  },
  members = {
    method = "GET", path = "/v1.0/routing/member/list/{type}", class = "read", returns = "RoutingMember[]",
    about = "the members that rules of a kind may assign", page = whole, params = { type = routing_type }, query = by_role,
  },
  roles = {
    method = "GET", path = "/v1.0/routing/role/list", class = "read", returns = "RoutingRole[]",
    about = "the roles that can be assigned", page = whole,
  },
  update_rule = {
    method = "PUT", path = "/v1.0/routing/rule/{type}", class = "idempotent", returns = "string", about = "change one rule",
    params = { type = routing_type }, find = "crm.routing:rules(type)",
    body = {
      required = { "id" },
      fields = {
        id = i64, activeHours = { fields = { activeDays = i32s, hoursStart = i32, hoursEnd = i32 } },
        routingStrategy = {
          fields = {
            strategyType = i32, groupId = i64, groupName = str, touchMinutes = i32,
            memberWeights = { many = true, fields = { memberId = i64, firstName = str, lastName = str, weight = i32 } },
          },
        },
      },
    },
  },
  get_default_rule = {
    method = "GET", path = "/v1.0/routing/rule/supplement/{type}", class = "read", returns = "DefaultRoutingRule",
    about = "the rule for leads that no other rule matches", params = { type = routing_type }, query = by_role,
  },
  update_default_rule = {
    method = "PUT", path = "/v1.0/routing/rule/supplement/{type}", class = "idempotent", returns = "string",
    about = "change the rule for leads that no other rule matches", params = { type = routing_type },
    body = {
      when = { { "{type}", "4", "roleId" } },
      fields = {
        roleId = i32, strategyType = i32, touchMinutes = i32, assigneeAgentId = i64, assigneeGroupId = i64,
      },
    },
  },
}
