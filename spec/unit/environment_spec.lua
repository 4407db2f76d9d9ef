-- SPDX-License-Identifier: MIT

-- Settings from environment variables, each case in a child process.
local child = require "spec.support.child"

local function run(environment, code)
  local assignments = {}
  for name, value in pairs(environment) do assignments[#assignments + 1] = name .. "='" .. value .. "'" end
  return child.run(code, table.concat(assignments, " "))
end

describe("the environment", function()
  it("is not read by require", function()
    local printed = run({ LOFTY_BASE_URL = "not an address" }, [[
      local real = os.getenv
      os.getenv = function(name) if name:find("LOFTY") then error("read " .. name) end return real(name) end
      require "lofty"
      print "quiet"
    ]])
    assert.equal("quiet", printed)
  end)

  it("gives an API key, an access token or the client_credentials grant, in this order", function()
    local show = [[
      local fake = { seen = {} }
      function fake:request(r) self.seen[#self.seen + 1] = r; return { status = 200, body = '{"access_token":"granted"}', headers = {} } end
      function fake:now() return 0 end
      function fake:monotonic() return 0 end
      function fake:sleep() end
      function fake:detach(_, fn, ...) return fn(...) end
      function fake:event() return { set = function() end } end
      function fake:ensure(release, fn, ...) return (function(...) release() return ... end)(fn(...)) end
      local crm = require("lofty").client { runtime = fake }
      crm:me()
      for _, r in ipairs(fake.seen) do print(r.url .. " " .. (r.headers.Authorization or "-")) end
    ]]
    local all = {
      LOFTY_API_KEY = "key", LOFTY_ACCESS_TOKEN = "access", LOFTY_CLIENT_ID = "id", LOFTY_CLIENT_SECRET = "secret",
      LOFTY_CUSTOMER_KEY = "customer", LOFTY_BASE_URL = "http://127.0.0.1:7", LOFTY_OAUTH_TOKEN_URL = "http://127.0.0.1:8/t",
    }
    assert.equal("http://127.0.0.1:7/v1.0/me token key", run(all, show))
    all.LOFTY_API_KEY = nil
    assert.equal("http://127.0.0.1:7/v1.0/me Bearer access", run(all, show))
    all.LOFTY_ACCESS_TOKEN = nil
    local lines = run(all, show)
    assert.truthy(lines:find("http://127.0.0.1:8/t -", 1, true), lines)
    assert.truthy(lines:find("http://127.0.0.1:7/v1.0/me Bearer granted", 1, true), lines)
  end)

  local SHOW_SERVER = [[
    local url
    local runtime = require("spec.support.fake_runtime").new(function(r)
      url = r.url .. (r.headers.Authorization and " basic" or r.body:find("client_secret", 1, true) and " body" or " none")
      return { status = 200, body = '{"access_token":"a"}', headers = {} }
    end)
    local app = require("lofty").app { client_id = "id", runtime = runtime, redirect_uri = "https://example.com/cb", OPTIONS }
    assert(app:exchange("code", { code_verifier = ("v"):rep(43) }))
    print(url)
  ]]
  local VENDOR, DEVELOPER = "https://crm.lofty.com/api/user-web/oauth/token", "https://api.lofty.com/oauth/token"

  for _, case in ipairs {
    { "vendor with a client_secret", { }, 'client_secret = "s"', VENDOR .. " basic" },
    { "developer with a customer_key", { }, 'client_secret = "s", customer_key = "k"', DEVELOPER .. " body" },
    { "developer with LOFTY_CUSTOMER_KEY", { LOFTY_CUSTOMER_KEY = "k" }, 'client_secret = "s"', DEVELOPER .. " body" },
    { "developer without a client_secret", { }, "", DEVELOPER .. " none" },
    { "that of LOFTY_OAUTH_SERVER", { LOFTY_OAUTH_SERVER = "developer" }, 'client_secret = "s"', DEVELOPER .. " body" },
    { "that of the option oauth_server before any other rule", { LOFTY_OAUTH_SERVER = "developer" },
      'client_secret = "s", customer_key = "k", oauth_server = "vendor"', VENDOR .. " basic" },
  } do
    it("makes the OAuth server " .. case[1], function()
      assert.equal(case[4], run(case[2], (SHOW_SERVER:gsub("OPTIONS", case[3]))))
    end)
  end

  it("is overridden by options", function()
    local printed = run({ LOFTY_API_KEY = "theirs", LOFTY_BASE_URL = "http://127.0.0.1:7" }, [[
      local url
      local runtime = require("spec.support.fake_runtime").new(function(r)
        url = r.url .. " " .. r.headers.Authorization
        return { status = 200, body = "", headers = {} }
      end)
      require("lofty").client({ access_token = "mine", base_url = "http://127.0.0.1:9", runtime = runtime }):me()
      print(url)
    ]])
    assert.equal("http://127.0.0.1:9/v1.0/me Bearer mine", printed)
  end)

  local REFRESH = [[
    local lofty = require "lofty"
    local fake = require "spec.support.fake_runtime"
    local grants = 0
    local runtime = fake.new(function(request)
      if request.method == "GET" then
        if request.headers.Authorization == "Bearer dead" then return fake.json(401, "{}") end
        return fake.json(200, "{}")
      end
      grants = grants + 1
      return fake.json(200, '{"access_token":"granted","refresh_token":"next","expires_in":3600}')
    end)
    local function show(store, on_refresh)
      local crm = lofty.client { runtime = runtime, store = store, on_refresh = on_refresh }
      lofty.assert(crm:me())
      local last = runtime.requests[#runtime.requests]
      local form = ""
      for _, request in ipairs(runtime.requests) do form = request.body and request.body:match("refresh_token=(%w+)&?") or form end
      return last.headers.Authorization .. " after " .. grants .. " grants, last with " .. form
    end
  ]]
  local WITH_REFRESH_TOKEN = { LOFTY_REFRESH_TOKEN = "first", LOFTY_CLIENT_ID = "id", LOFTY_CLIENT_SECRET = "secret" }

  it("gives a refresh token, whose successor the store keeps", function()
    assert.equal("Bearer granted after 1 grants, last with first|Bearer granted after 1 grants, last with first|"
      .. "Bearer granted after 2 grants, last with next||", run(WITH_REFRESH_TOKEN, REFRESH .. [[
      local store = lofty.store.memory()
      io.write(show(store), "|", show(store), "|")
      runtime.skew = 3600
      io.write(show(store), "|")
      -- It does not belong to an account.
      local app = lofty.app { store = store, runtime = runtime }
      io.write(table.concat(app:accounts(), ","), "|")
    ]]))
  end)

  it("gives a refresh token, whose successor on_refresh gets", function()
    assert.equal("granted next|Bearer granted after 1 grants, last with first", run(WITH_REFRESH_TOKEN, REFRESH .. [[
      io.write(show(nil, function(new) io.write(new.access_token, " ", new.refresh_token, "|") end))
    ]]))
  end)

  it("gives an access token to begin with beside the refresh token", function()
    local both = { LOFTY_ACCESS_TOKEN = "alive" }
    for name, value in pairs(WITH_REFRESH_TOKEN) do both[name] = value end
    assert.equal("Bearer alive after 0 grants, last with ", run(both, REFRESH .. "io.write(show(lofty.store.memory()))"))
    both.LOFTY_ACCESS_TOKEN = "dead"
    assert.equal("Bearer granted after 1 grants, last with first",
      run(both, REFRESH .. "io.write(show(lofty.store.memory()))"))
  end)

  it("does not give a refresh token to a client that could not keep its successor", function()
    local printed = run(WITH_REFRESH_TOKEN, [[print(select(2, pcall(require("lofty").client)))]])
    assert.truthy(printed:find("LOFTY_REFRESH_TOKEN needs a store or on_refresh", 1, true), printed)
    printed = run({ LOFTY_REFRESH_TOKEN = "first" }, [[
      print(select(2, pcall(require("lofty").client, { on_refresh = print })))
    ]])
    assert.truthy(printed:find("LOFTY_CLIENT_ID", 1, true), printed)
  end)

  it("without a credential raises an error that names the variable", function()
    local printed = run({}, [[print(select(2, pcall(require("lofty").client)))]])
    assert.truthy(printed:find("LOFTY_API_KEY", 1, true), printed)
  end)

  it("with LOFTY_DEBUG=1 traces to stderr without secrets", function()
    local printed = run({ LOFTY_DEBUG = "1", LOFTY_API_KEY = "very-secret" }, [[
      local lines = {}
      io.stderr = { write = function(_, ...) lines[#lines + 1] = table.concat { ... } end }
      local runtime = require("spec.support.fake_runtime").new(function()
        return { status = 404, body = '"no very-secret"', headers = {} }
      end)
      require("lofty").client({ runtime = runtime }):get("/v1.0/leads/{leadId}", { leadId = 5, q = "very-secret" })
      io.write((table.concat(lines):gsub("\n", "|")))
    ]])
    assert.truthy(printed:find("GET /v1.0/leads/{leadId}, attempt 1", 1, true), printed)
    assert.truthy(printed:find("404", 1, true), printed)
    assert.is_nil(printed:find("secret", 1, true), printed)
  end)

  it("with LOFTY_DEBUG=1 traces in addition to the hooks of an application's client", function()
    local printed = run({ LOFTY_DEBUG = "1" }, [[
      local lines = {}
      io.stderr = { write = function(_, ...) lines[#lines + 1] = table.concat { ... } end }
      local runtime = require("spec.support.fake_runtime").new(function()
        return { status = 200, body = "{}", headers = {} }
      end)
      local called = {}
      local app = require("lofty").app { client_id = "i", client_secret = "s", runtime = runtime,
        on_response = function() called[#called + 1] = "app" end }
      local hooks = { on_request = function() called[#called + 1] = "client" end }
      local own = hooks.on_request
      app:client({ access_token = "t" }, hooks):me()
      assert(hooks.on_request == own, "the caller's table was changed")
      io.write(table.concat(called, " "), "|", (table.concat(lines):gsub("\n", "|")))
    ]])
    assert.matches("^client app|lofty: #1 GET /v1.0/me, attempt 1|lofty: #1 GET /v1.0/me: HTTP 200", printed)
  end)
end)
