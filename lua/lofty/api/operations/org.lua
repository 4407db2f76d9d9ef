-- SPDX-License-Identifier: MIT

--- The operations of `crm.org`; `lofty.api.operations` describes the fields.
-- @module lofty.api.operations.org

local shapes = require "lofty.api.operations.shapes"

local str, bool, i64, whole = shapes.str, shapes.bool, shapes.i64, shapes.whole

local office = {
  fields = {
    id = i64, parentId = i64, name = str, phone = str, phoneCode = str, phoneCountry = str, email = str, city = str,
    state = str, zipcode = str, streetAddress = str, allowManageSub = bool,
  },
}

return {
  get = { method = "GET", path = "/v1.0/org", class = "read", returns = "Organization", about = "the caller's organization" },
  update_company = {
    method = "POST", path = "/v1.0/org/company", class = "idempotent", returns = "Outcome", about = "change the company",
    find = "crm.org:get()",
    body = {
      fields = {
        name = str, phone = str, phoneCode = str, phoneCountry = str, email = str, city = str, state = str,
        zipcode = str, streetAddress = str, header = str,
      },
    },
  },
  create_office = {
    method = "PUT", path = "/v1.0/org/office", class = "create", returns = "Outcome", find = "crm.org:get()",
    about = "create an office (here PUT creates, and POST updates)", body = office,
  },
  update_office = {
    method = "POST", path = "/v1.0/org/office", class = "idempotent", returns = "Outcome", find = "crm.org:get()",
    about = "change an office (here PUT creates, and POST updates)",
    body = { required = { "id" }, fields = office.fields },
  },
  permission_profiles = {
    method = "GET", path = "/v1.0/org/permission/profiles", class = "read", returns = "PermissionProfile[]",
    about = "the permission profiles of agents", page = whole,
  },
}
