-- SPDX-License-Identifier: MIT

--- The operations of `crm.v1.appointments`; `lofty.api.operations` describes the fields.
-- @module lofty.api.operations.v1.appointments

local shapes = require "lofty.api.operations.shapes"

local of_lead, whole = shapes.of_lead, shapes.whole

return {
  list = {
    method = "GET", path = "/v1.0/appts", class = "read", returns = "Appointment[]",
    about = "the appointments of a lead", page = whole, query = of_lead,
  },
}
