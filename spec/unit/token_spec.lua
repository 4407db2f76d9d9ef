-- SPDX-License-Identifier: MIT

local core = require "lofty.core"
local token = require "lofty.token"
local token_response = require "lofty.oauth.token_response"

local null = core.null

describe("a token", function()
  local response
  before_each(function()
    response = {
      access_token = "at-1", refresh_token = "rt-1", token_type = "Bearer", expires_in = 3600, scope = "openApi",
    }
  end)

  it("expires expires_in seconds after it was read, and its refresh token after 180 days", function()
    local t = assert(token_response.read(response, 1000.7))
    assert.equal(1000, t.obtained_at)
    assert.equal(4600, t.expires_at)
    assert.equal(1000 + 180 * 86400, t.refresh_expires_at)
    assert.equal("openApi", t.scope)
  end)

  it("keeps fields that this version does not know, also in the token that follows it", function()
    response.app_info = { rate_limit_per_minute = 100 }
    local t = assert(token_response.read(response, 0))
    t.from_a_newer_version = "x"
    local stored = assert(token.wrap(assert(core.json_decode(assert(core.json_encode(t))))))
    local new = assert(token_response.read({ access_token = "at-2" }, 0, stored))
    assert.same({ rate_limit_per_minute = 100 }, new.app_info)
    assert.equal("x", new.from_a_newer_version)
    assert.equal("openApi", new.scope)
  end)

  it("does not take over times and a revocation from the token before", function()
    local old = assert(token_response.read(response, 1000))
    old.revoked_at = 2000
    local new = assert(token_response.read({ access_token = "at-2" }, 5000, old))
    assert.is_nil(new.revoked_at)
    assert.is_nil(new.expires_in)
    assert.is_nil(new.expires_at)
    assert.equal(5000, new.obtained_at)
  end)

  it("is not read when it is longer than a request can carry", function()
    response.access_token = ("a"):rep(core.limits.credential + 1)
    local t, err = token_response.read(response, 0)
    assert.is_nil(t)
    assert.equal("decode", err.kind)
    assert.equal("the token response has an access_token of 65537 bytes, the limit is 65536", err.message)
    response.access_token = ("a"):rep(core.limits.credential)
    response.refresh_token = ("r"):rep(core.limits.credential + 1)
    assert.is_nil(assert(token_response.read(response, 0)).refresh_token)
  end)

  it("keeps its methods, whatever the server calls its fields", function()
    response.state, response.authorization = true, "y"
    local t = assert(token_response.read(response, 0))
    assert.equal("fresh", t:state(0))
    assert.equal("Bearer at-1", t:authorization())
    assert.equal("fresh", assert(token.wrap(response)):state(0))
  end)

  it("keeps the old refresh token, its expiry and the account when the response has none", function()
    local old = assert(token_response.read(response, 1000))
    old.account = "42"
    local new = assert(token_response.read({ access_token = "at-2", expires_in = 60 }, 5000, old))
    assert.equal("rt-1", new.refresh_token)
    assert.equal(old.refresh_expires_at, new.refresh_expires_at)
    assert.equal("42", new.account)
  end)

  it("takes no account from the server", function()
    response.account = "43"
    assert.is_nil(assert(token_response.read(response, 0)).account)
  end)

  for _, case in ipairs {
    { "absent", nil }, { "null", null }, { "0", 0 }, { '"0"', "0" }, { '""', "" }, { '"never"', "never" }, { "-1", -1 },
    { "true", true }, { "an object", {} }, { "1e9", 1e9 }, { "1e300", 1e300 }, { "infinite", 1 / 0 }, { "NaN", 0 / 0 },
    { "in milliseconds", 1764249600000 }, { "a row of nines", "99999999999999999999" },
  } do
    it("has no known expiry when expires_in is " .. case[1], function()
      response.expires_in = case[2]
      local t = assert(token_response.read(response, 1000))
      assert.is_nil(t.expires_in)
      assert.is_nil(t.expires_at)
      assert.equal("fresh", t:state(1e12))
      assert.equal("rt-1", t.refresh_token)
      assert.is_string(tostring(t))
    end)
  end

  for _, value in ipairs { "3600", "3600.0", " 3600", 3600.9 } do
    it("reads the seconds of an expires_in of " .. ("%q"):format(value), function()
      response.expires_in = value
      assert.equal(4600, assert(token_response.read(response, 1000)).expires_at)
    end)
  end

  for _, case in ipairs { { "empty", "" }, { "null", null }, { "false", false }, { "with a NUL", "\0" }, { "a table", {} } } do
    it("keeps the refresh token that it has when the new one is " .. case[1], function()
      response.refresh_token = case[2]
      assert.is_nil(assert(token_response.read(response, 0)).refresh_token)
      local old = assert(token.wrap { access_token = "a", refresh_token = "old" })
      assert.equal("old", assert(token_response.read(response, 0, old)).refresh_token)
    end)
  end

  for _, value in ipairs { "bearer", "BEARER", "Bearer ", "", "BearerToken", "mac", { "Bearer" }, null } do
    it("is sent as Bearer when token_type is " .. tostring(value), function()
      response.token_type = value
      assert.equal("Bearer at-1", assert(token_response.read(response, 0)):authorization())
    end)
  end

  it("has a scope only when that is a string", function()
    response.scope = { "a", "b" }
    assert.is_nil(assert(token_response.read(response, 0)).scope)
  end)

  for _, case in ipairs {
    { "absent", nil }, { "null", null }, { "empty", "" }, { "with a line end", "a\r\nb" }, { "a number", 5 },
  } do
    it("can't be read when access_token is " .. case[1], function()
      response.access_token = case[2]
      local none, err = token_response.read(response, 0)
      assert.is_nil(none)
      assert.equal("decode", err.kind)
      assert.truthy(err.message:find("access_token", 1, true))
    end)
  end

  it("is stale 60 s before it expires, or a tenth of its lifetime where that is less, then invalid", function()
    local t = assert(token_response.read(response, 0))
    assert.equal("fresh", t:state(3539))
    assert.equal("stale", t:state(3540))
    assert.equal("stale", t:state(3599))
    assert.equal("invalid", t:state(3600))
    response.expires_in = 100
    t = assert(token_response.read(response, 0))
    assert.equal("fresh", t:state(89))
    assert.equal("stale", t:state(90))
    assert.equal("invalid", t:state(100))
  end)

  it("is invalid once it was revoked", function()
    local t = assert(token_response.read(response, 0))
    t.revoked_at = 5
    assert.equal("invalid", t:state(0))
    assert.matches("revoked", tostring(t))
  end)

  it("shows no secret", function()
    local shown = tostring(assert(token_response.read(response, 50700)))
    assert.is_nil(shown:find("at%-1"))
    assert.is_nil(shown:find("rt%-1"))
    assert.equal("lofty.token: expires 1970-01-01 15:05:00Z, refreshable", shown)
  end)

  it("has the scheme Bearer, and an API key the scheme token", function()
    assert.equal("Bearer at-1", assert(token_response.read(response, 0)):authorization())
    assert.equal("token key", assert(token.fixed("key", "token")):authorization())
  end)
end)

