-- SPDX-License-Identifier: MIT

local errors = require "lofty.errors"
local retry = require "lofty.pacing.retry"
local retry_policy = require "lofty.pacing.retry_policy"

local function half() return 0.5 end

-- The errors that runtimes and the client return.
local function failure(fields)
  fields.message = fields.message or "it failed"
  return errors.new(fields)
end
local function unconnected() return failure { kind = "network", sent = false } end
local function unsent() return failure { kind = "network", sent = false, connected = true } end
local function lost() return failure { kind = "network", sent = true, connected = true } end
local function slow() return failure { kind = "timeout", sent = true, connected = true } end
local function status(code, kind, more)
  local fields = more or {}
  fields.kind, fields.status, fields.sent, fields.connected = kind, code, true, true
  return failure(fields)
end

local function decide(class, err, more)
  local case = { class = class, err = err, attempt = 1, elapsed = 0, random = half }
  for name, value in pairs(more or {}) do case[name] = value end
  return retry.decide(case)
end

describe("a retry", function()
  -- Failure, its error, the classes that are retried.
  for _, row in ipairs {
    { "a failed connect", unconnected, "read idempotent create notify" },
    { "a connection closed before the request was sent", unsent, "read idempotent create" },
    { "a connection closed before the response", lost, "read idempotent" },
    { "a timeout after sending", slow, "read idempotent" },
    { "a timeout before connecting", function() return failure { kind = "timeout", sent = false } end,
      "read idempotent create notify" },
    { "500", function() return status(500, "server") end, "" },
    { "502", function() return status(502, "server") end, "read idempotent" },
    { "503", function() return status(503, "server") end, "read idempotent" },
    { "504", function() return status(504, "server") end, "read idempotent" },
    { "505", function() return status(505, "server") end, "" },
    { "429", function() return status(429, "rate_limit") end, "read idempotent create" },
    { "400", function() return status(400, "invalid") end, "" },
    { "401", function() return status(401, "auth") end, "" },
    { "403", function() return status(403, "forbidden") end, "" },
    { "404", function() return status(404, "not_found") end, "" },
    { "a 200 with an error", function() return status(200, "invalid") end, "" },
    { "a certificate that does not verify", function() return failure { kind = "tls", sent = false } end, "" },
    { "invalid HTTP", function() return status(200, "decode") end, "" },
    { "a refused grant", function() return failure { kind = "oauth", sent = true, code = "invalid_grant" } end, "" },
    { "an invalid argument", function() return failure { kind = "invalid", sent = false } end, "" },
    { "a failed store", function() return failure { kind = "store", sent = false } end, "" },
    { "a busy lock", function() return failure { kind = "store", sent = false, retryable = true } end,
      "read idempotent create notify" },
    { "a network error that is not retryable", function()
      return failure { kind = "network", sent = false, retryable = false }
    end, "" },
    { "a network error without the field sent", function() return failure { kind = "network" } end, "read idempotent" },
  } do
    local what, make, allowed = row[1], row[2], row[3]
    for _, class in ipairs { "read", "idempotent", "create", "notify" } do
      local may = allowed:find(class, 1, true) ~= nil
      it((may and "is made" or "is not made") .. " in class " .. class .. " after " .. what, function()
        local wait, reason = decide(class, make())
        assert.equal(may, wait ~= nil, reason)
        assert.is_string(reason)
        assert.not_equal("", reason)
      end)
    end
  end

  it("comes with its reason", function()
    local _, reason = decide("read", status(503, "server"))
    assert.equal("HTTP 503", reason)
    _, reason = decide("create", lost())
    assert.matches("may have received it", reason)
    _, reason = decide("notify", status(429, "rate_limit"))
    assert.matches("message to a person", reason)
    _, reason = decide("read", status(404, "not_found"))
    assert.equal("HTTP 404 is final", reason)
  end)

  it("is not made in an unknown class", function()
    assert.is_nil((decide("X", lost())))
    assert.is_nil((decide(nil, lost())))
  end)

  it("does not modify the error", function()
    local err = status(429, "rate_limit", { retry_after = 3 })
    local before = {}
    for name, value in pairs(err) do before[name] = value end
    decide("read", err)
    for name, value in pairs(err) do assert.equal(before[name], value) end
  end)
end)

