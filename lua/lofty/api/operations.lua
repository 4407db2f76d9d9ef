-- SPDX-License-Identifier: MIT

--- The operations of the Open API by resource and verb: facts, no code.
--
-- Names: `list`, `get`, `create`, `update`, `delete` concern the resource itself; a plural noun (`texts`, `ponds`) is
-- another list; `get_x`, `create_x`, `update_x` concern one thing that belongs to the resource; `by_x` looks up by x;
-- `send_x` sends a message to a person. `v1` has the operations with a newer counterpart.
--
-- An operation has: `method`, `path`, `class` ("read"; "idempotent", which may be repeated; "create"; "notify", which
-- sends a message to a person), `about`, `params` (of the path), `query` or `body` (never both), `page` (see
-- `lofty.api.pages`: `style`, `items`, `size` to ask for and, by style, `number`, `count`, `base`, `cursor`, `keys`,
-- `totals`, `sends_both`, `loose`), `unwrap` (the field that holds the one record), `accept`, `find` (the call that
-- shows whether a lost write arrived), `reaches` (fields that, when true, make it class "notify"), `wait` (a get that
-- may respond 404 right after the create), `deprecated`, `returns` (the response's type, for the annotations).
--
-- A shape has: `type` and `format`, `enum`, `min`, `max`, `max_length`, `without` (characters that the text must not
-- contain), `items`, `min_items`, `max_items`; or `fields` with `required`, `one_of` (sets of which one field is
-- needed) and `when` ({ field, value, needed }). `as` is the type that a text holds; `known` lists usual values, others
-- are accepted; `readonly` fields are not sent; `open` is a table of any shape; `many` accepts an array of them too;
-- `instead` maps names that others use to the right ones; `hint` shows the right form. Text `as = "time"`
-- takes what `lofty.time.text` takes.
--
-- What is required follows the operations' own descriptions where they differ from the schemas, which create and update
-- share.
-- @module lofty.api.operations

-- luacheck: max line length 130
local str, bool, num = { type = "string" }, { type = "boolean" }, { type = "number" }
local int, i32, i64 = { type = "integer" }, { type = "integer", format = "int32" }, { type = "integer", format = "int64" }
local id = { type = "integer", format = "int64", min = 1 }
local time, moment = { type = "string", as = "time" }, { type = "string", as = "time", format = "date-time" }
local given = { type = "integer", format = "int64", readonly = true }
local open = { open = true }
local strs, i32s, i64s = { type = "array", items = str }, { type = "array", items = i32 }, { type = "array", items = i64 }
local hundred_ids = { type = "array", items = i64, max_items = 100 }
local i32_from_0, i32_from_1 = { type = "integer", format = "int32", min = 0 }, { type = "integer", format = "int32", min = 1 }
local i32_to_100 = { type = "integer", format = "int32", min = 1, max = 100 }
local i32_to_1000 = { type = "integer", format = "int32", min = 1, max = 1000 }
local int_from_0 = { type = "integer", min = 0 }
local int_to_100, int_to_1000 = { type = "integer", min = 1, max = 100 }, { type = "integer", min = 1, max = 1000 }
local bool_text, id_text = { type = "string", as = "boolean" }, { type = "string", as = "integer", format = "int64" }
local from_0_text = { type = "string", as = "integer", min = 0 }

local channel = { type = "string", enum = { "CALL", "TEXT", "EMAIL", "ALL" } }
local deal_type = { type = "string", enum = { "Purchase", "Listing", "Lease", "Other" } }
local log_type = { type = "string", enum = { "logCall", "logEmail", "logText" } }
local payee = { type = "string", enum = { "TEAM", "AGENT", "VENDOR_PARTNER", "LEAD", "OTHER", "BROKERAGE", "UPLINE" } }
-- Lofty cuts longer texts without an error; the limits are the document's.
local name30 = { type = "string", max_length = 30 }
local tag = { type = "string", max_length = 64, hint = 'tags are names, as in { "vip" }' }
local names30, tags = { type = "array", items = name30 }, { type = "array", items = tag }
local note_text = { type = "string", max_length = 2000 }
local phone_numbers = { type = "array", items = { type = "string", max_length = 20 } }
local assignment_hint = 'write { { role = "Agent", assignee = "ann@example.com" } }'
local role_filters = {
  type = "string", hint = 'write it as JSON text, as in [{"roleName":"Agent","assigneeToIds":[1]}]',
}
local deal_name = { type = "string", without = "<>" }
local routing_type = { type = "integer", format = "int32", enum = { "1", "2", "4" } }
local agent_role = { type = "string", known = { "Agent", "Assistant" } }
local yes_no = { type = "string", known = { "Yes", "No" } }
local time_frame = { type = "string", known = { "1-3", "3-6", "6-12", "12+", "Just Looking", "Refinancing" } }
local scope = { type = "string", known = { "TEAM", "OFFICE", "PERSONAL" } }

local of_lead = { required = { "leadId" }, fields = { leadId = id } }
local of_any_lead = { required = { "leadId" }, fields = { leadId = i64 } }
local by_role = { when = { { "{type}", "4", "roleId" } }, fields = { roleId = i32 } }
local leads_to_do = { required = { "leadIds" }, fields = { leadIds = hundred_ids } }
local history = {
  required = { "leadId" },
  fields = { leadId = id, offset = i32_from_0, limit = i32_to_1000, currentId = i64 },
}

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
local attribute_fields = { attributeName = str, attributeType = str, value = str, params = str }
local custom_attribute = { required = { "attributeName", "attributeType", "value" }, fields = attribute_fields }
local custom_attributes = { type = "array", items = custom_attribute }
local family = {
  type = "array", max_items = 4,
  items = {
    required = { "firstName" },
    fields = { relationship = str, firstName = str, lastName = str, phones = strs, emails = strs, birthday = str },
  },
}
local commission = {
  fields = {
    id = i64, splitPayType = payee, splitPayTo = i64, splitPayToName = str, payType = payee, payTo = i64,
    payToName = str, value = i64, calculateType = { type = "string", enum = { "PERCENT", "AMOUNT" } }, desc = str,
  },
}
local commissions = { type = "array", items = commission }
local deal_fields = {
  created = given, updated = given, transactionId = given, transactionName = deal_name, leadName = str, assignedAgent = i64,
  transactionType = deal_type, homePrice = num, transactionStatus = str, expectedCloseDate = i64, closeDate = i64,
  commissionRate = num, gci = num, teamRevenue = num, agentRevenue = num, appointmentDate = i64,
  agreementSignedDate = i64, offerDate = i64, contractDate = i64, appraisalDate = i64, homeInspectionDate = i64,
  escrowDate = i64, expiration = i64,
  customFields = { type = "array", items = { fields = { id = i64, value = str } } },
  commissions = { fields = { preSplit = commissions, split = commissions, postSplit = commissions } },
}
local new_deal, deal = { required = { "transactionName" }, fields = deal_fields }, { fields = deal_fields }
local note_fields = { content = note_text, leadId = i64, isPin = bool }
local task_v1_fields = {
  content = str, leadId = i64, deadline = i64, type = { type = "string", enum = { "Other", "Call", "Email", "Text" } },
  assignedRole = { type = "string", enum = { "Agent", "Assistant" } }, finishFlag = bool,
}
local office = {
  fields = {
    id = i64, parentId = i64, name = str, phone = str, phoneCode = str, phoneCountry = str, email = str, city = str,
    state = str, zipcode = str, streetAddress = str, allowManageSub = bool,
  },
}
local agent_sms = { required = { "content" }, fields = { content = str } }
local files = {
  type = "array",
  items = { fields = { fileName = str, size = i32, queryLink = str, contentType = str } },
}

local whole = { style = "all" }
local owner = {
  { "ownershipScope", "OFFICE", "ownershipId" }, { "ownershipScope", "PERSONAL", "ownershipId" },
}
local look_for_lead = "crm.leads:list{ email = ..., preciseSearchFlag = true }"

return {
  leads = {
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
  },

  notes = {
    list = {
      method = "GET", path = "/v1.0/notes", class = "read", returns = "NotePage", about = "all notes of a lead",
      page = { style = "all", items = "notes" },
      query = { required = { "leadId" }, fields = { leadId = id, includeSystemNote = bool } },
    },
    create = {
      method = "POST", path = "/v1.0/notes", class = "create", returns = "NoteId", about = "add a note to a lead",
      body = { required = { "content", "leadId" }, fields = note_fields }, find = "crm.notes:list{ leadId = ... }",
    },
    get = {
      method = "GET", path = "/v1.0/notes/{noteId}", class = "read", returns = "Note", about = "one note",
      params = { noteId = id }, unwrap = "note", wait = true,
    },
    update = {
      method = "PUT", path = "/v1.0/notes/{noteId}", class = "idempotent", params = { noteId = id },
      about = "replace the text of a note and its isPin; without isPin a pinned note may lose its pin",
      body = { required = { "content" }, fields = note_fields },
    },
    delete = {
      method = "DELETE", path = "/v1.0/notes/{noteId}", class = "idempotent", about = "remove a note", params = { noteId = id },
    },
  },

  tasks = {
    list = {
      method = "GET", path = "/v2.0/tasks", class = "read", returns = "TaskPage",
      about = "all tasks and appointments of a lead",
      page = { style = "all", items = "tasks" }, query = of_lead,
    },
    mine = {
      method = "GET", path = "/v2.0/tasks/my-tasks", class = "read", returns = "TaskPage",
      about = "the tasks of a user, by default of the caller",
      page = { style = "current", items = "tasks", size = 100 },
      query = {
        fields = {
          userId = i64, currentId = { type = "integer", format = "int64", min = 0 }, limit = int_to_100,
          timeZoneCode = str,
        },
      },
    },
    create = {
      method = "POST", path = "/v2.0/tasks", class = "create", returns = "TaskId", about = "create a task or an appointment",
      find = "crm.tasks:list{ leadId = ... }",
      body = {
        required = { "type", "content", "leadId", "assignedRole", "endAt" },
        fields = {
          type = { type = "string", known = { "Other", "Call", "Email", "Text", "Appointment" } }, content = str,
          leadId = i64, assignedRole = agent_role, startAt = time, endAt = time, timeZoneCode = str, address = str,
        },
      },
    },
    get = {
      method = "GET", path = "/v2.0/tasks/{taskId}", class = "read", returns = "Task", about = "one task or appointment",
      params = { taskId = id }, unwrap = "task",
    },
    update = {
      method = "PUT", path = "/v2.0/tasks/{taskId}", class = "idempotent", returns = "Message",
      about = "change some fields of a task or an appointment",
      params = { taskId = id },
      body = {
        one_of = { { "content", "startAt", "endAt", "address" } },
        fields = { content = str, startAt = time, endAt = time, timeZoneCode = str, address = str },
      },
    },
    delete = {
      method = "DELETE", path = "/v2.0/tasks/{taskId}", class = "idempotent", returns = "Message",
      about = "remove a task or an appointment", params = { taskId = id },
    },
    finish = {
      method = "POST", path = "/v2.0/tasks/{taskId}/finish", class = "idempotent", returns = "Message",
      about = "mark as done", params = { taskId = id }, find = "crm.tasks:get(taskId)",
    },
    unfinish = {
      method = "POST", path = "/v2.0/tasks/{taskId}/unfinish", class = "idempotent", returns = "Message",
      about = "mark as not done", params = { taskId = id }, find = "crm.tasks:get(taskId)",
    },
  },

  calendar = {
    list = {
      method = "GET", path = "/v2.0/calendar", class = "read", returns = "CalendarPage",
      about = "calendar entries between two times",
      page = { style = "page", items = "data.items", number = "page", count = "pageSize", base = 0, size = 100 },
      query = {
        one_of = { { "startTime", "endTime", "startTimeMs", "endTimeMs" } }, instead = { offset = "page", limit = "pageSize" },
        fields = {
          leadId = id_text, startTime = time, endTime = time, startTimeMs = id_text, endTimeMs = id_text,
          timeZoneCode = str, includeFinished = bool_text, page = from_0_text,
          pageSize = { type = "string", as = "integer", min = 1, max = 500 }, sort = str, desc = bool_text,
          sourceType = { type = "string", as = "integer", many = true },
        },
      },
    },
    available_meetings = {
      method = "GET", path = "/v2.0/calendar/meetings/available", class = "read", returns = "MeetingSlots",
      about = "free slots within 90 days",
      page = { style = "all", items = "data.slots", size = 100 },
      query = {
        one_of = { { "startTime", "startTimeMs" }, { "endTime", "endTimeMs" } },
        fields = {
          startTime = time, endTime = time, startTimeMs = i64, endTimeMs = i64, timeZoneCode = str, limit = i32_from_1,
        },
      },
    },
    create = {
      method = "POST", path = "/v2.0/calendar", class = "create", returns = "CalendarId", unwrap = "data",
      about = "create a task or an appointment; its id is a string", find = "crm.calendar:list{ leadId = ..., startTime = ... }",
      body = {
        required = { "type", "content", "leadId" },
        when = { { "type", "TASK", "taskWay" }, { "type", "task", "taskWay" } },
        one_of = { { "startAt", "startAtMs" }, { "endAt", "endAtMs" } },
        fields = {
          type = { type = "string", known = { "TASK", "APPOINTMENT" } }, content = str, leadId = i64, startAt = time,
          endAt = time, startAtMs = i64, endAtMs = i64, timeZoneCode = str,
          taskWay = { type = "string", known = { "Call", "Email", "Text", "Other" } }, assignedRole = agent_role,
          address = str,
        },
      },
    },
    update = {
      method = "PUT", path = "/v2.0/calendar/{calendarId}", class = "idempotent", returns = "Message",
      about = "change some fields of a calendar entry", find = "crm.calendar:list{ startTime = ... }",
      params = { calendarId = str },
      body = {
        fields = {
          content = str, startAt = time, endAt = time, startAtMs = i64, endAtMs = i64, timeZoneCode = str,
          reminderType = str, reminderTime = str, leadId = i64, address = str,
        },
      },
    },
    delete = {
      method = "DELETE", path = "/v2.0/calendar/{calendarId}", class = "idempotent", returns = "Message",
      about = "remove a calendar entry", params = { calendarId = str }, find = "crm.calendar:list{ startTime = ... }",
    },
    finish = {
      method = "POST", path = "/v2.0/calendar/{calendarId}/finish", class = "idempotent", returns = "Message",
      about = "mark as done", params = { calendarId = str }, find = "crm.calendar:list{ startTime = ... }",
    },
    unfinish = {
      method = "POST", path = "/v2.0/calendar/{calendarId}/unfinish", class = "idempotent", returns = "Message",
      about = "mark as not done", params = { calendarId = str }, find = "crm.calendar:list{ startTime = ... }",
    },
  },

  calls = {
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
  },

  communication = {
    texts = {
      method = "GET", path = "/v1.0/communication/text", class = "read", returns = "TextPage", about = "texts with a lead",
      page = { style = "current", items = "texts", size = 100 }, query = history,
    },
    emails = {
      method = "GET", path = "/v1.0/communication/email", class = "read", returns = "EmailPage",
      about = "e-mails with a lead", page = { style = "current", items = "emails", size = 100 }, query = history,
    },
    calls = {
      method = "GET", path = "/v1.0/communication/call", class = "read", returns = "CallHistoryPage",
      about = "calls with a lead", page = { style = "current", items = "calls", size = 100 }, query = history,
    },
    calls_v2 = {
      method = "GET", path = "/v1.0/communication/call/v2", class = "read", returns = "CallV2Page",
      about = "calls with a lead: more kinds of calls, fewer fields",
      page = { style = "current", items = "calls", size = 100 }, query = history,
    },
    by_agent = {
      method = "GET", path = "/v2.0/communication/agent", class = "read", returns = "CommunicationPage",
      about = "communications within at most 90 days",
      page = { style = "cursor", items = "data", cursor = "nextCursor" },
      query = {
        required = { "startTime", "endTime" },
        fields = {
          type = channel, startTime = i64, endTime = i64, limit = i32_to_1000, cursor = str, teamView = bool,
        },
      },
    },
    get_text = {
      method = "GET", path = "/v2.0/communication/text/{communicationId}", class = "read", returns = "Text",
      about = "one text, by its timelineId", params = { communicationId = id },
    },
    get_email = {
      method = "GET", path = "/v2.0/communication/email/{communicationId}", class = "read", returns = "Email",
      about = "one e-mail, by its timelineId", params = { communicationId = id },
    },
    get_call = {
      method = "GET", path = "/v2.0/communication/call/{communicationId}", class = "read", returns = "Call",
      about = "one call, by its timelineId", params = { communicationId = id },
    },
    send_sms = {
      method = "POST", path = "/v1.0/message/sms/send", class = "notify", returns = "SentSms",
      about = "send a text message to a lead", find = "crm.communication:texts{ leadId = ... }",
      body = {
        required = { "leadId", "content" },
        instead = { body = "content", message = "content", text = "content", to = "phoneNumber" },
        fields = { leadId = i64, content = str, phoneNumber = str, phoneCode = str },
      },
    },
    send_email = {
      method = "POST", path = "/v1.0/message/email/send", class = "notify", returns = "SentEmail",
      about = "send an e-mail to a lead", find = "crm.communication:emails{ leadId = ... }",
      body = {
        required = { "leadId", "subject", "content" }, instead = { body = "content", message = "content", to = "toEmail" },
        fields = { leadId = i64, subject = str, content = str, toEmail = str },
      },
    },
  },

  logs = {
    list = {
      method = "GET", path = "/v1.0/logType", class = "read", returns = "ManualLogPage",
      about = "calls, e-mails or texts that were logged by hand",
      page = { style = "offset", items = "logType", size = 100 },
      query = {
        required = { "leadId", "logType" },
        fields = {
          leadId = id, logType = log_type, offset = i32_from_0, limit = i32_to_1000, currentId = i64,
          sort = { type = "string", enum = { "createTime", "id" } }, order = { type = "string", enum = { "asc", "desc" } },
        },
      },
    },
    create = {
      method = "POST", path = "/v1.0/logType", class = "create", returns = "ManualLog", unwrap = "logType",
      about = "log a call, an e-mail or a text by hand", find = "crm.logs:list{ leadId = ..., logType = ... }",
      body = {
        required = { "leadId", "logType", "content" }, when = { { "logType", "logCall", "leadPhoneNumber" } },
        fields = {
          leadId = i64, logType = log_type, leadPhoneNumber = { type = "string", max_length = 20 },
          callingOutcome = {
            type = "string", max_length = 20,
            enum = { "Talked", "VoiceMessage", "NoAnswer", "BadNumber", "DNCNumber", "DNCContact" },
          },
          content = { type = "string", max_length = 5000 },
          outboundOrInbound = { type = "string", enum = { "outbound", "inbound" } }, isPin = bool, emailSubject = str,
          toEmail = str, fromEmail = str,
        },
      },
    },
    get = {
      method = "GET", path = "/v1.0/logType/{logTypeId}", class = "read", returns = "ManualLog", about = "one logged entry",
      params = { logTypeId = id }, unwrap = "logType", wait = true,
    },
    delete = {
      method = "DELETE", path = "/v1.0/logType/{logTypeId}", class = "idempotent", about = "remove a logged entry",
      params = { logTypeId = id },
    },
    system = {
      method = "GET", path = "/v1.0/systemLogs", class = "read", returns = "SystemLogPage",
      about = "what changed on a lead, newest first",
      page = { style = "page", items = "timeLines", number = "pageNumber", count = "pageSize", base = 0, size = 100 },
      query = {
        required = { "leadId" },
        fields = { leadId = id, startTime = i64, endTime = i64, pageNumber = i32_from_0, pageSize = i32_to_1000 },
      },
    },
  },

  transactions = {
    list = {
      method = "GET", path = "/v2.0/transactions", class = "read", returns = "TransactionPage",
      about = "deals; only purchases unless transactionType says more (All)",
      page = { style = "page", items = "pageData", number = "pageNum", count = "pageSize", base = 0, size = 100 },
      query = {
        instead = { page = "pageNum", limit = "pageSize" },
        fields = {
          pageSize = i32_to_100, pageNum = i32_from_0, queryKey = { type = "string", max_length = 15 }, leadId = i64,
          transactionType = { type = "string", enum = { "Purchase", "Listing", "Lease", "Other", "All" } },
        },
      },
    },
    by_lead = {
      method = "GET", path = "/v1.0/leads/{leadId}/transactions", class = "read", returns = "Transaction[]",
      about = "all deals of a lead", page = whole, params = { leadId = i64 },
    },
    create = {
      method = "POST", path = "/v1.0/leads/{leadId}/transaction", class = "create", returns = "Transaction",
      about = "create a deal for a lead", params = { leadId = i64 }, body = new_deal,
      find = "crm.transactions:by_lead(leadId)",
    },
    get = {
      method = "GET", path = "/v1.0/leads/{leadId}/transaction/{transactionId}", class = "read", returns = "Transaction",
      about = "one deal of a lead", params = { leadId = i64, transactionId = i64 },
    },
    update = {
      method = "PUT", path = "/v1.0/leads/{leadId}/transaction/{transactionId}", class = "idempotent", returns = "Transaction",
      about = "change some fields of a deal", params = { leadId = i64, transactionId = i64 }, body = deal,
    },
    get_address = {
      method = "GET", path = "/v1.0/leads/{leadId}/transaction/{transactionId}/property/address", class = "read",
      about = "the address of a deal's property", params = { leadId = i64, transactionId = i64 },
      returns = "TransactionAddress",
    },
    update_address = {
      method = "POST", path = "/v1.0/leads/{leadId}/transaction/property/address", class = "idempotent", returns = "CodeMessage",
      about = "replace the whole address of a deal's property", params = { leadId = i64 },
      find = "crm.transactions:get_address(leadId, transactionId)",
      body = {
        required = { "transactionId" },
        fields = {
          transactionId = i64, unit = str, label = str, state = str, city = str, zipCode = str, streetAddress = str,
          county = str,
        },
      },
    },
    pipelines = {
      method = "GET", path = "/v2.0/transactions/pipelines", class = "read", returns = "TransactionPipelines",
      about = "the pipelines of deals and their stages", page = { style = "all", items = "pipelines" },
    },
    custom_fields = {
      method = "GET", path = "/v1.0/transaction/customfields", class = "read", returns = "TransactionCustomField[]",
      about = "the custom fields that deals have", page = whole,
    },
  },

  listings = {
    list = {
      method = "GET", path = "/v1.0/listing", class = "read", returns = "ListingPage",
      about = "active and sold listings of an agent, an office or by MLS id",
      page = {
        style = "key", items = "listIng", size = 100,
        keys = { listIng = "nextPageKey", soldListing = "soldNextPageKey" },
        totals = { listIng = "activeTotal", soldListing = "soldTotal" },
      },
      query = {
        one_of = {
          {
            "agentListings", "officeListings", "listingId", "soldListingId", "mlsListingIds", "buildingName",
            "buildingAddress",
          },
        },
        instead = { agentId = "userId" },
        fields = {
          userId = i64, listingId = str, nextPageKey = str, soldNextPageKey = str, mlsListingIds = str, street = str,
          limit = i32_to_1000, soldListingId = str, officeListings = bool, agentListings = bool, buildingName = str,
          buildingAddress = str, showCondition = bool,
        },
      },
    },
    search = {
      method = "POST", path = "/v2.0/listings/search", class = "read", returns = "ListingSearchPage",
      about = "search MLS listings; an unknown condition finds nothing",
      page = { style = "page", items = "listing", number = "pageNum", count = "pageSize", base = 1, size = 100 },
      body = {
        instead = {
          scope = "searchScope", sold = "soldFlag", filter = "filterConditions", keyword = "filterConditions",
          priceMin = "filterConditions", page = "pageNum", limit = "pageSize",
        },
        fields = {
          searchScope = { type = "string", enum = { "my", "office", "all" } }, soldFlag = bool, filterConditions = open,
          sortFields = strs, returnFields = strs, pageNum = i32_from_1, pageSize = i32_to_100,
        },
      },
    },
    get_published = {
      method = "GET", path = "/v1.0/getPublishedListings", class = "read", returns = "string", accept = "application/xml",
      about = "the feed of published listings: XML, as text",
      query = {
        required = { "type" }, fields = { type = { type = "string", enum = { "LuxVT", "AptCom", "AllOnMarket" } } },
      },
    },
  },

  members = {
    list = {
      method = "GET", path = "/v1.0/members", class = "read", returns = "MemberPage", about = "the members of the team",
      page = { style = "scroll", items = "members", sends_both = true },
      query = { fields = { groupIds = i64s, offset = i32_from_0, limit = i32_from_1 } },
    },
    get = {
      method = "GET", path = "/v1.0/members/{account}", class = "read", returns = "Member",
      about = "a member, by the e-mail of the account", params = { account = str },
    },
    get_by_id = {
      method = "GET", path = "/v1.0/users/{userId}", class = "read", returns = "Member", deprecated = true,
      about = "a member, by user id", params = { userId = id },
    },
    me = { method = "GET", path = "/v1.0/me", class = "read", returns = "Member", about = "the caller's own member record" },
  },

  agents = {
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
  },

  notifications = {
    send_opportunity_alert = {
      method = "POST", path = "/v1.0/agent/send-notification", class = "notify", returns = "AlertSent",
      about = "notify a lead's agents of an opportunity by push, for some types also by SMS and e-mail",
      find = "the agent's notifications in Lofty",
      body = {
        required = { "leadId", "notificationType" },
        fields = {
          leadId = i64, description = str, link = str, message = str,
          notificationType = {
            type = "integer", format = "int32",
            enum = {
              9, 10, 11, 27, 46, 47, 48, 50, 52, 65, 66, 89, 136, 137, 138, 139, 140, 141, 162, 164, 165, 166, 167, 168,
            },
          },
        },
      },
    },
    send_email_to_agent = {
      method = "POST", path = "/v2.0/sales-agent/message/email/send-to-agent", class = "notify", returns = "Message",
      about = "send an e-mail to the agent whose credential is used", find = "the agent's mailbox",
      body = { required = { "subject", "content" }, fields = { subject = str, content = str } },
    },
    send_sms_to_agent = {
      method = "POST", path = "/v2.0/sales-agent/message/sms/send-to-agent", class = "notify", returns = "Message",
      about = "send a text message to the agent whose credential is used", find = "the agent's phone", body = agent_sms,
    },
    send_task_reminder = {
      method = "POST", path = "/v2.0/sales-agent/notification/app-push/send-task-reminder", class = "notify",
      about = "send a push reminder to the agent of a task", find = "the agent's phone", returns = "Message",
      body = {
        required = { "taskId", "type" },
        fields = { taskId = i64, type = { type = "string", enum = { "TASK", "APPOINTMENT" } } },
      },
    },
  },

  routing = {
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
  },

  webhooks = {
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
  },

  sales_agents = {
    get_current = {
      method = "GET", path = "/v2.0/sales-agents/current", class = "read", returns = "SalesAgent",
      about = "the caller's AI assistant",
    },
    get_by_lead = {
      method = "GET", path = "/v2.0/sales-agents/by-lead", class = "read", returns = "SalesAgent",
      about = "the AI assistant of a lead", query = of_any_lead,
    },
    get_quota = {
      method = "GET", path = "/v2.0/sales-agents/quota", class = "read", returns = "SalesAgentQuota",
      about = "how many leads the AI assistant may still take",
    },
    get_settings = {
      method = "GET", path = "/v2.0/sales-agent/settings", class = "read", returns = "SalesAgentSettings",
      about = "the settings of the caller's AI assistant",
    },
    update_settings = {
      method = "PUT", path = "/v2.0/sales-agent/settings", class = "idempotent", returns = "Message",
      about = "change the settings of the caller's AI assistant",
      body = {
        required = { "id" },
        fields = {
          id = id, assistantName = str, virtualNumber = str, virtualNumberCountry = str,
          callTransferType = { type = "string", known = { "Disabled", "ToAssignedAgent" } }, fixedNumber = str,
          agentExperience = str, rentalBusiness = bool, websiteChannel = bool, textChannel = bool, emailChannel = bool,
          startActiveHour = { type = "integer", format = "int32", min = 0, max = 23 },
          endActiveHour = { type = "integer", format = "int32", min = 0, max = 23 },
          activeDays = { type = "array", items = { type = "integer", format = "int32", min = 0, max = 6 } },
          leadTypes = i32s, leadSources = i64s, leadPipelines = i64s, agentIds = i64s, officeIds = i64s,
          leadPondIds = i64s, newLeadEnable = bool, visitorsEnable = bool,
          followUpRole = { type = "string", known = { "AI", "Agent" } },
        },
      },
    },
    working_leads = {
      method = "GET", path = "/v2.0/working-leads", class = "read", returns = "WorkingLeadPage",
      about = "the leads that the AI assistant works on",
      page = { style = "offset", items = "workingLeads", size = 100 },
      query = {
        instead = { page = "offset", pageSize = "limit" },
        fields = {
          aiStage = { type = "string", known = { "HIGH_PRIORITY", "AI_PROSPECTING", "AI_MONITORING" } },
          limit = { type = "string", as = "integer", min = 1, max = 100 }, offset = from_0_text,
          sort = { type = "string", known = { "Default", "CreateTime", "UpdateTime" } }, desc = bool_text,
        },
      },
    },
    get_working_lead = {
      method = "GET", path = "/v2.0/sales-agents/working-lead/{leadId}", class = "read", returns = "WorkingLead",
      about = "whether the AI assistant works on a lead", params = { leadId = i64 },
    },
    add_working_leads = {
      method = "POST", path = "/v2.0/working-leads/add", class = "create", returns = "Message",
      about = "add up to 100 leads to those that the AI assistant works on", find = "crm.sales_agents:working_leads{}",
      body = { required = { "leadIds" }, fields = { leadIds = hundred_ids, createPlanTask = bool } },
    },
    mute_lead = {
      method = "PUT", path = "/v2.0/sales-agents/working-lead/{leadId}/mute", class = "idempotent", returns = "Message",
      about = "mute the AI assistant for a lead", params = { leadId = i64 },
      find = "crm.sales_agents:get_mute_status{ leadId = ... }",
    },
    get_mute_status = {
      method = "GET", path = "/v2.0/sales-agent/lead/mute-status", class = "read", returns = "MuteStatus", unwrap = "data",
      about = "whether the AI assistant is muted for a lead", query = of_any_lead,
    },
    plan_tasks = {
      method = "GET", path = "/v2.0/plan-tasks/lead/{leadId}", class = "read", returns = "PlanTask[]",
      about = "the tasks that the AI assistant plans for a lead", page = whole, params = { leadId = i64 },
    },
    create_plan_tasks = {
      method = "POST", path = "/v2.0/plan-tasks/create", class = "create", returns = "Outcome", body = leads_to_do,
      about = "have the AI assistant plan tasks for up to 100 leads", find = "crm.sales_agents:plan_tasks(leadId)",
    },
    send_sms_to_agent = {
      method = "POST", path = "/v2.0/sales-agent/ai-number/send-sms-to-agent", class = "notify", returns = "Message",
      about = "send a text message from the AI assistant's number to the agent whose credential is used",
      find = "the agent's phone", body = agent_sms,
    },
  },

  ai = {
    generate_call_script = {
      method = "POST", path = "/v2.0/ai/call-script", class = "create", returns = "CallScript",
      about = "generate a script for a call",
      body = { required = { "leadId", "taskId" }, fields = { leadId = i64, taskId = i64 } },
    },
    generate_call_summary = {
      method = "POST", path = "/v2.0/ai/call-summary/generate", class = "create", returns = "Message",
      about = "generate a summary of a call", find = "crm.ai:get_call_summary{ callRecordId = ... }",
      body = { required = { "callRecordId", "leadId" }, fields = { callRecordId = i64, leadId = i64 } },
    },
    get_call_summary = {
      method = "GET", path = "/v2.0/ai/call-summary", class = "read", returns = "CallSummary", unwrap = "data",
      about = "the summary of a call", query = { required = { "callRecordId" }, fields = { callRecordId = i64 } },
    },
    lead_analyses = {
      method = "GET", path = "/v2.0/ai/lead-analysis", class = "read", returns = "Outcome",
      about = "the caller's analyses of the last three months",
      page = { style = "page", items = "data", number = "pageNum", count = "pageSize", base = 1, loose = true },
      query = { fields = { pageNum = i32_from_1, pageSize = i32_from_1 } },
    },
    analyze_leads = {
      method = "POST", path = "/v2.0/ai/lead-analysis", class = "create", returns = "Outcome",
      about = "start an analysis of leads",
      find = "crm.ai:lead_analyses{}",
      body = { required = { "leadIds" }, fields = { leadIds = { type = "array", items = i64, min_items = 1 } } },
    },
    prepare_insight = {
      method = "POST", path = "/v2.0/ai/prepare-insight", class = "create", returns = "Outcome",
      about = "generate notes for an appointment",
      body = { required = { "leadId", "appointmentId" }, fields = { leadId = i64, appointmentId = i64 } },
    },
  },

  team_features = {
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
  },

  org = {
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
  },

  vendors = {
    list = {
      method = "GET", path = "/v1.0/vendor/list", class = "read", returns = "Vendor[]", about = "the team's vendors",
      page = whole,
    },
  },

  brokermint = {
    update_lead = {
      method = "PUT", path = "/v1.0/brokermint/lead", class = "idempotent", returns = "CodeMessage",
      about = "sync a contact from Brokermint; not for other callers", find = look_for_lead,
      body = {
        fields = {
          email = str, firstName = str, lastName = str, contactType = str, externalId = str, address = str, city = str,
          state = str, zip = str, phone = str, bmPrivate = bool, leadSource = str,
        },
      },
    },
    update_transaction = {
      method = "PUT", path = "/v1.0/brokermint/transaction", class = "idempotent", returns = "CodeMessage",
      about = "sync a deal from Brokermint; not for other callers", find = "crm.transactions:list{ transactionType = \"All\" }",
      body = {
        required = { "id" },
        fields = {
          id = i64, agentId = i64, agentName = str, address = str, city = str, state = str, zip = str,
          status = { type = "string", enum = { "Closed", "Cancelled" } }, transactionType = deal_type, price = num,
          representing = str, acceptanceDate = moment, expirationDate = moment, closedAt = moment, closingDate = moment,
        },
      },
    },
  },

  ["v1.tasks"] = {
    list = {
      method = "GET", path = "/v1.0/tasks", class = "read", returns = "TaskV1Page", about = "the tasks of a lead",
      page = { style = "all", items = "taskList" }, query = of_lead,
    },
    create = {
      method = "POST", path = "/v1.0/tasks", class = "create", returns = "TaskId", about = "create a task; deadline in ms",
      body = { required = { "content", "leadId", "deadline", "type", "assignedRole" }, fields = task_v1_fields },
      find = "crm.v1.tasks:list{ leadId = ... }",
    },
    get = {
      method = "GET", path = "/v1.0/tasks/{taskId}", class = "read", returns = "TaskV1", about = "one task",
      params = { taskId = id }, unwrap = "task",
    },
    update = {
      method = "PUT", path = "/v1.0/tasks/{taskId}", class = "idempotent", params = { taskId = id },
      about = "change some fields of a task; with finishFlag = true it is finished and the other fields are ignored",
      body = {
        one_of = { { "content", "leadId", "deadline", "type", "assignedRole", "finishFlag" } }, fields = task_v1_fields,
      },
    },
    delete = {
      method = "DELETE", path = "/v1.0/tasks/{taskId}", class = "idempotent", about = "remove a task", params = { taskId = id },
    },
  },

  ["v1.appointments"] = {
    list = {
      method = "GET", path = "/v1.0/appts", class = "read", returns = "Appointment[]",
      about = "the appointments of a lead", page = whole, query = of_lead,
    },
  },

  ["v1.communication"] = {
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
  },
}
