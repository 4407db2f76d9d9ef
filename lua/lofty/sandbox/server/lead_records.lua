-- SPDX-License-Identifier: MIT

--- Leads as records: generated ones, and those that callers create.
-- @module lofty.sandbox.server.lead_records

local accounts = require "lofty.sandbox.server.accounts"
local errors = require "lofty.sandbox.server.errors"
local given = require "lofty.sandbox.server.given"
local json = require "lofty.sandbox.server.json"
local members = require "lofty.sandbox.server.member_records"
local seed = require "lofty.sandbox.server.seed"
local settings = require "lofty.sandbox.server.settings"
local state = require "lofty.sandbox.server.state"

local records = {}

--- The first `length` characters: Lofty cuts longer texts without an error.
function records.cut(text, length)
  if #text <= length then return text end
  local at, count = 1, 0
  while at <= #text and count < length do
    local _, last = text:find("^[%z\1-\127\192-\255][\128-\191]*", at)
    at, count = (last or at) + 1, count + 1
  end
  return text:sub(1, at - 1)
end

local function tag(person, lead_id, name, when)
  local number = 0
  for i = 1, #name do number = (number * 31 + name:byte(i)) % 100000 end
  return { leadId = lead_id, tagId = seed.id(person, "tag", number), tagName = records.cut(name, 64),
           createTime = seed.utc(when), updateTime = seed.utc(when), creatorUserId = seed.user(person), visibleType = 0 }
end

-- Tag objects for names.
local function tags_of(person, lead_id, names, when)
  local out = json.array {}
  for i, name in ipairs(names or {}) do out[i] = tag(person, lead_id, name, when) end
  return out
end

