-- SPDX-License-Identifier: MIT

--- Parses the times that callers send.
-- @module lofty.sandbox.server.times

local times = {}

-- Days from 1970-01-01 to a date of the Gregorian calendar (Hinnant, days_from_civil).
local function days(year, month, day)
  if month <= 2 then year = year - 1 end
  local era = math.floor(year / 400)
  local of_era = year - era * 400
  local of_year = math.floor((153 * (month + (month > 2 and -3 or 9)) + 2) / 5) + day - 1
  return era * 146097 + of_era * 365 + math.floor(of_era / 4) - math.floor(of_era / 100) + of_year - 719468
end

--- Epoch seconds of an ISO 8601 time with an offset, Z or GMT; nil for anything else.
function times.iso(text)
  local year, month, day, hour, minute, second, rest =
    text:match("^(%d%d%d%d)%-(%d%d)%-(%d%d)T(%d%d):(%d%d):(%d%d)%.?%d*(.*)$")
  if not year then return nil end
  local at = days(tonumber(year), tonumber(month), tonumber(day)) * 86400 + tonumber(hour) * 3600
    + tonumber(minute) * 60 + tonumber(second)
  if rest == "Z" or rest == "GMT" then return at end
  local sign, hours, minutes = rest:match("^([+-])(%d%d):?(%d%d)$")
  if not sign then return nil end
  local offset = tonumber(hours) * 3600 + tonumber(minutes) * 60
  return sign == "+" and at - offset or at + offset
end

return times
