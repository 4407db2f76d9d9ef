-- SPDX-License-Identifier: MIT

--- `crm.leads:upsert{...}`: changes the lead with this e-mail address or phone number, or creates it.
--
-- Lofty has no such operation, and a create may be merged into another lead, whose id is then not the one returned. So
-- the lead is looked up first, by each e-mail address and then by each phone number.
-- @module lofty.api.upsert

local ascii = require "lofty.internal.ascii"
local check = require "lofty.api.validate"
local core = require "lofty.core"
local errors = require "lofty.errors"
local expect = require "lofty.api.expect"
local misuse = require "lofty.internal.misuse"
local operations = require "lofty.api.operations.leads"
local sha256 = require("lofty.crypto").sha256

local next, pairs, rawequal, type = next, pairs, rawequal, type
local find, gsub, match = string.find, string.gsub, string.match
local limits = core.limits

local upsert = {}

-- Seconds for which this process remembers a lead that it created: a search may not find it yet.
local REMEMBERED = 60
-- Pauses, in seconds, before each look-up after a create whose outcome is unknown.
local PAUSES = { 0, 1, 2, 4 }

-- Identity -> the event that is set when the upsert of this identity ends.
local under_way = {}
-- Identity -> { lead =, ends = } of leads that this process created; `ends` in monotonic seconds.
local created = {}

local function invalid(message)
  return nil, errors.new { kind = "invalid", operation = "leads.upsert", sent = false, message = message }
end

local function is_text(value) return type(value) == "string" and find(value, "%S") ~= nil end

local function same_email(a, b) return ascii.lower(a) == ascii.lower(b) end

-- The digits of a number, without the country code of North America.
local function digits_of(phone)
  local digits = gsub(phone, "%D", "")
  return match(digits, "^1(%d%d%d%d%d%d%d%d%d%d)$") or digits
end

local function same_phone(a, b)
  local digits = digits_of(a)
  return digits ~= "" and digits == digits_of(b)
end

local function has(list, value, same)
  for i = 1, type(list) == "table" and #list or 0 do
    if type(list[i]) == "string" and same(list[i], value) then return true end
  end
  return false
end

