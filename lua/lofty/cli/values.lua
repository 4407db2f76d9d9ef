-- SPDX-License-Identifier: MIT

--- Reads `NAME=VALUE` words into the fields of an operation, by the types of the table of operations.
-- @module lofty.cli.values

local values = {}

local function from_json(text)
  local json = require("lofty").json
  local value, err = json.decode(text)
  if value == nil then return nil, tostring(err) end
  return value
end

local readers = {}

function readers.boolean(text)
  if text == "true" or text == "yes" then return true end
  if text == "false" or text == "no" then return false end
  return nil, "must be true or false"
end

-- A longer number stays text, since not every Lua can hold it; the library sends it as an exact integer.
local MAX_DIGITS = 14

function readers.integer(text)
  if not text:find "^%-?%d+$" then return nil, "must be a whole number" end
  return #text <= MAX_DIGITS and tonumber(text) or text
end

function readers.number(text)
  local number = tonumber(text)
  if number then return number end
  return nil, "must be a number"
end

function readers.string(text) return text end

-- A comma separates the items; a JSON array is understood too.
function readers.array(text, shape)
  if text:find "^%s*%[" then return from_json(text) end
  local list = require("lofty").array {}
  local items = shape.items or {}
  if items.fields then return nil, "must be a JSON array" end
  for word in text:gmatch "[^,]+" do
    local value, problem = values.read(word, items)
    if value == nil then return nil, problem end
    list[#list + 1] = value
  end
  return list
end

--- Reads one value.
-- @tparam string text
-- @tparam table shape of the field, as in `lofty.api.operations`
-- @return[1] the value
-- @treturn[2] nil
-- @treturn[2] string what it must be
function values.read(text, shape)
  if text == "null" then return require("lofty").null end
  if shape.fields or shape.open or shape.many and text:find "^%s*%[" then
    local value, problem = from_json(text)
    if type(value) ~= "table" then return nil, problem or "must be a JSON object" end
    return value
  end
  local reader = readers[shape.type] or readers.string
  return reader(text, shape)
end

--- Reads a value of unknown type: true, false, null, numbers, and what looks like JSON keep their type; the rest is
-- text.
-- Quotes force text: `zipCode='"02134"'`.
-- @tparam string text
-- @return[1] the value
-- @treturn[2] nil
-- @treturn[2] string what is wrong with the JSON
function values.guess(text)
  if text == "true" or text == "false" or text == "null" or text:find '^%s*[%[{"]'
    or text:find "^%-?%d+%.%d+$" then
    local value, problem = from_json(text)
    if value == nil then return nil, "is not JSON: " .. problem end
    return value
  end
  -- Exact on every Lua, however many digits.
  if text:find "^%-?[1-9]%d*$" or text == "0" then return require("lofty").integer(text) end
  return text
end

--- Splits `NAME=VALUE`.
-- @tparam string word
-- @treturn ?string name; nil when the word has no "="
-- @treturn ?string value
function values.split(word)
  return word:match "^([%w_%.%-]+)=(.*)$"
end

--- Splits `NAME=VALUE`, and refuses a name that an earlier word has given.
-- @tparam string word
-- @tparam table given name -> value of the words before
-- @tparam string what a word is, for the message: "field" or "filter"
-- @treturn[1] string name
-- @treturn[1] string value
-- @treturn[2] nil
-- @treturn[2] string what is wrong with the word
function values.split_new(word, given, what)
  local name, text = values.split(word)
  if not name then return nil, ("%q is not a %s: write NAME=VALUE"):format(word, what) end
  if given[name] ~= nil then return nil, name .. " is given twice" end
  return name, text
end

--- Splits a list of names, such as `notes,tasks`.
-- @tparam string text
-- @treturn {string,...}
function values.list(text)
  local list = {}
  for name in text:gmatch "[^,%s]+" do list[#list + 1] = name end
  return list
end

--- Reads a JSON body from a file, or from standard input when the name is "-".
-- @tparam table streams
-- @tparam string name
-- @return[1] the value
-- @treturn[2] nil
-- @treturn[2] string what is wrong
function values.from_file(streams, name)
  local text, why
  if name == "-" then
    text = streams.input:read "*a"
  else
    local file
    file, why = io.open(name, "rb")
    if file then
      text, why = file:read "*a"
      file:close()
    end
  end
  if not text then return nil, "cannot read " .. (why or name) end
  local value, problem = from_json(text)
  if value == nil then return nil, name .. " is not JSON: " .. problem end
  return value
end

return values
