-- SPDX-License-Identifier: MIT

local redact = require "lofty.internal.redact"

local SECRET = "s+/=%& \"\\secret"

describe("redacting a text", function()
  for _, case in ipairs {
    { "as it is", SECRET },
    { "percent-encoded", "s%2B%2F%3D%25%26%20%22%5Csecret" },
    { "percent-encoded in lower case", "s%2b%2f%3d%25%26%20%22%5csecret" },
    { "form-encoded", "s%2B%2F%3D%25%26+%22%5Csecret" },
    { "as a JSON string", [[s+/=%& \"\\secret]] },
    { "as a JSON string with escaped slashes", [[s+\/=%& \"\\secret]] },
    { "as a JSON string of \\u escapes", [[\u0073+/=%\u0026 \u0022\u005Csecret]] },
    { "as a JSON string within a JSON string", [[s+\\/=%& \\\"\\\\secret]] },
    { "percent-encoded within a JSON string", [[\u0073%2B%2F%3D%25%26%20%22%5Csecret]] },
  } do
    it("finds a secret that is written " .. case[1], function()
      assert.equal("near '***' and ***, that is", redact.text("near '" .. case[2] .. "' and " .. case[2] .. ", that is",
        { SECRET }))
    end)
  end

  it("finds a secret that was cut short, anywhere", function()
    assert.equal("got *** here", redact.text("got ABCDEFGH-12 here", { "ABCDEFGH-1234567890" }))
    assert.equal("got ABCDEFG here", redact.text("got ABCDEFG here", { "ABCDEFGH-1234567890" }))
  end)

  it("finds a secret of which four or more bytes remain at the end of a text that was cut", function()
    assert.equal("got ***", redact.text("got ABCD", { "ABCDEFGH-1234567890" }))
    assert.equal("got ***... (invalid)", redact.text("got ABCD... (invalid)", { "ABCDEFGH-1234567890" }))
    assert.equal("got ABC", redact.text("got ABC", { "ABCDEFGH-1234567890" }))
  end)

  it("ignores secrets of fewer than four bytes, and values that are not strings", function()
    assert.equal("a token", redact.text("a token", { "a", "tok", "" }))
    assert.equal("true", redact.text("true", { true }))
  end)

  it("leaves text around a secret and text without one as it is", function()
    assert.equal("100 % of \\u0041 and %41", redact.text("100 % of \\u0041 and %41", { SECRET }))
    assert.equal("%41***\\u0041", redact.text("%41" .. SECRET .. "\\u0041", { SECRET }))
    assert.equal("", redact.text("", { SECRET }))
    assert.equal("%", redact.text("%", { SECRET }))
    assert.equal("\\", redact.text("\\", { SECRET }))
  end)

  it("finds secrets that overlap", function()
    assert.equal("x***x", redact.text("xuser:passwordx", { "user:password", "password" }))
    assert.equal("x***x", redact.text("xpasswordx", { "user:password", "password" }))
  end)
end)

describe("redacting an err", function()
  it("covers message, code and the response's headers, and keeps the headers of others", function()
    local headers = { ["x-debug"] = "token " .. SECRET, date = "today", ["set-cookie"] = { "a", "b" } }
    local err = { message = "m " .. SECRET, code = SECRET, response = { headers = headers, status = 400 } }
    assert.equal(err, redact.err(err, { SECRET }))
    assert.same({
      message = "m ***", code = "***",
      response = { headers = { ["x-debug"] = "token ***", date = "today", ["set-cookie"] = { "a", "b" } }, status = 400 },
    }, err)
    assert.equal("token " .. SECRET, headers["x-debug"])
  end)

  it("keeps a code that is a number", function()
    assert.equal(20006, redact.err({ message = "m", code = 20006 }, { "20006" }).code)
  end)
end)

describe("the secrets of an address", function()
  local function userinfo(url)
    local list = {}
    redact.add_userinfo(list, url)
    return list
  end

  it("are its user and password", function()
    assert.same({ "user:password", "password", "password" }, userinfo "http://user:password@host:1")
    assert.same({ "user:password", "password", "password" }, userinfo "user:password@host:1")
    assert.same({ "password" }, userinfo "http://password@host")
    assert.same({}, userinfo "http://host:1")
    assert.same({}, userinfo(nil))
  end)

  it("are all parts of a password that was not encoded", function()
    assert.same({ "user:pass/wo@rd", "pass/wo@rd", "pass", "wo", "rd" }, userinfo "http://user:pass/wo@rd@host:1")
  end)

  it("are the last segment of a callback address, long segments and the query", function()
    local list = {}
    redact.add_callback_url(list, "https://example.com/hook/0123456789abcdef/lofty?key=value#x")
    assert.same({ "0123456789abcdef", "lofty", "key=value" }, list)
    redact.add_callback_url(list, nil)
    redact.add_callback_url(list, "https://example.com")
    assert.equal(3, #list)
  end)
end)
