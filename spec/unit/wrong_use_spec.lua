-- Wrong use is told at once, on the caller's line, and without what the caller took for something else.
local lofty = require "lofty"
local child = require "spec.support.child"

local HOME = "http://127.0.0.1:9"

local function app(options)
  local opt = { client_id = "c", client_secret = "s", redirect_uri = "https://example.com/cb", base_url = HOME }
  for name, value in pairs(options or {}) do opt[name] = value end
  local made = lofty.app(opt)
  return made
end

local function client(options)
  local opt = { api_key = "key", base_url = HOME }
  for name, value in pairs(options or {}) do opt[name] = value end
  local made = lofty.client(opt)
  return made
end

local function told(fn, ...)
  local ok, message = pcall(fn, ...)
  assert.is_false(ok)
  assert.truthy(tostring(message):find("wrong_use_spec.lua:%d+: "), message)
  return message
end

-- No tail calls here: a line that was left names nobody.
local function making(make, options)
  return function() local _ = make(options) end
end

describe("wrong use", function()
  for name, wrong in pairs {
    base_url = 12, timeout = { totl = 3 }, limit = "500", validate = "no", user_agent = 12, ca = true, proxy = true,
    max_body = "x", runtime = "curl", on_retry = "x",
  } do
    it("of the option " .. name .. " shows when a client or an application is made", function()
      local word = name == "timeout" and "totl" or name
      assert.truthy(told(making(client, { [name] = wrong })):find(word, 1, true))
      assert.truthy(told(making(app, { [name] = wrong })):find(word, 1, true))
      assert.truthy(name == "limit"
        or told(function() local _ = app():client({ access_token = "t" }, { [name] = wrong }) end):find(word, 1, true))
    end)
  end

  it("of other options of an application, too", function()
    for name, wrong in pairs { require_state = "no", oauth_server = "vendr", client_id = "a:b", client_secret = 12, limit = 0 } do
      local word = name == "client_id" and "client id" or name
      assert.truthy(told(making(app, { [name] = wrong })):find(word, 1, true))
    end
    told(making(client, { user_agent = "two\nlines" }))
    for _, wrong in ipairs { 0, 0 / 0, math.huge } do told(making(client, { max_body = wrong })) end
    assert.truthy(told(making(client, { store = 5 })):find("store", 1, true))
  end)

  it("of json.decode and of a webhook's secret", function()
    assert.truthy(told(function() local _ = lofty.json.decode(nil) end):find("a string expected, got nil", 1, true))
    told(function() local _ = lofty.webhook.handler { on_event = print } end)
    -- As inside nginx, where the runtime wraps it.
    told(function() (function() local _ = require("lofty.webhook").handler({ on_event = print }, 2) end)() end)
  end)

  it("of a wait that is no number", function()
    for _, wrong in ipairs { 0 / 0, "1" } do
      assert.truthy(told(function() local _ = client().leads:get("1", { wait = wrong }) end):find("wait", 1, true))
    end
  end)

  it("of a credential names the option it came from", function()
    assert.truthy(told(function() local _ = lofty.client { api_key = "key\n" } end):find("api_key", 1, true))
    told(function() local _ = lofty.client { token = {}, client_id = "c", client_secret = "s" } end)
    told(function() local _ = lofty.client { token = {} } end)
    told(function() local _ = lofty.token() end)
    told(function() local _ = lofty.token "text" end)
  end)

  it("never shows a token's text that was given where a token or an account belongs", function()
    local message = told(function() local _ = app():client("very-secret-text") end)
    assert.is_nil(message:find("very-secret-text", 1, true))
    message = told(function()
      local _ = lofty.client { token = "very-secret-text", client_id = "c", client_secret = "s" }
    end)
    assert.is_nil(message:find("very-secret-text", 1, true))
    assert.truthy(message:find("access_token", 1, true))
  end)

  it("with a dot for a colon is called that", function()
    local crm, vendor = client(), app()
    for _, name in ipairs { "get", "post", "put", "delete", "me", "stats" } do
      assert.truthy(told(function() local _ = crm[name]("/v1.0/me") end):find("colon", 1, true))
      assert.truthy(told(function() local _ = crm[name]() end):find("colon", 1, true))
    end
    for _, name in ipairs {
      "authorize_url", "callback", "exchange", "refresh", "client_credentials", "client", "connect", "disconnect",
      "accounts",
    } do
      assert.truthy(told(function() local _ = vendor[name] { access_token = "t" } end):find("colon", 1, true))
      assert.truthy(told(function() local _ = vendor[name]() end):find("colon", 1, true))
    end
  end)

  it("of an application's methods raises instead of asking the server", function()
    local vendor = app()
    told(function() local _ = vendor:authorize_url { state = 12 } end)
    told(function() local _ = vendor:authorize_url { state = "" } end)
    told(function() local _ = vendor:exchange("code", { code_verifier = 12 }) end)
    told(function() local _ = vendor:exchange("code", { redirect_uri = 12 }) end)
    told(function() local _ = vendor:client_credentials(12) end)
    local homeless = lofty.app { client_id = "c", client_secret = "s" }
    assert.truthy(told(function() local _ = homeless:exchange("code") end):find("redirect_uri", 1, true))
  end)

  it("of map is the caller's, not the library's", function()
    local function fn() end
    told(function() local _ = lofty.map() end)
    told(function() local _ = lofty.map({ 1 }) end)
    told(function() local _ = lofty.map({ 1 }, fn, 16) end)
    told(function() local _ = lofty.map({ 1 }, fn, { concurency = 2 }) end)
    told(function() local _ = lofty.map({ 1 }, fn, { concurrency = 0 }) end)
    told(function() local _ = lofty.map({ 1 }, fn, { on_progress = "x" }) end)
  end)
end)

describe("an error of an application", function()
  it("names what was asked for, and the address that was wrong", function()
    local _, err = app({ token_url = "nonsense" }):exchange("a-code")
    assert.equal("exchange", err.operation)
    assert.truthy(tostring(err):find("^exchange: token_url: "), tostring(err))
    _, err = app({ token_url = "nonsense" }):refresh { access_token = "an-access", refresh_token = "a-refresh" }
    assert.equal("refresh", err.operation)
  end)
end)

describe("the environment of the sandbox", function()
  it("is enough for an application", function()
    local printed = child.run([[
      local app = require("lofty").app()
      print((app:authorize_url { state = "s" }), app.redirect_uri)
    ]], "LOFTY_CLIENT_ID='c' LOFTY_CLIENT_SECRET='s' LOFTY_AUTHORIZE_URL='http://127.0.0.1:9/consent' "
      .. "LOFTY_REDIRECT_URI='http://127.0.0.1:9/cb'")
    assert.equal("http://127.0.0.1:9/consent?clientId=c&state=s\thttp://127.0.0.1:9/cb", printed)
  end)
end)
