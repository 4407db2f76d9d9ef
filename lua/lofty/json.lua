--- JSON with exact numbers: what an id was on the wire, it is in Lua, and on the wire again.
--
-- Strict RFC 8259 both ways. How values are read:
--
-- - An object is a table; of two members with one name the last counts.
-- - An array is a table with the metatable of `lofty.array`, so that it is one even when it gets empty.
-- - `null` is `lofty.null` (which is `cjson.null`).
-- - A number without fraction and exponent is an integer. Lua 5.3 and newer have integers; one that
--   does not fit in 64 bits is the string of its digits. On Lua 5.1, 5.2 and LuaJIT one of more than
--   14 digits is the string of its digits, for `tostring` and `..` would round it. `-0` is the float -0.0.
-- - `1.5` and `1e3` are floats; one beyond the range of a double is an error.
--
-- How values are written: members in the order of their names (unless there are more than 512); a table
-- with the keys 1 to n is an array, an empty one is `{}` unless `lofty.array` made it; `lofty.integer` and
-- the 64-bit integers of LuaJIT's ffi as their digits; on Lua 5.3 and newer the float 1000.0 as `1000.0`,
-- elsewhere whole numbers as their digits, and a whole number from 2^53 up to 2^64 is refused there, for it
-- may have been rounded. No metamethod is called.
-- @module lofty.json

local core = require "lofty.core"
local errors = require "lofty.errors"
local misuse = require "lofty.internal.misuse"

local type = type
local json_decode, json_encode, json_repair = core.json_decode, core.json_encode, core.json_repair
local new_error = errors.new

local json = {}

local DECODE_OPTIONS = { repair = true }

--- Reads a JSON text.
-- @tparam string text the whole text
-- @tparam[opt] table opt `repair = true`: where a string holds what no JSON string may hold, U+FFFD stands for it in
--   the value instead of an error: bytes that are not UTF-8, half a surrogate pair, the backslash of an unknown
--   escape; a bare control character is kept as it is
-- @return the value, or nil and an error of kind "decode" that says what is wrong at which byte
-- (also as `err.offset`, from 1)
function json.decode(text, opt)
  if type(text) ~= "string" then misuse("json.decode: a string expected, got " .. type(text)) end
  if opt ~= nil then errors.options("json.decode", opt, DECODE_OPTIONS) end
  local value, message, offset = json_decode(text)
  if message and opt and opt.repair then
    local repaired = json_repair(text)
    if repaired then value, message = json_decode(repaired) end
  end
  if message then return nil, new_error{ kind = "decode", message = "JSON: " .. message, offset = offset } end
  return value
end

--- Writes a value as JSON.
-- @param value what `decode` gives, or alike
-- @treturn string the text, or nil and an error of kind "invalid" that says what is wrong at which place,
-- such as `.emails[2]`
function json.encode(value)
  local text, message = json_encode(value)
  if not text then return nil, new_error{ kind = "invalid", message = "JSON: " .. message } end
  return text
end

return json
