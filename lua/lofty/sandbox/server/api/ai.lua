-- SPDX-License-Identifier: MIT

--- The AI operations, whose rate limits are lower than the application's.
-- @module lofty.sandbox.server.api.ai

local accounts = require "lofty.sandbox.server.accounts"
local errors = require "lofty.sandbox.server.errors"
local json = require "lofty.sandbox.server.json"
local leads = require "lofty.sandbox.server.lead_records"
local pages = require "lofty.sandbox.server.pages"
local seed = require "lofty.sandbox.server.seed"
local state = require "lofty.sandbox.server.state"

local ai = {}

local function analyses(call)
  local person = accounts.find(call.account)
  return state.collection(call.account .. "/analyses", "id", function()
    local list = {}
    for n = 1, 24 do
      list[n] = { id = seed.id(person, "other", 40 + n), status = "RUNNING", createdAt = seed.zulu(seed.time(n)) }
    end
    return list
  end)
end

ai["GET /v2.0/ai/lead-analysis"] = function(call)
  local number, size = pages.number(call.query, "pageNum", 1), pages.number(call.query, "pageSize", 10)
  if number < 1 or size < 1 then errors.raise("INVALID_PARAMETER") end
  local list = analyses(call):list()
  return { code = 0, message = "success",
           data = { list = pages.slice(list, (number - 1) * size, size), total = #list, pageNum = number, pageSize = size } }
end

ai["POST /v2.0/ai/lead-analysis"] = function(call)
  if #call.body.leadIds == 0 then errors.raise("INVALID_PARAMETER") end
  local task = analyses(call):put {
    id = seed.new_id(accounts.find(call.account), "other", state.sequence("analysis")), status = "RUNNING",
    createdAt = seed.zulu(seed.time(0)), leadIds = call.body.leadIds,
  }
  return { code = 0, message = "success", data = { taskId = task.id } }
end

ai["POST /v2.0/ai/call-script"] = function(call)
  local lead = leads.need(call.account, json.digits(call.body.leadId), "INVALID_PARAMETER")
  return { context = "A first call to " .. lead.firstName, objectiveSuggestion = json.array { "Agree on a showing" },
           keyTalkingPoints = json.array { { title = "Budget", value = json.array { "Up to 450,000" } } } }
end

ai["GET /v2.0/ai/call-summary"] = function(call)
  return { status = { code = 0, msg = "success" }, data = {
    id = 1, recordingId = json.int(call.query.callRecordId), status = 2, userId = seed.user(accounts.find(call.account)),
    text = "Hello …", summary = "Wants to see two houses.", score = 4, comment = "",
    keywords = json.array { { content = "Austin", type = "propertyLocation", params = json.array {} } },
  } }
end

ai["POST /v2.0/ai/call-summary/generate"] = function(call)
  leads.need(call.account, json.digits(call.body.leadId), "INVALID_PARAMETER")
  return { message = "success" }
end

ai["POST /v2.0/ai/prepare-insight"] = function(call)
  local lead = leads.need(call.account, json.digits(call.body.leadId), "INVALID_PARAMETER")
  return { code = 0, message = "success", data = { insight = lead.firstName .. " looks for a condo." } }
end

return ai
