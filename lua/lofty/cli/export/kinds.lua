-- SPDX-License-Identifier: MIT

--- What `lofty export` can write: for each kind of record its list, its id and its columns.
--
-- - `resource`, `verb`: the operation that lists it. `items`: which field of a page holds the records.
-- - `id`: the name of the field that identifies a record.
-- - `columns`: fields of a CSV file and of a table. Further fields are in JSON lines and in a table's column `record`.
-- - `history`: columns whose changes are kept in a database.
-- - `complete(filter, now)`: adds parameters without which the API refuses the list or gives a part of it.
-- @module lofty.cli.export.kinds

local DAY = 86400
-- GET /v2.0/communication/agent accepts at most 90 days.
local CALL_DAYS = 90

local kinds = {}

kinds.leads = {
  resource = "leads", verb = "list", id = "leadId", history = { "stage", "assignedUser" },
  columns = {
    "leadId", "firstName", "lastName", "emails", "phones", "stage", "source", "assignedUser", "assignedUserId", "score",
    "tags", "groups", "segments", "leadTypes", "language", "birthday", "referredBy", "streetAddress", "city", "state",
    "zipCode", "cannotCall", "cannotText", "cannotEmail", "unsubscription", "createTime", "lastUpdateTime", "lastTouch",
  },
}

kinds.members = {
  resource = "members", verb = "list", id = "id", history = { "roleName" },
  columns = {
    "id", "memberUserId", "firstName", "lastName", "email", "phoneNumber", "roleName", "accountStatus", "groupName",
    "assignedLeadCount", "newLeadCount", "timeZoneId",
  },
}

kinds.transactions = {
  resource = "transactions", verb = "list", id = "transactionId", history = { "transactionStatus", "agentName" },
  columns = {
    "transactionId", "transactionName", "transactionType", "transactionStatus", "leadId", "leadName", "agentName",
    "assignedAgent", "homePrice", "commissionRate", "gci", "agentRevenue", "teamRevenue", "expectedCloseDate",
    "closeDate", "created", "updated",
  },
  -- Without a type the API lists purchases alone.
  complete = function(filter) filter.transactionType = filter.transactionType or "All" end,
}

kinds.listings = {
  resource = "listings", verb = "list", id = "listingId", history = { "listingStatus", "price" },
  columns = {
    "listingId", "mlsListingId", "listingStatus", "price", "listingStreetName", "listingCity", "listingState",
    "listingZipcode", "beds", "baths", "sqft", "builtYear", "propertyTypePrimary", "agentName", "siteDetailLink",
  },
  complete = function(filter)
    if next(filter) == nil then filter.agentListings = true end
  end,
}

kinds.calls = {
  resource = "communication", verb = "by_agent", id = "id", history = {},
  columns = {
    "id", "agentId", "leadId", "direction", "communicationTime", "communicationType", "callDuration", "callOutcome",
    "status",
  },
  complete = function(filter, now)
    filter.type = filter.type or "CALL"
    filter.endTime = filter.endTime or ("%.0f"):format(now * 1000)
    filter.startTime = filter.startTime or ("%.0f"):format((now - CALL_DAYS * DAY) * 1000)
  end,
  -- The window moves with time: a record that leaves it did not vanish.
  is_window = true,
}

-- What is exported with leads (--with): all records of one lead in one call.
kinds.notes = {
  resource = "notes", verb = "list", id = "noteId", history = {}, of_lead = true,
  columns = { "noteId", "leadId", "content", "isPin", "creatorName", "createTime", "lastUpdate" },
}
kinds.tasks = {
  resource = "tasks", verb = "list", id = "id", history = {}, of_lead = true,
  columns = {
    "id", "leadId", "type", "content", "subject", "assignedUser", "startAt", "endAt", "finishFlag", "finishTime",
    "createTime", "lastUpdate",
  },
}

return kinds
