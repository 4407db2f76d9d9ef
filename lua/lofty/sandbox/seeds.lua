-- SPDX-License-Identifier: MIT

--- The records that a sandbox starts with instead of generated ones: checks them, and completes them with ids and
-- times. `sandbox.start` and `lofty sandbox --seed` use it.
-- @module lofty.sandbox.seeds

local contract = require "lofty.sandbox.server.contract"
local accounts = require "lofty.sandbox.server.accounts"
local given = require "lofty.sandbox.server.given"
local json = require "lofty.sandbox.server.json"
local members = require "lofty.sandbox.server.member_records"
local seed = require "lofty.sandbox.server.seed"
local times = require "lofty.sandbox.server.times"
local suggest = require "lofty.internal.suggest"

local format = string.format

local seeds = {}

local LATEST = 1e11 -- epoch seconds; a larger number must be milliseconds

local ID, WHOLE, TEXT = { name = "i64" }, { name = "i32" }, { name = "s" }
local FLAG, TIME = { name = "b" }, { name = "time" }

local function words(...) return { name = "s", words = { ... } } end

local DIRECTION = words("Outbound", "Inbound")
local MODE = words("Auto", "Manual", "Logged")

-- Fields of leads.create that only act on the creation, or that a record gives in another way (notes, tags).
local NOT_STORED = {
  "welcomeEmail", "leadAlert", "leadRouting", "assignGroupId", "leadTransaction", "content", "isPin",
  "defaultInquiryParam", "specifiedAssignGroupId", "property", "tagsAdd",
}

-- What leads.create takes, with the times and the id of a record.
local function lead_fields()
  local fields = {
    leadId = ID, score = WHOLE, isHidden = FLAG, createTime = TIME, assignTime = TIME, lastUpdateTime = TIME,
    lastTouch = TIME,
  }
  for _, field in ipairs(contract.shapes.LeadRequest) do fields[field.name] = field.kind end
  for _, name in ipairs(NOT_STORED) do fields[name] = nil end
  return fields
end

-- Each resource: the field with its id, the kind of that id, the required field, all fields.
local RESOURCES = {
  members = { id = "memberUserId", kind = "user", required = "firstName", fields = {
    memberUserId = ID, firstName = TEXT, lastName = TEXT, email = TEXT, phoneNumber = TEXT, roleName = TEXT,
  } },
  leads = { id = "leadId", kind = "lead", required = "firstName", fields = lead_fields() },
  notes = { id = "noteId", kind = "note", required = "content", fields = {
    noteId = ID, leadId = ID, content = TEXT, isPin = FLAG, systemNote = FLAG, createTime = TIME, lastUpdate = TIME,
  } },
  tasks = { id = "id", kind = "task", required = "content", fields = {
    id = ID, leadId = ID, content = TEXT, type = words("Call", "Email", "Text", "Other", "Appointment"),
    assignedRole = words("Agent", "Assistant"), startAt = TIME, endAt = TIME, timeZoneCode = TEXT, address = TEXT,
    finishFlag = FLAG, createTime = TIME, lastUpdate = TIME,
  } },
  calls = { id = "id", kind = "timeline", fields = {
    id = ID, leadId = ID, direction = DIRECTION, startTime = TIME, duration = WHOLE, note = TEXT,
    leadPhoneNumber = TEXT, type = MODE,
    callingOutcome = words("Talked", "VoiceMessage", "NoAnswer", "BadNumber", "DNCNumber", "DNCContact"),
  } },
  texts = { id = "id", kind = "timeline", required = "textContent", fields = {
    id = ID, leadId = ID, direction = DIRECTION, textTime = TIME, textContent = TEXT, textType = MODE,
  } },
  emails = { id = "id", kind = "timeline", required = "emailSubject", fields = {
    id = ID, leadId = ID, direction = DIRECTION, emailEventTime = TIME, emailSubject = TEXT, emailType = MODE,
  } },
}
-- Members first, because leads name them; then leads, because the others name them.
local ORDER = { "members", "leads", "notes", "tasks", "calls", "texts", "emails" }
-- What belongs to a lead; true: it may also be given inside the lead (whose own `emails` are addresses).
local OF_LEAD = { notes = true, tasks = true, calls = true, texts = true, emails = false }

