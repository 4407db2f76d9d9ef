-- SPDX-License-Identifier: MIT

-- Invalid use of the API raises at once, at the caller's line, and the message contains no secret.
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

-- The message that fn raises; it must name a line of this file.
local function raised(fn, ...)
  local ok, message = pcall(fn, ...)
  assert.is_false(ok)
  assert.truthy(tostring(message):find("wrong_use_spec.lua:%d+: "), message)
  return message
end

-- Not a tail call, which would remove the caller's line from the traceback.
local function making(make, options)
  return function() local _ = make(options) end
end

describe("invalid use", function()
  for name, wrong in pairs {
    base_url = 12, timeout = { totl = 3 }, limit = "500", validate = "no", user_agent = 12, ca = true, proxy = true,
    max_body = "x", runtime = "curl", on_retry = "x",
  } do
    it("of the option " .. name .. " raises when a client or an application is made", function()
      local shown = name == "timeout" and "totl" or name
      assert.truthy(raised(making(client, { [name] = wrong })):find(shown, 1, true))
      assert.truthy(raised(making(app, { [name] = wrong })):find(shown, 1, true))
      assert.truthy(name == "limit"
        or raised(function() local _ = app():client({ access_token = "t" }, { [name] = wrong }) end):find(shown, 1, true))
    end)
  end

  it("of a runtime without a method of the contract raises and names the method", function()
    local contract = require "lofty.runtime.contract"
    local complete = {}
    for _, name in ipairs(contract.required) do complete[name] = function() return 0 end end
    for _, name in ipairs(contract.required) do
      local runtime = setmetatable({ [name] = false }, { __index = complete })
      local expected = "runtime must be a runtime (see lofty.runtime.contract): it has no method " .. name
      for _, make in ipairs { making(client, { runtime = runtime }), making(app, { runtime = runtime }),
        function() local _ = app():client({ access_token = "t" }, { runtime = runtime }) end } do
        local message = raised(make)
        assert.equal(expected, message:sub(-#expected))
      end
    end
    assert.truthy(raised(making(client, { runtime = setmetatable({ map = 5 }, { __index = complete }) }))
      :find("runtime: map must be a method", 1, true))
    assert.truthy(client { runtime = complete })
  end)

  it("of the Redis store says whether lofty.redis is not built or cannot be loaded", function()
    local MAKE = 'print(select(2, pcall(require("lofty").store.redis, { url = "redis://127.0.0.1:1" })))'
    local HIDE = 'local list = package.searchers or package.loaders for i = 2, #list do local find = list[i] '
      .. 'list[i] = function(name) return name == "lofty.redis" and "" or find(name) end end '
    local printed = child.run(HIDE .. MAKE)
    assert.truthy(printed:find("is not built: install hiredis", 1, true), printed)
    printed = child.run('package.preload["lofty.redis"] = function() error("libhiredis.so: cannot open", 0) end ' .. MAKE)
    assert.truthy(printed:find("cannot be loaded: ", 1, true) and printed:find("libhiredis.so: cannot open", 1, true), printed)
    assert.is_nil(printed:find("not built", 1, true))
  end)

  it("of an application's other options raises", function()
    for name, wrong in pairs { require_state = "no", oauth_server = "vendr", client_id = "a:b", client_secret = 12, limit = 0 } do
      local shown = name == "client_id" and "client id" or name
      assert.truthy(raised(making(app, { [name] = wrong })):find(shown, 1, true))
    end
    raised(making(client, { user_agent = "two\nlines" }))
    for _, wrong in ipairs { 0, 0 / 0, math.huge } do raised(making(client, { max_body = wrong })) end
    assert.truthy(raised(making(client, { store = 5 })):find("store", 1, true))
  end)

  it("of an account that is nil raises, unless the application has a customer_key", function()
    assert.truthy(raised(function() local _ = lofty.app { client_id = "c", client_secret = "s" }:client(nil) end)
      :find("got nil; lofty.app has no customer_key", 1, true))
    assert.truthy(lofty.app { client_id = "c", client_secret = "s", customer_key = "k" }:client())
  end)

  it("of json.decode and of a webhook handler without a secret raises", function()
    assert.truthy(raised(function() local _ = lofty.json.decode(nil) end):find("a string expected, got nil", 1, true))
    raised(function() local _ = lofty.webhook.handler { on_event = print } end)
    -- As inside nginx, where the runtime wraps it.
    raised(function() (function() local _ = require("lofty.webhook").handler({ on_event = print }, 2) end)() end)
  end)

  it("of a wait that is not a number raises", function()
    for _, wrong in ipairs { 0 / 0, "1" } do
      assert.truthy(raised(function() local _ = client().leads:get("1", { wait = wrong }) end):find("wait", 1, true))
    end
  end)

  it("of a credential raises with the name of the option", function()
    assert.truthy(raised(function() local _ = lofty.client { api_key = "key\n" } end):find("api_key", 1, true))
    raised(function() local _ = lofty.client { token = {}, client_id = "c", client_secret = "s" } end)
    raised(function() local _ = lofty.client { token = {} } end)
    raised(function() local _ = lofty.token() end)
    raised(function() local _ = lofty.token "text" end)
  end)

  it("never shows the text of a token that is passed in place of a token table or an account", function()
    local message = raised(function() local _ = app():client("very-secret-text") end)
    assert.is_nil(message:find("very-secret-text", 1, true))
    message = raised(function()
      local _ = lofty.client { token = "very-secret-text", client_id = "c", client_secret = "s" }
    end)
    assert.is_nil(message:find("very-secret-text", 1, true))
    assert.truthy(message:find("access_token", 1, true))
  end)

  it("with a dot instead of a colon raises with a hint", function()
    local crm, vendor = client(), app()
    for _, name in ipairs { "get", "post", "put", "delete", "me", "stats" } do
      assert.truthy(raised(function() local _ = crm[name]("/v1.0/me") end):find("colon", 1, true))
      assert.truthy(raised(function() local _ = crm[name]() end):find("colon", 1, true))
    end
    for _, name in ipairs {
      "authorize_url", "callback", "exchange", "refresh", "client_credentials", "client", "connect", "disconnect",
      "accounts",
    } do
      assert.truthy(raised(function() local _ = vendor[name] { access_token = "t" } end):find("colon", 1, true))
      assert.truthy(raised(function() local _ = vendor[name]() end):find("colon", 1, true))
    end
  end)

  it("of an application's methods raises before a request is sent", function()
    local vendor = app()
    raised(function() local _ = vendor:authorize_url { state = 12 } end)
    raised(function() local _ = vendor:authorize_url { state = "" } end)
    raised(function() local _ = vendor:exchange("code", { code_verifier = 12 }) end)
    raised(function() local _ = vendor:exchange("code", { redirect_uri = 12 }) end)
    raised(function() local _ = vendor:client_credentials(12) end)
    local without_redirect = lofty.app { client_id = "c", client_secret = "s" }
    assert.truthy(raised(function() local _ = without_redirect:exchange("code") end):find("redirect_uri", 1, true))
  end)

  it("of map raises at the caller's line", function()
    local function fn() end
    raised(function() local _ = lofty.map() end)
    raised(function() local _ = lofty.map({ 1 }) end)
    raised(function() local _ = lofty.map({ 1 }, fn, 16) end)
    raised(function() local _ = lofty.map({ 1 }, fn, { concurency = 2 }) end)
    raised(function() local _ = lofty.map({ 1 }, fn, { concurrency = 0 }) end)
    raised(function() local _ = lofty.map({ 1 }, fn, { on_progress = "x" }) end)
  end)
end)

describe("an error of an application", function()
  it("names the operation and the invalid URL", function()
    local _, err = app({ token_url = "nonsense" }):exchange("a-code")
    assert.equal("exchange", err.operation)
    assert.truthy(tostring(err):find("^exchange: token_url: "), tostring(err))
    _, err = app({ token_url = "nonsense" }):refresh { access_token = "an-access", refresh_token = "a-refresh" }
    assert.equal("refresh", err.operation)
  end)
end)

describe("the environment of the sandbox", function()
  it("contains all settings of an application", function()
    local printed = child.run([[
      local app = require("lofty").app()
      print((app:authorize_url { state = "s" }), app.redirect_uri)
    ]], "LOFTY_CLIENT_ID='c' LOFTY_CLIENT_SECRET='s' LOFTY_AUTHORIZE_URL='http://127.0.0.1:9/consent' "
      .. "LOFTY_REDIRECT_URI='http://127.0.0.1:9/cb'")
    assert.equal("http://127.0.0.1:9/consent?clientId=c&state=s\thttp://127.0.0.1:9/cb", printed)
  end)
end)
