-- SPDX-License-Identifier: MIT

--- Times as Lofty's API writes them, and epoch seconds.
--
-- The API has six forms: epoch milliseconds; ISO 8601 with an offset, with or without fractions of a second; ISO 8601
-- with "GMT" behind it; "yyyy-MM-dd HH:mm:ss" in UTC; "MMM d, yyyy" (birthdays); and dates alone.
-- @module lofty.time

local errors = require "lofty.errors"
local calendar = require "lofty.internal.calendar"
local lower = require("lofty.internal.ascii").lower
local misuse = require "lofty.internal.misuse"

local floor, abs = math.floor, math.abs
local find, format, match, sub = string.find, string.format, string.match, string.sub
local ipairs, pcall = ipairs, pcall
local tonumber, type, tostring, os_time = tonumber, type, tostring, os.time

local time = {}

-- Numbers above are milliseconds: as seconds they would lie after the year 5138.
local MILLISECONDS = 1e11
-- The last second of the year 9999.
local LAST = 253402300799
-- No form is longer.
local MAX_SIZE = 64
-- What os.time reads of a table.
local FIELDS = { "year", "month", "day", "hour", "min", "sec", "isdst" }

local function failed(message)
  return nil, errors.new { kind = "invalid", message = "lofty.time.parse: " .. message, sent = false }
end

local function from_number(value)
  if value ~= value or value <= 0 then return failed(tostring(value) .. ' is not a time: Lofty means "not set"') end
  if value > MILLISECONDS then value = value / 1000 end
  if value > LAST then return failed("the number is too large for a time") end
  return value == floor(value) and floor(value) or value
end

local function from_text(text)
  local year, month, day, rest = match(text, "^(%d%d%d%d)%-(%d%d)%-(%d%d)(.*)$")
  if not year then
    local name
    name, day, year = match(text, "^(%a%a%a)%a* (%d%d?), (%d%d%d%d)$")
    month, rest = name and calendar.MONTHS[lower(name)], ""
  end
  year, month, day = tonumber(year), tonumber(month), tonumber(day)
  if not month or not calendar.exists(year, month, day) then return nil end
  local seconds = calendar.days(year, month, day) * 86400
  if rest == "" then return seconds end
  local hour, minute, second, fraction, zone = match(rest, "^[Tt ](%d%d):(%d%d):?(%d?%d?)(%.?%d*) ?(.*)$")
  hour, minute, second = tonumber(hour), tonumber(minute), tonumber(second == "" and "0" or second)
  local offset = zone and calendar.offset(lower(zone))
  if not offset or not second or hour > 23 or minute > 59 or second > 60 then return nil end
  seconds = seconds + hour * 3600 + minute * 60 + second - offset
  if fraction ~= "" then
    -- (tonumber would expect the decimal point of the locale.)
    local digits = match(fraction, "^%.(%d+)$")
    if not digits then return nil end
    local part = tonumber(digits) / 10 ^ #digits
    if part > 0 then seconds = seconds + part end
  end
  return seconds
end

--- Reads a time in any of the API's forms.
-- @tparam string|number value a number above 1e11 is milliseconds, another one seconds; a text without a zone is UTC;
--   a date alone is its first second in UTC
-- @treturn[1] number epoch seconds, with a fraction where the value has one
-- @treturn[2] nil
-- @treturn[2] table err of kind "invalid": no time (0, -1 and "" are Lofty's words for "not set")
function time.parse(value)
  if type(value) == "number" then return from_number(value) end
  if type(value) ~= "string" then misuse("lofty.time.parse: a text or a number expected, got " .. type(value)) end
  if value == "" then return failed('"" is not a time: Lofty means "not set"') end
  if #value > MAX_SIZE then return failed("the text is too long for a time") end
  if find(value, "^%-?%d+%.?%d*$") then return from_number(tonumber(value)) end
  local seconds = from_text(value)
  if seconds then return seconds end
  return failed(format("%q is not a time; the forms are 2026-03-01T15:00:00-08:00, 2026-03-01 23:00:00 (UTC), "
    .. "Mar 1, 2026 and milliseconds", value))
end

local function offset_text(seconds)
  local minutes = floor(abs(seconds) / 60)
  return format("%s%02d:%02d", seconds < 0 and "-" or "+", floor(minutes / 60), minutes % 60)
end

--- Writes a time as operations want it: ISO 8601 with an offset, such as "2026-03-01T15:00:00-08:00".
-- @tparam number epoch seconds since 1970; a fraction is cut off
-- @tparam[opt="+00:00"] string|number offset from UTC: "-08:00", or seconds east of Greenwich (-28800)
-- @treturn string
function time.format(epoch, offset)
  if type(epoch) ~= "number" then misuse("lofty.time.format: epoch seconds expected, got " .. type(epoch)) end
  if epoch ~= epoch or abs(epoch) > LAST then
    misuse(abs(epoch) > MILLISECONDS and "lofty.time.format: this number is milliseconds: divide it by 1000"
      or "lofty.time.format: epoch seconds expected, up to the year 9999")
  end
  if type(offset) == "string" then offset = calendar.offset(lower(offset)) or offset end
  offset = offset or 0
  if type(offset) ~= "number" or abs(offset) >= 86400 or offset % 60 ~= 0 then
    misuse('lofty.time.format: the offset must be "+hh:mm" or whole minutes in seconds')
  end
  local shifted = floor(epoch) + offset
  local days = floor(shifted / 86400)
  local left = shifted - days * 86400
  local year, month, day = calendar.date(days)
  return format("%04d-%02d-%02dT%02d:%02d:%02d%s", year, month, day, floor(left / 3600), floor(left / 60) % 60,
    left % 60, offset_text(offset))
end

-- The offset of local time at this moment.
local function local_offset(epoch)
  local utc = os.date("!*t", epoch)
  utc.isdst = false
  local as_local = os_time(utc)
  if os.date("*t", epoch).isdst then as_local = as_local - 3600 end
  return epoch - as_local
end

--- What a program may give for a date-time field, as the text that goes out.
-- @tparam string|number|table value a text in ISO 8601 with an offset; epoch seconds; a table as `os.date("*t")` gives
--   it (local time)
-- @treturn[1] string ISO 8601 with an offset
-- @treturn[2] nil
-- @treturn[2] string what is wrong with the value
function time.text(value)
  if type(value) == "table" then
    -- A copy, since os.time normalises the fields of its argument.
    local fields = {}
    for _, name in ipairs(FIELDS) do fields[name] = value[name] end
    local ok, epoch = pcall(os_time, fields)
    if not ok or not epoch then return nil, "is not a table of os.date (year, month, day, hour, min, sec)" end
    return time.format(epoch, local_offset(epoch))
  elseif type(value) == "number" then
    if value ~= value or value < 0 then return nil, "must be epoch seconds, got " .. tostring(value) end
    if value > MILLISECONDS then return nil, "is milliseconds: this field takes epoch seconds, so divide by 1000" end
    return time.format(value)
  elseif type(value) ~= "string" then
    return nil, "is a " .. type(value) .. ": give a text in ISO 8601, epoch seconds or a table of os.date"
  end
  local zone = #value <= MAX_SIZE and match(value, "^%d%d%d%d%-%d%d%-%d%d[Tt]%d%d:%d%d:?%d?%d?%.?%d*(.*)$")
  if not zone or zone == "" or lower(sub(zone, 1, 3)) == "gmt" or not from_text(value) then
    return nil, "must be ISO 8601 with an offset, such as 2026-03-01T15:00:00-08:00"
  end
  return value
end

return time
