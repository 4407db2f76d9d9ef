-- SPDX-License-Identifier: MIT

--- Writes records so that a terminal gets no control characters of theirs; a file or a pipe gets them unchanged.
-- @module lofty.cli.terminal_text

local sanitize = require "lofty.internal.sanitize"

local find, gsub = string.find, string.gsub

local terminal_text = {}

-- Escapes a character that JSON allows but that a terminal must not get: DEL, C1 and bidirectional controls. They occur
-- only in strings, where they can be escaped (RFC 8259, section 7).
local function escape(character)
  local shown = sanitize(character)
  if shown == character then return nil end
  local code = shown:match "^\\u{(%x+)}$" or shown:match "^\\x(%x%x)$"
  return code and ("\\u%04x"):format(tonumber(code, 16)) or nil
end

--- A value as JSON.
-- @tparam table streams
-- @param value
-- @treturn string
function terminal_text.json(streams, value)
  local text = assert(require("lofty").json.encode(value))
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
  return streams.out_is_terminal and sanitize(text, max) or text
end

return terminal_text
