-- SPDX-License-Identifier: MIT

--- Reads what a response's header says about the call budget and about waiting.
--
-- Understood are X-RateLimit-* (Lofty's), X-Rate-Limit-*, RateLimit-* and RateLimit with RateLimit-Policy (the IETF's
-- draft-ietf-httpapi-ratelimit-headers, older and newer form), and Retry-After (RFC 9110, section 10.2.3).
--
-- Pure: headers and the time go in, numbers come out. Points in time are compared with the response's own Date where
-- it has one, so that a wrong clock on this machine changes nothing. A value that is not understood counts as absent.
-- @module lofty.http.rate_headers

local lazy = require "lofty.internal.lazy"
local trim = require("lofty.internal.ascii").trim

local http_date = lazy "lofty.http.date"

local tonumber = tonumber
local find, gmatch, gsub, match = string.find, string.gmatch, string.gsub, string.match
local floor, max, min = math.floor, math.max, math.min

local rate = {}

--- The length of Lofty's window in seconds; a window never ends later than that.
rate.WINDOW = 60

-- Seconds; a longer Retry-After is shortened to this.
local MAX_RETRY_AFTER = 86400
-- A field value is read up to this size; no sensible one is longer.
local MAX_VALUE = 512
-- More digits are neither a count nor a time.
local MAX_DIGITS = 15
-- Seconds in a unit of a duration such as "1m30s".
local UNITS = { ms = 0.001, s = 1, sec = 1, m = 60, min = 60, h = 3600 }

-- The number that digits write, or nil; also nil for nil.
local function integer(digits)
  return digits and #digits <= MAX_DIGITS and tonumber(digits) or nil
end

-- A decimal number, 0 or more. tonumber would expect the decimal point of the locale.
local function decimal(text)
  if find(text, "^%d+$") then return integer(text) end
  local whole, fraction = match(text, "^(%d+)%.(%d+)$")
  if not whole or #whole > MAX_DIGITS or #fraction > MAX_DIGITS then return nil end
  return tonumber(whole) + tonumber(fraction) / 10 ^ #fraction
end

-- "30s", "500ms", "1m30s": seconds, or nil.
local function duration(text)
  local rest, total = text, 0
  repeat
    local number, unit, after = match(rest, "^(%d[%d.]*) ?(%a+)(.*)$")
    local value = number and decimal(number)
    if not value or not UNITS[unit] then return nil end
    total, rest = total + value * UNITS[unit], after
  until rest == ""
  return total
end

-- Calls read(item) for each item of a list, repeated field lines included, and returns the result that `choose`
-- prefers (math.min or math.max); items that read does not understand are skipped.
local function each_item(value, read, choose)
  local best
  for item in gmatch(value, "[^,]+") do
    local found = read(trim(item))
    if found then best = best and choose(best, found) or found end
  end
  return best
end

-- The call count in "100", "100.0", or in "100;w=60", whose w must then be our window.
local function count(item)
  local number, window = match(item, "^([%d.]+)%s*;.-w=(%d+)")
  if number and integer(window) ~= rate.WINDOW then return nil end
  number = decimal(number or item)
  return number and number % 1 == 0 and floor(number) or nil
end

-- Two counts: two servers on the way each named one; the smaller one applies. "1,000" may be one number or two: absent.
local function read_count(value)
  if find(value, "^%d+$") then return integer(value) end
  if #value > MAX_VALUE or find(value, "%d,%d%d%d%f[%D]") then return nil end
  return each_item(value, count, min)
end

-- Calls left. A negative number means that the budget is overdrawn.
local function left_over(item)
  return find(item, "^%-%d") and 0 or count(item)
end

local function read_remaining(value)
  if find(value, "^%d+$") then return integer(value) end
  return #value <= MAX_VALUE and each_item(value, left_over, min) or nil
end

-- The server's clock where its Date tells it, else ours. A Date is the same for a second: many responses share it.
local last_date, last_time

local function server_time(headers, now)
  local date = headers.date
  if not date then return now end
  if date ~= last_date then last_date, last_time = date, http_date.parse(date, now) end
  return last_time or now
end

