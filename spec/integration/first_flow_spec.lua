-- SPDX-License-Identifier: MIT

-- The whole flow against the emulator: consent, code, token, refresh, calls. Each failure has an err of its own and leaves
-- the client usable.
local lofty = require "lofty"
local sandbox = require "lofty.sandbox"

local box

local function new_app(options)
  local opt = {
    client_id = box.client_id, client_secret = box.client_secret, redirect_uri = box.redirect_uri, base_url = box.url,
    token_url = box.token_url, authorize_url = box.authorize_url, timeout = 5, retry = { base = 0.01, cap = 0.05 },
  }
  for name, value in pairs(options or {}) do opt[name] = value end
  return lofty.app(opt)
end

local function new_code(app, opt)
  local url, state, verifier = app:authorize_url(opt)
  return lofty.assert(app:callback(box:consent(url), { state = state })), verifier
end

describe("the first flow", function()
  setup(function() box = sandbox.start {} end)
  teardown(function() box:stop() end)
  before_each(function() box:control("reset") end)

  describe("through the vendor OAuth server", function()
    it("exchanges a code, refreshes the token, and reads and writes the CRM", function()
      local app = new_app()
      local token = lofty.assert(app:exchange((new_code(app))))
      assert.equal("Bearer", token.token_type)
      assert.equal("openApi", token.scope)
      local fresh = lofty.assert(app:refresh(token))
      assert.not_equal(token.access_token, fresh.access_token)
      assert.equal(token.refresh_token, fresh.refresh_token)
      local crm = app:client(fresh)
      assert.truthy(lofty.assert(crm:me()).email)
      local page, response = lofty.assert(crm:get("/v1.0/leads", { limit = 5 }))
      assert.equal(5, #page.leads)
      assert.equal("number", type(response.rate.remaining))
      local note = lofty.assert(crm:post("/v1.0/notes", {
        leadId = lofty.integer(tostring(page.leads[1].leadId)), content = "Hello", isPin = false,
      }))
      assert.is_true(lofty.assert(crm:delete("/v1.0/notes/{noteId}", { noteId = note.noteId })))
    end)

    it("sends the fields that Lofty documents and no others", function()
      local app = new_app()
      local token = lofty.assert(app:exchange((new_code(app))))
      lofty.assert(app:refresh(token))
      local bodies = {}
      for _, request in ipairs(box:journal()) do
        if request.path == "/api/user-web/oauth/token" then
          bodies[#bodies + 1] = request.body:gsub("code=[^&]*", "code=C"):gsub("refresh_token=[^&]*$", "refresh_token=R")
          assert.truthy(request.headers.authorization:find("^Basic "))
          assert.is_nil(request.body:find("secret", 1, true))
        end
      end
      table.sort(bodies)
      assert.equal(2, #bodies)
      local names = {}
      for name in bodies[1]:gmatch("([%w_]+)=") do names[#names + 1] = name end
      table.sort(names)
      assert.same({ "client_id", "code", "grant_type", "redirect_uri" }, names)
    end)

    it("refreshes, calls on_refresh and repeats the call when Lofty answers 401", function()
      local app = new_app()
      local saved
      local crm = app:client(lofty.assert(app:exchange((new_code(app)))), { on_refresh = function(t) saved = t end })
      lofty.assert(crm:me())
      box:control("expire", { what = "access" })
      lofty.assert(crm:me())
      assert.truthy(saved.access_token)
      assert.equal(1, crm:stats().refreshes)
    end)
  end)

  describe("through the developer OAuth server", function()
    local function developer(options)
      local opt = { oauth_server = "developer", token_url = box.developer_token_url }
      for name, value in pairs(options or {}) do opt[name] = value end
      return new_app(opt)
    end

    it("exchanges a code with the secret in the form", function()
      local app = developer()
      local token = lofty.assert(app:exchange((new_code(app))))
      assert.equal("table", type(token.app_info))
      lofty.assert(app:refresh(token))
      lofty.assert(app:client(token):me())
    end)

    it("exchanges a code with a PKCE verifier in place of a secret", function()
      local app = lofty.app {
        client_id = box.public_client_id, redirect_uri = box.redirect_uri, base_url = box.url,
        token_url = box.developer_token_url, authorize_url = box.authorize_url,
      }
      local code, verifier = new_code(app)
      assert.equal(43, #verifier)
      local token = lofty.assert(app:exchange(code, { code_verifier = verifier }))
      lofty.assert(app:client(token):me())
      code = new_code(app)
      local none, err = app:exchange(code, { code_verifier = verifier })
      assert.is_nil(none)
      assert.equal("invalid_grant", err.code)
    end)

    it("requests tokens with client_credentials and a customer key, and again when they expire", function()
      local app = developer { customer_key = box.customer_key }
      local crm = app:client()
      lofty.assert(crm:me())
      box:control("expire", { what = "access" })
      lofty.assert(crm:me())
      assert.equal(2, crm:stats().refreshes)
      local same = lofty.client {
        client_id = box.client_id, client_secret = box.client_secret, customer_key = box.customer_key,
        base_url = box.url, token_url = box.developer_token_url,
      }
      lofty.assert(same:me())
    end)
  end)

  describe("the callback", function()
    local app
    before_each(function() app = new_app() end)

    it("reads a whole address, its query, and a table of arguments", function()
      for _, args in ipairs {
        "https://example.com/cb?code=c1&state=s#top", "code=c1&state=s", { code = "c1", state = "s" },
      } do
        assert.equal("c1", lofty.assert(app:callback(args, { state = "s" })))
      end
    end)

    for _, case in ipairs {
      { "a state that differs", "code=c&state=other", "state_mismatch" },
      { "a missing state", "code=c", "state_missing" },
      { "a missing code", "state=s", "code_missing", true },
      { "an empty code", "code=&state=s", "code_missing", true },
      { "a code given twice", "code=a&code=b&state=s", "invalid_request" },
      { "a refusal", "error=access_denied&state=s", "access_denied", true },
      { "a refusal without a state", "error=access_denied", "access_denied" },
      { "another error without a state", "error=invalid_client", "state_missing" },
      { "another error with the state", "error=server_error&state=s", "server_error", true },
      { "a code and a parameter of another's that comes twice", "utm=1&utm=2&state=s", "code_missing", true },
      { "a very long address", ("x"):rep(70000) .. "&code=c&state=s", "invalid_request" },
      { "a refusal with another state", "error=access_denied&state=x", "state_mismatch" },
      { "broken encoding", "code=%zz&state=s", "invalid_request" },
      { "nothing", "", "state_missing" },
    } do
      it("is an err with " .. case[1], function()
        local code, err = app:callback(case[2], { state = "s" })
        assert.is_nil(code)
        assert.equal("oauth", err.kind)
        assert.equal(case[3], err.code)
        assert.equal(case[4] or false, err.state_verified)
      end)
    end

    it("raises for an expected state that can't be one, on the caller's line", function()
      for _, state in ipairs { "", 5, false } do
        for _, call in ipairs {
          function() app:callback({ code = "ATTACKERS", state = "" }, { state = state }) end,
          function() new_app { store = lofty.store.memory() }:connect("code=ATTACKERS&state=", { state = state }) end,
        } do
          local ok, message = pcall(call)
          assert.is_false(ok)
          assert.matches("first_flow_spec", message)
          assert.matches("expected state", message)
        end
      end
    end)

    it("ignores parameters that are not of OAuth, however often they come", function()
      assert.equal("c", lofty.assert(app:callback("?utm=1&utm=2&x[]=%zz&code=c&state=s \r\n", { state = "s" })))
    end)

    it("may lack the state only with require_state = false", function()
      assert.equal("c", lofty.assert(new_app { require_state = false }:callback("code=c", {})))
      local code, err = app:callback("code=c&state=x", {})
      assert.is_nil(code)
      assert.equal("state_mismatch", err.code)
    end)

    it("reports that access was denied on the consent page", function()
      local url, state = app:authorize_url()
      local code, err = app:callback(box:consent(url, { deny = true }), { state = state })
      assert.is_nil(code)
      assert.equal("access_denied", err.code)
    end)
  end)

  describe("a grant that fails", function()
    local function refused(kind, code, value, err)
      assert.is_nil(value)
      assert.equal(kind, err.kind, tostring(err))
      if code then assert.equal(code, err.code) end
      -- The application stays usable.
      local app = new_app()
      lofty.assert(app:exchange((new_code(app))))
    end

    it("for a code used twice", function()
      local app = new_app()
      local code = new_code(app)
      lofty.assert(app:exchange(code))
      refused("oauth", "invalid_grant", app:exchange(code))
    end)

    it("for a wrong redirect_uri", function()
      local app = new_app()
      refused("oauth", "invalid_grant", app:exchange(new_code(app), { redirect_uri = "https://example.com/other" }))
    end)

    it("for a wrong secret", function()
      local app = new_app()
      local code = new_code(app)
      local value, err = new_app { client_secret = "wrong" }:exchange(code)
      assert.equal(401, err.status)
      refused("oauth", "invalid_client", value, err)
    end)

    it("for a refresh token that has expired", function()
      local app = new_app()
      local token = lofty.assert(app:exchange((new_code(app))))
      box:control("expire", { what = "refresh" })
      refused("oauth", "invalid_grant", app:refresh(token))
    end)

    it("for a refresh token that has expired, in the middle of a call", function()
      local app = new_app()
      local crm = app:client(lofty.assert(app:exchange((new_code(app)))))
      box:control("expire", { what = "refresh" })
      box:control("expire", { what = "access" })
      refused("oauth", "invalid_grant", crm:me())
    end)

    for _, case in ipairs {
      { "an error inside a 200", "error-in-200", "oauth" }, { "no access_token", "no-access-token", "decode" },
      { "a body that is not JSON", "not-json", "decode" }, { "an error that is a bare string", "bare-string", "invalid" },
      { "HTML with a 502", "html-502", "server", 2 }, { "an empty 200", "empty-200", "decode" },
      { "a cut connection", "cut-head", "network", 2 }, { "a cut body", "cut-body", "network", 2 },
      { "a redirect", "redirect", "server" }, { "429", "too-many", "rate_limit" },
    } do
      it("for " .. case[2], function()
        local app = new_app()
        local code = new_code(app)
        box:control("fault", { preset = case[2], path = "/api/user-web/oauth/token", times = case[4] or 1 })
        refused(case[3], nil, app:exchange(code))
      end)
    end

    it("is repeated once when its response was lost", function()
      local app = new_app()
      local code = new_code(app)
      box:control("fault", { cut = "before", path = "/api/user-web/oauth/token" })
      lofty.assert(app:exchange(code))
    end)

    for _, case in ipairs { { "missing" }, { "zero" }, { "string", 3600 } } do
      it("does not fail when expires_in is " .. case[1], function()
        box:control("settings", { expires_in = case[1] })
        local app = new_app()
        local token = lofty.assert(app:exchange((new_code(app))))
        assert.equal(case[2], token.expires_in)
        lofty.assert(app:client(token):me())
      end)
    end

    it("for a client id with a colon, when the application is made", function()
      local ok, message = pcall(new_app, { client_id = "a:b" })
      assert.is_false(ok)
      assert.truthy(message:find("form", 1, true))
    end)
  end)

  describe("a call that fails", function()
    local crm
    before_each(function()
      crm = lofty.client {
        api_key = box.api_key, base_url = box.url, timeout = { connect = 1, total = 1 }, retry = false,
      }
    end)

    for _, case in ipairs {
      { "bare-string", "invalid" }, { "coded-text", "not_found", 20006 }, { "html-502", "server" },
      { "not-json", "decode" }, { "code-in-200", "invalid", 20012 }, { "status-in-200", "invalid", 20012 },
      { "redirect", "server" }, { "html-200", "decode" }, { "cut-before", "network" }, { "cut-head", "network" },
      { "cut-body", "network" }, { "long-length", "network" }, { "unavailable", "server" },
    } do
      it("by " .. case[1] .. " is of kind " .. case[2] .. " and leaves the client usable", function()
        box:control("fault", { preset = case[1], path = "/v1.0/me" })
        local value, err = crm:me()
        assert.is_nil(value)
        assert.equal(case[2], err.kind, tostring(err))
        assert.equal(case[3], err.code)
        lofty.assert(crm:me())
      end)
    end

    it("by 429 is of kind rate_limit", function()
      box:control("fault", { preset = "too-many", path = "/v1.0/me" })
      local value, err = crm:me()
      assert.is_nil(value)
      assert.equal("rate_limit", err.kind)
    end)

    it("does not fail with an empty 200, whose value is true", function()
      box:control("fault", { preset = "empty-200", path = "/v1.0/me" })
      assert.is_true(lofty.assert(crm:me()))
    end)

    it("by a server that stalls is a timeout", function()
      box:control("fault", { delay = 5, path = "/v1.0/me" })
      local short_timeout = lofty.client { api_key = box.api_key, base_url = box.url, timeout = 0.2, retry = false }
      local value, err = short_timeout:me()
      assert.is_nil(value)
      assert.equal("timeout", err.kind)
      assert.is_true(err.sent)
      lofty.assert(crm:me())
    end)

    it("by a connection that is refused says so, and that nothing was sent", function()
      local nowhere = lofty.client { api_key = "k", base_url = "http://127.0.0.1:1", retry = false }
      local value, err = nowhere:me()
      assert.is_nil(value)
      assert.equal("network", err.kind)
      assert.is_false(err.sent)
    end)

    it("for a line end in a path is refused before anything is sent", function()
      local value, err = crm:get("/v1.0/members/{account}", { account = "a\r\nX: y" })
      assert.is_nil(value)
      assert.equal("invalid", err.kind)
      assert.is_false(err.sent)
    end)

    it("for a line end in a header is refused before anything is sent", function()
      local ok, why = pcall(lofty.client, { api_key = "k", base_url = box.url, user_agent = "a\r\nX: y" })
      assert.is_false(ok)
      assert.truthy(why:find("user_agent", 1, true), why)
    end)

    it("for an API key sent as an access token is of kind auth, with a hint", function()
      local mistaken = lofty.client { access_token = box.api_key, base_url = box.url }
      local value, err = mistaken:me()
      assert.is_nil(value)
      assert.equal("auth", err.kind)
      assert.equal(200058, err.code)
      assert.truthy(err.message:find("token", 1, true))
    end)
  end)

  describe("ids", function()
    it("from a list reach path, query and body with exactly their digits", function()
      local crm = lofty.client { api_key = box.api_key, base_url = box.url }
      local lead = lofty.assert(crm:get("/v1.0/leads", { limit = 1 })).leads[1]
      local digits = tostring(lead.leadId)
      assert.truthy(digits:find("^%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d+$"), digits)
      local found = lofty.assert(crm:get("/v1.0/leads/{leadId}", { leadId = lead.leadId }))
      assert.equal(lead.leadId, (found.lead or found).leadId)
      lofty.assert(crm:get("/v1.0/notes", { leadId = lead.leadId }))
      lofty.assert(crm:post("/v1.0/notes", { leadId = lofty.integer(digits), content = "x", isPin = false }))
      local seen = {}
      for _, request in ipairs(box:journal()) do
        if request.path:find(digits, 1, true) then seen.path = true end
        if request.query and request.query == "leadId=" .. digits then seen.query = true end
        if request.method == "POST" and request.body:find('"leadId":' .. digits .. "[,}]") then seen.body = true end
      end
      assert.same({ path = true, query = true, body = true }, seen)
    end)

    for _, digits in ipairs { "651095960136641", "9007199254740993", "1738234566814937089", "-9223372036854775808" } do
      it(digits .. " arrives as it was sent", function()
        local crm = lofty.client { api_key = box.api_key, base_url = box.url, retry = false }
        local value = lofty.json.decode(digits)
        crm:get("/v1.0/leads/{leadId}", { leadId = value, x = value })
        crm:post("/v1.0/notes", { leadId = lofty.integer(digits) })
        local requests = box:journal()
        local get, post = requests[#requests - 1], requests[#requests]
        assert.equal("/v1.0/leads/" .. digits, get.path)
        assert.equal("x=" .. digits, get.query)
        assert.equal('{"leadId":' .. digits .. "}", post.body)
      end)
    end
  end)

  it("shows no secret in an err, a tostring or a hook", function()
    local shown = {}
    local function show(value) shown[#shown + 1] = tostring(value) end
    local function show_all(err, depth)
      for name, value in pairs(err) do
        show(name)
        show(value)
        if type(value) == "table" and (depth or 0) < 3 then show_all(value, (depth or 0) + 1) end
      end
    end
    local app = new_app { retry = false }
    local secrets = { box.client_secret, box.api_key }
    local code = new_code(app)
    local token = lofty.assert(app:exchange(code))
    for _, secret in ipairs { code, token.access_token, token.refresh_token } do secrets[#secrets + 1] = secret end
    show(app); show(token)
    local hooks = {}
    for _, hook in ipairs { "on_request", "on_response", "on_retry", "on_refresh" } do
      hooks[hook] = function(event, err)
        show(event); show(err)
        if hook ~= "on_refresh" then show_all(event) end
      end
    end
    local crm = app:client(token, hooks)
    show(crm)
    -- The server repeats our secrets.
    for _, preset in ipairs { "html-502", "not-json", "cut-body", "bare-string" } do
      box:control("fault", { preset = preset, path = "/v1.0/me" })
      show_all(select(2, crm:me()))
    end
    for _, secret in ipairs { token.access_token, token.refresh_token } do
      box:control("fault", { status = 400, json = { code = 1, message = "bad " .. secret }, path = "/v1.0/me" })
      box:control("fault", {
        status = 400, path = "/api/user-web/oauth/token",
        json = { error = "invalid_grant", error_description = box.client_secret .. " " .. token.refresh_token },
      })
      if secret == token.access_token then show_all(select(2, crm:me())) end
      show_all(select(2, app:refresh(token)))
    end
    show_all(select(2, app:exchange(code)))
    show_all(select(2, new_app { client_secret = "wrong-secret" }:exchange(code)))
    secrets[#secrets + 1] = "wrong-secret"
    local text = table.concat(shown, "\n")
    for _, secret in ipairs(secrets) do assert.is_nil(text:find(secret, 1, true)) end
  end)
end)
