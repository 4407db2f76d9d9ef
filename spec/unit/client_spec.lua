-- SPDX-License-Identifier: MIT

local fake = require "spec.support.fake_runtime"
local errors = require "lofty.errors"
local lofty = require "lofty"
local parts = require "lofty.client"

local json = fake.json

local function client(answer, options)
  local runtime = fake.new(answer)
  local opt = { api_key = "key-1", base_url = "http://127.0.0.1:1", runtime = runtime }
  for name, value in pairs(options or {}) do opt[name] = value end
  if opt.token or opt.access_token then opt.api_key = nil end
  return lofty.client(opt), runtime
end

local function sent(runtime, i) return runtime.requests[i or #runtime.requests] end

describe("calls by path", function()
  local crm, runtime
  before_each(function()
    crm, runtime = client(function() return json(200, "{}") end)
  end)

  it("puts the parameters that the path template names into the path and the others into the query", function()
    assert(crm:get("/v1.0/leads/{leadId}", { leadId = "651095960136641", b = "x y", a = true }))
    assert.equal("GET", sent(runtime).method)
    assert.equal("http://127.0.0.1:1/v1.0/leads/651095960136641?a=true&b=x%20y", sent(runtime).url)
    assert.is_nil(sent(runtime).body)
  end)

  it("puts the other parameters of POST and PUT into the body", function()
    assert(crm:post("/v1.0/notes", { leadId = lofty.integer "9007199254740993" }))
    assert.equal('{"leadId":9007199254740993}', sent(runtime).body)
    assert(crm:put("/v1.0/leads/{leadId}", { leadId = 5, stage = "New" }))
    assert.equal("http://127.0.0.1:1/v1.0/leads/5", sent(runtime).url)
    assert.equal('{"stage":"New"}', sent(runtime).body)
  end)

  it("sends no body without parameters, and [] for an empty array", function()
    assert(crm:post("/v2.0/tasks/{taskId}/finish", { taskId = 1 }))
    assert.is_nil(sent(runtime).body)
    assert(crm:post("/v1.0/leads/{leadId}/assignment", { leadId = 1, body = lofty.array {} }))
    assert.equal("[]", sent(runtime).body)
  end)

  it("sends explicit query and body tables as they are given", function()
    assert(crm:post("/v1.0/x", { query = { a = 1 }, b = 2 }))
    assert.equal("http://127.0.0.1:1/v1.0/x?a=1", sent(runtime).url)
    assert.equal('{"b":2}', sent(runtime).body)
    assert(crm:post("/v1.0/x", { body = { a = 1 }, b = 2 }))
    assert.equal("http://127.0.0.1:1/v1.0/x?b=2", sent(runtime).url)
    assert.equal('{"a":1}', sent(runtime).body)
  end)

  it("sends Content-Type, User-Agent and the API key with its scheme", function()
    assert(crm:get("/v1.0/leads"))
    local headers = sent(runtime).headers
    assert.equal("application/json", headers["Content-Type"])
    assert.equal("lofty-lua/" .. lofty._VERSION, headers["User-Agent"])
    assert.equal("token key-1", headers["Authorization"])
  end)

  it("names a missing path parameter in the err, before anything is sent", function()
    local value, err = crm:get("/v1.0/leads/{leadId}", { leadid = 5 })
    assert.is_nil(value)
    assert.equal("invalid", err.kind)
    assert.is_false(err.sent)
    assert.truthy(tostring(err):find("leadId", 1, true))
    assert.equal(0, #runtime.requests)
  end)

  it("raises on the caller's line when it is called with a dot or with arguments of a wrong type", function()
    for _, call in ipairs {
      function() crm:get() end, function() crm:get("/x", "y") end, function() crm:post("/x", { query = 1 }) end,
      function() crm:get("/x", { query = {}, body = {}, a = 1 }) end,
    } do
      local ok, message = pcall(call)
      assert.is_false(ok)
      assert.truthy(message:find("client_spec", 1, true), message)
    end
  end)

  it("returns status, headers, rate, attempts, url and elapsed time beside the value", function()
    crm = client(function()
      return json(200, "{}", { ["x-ratelimit-limit"] = "100", ["x-ratelimit-remaining"] = "99", ["x-ratelimit-reset"] = "21000" })
    end)
    local _, response = crm:get("/v1.0/leads")
    assert.equal(200, response.status)
    assert.equal(99, response.rate.remaining)
    assert.equal(1, response.attempts)
    assert.equal("http://127.0.0.1:1/v1.0/leads", response.url)
    assert.equal(0, response.elapsed)
    assert.is_nil(response.body)
  end)
end)

describe("an access token", function()
  local refreshed
  local function answers(refusal)
    refreshed = 0
    return function(request)
      if request.url:find("/token", 1, true) then
        refreshed = refreshed + 1
        return json(200, '{"access_token":"new-' .. refreshed .. '","expires_in":3600}')
      end
      if request.headers.Authorization == "Bearer new-1" then return json(200, '{"id":7}') end
      return refusal
    end
  end

  local function with_token(answer, on_refresh)
    return client(answer, {
      token = { access_token = "old", refresh_token = "r" }, client_id = "id", client_secret = "s",
      token_url = "http://127.0.0.1:1/token", on_refresh = on_refresh,
    })
  end

  for _, refusal in ipairs { json(401, ""), json(400, '{"code":200058,"message":"User in token does not exist."}') } do
    it("that is refused with " .. refusal.status .. " is refreshed once and saved, and the call is repeated", function()
      local saved
      local crm, runtime = with_token(answers(refusal), function(token) saved = token end)
      local value, response = crm:post("/v1.0/notes", { content = "x" })
      assert.same({ id = 7 }, value)
      assert.equal(2, response.attempts)
      assert.equal(1, refreshed)
      assert.equal("new-1", saved.access_token)
      assert.equal("r", saved.refresh_token)
      assert.equal(3, #runtime.requests)
      assert.equal(1, crm:stats().refreshes)
    end)
  end

  it("is not refreshed again when the new one is refused too", function()
    local crm = with_token(function(request)
      if request.url:find("/token", 1, true) then return json(200, '{"access_token":"new"}') end
      return json(401, "")
    end)
    local value, err = crm:me()
    assert.is_nil(value)
    assert.equal("auth", err.kind)
    assert.equal(401, err.status)
    assert.is_false(err.retryable)
  end)

  it("that is refused and cannot be refreshed gives an err that says what to do", function()
    local crm, runtime = client(function() return json(401, "") end)
    local value, err = crm:me()
    assert.is_nil(value)
    assert.equal("auth", err.kind)
    assert.truthy(err.message:find("token", 1, true))
    assert.is_false(err.retryable)
    assert.equal(1, #runtime.requests)
  end)

  it("is refreshed before a call when it expires within 60 s", function()
    local crm, runtime = client(answers(json(401, "")), {
      token = { access_token = "old", refresh_token = "r", expires_in = 3600, expires_at = 1000000 + 59 },
      client_id = "id", client_secret = "s", token_url = "http://127.0.0.1:1/token",
    })
    assert(crm:me())
    assert.equal(2, #runtime.requests)
  end)
end)

describe("a call that fails", function()
  local lost = require("lofty.errors").new

  it("is repeated when it only reads", function()
    local crm, runtime = client(function(_, n)
      if n < 3 then return nil, lost { kind = "network", message = "gone", sent = true } end
      return json(200, "{}")
    end)
    assert(crm:get("/v1.0/leads"))
    assert.equal(3, #runtime.requests)
    assert.equal(2, crm:stats().retries)
  end)

  it("is not repeated when it creates and was sent, and its outcome is unknown", function()
    local crm, runtime = client(function() return nil, lost { kind = "network", message = "gone", sent = true } end)
    local value, err = crm:post("/v1.0/notes", { content = "x" })
    assert.is_nil(value)
    assert.equal(1, #runtime.requests)
    assert.is_true(err.outcome_unknown)
    assert.is_true(sent(runtime).once)
    assert.truthy(err.message:find("GET /v1.0/notes", 1, true))
    assert.equal("POST /v1.0/notes", err.operation)
  end)

  it("is repeated when it creates and was not sent", function()
    local crm, runtime = client(function(_, n)
      if n == 1 then return nil, lost { kind = "network", message = "refused", sent = false } end
      return json(200, "{}")
    end)
    assert(crm:post("/v1.0/notes", { content = "x" }))
    assert.equal(2, #runtime.requests)
  end)

  it("is not repeated with retry = false, and err.retryable says whether the caller may repeat it", function()
    local crm, runtime = client(function() return json(503, "") end, { retry = false })
    assert.is_true(select(2, crm:get("/v1.0/leads")).retryable)
    assert.equal(1, #runtime.requests)
    assert.is_false(select(2, crm:post("/v1.0/notes", { content = "x" })).retryable)
  end)
end)

describe("lofty.client", function()
  it("refuses unknown options, two credentials, no credential, and a base_url with plain http", function()
    for i, opt in ipairs {
      { api_key = "k", api_kee = "x" }, { api_key = "k", access_token = "a" }, { api_key = "a\nb" },
      { api_key = "k", base_url = "http://api.lofty.com" }, { api_key = "k", base_url = "ftp://127.0.0.1" },
      { api_key = "k", base_url = "http://127.0.0.1.example.com" }, { api_key = "k", base_url = "http://127.0.0.1@example.com" },
      { api_key = "k", timeout = 0 }, { api_key = "k", timeout = "soon" }, { api_key = "k", on_retry = 5 },
      { token = "text" }, { token = {} }, { api_key = "k", retry = { atempts = 2 } },
    } do
      local ok, message = pcall(function()
        local made = lofty.client(opt)
        return made
      end)
      assert.is_false(ok, "case " .. i)
      assert.truthy(tostring(message):find("client_spec", 1, true), tostring(message))
    end
  end)

  for _, case in ipairs {
    { "https://api.lofty.com/v1.0", "leave out the version" }, { "https://api.lofty.com/v2.0/", "leave out the version" },
    { "https://api.chime.me", "write https://api.lofty.com" }, { "https://api.chime.me/v1.0", "write https://api.lofty.com" },
  } do
    it("suggests a correction for the base_url " .. case[1], function()
      local ok, message = pcall(lofty.client, { api_key = "k", base_url = case[1] })
      assert.is_false(ok)
      assert.truthy(message:find(case[2], 1, true), message)
    end)
  end

  it("never changes the options that it is given", function()
    local opt = { api_key = "k", base_url = "http://127.0.0.1:1" }
    lofty.client(opt)
    assert.same({ api_key = "k", base_url = "http://127.0.0.1:1" }, opt)
  end)
end)

describe("lofty.assert", function()
  it("returns its arguments", function() assert.same({ 1, nil, 3 }, { lofty.assert(1, nil, 3) }) end)
  it("raises the error itself", function()
    local err = require("lofty.errors").new { kind = "network", message = "gone" }
    local ok, raised = pcall(lofty.assert, nil, err)
    assert.is_false(ok)
    assert.equal(err, raised)
  end)
end)

describe("a token endpoint that repeats our secrets", function()
  it("gets none of them into err.message or err.code", function()
    local header
    local runtime = fake.new(function(request)
      header = request.headers["Authorization"]
      return json(400, ('{"error":"no c0de-1 for %s","error_description":"%s"}'):format(header, header))
    end)
    local app = lofty.app {
      client_id = "c", client_secret = "s3cr3t", redirect_uri = "https://example.com/cb", runtime = runtime,
    }
    local value, err = app:exchange("c0de-1")
    assert.is_nil(value)
    for _, text in ipairs { err.code, err.message, tostring(err) } do
      assert.is_nil(text:find("c0de-1", 1, true), text)
      assert.is_nil(text:find(header:match(" (.+)$"), 1, true), text)
    end
  end)
end)

describe("a write whose first attempt got no response", function()
  local function lost()
    return nil, errors.new { kind = "network", sent = true, connected = true, message = "the connection broke" }
  end

  for _, case in ipairs { { 404, "not_found" }, { 429, "rate_limit" }, { 400, "invalid" } } do
    it("has an unknown outcome, whatever the next attempt returns: " .. case[1], function()
      local crm = client(function(_, number)
        if number == 1 then return lost() end
        return json(case[1], "{}")
      end, { retry = { attempts = 2 } })
      local value, err = crm:delete("/v1.0/notes/{noteId}", { noteId = 1 })
      assert.is_nil(value)
      assert.equal(case[2], err.kind)
      assert.is_true(err.outcome_unknown)
      assert.truthy(err.message:find("check with GET", 1, true), err.message)
      value, err = crm:get("/v1.0/notes/{noteId}", { noteId = 1 })
      assert.is_nil(value)
      assert.is_nil(err.outcome_unknown)
    end)
  end

  it("counts as sent when the next attempt could not get a token", function()
    local runtime = fake.new(lost)
    local asked = 0
    local crm = parts.new {
      settings = parts.settings({ base_url = "http://127.0.0.1:1", runtime = runtime }),
      limiter = { acquire = function() return 0 end, observe = function() end },
      source = function()
        asked = asked + 1
        if asked == 1 then return lofty.token { access_token = "a" } end
        return nil, errors.new { kind = "store", sent = false, message = "the store is away" }
      end,
    }
    local value, err = crm:put("/v1.0/notes/{noteId}", { noteId = 1 })
    assert.is_nil(value)
    assert.equal("store", err.kind)
    assert.is_true(err.sent)
    assert.is_true(err.outcome_unknown)
  end)
end)

describe("a write for which no token came, since the token request got no response", function()
  local function crm_of(request, tokens)
    local asked = 0
    local crm = parts.new {
      settings = parts.settings({ base_url = "http://127.0.0.1:1", runtime = fake.new(request) }),
      limiter = { acquire = function() return 0 end, observe = function() end },
      source = function()
        asked = asked + 1
        if asked <= tokens then return lofty.token { access_token = "a" .. asked } end
        return nil, errors.new {
          kind = "network", sent = true, outcome_unknown = true, retryable = true, message = "the token endpoint is away",
        }
      end,
    }
    return crm
  end

  it("was not sent, and its outcome is known", function()
    local crm = crm_of(function() error "a request" end, 0)
    local value, err = crm:post("/v1.0/notes", { leadId = 1 })
    assert.is_nil(value)
    assert.equal("network", err.kind)
    assert.is_false(err.sent)
    assert.is_nil(err.outcome_unknown)
    assert.is_true(err.retryable)
    assert.is_nil(err.message:find("check with", 1, true))
  end)

  it("has a known outcome when the server had refused it with 401", function()
    local crm = crm_of(function() return json(401, "{}") end, 1)
    local value, err = crm:post("/v1.0/notes", { leadId = 1 })
    assert.is_nil(value)
    assert.is_true(err.sent)
    assert.is_nil(err.outcome_unknown)
  end)
end)

describe("a response that is not JSON", function()
  local body = '{"leads":[{"name":"Jo\\ud83d"}],"echo":"key-secret"}'

  it("is in err.response.body, without the credential and cut to 64 KiB", function()
    local crm = client(function() return json(200, body) end, { api_key = "key-secret" })
    local _, err = crm:get("/v1.0/leads")
    assert.equal("decode", err.kind)
    assert.equal((body:gsub("key%-secret", "***")), err.response.body)
    crm = client(function() return json(200, ("x"):rep(1000000)) end)
    _, err = crm:get("/v1.0/leads")
    assert.equal(65536, #err.response.body)
  end)

  it("is not kept of any other response", function()
    local crm = client(function() return json(400, body) end)
    local _, err = crm:get("/v1.0/leads")
    assert.is_nil(err.response.body)
    crm = client(function() return json(200, "[]") end)
    assert.is_nil((select(2, crm:get("/v1.0/leads"))).body)
  end)

  it("is repaired with json = \"repair\"", function()
    local crm = client(function() return json(200, body) end, { json = "repair" })
    local page, response = assert(crm:get("/v1.0/leads"))
    assert.equal("Jo\239\191\189", page.leads[1].name)
    assert.is_nil(response.body)
  end)

  it("accepts no other value of the option json", function()
    assert.has_error(function() client(function() end, { json = "loose" }) end)
  end)
end)
