-- SPDX-License-Identifier: MIT

--- Reads what a response's header says about the call budget and about waiting.
--
-- It reads X-RateLimit-* (Lofty's), X-Rate-Limit-*, RateLimit-* and RateLimit with RateLimit-Policy (the older and the
-- newer form of the IETF's draft-ietf-httpapi-ratelimit-headers), and Retry-After (RFC 9110, section 10.2.3).
--
-- Pure: headers and the time go in, numbers come out. Points in time are compared with the response's own Date where
-- it has one, so that a wrong clock on this machine changes nothing. A value that is not understood counts as absent.
-- @module lofty.http.rate_headers

local whole_number = require("lofty.core").whole_number
local lazy = require "lofty.internal.lazy"

local forms = lazy "lofty.http.rate_forms"
local http_date = lazy "lofty.http.date"

local type = type
local max = math.max

local rate = {}

-- The length of Lofty's window in seconds; a window never ends later than that.
local WINDOW = 60
-- Seconds; a longer Retry-After is shortened to this.
local MAX_RETRY_AFTER = 86400

-- A Date is the same for a second: many responses share it.
local last_date, last_time

-- The server's time according to Date, or else this machine's.
local function server_time(headers, now)
  local date = headers.date
  if type(date) ~= "string" then return now end
  if date ~= last_date then last_date, last_time = date, http_date.parse(date, now) end
  return last_time or now
end

-- The seconds to wait. A number above 1e9 is a point in time, in epoch seconds or milliseconds; a smaller one is a
-- duration in seconds, or in milliseconds if it is larger than `longest`.
local function wait_of(number, headers, now, longest)
  if number <= 1e9 then return longest and number > longest and number / 1000 or number end
  return max(0, (number > 1e12 and number / 1000 or number) - server_time(headers, now))
end

local function read_wait(value, headers, now, longest)
  local number = whole_number(value)
  if number then return wait_of(number, headers, now, longest) end
  if number == nil then return nil end
  return forms.wait(value, now, server_time(headers, now), function(each)
    return wait_of(each, headers, now, longest)
  end)
end

-- The texts of limit, remaining and reset in a response without Lofty's fields, and `longest` for wait_of.
local function other_fields(headers)
  local limit, remaining = headers["x-rate-limit-limit"], headers["x-rate-limit-remaining"]
  local reset = headers["x-rate-limit-reset"]
  if limit or remaining or reset then return limit, remaining, reset, WINDOW end
  return headers["ratelimit-limit"], headers["ratelimit-remaining"], headers["ratelimit-reset"], nil
end

--- Reads the budget and the wait that a response states; what it does not state is absent.
-- @tparam table headers lower-case name -> value
-- @tparam number now epoch seconds, the caller's clock
-- @tparam[opt] number status the HTTP status
-- @treturn table `{limit =, remaining =, reset_at =}`: calls in a window, calls left, and the window's end in epoch
-- seconds of the caller's clock, at most 60 s ahead
-- @treturn ?number seconds to wait before the next try, from 0 to 86400: Retry-After, else, after a 429, the window's
-- end; nil when the server says nothing
function rate.read(headers, now, status)
  local limit, remaining = headers["x-ratelimit-limit"], headers["x-ratelimit-remaining"]
  -- X-RateLimit-Reset is documented as epoch seconds, but Lofty's own sample has 21000. So a number that is not a point
  -- in time is taken for milliseconds when, as seconds, it would be longer than the window.
  local reset, longest = headers["x-ratelimit-reset"], WINDOW
  if not (limit or remaining or reset) then limit, remaining, reset, longest = other_fields(headers) end
  local retry_after = headers["retry-after"]
  local calls_left, quota = remaining and whole_number(remaining), limit and whole_number(limit)
  if calls_left == false then calls_left = forms.remaining(remaining) end
  if quota == false then quota = forms.count(limit) end
  if not (limit or remaining or reset) then
    if headers.ratelimit then calls_left, reset = forms.draft(headers.ratelimit) end
    if headers["ratelimit-policy"] then quota = forms.policy(headers["ratelimit-policy"]) end
  end
  local left = reset and read_wait(reset, headers, now, longest)
  if left and left > WINDOW then left = WINDOW end
  local wait = retry_after and read_wait(retry_after, headers, now)
  if wait and wait > MAX_RETRY_AFTER then wait = MAX_RETRY_AFTER end
  return { limit = quota, remaining = calls_left, reset_at = left and now + left },
    wait or status == 429 and left or nil
end

return rate