describe("a stored token", function()
  it("gets its methods back in a copy", function()
    local plain = { access_token = "a", expires_at = 100 }
    local t = assert(token.wrap(plain))
    assert.is_nil(getmetatable(plain))
    assert.equal("stale", t:state(90))
  end)

  it("may have JSON nulls, as Python and databases write them", function()
    local t = assert(token.wrap {
      access_token = "a", refresh_token = null, expires_at = null, expires_in = null, scope = null, account = null,
      revoked_at = null, token_type = null,
    })
    assert.same({ access_token = "a" }, t)
    assert.equal("fresh", t:state(1e9))
  end)

  it("may have times as digits in a string, an account that is a number and an empty refresh_token", function()
    local t = assert(token.wrap {
      access_token = "a", expires_at = "1764249600", expires_in = "3600", account = 113209, refresh_token = "",
    })
    assert.equal(1764249600, t.expires_at)
    assert.equal(3600, t.expires_in)
    assert.equal("113209", t.account)
    assert.is_nil(t.refresh_token)
  end)

  for _, case in ipairs {
    { "has no access_token", {}, "token.access_token is missing" },
    { "has an access_token with a line end", { access_token = "a b\n" }, "token.access_token must be" },
    { "has the scheme in its access_token", { access_token = "Bearer abc" }, "without the word Bearer" },
    { "has a refresh_token that is a number", { access_token = "a", refresh_token = 5 }, "token.refresh_token must be" },
    { "has an expiry in words", { access_token = "a", expires_at = "2025-11-27T15:00:00Z" }, "token.expires_at must be" },
    { "has an expiry in milliseconds", { access_token = "a", expires_at = 1764249600000 }, "seconds since 1970" },
    { "has an expiry that is NaN", { access_token = "a", expires_at = 0 / 0 }, "token.expires_at must be" },
    { "has a negative lifetime", { access_token = "a", expires_in = -1 }, "token.expires_in must be" },
    { "has an account that is a table", { access_token = "a", account = {} }, "token.account must be a string" },
  } do
    it("is refused when it " .. case[1], function()
      local none, err = token.wrap(case[2])
      assert.is_nil(none)
      assert.equal("invalid", err.kind)
      assert.truthy(err.message:find(case[3], 1, true), err.message)
    end)
  end
end)
