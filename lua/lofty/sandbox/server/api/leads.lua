-- SPDX-License-Identifier: MIT

--- /v1.0/leads: list, get, create, update, delete.
-- @module lofty.sandbox.server.api.leads

local accounts = require "lofty.sandbox.server.accounts"
local errors = require "lofty.sandbox.server.errors"
local events = require "lofty.sandbox.server.events"
local json = require "lofty.sandbox.server.json"
local notes = require "lofty.sandbox.server.note_records"
local pages = require "lofty.sandbox.server.pages"
local records = require "lofty.sandbox.server.lead_records"
local seed = require "lofty.sandbox.server.seed"
local settings = require "lofty.sandbox.server.settings"
local state = require "lofty.sandbox.server.state"
local system_logs = require "lofty.sandbox.server.system_log_records"

local leads = {}

local function has(list, text, precise)
  for _, value in ipairs(list or {}) do
    if value == text or (not precise and value:lower():find(text:lower(), 1, true)) then return true end
  end
  return false
end

local function digits_of(text) return (text:gsub("%D", "")) end

local function has_tag(lead, name)
  for _, tag in ipairs(lead.tags or {}) do
    if tag.tagName == name then return true end
  end
  return false
end

local function words(text)
  local out = {}
  for word in text:gmatch("[^,]+") do out[#out + 1] = word:match("^%s*(.-)%s*$") end
  return out
end

-- One test for each parameter; a lead must pass those that are given.
local FILTERS = {
  stage = function(lead, text) return lead.stage == text end,
  source = function(lead, text) return lead.source == text end,
  email = function(lead, text, query) return has(lead.emails, text, query.preciseSearchFlag == "true") end,
  phone = function(lead, text)
    for _, phone in ipairs(lead.phones or {}) do
      if digits_of(phone):find(digits_of(text), 1, true) then return true end
    end
    return false
  end,
  assignedUserId = function(lead, text) return json.digits(lead.assignedUserId) == text end,
  contacted = function(lead, text) return (lead.stage ~= "New Lead") == (text == "true") end,
  groups = function(lead, text) return has(lead.groups, text, true) end,
  segments = function(lead, text) return has(lead.segments, text, true) end,
  languages = function(lead, text) return lead.language == text end,
  allTags = function(lead, text)
    for _, name in ipairs(words(text)) do
      if not has_tag(lead, name) then return false end
    end
    return true
  end,
  anyTags = function(lead, text)
    for _, name in ipairs(words(text)) do
      if has_tag(lead, name) then return true end
    end
    return false
  end,
  key = function(lead, text)
    local name = records.name(lead)
    return name:lower():find(text:lower(), 1, true) ~= nil or has(lead.emails, text)
  end,
}

local function found(account, query)
  local list = pages.filter(records.of(account):list(), function(lead)
    if lead.trashed then return false end
    for name, test in pairs(FILTERS) do
      if query[name] and query[name] ~= "" and not test(lead, query[name], query) then return false end
    end
    return true
  end)
  if query.sort == "Score" then
    table.sort(list, function(a, b)
      if a.score ~= b.score then return (a.score or 0) > (b.score or 0) end
      return tostring(a.leadId) < tostring(b.leadId)
    end)
  end
  if query.desc == "false" then list = pages.reverse(list) end
  return list
end

leads["GET /v1.0/leads"] = function(call)
  local query = call.query
  local limit = pages.capped(pages.limit(query, 25, 100))
  local offset = math.max(0, pages.number(query, "offset", 0))
  local word = query.scrollId ~= "" and query.scrollId or nil
  if word then
    local place = errors.need(pages.place(word), "INVALID_PARAMETER")
    if place.account ~= call.account then errors.raise("INVALID_PARAMETER") end
    offset, query = place.offset, place.query
    if not call.query.limit then limit = place.limit end
  end
  local list = found(call.account, query)
  local names = words(query.returnFields or "")
  local page = pages.slice(#names > 0 and pages.only(list, names) or list, offset, limit)
  local place = { account = call.account, offset = offset + #page, limit = limit, query = query }
  local cursor = pages.scroll_id(word, place, offset + #page >= #list)
  return { _metadata = pages.metadata("leads", limit, offset, #list, cursor), leads = page }
end

leads["GET /v1.0/leads/{leadId}"] = function(call)
  local id = call.params.leadId
  if records.unsettled(id) then errors.raise("LEAD_NOT_EXIST") end
  local lead = records.of(call.account):find(id)
  if not lead or (lead.trashed and call.query.withTrash ~= "true") then errors.raise("LEAD_NOT_EXIST") end
  return { lead = state.text(lead) }
end

leads["POST /v1.0/leads"] = function(call)
  local body, person = call.body, accounts.find(call.account)
  if not body.firstName:find("%S") then errors.raise("INVALID_PARAMETER") end
  local n, when = state.sequence("lead"), math.floor(settings.now())
  local id = seed.new_id(person, "lead", n)
  local known = settings.get().merge_leads and records.merge(call.account, body, when)
  if known then
    events.fire(call.account, "Lead", "updated", { leadId = known.leadId })
    return { leadId = id } -- stays 404
  end
  records.of(call.account):put(records.new(call.account, id, seed.new_id(person, "user", n), body, when))
  records.settle(id)
  events.fire(call.account, "Lead", "created", { leadId = id })
  if body.content then
    local note = notes.add(call.account, id, body.content, body.isPin == true)
    events.fire(call.account, "Note", "created", { leadId = id, noteId = note.noteId })
  end
  return { leadId = id }
end

leads["PUT /v1.0/leads/{leadId}"] = function(call)
  local lead = records.need(call.account, call.params.leadId)
  local fields = records.fields(call.account, lead, call.body, call.nulls, math.floor(settings.now()))
  local copy = {}
  for name, value in pairs(lead) do copy[name] = value end
  for name, value in pairs(fields) do
    if value == json.null then value = nil end
    copy[name] = value
  end
  records.of(call.account):put(copy)
  events.fire(call.account, "Lead", "updated", { leadId = lead.leadId })
  if copy.stage ~= lead.stage then
    system_logs.add(call.account, copy, lead.stage, copy.stage)
    events.fire(call.account, "Pipeline", "updated", { leadId = lead.leadId, stage = copy.stage })
  end
  return { leadId = lead.leadId }
end

leads["DELETE /v1.0/leads/{leadId}"] = function(call)
  local lead = records.need(call.account, call.params.leadId)
  if not call.query.reason:find("%S") then errors.raise("INVALID_PARAMETER") end
  records.of(call.account):change(lead, { trashed = true })
  events.fire(call.account, "Lead", "deleted", { leadId = lead.leadId })
  return nil
end

return leads
