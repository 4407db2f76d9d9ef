-- SPDX-License-Identifier: MIT

--- Writes records so that a terminal gets no control characters of theirs; a file or a pipe gets them unchanged.
-- @module lofty.cli.terminal_text

local find, gsub = string.find, string.gsub

local terminal_text = {}

-- Escapes a character that JSON allows but that a terminal must not get: DEL, C1 and bidirectional controls. They occur
-- only in strings, where they can be escaped (RFC 8259, section 7).
local function escape(character)
  local shown = require "lofty.internal.sanitize"(character)
  if shown == character then return nil end
  local code = shown:match "^\\u{(%x+)}$" or shown:match "^\\x(%x%x)$"
  return code and ("\\u%04x"):format(tonumber(code, 16)) or nil
end

--- A value as JSON.
-- @tparam table streams
-- @param value
-- @treturn string
function terminal_text.json(streams, value)
  local text = assert(require("lofty.core").json_encode(value, 0))
  if streams.out_is_terminal and find(text, "[\127-\255]") then
    text = gsub(gsub(text, "\127", escape), "[\194-\244][\128-\191]+", escape)
  end
  return text
end

--- The text of a cell.
-- @tparam table streams
-- @tparam string text
-- @tparam[opt] number max bytes that a terminal gets
-- @treturn string
function terminal_text.cell(streams, text, max)
  if not streams.out_is_terminal then return text end
  return (require "lofty.internal.sanitize"(text, max))
end

return terminal_text