local function made_up(person, n)
  local who, when, id = seed.person(n), seed.time(n), seed.id(person, "lead", n)
  if person.block == "17382345668" and n == 1 then id = json.int("9007199254740993") end
  local tags = json.array {}
  for i, name in ipairs(seed.tags) do
    if n % (i + 1) == 0 then tags[#tags + 1] = tag(person, id, name, when) end
  end
  local stage = (n * 5 + math.floor(n / 6)) % #seed.stages + 1
  local lead_user = seed.id(person, "user", n + 1000)
  return {
    leadId = id, leadUserId = lead_user, firstName = who.first, lastName = who.last, emails = json.array { who.email },
    phones = json.array { who.phone }, leadSource = n % #seed.sources + 1, source = seed.sources[n % #seed.sources + 1],
    stageId = stage, stage = seed.stages[stage], assignedUserId = seed.user(person),
    assignedUser = person.first .. " " .. person.last, lenderUserId = 0, score = (n * 37) % 100, tags = tags,
    teamId = seed.team, createTime = seed.gmt(when), assignTime = seed.gmt(when + 60), lastUpdateTime = seed.gmt(when + 600),
    lastTouch = seed.gmt(when + 300), hiddenFlag = false, cannotText = false, cannotCall = n % 17 == 0, cannotEmail = false,
    unsubscription = false, leadTypes = json.array { n % 3 == 0 and 1 or 2 }, phoneStatuses = json.array { 2 },
    groups = json.array {}, segments = n % 4 == 0 and json.array { "Downtown Area" } or json.array {},
    language = n % 11 == 0 and "Spanish" or "English", assignCompletionStatus = true, pondId = 0,
    ownershipScope = "PERSONAL", ownershipId = seed.user(person),
    leadInquiry = { priceMin = 200000 + n % 20 * 10000, priceMax = n % 5 == 0 and -1 or 450000 + n % 20 * 10000,
                    bedroomsMin = n % 4 + 1, bathroomsMin = tostring(n % 3 + 1), propertyType = json.array { "Condo" },
                    locations = json.array { { city = who.city, stateCode = who.state } } },
    leadPropertyList = json.array { {
      id = seed.id(person, "property", n), leadUserId = lead_user, streetAddress = who.street, city = who.city,
      state = who.state, zipCode = who.zip, bedrooms = n % 4 + 1, bathrooms = 1.5 + n % 3, squareFeet = 900 + n % 30 * 50,
      price = 300000 + n % 50 * 5000, propertyType = "Single Family Home", mailAddress = false, note = "",
    } },
    customAttributes = json.array { { attributeName = "Preferred contact", attributeType = "text", value = "evening" } },
    leadFamilyMemberList = json.array {}, customRoleList = json.array {},
  }
end

--- The lead with this id; an error when there is none or it is in the trash.
function records.need(account, id, name)
  local lead = id and records.of(account):find(id)
  if not lead or lead.trashed then errors.raise(name or "LEAD_NOT_EXIST") end
  return lead
end

--- True while a record that was just created still answers 404.
function records.unsettled(id)
  local left = ngx.shared.sandbox:incr("settle:" .. id, -1)
  return left ~= nil and left >= 0
end

--- Makes the next reads of a new record answer 404, as many as the setting settle_reads says.
function records.settle(id)
  local reads = settings.get().settle_reads
  if reads > 0 then ngx.shared.sandbox:set("settle:" .. tostring(id), reads) end
end

-- Fields that are stored as they are sent.
local TAKEN = { "cannotText", "cannotCall", "cannotEmail", "emails", "phones", "leadTypes", "assignedUserId",
                "referredBy", "stage", "source", "birthday", "buyingTimeFrame", "preQual", "houseToSell", "fthb",
                "withBuyerAgent", "sellingTimeFrame", "mortgage", "buyHouse", "withListingAgent", "language",
                "ownershipId", "ownershipScope", "unsubscription", "leadFamilyMemberList", "streetAddress", "city",
                "state", "zipCode", "groups", "segments" }

local ADDRESS = { "city", "state", "zipCode", "streetAddress" }

--- Refuses a property without an address.
function records.check_property(property)
  for _, name in ipairs(ADDRESS) do
    if type(property[name]) == "string" and property[name]:find("%S") then return end
  end
  errors.raise("PROPERTY_ADDRESS_EMPTY")
end

local function same_address(a, b)
  for _, name in ipairs(ADDRESS) do
    if (a[name] or "") ~= (b[name] or "") then return false end
  end
  return true
end

--- The lead's properties with one more, or with one of them changed.
function records.with_property(lead, property)
  local list, found, id = json.array {}, false, json.digits(property.id)
  for i, old in ipairs(lead.leadPropertyList or {}) do
    local same = id and tonumber(id) > 0 and json.digits(old.id) == id
      or not (id and tonumber(id) > 0) and same_address(old, property)
    list[i] = old
    if same then
      found, list[i] = true, {}
      for name, value in pairs(old) do list[i][name] = value end
      for name, value in pairs(property) do list[i][name] = value end
      list[i].id = old.id
    end
  end
  if not found then
    if id and tonumber(id) > 0 then errors.raise("LEAD_PROPERTY_NOT_EXIST") end
    local new = { leadUserId = lead.leadUserId }
    for name, value in pairs(property) do new[name] = value end
    new.id = json.int(("%s99%06d"):format(tostring(lead.leadUserId):sub(1, 7), state.sequence("property")))
    list[#list + 1] = new
  end
  return list
end

--- First and last name, where there are both.
function records.name(who)
  local first, last = who.firstName or "", who.lastName or ""
  return first ~= "" and last ~= "" and first .. " " .. last or first .. last
end

--- The fields of a lead that belong to one agent; an error when no member of the team has this id. 0 is nobody.
function records.assigned_to(account, user_id, when)
  local digits = json.digits(user_id)
  if digits == "0" then return { assignedUserId = 0, assignedUser = "" } end
  local member = errors.need(members.find(account, "memberUserId", digits), "INVALID_PARAMETER")
  return { assignedUserId = member.memberUserId, assignedUser = records.name(member), assignTime = seed.gmt(when) }
end

--- The fields of a lead that a request changes; json.null removes a field.
-- @tparam string account
-- @tparam table lead the record before
-- @tparam table body of the request
-- @tparam table nulls the body with its nulls
-- @tparam number when epoch seconds
function records.fields(account, lead, body, nulls, when)
  local person, out = accounts.find(account), {}
  for _, name in ipairs(TAKEN) do
    out[name] = body[name]
    if nulls[name] == json.null then out[name] = json.null end
  end
  for _, name in ipairs { "firstName", "lastName" } do
    out[name] = body[name] and records.cut(body[name], 30) or (nulls[name] == json.null and json.null or nil)
  end
  if body.isHidden ~= nil then out.hiddenFlag = body.isHidden end
  if body.customAttributeList then out.customAttributes = body.customAttributeList end
  if body.inquiry then out.leadInquiry = body.inquiry end
  if body.property then
    records.check_property(body.property)
    out.leadPropertyList = records.with_property(lead, body.property)
  end
  local names, seen = {}, {}
  local function add(name)
    if not seen[name] then names[#names + 1], seen[name] = name, true end
  end
  for _, name in ipairs(body.tagsRemove or {}) do seen[name] = true end
  if body.tags then
    for _, name in ipairs(body.tags) do add(name) end
  elseif not body.clearAllTags then
    for _, old in ipairs(lead.tags or {}) do add(old.tagName) end
  end
  for _, name in ipairs(body.tagsAdd or {}) do add(name) end
  if body.tags or body.tagsAdd or body.tagsRemove or body.clearAllTags then
    out.tags = tags_of(person, lead.leadId, names, when)
  end
  if body.assignedUserId then
    for name, value in pairs(records.assigned_to(account, body.assignedUserId, when)) do out[name] = value end
  elseif nulls.assignedUserId == json.null then
    out.assignedUser = json.null
  end
  out.lastUpdateTime = seed.gmt(when)
  return out
end

--- A new lead as a record, with defaults for what the request leaves out.
-- @tparam string account
-- @param id
-- @param user_id the lead's own user id
-- @tparam table body of the request
-- @tparam number when epoch seconds
function records.new(account, id, user_id, body, when)
  local person = accounts.find(account)
  local lead = { leadId = id, leadUserId = user_id, leadPropertyList = json.array {} }
  for name, value in pairs(records.fields(account, lead, body, {}, when)) do lead[name] = value end
  for name, value in pairs {
    stage = seed.stages[1], stageId = 1, assignedUserId = seed.user(person), teamId = seed.team, score = 0,
    assignedUser = person.first .. " " .. person.last, createTime = seed.gmt(when), assignTime = seed.gmt(when),
    emails = json.array {}, phones = json.array {}, tags = json.array {}, segments = json.array {},
    groups = json.array {}, hiddenFlag = false, ownershipScope = "PERSONAL", leadTypes = json.array { -1 },
    customAttributes = json.array {}, leadFamilyMemberList = json.array {}, unsubscription = false, source = "API",
  } do
    if lead[name] == nil then lead[name] = value end
  end
  return lead
end

-- A lead that the launcher gave: the times that it names count, and no default.
local function from_given(account, fields, n)
  local person = accounts.find(account)
  local created = fields.createTime or given.start()
  local lead = records.new(account, fields.leadId, seed.id(person, "user", n + 1000), fields, created)
  for _, name in ipairs { "assignTime", "lastUpdateTime", "lastTouch" } do
    if fields[name] then lead[name] = seed.gmt(fields[name]) end
  end
  lead.score = fields.score or lead.score
  return lead
end

--- The leads of an account.
function records.of(account)
  local person = accounts.find(account)
  return state.collection(account .. "/leads", "leadId", function()
    local list = {}
    for n, fields in ipairs(given.list(account, "leads") or {}) do list[n] = from_given(account, fields, n) end
    for n = 0, person.leads - 1 do list[#list + 1] = made_up(person, n) end
    return list
  end)
end

local function with_more(list, more)
  local out, seen = json.array {}, {}
  for _, from in ipairs { list or {}, more or {} } do
    for _, value in ipairs(from) do
      if not seen[value] then out[#out + 1], seen[value] = value, true end
    end
  end
  return out
end

-- The first lead that has one of these e-mail addresses, or nil.
local function with_email(account, emails)
  for _, lead in ipairs(records.of(account):list()) do
    for _, email in ipairs(lead.trashed and {} or lead.emails or {}) do
      for _, wanted in ipairs(emails) do
        if wanted == email then return lead end
      end
    end
  end
  return nil
end

--- Merges a new lead into the one that has one of its e-mail addresses already, and returns that one; nil when there
-- is none. The known lead keeps its fields, and gets those that it lacks, the new addresses, numbers and tags.
function records.merge(account, body, when)
  local lead = body.emails and with_email(account, body.emails)
  if not lead then return nil end
  local more = {}
  for name, value in pairs(body) do
    if lead[name] == nil then more[name] = value end
  end
  more.emails, more.phones = with_more(lead.emails, body.emails), with_more(lead.phones, body.phones)
  more.tags, more.tagsAdd = nil, with_more(body.tags, body.tagsAdd)
  return records.of(account):change(lead, records.fields(account, lead, more, {}, when))
end

return records
