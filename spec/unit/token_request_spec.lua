-- SPDX-License-Identifier: MIT

-- Basic credentials and token requests, to the byte, for both of Lofty's OAuth servers.
local core = require "lofty.core"

local verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" -- RFC 7636, appendix B

-- A request for `grant_type` with what every case shares, and `more` on top.
local function request(grant_type, more)
  local fields = { grant_type = grant_type, client_id = "my id", client_secret = "s+cret/=" }
  for name, value in pairs(more or {}) do fields[name] = value end
  return core.token_request(fields)
end

describe("Basic credentials", function()
  it("are the plain pair by default, as Lofty documents it", function()
    assert.equal("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", core.basic("Aladdin", "open sesame")) -- RFC 7617
    assert.equal("Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW", core.basic("s6BhdRkqt3", "gX1fBat3bV")) -- RFC 6749 2.3.1
    assert.equal("Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW", core.basic("s6BhdRkqt3", "gX1fBat3bV", "form"))
  end)

  it("are form-encoded first with basic = form (RFC 6749 section 2.3.1)", function()
    local secret = "a+b %\195\169"
    assert.equal("Basic " .. core.base64_encode("my+id%3A1:a%2Bb+%25%C3%A9"), core.basic("my id:1", secret, "form"))
    assert.equal("Basic " .. core.base64_encode("my id:" .. secret), core.basic("my id", secret, "plain"))
  end)

  it("may have a colon in the secret", function()
    assert.equal("Basic " .. core.base64_encode("id:a:b"), core.basic("id", "a:b"))
  end)

  it("are refused with a hint for a colon in a plain client id", function()
    local header, why = core.basic("my:id", "secret")
    assert.is_nil(header)
    assert.is_truthy(why:find("client id holds a colon", 1, true))
    assert.is_truthy(why:find('basic = "form"', 1, true))
  end)

  for _, case in ipairs {
    { "a line break in the id", "i\nd", "hush", "client id holds a control character" };
    { "a carriage return in the id", "id\r", "hush", "client id holds a control character" };
    { "a NUL in the id", "i\0d", "hush", "client id holds a control character" };
    { "a line break in the secret", "id", "hush\n", "client secret holds a control character" };
    { "a carriage return in the secret", "id", "\rhush", "client secret holds a control character" };
    { "a NUL in the secret", "id", "hu\0sh", "client secret holds a control character" };
    { "a DEL in the secret", "id", "hush\127", "client secret holds a control character" };
    { "no id", "", "hush", "client id is missing or empty" };
    { "no secret", "id", "", "client secret is missing or empty" };
    { "an endless secret", "id", ("hush"):rep(16385), "client secret is longer than 65536 bytes" };
  } do
    for _, how in ipairs { "plain", "form" } do
      it("are refused as " .. how .. " with " .. case[1], function()
        local header, why = core.basic(case[2], case[3], how)
        assert.is_nil(header)
        assert.is_truthy(why:find(case[4], 1, true), why)
        assert.is_nil(why:find("hush", 1, true))
      end)
    end
  end

  it("may hold any byte but a control character", function()
    for code = 0, 255 do
      local byte = string.char(code)
      local may = code >= 32 and code ~= 127
      assert.equal(may, core.basic("id" .. byte, "secret", "form") ~= nil)
      assert.equal(may, core.basic("id", byte .. "secret") ~= nil)
    end
  end)

  it("raise for another form than plain and form", function()
    assert.has_error(function() core.basic("id", "secret", "Form") end)
    assert.has_error(function() core.basic("id") end)
    assert.has_error(function() core.basic("id", 12) end)
  end)
end)

