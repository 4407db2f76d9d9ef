-- SPDX-License-Identifier: MIT

local http_date = require "lofty.http.date"
local rate = require "lofty.http.rate_headers"

local now = 1764249600 -- Thu, 27 Nov 2025 13:20:00 GMT

local function wait_of(value, status)
  local _, wait = rate.read({ ["retry-after"] = value }, now, status or 503)
  return wait
end

local function close_to(expected, found)
  assert.is_true(found ~= nil and math.abs(expected - found) < 1e-6, tostring(found))
end

describe("Retry-After", function()
  for _, case in ipairs {
    { "5", 5 }, { "0", 0 }, { "0005", 5 }, { " 5 ", 5 }, { "120", 120 }, { "1.5", 1.5 }, { "0.5", 0.5 },
    { "30s", 30 }, { "500ms", 0.5 }, { "1m30s", 90 }, { "2 min", 120 },
    { "1764249630", 30 }, { "1764249630000", 30 }, { "1764249630.25", 30.25 },
    { "5, 10", 10 }, { "10, soon", 10 },
    { "999999999", 86400 },
    { "Thu, 27 Nov 2025 13:20:30 GMT", 30 }, { "Thursday, 27-Nov-25 13:20:30 GMT", 30 }, { "Thu Nov 27 13:20:30 2025", 30 },
    { "Thu, 27 Nov 2025 13:20:30 UTC", 30 }, { "Thu, 27 Nov 2025 14:20:30 +0100", 30 }, { "thu, 27 nov 2025 13:20:30 gmt", 30 },
    { "Thu, 27 Nov 2025 13:20:30", 30 }, { "Mon, 1 Dec 2025 13:20:30 GMT", 86400 }, { "2025-11-27T13:20:30Z", 30 },
    { "2025-11-27T08:20:30.500-05:00", 30 }, { "Thu, 27 Nov 2025 13:19:00 GMT", 0 },
  } do
    it("of " .. case[1] .. " is " .. case[2] .. " s", function() close_to(case[2], wait_of(case[1])) end)
  end

  for _, value in ipairs {
    "", "soon", "-1", "+5", "1e2", "0x10", "5.", ".5", "5 parsecs", "999999999999999999", ("9"):rep(400), ("5,"):rep(1000),
    "Sun, 06 Nox 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
    "06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 CET", "2025-13-27T13:20:30Z",
  } do
    it("is ignored when it says " .. ("%q"):format(value:sub(1, 30)), function() assert.is_nil(wait_of(value)) end)
  end

  it("takes precedence over the end of the window, which is used after a 429 only", function()
    local headers = { ["retry-after"] = "3", ["x-ratelimit-reset"] = "21000" }
    assert.equal(3, (select(2, rate.read(headers, now, 429))))
    headers["retry-after"] = nil
    assert.equal(21, (select(2, rate.read(headers, now, 429))))
    assert.is_nil((select(2, rate.read(headers, now, 503))))
    assert.is_nil((select(2, rate.read({}, now, 429))))
  end)
end)

describe("X-RateLimit-Reset", function()
  for _, case in ipairs {
    { "1764249621000", 21 }, { "1764249621", 21 }, { "1764249621.25", 21.25 }, { "21000", 21 }, { "61", 0.061 }, { "3600", 3.6 },
    { "60", 60 }, { "30.5", 30.5 }, { "0", 0 }, { "  21 ", 21 }, { "21, 40", 40 }, { "30s", 30 }, { "500ms", 0.5 },
    { "1m30s", 60 }, { "1764249599", 0 }, { "1764249599000", 0 }, { "1764253200", 60 }, { "999999999", 60 },
    { "Thu, 27 Nov 2025 13:20:30 GMT", 30 }, { "2025-11-27T13:20:30Z", 30 },
  } do
    it("of " .. case[1] .. " is in " .. case[2] .. " s", function()
      close_to(case[2], (rate.read({ ["x-ratelimit-reset"] = case[1] }, now).reset_at or 0) - now)
    end)
  end

  for _, value in ipairs { "", "soon", "-5", "+5", "0x10", "1e3x", ("9"):rep(400) } do
    it("is ignored when it says " .. ("%q"):format(value:sub(1, 12)), function()
      assert.is_nil(rate.read({ ["x-ratelimit-reset"] = value }, now).reset_at)
    end)
  end

  it("is measured by the response's own clock", function()
    local headers = { ["x-ratelimit-reset"] = "1764249621", date = "Thu, 27 Nov 2025 13:20:00 GMT" }
    local read, wait = rate.read(headers, now + 3600, 429)
    assert.equal(now + 3600 + 21, read.reset_at)
    assert.equal(21, wait)
  end)
end)

