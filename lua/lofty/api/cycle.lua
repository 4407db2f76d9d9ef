-- SPDX-License-Identifier: MIT

--- Detects a server that gives the same pages again and again, in constant memory.
--
-- Each page is compared with three earlier ones: the page before it (a cursor that does not move), the first page (a
-- list that starts over), and one kept page that is replaced after 1, 2, 4, 8, ... pages, so that a cycle of any
-- length is found (R. Brent, "An improved Monte Carlo factorization algorithm", 1980).
-- @module lofty.api.cycle

local core = require "lofty.core"
local exact_text = require "lofty.internal.exact_text"

local type = type
local concat = table.concat
local json_encode = core.json_encode

local cycle = {}

-- The fields that identify an item, best first: a transaction also has its lead's id.
local ID_FIELDS = { "id", "transactionId", "listingId", "leadId" }

-- The ids of a page's items in one string, or nil if an item has none.
local function ids_of(items)
  local ids = {}
  for i = 1, #items do
    local item, id = items[i], nil
    if type(item) == "table" then
      for k = 1, #ID_FIELDS do
        id = item[ID_FIELDS[k]]
        if type(id) == "string" or type(id) == "number" then break end
        id = nil
      end
    end
    if id == nil then return nil end
    ids[i] = type(id) == "number" and exact_text(id) or id
  end
  return concat(ids, " ")
end

--- Makes a detector for one walk.
-- @treturn function `seen(cursor, items, may_look_alike)` returns true when this page came before. Pages are equal when
--   their items have the same ids or, where items have no ids, when cursor ("" if there is none) and JSON text are the
--   same. With `may_look_alike`, equal pages of items without ids count as different.
function cycle.new()
  local first, before, kept, power, steps = nil, nil, nil, 1, 0
  return function(cursor, items, may_look_alike)
    local ids = ids_of(items)
    local print = ids or cursor .. "\n" .. (json_encode(items) or "")
    if (ids or not may_look_alike) and (print == before or print == kept or print == first) then return true end
    first = first or print
    before, steps = print, steps + 1
    if steps == power then
      kept, power, steps = print, power * 2, 0
    end
    return false
  end
end

return cycle
