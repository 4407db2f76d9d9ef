-- SPDX-License-Identifier: MIT

--- HTML templates. Each value that is filled in is escaped.
--
--     local item = html [[<li class="{kind}">{text}</li>]]
--     item { kind = "note", text = "<b>" }              -- <li class="note">&lt;b&gt;</li>
--     list { items = { item {...}, item {...} } }        -- filled templates go in as they are, arrays joined
--
-- Attributes are in double quotes, and no value is put into a script or a style.

local concat, gsub, find, sub = table.concat, string.gsub, string.find, string.sub

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

-- A filled template. Only templates make one, so text from outside is never taken for markup.
local Markup = {}
Markup.__index = Markup
function Markup:__tostring() return self.text end

local function add(out, value)
  if getmetatable(value) == Markup then
    out[#out + 1] = value.text
  elseif type(value) == "table" then
    for i = 1, #value do add(out, value[i]) end
  else
    out[#out + 1] = gsub(tostring(value), "[&<>\"']", ENTITIES)
  end
end

-- A list of literal texts (odd indexes) and the names between them (even indexes).
local function parse(template)
  local parts, at = {}, 1
  while true do
    local first, last, name = find(template, "{([%a_]+)}", at)
    if not first then break end
    parts[#parts + 1] = sub(template, at, first - 1)
    parts[#parts + 1] = name
    at = last + 1
  end
  parts[#parts + 1] = sub(template, at)
  return parts
end

--- Makes a template; calling it with a table of values fills it. A missing value is an error; false gives no text.
return function(template)
  local parts = parse(template)
  return function(values)
    local out = {}
    for i = 1, #parts do
      if i % 2 == 1 then
        out[#out + 1] = parts[i]
      else
        local value = values[parts[i]]
        if value == nil then error("the template has {" .. parts[i] .. "}, and no value for it", 2) end
        if value then add(out, value) end
      end
    end
    return setmetatable({ text = concat(out) }, Markup)
  end
end
