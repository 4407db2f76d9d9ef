-- SPDX-License-Identifier: MIT

-- No err, hook or dump shows a secret, whoever made the err.
local core = require "lofty.core"
local errors = require "lofty.errors"
local fake = require "spec.support.fake_runtime"
local lofty = require "lofty"

local SECRETS = {
  "CLIENT-SECRET", "CUSTOMER-KEY", "API-KEY-1234", "OLD-ACCESS", "OLD-REFRESH", "NEW-ACCESS", "NEW-REFRESH",
  "AUTHORIZATION-CODE", "CODE-VERIFIER", "PROXY-PASSWORD", "HOOK-SECRET", "REDIS-PASSWORD", "ENCRYPTION-KEY",
}

local function assert_no_secret(text)
  for _, secret in ipairs(SECRETS) do assert.is_nil(text:find(secret, 1, true), text) end
end

local function assert_clean(err)
  assert.is_true(errors.is(err), tostring(err))
  assert_no_secret(err.message)
  assert_no_secret(tostring(err))
  assert_no_secret(tostring(err.code))
  for _, value in pairs(err.response and err.response.headers or {}) do assert_no_secret(value) end
end

-- A server that repeats the request: its headers and body in a message, a code and a header.
local function repeating(request)
  local said = core.json_encode { request.headers.Authorization, request.body or "" }
  return fake.json(400, core.json_encode { code = "E " .. request.headers.Authorization, message = said },
    { ["x-debug"] = request.headers.Authorization })
end