--- The names of the resources, as a set.
seeds.resources = {}
for name in pairs(RESOURCES) do seeds.resources[name] = true end

--- The names of the fields that a record of a resource may have, as a set.
function seeds.fields(resource)
  local names = {}
  for name in pairs(RESOURCES[resource].fields) do names[name] = true end
  return names
end

-- Raises what is wrong with the value at a path; `read` catches it.
local function fail(path, ...) error({ problem = path .. ": " .. format(...) }, 0) end

local UNITS = { s = 1, m = 60, h = 3600, d = 86400, w = 7 * 86400 }

-- Epoch seconds of "-3d", or nil for a text that is not relative.
local function relative(text, now)
  local sign, number, unit = text:match "^([+-])(%d+)(%l)$"
  if not sign or not UNITS[unit] or #number > 9 then return nil end
  local seconds = tonumber(number) * UNITS[unit]
  return sign == "-" and now - seconds or now + seconds
end

local function moment(value, path, now)
  local at
  if type(value) == "number" and value >= 0 and value < LATEST then
    at = math.floor(value)
  elseif type(value) == "string" then
    at = relative(value, now) or times.iso(value)
  end
  if not at then
    fail(path, '%s is not a time: write "-3d" (s, m, h, d or w from now), epoch seconds, or "2026-01-31T09:00:00Z"',
      type(value) == "string" and format("%q", value) or tostring(value))
  end
  return at
end

-- The digits of a whole number, or of a text of digits; nil for anything else.
local function digits(value)
  if json.digits(value) then return json.digits(value) end
  if type(value) == "string" then return value:match "^%-?%d+$" end
  if type(value) ~= "number" or value ~= math.floor(value) then return nil end
  if math.type and math.type(value) == "integer" then return format("%d", value) end -- luacheck: ignore 143
  return value > -2 ^ 53 and value < 2 ^ 53 and format("%.0f", value) or nil
end

local convert

local function check_array(value, path, problem)
  for name in pairs(value) do
    if type(name) ~= "number" or name < 1 or name > #value then fail(path, problem) end
  end
end

local function array(kind, value, path, now)
  check_array(value, path, "an array is needed")
  local out = json.array {}
  for i, one in ipairs(value) do out[i] = convert(kind.of, one, path .. "[" .. i .. "]", now) end
  return out
end

-- A shape is also an array of its fields. A userdata is null: as if the field were left out.
local function object(fields, value, path, now)
  local out = {}
  for name, one in pairs(value) do
    if type(name) ~= "string" or not fields[name] then
      local _, hint = suggest(name, fields)
      fail(path, "unknown field %q%s", tostring(name), hint)
    end
    if type(one) ~= "userdata" then out[name] = convert(fields[name], one, path .. "." .. name, now) end
  end
  return out
end

local TYPES = { s = "string", b = "boolean", array = "table", shape = "table", object = "table" }

-- A value as the emulator keeps it.
function convert(kind, value, path, now)
  local name = kind.name
  if name == "time" then return moment(value, path, now) end
  if name == "i64" or name == "i32" then
    return json.int(digits(value) or fail(path, "a whole number is needed, or its digits as a string"))
  end
  if name == "n" then
    return type(value) == "number" and value or fail(path, "a number is needed")
  end
  if type(value) ~= TYPES[name] then fail(path, "a %s is needed, got %s", TYPES[name], type(value)) end
  if kind.words then
    for _, word in ipairs(kind.words) do
      if word == value then return value end
    end
    fail(path, "%q is not one of %s", value, table.concat(kind.words, ", "))
  end
  if name == "array" then return array(kind, value, path, now) end
  if name == "shape" then return object(contract.shapes[kind.shape], value, path, now) end
  return value
end