describe("the wait before a retry", function()
  local policy = { attempts = 10, base = 1, cap = 8, total = 1000, window = 60 }

  it("is random, from 0 to a bound that doubles up to the cap", function()
    for attempt, bound in ipairs { 1, 2, 4, 8, 8, 8 } do
      for _, draw in ipairs { 0, 0.25, 0.999 } do
        local wait = decide("read", lost(), { attempt = attempt, policy = policy, random = function() return draw end })
        assert.is_true(math.abs(draw * bound - wait) < 1e-9, "attempt " .. attempt)
      end
    end
  end)

  it("is 0 when the random number is 0", function()
    assert.equal(0, (decide("read", lost(), { policy = policy, random = function() return 0 end })))
  end)

  it("is never shorter than Retry-After", function()
    local wait = decide("read", status(503, "server", { retry_after = 7 }), { policy = policy })
    assert.equal(7.5, wait)
    wait = decide("read", status(503, "server", { retry_after = 0 }), { policy = policy })
    assert.equal(0.5, wait)
  end)

  it("is Retry-After after a 429, or a whole window without it", function()
    assert.equal(21.5, (decide("create", status(429, "rate_limit", { retry_after = 21 }), { policy = policy })))
    assert.equal(60.5, (decide("create", status(429, "rate_limit"), { policy = policy })))
  end)

  it("fits into the default total after a 429 without Retry-After", function()
    assert.is_number((decide("read", status(429, "rate_limit"))))
  end)

  it("uses random numbers of its own by default", function()
    local seen, count = {}, 0
    for _ = 1, 20 do
      local wait = retry.decide { class = "read", err = lost(), attempt = 4, elapsed = 0, policy = policy }
      assert.is_true(wait >= 0 and wait < 8)
      if not seen[wait] then seen[wait], count = true, count + 1 end
    end
    assert.is_true(count > 10)
  end)

  it("is not granted when the attempts are used up", function()
    assert.is_number((decide("read", lost(), { attempt = 3 })))
    local wait, reason = decide("read", lost(), { attempt = 4 })
    assert.is_nil(wait)
    assert.matches("all 4 attempts", reason)
    assert.is_nil((decide("read", lost(), { policy = { attempts = 1 } })))
  end)

  it("is not granted when it would exceed the total time", function()
    local limits = { attempts = 10, base = 1, cap = 8, total = 10, window = 60 }
    assert.is_number((decide("read", lost(), { policy = limits, elapsed = 9.5 })))
    local wait, reason = decide("read", lost(), { policy = limits, elapsed = 9.6 })
    assert.is_nil(wait)
    assert.matches("limit of 10 s", reason)
    assert.is_nil((decide("read", status(503, "server", { retry_after = 3600 }), { policy = limits })))
  end)

  it("applies the defaults to fields that a policy leaves out", function()
    assert.is_number((decide("read", lost(), { policy = { attempts = 2 } })))
    assert.is_nil((decide("read", lost(), { policy = { attempts = 2 }, attempt = 2 })))
  end)
end)

describe("a retry policy", function()
  it("gets the defaults for missing fields", function()
    local policy = retry_policy.read { attempts = 7 }
    assert.equal(7, policy.attempts)
    assert.equal(retry_policy.defaults.total, policy.total)
    assert.same(retry_policy.defaults, retry_policy.read())
    assert.same(retry_policy.defaults, retry_policy.read(true))
    assert.not_equal(retry_policy.defaults, retry_policy.read())
  end)

  it("is switched off by false", function()
    assert.equal(1, retry_policy.read(false).attempts)
  end)

  for _, case in ipairs {
    { "an unknown field", { attemps = 3 }, "attemps" },
    { "a fraction as attempts", { attempts = 1.5 }, "attempts" },
    { "no attempts", { attempts = 0 }, "attempts" },
    { "a time that is not a number", { total = "1" }, "total" },
    { "a negative time", { base = -1 }, "base" },
    { "NaN", { cap = 0 / 0 }, "cap" },
  } do
    it("refuses " .. case[1] .. ", on the caller's line", function()
      local ok, message = pcall(function() retry_policy.read(case[2]) end)
      assert.is_false(ok)
      assert.matches("retry_spec.lua", message, 1, true)
      assert.matches(case[3], message, 1, true)
    end)
  end
end)

describe("the class of a method", function()
  for method, class in pairs {
    GET = "read", HEAD = "read", OPTIONS = "read", PUT = "idempotent", DELETE = "idempotent", POST = "create", PATCH = "create", BREW = "create",
  } do
    it("of " .. method .. " is " .. class, function() assert.equal(class, retry_policy.class_of(method)) end)
  end
end)
