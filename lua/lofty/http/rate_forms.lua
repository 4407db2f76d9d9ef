-- SPDX-License-Identifier: MIT

--- Reads the values of rate limit fields that are not a plain number: lists, durations, dates, and the fields of the
-- IETF's draft. Loaded at the first of them, or by the second call of a process. A value that is not understood counts
-- as absent, also one of another type, which a runtime of the user's may have set: an error would lose the response.
-- @module lofty.http.rate_forms

local http_date = require "lofty.http.date"
local trim = require("lofty.internal.ascii").trim
local whole_number = require("lofty.core").whole_number

local tostring, type = tostring, type
local find, gmatch, gsub, match = string.find, string.gmatch, string.gsub, string.match
local floor, max, min = math.floor, math.max, math.min

local forms = {}

-- A field value is read up to this size; no sensible one is longer.
local MAX_VALUE = 512
-- The length of Lofty's window in seconds: quotas for other windows are ignored.
local WINDOW = 60
-- Seconds in a unit of a duration such as "1m30s".
local UNITS = { ms = 0.001, s = 1, sec = 1, m = 60, min = 60, h = 3600 }

-- The text of a value that can be read, or nil.
local function text_of(value)
  if type(value) == "number" then return tostring(value) end
  return type(value) == "string" and #value <= MAX_VALUE and value or nil
end

-- The number that digits write, or nil; also nil for nil.
local function integer(digits)
  return digits and whole_number(digits) or nil
end

-- A decimal number, 0 or more. tonumber would expect the decimal point of the locale.
local function decimal(text)
  local number = whole_number(text)
  if number ~= false then return number end
  local digits, fraction = match(text, "^(%d+)%.(%d+)$")
  local whole, part = integer(digits), integer(fraction)
  return whole and part and whole + part / 10 ^ #fraction
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

-- The call count in "100", "100.0" or "100;w=60"; a window `w` must be as long as Lofty's.
local function count(item)
  local number, window = match(item, "^([%d.]+)%s*;.-w=(%d+)")
  if number and integer(window) ~= WINDOW then return nil end
  number = decimal(number or item)
  return number and number % 1 == 0 and floor(number) or nil
end

--- Reads a count of calls. Several counts come from several servers on the way: the smallest applies. "1,000", which
-- may be one number or two, counts as absent.
-- @tparam string value
-- @treturn ?number
function forms.count(value)
  value = text_of(value)
  if not value or find(value, "%d,%d%d%d%f[%D]") then return nil end
  return each_item(value, count, min)
end

-- Calls left. A negative number means that the budget is overdrawn.
local function left_over(item)
  return find(item, "^%-%d") and 0 or count(item)
end

--- Reads the number of calls left.
-- @tparam string value
-- @treturn ?number
function forms.remaining(value)
  value = text_of(value)
  return value and each_item(value, left_over, min)
end

--- Reads a wait. A date contains a comma, so the whole value is read before its items are. The longest of several waits
-- applies.
-- @tparam string value
-- @tparam number now epoch seconds, the caller's clock
-- @tparam number server_time epoch seconds, the server's clock
-- @tparam function seconds_of number -> seconds
-- @treturn ?number seconds
function forms.wait(value, now, server_time, seconds_of)
  value = text_of(value)
  if not value then return nil end
  local function read(text)
    local number = decimal(text)
    if number then return seconds_of(number) end
    local at = http_date.parse(text, now)
    return at and max(0, at - server_time) or duration(text)
  end
  value = trim(value)
  return read(value) or each_item(value, read, max)
end

--- Reads RateLimit: "default";r=50;t=30 -- the policy with the fewest calls left applies.
-- @tparam string value
-- @treturn ?number calls left
-- @treturn ?string seconds until the reset
function forms.draft(value)
  local remaining, reset
  value = text_of(value)
  if not value then return nil end
  for item in gmatch(gsub(value, '"[^"]*"', ""), "[^,]+") do
    local left = integer(match(item, ";%s*r=(%d+)"))
    if left and (not remaining or left < remaining) then
      remaining, reset = left, match(item, ";%s*t=(%d+)")
    end
  end
  return remaining, reset
end

--- Reads RateLimit-Policy: "default";q=100;w=60 -- the smallest quota for a window as long as Lofty's.
-- @tparam string value
-- @treturn ?number
function forms.policy(value)
  local quota
  value = text_of(value)
  if not value then return nil end
  for item in gmatch(gsub(value, '"[^"]*"', ""), "[^,]+") do
    local calls, window = integer(match(item, ";%s*q=(%d+)")), integer(match(item, ";%s*w=(%d+)"))
    if calls and window == WINDOW and (not quota or calls < quota) then quota = calls end
  end
  return quota
end

return forms
