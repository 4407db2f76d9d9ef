-- SPDX-License-Identifier: MIT

--- The kinds of records that `lofty export` can write.
--
-- - `resource`, `verb`: the operation that lists it.
-- - `id`: the name of the field that identifies a record.
-- - `columns`: the fields in a CSV file and in a database table. JSON lines, and the column `record` of a table, have
--   all fields.
-- - `history`: columns whose changes a database keeps.
-- - `complete(filter, now)`: adds parameters without which the API rejects the list or returns only a part of it.
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
  -- Without a type, the API lists only purchases.
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
  -- A record that is older than the window is not a deleted one.
  is_window = true,
}

-- Exported with leads (--with): one call returns all records of a lead.
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
