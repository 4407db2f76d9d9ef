local token = require "lofty.token"

local NULL = {}

describe("a token", function()
  local answer
  before_each(function()
    answer = { access_token = "at-1", refresh_token = "rt-1", token_type = "Bearer", expires_in = 3600, scope = "openApi" }
  end)

  it("has an end on the clock it was read by, and 180 days for its refresh token", function()
    local t = assert(token.read(answer, 1000.7, nil, NULL))
    assert.equal(1000, t.obtained_at)
    assert.equal(4600, t.expires_at)
    assert.equal(1000 + 180 * 86400, t.refresh_expires_at)
    assert.equal("openApi", t.scope)
  end)

  it("keeps members that nobody knows", function()
    answer.app_info = { rate_limit_per_minute = 100 }
    assert.same({ rate_limit_per_minute = 100 }, assert(token.read(answer, 0, nil, NULL)).app_info)
  end)

  it("keeps its methods, whatever the server calls its members", function()
    answer.stale, answer.ended, answer.authorization = true, "x", "y"
    local t = assert(token.read(answer, 0, nil, NULL))
    assert.is_false(t:stale(0))
    assert.equal("Bearer at-1", t:authorization())
    assert.is_false(assert(token.wrap(answer)):ended(0))
  end)

  it("has an account that can be named", function()
    local held, err = token.wrap { access_token = "a", account = {} }
    assert.is_nil(held)
    assert.equal("token.account must be a string", err.message)
  end)

  it("can be shown though no calendar holds its end", function()
    for _, seconds in ipairs { "99999999999999999999", 1e300 } do
      answer.expires_in = seconds
      assert.matches("^lofty%.token: ends at a time without a date", tostring(assert(token.read(answer, 0, nil, NULL))))
    end
    assert.is_string(tostring(assert(token.wrap { access_token = "a", expires_at = 0 / 0 })))
    assert.is_string(tostring(assert(token.wrap { access_token = "a", expires_at = -math.huge })))
  end)

  it("keeps the old refresh token, its end and the account when the answer has none", function()
    local old = assert(token.read(answer, 1000, nil, NULL))
    old.account = "42"
    local new = assert(token.read({ access_token = "at-2", expires_in = 60 }, 5000, old, NULL))
    assert.equal("rt-1", new.refresh_token)
    assert.equal(old.refresh_expires_at, new.refresh_expires_at)
    assert.equal("42", new.account)
  end)

  it("takes null for absent", function()
    answer.refresh_token = NULL
    assert.is_nil(assert(token.read(answer, 0, nil, NULL)).refresh_token)
  end)

  for _, case in ipairs { { nil, "none" }, { 0, "zero" }, { "0", "zero as text" } } do
    it("has no end when expires_in is " .. case[2], function()
      answer.expires_in = case[1]
      local t = assert(token.read(answer, 1000, nil, NULL))
      assert.is_nil(t.expires_at)
      assert.is_false(t:stale(1e12))
    end)
  end

  it("counts the digits of an expires_in that came as text", function()
    answer.expires_in = "3600"
    assert.equal(4600, assert(token.read(answer, 1000, nil, NULL)).expires_at)
  end)

  for _, case in ipairs {
    { "expires_in", "soon", "words" }, { "expires_in", -1, "a past end" }, { "expires_in", {}, "a table" },
    { "expires_in", true, "a boolean" }, { "expires_in", 1 / 0, "infinity" },
    { "access_token", "", "empty" }, { "access_token", "a\r\nb", "with a line end" }, { "access_token", 5, "a number" },
    { "refresh_token", "\0", "with a NUL" }, { "token_type", "mac", "another scheme" },
  } do
    it("is refused when " .. case[1] .. " is " .. case[3], function()
      answer[case[1]] = case[2]
      local t, err = token.read(answer, 0, nil, NULL)
      assert.is_nil(t)
      assert.equal("decode", err.kind)
      assert.truthy(err.message:find(case[1], 1, true))
    end)
  end

  it("is stale 60 s before its end, or a tenth of its life where that is less", function()
    local t = assert(token.read(answer, 0, nil, NULL))
    assert.is_false(t:stale(3539))
    assert.is_true(t:stale(3540))
    answer.expires_in = 100
    t = assert(token.read(answer, 0, nil, NULL))
    assert.is_false(t:stale(89))
    assert.is_true(t:stale(90))
    assert.is_false(t:ended(99))
    assert.is_true(t:ended(100))
  end)

  it("shows no secret", function()
    local shown = tostring(assert(token.read(answer, 50700, nil, NULL)))
    assert.is_nil(shown:find("at%-1"))
    assert.is_nil(shown:find("rt%-1"))
    assert.truthy(shown:find("15:05:00Z, refreshable", 1, true))
  end)

  it("says Bearer, and token for an API key", function()
    assert.equal("Bearer at-1", assert(token.read(answer, 0, nil, NULL)):authorization())
    assert.equal("token key", assert(token.fixed("key", "token")):authorization())
  end)

  it("comes back from a plain table without changing it", function()
    local plain = { access_token = "a", expires_at = 100 }
    local t = assert(token.wrap(plain))
    assert.is_nil(getmetatable(plain))
    assert.is_true(t:stale(90))
  end)

  for _, case in ipairs {
    { {}, "access_token" }, { { access_token = "a b\n" }, "access_token" }, { { access_token = "a", expires_at = "1" }, "expires_at" },
  } do
    it("is not made of a table whose " .. case[2] .. " is wrong", function()
      local t, err = token.wrap(case[1])
      assert.is_nil(t)
      assert.truthy(err.message:find(case[2], 1, true))
    end)
  end
end)
