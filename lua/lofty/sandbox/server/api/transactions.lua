-- SPDX-License-Identifier: MIT

--- Transactions of leads, their search, their pipelines.
-- @module lofty.sandbox.server.api.transactions

local accounts = require "lofty.sandbox.server.accounts"
local errors = require "lofty.sandbox.server.errors"
local events = require "lofty.sandbox.server.events"
local json = require "lofty.sandbox.server.json"
local leads = require "lofty.sandbox.server.lead_records"
local pages = require "lofty.sandbox.server.pages"
local seed = require "lofty.sandbox.server.seed"
local settings = require "lofty.sandbox.server.settings"
local state = require "lofty.sandbox.server.state"

local transactions = {}

local TYPES = { "Purchase", "Listing", "Lease", "Other" }
local STAGES = { "Pre-contract", "Under Contract", "Closed" }

-- The transactions of an account; every fourth is not a purchase.
local function of(account)
  local person = accounts.find(account)
  return state.collection(account .. "/transactions", "transactionId", function()
    local list, all = {}, leads.of(account):list()
    for n = 0, (person.leads > 0 and 130 or 0) - 1 do
      local lead, when, who = all[n % person.leads + 1], seed.time(n), seed.person(n + 300)
      list[n + 1] = {
        transactionId = seed.id(person, "transaction", n), leadId = lead.leadId, transactionName = who.street,
        leadName = leads.name(lead), agentName = person.first .. " " .. person.last,
        assignedAgent = seed.user(person), transactionType = n % 4 == 3 and TYPES[n % 3 + 2] or "Purchase",
        transactionStatus = STAGES[n % 3 + 1], homePrice = 300000 + n * 2500.5, commissionRate = 2.5, gci = 9000,
        teamRevenue = 3000, agentRevenue = 6000, created = seed.millis(when), updated = seed.millis(when + 600),
        expectedCloseDate = seed.millis(when + 30 * 86400), closeDate = -1, propertyId = seed.id(person, "property", n),
        customFields = json.array {},
        address = { streetAddress = who.street, city = who.city, state = who.state, zipCode = who.zip },
      }
    end
    return list
  end)
end

-- As the search shows it.
local function shown(record)
  local out = {}
  for name, value in pairs(record) do out[name] = value end
  out.address = nil
  return out
end

-- As the operations below a lead show it: without the fields that name the lead.
local function of_lead(record)
  local out = shown(record)
  out.leadId, out.agentName, out.propertyId = nil, nil, nil
  return out
end

local function need(call, id)
  local lead = leads.need(call.account, call.params.leadId)
  local record = of(call.account):find(id)
  if not record or json.digits(record.leadId) ~= json.digits(lead.leadId) then errors.raise("TRANSACTION_NOT_EXIST") end
  return record
end

local function fire(call, what, record)
  events.fire(call.account, "Transaction", what, { leadId = record.leadId, transactionId = record.transactionId })
  return of_lead(record)
end

local function check(body)
  local name = body.transactionName
  if name and (not name:find("%S") or name:find("[<>]")) then errors.raise("TRANSACTION_NAME_BLANK") end
  if not body.transactionStatus then return end
  for _, stage in ipairs(STAGES) do
    if stage:lower() == body.transactionStatus:lower() then return end
  end
  errors.raise("TRANSACTION_STATUS_INVALID")
end

