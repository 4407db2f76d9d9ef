-- SPDX-License-Identifier: MIT

--- The operations of `crm.webhooks`; `lofty.api.operations` describes the fields.
-- @module lofty.api.operations.webhooks

local shapes = require "lofty.api.operations.shapes"

local str, id, whole = shapes.str, shapes.id, shapes.whole

return {
  list = {
    method = "GET", path = "/v1.0/webhooks", class = "read", returns = "Subscription[]", about = "all subscriptions",
    page = whole,
  },
  create = {
    method = "POST", path = "/v1.0/webhook", class = "create", returns = "Subscription", about = "subscribe to one list",
    find = "crm.webhooks:list()",
    body = {
      required = { "listId", "callbackUrl" },
      fields = {
        listId = { type = "integer", format = "int32", enum = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 } },
        callbackUrl = str, limit = { type = "integer", format = "int32", min = 1, max = 5000 },
        permissionMode = { type = "integer", format = "int32", enum = { 0, 1 } },
      },
    },
  },
  delete = {
    method = "DELETE", path = "/v1.0/webhook/{subscribeId}", class = "idempotent", about = "end a subscription",
    params = { subscribeId = id }, find = "crm.webhooks:list()",
  },
}
