-- SPDX-License-Identifier: MIT

--- The operations of `crm.vendors`; `lofty.api.operations` describes the fields.
-- @module lofty.api.operations.vendors

local shapes = require "lofty.api.operations.shapes"

local whole = shapes.whole

return {
  list = {
    method = "GET", path = "/v1.0/vendor/list", class = "read", returns = "Vendor[]", about = "the team's vendors",
    page = whole,
  },
}
