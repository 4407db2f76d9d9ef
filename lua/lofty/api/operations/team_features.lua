-- SPDX-License-Identifier: MIT

--- The operations of `crm.team_features`; `lofty.api.operations` describes the fields.
-- @module lofty.api.operations.team_features

local shapes = require "lofty.api.operations.shapes"

local str, id, i32_from_0, i32_from_1, attribute_fields, whole =
  shapes.str, shapes.id, shapes.i32_from_0, shapes.i32_from_1, shapes.attribute_fields, shapes.whole

return {
  ponds = {
    method = "GET", path = "/v1.0/team-features/lead-ponds", class = "read", returns = "Pond[]", about = "lead ponds",
    page = whole,
  },
  get_pond = {
    method = "GET", path = "/v1.0/team-features/lead-pond/{id}", class = "read", returns = "Pond", about = "one lead pond",
    params = { id = id },
  },
  pipelines = {
    method = "GET", path = "/v1.0/teamFeatures/lead-pipelines", class = "read", returns = "PipelinePage",
    about = "the pipelines of leads",
    page = { style = "page", items = "pipelines", number = "currPage", count = "pageSize", base = 0 },
    query = { fields = { name = str, currPage = i32_from_0, pageSize = i32_from_1 } },
  },
  tags = {
    method = "GET", path = "/v1.0/teamFeatures/listTag", class = "read", returns = "LeadTag[]",
    about = "tags of leads: definitions (leadId 0) and uses", page = whole,
  },
  custom_fields = {
    method = "GET", path = "/v1.0/teamFeatures/listCustomField", class = "read", returns = "CustomAttribute[]",
    about = "the custom fields that leads have", page = whole,
  },
  create_custom_field = {
    method = "POST", path = "/v1.0/teamFeatures/custom-field", class = "create", returns = "string",
    about = "create a custom field of leads",
    body = { required = { "attributeName", "attributeType" }, fields = attribute_fields },
    find = "crm.team_features:custom_fields()",
  },
}
