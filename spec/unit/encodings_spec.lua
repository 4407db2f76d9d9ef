-- SPDX-License-Identifier: MIT

-- Base64, percent-encoding, queries, forms and paths: all bytes, all errors, all digits of ids.
local core = require "lofty.core"

local function bytes(first, last)
  local list = {}
  for code = first, last do list[#list + 1] = string.char(code) end
  return table.concat(list)
end
local every_byte = bytes(0, 255)

-- The forms in which this Lua can hold an integer exactly.
local function exact_forms(digits)
  local forms = { string = digits, integer = core.integer(digits) }
  if tostring(2 ^ 31):find(".", 1, true) then forms.number = tonumber(digits) end -- 5.3 and newer
  if jit then forms.cdata = load("return " .. digits .. "LL")() end
  return forms
end

describe("Base64", function()
  local vectors = { -- RFC 4648, section 10
    { "", "" }; { "f", "Zg==" }; { "fo", "Zm8=" }; { "foo", "Zm9v" };
    { "foob", "Zm9vYg==" }; { "fooba", "Zm9vYmE=" }; { "foobar", "Zm9vYmFy" };
  }
  for _, vector in ipairs(vectors) do
    it("encodes and decodes " .. vector[2], function()
      assert.equal(vector[2], core.base64_encode(vector[1]))
      assert.equal(vector[1], core.base64_decode(vector[2]))
      local bare = vector[2]:gsub("=", "")
      assert.equal(bare, core.base64url_encode(vector[1]))
      assert.equal(vector[1], core.base64url_decode(bare))
    end)
  end

  it("has a URL-safe alphabet that differs in two characters", function()
    assert.equal("+/+/", core.base64_encode("\251\255\191"))
    assert.equal("-_-_", core.base64url_encode("\251\255\191"))
  end)

  it("refuses unused bits that are not zero", function()
    local digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    for value = 0, 63 do
      local digit = digits:sub(value + 1, value + 1)
      assert.equal(value % 16 == 0, core.base64_decode("Z" .. digit .. "==") ~= nil)
      assert.equal(value % 4 == 0, core.base64_decode("Zm" .. digit .. "=") ~= nil)
    end
  end)

  it("decodes what it encoded, for every byte and length", function()
    for size = 0, 256 do
      local text = every_byte:sub(1, size)
      assert.equal(text, core.base64_decode(core.base64_encode(text)))
      assert.equal(text, core.base64url_decode(core.base64url_encode(text)))
    end
  end)

  for _, case in ipairs {
    { "a lone digit", "Z", 2 }; { "missing padding", "Zg", 3 };
    { "incomplete padding", "Zg=", 4 }; { "padding after a complete group", "Zm9v=", 5 };
    { "only padding", "====", 1 }; { "three padding characters", "Z===", 2 };
    { "unused bits that are not zero", "Zh==", 2 }; { "two unused bits that are not zero", "Zm9=", 3 };
    { "padding in the middle", "Zg==Zg==", 3 }; { "a space", "Zm 9", 3 };
    { "a line break at the end", "Zm8=\n", 4 }; { "a NUL", "Zm\0v", 3 };
    { "the other alphabet", "-_-_", 1 }; { "a byte above 127", "Zm9\255", 4 };
  } do
    it("refuses " .. case[1], function()
      local text, why = core.base64_decode(case[2])
      assert.is_nil(text)
      assert.equal("not Base64 at byte " .. case[3], why)
    end)
  end

  for _, case in ipairs {
    { "padding", "Zg==", 3 }; { "a lone digit", "Zm9vY", 6 };
    { "unused bits that are not zero", "Zh", 2 }; { "the other alphabet", "+/+/", 1 };
  } do
    it("base64url refuses " .. case[1], function()
      local text, why = core.base64url_decode(case[2])
      assert.is_nil(text)
      assert.equal("not base64url at byte " .. case[3], why)
    end)
  end

  it("raises for a number", function()
    assert.has_error(function() core.base64_encode(12) end)
  end)
end)

describe("percent-encoding", function()
  it("encodes every byte except the unreserved characters", function()
    for code = 0, 255 do
      local byte = string.char(code)
      local wanted = byte:find("^[A-Za-z0-9%-%._~]") and byte or ("%%%02X"):format(code)
      assert.equal(wanted, core.percent_encode(byte))
    end
  end)

  it("decodes what it encoded, for every byte", function()
    assert.equal(every_byte, core.percent_decode(core.percent_encode(every_byte)))
    assert.equal("a+b", core.percent_decode("a+b"))
    assert.equal("\255 x", core.percent_decode("%fF%20x"))
  end)

  for _, case in ipairs {
    { "a percent sign at the end", "ab%", 3 }; { "one digit at the end", "%4", 1 };
    { "a letter that is not a digit", "%4g", 1 }; { "a sign", "a%+1", 2 }; { "a space", "% 1", 1 };
  } do
    it("refuses " .. case[1], function()
      local text, why = core.percent_decode(case[2])
      assert.is_nil(text)
      assert.equal("a \"%\" without two hex digits at byte " .. case[3], why)
    end)
  end
end)

describe("a query", function()
  for _, case in ipairs {
    { "no parameters for an empty table", {}, "" };
    { "its names sorted", { b = "2", a = "1", c = "3", ab = "4" }, "a=1&ab=4&b=2&c=3" };
    { "spaces and reserved characters", { q = "a b+c&d=e/f?" }, "q=a%20b%2Bc%26d%3De%2Ff%3F" };
    { "an encoded name", { ["a b"] = "x" }, "a%20b=x" };
    { "UTF-8", { q = "Zo\195\171" }, "q=Zo%C3%AB" };
    { "an empty value", { q = "" }, "q=" };
    { "booleans", { yes = true, no = false }, "no=false&yes=true" };
    { "numbers", { a = 5, b = 0.5, c = -7 }, "a=5&b=0.5&c=-7" };
    { "a repeated name for an array", { id = { 3, "x y", true } }, "id=3&id=x%20y&id=true" };
  } do
    it("has " .. case[1], function() assert.equal(case[3], core.query_encode(case[2])) end)
  end

  it("has \"+\" for a space when it is a form", function()
    assert.equal("a+name=a+b%2Bc&z=%0D%0A", core.form_encode{ ["a name"] = "a b+c", z = "\r\n" })
  end)

  for _, case in ipairs {
    { "null", { q = core.null }, "\"q\" is null: leave it out" };
    { "an empty array", { q = {} }, "\"q\" is an empty array: leave it out" };
    { "a table that is not an array", { q = { x = 1 } }, "\"q\" is a table that is not an array" };
    { "an array with a hole", { q = { [1] = 1, [3] = 3 } }, "\"q\" is a table that is not an array" };
    { "an array in an array", { q = { 1, { 2 } } }, "\"q\"[2] is a table" };
    { "null in an array", { q = { 1, core.null } }, "\"q\"[2] is null" };
    { "a function", { q = print }, "\"q\" is not a string, a number or a boolean" };
    { "not a number", { q = 0 / 0 }, "\"q\" is a number that is not finite" };
    { "an infinity", { q = -1 / 0 }, "\"q\" is a number that is not finite" };
    { "a float beyond 2^53, which may be a rounded id", { q = 2 ^ 53 * 2 }, "\"q\" .*digits as a string" };
    { "a carriage return", { q = "a\rb" }, "\"q\" holds a line break" };
    { "a line feed", { q = "a\n" }, "\"q\" holds a line break" };
    { "a NUL", { q = "\0" }, "\"q\" holds a line break or a NUL" };
    { "a line feed in an array", { q = { "a", "\n" } }, "\"q\"[2] holds a line break" };
    { "a line feed in a name", { ["a\nb"] = "x" }, "\"a?b\" holds a line break" };
    { "a name that is a number", { "x" }, "a parameter's name must be a string, not a number" };
    { "a value as long as the longest URL", { q = ("x"):rep(65536) }, "longer than 65536 bytes" };
    { "a value that is too long when encoded", { q = (" "):rep(30000) }, "longer than 65536 bytes" };
  } do
    it("refuses " .. case[1], function()
      local text, why = core.query_encode(case[2])
      assert.is_nil(text)
      local plain = not case[3]:find(".*", 1, true)
      assert.is_truthy(why:find(case[3], 1, plain), why)
      assert.is_nil(why:find("%c"))
    end)
  end

  it("is decoded to a table", function()
    assert.same({ code = "a b", state = "x=y", empty = "", bare = "", ["\195\169"] = "&" },
      core.query_decode("code=a+b&state=x%3dy&&empty=&bare&%C3%A9=%26"))
    assert.same({ a = "1=2" }, core.query_decode("a=1=2"))
    assert.same({}, core.query_decode(""))
  end)

  for _, case in ipairs {
    { "a repeated parameter", "code=1&x=2&code=3", "parameter \"code\" appears more than once" };
    { "a repeated parameter in two encodings", "code=1&c%6Fde=3", "parameter \"code\" appears more than once" };
    { "an invalid escape in a value", "a=1&b=%zz", "a \"%\" without two hex digits at byte 7" };
    { "an invalid escape in a name", "a=1&%=2", "a \"%\" without two hex digits at byte 5" };
    { "too many bytes", ("x"):rep(65537), "the query is longer than 65536 bytes" };
  } do
    it("is refused with " .. case[1], function()
      local params, why = core.query_decode(case[2])
      assert.is_nil(params)
      assert.equal(case[3], why)
    end)
  end

  it("is refused without showing a value", function()
    local _, why = core.query_decode("code=hush-hush&code=hush-hush")
    assert.is_nil(why:find("hush", 1, true))
  end)
end)

describe("a path", function()
  it("is expanded with the parameters that it names", function()
    assert.equal("/v1.0/leads/7/x/x", core.path_expand("/v1.0/leads/{leadId}/x/{b}", { leadId = 7, b = "x", limit = 5 }))
    assert.equal("/v1.0/me", core.path_expand("/v1.0/me"))
    assert.equal("/v1.0/me", core.path_expand("/v1.0/me", {}))
  end)

  it("is limited in length, with or without names", function()
    local longest = "/" .. ("x"):rep(65535)
    assert.equal(longest, core.path_expand(longest))
    local path, why = core.path_expand(longest .. "x")
    assert.is_nil(path)
    assert.equal("the path is longer than 65536 bytes", why)
  end)

  it("encodes values so that they stay one segment", function()
    assert.equal("/a/x%2Fy%3Fz%23%20%7B%25/b", (core.path_expand("/a/{v}/b", { v = "x/y?z# {%" })))
    assert.equal("/a/...", (core.path_expand("/a/{v}", { v = "..." })))
    assert.equal("/a/%252e%252e", (core.path_expand("/a/{v}", { v = "%2e%2e" })))
  end)

  for _, case in ipairs {
    { "a missing value", nil, "is missing" }; { "null", core.null, "is null" };
    { "an empty value", "", "is empty" }; { "a dot", ".", "is \".\"" }; { "two dots", "..", "is \"..\"" };
    -- nginx decodes %2F before it removes dot segments: it reads /leads/1%2F..%2F..%2Fadmin as /admin
    { "dots between slashes", "1/../../admin", "\"..\" segment" }; { "a dot at the end", "1/.", "segment" };
    { "dots at the beginning", "../x", "segment" }; { "dots after a backslash", "x\\..", "segment" };
    { "dots before a backslash", "..\\x", "segment" }; { "dots before a semicolon", "..;a/x", "segment" };
    { "a boolean", true, "is a boolean" }; { "a table", {}, "is not a string, a number or a boolean" };
    { "a carriage return", "a\r", "holds a line break" }; { "a line feed", "\na", "holds a line break" };
    { "a NUL", "a\0b", "or a NUL" }; { "not a number", 0 / 0, "not finite" };
    { "a float beyond 2^53", 2 ^ 53 * 2, "digits as a string" };
    { "too many bytes", ("x"):rep(65537), "longer than 65536 bytes" };
  } do
    it("refuses " .. case[1], function()
      local path, why = core.path_expand("/leads/{leadId}", { leadId = case[2] })
      assert.is_nil(path)
      assert.is_truthy(why:find(case[3], 1, true), why)
      assert.is_truthy(case[1] == "too many bytes" or why:find("path parameter \"leadId\" ", 1, true))
    end)
  end

  for _, case in ipairs {
    { "", "does not start" }; { "v1.0/me", "does not start" }; { "//", nil };
    { "/a?b=1", "query or a fragment (give a query as parameters) at byte 3" }; { "/a#b", "fragment" };
    { "/a b", "at byte 3" }; { "/a\nb", "at byte 3" }; { "/a\0b", "at byte 3" }; { "/\195\169", "at byte 2" };
    { "/%2", "at byte 2" }; { "/%0a", "at byte 2" }; { "/a%00", "at byte 3" }; { "/%0D", "at byte 2" };
    { "/{", "at byte 3" }; { "/{}", "at byte 3" }; { "/{a", "at byte 4" }; { "/a}", "at byte 3" };
    { "/{{a}}", "at byte 3" }; { "/{a b}", "at byte 4" }; { "/\\x", "at byte 2" }; { "/{a/b}", "at byte 4" };
    { "/a/../b", "segment" }; { "/.", "segment" }; { "/a/%2E%2e", "segment" }; { "/.%2e/x", "segment" };
    { "/a/./b", "segment" }; { "/a/..%2fb", "segment" }; { "/a%2F%2e%2e", "segment" }; { "/a/b%2f..%2f..%2fc", "segment" };
    { "/a/..%5cb", "segment" }; { "/a%5C.", "segment" }; { "/..;/a", "segment" }; { "/a/.%3Bb/c", "segment" };
    { "/a;../b;.", nil }; { "/a/...;/.../b", nil }; { "/..a/a../.a/a.", nil }; { "/a%20b/!$&'()*+,;=:@~", nil };
  } do
    it((case[2] and "refuses " or "accepts ") .. ("%q"):format(case[1]), function()
      local path, why = core.path_expand(case[1], { a = "1" })
      if not case[2] then return assert.equal(case[1], path) end
      assert.is_nil(path)
      assert.is_truthy(why:find(case[2], 1, true), why)
      assert.is_nil(why:find("%c"))
    end)
  end
end)

describe("an id", function()
  for _, digits in ipairs {
    "651095960136641", "9007199254740993", "1738234566814937089", "9223372036854775807", "-9223372036854775808",
  } do
    for form, id in pairs(exact_forms(digits)) do
      it(digits .. " as a " .. form .. " keeps all digits in path, query and form", function()
        assert.equal("/v1.0/leads/" .. digits, (core.path_expand("/v1.0/leads/{leadId}", { leadId = id })))
        assert.equal("leadId=" .. digits, core.query_encode{ leadId = id })
        assert.equal("a=" .. digits .. "&a=" .. digits, core.form_encode{ a = { id, id } })
      end)
    end
  end

  if jit then
    it("can be an unsigned 64-bit integer of LuaJIT's ffi, but no other cdata", function()
      local id = load("return 18446744073709551615ULL")()
      assert.equal("id=18446744073709551615", core.query_encode{ id = id })
      local other = require("ffi").new("int[3]")
      assert.is_nil((core.query_encode{ id = other }))
      assert.is_nil((core.path_expand("/{id}", { id = other })))
    end)
  end

  it("of 15 digits is exact as a number on every Lua", function()
    assert.equal("/v1.0/leads/651095960136641", (core.path_expand("/v1.0/leads/{id}", { id = 651095960136641 })))
    assert.equal("id=651095960136641", core.query_encode{ id = 651095960136641 })
    assert.equal("id=3600", core.query_encode{ id = 7200 / 2 })
    assert.equal("id=9007199254740991", core.query_encode{ id = 2 ^ 53 - 1 })
  end)
end)

describe("equal", function()
  it("compares bytes", function()
    assert.is_true(core.equal("", ""))
    assert.is_true(core.equal(every_byte, bytes(0, 255)))
    for at = 1, 256 do
      local other = every_byte:sub(1, at - 1) .. string.char(256 - at) .. every_byte:sub(at + 1)
      assert.equal(other == every_byte, core.equal(every_byte, other))
    end
    assert.is_false(core.equal("a", "ab"))
    assert.is_false(core.equal("a\0b", "a\0c"))
    assert.has_error(function() core.equal("1", 1) end)
  end)
end)

describe("a whole number", function()
  local number_type = rawget(math, "type") -- 5.3 and newer
  it("is read from digits alone", function()
    for _, case in ipairs { { "0", 0 }, { "300", 300 }, { "007", 7 }, { "999999999999999", 999999999999999 } } do
      local number = core.whole_number(case[1])
      assert.equal(case[2], number)
      assert.is_truthy(not number_type or number_type(number) == "integer")
    end
  end)

  it("is nil when it has more than 15 digits", function()
    assert.is_nil((core.whole_number "1000000000000000"))
    assert.is_nil((core.whole_number(("0"):rep(70000))))
  end)

  it("is false when there is anything else", function()
    for _, value in ipairs { {}, true, -1, 1.5, print } do assert.is_false(core.whole_number(value)) end
    assert.is_false(core.whole_number(nil))
    for _, text in ipairs { "", " ", "-1", "+1", " 1", "1 ", "1.0", "1e3", "0x10", "1\0", "\0", ("1"):rep(20) .. "x" } do
      assert.is_false(core.whole_number(text), text)
    end
  end)
end)
