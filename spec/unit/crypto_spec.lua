-- SPDX-License-Identifier: MIT

-- Random bytes, SHA-256 and sealing: published test vectors, and every kind of damage.
local core = require "lofty.core"
local crypto = require "lofty.crypto"

local function hex(bytes)
  return (bytes:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end))
end

local function unhex(digits)
  return (digits:gsub("%x%x", function(pair) return string.char(tonumber(pair, 16)) end))
end

describe("SHA-256", function()
  for _, case in ipairs { -- FIPS 180-4, NIST's examples
    { "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" };
    { "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" };
    { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" };
    { ("a"):rep(1000000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" };
  } do
    it("of " .. #case[1] .. " bytes is the digest that NIST publishes", function() assert.equal(case[2], hex(crypto.sha256(case[1]))) end)
  end

  it("makes the challenge of RFC 7636, appendix B", function()
    local verifier = core.base64url_encode(unhex "7418dfb49799e0254ffa607dd8adbbba16d4254d69d6bff05b58055853848d79")
    assert.equal("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", verifier)
    assert.equal("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", core.base64url_encode(crypto.sha256(verifier)))
  end)
end)

describe("random", function()
  it("gives the number of bytes asked for, different each time", function()
    local seen = {}
    for _, size in ipairs { 1, 16, 32, 4096 } do assert.equal(size, #crypto.random(size)) end
    for _ = 1, 200 do
      local bytes = crypto.random(16)
      assert.is_nil(seen[bytes])
      seen[bytes] = true
    end
  end)

  it("raises for an invalid size", function()
    for _, size in ipairs { 0, -1, 4097, "x" } do
      assert.has_error(function() crypto.random(size) end)
    end
  end)
end)

describe("sealing", function()
  local key, plain, aad = ("k"):rep(32), "a token that nobody may read", "lofty:app/42"

  it("is opened by the same key and the same associated data", function()
    for _, text in ipairs { "", "x", plain, ("\0\255"):rep(50000) } do
      local sealed = crypto.seal(key, text, aad)
      assert.equal(#text + 28, #sealed)
      assert.equal(text, crypto.open(key, sealed, aad))
      assert.equal(text, crypto.open(key, crypto.seal(key, text, ""), ""))
    end
  end)

  it("opens what another implementation sealed with AES-256-GCM", function() -- McGrew and Viega, test cases 13, 14 and 16
    local zero = ("\0"):rep(32)
    assert.equal("", crypto.open(zero, ("\0"):rep(12) .. unhex "530f8afbc74536b9a963b4f1c4cb738b", ""))
    assert.equal(("\0"):rep(16), crypto.open(zero, ("\0"):rep(12) ..
      unhex "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919", ""))
    assert.equal("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72" ..
      "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
      hex(crypto.open(unhex "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
        unhex("cafebabefacedbaddecaf888" ..
          "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa" ..
          "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662" ..
          "76fc6ece0f4e1768cddf8853bb2d551b"), unhex "feedfacedeadbeeffeedfacedeadbeefabaddad2")))
  end)

  it("never gives the same bytes twice, nor shows the plain ones", function()
    local one, two = crypto.seal(key, plain, aad), crypto.seal(key, plain, aad)
    assert.not_equal(one, two)
    assert.not_equal(one:sub(1, 12), two:sub(1, 12))
    assert.is_nil(one:find("token", 1, true))
  end)

  it("detects every byte that is changed, removed or added", function()
    local sealed = crypto.seal(key, plain, aad)
    for at = 1, #sealed do
      local other = string.char((sealed:byte(at) + 1) % 256)
      assert.is_nil((crypto.open(key, sealed:sub(1, at - 1) .. other .. sealed:sub(at + 1), aad)))
      assert.is_nil((crypto.open(key, sealed:sub(1, at - 1), aad)))
      assert.is_nil((crypto.open(key, sealed:sub(at + 1), aad)))
    end
    assert.is_nil((crypto.open(key, sealed .. "x", aad)))
  end)

  it("does not open with another key or other associated data, and says no more than that", function()
    local sealed = crypto.seal(key, plain, aad)
    for _, case in ipairs { { ("q"):rep(32), aad }, { key, "lofty:app/43" }, { key, "" } } do
      local text, why = crypto.open(case[1], sealed, case[2])
      assert.is_nil(text)
      assert.is_truthy(why:find("cannot be opened", 1, true))
      assert.is_nil(why:find("token", 1, true))
    end
  end)

  it("raises on a key of another size, without showing it", function()
    for _, size in ipairs { 0, 16, 31, 33 } do
      for _, name in ipairs { "seal", "open" } do
        local ok, why = pcall(crypto[name], ("k"):rep(size), plain, aad)
        assert.is_false(ok)
        assert.is_truthy(why:find("a key has 32 bytes", 1, true))
        assert.is_nil(why:find("kk", 1, true))
      end
    end
    assert.has_error(function() crypto.seal(key, plain) end)
  end)
end)
