-- SPDX-License-Identifier: MIT

--- The operations of `crm.v1.communication`; `lofty.api.operations` describes the fields.
-- @module lofty.api.operations.v1.communication

local shapes = require "lofty.api.operations.shapes"

local bool, i64, i32_from_0, i32_to_1000, channel =
  shapes.bool, shapes.i64, shapes.i32_from_0, shapes.i32_to_1000, shapes.channel

return {
  by_agent = {
    method = "POST", path = "/v1.0/agent/communication", class = "read", returns = "CommunicationV1Page",
    about = "the communications of at most 24 hours",
    page = { style = "offset", items = "pageData", size = 100 },
    body = {
      required = { "type" },
      fields = {
        type = channel, startTime = i64, endTime = i64, offset = i32_from_0, limit = i32_to_1000, teamView = bool,
      },
    },
  },
}