-- Seconds until a point in time: an HTTP-date, or epoch seconds or milliseconds; nil when the text is neither.
local function until_time(text, headers, now)
  local number = decimal(text)
  if number and number <= 1e9 then return nil end
  local at = number and (number > 1e12 and number / 1000 or number) or http_date.parse(text, now)
  return at and max(0, at - server_time(headers, now))
end

-- A date holds a comma itself, so the whole value is tried before its items; of several waits the longest counts.
local function read_wait(value, headers, now, seconds_of)
  if #value > MAX_VALUE then return nil end
  if find(value, "^%d+$") then return until_time(value, headers, now) or seconds_of(value) end -- the usual form
  value = trim(value)
  return until_time(value, headers, now) or each_item(value, function(item)
    return until_time(item, headers, now) or duration(item) or seconds_of(item)
  end, max)
end

-- X-RateLimit-Reset is documented as epoch seconds, and 21000 stands in Lofty's own sample of it: a number that is no
-- point in time is milliseconds when it is longer than the window.
local function lofty_reset(item)
  local number = decimal(item)
  return number and (number > rate.WINDOW and number / 1000 or number)
end

-- RateLimit: "default";r=50;t=30 -- of several policies the one with the fewest calls left.
local function read_draft(value)
  local remaining, reset
  if #value > MAX_VALUE then return nil end
  for item in gmatch(gsub(value, '"[^"]*"', ""), "[^,]+") do
    local left = integer(match(item, ";%s*r=(%d+)"))
    if left and (not remaining or left < remaining) then
      remaining, reset = left, match(item, ";%s*t=(%d+)")
    end
  end
  return remaining, reset
end

-- RateLimit-Policy: "default";q=100;w=60 -- the smallest quota for a window like ours.
local function read_policy(value)
  local quota
  if #value > MAX_VALUE then return nil end
  for item in gmatch(gsub(value, '"[^"]*"', ""), "[^,]+") do
    local calls, window = integer(match(item, ";%s*q=(%d+)")), integer(match(item, ";%s*w=(%d+)"))
    if calls and window == rate.WINDOW and (not quota or calls < quota) then quota = calls end
  end
  return quota
end

-- The texts of limit, remaining and reset, and how a plain number in reset is read.
local function fields(headers)
  local limit, remaining = headers["x-ratelimit-limit"], headers["x-ratelimit-remaining"]
  local reset = headers["x-ratelimit-reset"]
  if limit or remaining or reset then return limit, remaining, reset, lofty_reset end
  limit, remaining = headers["x-rate-limit-limit"], headers["x-rate-limit-remaining"]
  reset = headers["x-rate-limit-reset"]
  if limit or remaining or reset then return limit, remaining, reset, lofty_reset end
  return headers["ratelimit-limit"], headers["ratelimit-remaining"], headers["ratelimit-reset"], decimal
end

--- Reads the budget and the wait that a response tells; what it does not tell is absent.
-- @tparam table headers lower-case name -> value
-- @tparam number now epoch seconds, the caller's clock
-- @tparam[opt] number status the HTTP status
-- @treturn table `{limit =, remaining =, reset_at =}`: calls in a window, calls left, and the window's end in epoch
-- seconds of the caller's clock, at most 60 s ahead
-- @treturn ?number seconds to wait before the next try, from 0 to 86400: Retry-After, else, after a 429, the window's
-- end; nil when the server says nothing
function rate.read(headers, now, status)
  local limit, remaining, reset, plain_reset = fields(headers)
  local retry_after = headers["retry-after"]
  local calls_left = remaining and read_remaining(remaining)
  local quota = limit and read_count(limit)
  if not (limit or remaining or reset) then
    if headers.ratelimit then calls_left, reset = read_draft(headers.ratelimit) end
    if headers["ratelimit-policy"] then quota = read_policy(headers["ratelimit-policy"]) end
  end
  local left = reset and read_wait(reset, headers, now, plain_reset)
  if left then left = min(left, rate.WINDOW) end
  local wait = retry_after and read_wait(retry_after, headers, now, decimal)
  if wait then wait = min(wait, MAX_RETRY_AFTER) end
  return { limit = quota, remaining = calls_left, reset_at = left and now + left },
    wait or status == 429 and left or nil
end

return rate