transactions["GET /v2.0/transactions"] = function(call)
  local query = call.query
  local size = pages.limit(query, 20, 100, "LIMIT_NOT_VALID", "pageSize")
  local page, kind = pages.number(query, "pageNum", 0), query.transactionType or "Purchase"
  if page < 0 then errors.raise("INVALID_PARAMETER") end
  local key = (query.queryKey or ""):sub(1, 15):lower() -- the rest is ignored
  local list = pages.filter(of(call.account):list(), function(record)
    return (kind == "All" or record.transactionType == kind)
      and (not query.leadId or json.digits(record.leadId) == query.leadId)
      and (key == "" or record.transactionName:lower():find(key, 1, true) ~= nil)
  end)
  for i, record in ipairs(list) do list[i] = shown(record) end
  return { pageNum = page, pageSize = size, totalCount = #list, pageData = pages.slice(list, page * size, size) }
end

transactions["GET /v2.0/transactions/pipelines"] = function()
  local pipelines = json.array {}
  for i, kind in ipairs(TYPES) do
    local stages = json.array {}
    for k, name in ipairs(STAGES) do stages[k] = { id = i * 100 + k, name = name, default = k == 1 } end
    pipelines[i] = { transactionType = kind, stages = stages }
  end
  return { pipelines = pipelines }
end

transactions["GET /v1.0/leads/{leadId}/transactions"] = function(call)
  local id = json.digits(leads.need(call.account, call.params.leadId).leadId)
  local out = json.array {}
  for _, record in ipairs(of(call.account):list()) do
    if json.digits(record.leadId) == id then out[#out + 1] = of_lead(record) end
  end
  return out
end

transactions["POST /v1.0/leads/{leadId}/transaction"] = function(call)
  local lead = leads.need(call.account, call.params.leadId)
  check(call.body)
  local now, person, fields = seed.millis(math.floor(settings.now())), accounts.find(call.account), {}
  for name, value in pairs(call.body) do fields[name] = value end
  fields.transactionId = seed.new_id(person, "transaction", state.sequence("transaction"))
  fields.leadId, fields.leadName = lead.leadId, leads.name(lead)
  fields.transactionType, fields.transactionStatus = fields.transactionType or "Purchase", fields.transactionStatus or STAGES[1]
  fields.assignedAgent, fields.created, fields.updated = fields.assignedAgent or seed.user(person), now, now
  return fire(call, "created", of(call.account):put(fields))
end

transactions["GET /v1.0/leads/{leadId}/transaction/{transactionId}"] = function(call)
  return of_lead(need(call, call.params.transactionId))
end

transactions["PUT /v1.0/leads/{leadId}/transaction/{transactionId}"] = function(call)
  local record, fields = need(call, call.params.transactionId), {}
  check(call.body)
  for name, value in pairs(call.body) do fields[name] = value end
  fields.transactionId, fields.leadId, fields.created = record.transactionId, record.leadId, record.created
  fields.updated = seed.millis(math.floor(settings.now()))
  return fire(call, "updated", of(call.account):change(record, fields))
end

transactions["GET /v1.0/leads/{leadId}/transaction/{transactionId}/property/address"] = function(call)
  local record = need(call, call.params.transactionId)
  local address = { transactionId = record.transactionId }
  for name, value in pairs(record.address or {}) do address[name] = value end
  return address
end

-- Replaces the whole address; the body names the transaction.
transactions["POST /v1.0/leads/{leadId}/transaction/property/address"] = function(call)
  local record, address = need(call, json.digits(call.body.transactionId)), {}
  for name, value in pairs(call.body) do address[name] = value end
  address.transactionId = nil
  fire(call, "updated", of(call.account):change(record, { address = address }))
  return { code = 0, message = "success" }
end

transactions["GET /v1.0/transaction/customfields"] = function()
  return json.array { { id = 7001, name = "Referral fee", type = "PERCENTAGE", params = "" },
                      { id = 7002, name = "Closing gift", type = "TEXT", params = "" } }
end

transactions["PUT /v1.0/brokermint/transaction"] = function(call)
  local record = of(call.account):find(json.digits(call.body.id))
  if not record then return { code = 200060, message = "TRANSACTION_NOT_EXIST" } end -- at HTTP 200
  fire(call, "updated",
       of(call.account):change(record, { transactionStatus = call.body.status, homePrice = call.body.price }))
  return { code = 0, message = "success" }
end

transactions["PUT /v1.0/brokermint/lead"] = function(call)
  if not call.body.email then return { code = 20012, message = "INVALID_PARAMETER" } end
  return { code = 0, message = "success" }
end

return transactions
