-- SPDX-License-Identifier: MIT

--- JSON with exact numbers: an id keeps all its digits when it is decoded and encoded again.
--
-- Decoder and encoder are strict (RFC 8259). How values are decoded:
--
-- - An object is a table; if a name is repeated, the last member wins.
-- - An array is a table with the metatable of `lofty.array`, and stays an array when it becomes empty.
-- - `null` is `lofty.null` (which is `cjson.null`).
-- - A number without fraction and exponent is an integer. On Lua 5.3 and newer it is a Lua
--   integer, or the string of its digits if it does not fit in 64 bits. On Lua 5.1, 5.2 and LuaJIT an integer of
--   more than 14 digits is the string of its digits, because `tostring` and `..` would round it. `-0` is a float.
-- - `1.5` and `1e3` are floats; one beyond the range of a double is an error.
--
-- How values are encoded:
--
-- - Members are sorted by name, unless there are more than 512.
-- - A table with the keys 1 to n is an array. An empty table is `{}`, or `[]` if `lofty.array` made it.
-- - `lofty.integer` and the 64-bit integers of LuaJIT's ffi are written as their digits.
-- - On Lua 5.3 and newer the float 1000.0 is written as `1000.0`. On Lua 5.1, 5.2 and LuaJIT an integral number is
--   written without a fraction, and one from 2^53 to 2^64 is an error, because it may have been rounded.
--
-- No metamethod is called.
-- @module lofty.json

local core = require "lofty.core"
local decode_json = require "lofty.internal.decode_json"
local errors = require "lofty.errors"
local misuse = require "lofty.internal.misuse"

local tostring, type = tostring, type
local json_encode = core.json_encode
local new_error = errors.new

local json = {}

local DECODE_OPTIONS, ENCODE_OPTIONS = { repair = true }, { indent = true }

--- Decodes a JSON text.
-- @tparam string text the complete text
-- @tparam[opt] table opt `repair = true` accepts invalid characters in strings: U+FFFD replaces bytes that are not
--   UTF-8, unpaired surrogates and the backslash of unknown escapes; unescaped control characters are kept
-- @return the value, or nil and an error of kind "decode" with the position of the invalid byte (`err.offset`, from 1;
--   with `repair` in the text after its replacements)
function json.decode(text, opt)
  if type(text) ~= "string" then misuse("json.decode: a string expected, got " .. type(text)) end
  if opt ~= nil then errors.options("json.decode", opt, DECODE_OPTIONS) end
  local value, message, offset = decode_json(text, opt and opt.repair)
  if message then return nil, new_error{ kind = "decode", message = "JSON: " .. message, offset = offset } end
  return value
end

--- Encodes a value as JSON.
-- @param value a string, number, boolean, `lofty.null`, `lofty.integer`, or a table of such values
-- @tparam[opt] table opt `indent`: spaces for each level, from 0 to 16, with a line for each item and member (0: all on
--   one line)
-- @treturn string the text, or nil and an error of kind "invalid" with the path to the invalid value, such as
-- `.emails[2]`
function json.encode(value, opt)
  local indent = 0
  if opt ~= nil then
    errors.options("json.encode", opt, ENCODE_OPTIONS)
    indent = opt.indent or 0
    if type(indent) ~= "number" or indent < 0 or indent > 16 or indent % 1 ~= 0 then
      misuse("json.encode: indent must be a number of spaces from 0 to 16, got " .. tostring(indent))
    end
  end
  local text, message = json_encode(value, indent)
  if not text then return nil, new_error{ kind = "invalid", message = "JSON: " .. message } end
  return text
end

return json
