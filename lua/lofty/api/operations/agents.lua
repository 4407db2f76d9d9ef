-- SPDX-License-Identifier: MIT

--- The operations of `crm.agents`; `lofty.api.operations` describes the fields.
-- @module lofty.api.operations.agents

local shapes = require "lofty.api.operations.shapes"

local str, bool, i32, i64, id, strs, i64s =
  shapes.str, shapes.bool, shapes.i32, shapes.i64, shapes.id, shapes.strs, shapes.i64s

local files = {
  type = "array",
  items = { fields = { fileName = str, size = i32, queryLink = str, contentType = str } },
}

return {
  create = {
    method = "POST", path = "/v1.0/agent/profile/add", class = "create", returns = "NewAgent",
    about = "create an account for an agent", find = "crm.members:get(email)",
    body = {
      required = { "accountType", "accountInfo" },
      fields = {
        accountType = i32,
        accountInfo = {
          required = { "firstName", "lastName", "emailAddress", "phoneNumber" },
          fields = {
            headUrl = str, lastName = str, firstName = str, emailAddress = str, phoneNumber = str, phoneCode = str,
            phoneCountry = str, tagIds = i64s, sendingEmail = str, domain = str, allowChangeDomain = bool,
            roleName = str, groupId = i64, roleId = i64, seatTypeName = str,
          },
        },
        workInfo = {
          fields = {
            streetAddress = str, city = str, country = str, state = str, zipcode = str, licenseId = str,
            companyName = str, companyAddress = str, position = str, personalWebsite = str,
            personalAttachments = files, personalDisclaimers = files, personalIntroduction = str,
          },
        },
        socialMedias = {
          fields = { items = { type = "array", items = { fields = { type = str, name = str, value = str } } } },
        },
        personalPhotos = { fields = { urls = strs } },
        hasBackOffice = bool, agentPid = str, fullSync = bool, shouldSync = bool, checkRosterNum = bool,
      },
    },
  },
  add_tags = {
    method = "POST", path = "/v1.0/agent/{agentId}/tag/add", class = "idempotent", returns = "AgentTagged",
    about = "give an agent up to 20 tags", find = "the agent's page in Lofty", params = { agentId = id },
    body = {
      required = { "tagNames" },
      fields = { tagNames = { type = "array", items = str, min_items = 1, max_items = 20 }, autoCreate = bool },
    },
  },
  deactivate = {
    method = "POST", path = "/v2.0/agents/{agentId}/deactivate", class = "idempotent", returns = "Outcome",
    about = "release an agent's seat and revoke the agent's tokens", params = { agentId = id }, find = "crm.members:list{}",
  },
  reactivate = {
    method = "POST", path = "/v2.0/agents/{agentId}/reactivate", class = "idempotent", returns = "Outcome",
    about = "give an agent a seat again", params = { agentId = id }, find = "crm.members:list{}",
  },
}
