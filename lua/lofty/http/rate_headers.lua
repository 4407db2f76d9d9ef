--- What an answer's headers say about the budget: X-RateLimit-Limit, -Remaining, -Reset and Retry-After.
--
-- Pure: headers and the time go in, numbers come out. Every time that a header names is measured against
-- the answer's own Date where there is one, so that a clock an hour off on this machine changes nothing.
-- @module lofty.http.rate_headers

local tonumber = tonumber
local match = string.match
local floor, max, min = math.floor, math.max, math.min

local rate = {}

--- The length of Lofty's window in seconds; no reset is ever believed to be further away.
rate.WINDOW = 60

-- A number at the start of a header's value. What repeats was joined with a comma; the first one counts.
-- More than 15 digits is no count and no time.
local function number(value)
  local digits = match(value, "^%s*(%d+)")
  if not digits or #digits > 15 then return nil end
  return tonumber(digits)
end

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

--- Reads an HTTP-date in any of its three forms (RFC 9110 section 5.6.7).
-- @tparam string text
-- @tparam[opt] number now epoch seconds, to place the two-digit year of the oldest form
-- @treturn number|nil epoch seconds
function rate.http_date(text, now)
  local clock = "(%d%d):(%d%d):(%d%d)"
  local day, month, year, hour, minute, second =
    text:match("^%s*%a+, (%d%d) (%a%a%a) (%d%d%d%d) " .. clock .. " GMT%s*$")
  if not day then
    day, month, year, hour, minute, second = text:match("^%s*%a+, (%d%d)%-(%a%a%a)%-(%d%d) " .. clock .. " GMT%s*$")
    if year then
      -- More than 50 years in the future means the last year in the past with the same digits.
      local this = floor(1970 + (now or 0) / 31556952)
      year = this - this % 100 + tonumber(year)
      if year > this + 50 then year = year - 100 end
    end
  end
  if not day then
    month, day, hour, minute, second, year = text:match("^%s*%a+ (%a%a%a) ([ %d]%d) " .. clock .. " (%d%d%d%d)%s*$")
  end
  month = month and MONTHS[month:lower()]
  if not month then return nil end
  day, year, hour, minute, second = tonumber(day), tonumber(year), tonumber(hour), tonumber(minute), tonumber(second)
  if day < 1 or day > 31 or hour > 23 or minute > 59 or second > 60 then return nil end
  return days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second
end

-- The server's clock where it is told, else ours.
local last_date, last_time

local function server_time(headers, now)
  local date = headers.date
  if not date then return now end
  -- It changes once a second; many answers carry the same.
  if date ~= last_date then last_date, last_time = date, rate.http_date(date, now) end
  return last_time or now
end

-- Seconds until the window ends. Lofty documents epoch seconds and shows 21000 in its own sample, so the size
-- decides: epoch milliseconds, epoch seconds, milliseconds left, seconds left.
local function reset_in(reset, headers, now)
  local value = number(reset)
  if not value then return nil end
  local left
  if value > 1e12 then left = value / 1000 - server_time(headers, now)
  elseif value > 1e9 then left = value - server_time(headers, now)
  elseif value > 60 then left = value / 1000
  else left = value end
  return max(0, min(rate.WINDOW, left))
end

-- How long the server asks the caller to wait.
local function wait_of(retry_after, headers, now)
  local seconds = match(retry_after, "^%s*%d+%s*$") and number(retry_after)
  if seconds then return seconds end
  local date = rate.http_date(retry_after, now)
  return date and max(0, date - server_time(headers, now))
end

--- Reads the budget and the wait as an answer tells them; what it does not tell is absent.
-- @tparam table headers lower-case name -> value
-- @tparam number now epoch seconds, the caller's clock
-- @tparam[opt] number status the HTTP status
-- @treturn table `{limit =, remaining =, reset_at =}`; `reset_at` in epoch seconds of the caller's clock, never more
-- than 60 s ahead
-- @treturn number|nil how long the server asks the caller to wait, in seconds, 0 or more: Retry-After in either of
-- its forms (RFC 9110 section 10.2.3), else, after a 429, the end of the window; nil when the server says nothing
function rate.read(headers, now, status)
  local limit, remaining = headers["x-ratelimit-limit"], headers["x-ratelimit-remaining"]
  local reset, retry_after = headers["x-ratelimit-reset"], headers["retry-after"]
  local left = reset and reset_in(reset, headers, now)
  local wait = retry_after and wait_of(retry_after, headers, now)
  return {
    limit = limit and number(limit), remaining = remaining and number(remaining), reset_at = left and now + left,
  }, wait or status == 429 and left or nil
end

return rate