describe("a token request", function()
  local header = "Basic " .. core.base64_encode("my id:s+cret/=")
  local code = { code = "c/1 +", redirect_uri = "https://example.com/cb?x=1" }
  local code_fields = "code=c%2F1+%2B&client_id=my+id"
  local uri = "&redirect_uri=https%3A%2F%2Fexample.com%2Fcb%3Fx%3D1"

  -- The more specific fields win.
  local function with(base, more)
    local all = {}
    for name, value in pairs(base) do all[name] = value end
    for name, value in pairs(more) do all[name] = value end
    return all
  end

  for _, case in ipairs {
    { "a code, vendor OAuth server", "authorization_code", code,
      "grant_type=authorization_code&" .. code_fields .. uri, header };
    { "a code, developer OAuth server", "authorization_code", with(code, { authentication = "body" }),
      "grant_type=authorization_code&" .. code_fields .. "&client_secret=s%2Bcret%2F%3D" .. uri };
    { "a code with PKCE, vendor OAuth server", "authorization_code", with(code, { code_verifier = verifier }),
      "grant_type=authorization_code&" .. code_fields .. uri .. "&code_verifier=" .. verifier, header };
    { "a code with PKCE, developer OAuth server", "authorization_code",
      with(code, { code_verifier = verifier, authentication = "body" }),
      "grant_type=authorization_code&" .. code_fields .. "&client_secret=s%2Bcret%2F%3D" .. uri ..
      "&code_verifier=" .. verifier };
    { "a code with PKCE in place of a secret", "authorization_code",
      with(code, { code_verifier = verifier, authentication = "none" }),
      "grant_type=authorization_code&" .. code_fields .. uri .. "&code_verifier=" .. verifier };
    { "a refresh, vendor OAuth server", "refresh_token", { refresh_token = "r/1" },
      "grant_type=refresh_token&refresh_token=r%2F1", header };
    { "a refresh, developer OAuth server", "refresh_token", { refresh_token = "r/1", authentication = "body" },
      "grant_type=refresh_token&refresh_token=r%2F1&client_id=my+id&client_secret=s%2Bcret%2F%3D" };
    { "a refresh without a secret", "refresh_token", { refresh_token = "r/1", authentication = "none" },
      "grant_type=refresh_token&refresh_token=r%2F1&client_id=my+id" };
    { "client credentials, vendor OAuth server", "client_credentials", { customer_key = "k=1" },
      "grant_type=client_credentials&customer_key=k%3D1", header };
    { "client credentials, developer OAuth server", "client_credentials", { customer_key = "k=1", authentication = "body" },
      "grant_type=client_credentials&client_id=my+id&client_secret=s%2Bcret%2F%3D&customer_key=k%3D1" };
  } do
    it("has these bytes for " .. case[1], function()
      local made = assert(request(case[2], case[3]))
      assert.equal(case[4], made.body)
      assert.equal(case[5], made.authorization)
    end)
  end

  it("form-encodes the pair in the header with basic = form", function()
    local made = assert(request("refresh_token", { refresh_token = "r", basic = "form" }))
    assert.equal("Basic " .. core.base64_encode("my+id:s%2Bcret%2F%3D"), made.authorization)
  end)

  it("leaves out a secret that a public client was given", function()
    local more = with(code, { code_verifier = verifier, authentication = "none" })
    local made = assert(request("authorization_code", more))
    assert.is_nil(made.body:find("cret", 1, true))
    assert.is_nil(made.authorization)
  end)

  for _, case in ipairs {
    { "no code", "authorization_code", { redirect_uri = "https://e" }, "authorization code is missing" };
    { "no redirect URI", "authorization_code", { code = "hush" }, "redirect URI is missing" };
    { "a line break in the code", "authorization_code", with(code, { code = "hush\n" }), "authorization code holds" };
    { "a NUL in the redirect URI", "authorization_code", with(code, { redirect_uri = "\0hush" }), "redirect URI holds" };
    { "a public client without a verifier", "authorization_code", with(code, { authentication = "none" }),
      "code verifier is missing" };
    { "a verifier that is too short", "authorization_code", with(code, { code_verifier = ("h"):rep(42) }),
      "code verifier is not 43 to 128" };
    { "a verifier that is too long", "authorization_code", with(code, { code_verifier = ("h"):rep(129) }),
      "code verifier is not 43 to 128" };
    { "a verifier with a plus", "authorization_code", with(code, { code_verifier = ("h"):rep(43) .. "+" }),
      "code verifier is not 43 to 128" };
    { "no refresh token", "refresh_token", {}, "refresh token is missing" };
    { "an empty refresh token", "refresh_token", { refresh_token = "" }, "refresh token is missing" };
    { "a carriage return in the refresh token", "refresh_token", { refresh_token = "hush\r" }, "refresh token holds" };
    { "an endless refresh token", "refresh_token", { refresh_token = ("hush"):rep(16385) }, "longer than" };
    { "no customer key", "client_credentials", {}, "customer key is missing" };
    { "a line break in the customer key", "client_credentials", { customer_key = "hush\n" }, "customer key holds" };
    { "client credentials without a secret", "client_credentials", { customer_key = "k", authentication = "none" },
      "needs a client secret" };
    { "a colon in the id", "refresh_token", { refresh_token = "hush", client_id = "a:b" }, 'set basic = "form"' };
    { "a line break in the secret, in the body", "refresh_token",
      { refresh_token = "r", client_secret = "hush\n", authentication = "body" }, "client secret holds" };
    { "no id", "refresh_token", { refresh_token = "hush", client_id = "", authentication = "none" },
      "client id is missing" };
  } do
    it("is refused without showing a secret: " .. case[1], function()
      local made, why = request(case[2], case[3])
      assert.is_nil(made)
      assert.is_truthy(why:find(case[4], 1, true), why)
      assert.is_nil(why:find("hush", 1, true))
      assert.is_nil(why:find("cret/", 1, true))
    end)
  end

  it("may have a colon in a client id that is encoded", function()
    for _, more in ipairs { { authentication = "body" }, { authentication = "none" }, { basic = "form" } } do
      assert(request("refresh_token", with(more, { refresh_token = "r", client_id = "a:b" })))
    end
  end)

  for _, case in ipairs {
    { "an unknown field", { grant_type = "refresh_token", refresh_tokn = "hush" }, "refresh_tokn" };
    { "no grant type", { client_id = "x" }, "grant_type" };
    { "an unknown grant type", { grant_type = "password" }, "grant_type" };
    { "an unknown way to authenticate", { grant_type = "refresh_token", authentication = "Basic" }, "authentication" };
    { "a number for a text", { grant_type = "refresh_token", refresh_token = 12 }, "refresh_token" };
    { "a field without a name", { grant_type = "refresh_token", "hush" }, "strings" };
  } do
    it("raises on " .. case[1], function()
      local ok, why = pcall(core.token_request, case[2])
      assert.is_false(ok)
      assert.is_truthy(why:find(case[3], 1, true), why)
      assert.is_nil(why:find("hush", 1, true))
    end)
  end
end)
