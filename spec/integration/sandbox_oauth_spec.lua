-- SPDX-License-Identifier: MIT

--- The sandbox's two OAuth servers, its consent page, and what it makes of an Authorization header.

local json = require "lofty.sandbox.server.json"
local asking = require "spec.support.sandbox_requests"
local sandbox = require "lofty.sandbox"

local FORM = "application/x-www-form-urlencoded"
local VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" -- RFC 7636, appendix B
local CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

describe("the sandbox #sandbox", function()
  local box, ask

  setup(function()
    box = sandbox.start()
    ask = asking(box)
  end)
  teardown(function() box:finish() end)
  after_each(function() box:control("reset") end)

  describe("at the vendor OAuth server", function()
    it("gives a token for a code, once", function()
      local code = ask.consent()
      local status, token = ask.vendor(ask.code_grant(code))
      assert.equal(200, status)
      assert.equal("Bearer", token.token_type)
      assert.equal("openApi", token.scope)
      assert.equal(3600, token.expires_in)
      assert.is_nil(token.app_info)
      local _, me = ask.api("GET", "/v1.0/me", nil, "Bearer " .. token.access_token)
      assert.equal("ada@whitfield.example", me.email)
    end)

    it("refuses the second use of a code, and revokes the tokens of the first", function()
      local code = ask.consent()
      local _, token = ask.vendor(ask.code_grant(code))
      local status, refused = ask.vendor(ask.code_grant(code))
      assert.equal(400, status)
      assert.equal("invalid_grant", refused.error)
      assert.equal(401, (ask.api("GET", "/v1.0/me", nil, "Bearer " .. token.access_token)))
      assert.equal(400, (ask.vendor(ask.refresh_grant(token.refresh_token))))
    end)

    it("refuses a wrong secret, a missing one, and one in the form", function()
      local wrong = "Basic " .. ask.base64(box.client_id .. ":wrong")
      local status, refused, headers = ask.vendor(ask.code_grant(ask.consent()), wrong)
      assert.equal(401, status)
      assert.equal("invalid_client", refused.error)
      assert.is_truthy(headers["www-authenticate"])
      assert.equal(401, (ask.vendor(ask.code_grant(ask.consent()), "nothing")))
      assert.equal(401, (ask.vendor(ask.code_grant(ask.consent(), { client_secret = box.client_secret }))))
    end)

    it("takes a form-encoded pair with basic = form", function()
      box:control("settings", { basic = "form" })
      local encoded = "Basic " .. ask.base64(ask.escape(box.client_id) .. ":" .. ask.escape(box.client_secret))
      assert.equal(200, (ask.vendor(ask.code_grant(ask.consent()), encoded)))
      assert.equal(401, (ask.vendor(ask.code_grant(ask.consent()))))
    end)

    it("refuses another redirect_uri than the consent's", function()
      local status, refused = ask.vendor(ask.code_grant(ask.consent(), { redirect_uri = "https://elsewhere.example/" }))
      assert.equal(400, status)
      assert.equal("invalid_grant", refused.error)
    end)

    it("refuses an expired code", function()
      local code = ask.consent()
      box:control("clock", { advance = 301 })
      assert.equal(400, (ask.vendor(ask.code_grant(code))))
    end)

    it("requires a form in the body, with each field once", function()
      local grant = ask.form(ask.code_grant(ask.consent()))
      local function error_of(url, body, kind)
        local _, text = box:request("POST", url, { headers = { Authorization = ask.basic(), ["Content-Type"] = kind }, body = body })
        return json.decode(text).error
      end
      assert.equal("invalid_request", error_of(box.token_url, grant, "application/json"))
      assert.equal("invalid_request", error_of(box.token_url, grant .. "&client_id=twice", FORM))
      assert.equal("invalid_request", error_of(box.token_url .. "?" .. grant, "", FORM))
      assert.equal("unsupported_grant_type", error_of(box.token_url, "grant_type=password", FORM))
      box:control("settings", { query_grants = true })
      assert.is_nil(error_of(box.token_url .. "?" .. grant, "", FORM))
    end)

    it("refreshes without rotation, again and again", function()
      local _, token = ask.vendor(ask.code_grant(ask.consent()))
      for _ = 1, 2 do
        local status, fresh = ask.vendor(ask.refresh_grant(token.refresh_token))
        assert.equal(200, status)
        assert.equal(token.refresh_token, fresh.refresh_token)
        assert.not_equal(token.access_token, fresh.access_token)
      end
      box:control("settings", { refresh_answer = "absent" })
      assert.is_nil(select(2, ask.vendor(ask.refresh_grant(token.refresh_token))).refresh_token)
    end)

    it("rotates with refresh_rotation, and revokes the account at a second use", function()
      box:control("settings", { refresh_rotation = true })
      local _, token = ask.vendor(ask.code_grant(ask.consent()))
      local _, fresh = ask.vendor(ask.refresh_grant(token.refresh_token))
      assert.not_equal(token.refresh_token, fresh.refresh_token)
      assert.equal(400, (ask.vendor(ask.refresh_grant(token.refresh_token))))
      assert.equal(401, (ask.api("GET", "/v1.0/me", nil, "Bearer " .. fresh.access_token)))
      assert.equal(400, (ask.vendor(ask.refresh_grant(fresh.refresh_token))))
    end)

    it("gives the same successor within refresh_grace, and revokes after it", function()
      box:control("settings", { refresh_rotation = true, refresh_grace = 30 })
      local _, token = ask.vendor(ask.code_grant(ask.consent()))
      local _, fresh = ask.vendor(ask.refresh_grant(token.refresh_token))
      local _, again = ask.vendor(ask.refresh_grant(token.refresh_token))
      assert.equal(fresh.refresh_token, again.refresh_token)
      box:control("clock", { advance = 31 })
      assert.equal(400, (ask.vendor(ask.refresh_grant(token.refresh_token))))
      assert.equal(400, (ask.vendor(ask.refresh_grant(fresh.refresh_token))))
    end)

    it("has expires_in in each wrong form", function()
      local _, token = ask.vendor(ask.code_grant(ask.consent()))
      for form_of, expected in pairs { string = "3600", zero = 0, word = "soon" } do
        box:control("settings", { expires_in = form_of })
        assert.equal(expected, select(2, ask.vendor(ask.refresh_grant(token.refresh_token))).expires_in)
      end
      box:control("settings", { expires_in = "missing" })
      assert.is_nil(select(2, ask.vendor(ask.refresh_grant(token.refresh_token))).expires_in)
    end)
  end)

  describe("at the developer OAuth server", function()
    it("takes the secret in the form and states the app's rate limit", function()
      box:control("settings", { rate_limit = 100 })
      local status, token = ask.developer(ask.code_grant(ask.consent(), { client_secret = box.client_secret }))
      assert.equal(200, status)
      assert.equal(100, token.app_info.rate_limit_per_minute)
      local more = { client_id = box.client_id, client_secret = box.client_secret }
      more.grant_type, more.refresh_token = "refresh_token", token.refresh_token
      assert.equal(200, (ask.developer(more)))
    end)

    it("refuses HTTP Basic and a wrong secret", function()
      local status = box:request("POST", box.developer_token_url, {
        headers = { Authorization = ask.basic(), ["Content-Type"] = FORM }, body = ask.form(ask.code_grant(ask.consent())),
      })
      assert.equal(401, status)
      assert.equal(401, (ask.developer(ask.code_grant(ask.consent(), { client_secret = "wrong" }))))
    end)

    it("checks a verifier against its challenge", function()
      local query = "&code_challenge_method=S256&code_challenge=" .. CHALLENGE
      for _, client in ipairs { box.public_client_id, box.client_id } do
        local more = { client = client, query = query }
        local proof = { client_id = client, code_verifier = VERIFIER }
        assert.equal(200, (ask.developer(ask.code_grant(ask.consent(more), proof))))
        proof.code_verifier = VERIFIER:gsub("d", "e", 1)
        local status, refused = ask.developer(ask.code_grant(ask.consent(more), proof))
        assert.equal(400, status)
        assert.equal("invalid_grant", refused.error)
      end
      local without = { client_id = box.client_id, code_verifier = VERIFIER }
      assert.equal(400, (ask.developer(ask.code_grant(ask.consent(), without))))
    end)

    it("accepts client credentials with a customer key, as a form and as JSON", function()
      local fields = { grant_type = "client_credentials", client_id = box.client_id, client_secret = box.client_secret,
                       customer_key = box.customer_key }
      local status, token = ask.developer(fields)
      assert.equal(200, status)
      assert.is_nil(token.refresh_token)
      assert.equal(200, (ask.api("GET", "/v1.0/me", nil, "Bearer " .. token.access_token)))
      assert.equal(200, (ask.api("POST", "/oauth/token", json.encode(fields), "", { Authorization = false })))
      fields.customer_key = "unknown"
      assert.equal(400, (ask.developer(fields)))
      fields.grant_type, fields.customer_key = "client_credentials", box.customer_key
      assert.equal("unsupported_grant_type", select(2, ask.vendor({ grant_type = "client_credentials" })).error)
    end)
  end)

  describe("on the consent page", function()
    it("sends the code and the state to the registered address", function()
      local location = ask.choose { query = "&state=a%26b" }
      assert.is_truthy(location:find("code=" .. ("."):rep(20)))
      assert.equal(box.redirect_uri, (location:match("^[^?]*")))
      assert.equal("a&b", ask.unescape(location:match("state=([^&]*)")))
    end)

    it("sends a refusal", function()
      assert.equal(box.redirect_uri .. "?error=access_denied&state=x", ask.choose({ query = "&state=x" }, { deny = true }))
    end)

    it("shows a page that can be read by people and by machines", function()
      local status, page, headers = box:request("GET", box.authorize_url .. "?clientId=" .. box.client_id .. "&state=%22%3Cb%3E")
      assert.equal(200, status)
      assert.equal("text/html; charset=utf-8", headers["content-type"])
      assert.is_truthy(page:find('<html lang="en">', 1, true) and page:find("<legend>", 1, true) and page:find("<h1>", 1, true))
      assert.is_truthy(page:find('value="&quot;&lt;b&gt;"', 1, true))
      assert.is_nil(page:find('"<b>', 1, true))
    end)

    for _, case in ipairs {
      { "an unknown client", "?clientId=nobody" },
      { "an address that is not registered", "?clientId=%s&redirect_uri=https%%3A%%2F%%2Felsewhere.example" },
      { "another response_type", "?clientId=%s&response_type=token" },
      { "a plain challenge", "?clientId=%s&code_challenge=abc&code_challenge_method=plain" },
    } do
      it("refuses " .. case[1] .. " without sending the browser anywhere", function()
        local status, _, headers = box:request("GET", box.authorize_url .. case[2]:format(box.client_id))
        assert.equal(400, status)
        assert.is_nil(headers.location)
      end)
    end
  end)

  describe("asked for authorization", function()
    it("answers an API key with the wrong scheme as Lofty does", function()
      local status, body = ask.api("GET", "/v1.0/me", nil, "Bearer " .. box.api_key)
      assert.equal(400, status)
      assert.same({ code = 200058, message = "User in token does not exist." }, body)
    end)

    it("answers 401 to no credential, another scheme, and an expired, revoked or unknown token", function()
      local token = box:issue()
      assert.equal(200, (ask.api("GET", "/v1.0/me", nil, "Bearer " .. token.access_token)))
      for _, value in ipairs { "", "bearer " .. token.access_token, "token " .. token.access_token, token.access_token,
                               "Token " .. box.api_key, "Bearer unknown" } do
        assert.equal(401, (ask.api("GET", "/v1.0/me", nil, value)), value)
      end
      box:control("expire", { account = box.account })
      assert.equal(401, (ask.api("GET", "/v1.0/me", nil, "Bearer " .. token.access_token)))
      assert.equal(200, (ask.vendor(ask.refresh_grant(token.refresh_token))))
      box:control("revoke", { account = box.account })
      assert.equal(400, (ask.vendor(ask.refresh_grant(token.refresh_token))))
    end)

    it("refuses an access token after its time", function()
      local token = box:issue()
      box:control("clock", { advance = 3601 })
      assert.equal(401, (ask.api("GET", "/v1.0/me", nil, "Bearer " .. token.access_token)))
    end)
  end)
end)
