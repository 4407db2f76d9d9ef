-- SPDX-License-Identifier: MIT

--- Looks up the lead of a row by the row's keys, and compares them.
-- @module lofty.cli.import.decision

local ascii = require "lofty.internal.ascii"
local columns = require "lofty.cli.import.columns"
local expect = require "lofty.api.expect"
local rows = require "lofty.cli.import.rows"
local sorted_keys = require "lofty.cli.sorted_keys"

local decision = {}

-- How many leads a look-up asks for: enough to see that a key is not unique.
local LOOK_UP_LIMIT = 10

local function text_of(value)
  local lofty = require "lofty"
  if value == nil or value == lofty.null then return nil end
  return type(value) == "string" and value or lofty.json.encode(value)
end

-- Asks for the leads with this value of a key; results as those of decision.find.
local function ask(crm, key, value)
  local function fits(text) return rows.key(key.name, text) == key.key end
  local found, err = expect.matching(key.name .. "s", fits,
    crm.leads:list { [key.name] = value, preciseSearchFlag = true, limit = LOOK_UP_LIMIT })
  if not found then return nil, nil, err end
  if #found > 1 then return nil, ("%d leads have the %s %s"):format(#found, key.name, key.value) end
  return found[1]
end

--- Looks a lead up.
-- @tparam table crm
-- @tparam table keys of `rows.keys`
-- @treturn[1] ?table the lead; nil alone when there is none
-- @treturn[2] nil
-- @treturn[2] string why the row is bad
-- @treturn[3] nil
-- @treturn[3] nil
-- @treturn[3] table err
function decision.find(crm, keys)
  for _, key in ipairs(keys) do
    if key.name == "leadId" then
      local lead, err = expect.lead(key.value, crm.leads:get(key.value))
      if err and err.kind == "not_found" then return nil, "there is no lead " .. key.value end
      return lead, nil, err
    end
    local found, problem, err = ask(crm, key, key.value)
    -- Whether the server ignores case and country codes is not documented.
    if not (found or problem or err) and key.key ~= key.value then found, problem, err = ask(crm, key, key.key) end
    if found or problem or err then return found, problem, err end
  end
  return nil
end

-- The values of `wanted` that `have` lacks.
local function missing(field, have, wanted)
  local seen, list = {}, {}
  local function key(value)
    if field == "phones" then return rows.phone_key(value) end
    return ascii.lower(value)
  end
  for _, value in ipairs(type(have) == "table" and have or {}) do
    if type(value) == "table" then value = value.tagName end
    if type(value) == "string" then seen[key(value)] = true end
  end
  for _, value in ipairs(wanted) do
    if not seen[key(value)] then list[#list + 1], seen[key(value)] = value, true end
  end
  return list
end

local ADDRESS = { streetAddress = true, city = true, state = true, zipCode = true }

-- Whether a part of the address is that of one of the lead's properties.
local function is_in_properties(lead, field, value)
  for _, property in ipairs(type(lead.leadPropertyList) == "table" and lead.leadPropertyList or {}) do
    if text_of(property[field]) == value then return true end
  end
  return false
end

--- Compares a row with its lead.
-- Empty cells change nothing; lists get the values that they lack; only new leads get a note.
-- @tparam table lead
-- @tparam table fields of the row
-- @treturn ?table fields for `leads.update`; nil when nothing differs
-- @treturn {string,...} the differences, to show
function decision.differences(lead, fields)
  local lofty = require "lofty"
  local update, shown = {}, {}
  for _, name in ipairs(sorted_keys(fields)) do
    local value = fields[name]
    if columns.lists[name] then
      local lacking = missing(name, lead[name], value)
      if #lacking > 0 then
        shown[#shown + 1] = name .. " + " .. table.concat(lacking, ", ")
        if name == "tags" then
          update.tagsAdd = lofty.array(lacking)
        else
          update[name] = lofty.array {}
          for _, old in ipairs(type(lead[name]) == "table" and lead[name] or {}) do table.insert(update[name], old) end
          for _, new in ipairs(lacking) do table.insert(update[name], new) end
        end
      end
    elseif name ~= "leadId" and name ~= "content" then
      local old = text_of(lead[name])
      if old ~= value and not (ADDRESS[name] and is_in_properties(lead, name, value)) then
        shown[#shown + 1] = ("%s %q -> %q"):format(name, old or "", value)
        update[name] = value
      end
    end
  end
  if next(update) == nil then return nil, shown end
  return update, shown
end

return decision