-- The old values, followed by the new ones that are not among them; nil when all are.
local function union(old, new, same)
  local all = {}
  for i = 1, type(old) == "table" and #old or 0 do all[i] = old[i] end
  local count = #all
  for i = 1, #new do
    if not has(all, new[i], same) then all[#all + 1] = new[i] end
  end
  if #all > count then return all end
  return nil
end

-- A name for the account, so that accounts in one process do not share identities: made of its id or, if that is not
-- known, of a digest of the access token.
local function scope_of(client, ends)
  local account = client.account
  if not account then
    local token = client.source(nil, ends)
    account = token and sha256(token.access_token) or ""
  end
  return client.settings.base_url .. "\n" .. account .. "\n"
end

-- What identifies the lead: how to search for it, and a name that is the same for each call.
local function identities_of(fields)
  local list = {}
  local function add(values, filter_of, same, name)
    for i = 1, type(values) == "table" and #values or 0 do
      local value = values[i]
      if is_text(value) then
        local filter, key = filter_of(value)
        if key ~= "" then
          filter.preciseSearchFlag = true
          list[#list + 1] = { filter = filter, value = value, same = same, name = name, key = key }
        end
      end
    end
  end
  add(fields.emails, function(text) return { email = text }, ascii.lower(text) end, same_email, "emails")
  add(fields.phones, function(text)
    local digits = digits_of(text)
    return { phone = digits }, digits
  end, same_phone, "phones")
  return list
end

-- The first lead that a search finds and that really has the address or number; false when there is none.
local function look_up(leads, identities)
  for i = 1, #identities do
    local one = identities[i]
    local function fits(text) return one.same(text, one.value) end
    local found, err = expect.matching(one.name, fits, leads:list(one.filter))
    if not found then return nil, err end
    if found[1] then return found[1] end
  end
  return false
end

local function remembered(identities, now)
  for i = 1, #identities do
    local entry = created[identities[i].key]
    if entry and entry.ends > now then return entry.lead end
  end
  return false
end

local function remember(identities, lead, now)
  for key, entry in pairs(created) do
    if entry.ends <= now then created[key] = nil end
  end
  for i = 1, #identities do created[identities[i].key] = { lead = lead, ends = now + REMEMBERED } end
end

-- The fields with which the found lead is updated: without those that concern the creation alone, and with its own
-- addresses, numbers and tags beside the new ones.
local function changes_of(fields, lead)
  local known, changes = operations.update.body.fields, {}
  for name, value in pairs(fields) do
    if known[name] then changes[name] = value end
  end
  if type(fields.emails) == "table" then changes.emails = union(lead.emails, fields.emails, same_email) end
  if type(fields.phones) == "table" then changes.phones = union(lead.phones, fields.phones, same_phone) end
  if type(fields.tags) == "table" then
    changes.tags, changes.tagsAdd = nil, union(fields.tags, fields.tagsAdd or {}, rawequal) or fields.tags
  end
  return changes
end

-- A client whose calls end with the upsert's deadline; nil, err when it has passed.
local function within(client, ends)
  if not ends then return client end
  local left = ends - client.settings.runtime:monotonic()
  if left > 0 then return client:with { deadline = left } end
  return nil, errors.new {
    kind = "timeout", operation = "leads.upsert", sent = false, retryable = true,
    message = "the deadline passed before the lead was looked up and written",
  }
end

local function look_up_within(client, ends, identities)
  local view, err = within(client, ends)
  if not view then return nil, err end
  local lead, why = look_up(view.leads, identities)
  return lead, why
end

local function update(client, ends, fields, lead)
  local view, err = within(client, ends)
  if not view then return nil, err end
  local changes = changes_of(fields, lead)
  if next(changes) == nil then return lead, "updated" end
  local value, why = expect.done("leads.update", "leadId", view.leads:update(lead.leadId, changes))
  if value == nil then return nil, why end
  if type(value) ~= "table" or value.leadId == nil then value = { leadId = lead.leadId } end
  return value, "updated"
end

local function create(client, ends, fields, identities)
  local view, err = within(client, ends)
  if not view then return nil, err end
  local runtime = client.settings.runtime
  local lead, response = expect.created("leads.create", "leadId", view.leads:create(fields))
  if lead ~= nil then
    if not response.dry_run then
      -- With its addresses and numbers, so that a later update adds to them.
      local known = { leadId = lead.leadId, emails = fields.emails, phones = fields.phones }
      remember(identities, known, runtime:monotonic())
    end
    return lead, "created"
  end
  if not response.outcome_unknown then return nil, response end
  for i = 1, #PAUSES do
    if ends and runtime:monotonic() + PAUSES[i] >= ends then break end
    if PAUSES[i] > 0 then runtime:sleep(PAUSES[i]) end
    local found = look_up_within(client, ends, identities)
    if found then
      remember(identities, found, runtime:monotonic())
      return found, "created"
    end
  end
  return nil, response
end

local function write(client, ends, fields, identities)
  local lead, err = look_up_within(client, ends, identities)
  if lead == nil then return nil, err end
  lead = lead or remembered(identities, client.settings.runtime:monotonic())
  local value, how
  if lead then
    value, how = update(client, ends, fields, lead)
  else
    value, how = create(client, ends, fields, identities)
  end
  return value, how
end

-- Waits until no other upsert of this process has one of the identities; nil, err when that takes too long.
local function wait_for_others(runtime, ends, identities)
  local latest = ends or runtime:monotonic() + limits.max_wait
  local i = 1
  while i <= #identities do
    local event = under_way[identities[i].key]
    if not event then
      i = i + 1
    else
      local left = latest - runtime:monotonic()
      if left <= 0 or not event:wait(left) then
        return nil, errors.new {
          kind = "timeout", operation = "leads.upsert", sent = false, retryable = true,
          message = "another call of this process is still writing the lead with this address or number: try again",
        }
      end
      -- Others may have begun meanwhile.
      i = 1
    end
  end
  return true
end

--- Updates the lead that has one of these e-mail addresses or phone numbers, or creates it.
--     local lead, how = lofty.assert(crm.leads:upsert{ firstName = "Ann", emails = { "ann@example.com" } })
-- Two calls at once in one process make one lead; calls of several processes may make two.
-- @tparam table client
-- @tparam table fields as for `crm.leads:create`, with emails or phones. When the lead exists, fields that concern its
--   creation alone (welcomeEmail, leadRouting, content and so on) are left out, and emails, phones and tags are added
--   to those that it has.
-- @treturn[1] table a table with `leadId`
-- @treturn[1] string "created" or "updated"
-- @treturn[2] nil
-- @treturn[2] table err. After a create whose outcome is unknown the lead is looked up for some seconds; an err that is
--   still `outcome_unknown` says that it was not found.
function upsert.run(client, fields)
  if type(fields) ~= "table" then
    misuse("crm.leads.upsert: a table of fields expected as argument 1, got " .. type(fields))
  end
  local identities = identities_of(fields)
  if #identities == 0 then
    local lead, err = invalid('needs "emails" or "phones": the lead is looked up by them')
    return lead, err
  end
  local checked, problem = check.fields(operations.create.body, fields, "field", nil, client.validate == false)
  if not checked then
    local lead, err = invalid(problem)
    return lead, err
  end
  local runtime = client.settings.runtime
  local ends = client:walk_deadline()
  local scope = scope_of(client, ends)
  for i = 1, #identities do identities[i].key = scope .. identities[i].key end
  local ready, err = wait_for_others(runtime, ends, identities)
  if not ready then return nil, err end
  local event = runtime:event()
  for i = 1, #identities do under_way[identities[i].key] = event end
  local function release()
    for i = 1, #identities do
      if under_way[identities[i].key] == event then under_way[identities[i].key] = nil end
    end
    event:set()
  end
  local lead, how = runtime:ensure(release, write, client, ends, fields, identities)
  return lead, how
end

return upsert
