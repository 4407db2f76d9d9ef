-- SPDX-License-Identifier: MIT

-- What the token endpoint answers, and what becomes of it: a token, a refusal of the grant, or an outage.
local fake = require "spec.support.fake_runtime"
local lofty = require "lofty"

local TOKEN_URL = "https://auth.example/oauth/token"

-- An application whose token endpoint gives these responses, the last one again and again.
local function app_of(responses, options)
  local runtime = fake.new(function(request, number)
    if request.method == "GET" then return fake.json(200, '{"id":7}') end
    local response = responses[math.min(number, #responses)]
    if response.kind then return nil, response end
    return response
  end)
  local opt = {
    client_id = "id", client_secret = "client-secret", runtime = runtime, token_url = TOKEN_URL,
    base_url = "https://api.example",
  }
  for name, value in pairs(options or {}) do opt[name] = value end
  local app = lofty.app(opt)
  return app, runtime
end

local OLD = { access_token = "old-access", refresh_token = "old-refresh" }

describe("a token endpoint that fails temporarily", function()
  for _, case in ipairs {
    { 500, '{"timestamp":"2025-11-20T10:00:00Z","status":500,"error":"Internal Server Error"}', "server" },
    { 500, '{"error":"server_error","error_description":"try again"}', "server" },
    { 500, '{"error":"invalid_grant"}', "server" },
    { 502, '{"error":{"code":502,"message":"upstream"}}', "server" },
    { 503, '{"error":"temporarily_unavailable"}', "server" },
    { 503, "<html>503</html>", "server" },
    { 429, '{"error":"Too Many Requests"}', "rate_limit" },
    { 429, '{"error":"invalid_client"}', "rate_limit" },
    { 404, '{"status":404,"error":"Not Found","message":"No message available"}', "server" },
    { 404, '{"error":"invalid_request"}', "server" },
    { 408, "", "server" },
    { 400, '{"error":"server_error"}', "server" },
    { 200, '{"error":"temporarily_unavailable"}', "server" },
  } do
    it(("has a retryable err of kind %s: %d %s"):format(case[3], case[1], case[2]), function()
      local app = app_of { fake.json(case[1], case[2]) }
      local none, err = app:refresh(OLD)
      assert.is_nil(none)
      assert.equal(case[3], err.kind)
      assert.is_true(err.retryable)
      assert.equal(case[1], err.status)
    end)

    it(("fails no call whose token is still accepted: %d %s"):format(case[1], case[2]), function()
      local reported = {}
      local app, runtime = app_of({ fake.json(case[1], case[2]) }, {
        on_error = function(err) reported[#reported + 1] = err.kind end,
      })
      local crm = app:client {
        access_token = "old-access", refresh_token = "old-refresh", expires_in = 3600, expires_at = runtime:now() + 30,
      }
      assert.equal(7, lofty.assert(crm:get "/v1.0/me").id)
      assert.same({ case[3] }, reported)
    end)
  end

  it("has Retry-After's seconds in err.retry_after", function()
    local app = app_of { fake.json(503, "{}", { ["retry-after"] = "7" }) }
    assert.equal(7, select(2, app:refresh(OLD)).retry_after)
  end)

  it("names the target when it redirects, without the query", function()
    local app = app_of { fake.json(302, "", { location = "https://login.example/new?refresh_token=old-refresh" }) }
    local _, err = app:refresh(OLD)
    assert.equal("server", err.kind)
    assert.truthy(err.message:find("redirects to https://login.example/new,", 1, true), err.message)
    assert.truthy(err.message:find("token_url", 1, true))
  end)
end)

describe("a token endpoint that refuses", function()
  for _, code in ipairs {
    "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope",
  } do
    for _, status in ipairs { 400, 401, 200 } do
      it("with " .. code .. " and status " .. status .. " has an err of kind oauth that is final", function()
        local app = app_of { fake.json(status, '{"error":"' .. code .. '","error_description":"because of old-refresh"}') }
        local _, err = app:refresh(OLD)
        assert.equal("oauth", err.kind)
        assert.equal(code, err.code)
        assert.is_nil(err.retryable)
        assert.is_nil(err.message:find("old-refresh", 1, true))
      end)
    end
  end

  it("that has both a usable token and an error is accepted", function()
    local app = app_of { fake.json(200, '{"error":"invalid_grant","access_token":"new-access","refresh_token":"new-refresh"}') }
    local new = lofty.assert(app:refresh(OLD))
    assert.same({ "new-access", "new-refresh" }, { new.access_token, new.refresh_token })
    for _, unusable in ipairs { "null", '""', "7", "{}" } do
      app = app_of { fake.json(200, '{"error":"invalid_grant","access_token":' .. unusable .. "}") }
      local _, err = app:refresh(OLD)
      assert.same({ "oauth", "invalid_grant" }, { err.kind, err.code })
    end
  end)

  for _, case in ipairs {
    { 401, '{"status":401,"error":"Unauthorized","message":"Bad credentials"}', "auth" },
    { 403, "<html>blocked</html>", "forbidden" },
    { 400, '{"error":"Bad Request"}', "invalid" },
    { 400, '"a bare string"', "invalid" },
    { 200, '{"code":20012,"message":"parameter error"}', "invalid" },
    { 200, "{}", "decode" },
    { 200, "", "decode" },
  } do
    it(("in no form of RFC 6749 has an err of kind %s: %d %s"):format(case[3], case[1], case[2]), function()
      local app = app_of { fake.json(case[1], case[2]) }
      local _, err = app:refresh(OLD)
      assert.equal(case[3], err.kind)
      assert.is_falsy(err.retryable)
    end)
  end
end)

describe("a granted token", function()
  for _, body in ipairs {
    '{"access_token":"new","refresh_token":"","expires_in":3600}',
    '{"access_token":"new","refresh_token":null}',
    '{"access_token":"new","expires_in":"3600.0"}',
    '{"access_token":"new","expires_in":-1}',
    '{"access_token":"new","expires_in":"never"}',
    '{"access_token":"new","expires_in":1e9}',
    '{"access_token":"new","token_type":"mac"}',
    '{"access_token":"new","token_type":["Bearer"],"scope":["a","b"]}',
    '{"access_token":"new","error":""}',
    '{"access_token":"new","error":false}',
    '{"access_token":"new","error":"none"}',
    '{"data":{"access_token":"new"}}',
    '\239\187\191{"access_token":"new"}',
  } do
    it("is kept, stored and given to on_refresh: " .. body, function()
      local store, refreshed = lofty.store.memory(), {}
      local app, runtime = app_of({ fake.json(200, body) }, {
        store = store, on_refresh = function(new, err) refreshed[#refreshed + 1] = { new.access_token, err } end,
      })
      store:put("id/7", lofty.json.encode {
        access_token = "old", refresh_token = "old-refresh", expires_at = runtime:now() - 1, account = "7",
      })
      lofty.assert(app:client("7"):get "/v1.0/me")
      assert.equal("Bearer new", runtime.requests[#runtime.requests].headers.Authorization)
      assert.same({ { "new" } }, refreshed)
      local stored = lofty.json.decode(store:get("id/7"))
      assert.equal("new", stored.access_token)
      assert.equal("old-refresh", stored.refresh_token)
      assert.equal("7", stored.account)
    end)
  end
end)

describe("a token request whose response is lost", function()
  local lost = { kind = "network", message = "the connection broke", sent = true }

  it("is sent once more, at once", function()
    local app, runtime = app_of { lost, fake.json(200, '{"access_token":"new"}') }
    assert.equal("new", lofty.assert(app:refresh(OLD)).access_token)
    assert.equal(2, #runtime.requests)
    assert.equal(runtime.requests[1].body, runtime.requests[2].body)
  end)

  it("is not sent a third time, and its outcome is unknown", function()
    local app, runtime = app_of { lost }
    local _, err = app:refresh(OLD)
    assert.equal("network", err.kind)
    assert.is_true(err.retryable)
    assert.is_true(err.outcome_unknown)
    assert.equal("the token endpoint: the connection broke", err.message)
    assert.equal(2, #runtime.requests)
  end)

  it("is mentioned in the err when the second one is refused", function()
    local app = app_of { lost, fake.json(400, '{"error":"invalid_grant"}') }
    local _, err = app:refresh(OLD)
    assert.equal("invalid_grant", err.code)
    assert.truthy(err.message:find("an earlier request for the same grant got no response", 1, true))
  end)
end)

describe("a client id that a plain Basic header can't carry", function()
  it("raises when the application is made", function()
    local ok, message = pcall(lofty.app, { client_id = "a:b", client_secret = "s", runtime = fake.new() })
    assert.is_false(ok)
    assert.truthy(message:find('basic = "form"', 1, true), message)
  end)
end)

describe("a token", function()
  it("without a refresh_token is refused before anything is sent", function()
    local app, runtime = app_of {}
    local none, err = app:refresh { access_token = "old-access" }
    assert.is_nil(none)
    assert.same({ "oauth", "invalid_grant", false }, { err.kind, err.code, err.sent })
    assert.equal(0, #runtime.requests)
  end)

  it("whose account GET /v1.0/me does not name is not stored", function()
    for _, body in ipairs {
      "{}", '{"id":null}', '{"id":""}', '{"id":{}}', "[]", "", "null", '"ok"', '{"id":true}', '{"id":1.5}', '{"id":-1}', '{"id":0}',
      '{"id":"a\\nb"}',
    } do
      local store = lofty.store.memory()
      local app = lofty.app {
        client_id = "id", client_secret = "client-secret", redirect_uri = "https://x.example/cb", token_url = TOKEN_URL,
        base_url = "https://api.example", store = store, runtime = fake.new(function(request)
          if request.method == "GET" then return fake.json(200, body) end
          return fake.json(200, '{"access_token":"new-access","refresh_token":"new-refresh","expires_in":3600}')
        end),
      }
      local none, err = app:connect({ code = "c", state = "s" }, { state = "s" })
      assert.is_nil(none, body)
      assert.same({ "decode", "me" }, { err.kind, err.operation }, body)
      assert.truthy(err.message:find("the response of GET /v1.0/me has no id", 1, true), err.message)
      assert.same({}, lofty.assert(app:accounts()))
    end
  end)
end)
