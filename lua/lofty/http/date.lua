-- SPDX-License-Identifier: MIT

--- Reads dates in HTTP header fields.
-- @module lofty.http.date

local ascii = require "lofty.internal.ascii"
local calendar = require "lofty.internal.calendar"

local lower, trim = ascii.lower, ascii.trim
local tonumber = tonumber
local floor = math.floor
local match, sub = string.match, string.sub

local date = {}

-- No date is longer; a header value may be 64 KB.
local MAX_SIZE = 64
local SECONDS_PER_YEAR = 31556952

local function epoch(year, month, day, clock, offset)
  local hour, minute, second = match(clock, "^(%d%d):(%d%d):(%d%d)$")
  day, year, hour, minute, second = tonumber(day), tonumber(year), tonumber(hour), tonumber(minute), tonumber(second)
  if not hour or day < 1 or day > 31 or hour > 23 or minute > 59 or second > 60 then return nil end
  return calendar.days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset
end

-- The year nearest to now with these last two digits, at most 50 years ahead (RFC 9110, section 5.6.7).
local function full_year(digits, now)
  local this = floor(1970 + (now or 0) / SECONDS_PER_YEAR)
  local year = this - this % 100 + tonumber(digits)
  return year > this + 50 and year - 100 or year
end

--- Reads an HTTP-date (RFC 9110, section 5.6.7: IMF-fixdate, RFC 850's and asctime's form) or a date-time of RFC 3339.
-- Also accepted, since servers send them: any case, a day of one digit, UTC, a numeric offset or no zone for GMT.
-- @tparam string text
-- @tparam[opt] number now epoch seconds, to complete the two-digit year of RFC 850's form
-- @treturn ?number epoch seconds; nil when the text is not a date
function date.parse(text, now)
  if #text > MAX_SIZE then return nil end
  text = lower(trim(text))
  local year, month, day, clock, zone
  if match(text, "^%d%d%d%d%-") then
    year, month, day, clock, zone = match(text, "^(%d%d%d%d)%-(%d%d)%-(%d%d)[t ](%d%d:%d%d:%d%d)%.?%d*%s*(.*)$")
    month = tonumber(month)
    if not month or month < 1 or month > 12 then return nil end
  else
    day, month, year, clock, zone = match(text, "^[a-z]+, *(%d%d?)[ -]([a-z]+)[ -](%d+) (%d%d:%d%d:%d%d) ?(.*)$")
    if not day then
      month, day, clock, year = match(text, "^[a-z]+ ([a-z]+) +(%d%d?) (%d%d:%d%d:%d%d) (%d%d%d%d)$")
      zone = ""
    end
    month = month and calendar.MONTHS[sub(month, 1, 3)]
    if not month then return nil end
    if #year == 2 then year = full_year(year, now) elseif #year ~= 4 then return nil end
  end
  local offset = calendar.offset(zone)
  return offset and epoch(year, month, day, clock, offset)
end

return date
