-- SPDX-License-Identifier: MIT

--- The operations of `crm.leads`; `lofty.api.operations` describes the fields.
-- @module lofty.api.operations.leads

local shapes = require "lofty.api.operations.shapes"

local str, bool, num, int, i32, i64, id, moment, strs, i32s, i32_from_0, int_to_100, int_to_1000, note_text,
  attribute_fields, new_deal, deal, look_for_lead =
  shapes.str, shapes.bool, shapes.num, shapes.int, shapes.i32, shapes.i64, shapes.id, shapes.moment, shapes.strs,
  shapes.i32s, shapes.i32_from_0, shapes.int_to_100, shapes.int_to_1000, shapes.note_text, shapes.attribute_fields,
  shapes.new_deal, shapes.deal, shapes.look_for_lead

local int_from_0 = { type = "integer", min = 0 }
-- Lofty cuts longer texts without an error; the limits are the document's.
local name30 = { type = "string", max_length = 30 }
local tag = { type = "string", max_length = 64, hint = 'tags are names, as in { "vip" }' }
local names30, tags = { type = "array", items = name30 }, { type = "array", items = tag }
local phone_numbers = { type = "array", items = { type = "string", max_length = 20 } }
local assignment_hint = 'write { { role = "Agent", assignee = "ann@example.com" } }'
local role_filters = {
  type = "string", hint = 'write it as JSON text, as in [{"roleName":"Agent","assigneeToIds":[1]}]',
}
local yes_no = { type = "string", known = { "Yes", "No" } }
local time_frame = { type = "string", known = { "1-3", "3-6", "6-12", "12+", "Just Looking", "Refinancing" } }
local scope = { type = "string", known = { "TEAM", "OFFICE", "PERSONAL" } }
local location = {
  fields = { stateCode = str, city = str, zipCode = str, county = str, streetAddress = str, description = str },
}
local inquiry = {
  fields = {
    priceMin = i64, priceMax = i64, propertyType = strs, bedroomsMin = i32, bathroomsMin = str,
    locations = { type = "array", items = location }, id = i64, leadUserId = i64, bedroomsMax = i32, bathroomsMax = str,
    modifyByAgent = bool, createTime = moment, updateTime = moment, defaultValue = bool,
  },
}
local property_fields = {
  price = i64, state = str, city = str, streetAddress = str, zipCode = str, county = str, propertyType = str,
  bedrooms = i32, bathrooms = num, squareFeet = i64, lotSize = num, parkingSpace = i64, floors = i32,
  mailAddress = bool, id = i64, leadUserId = i64, listingId = str, autoListingId = i64, label = str, note = str,
  listingStatus = str, labelList = str, pictureUrl = str, siteListingUrl = str, labelType = str, priceMax = i64,
  priceMin = i64,
}
local property = { one_of = { { "city", "state", "zipCode", "streetAddress" } }, fields = property_fields }
local custom_attribute = { required = { "attributeName", "attributeType", "value" }, fields = attribute_fields }
local custom_attributes = { type = "array", items = custom_attribute }
local family = {
  type = "array", max_items = 4,
  items = {
    required = { "firstName" },
    fields = { relationship = str, firstName = str, lastName = str, phones = strs, emails = strs, birthday = str },
  },
}
local owner = {
  { "ownershipScope", "OFFICE", "ownershipId" }, { "ownershipScope", "PERSONAL", "ownershipId" },
}

