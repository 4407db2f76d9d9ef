-- SPDX-License-Identifier: MIT

--- The Gregorian calendar in UTC, without os.time, which reads dates in local time.
-- @module lofty.internal.calendar

local floor = math.floor
local match = string.match
local tonumber = tonumber

local calendar = {}

--- Numbers of the months by the lower-case beginning of their English names.
calendar.MONTHS = { jan = 1, feb = 2, mar = 3, apr = 4, may = 5, jun = 6, jul = 7, aug = 8, sep = 9, oct = 10, nov = 11,
  dec = 12 }

local DAYS = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

--- Days from 1970-01-01 to a date.
-- @tparam number year
-- @tparam number month 1 to 12
-- @tparam number day of the month
-- @treturn number negative before 1970
function calendar.days(year, month, day)
  if month <= 2 then year = year - 1 end
  local era = floor(year / 400)
  local of_era = year - era * 400
  local of_year = floor((153 * (month + (month > 2 and -3 or 9)) + 2) / 5) + day - 1
  return era * 146097 + of_era * 365 + floor(of_era / 4) - floor(of_era / 100) + of_year - 719468
end

--- The date so many days after 1970-01-01.
-- @tparam number days
-- @treturn number year
-- @treturn number month
-- @treturn number day of the month
function calendar.date(days)
  days = days + 719468
  local era = floor(days / 146097)
  local of_era = days - era * 146097
  local year = floor((of_era - floor(of_era / 1460) + floor(of_era / 36524) - floor(of_era / 146096)) / 365)
  local of_year = of_era - (365 * year + floor(year / 4) - floor(year / 100))
  local shifted = floor((5 * of_year + 2) / 153)
  local month = shifted + (shifted < 10 and 3 or -9)
  return year + era * 400 + (month <= 2 and 1 or 0), month, of_year - floor((153 * shifted + 2) / 5) + 1
end

--- Whether there is such a day.
-- @tparam number year
-- @tparam number month
-- @tparam number day
-- @treturn boolean
function calendar.exists(year, month, day)
  if month < 1 or month > 12 or day < 1 then return false end
  local leap = month == 2 and year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
  return day <= (leap and 29 or DAYS[month])
end

--- Reads the offset of a zone.
-- @tparam string zone in lower case: a numeric offset, or one of UTC's names, or empty
-- @treturn ?number seconds east of Greenwich; nil when the text is no zone
function calendar.offset(zone)
  if zone == "" or zone == "gmt" or zone == "utc" or zone == "ut" or zone == "z" then return 0 end
  local sign, hours, minutes = match(zone, "^([+-])(%d%d):?(%d%d)$")
  hours, minutes = tonumber(hours), tonumber(minutes)
  if not sign or hours > 23 or minutes > 59 then return nil end
  local seconds = hours * 3600 + minutes * 60
  return sign == "-" and -seconds or seconds
end

return calendar
