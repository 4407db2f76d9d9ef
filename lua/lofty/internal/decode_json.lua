-- SPDX-License-Identifier: MIT

--- Decodes a JSON text, and repairs it first where that is asked for and needed.
-- @module lofty.internal.decode_json

local core = require "lofty.core"

local json_decode, json_repair = core.json_decode, core.json_repair

--- Decodes a JSON text.
-- @tparam string text
-- @tparam[opt] boolean repair replace what no JSON string may hold, see `lofty.json`
-- @return[1] the value
-- @treturn[2] nil
-- @treturn[2] string what is wrong with it
-- @treturn[2] number the offset of the invalid byte, from 1; after a repair it counts in the repaired text
return function(text, repair)
  local value, why, offset = json_decode(text)
  local repaired = why and repair and json_repair(text)
  if repaired then value, why, offset = json_decode(repaired) end
  return value, why, offset
end
