-- SPDX-License-Identifier: MIT

local time = require "lofty.time"

describe("lofty.time.parse", function()
  for _, case in ipairs {
    { "epoch milliseconds", 1772406000000, 1772406000 },
    { "epoch milliseconds with a fraction of a second", 1772406000250, 1772406000.25 },
    { "epoch seconds", 1772406000, 1772406000 },
    { "milliseconds as text", "1772406000000", 1772406000 },
    { "ISO 8601 with an offset", "2026-03-01T15:00:00-08:00", 1772406000 },
    { "an offset without a colon", "2026-03-01T15:00:00-0800", 1772406000 },
    { "ISO 8601 in UTC", "2026-03-01T23:00:00Z", 1772406000 },
    { "GMT behind the time", "2026-03-01T23:00:00GMT", 1772406000 },
    { "a fraction and an offset", "2026-03-01T23:00:00.500+00:00", 1772406000.5 },
    { "a fraction of zero", "2026-03-01T23:00:00.000+00:00", 1772406000 },
    { "UTC without a zone", "2026-03-01 23:00:00", 1772406000 },
    { "a date", "2026-03-01", 1772323200 },
    { "a birthday", "Mar 1, 2026", 1772323200 },
    { "a birthday before 1970", "Jun 5, 1961", -270604800 },
    { "the 29th of February of a leap year", "2024-02-29", 1709164800 },
    { "the last second of a day", "1999-12-31 23:59:59", 946684799 },
  } do
    it("reads " .. case[1], function() assert.equal(case[3], time.parse(case[2])) end)
  end

  for _, case in ipairs {
    { "an empty text", "", "not set" }, { "zero", 0, "not set" }, { "-1", -1, "not set" },
    { "NaN", 0 / 0, "not set" }, { "a month 13", "2026-13-01", "is not a time" },
    { "the 30th of February", "2026-02-30", "is not a time" }, { "an hour 24", "2026-03-01T24:00:00Z", "is not a time" },
    { "digits after the seconds", "2026-03-01T23:00:001234567Z", "is not a time" },
    { "a minute 60", "2026-03-01T23:60:00Z", "is not a time" }, { "words", "tomorrow", "is not a time" },
    { "a day of a month that does not exist", "Foo 1, 2026", "is not a time" },
    { "a zone that does not exist", "2026-03-01T23:00:00 PST", "is not a time" },
    { "a long text", ("2"):rep(100), "too long" }, { "a huge number", 1e300, "too large" },
  } do
    it("refuses " .. case[1], function()
      local value, err = time.parse(case[2])
      assert.is_nil(value)
      assert.equal("invalid", err.kind)
      assert.truthy(err.message:find(case[3], 1, true), err.message)
    end)
  end

  it("raises for a table", function() assert.has_error(function() time.parse {} end) end)
end)

describe("lofty.time.format", function()
  for _, case in ipairs {
    { 1772406000, nil, "2026-03-01T23:00:00+00:00" }, { 1772406000, "-08:00", "2026-03-01T15:00:00-08:00" },
    { 1772406000, -28800, "2026-03-01T15:00:00-08:00" }, { 1772406000, "+05:30", "2026-03-02T04:30:00+05:30" },
    { 1772406000.9, "Z", "2026-03-01T23:00:00+00:00" }, { 0, nil, "1970-01-01T00:00:00+00:00" },
    { -1, nil, "1969-12-31T23:59:59+00:00" }, { 951782400, nil, "2000-02-29T00:00:00+00:00" },
  } do
    it(("writes %s with offset %s"):format(tostring(case[1]), tostring(case[2])), function()
      assert.equal(case[3], time.format(case[1], case[2]))
    end)
  end

  it("is the inverse of parse on every day of 400 years", function()
    for day = -100000, 100000, 37 do
      local epoch = day * 86400 + 12345
      assert.equal(epoch, time.parse(time.format(epoch, "-03:00")))
    end
  end)

  it("raises for milliseconds and for invalid offsets", function()
    assert.error_matches(function() time.format(1772406000000) end, "milliseconds")
    assert.error_matches(function() time.format(0, "PST") end, "offset")
    assert.error_matches(function() time.format "x" end, "epoch seconds expected")
  end)
end)

describe("lofty.time.text", function()
  it("writes epoch seconds and keeps ISO 8601 with an offset", function()
    assert.equal("2026-03-01T23:00:00+00:00", time.text(1772406000))
    assert.equal("2026-03-01T15:00:00-08:00", time.text "2026-03-01T15:00:00-08:00")
    assert.equal("2026-03-01T15:00:00.5Z", time.text "2026-03-01T15:00:00.5Z")
  end)

  it("writes a table of os.date as the same moment, in summer and in winter", function()
    for _, epoch in ipairs { 1772406000, 1785366000 } do
      assert.equal(epoch, time.parse((time.text(os.date("*t", epoch)))))
    end
  end)

  for _, case in ipairs {
    { "milliseconds", 1772406000000, "milliseconds" }, { "a time without an offset", "2026-03-01T15:00:00", "offset" },
    { "GMT behind the time", "2026-03-01T15:00:00GMT", "offset" }, { "a date alone", "2026-03-01", "offset" },
    { "an impossible date", "2026-02-30T15:00:00Z", "offset" }, { "a boolean", true, "boolean" },
    { "a table that is not a date", { year = 2026 }, "os.date" },
  } do
    it("refuses " .. case[1], function()
      local value, problem = time.text(case[2])
      assert.is_nil(value)
      assert.truthy(problem:find(case[3], 1, true), problem)
    end)
  end
end)