describe("an err of a client", function()
  for _, credential in ipairs {
    { api_key = "API-KEY-1234" }, { access_token = "OLD-ACCESS" },
    { token = { access_token = "OLD-ACCESS", refresh_token = "OLD-REFRESH" } },
  } do
    it("shows no credential that the server repeats: " .. next(credential), function()
      local seen = {}
      credential.runtime, credential.retry = fake.new(repeating), false
      credential.on_response = function(event) seen[#seen + 1] = event.err end
      local _, err = lofty.client(credential):get "/x"
      assert_clean(err)
      assert.equal(1, #seen)
      assert_clean(seen[1])
      assert.equal("***", err.response.headers["x-debug"]:match "%S+$")
    end)
  end

  it("shows no credential to on_retry", function()
    local seen = {}
    local crm = lofty.client {
      api_key = "API-KEY-1234", runtime = fake.new(function() return fake.json(503, '"busy API-KEY-1234"') end),
      on_retry = function(event) seen[#seen + 1] = event.err end,
    }
    local _, err = crm:get "/x"
    assert_clean(err)
    assert.is_true(#seen > 0)
    for _, each in ipairs(seen) do assert_clean(each) end
  end)

  it("shows nothing of a credential that is cut at the end of a long message", function()
    for length = 470, 500 do
      local body = '"' .. ("x"):rep(length) .. " API-KEY-1234 " .. ("y"):rep(500) .. '"'
      local crm = lofty.client {
        api_key = "API-KEY-1234", runtime = fake.new(function() return fake.json(400, body) end), retry = false,
      }
      local _, err = crm:get "/x"
      assert.is_nil(err.message:find("API-", 1, true), err.message)
    end
  end)

  it("shows neither the token that was refused nor the one that came next", function()
    local app = lofty.app {
      client_id = "c", client_secret = "CLIENT-SECRET", runtime = fake.new(function(request)
        if request.url:find("/oauth/", 1, true) then
          return fake.json(200, '{"access_token":"NEW-ACCESS","refresh_token":"NEW-REFRESH","expires_in":60}')
        end
        return fake.json(401, '"neither OLD-ACCESS, OLD-REFRESH nor NEW-ACCESS, NEW-REFRESH"')
      end),
    }
    local _, err = app:client { access_token = "OLD-ACCESS", refresh_token = "OLD-REFRESH" }:get "/x"
    assert_clean(err)
    assert.equal('neither ***, *** nor ***, ***', err.message:match "neither .-%*%*%* nor %*%*%*, %*%*%*")
  end)

  it("shows no part of the address that a webhook is subscribed with", function()
    local crm = lofty.client { api_key = "API-KEY-1234", retry = false, runtime = fake.new(function(request)
      if request.method == "GET" then return fake.json(200, "[]") end
      return repeating(request)
    end) }
    local url = "https://example.com/hook/HOOK-SECRET"
    assert_clean(select(2, crm.webhooks:create { callbackUrl = url, listId = 2 }))
    assert_clean(select(2, crm.webhooks:ensure { callbackUrl = url, lists = { "lead" } }))
    assert_clean(select(2, crm:post("/v1.0/webhook", { callbackUrl = url, listId = 2 })))
  end)

  it("shows no password of a proxy's that a transport repeats", function()
    for _, proxy in ipairs { "http://user:PROXY-PASSWORD@h:1", "user:PROXY-PASSWORD@h:1", "http://u:PROXY-PASSWORD/x@h" } do
      local crm = lofty.client { api_key = "API-KEY-1234", proxy = proxy, retry = false, runtime = fake.new(function(request)
        return nil, errors.new { kind = "network", sent = false, message = "no proxy " .. request.proxy }
      end) }
      assert_clean(select(2, crm:get "/x"))
    end
  end)
end)

describe("an err of an application", function()
  local function application(answer, more)
    local opt = {
      client_id = "c", client_secret = "CLIENT-SECRET", customer_key = "CUSTOMER-KEY", redirect_uri = "https://x/cb",
      require_state = false, proxy = "http://user:PROXY-PASSWORD@h:1", runtime = fake.new(answer),
    }
    for name, value in pairs(more or {}) do opt[name] = value end
    return lofty.app(opt)
  end

  -- A token endpoint that repeats the request in each way.
  for name, answer in pairs {
    ["an OAuth error"] = function(request)
      return fake.json(400, core.json_encode { error = "invalid_request", error_description = request.body })
    end,
    ["an error code"] = function(request) return fake.json(400, core.json_encode { error = request.body }) end,
    ["a plain error"] = function(request)
      return fake.json(400, core.json_encode { message = (request.headers.Authorization or "") .. request.body })
    end,
    ["a transport's error"] = function(request)
      return nil, errors.new { kind = "tls", message = request.proxy .. " " .. request.body, sent = false }
    end,
  } do
    it("shows no secret of a grant's that stands in " .. name, function()
      local app = application(answer)
      assert_clean(select(2, app:exchange("AUTHORIZATION-CODE", { code_verifier = "CODE-VERIFIER" })))
      assert_clean(select(2, app:refresh { access_token = "OLD-ACCESS", refresh_token = "OLD-REFRESH" }))
      assert_clean(select(2, app:client_credentials()))
      assert_clean(select(2, app:client():get "/x"))
    end)
  end

  -- A store of a user's own whose database repeats the statement, in each way that it can fail.
  for _, way in ipairs { "an err of ours", "a text", "a raised text" } do
    it("shows no token that the store repeats in " .. way, function()
      local store = lofty.store.memory()
      store:put("c/1", core.json_encode { access_token = "OLD-ACCESS", refresh_token = "OLD-REFRESH", expires_at = 1 })
      local old = store:get "c/1"
      function store.put(_, key, value)
        local why = "failing row contains (" .. key .. ", " .. old .. ", " .. value .. ")"
        if way == "a raised text" then error(why) end
        return nil, way == "a text" and why or errors.new { kind = "store", message = why }
      end
      local told = {}
      local app = application(function(request)
        if request.method == "POST" then
          return fake.json(200, '{"access_token":"NEW-ACCESS","refresh_token":"NEW-REFRESH","expires_in":3600}')
        end
        return fake.json(200, '{"id":2}')
      end, { store = store, on_refresh = function(_, err) told[#told + 1] = err end })
      assert.truthy(app:client("1"):get "/x")
      assert.equal(1, #told)
      assert_clean(told[1])
      old = "no row"
      local account, err = app:connect({ code = "AUTHORIZATION-CODE" }, {})
      assert.is_nil(account)
      assert_clean(err)
      assert_clean(told[2])
    end)
  end
end)

describe("a mistake in the options", function()
  for _, url in ipairs { "https://user:PROXY-PASSWORD@host", "https://host/?key=CUSTOMER-KEY", "ftp://u:CUSTOMER-KEY@h" } do
    it("is reported without the secrets of the URL " .. url, function()
      local ok, message = pcall(lofty.client, { api_key = "API-KEY-1234", base_url = url })
      assert.is_false(ok)
      assert.truthy(message:find("base_url", 1, true))
      assert_no_secret(message)
    end)
  end
end)

describe("a dump of", function()
  -- Every string that a walk through tables and their metatables meets.
  local function walk(value, path, seen)
    if type(value) == "string" then
      for _, secret in ipairs(SECRETS) do assert.is_nil(value:find(secret, 1, true), path .. " holds " .. secret) end
    elseif type(value) == "table" and not seen[value] then
      seen[value] = true
      for name, inner in next, value do
        walk(name, path .. "'s name", seen)
        walk(inner, path .. "." .. tostring(name), seen)
      end
      walk(getmetatable(value), path .. "'s metatable", seen)
    end
  end

  local opt = {
    client_id = "c", client_secret = "CLIENT-SECRET", customer_key = "CUSTOMER-KEY", redirect_uri = "https://x/cb",
    encryption_key = ("ENCRYPTION-KEY----"):rep(2):sub(1, 32), proxy = "http://u:PROXY-PASSWORD@proxy.example:3128",
    runtime = fake.new(),
  }
  local has_redis = pcall(require, "lofty.redis")
  opt.store = has_redis and lofty.store.redis { url = "redis://user:REDIS-PASSWORD@127.0.0.1:6379/0" } or lofty.store.memory()
  local app = lofty.app(opt)
  for name, thing in pairs {
    ["an application"] = app, ["an account's client"] = app:client "1", ["a client of client_credentials"] = app:client(),
    ["a token's client"] = app:client { access_token = "OLD-ACCESS", refresh_token = "OLD-REFRESH" },
    ["an API key's client"] = lofty.client { api_key = "API-KEY-1234", proxy = opt.proxy, runtime = opt.runtime },
    ["a store"] = opt.store,
    ["a webhook handler"] = { lofty.webhook.handler { secret = "HOOK-SECRET", on_event = print } },
  } do
    it(name .. " shows no secret", function() walk(thing, name, {}) end)
  end
end)
