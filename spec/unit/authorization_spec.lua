-- SPDX-License-Identifier: MIT

-- The authorization request and the check of its callback's state.
local authorization = require "lofty.oauth.authorization"
local core = require "lofty.core"
local crypto = require "lofty.crypto"

local function url(opt)
  opt = opt or {}
  opt.address, opt.client_id, opt.redirect_uri = "https://lofty.example/consent", "id", "https://app.example/callback"
  return authorization.url(opt)
end

describe("an authorization request", function()
  it("has a state of 128 random bits", function()
    local seen = {}
    for _ = 1, 100 do
      local address, state = url()
      assert.equal(16, #core.base64url_decode(state))
      assert.is_nil(seen[state])
      seen[state] = true
      assert.truthy(address:find("state=" .. state, 1, true), address)
    end
  end)

  it("has the S256 challenge of the verifier (RFC 7636, section 4.2)", function()
    local address, _, verifier = url { pkce = true }
    assert.equal(32, #core.base64url_decode(verifier))
    local challenge = core.base64url_encode(crypto.sha256(verifier))
    assert.truthy(address:find("code_challenge=" .. challenge, 1, true), address)
    assert.truthy(address:find("code_challenge_method=S256", 1, true), address)
    assert.is_nil(address:find(verifier, 1, true))
  end)
end)

describe("a callback", function()
  it("compares the state in constant time", function()
    local equal, compared = core.equal, {}
    core.equal = function(a, b) -- luacheck: ignore 122
      compared[#compared + 1] = a .. " " .. b
      return equal(a, b)
    end
    local code = authorization.callback({ code = "c", state = "s" }, "s", true)
    local none, err = authorization.callback({ code = "c", state = "t" }, "s", true)
    core.equal = equal -- luacheck: ignore 122
    assert.equal("c", code)
    assert.is_nil(none)
    assert.equal("state_mismatch", err.code)
    assert.same({ "s s", "t s" }, compared)
  end)
end)
