-- SPDX-License-Identifier: MIT

--- Makes the fields of a lead, and the keys to look it up by, from the cells of a row.
-- @module lofty.cli.import.rows

local ascii = require "lofty.internal.ascii"
local columns = require "lofty.cli.import.columns"

local rows = {}

-- RFC 5321 allows no longer address.
local MAX_EMAIL = 254
-- A longer text is not split into first and last name.
local MAX_NAME = 200

--- Phone numbers are compared by their last ten digits, since some are written with a country code and some without.
-- @tparam string text
-- @treturn string
function rows.phone_key(text)
  local digits = text:gsub("%D", "")
  return digits:sub(-10)
end

--- Email addresses are compared without regard to case.
-- @tparam string name "email" or "phone"
-- @tparam string value
-- @treturn string
function rows.key(name, value)
  return name == "email" and ascii.lower(value) or rows.phone_key(value)
end

-- The values of a cell that may hold several.
local function split(text)
  local list = {}
  for part in text:gmatch "[^;,\n]+" do
    local trimmed = ascii.trim(part)
    if trimmed ~= "" then list[#list + 1] = trimmed end
  end
  return list
end

local checks = {}

function checks.emails(text)
  if #text <= MAX_EMAIL and text:find "^[^%s@,;<>\"]+@[^%s@,;<>\"]+%.[^%s@,;<>\"]+$" then return text end
  return nil, ("%q is not an e-mail address"):format(text)
end

function checks.phones(text)
  local digits = text:gsub("[%s%-%.%(%)/]", "")
  if digits:find "^%+?%d+$" and #digits >= 7 and #digits <= 20 then return digits end
  return nil, ("%q is not a phone number"):format(text)
end

local function digits_only(text)
  if text:find "^%d+$" and #text <= 19 then return text end
  return nil, ("%q is not an id"):format(text)
end
checks.leadId, checks.assignedUserId = digits_only, digits_only

-- "Ann Marie Smith" is Ann Marie, Smith; "Smith, Ann" is Ann, Smith.
local function split_name(text)
  if #text > MAX_NAME then return text end
  local last, first = text:match "^([^,]+),%s*(.+)$"
  if first then return first, last end
  first, last = text:match "^(.-)%s+(%S+)$"
  return first or text, last
end

--- The fields of a row.
-- @tparam {string,...} cells
-- @tparam table list of `columns.guess`
-- @treturn[1] table fields as `leads.create` takes them, and `leadId`
-- @treturn[2] nil
-- @treturn[2] string why the row is bad
function rows.fields(cells, list)
  if #cells > #list then
    return nil, ("%d cells, but the first line has %d"):format(#cells, #list)
  end
  local fields = {}
  for i, field in ipairs(list) do
    local text = field and cells[i] and ascii.trim(cells[i]) or ""
    if text ~= "" and columns.lists[field] then
      fields[field] = fields[field] or require("lofty").array {}
      for _, part in ipairs(split(text)) do
        local value, problem = part, nil
        if checks[field] then value, problem = checks[field](part) end
        if not value then return nil, problem end
        table.insert(fields[field], value)
      end
    elseif text ~= "" then
      local value, problem = text, nil
      if checks[field] then value, problem = checks[field](text) end
      if not value then return nil, problem end
      fields[field] = value
    end
  end
  if fields.name then
    local first, last = split_name(fields.name)
    fields.firstName, fields.lastName, fields.name = fields.firstName or first, fields.lastName or last, nil
  end
  if next(fields) == nil then return nil, "the row is empty" end
  return fields
end

--- The keys of a row, in the order in which they are looked up.
-- @tparam table fields
-- @tparam {string,...} match "email", "phone"
-- @treturn table array of { name, value, key }: what is asked for and what is compared
function rows.keys(fields, match)
  local keys = {}
  if fields.leadId then keys[1] = { name = "leadId", value = fields.leadId, key = fields.leadId } end
  for _, name in ipairs(match) do
    for _, value in ipairs(fields[name .. "s"] or {}) do
      keys[#keys + 1] = { name = name, value = value, key = rows.key(name, value) }
    end
  end
  return keys
end

return rows
