-- SPDX-License-Identifier: MIT

-- An application's accounts in a store, against the emulator: connect, accounts, client(account), disconnect.
local lofty = require "lofty"
local nginx = require "lofty.sandbox.nginx"
local sandbox = require "lofty.sandbox"

local FIRST, LARGE = "113209", "9007199254740993"

describe("an application with a store", function()
  local box, store, app, told

  local function new_app(options)
    local opt = {
      runtime = require "lofty.runtime.curl", timeout = 5, retry = false, store = store,
      on_refresh = function(token, err) told[#told + 1] = { token, err } end,
    }
    for name, value in pairs(options or {}) do opt[name] = value end
    return box:app(opt)
  end

  -- A person consents, and the callback handler connects the account.
  local function connect(which, account)
    local url, state = which:authorize_url()
    local args = box:consent(url, { account = account })
    local id, token = which:connect(args, { state = state })
    return id, token, args, state
  end

  local function grants() return box:control("counters").grants.total or 0 end

  setup(function() box = sandbox.start {} end)
  teardown(function() box:stop() end)
  before_each(function()
    box:control("reset")
    box:control("counters", { reset = true })
    store, told = lofty.store.memory(), {}
    app = new_app()
  end)

  it("stores a token under the account that /v1.0/me names, and makes clients of it", function()
    local account, token = lofty.assert(connect(app))
    assert.equal(FIRST, account)
    assert.equal(FIRST, token.account)
    assert.same({ FIRST }, lofty.assert(app:accounts()))
    local crm = app:client(account)
    assert.equal("Ada", lofty.assert(crm:me()).firstName)
    assert.truthy(tostring(crm):find(FIRST, 1, true))
    assert.equal(1, grants())
    assert.same({}, told)
  end)

  it("keeps when the account was connected, also after a refresh", function()
    local account, token = lofty.assert(connect(app))
    assert.equal(token.obtained_at, token.connected_at)
    store:put(box.client_id .. "/" .. account, (assert(lofty.json.encode {
      access_token = "refused", refresh_token = token.refresh_token, connected_at = 1000, obtained_at = 1000,
    })))
    lofty.assert(app:client(account):me())
    local details = lofty.assert(app:accounts { details = true })[1]
    assert.equal(1000, details.connected_at)
    assert.is_true(details.refreshed_at > 1000)
  end)

  it("keeps every digit of an account beyond 2^53", function()
    assert.equal(LARGE, (lofty.assert(connect(app, LARGE))))
    assert.same({ LARGE }, app:accounts())
    assert.equal(LARGE, tostring(lofty.assert(app:client(LARGE):me()).id))
  end)

  it("takes the account from /v1.0/me, not from the callback", function()
    local url, state = app:authorize_url()
    local args = box:consent(url, { account = FIRST }) .. "&account=113377&userId=113377"
    assert.equal(FIRST, (lofty.assert(app:connect(args, { state = state }))))
  end)

  it("refuses a callback with another state without exchanging its code", function()
    local url = app:authorize_url()
    local none, err = app:connect(box:consent(url), { state = "another" })
    assert.is_nil(none)
    assert.equal("state_mismatch", err.code)
    assert.equal(0, grants())
    assert.same({}, app:accounts())
  end)

  it("lists the accounts in order, each once", function()
    for _, account in ipairs { "113377", FIRST, LARGE, FIRST } do lofty.assert(connect(app, account)) end
    assert.same({ FIRST, "113377", LARGE }, app:accounts())
  end)

  it("deletes a disconnected account's token, and its clients say so", function()
    lofty.assert(connect(app))
    assert.is_true(lofty.assert(app:disconnect(FIRST)))
    assert.is_true(lofty.assert(app:disconnect(FIRST)), "twice is no error")
    assert.same({}, app:accounts())
    local none, err = app:client(FIRST):me()
    assert.is_nil(none)
    assert.equal("oauth", err.kind)
    assert.equal("no_token", err.code)
    assert.equal(FIRST, err.account)
    assert.is_false(err.sent)
  end)

  it("shares a store with another application without seeing its accounts", function()
    local other = new_app { client_id = box.client_id .. "-other" }
    local longer = new_app { client_id = box.client_id .. "/113377" }
    lofty.assert(connect(app))
    assert.is_true(store:put(box.client_id .. "-other/1", "{}"))
    assert.is_true(store:put(box.client_id .. "%2F113377/2", "{}"))
    assert.same({ FIRST }, app:accounts())
    assert.same({ "1" }, other:accounts())
    assert.same({ "2" }, longer:accounts())
    lofty.assert(other:disconnect(FIRST))
    assert.same({ FIRST }, app:accounts())
    assert.equal("no_token", select(2, other:client(FIRST):me()).code)
  end)

  it("shares tokens with another application object of the same client id", function()
    lofty.assert(connect(app))
    local other = new_app()
    box:control("expire", { account = FIRST })
    lofty.assert(app:client(FIRST):me())
    lofty.assert(other:client(FIRST):me())
    assert.equal(2, grants())
  end)

  it("seals tokens with its encryption_key, and reads them back", function()
    local sealing = new_app { encryption_key = ("k"):rep(32) }
    lofty.assert(connect(sealing))
    assert.is_nil(lofty.json.decode(store:get(box.client_id .. "/" .. FIRST)))
    local crm = sealing:client(FIRST)
    lofty.assert(crm:me())
    box:control("expire", { account = FIRST })
    lofty.assert(crm:me())
    lofty.assert(new_app { encryption_key = ("k"):rep(32) }:client(FIRST):me())
    assert.equal(2, grants())
    local none, err = app:client(FIRST):me()
    assert.is_nil(none)
    assert.equal("store", err.kind)
    assert.equal(2, grants())
  end)

  describe("whose user pressed Disconnect at Lofty", function()
    before_each(function()
      lofty.assert(connect(app))
      box:control("revoke", { account = FIRST })
    end)

    it("returns an err of kind oauth with the account, and keeps the token, marked as revoked", function()
      local crm = app:client(FIRST)
      for _ = 1, 2 do
        local none, err = crm:me()
        assert.is_nil(none)
        assert.equal("oauth", err.kind)
        assert.equal("invalid_grant", err.code)
        assert.equal(FIRST, err.account)
        assert.equal("me", err.operation)
      end
      assert.equal("oauth", select(2, new_app():client(FIRST):me()).kind)
      assert.same({ FIRST }, app:accounts())
      local kept = lofty.token(lofty.json.decode(store:get(box.client_id .. "/" .. FIRST)))
      assert.truthy(kept.revoked_at)
      assert.truthy(tostring(kept):find("revoked", 1, true))
      assert.equal(1, box:control("counters").requests["POST /api/user-web/oauth/token"] - 1)
    end)

    it("works again after the user has connected again, also for a client made before", function()
      local crm = app:client(FIRST)
      assert.is_nil((crm:me()))
      local _, token = lofty.assert(connect(app))
      assert.is_nil(token.revoked_at)
      lofty.assert(crm:me())
      lofty.assert(app:client(FIRST):me())
    end)
  end)

  describe("that can't store the token that connect was granted", function()
    local outage

    before_each(function()
      outage = { kind = "store" }
      store = setmetatable({}, { __index = store })
      store.keys = nil
      app = new_app()
    end)

    it("finds out that the store is down before it exchanges the code", function()
      function store.get() return nil, outage end
      local none, err, args, state = connect(app)
      assert.is_nil(none)
      assert.equal("store", err.kind)
      assert.equal(0, grants())
      store.get = nil
      assert.equal(FIRST, (lofty.assert(app:connect(args, { state = state }))))
    end)

    it("asks the store whether it can do everything before it exchanges the code", function()
      function store.check() return nil, "a permission is missing" end
      local none, err, args, state = connect(app)
      assert.is_nil(none)
      assert.equal("store", err.kind)
      assert.truthy(err.message:find("a permission is missing", 1, true), err.message)
      assert.equal(0, grants())
      function store.check() return true end
      assert.equal(FIRST, (lofty.assert(app:connect(args, { state = state }))))
    end)

    it("finds out that the store can't lock or has no room before it exchanges the code", function()
      for _, name in ipairs { "try_lock", "reserve" } do
        store[name] = function() return nil, "not today" end
        local none, err = connect(app)
        assert.is_nil(none)
        assert.equal("store", err.kind, name)
        assert.is_nil(err.account)
        store[name] = nil
      end
      assert.equal(0, grants())
    end)

    it("gives it to on_refresh when the store fails after that", function()
      function store.put() return nil, "the disk is full" end
      local none, err = connect(app)
      assert.is_nil(none)
      assert.equal("store", err.kind)
      assert.equal(FIRST, err.account)
      assert.truthy(tostring(err):find("the disk is full", 1, true))
      assert.equal(1, #told)
      assert.equal(FIRST, told[1][1].account)
      assert.equal(err, told[1][2])
      lofty.assert(new_app():client(told[1][1]):me())
    end)

    it("gives it to on_refresh when /v1.0/me fails", function()
      box:control("fault", { path = "/v1.0/me", status = 500, body = "" })
      local none, err = connect(app)
      assert.is_nil(none)
      assert.equal("server", err.kind)
      assert.equal(1, #told)
      lofty.assert(new_app():client(told[1][1]):me())
    end)

    it("does not refresh it for /v1.0/me, since the new token would be lost", function()
      box:control("fault", { path = "/v1.0/me", status = 401, json = { message = "no" }, times = 0 })
      local none, err = connect(app)
      assert.is_nil(none)
      assert.equal("auth", err.kind)
      assert.equal(1, grants())
    end)

    it("writes without the lock when another process keeps that for longer than its time", function()
      local runtime = setmetatable({ past = 0 }, { __index = require "lofty.runtime.curl" })
      function runtime:monotonic() return self.past end
      function runtime:sleep(seconds) self.past = self.past + seconds end
      function store.try_lock() return false end
      local account = lofty.assert(connect(new_app { runtime = runtime }))
      assert.equal(FIRST, account)
      assert.is_true(runtime.past > 30)
      assert.truthy(store:get(box.client_id .. "/" .. FIRST))
    end)
  end)

  for _, hours in ipairs { 1, -1 } do
    it("neither loses a token nor refreshes in a loop when the clock jumps by " .. hours .. " h", function()
      local real, skew = require "lofty.runtime.curl", 0
      local runtime = setmetatable({}, { __index = real })
      function runtime.now() return real:now() + skew end
      app = new_app { runtime = runtime }
      lofty.assert(connect(app))
      local crm, before = app:client(FIRST), grants()
      for _, jump in ipairs { hours, 0, hours, 0 } do
        skew = jump * 3600
        for _ = 1, 5 do lofty.assert(crm:me()) end
        for _ = 1, 5 do lofty.assert(app:client(FIRST):me()) end
      end
      -- At most one for each jump that makes a token stale.
      assert.is_true(grants() - before <= 2)
      box:control("clock", { advance = 3600 })
      for _ = 1, 5 do lofty.assert(crm:me()) end
      assert.is_true(grants() - before <= 3)
    end)
  end

  it("makes one grant for calls of many clients in map, half of them where Lua 5.1 can't yield", function()
    local account = lofty.assert(connect(app))
    box:control("expire", { account = account })
    local stale = lofty.json.decode(store:get(box.client_id .. "/" .. account))
    stale.expires_at = 1
    store:put(box.client_id .. "/" .. account, lofty.json.encode(stale))
    box:control("counters", { reset = true })
    box:control("fault", { method = "POST", path = "/api/user-web/oauth/token", delay = 0.2 })
    local indexes = {}
    for i = 1, 40 do indexes[i] = i end
    local results, errors = lofty.map(indexes, function(i)
      local crm = app:client(account)
      if i % 2 == 0 then
        local me, err = crm:me()
        return me, err
      end
      -- Lua 5.1 can't yield across pcall: this call waits in place.
      local ok, me, err = pcall(crm.me, crm)
      return ok and me, err
    end)
    assert.is_nil(errors and select(2, next(errors)))
    assert.equal(40, #results)
    assert.equal(1, grants())
    assert.is_true(store:try_lock(box.client_id .. "/" .. account, "probe", 1))
  end)

  describe("in a directory", function()
    local folder

    before_each(function()
      folder = nginx.shell('mktemp -d "${TMPDIR:-/tmp}/lofty-accounts.XXXXXX"')
      store = lofty.store.file { path = folder .. "/tokens" }
      app = new_app()
    end)
    after_each(function() nginx.shell("rm -rf " .. nginx.quote(folder)) end)

    local function files()
      return nginx.shell("ls -A " .. nginx.quote(folder) .. "/tokens 2>/dev/null | sort | tr '\\n' ' '")
    end

    it("makes no file for an unknown account", function()
      for i = 1, 5 do
        assert.equal("no_token", select(2, app:client("unknown" .. i):me()).code)
        assert.is_true(lofty.assert(app:disconnect("unknown" .. i)))
      end
      assert.equal("", files())
    end)

    it("makes a token file and two lock files at connect: the account's and the application's", function()
      lofty.assert(connect(app))
      local name = "lofty%3A" .. box.client_id .. "%2F"
      assert.equal(name .. "-.lock " .. name .. FIRST .. ".lock " .. name .. FIRST .. ".token ", files())
      assert.same({ FIRST }, app:accounts())
    end)
  end)

  it("reports a lock that it can't release to on_error", function()
    local reported = {}
    app = new_app { on_error = function(err) reported[#reported + 1] = err end }
    local account = lofty.assert(connect(app))
    local crm = app:client(account)
    function store.unlock() return nil, "NOPERM: no permission for 'evalsha'" end
    box:control("expire", { account = account })
    lofty.assert(crm:me())
    assert.equal(1, #reported)
    assert.equal("store", reported[1].kind)
    assert.equal(account, reported[1].account)
    assert.matches("NOPERM", reported[1].message)
    store.unlock = nil
  end)

  it("reports to on_error when the store can't count a call, which this process then counts alone", function()
    local reported = {}
    function store.take() return nil, "OOM command not allowed" end
    app = new_app { on_error = function(err) reported[#reported + 1] = err end }
    local account = lofty.assert(connect(app))
    lofty.assert(app:client(account):me())
    assert.is_true(#reported > 0)
    assert.equal("store", reported[1].kind)
    assert.matches("OOM", reported[1].message)
  end)

  it("raises for wrong arguments on the caller's line", function()
    local function bare_app(options)
      local opt = { client_id = "c", client_secret = "s", redirect_uri = "https://example.com/cb" }
      for name, value in pairs(options or {}) do opt[name] = value end
      local made = lofty.app(opt)
      return made
    end
    local bare = bare_app()
    for _, call in ipairs {
      function() bare:connect("code=1", {}) end, function() bare:accounts() end, function() bare:disconnect("1") end,
      function() bare:client("1") end, function() app:client("") end, function() app:client(5) end,
      function() app:disconnect() end, function() app:disconnect("") end, function() app:connect(5, {}) end,
      function() app:connect("code=1", { stat = 1 }) end,
      function() local _ = bare_app { store = "tokens" } end, function() local _ = bare_app { store = {} } end,
      function() local _ = bare_app { encryption_key = "short" } end,
    } do
      local ok, message = pcall(call)
      assert.is_false(ok)
      assert.truthy(tostring(message):find("accounts_spec", 1, true), message)
    end
  end)
end)