describe("the call budget", function()
  for _, case in ipairs {
    { "100", 100 }, { "100, 100;w=60", 100 }, { "100;w=60", 100 }, { "1000, 500", 500 }, { "100.0", 100 }, { "0", 0 },
    { "1000;w=3600" }, { "unlimited" }, { "-1" }, { "1,000" }, { "1.5" }, { "" }, { ("9"):rep(400) }, { ("9,"):rep(4000) },
  } do
    it("reads X-RateLimit-Limit: " .. case[1]:sub(1, 20), function()
      assert.equal(case[2], rate.read({ ["x-ratelimit-limit"] = case[1] }, now).limit)
    end)
  end

  for _, case in ipairs {
    { "0", 0 }, { "0.0", 0 }, { "7", 7 }, { "-3", 0 }, { "0, 5", 0 }, { "9, 5", 5 }, { "none" }, { "" },
  } do
    it("reads X-RateLimit-Remaining: " .. case[1], function()
      assert.equal(case[2], rate.read({ ["x-ratelimit-remaining"] = case[1] }, now).remaining)
    end)
  end

  local whole = { limit = 100, remaining = 3, reset_at = now + 30 }
  for name, headers in pairs {
    ["X-RateLimit-*"] = { ["x-ratelimit-limit"] = "100", ["x-ratelimit-remaining"] = "3", ["x-ratelimit-reset"] = "30" },
    ["X-Rate-Limit-*"] = { ["x-rate-limit-limit"] = "100", ["x-rate-limit-remaining"] = "3", ["x-rate-limit-reset"] = "30" },
    ["RateLimit-*"] = { ["ratelimit-limit"] = "100, 100;w=60", ["ratelimit-remaining"] = "3", ["ratelimit-reset"] = "30" },
    ["RateLimit and RateLimit-Policy"] = {
      ratelimit = '"hour";r=900;t=1800, "a, b";r=3;t=30', ["ratelimit-policy"] = '"hour";q=1000;w=3600, "a, b";q=100;w=60',
    },
  } do
    it("is read from " .. name, function() assert.same(whole, rate.read(headers, now)) end)
  end

  local long = ("9"):rep(17)
  for name, headers in pairs {
    ["X-RateLimit-*"] = { ["x-ratelimit-limit"] = long, ["x-ratelimit-remaining"] = long, ["x-ratelimit-reset"] = long },
    ["RateLimit-* with parameters"] = { ["ratelimit-limit"] = long .. ";w=60", ["ratelimit-remaining"] = long .. ", " .. long },
    ["RateLimit and RateLimit-Policy"] = {
      ratelimit = '"a";r=' .. long .. ";t=30", ["ratelimit-policy"] = '"a";q=' .. long .. ";w=60",
    },
  } do
    it("is not read from numbers of more than 15 digits: " .. name, function()
      assert.same({}, rate.read(headers, now))
    end)
  end

  it("takes RateLimit-Reset as seconds, never as milliseconds", function()
    assert.equal(now + 60, rate.read({ ["ratelimit-reset"] = "120" }, now).reset_at)
  end)

  it("prefers Lofty's own fields", function()
    assert.same({ limit = 500 }, rate.read({ ["x-ratelimit-limit"] = "500", ["ratelimit-remaining"] = "0" }, now))
  end)

  it("is empty without these fields", function() assert.same({}, rate.read({}, now)) end)

  it("is read from numbers, which a runtime may have made of the fields, and is absent for other types", function()
    assert.same({ limit = 300, remaining = 0, reset_at = now + 30 },
      rate.read({ ["x-ratelimit-limit"] = 300.0, ["x-ratelimit-remaining"] = -1, ["x-ratelimit-reset"] = 30, date = 1 }, now))
    close_to(1.5, wait_of(1.5))
    close_to(30, wait_of(now + 30))
    local names = {
      "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "ratelimit", "ratelimit-policy", "retry-after", "date",
    }
    for _, name in ipairs(names) do
      for _, value in ipairs { 1e300, 0.5, -1 / 0, { "300" }, true, print } do
        local headers = { ["x-ratelimit-reset"] = "1764249630" }
        headers[name] = value
        assert.is_nil(rate.read(headers, now).limit)
      end
    end
  end)
end)

describe("an HTTP-date", function()
  for _, case in ipairs {
    { "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
    { "Tue, 29 Feb 2000 12:00:00 GMT", 951825600 },
    { "Fri, 31 Dec 1999 23:59:59 GMT", 946684799 },
    { "Mon, 01 Mar 2100 00:00:00 GMT", 4107542400 },
    { "Sat, 31 Dec 2016 23:59:60 GMT", 1483228800 },
  } do
    it("is exact: " .. case[1], function() assert.equal(case[2], http_date.parse(case[1])) end)
  end

  it("with a two-digit year is at most 50 years ahead", function()
    local in_2026 = 1770000000
    local future = http_date.parse("Wednesday, 01-Jan-76 00:00:00 GMT", in_2026)
    assert.equal(http_date.parse("Wed, 01 Jan 2076 00:00:00 GMT"), future)
    local past = http_date.parse("Saturday, 01-Jan-77 00:00:00 GMT", in_2026)
    assert.equal(http_date.parse("Sat, 01 Jan 1977 00:00:00 GMT"), past)
  end)
end)
