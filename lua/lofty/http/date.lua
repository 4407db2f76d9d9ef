--- Reads dates in HTTP header fields.
-- @module lofty.http.date

local lower = require("lofty.internal.ascii").lower

local tonumber = tonumber
local floor = math.floor
local match, sub = string.match, string.sub

local date = {}

-- No date is longer; a header value may be 64 KB.
local MAX_SIZE = 64
local SECONDS_PER_YEAR = 31556952

local MONTHS = { jan = 1, feb = 2, mar = 3, apr = 4, may = 5, jun = 6, jul = 7, aug = 8, sep = 9, oct = 10, nov = 11,
  dec = 12 }

-- Days since 1970-01-01 in the Gregorian calendar; os.time would read the date in local time.
local function days(year, month, day)
  if month <= 2 then year = year - 1 end
  local era = floor(year / 400)
  local of_era = year - era * 400
  local of_year = floor((153 * (month + (month > 2 and -3 or 9)) + 2) / 5) + day - 1
  return era * 146097 + of_era * 365 + floor(of_era / 4) - floor(of_era / 100) + of_year - 719468
end

local function epoch(year, month, day, clock, offset)
  local hour, minute, second = match(clock, "^(%d%d):(%d%d):(%d%d)$")
  day, year, hour, minute, second = tonumber(day), tonumber(year), tonumber(hour), tonumber(minute), tonumber(second)
  if not hour or day < 1 or day > 31 or hour > 23 or minute > 59 or second > 60 then return nil end
  return days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset
end

-- Seconds east of Greenwich of a zone; nil when it is none of UTC's names and no numeric offset.
local function zone_offset(zone)
  if zone == "" or zone == "gmt" or zone == "utc" or zone == "ut" or zone == "z" then return 0 end
  local sign, hours, minutes = match(zone, "^([+-])(%d%d):?(%d%d)$")
  if not sign then return nil end
  local seconds = tonumber(hours) * 3600 + tonumber(minutes) * 60
  return sign == "-" and -seconds or seconds
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
-- @treturn ?number epoch seconds; nil when the text is no date
function date.parse(text, now)
  if #text > MAX_SIZE then return nil end
  text = lower(match(text, "^%s*(.-)%s*$"))
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
    month = month and MONTHS[sub(month, 1, 3)]
    if not month then return nil end
    if #year == 2 then year = full_year(year, now) elseif #year ~= 4 then return nil end
  end
  local offset = zone_offset(zone)
  return offset and epoch(year, month, day, clock, offset)
end

return date
