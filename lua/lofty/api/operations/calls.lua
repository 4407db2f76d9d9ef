-- SPDX-License-Identifier: MIT

--- The operations of `crm.calls`; `lofty.api.operations` describes the fields.
-- @module lofty.api.operations.calls

local shapes = require "lofty.api.operations.shapes"

local id, i32_from_0, i32_from_1 = shapes.id, shapes.i32_from_0, shapes.i32_from_1

return {
  list = {
    method = "GET", path = "/v1.0/calls", class = "read", returns = "CallPage", about = "the dialer's calls of a lead",
    page = { style = "scroll", items = "calls", sends_both = true },
    query = { required = { "leadId" }, fields = { leadId = id, limit = i32_from_1, offset = i32_from_0 } },
  },
  get = {
    method = "GET", path = "/v1.0/calls/{callId}", class = "read", returns = "Call", about = "one call of the dialer",
    params = { callId = id }, unwrap = "calls",
  },
  get_recording = {
    method = "GET", path = "/v1.0/call/url/{callId}", class = "read", returns = "Recording",
    about = "the URL of a recording, valid for one hour; empty if there is no recording", params = { callId = id },
    unwrap = "calls",
  },
}