-- Adds one record of a resource to the list.
local function add(self, resource, value, path, lead)
  local about = RESOURCES[resource]
  if type(value) ~= "table" then fail(path, "a table of fields is needed, got %s", type(value)) end
  local fields, parts = {}, {}
  for name, one in pairs(value) do
    if resource == "leads" and OF_LEAD[name] then parts[name] = one else fields[name] = one end
  end
  local record = object(about.fields, fields, path, self.now)
  if about.required and not record[about.required] then fail(path, "%s is missing", about.required) end
  local list, taken = self.lists[resource], self.taken[about.kind]
  record[about.id] = record[about.id] or seed.id(self.person, about.kind, self.next[about.kind])
  self.next[about.kind] = self.next[about.kind] + 1
  local id = tostring(record[about.id])
  if taken[id] then fail(path, "%s %s is the id of %s", about.id, id, taken[id]) end
  taken[id] = path
  if OF_LEAD[resource] ~= nil then
    if lead and record.leadId then fail(path, "leadId is that of the lead that it stands in: leave it out") end
    record.leadId = lead or record.leadId or fail(path, "leadId is missing: give it%s",
      OF_LEAD[resource] and ", or put the record into its lead" or "")
    if not self.taken.lead[tostring(record.leadId)] then
      fail(path .. ".leadId", "no lead has the id %s", tostring(record.leadId))
    end
  end
  list[#list + 1] = record
  for _, name in ipairs(ORDER) do
    if parts[name] then self:add_all(name, parts[name], path .. "." .. name, record.leadId) end
  end
end

local Reader = {}
Reader.__index = Reader

function Reader:add_all(resource, values, path, lead)
  if type(values) ~= "table" then fail(path, "an array of records is needed, got %s", type(values)) end
  check_array(values, path, "an array of records is needed")
  for i, value in ipairs(values) do add(self, resource, value, path .. "[" .. i .. "]", lead) end
end

-- Owners are members of the team: the given ones and the account itself, or the generated ones.
local function check_owners(self, has_members)
  local known = self.taken.user
  for n = 0, has_members and 0 or members.GENERATED do known[tostring(seed.id(self.person, "user", n))] = true end
  for i, lead in ipairs(self.lists.leads) do
    local owner = lead.assignedUserId and tostring(lead.assignedUserId)
    if owner and owner ~= "0" and not known[owner] then
      fail("leads[" .. i .. "].assignedUserId", "no member has the memberUserId %s", owner)
    end
  end
end

local function read(opt, now)
  local self = setmetatable({ now = now, person = accounts.find(given.account), lists = {}, taken = {}, next = {} },
    Reader)
  for name, about in pairs(RESOURCES) do
    self.lists[name], self.taken[about.kind], self.next[about.kind] = json.array {}, {}, 0
  end
  self.next.user = 1 -- the first is the account's own
  for _, name in ipairs(ORDER) do
    if opt[name] ~= nil then self:add_all(name, opt[name], name) end
  end
  check_owners(self, opt.members ~= nil)
  if opt.members == nil then self.lists.members = nil end
  self.lists.now = now
  return self.lists
end

--- Reads the records of a sandbox's options.
-- @tparam table opt
--   `leads`, `members`, `notes`, `tasks`, `calls`, `texts`, `emails`: arrays of records; those beside leads and members
--   name their lead by `leadId`; notes, tasks, calls and texts may stand in the lead instead, in arrays of these names
-- @tparam number now epoch seconds that relative times count from
-- @treturn[1] ?table the completed records by resource; nil when opt has none
-- @treturn[2] nil
-- @treturn[2] string what is wrong with them, and where
function seeds.read(opt, now)
  local has_any = false
  for name in pairs(seeds.resources) do has_any = has_any or opt[name] ~= nil end
  if not has_any then return nil end
  local ok, lists = pcall(read, opt, now)
  if ok then return lists end
  if type(lists) == "table" and lists.problem then return nil, lists.problem end
  error(lists, 0)
end

-- An id as the library's JSON gives it: an integer where this Lua has integers, else its digits above 14 of them.
local function plain(int)
  local text = tostring(int)
  local number = math.tointeger and math.tointeger(tonumber(text)) -- luacheck: ignore 143
  if number then return number end
  return #text <= 14 and tonumber(text) or text
end

--- The ids of the records, in the order in which they were given; those inside leads come in the order of the leads.
-- @tparam table lists as `read` returns them
-- @treturn table resource -> array of ids
function seeds.ids(lists)
  local ids = {}
  for name, about in pairs(RESOURCES) do
    ids[name] = {}
    for i, record in ipairs(lists[name] or {}) do ids[name][i] = plain(record[about.id]) end
  end
  return ids
end

return seeds