return {
  list = {
    method = "GET", path = "/v1.0/leads", class = "read", returns = "LeadPage",
    about = "search and page through leads",
    page = { style = "scroll", items = "leads", size = 100 },
    query = {
      instead = {
        keyword = "key", page = "offset", pageSize = "limit", sortField = "sort", assigneeId = "assignedUserId",
        stageId = "stage", tagId = "anyTags", tags = "anyTags",
      },
      fields = {
        stage = str, source = str, phone = str, email = str, assignedUserId = i64, contacted = bool, groups = str,
        segments = str, allTags = str, anyTags = str, groupIds = i64, querySubGroup = bool, scrollId = str,
        offset = int_from_0, limit = int_to_100, desc = bool, languages = str, preciseSearchFlag = bool,
        roleAssigneeFilters = role_filters, key = str, otherFilters = str, returnFields = str,
        sort = {
          type = "string",
          known = {
            "Default", "LastContact", "LastCall", "LastEmail", "LastActivity", "CreateTime", "Inquries", "DeleteTime",
            "AssignTime", "Score", "Activity", "Communication", "HasDrip", "HasAlert", "Task", "Lender",
            "ActivitySearch", "ActivityViews", "ActivityFavorites", "DripStatus", "DripOpenRate", "AlertFrequency",
            "AlertOpenRate", "SCOREV2", "SmartPlanStatus",
          },
        },
      },
    },
  },
  create = {
    method = "POST", path = "/v1.0/leads", class = "create", returns = "LeadId", find = look_for_lead,
    about = "create a lead; Lofty may merge it into one that exists",
    reaches = { "welcomeEmail", "leadAlert" },
    body = {
      required = { "firstName" }, when = owner,
      fields = {
        cannotText = bool, cannotCall = bool, cannotEmail = bool, firstName = name30, lastName = name30, emails = strs,
        phones = phone_numbers, leadTypes = i32s, assignedUserId = i64, streetAddress = str, city = str, state = str,
        zipCode = str, referredBy = str, stage = str, groups = names30, segments = names30, tags = tags,
        tagsAdd = tags, source = str, inquiry = inquiry, property = property, unsubscription = bool, welcomeEmail = bool,
        leadAlert = bool, customAttributeList = custom_attributes, birthday = str, leadRouting = bool,
        assignGroupId = i64, buyingTimeFrame = time_frame, preQual = yes_no, houseToSell = yes_no, fthb = yes_no,
        withBuyerAgent = yes_no, sellingTimeFrame = time_frame, mortgage = yes_no, buyHouse = yes_no,
        withListingAgent = yes_no, leadTransaction = new_deal, leadFamilyMemberList = family, language = str,
        content = note_text, isPin = bool, ownershipId = i64, ownershipScope = scope, defaultInquiryParam = bool,
        specifiedAssignGroupId = bool,
      },
    },
  },
  get = {
    method = "GET", path = "/v1.0/leads/{leadId}", class = "read", returns = "Lead", unwrap = "lead", wait = true,
    about = "one lead",
    params = { leadId = id },
    query = { fields = { withTrash = bool } },
  },
  update = {
    method = "PUT", path = "/v1.0/leads/{leadId}", class = "idempotent", returns = "LeadId",
    about = "change some fields of a lead; tags replaces them all, tagsAdd and tagsRemove do not",
    params = { leadId = id },
    body = {
      when = owner,
      fields = {
        cannotText = bool, cannotCall = bool, cannotEmail = bool, firstName = name30, lastName = name30, emails = strs,
        phones = phone_numbers, leadTypes = i32s, assignedUserId = i64, streetAddress = str, city = str, state = str,
        zipCode = str, referredBy = str, isHidden = bool, stage = str, groups = names30, segments = names30,
        tags = tags, tagsAdd = tags, source = str, inquiry = inquiry, property = property,
        customAttributeList = custom_attributes, birthday = str, buyingTimeFrame = time_frame, preQual = yes_no,
        houseToSell = yes_no, fthb = yes_no, withBuyerAgent = yes_no, sellingTimeFrame = time_frame, mortgage = yes_no,
        buyHouse = yes_no, withListingAgent = yes_no, leadFamilyMemberList = family, language = str, ownershipId = i64,
        ownershipScope = scope, unsubscription = bool, leadTransaction = deal, tagsRemove = strs, clearAllTags = bool,
      },
    },
  },
  delete = {
    method = "DELETE", path = "/v1.0/leads/{leadId}", class = "idempotent", returns = "TrashedLead",
    about = "move a lead to the trash; the reason becomes part of the URL",
    params = { leadId = id },
    query = { required = { "reason" }, fields = { reason = str } },
  },
  activities = {
    method = "GET", path = "/v2.0/leads/{leadId}/activities", class = "read", returns = "ActivityPage",
    about = "calls, texts and e-mails of a lead, oldest first",
    page = { style = "current", items = "activities", size = 100 },
    params = { leadId = id },
    query = { fields = { currentId = i64, offset = int, limit = int_to_1000, timeZoneCode = str } },
  },
  site_activities = {
    method = "GET", path = "/v1.0/leads/{leadId}/activities", class = "read", returns = "SiteActivity[]",
    about = "what a lead did on the site, newest first, 100 a page",
    page = { style = "page", number = "curPage", base = 0 },
    params = { leadId = id },
    query = { fields = { curPage = i32_from_0 } },
  },
  add_site_activity = {
    method = "POST", path = "/v1.0/leads/{leadId}/activity", class = "create", returns = "LeadId",
    about = "record what a lead did on a site", find = "crm.leads:site_activities(leadId)",
    params = { leadId = i64 },
    body = {
      required = { "type", "text", "link", "picture", "created" },
      fields = {
        type = { type = "string", known = { "Search", "Browse", "Favorite", "Request", "Submission" } }, text = str,
        link = str, picture = str, listing = { fields = property_fields }, created = i64, scheduledDate = str,
        pageName = str,
      },
    },
  },
  assign = {
    method = "POST", path = "/v1.0/leads/{leadId}/assignment", class = "create", returns = "LeadId",
    about = "assign people to a lead: an array of { role, assignee = account e-mail }",
    params = { leadId = i64 }, find = "crm.leads:get(leadId)",
    body = {
      type = "array", hint = assignment_hint,
      items = {
        required = { "role" }, hint = assignment_hint, instead = { userId = "assignee", assignedUserId = "assignee" },
        fields = { role = { type = "string", known = { "Agent", "Assistant", "Lender" } }, assignee = str },
      },
    },
  },
  add_inquiry = {
    method = "POST", path = "/v1.0/leads/{leadId}/inquiry", class = "create", returns = "LeadId",
    about = "record what a lead looks for", find = "crm.leads:get(leadId)",
    params = { leadId = i64 },
    body = inquiry,
  },
  save_property = {
    method = "POST", path = "/v1.0/leads/{leadId}/property", class = "create", returns = "LeadId",
    about = "add a property or a mailing address to a lead, or change the one that id names",
    params = { leadId = i64 }, find = "crm.leads:get(leadId)",
    body = property,
  },
  preview_routing = {
    method = "POST", path = "/v1.0/leads/assignee", class = "read", returns = "RoutingPreview[]",
    about = "who would be assigned to such a lead by the routing rules; changes nothing",
    body = {
      required = { "firstName", "email" },
      fields = { firstName = str, lastName = str, email = str, phone = str, birthday = str },
    },
  },
}
