-- SPDX-License-Identifier: MIT

local errors = require "lofty.errors"
local limits = require("lofty.core").limits
local lofty = require "lofty"

describe("errors.sanitize", function()
  for _, case in ipairs {
    { "leaves printable ASCII alone", "Ann O'Neil <a@example.com>", "Ann O'Neil <a@example.com>" },
    { "leaves other scripts alone", "Sof\195\173a \228\184\173 \240\159\152\128", "Sof\195\173a \228\184\173 \240\159\152\128" },
    { "makes one line", "one\r\n\ttwo\nthree", "one two three" },
    { "escapes C0 and DEL", "a\27[2J\7\0\127b", "a\\x1b[2J\\x07\\x00\\x7fb" },
    { "escapes C1", "a\194\155 31m\194\133b", "a\\u{9b} 31m\\u{85}b" },
    { "escapes bidirectional controls", "a\226\128\174b\226\129\166c\216\156\226\128\143", "a\\u{202e}b\\u{2066}c\\u{61c}\\u{200f}" },
    { "escapes line and paragraph separators", "\226\128\168\226\128\169", "\\u{2028}\\u{2029}" },
    { "escapes bytes that are not UTF-8", "Jos\233 \155x", "Jos\\xe9 \\x9bx" },
    { "escapes continuation bytes after a whole character", "\195\169\169", "\195\169\\xa9" },
    { "escapes overlong forms", "\192\175\224\128\175", "\\xc0\\xaf\\xe0\\x80\\xaf" },
    { "escapes surrogates", "\237\160\189", "\\xed\\xa0\\xbd" },
    { "escapes code points above U+10FFFF", "\244\144\128\128\245\128\128\128", "\\xf4\\x90\\x80\\x80\\xf5\\x80\\x80\\x80" },
    { "escapes a character that is cut short", "a\228\184", "a\\xe4\\xb8" },
  } do
    it(case[1], function() assert.equal(case[3], errors.sanitize(case[2])) end)
  end

  it("cuts to a length without leaving half a character", function()
    assert.equal("abc...", errors.sanitize("abcdef", 3))
    assert.equal("ab...", errors.sanitize("ab\228\184\173cd", 4))
    assert.equal("abc", errors.sanitize("abc", 3))
    assert.equal("\\x01...", errors.sanitize(("\1"):rep(1000000), 4))
  end)

  it("is idempotent", function()
    for _, text in ipairs { "a\27b\194\155", "Jos\233", ("x"):rep(900) } do
      local once = errors.sanitize(text)
      assert.equal(once, errors.sanitize(once))
    end
  end)

  it("is public as lofty.sanitize", function() assert.equal("a b", lofty.sanitize "a\nb") end)
end)

describe("an error", function()
  it("has a message and a code that are safe to print", function()
    local err = errors.new { kind = "invalid", message = "a\27b", code = "X\27[2J\nFAKE\194\155" }
    assert.equal("a\\x1bb", err.message)
    assert.equal("X\\x1b[2J FAKE\\u{9b}", err.code)
    err = errors.new { kind = "invalid", message = ("m"):rep(10000), code = ("c"):rep(10000) }
    assert.equal(limits.message + 3, #err.message)
    assert.equal(limits.code + 3, #err.code)
    assert.equal(5, errors.new({ kind = "invalid", message = "x", code = 5 }).code)
  end)

  it("is one line, whatever its operation is called", function()
    local err = errors.new { kind = "invalid", message = "wrong", operation = "GET /x\n/y", status = 400, code = 7 }
    assert.equal("GET /x /y: wrong (invalid, HTTP 400, code 7)", tostring(err))
  end)

  it("can be concatenated on either side", function()
    local err = errors.new { kind = "network", message = "no connection" }
    assert.equal("failed: no connection (network)", "failed: " .. err)
    assert.equal("no connection (network)!", err .. "!")
    assert.equal("no connection (network)no connection (network)", err .. err)
    assert.equal("1no connection (network)", 1 .. err)
  end)

  it("cannot be made with an unknown kind", function()
    assert.has_error(function() errors.new { kind = "odd", message = "x" } end)
  end)
end)
