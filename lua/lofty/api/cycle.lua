--- Notices a server that turns in circles, in memory that does not grow.
--
-- One page is kept to compare with, and exchanged for a newer one after 1, 2, 4, 8, ... pages (R. Brent, "An
-- improved Monte Carlo factorization algorithm", 1980): a circle of any length is met before long. The page
-- before is kept too, for the commonest circle, a cursor that stays where it is.
-- @module lofty.api.cycle

local core = require "lofty.core"

local tostring, type = tostring, type
local concat = table.concat
local json_encode = core.json_encode

local circle = {}

-- What tells an item from others; a deal has the lead's id too.
local IDS = { "id", "transactionId", "listingId", "leadId" }

-- The ids of a page in one string, or nil if one has none.
local function ids_of(items)
  local ids = {}
  for i = 1, #items do
    local item, id = items[i], nil
    if type(item) == "table" then
      for k = 1, #IDS do
        id = item[IDS[k]]
        if type(id) == "string" or type(id) == "number" then break end
        id = nil
      end
    end
    if id == nil then return nil end
    ids[i] = tostring(id)
  end
  return concat(ids, " ")
end

--- Makes a watcher.
-- @treturn function `seen(cursor, items, is_bounded)` -> true when this page came before: the same ids, or,
--   where items have none, the same cursor ("" where the server gives none) and the same text. Of items
--   without ids in a list bounded by a total nothing is said: pages may look the same there, and it ends anyway.
function circle.new()
  local before, kept, power, steps = nil, nil, 1, 0
  return function(cursor, items, is_bounded)
    local print = #items > 0 and ids_of(items)
    if not print then
      if is_bounded then return false end
      print = cursor .. "\n" .. (json_encode(items) or "")
    end
    if print == before or print == kept then return true end
    before, steps = print, steps + 1
    if steps == power then
      kept, power, steps = print, power * 2, 0
    end
    return false
  end
end

return circle
