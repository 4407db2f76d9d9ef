-- SPDX-License-Identifier: MIT

-- Token refresh on a virtual clock: a token that cannot be saved, revoked tokens, mistakes that raise in a refresh.
local errors = require "lofty.errors"
local token_source = require "spec.support.token_source"

local KEY, outage, new_token = token_source.key, token_source.outage, token_source.new_token

describe("a source over a store", function()
  local tested, runtime, store, grants, refreshed, reported

  before_each(function()
    tested = token_source.new()
    runtime, store, grants, refreshed, reported = tested.runtime, tested.store, tested.grants, tested.refreshed, tested.reported
  end)

  local function make(options) return tested:make(options) end
  local function store_token(one) tested:store_token(one) end
  local function stored_token() return tested:stored_token() end

  describe("whose new token could not be saved", function()
    local get

    before_each(function()
      runtime.time = runtime.time + 3600
      get = make()
      store.fail.put = outage
      assert.equal("fresh1", assert(get()).access_token)
    end)

    it("uses it nevertheless, and passes the err to on_refresh", function()
      assert.same({ { "fresh1", outage.message } }, refreshed)
      assert.equal("fresh1", assert(get()).access_token)
      assert.equal(1, #grants)
    end)

    it("writes it later, over the token that it replaced", function()
      store.fail.put = nil
      runtime.time = runtime.time + 2
      assert.equal("fresh1", assert(get()).access_token)
      assert.equal("fresh1", stored_token().access_token)
      assert.equal(1, #grants)
      local reads = store.reads
      assert(get())
      assert.equal(reads, store.reads)
    end)

    it("writes it later from another client that waited for the refresh", function()
      store.fail.put, store.data = nil, {}
      store_token(new_token("old", runtime:now() - 3600))
      store.fail.put = outage
      local one, other = make(), make()
      runtime:together { function() assert(one()) end, function() assert(other()) end }
      store.fail.put = nil
      runtime.time = runtime.time + 2
      assert.equal("fresh2", assert(other()).access_token)
      assert.equal("fresh2", stored_token().access_token)
      assert.equal(2, #grants)
    end)

    it("tries that only a few times a minute while the store is down", function()
      local reads = store.reads
      for _ = 1, 600 do
        runtime.time = runtime.time + 0.1
        assert.equal("fresh1", assert(get()).access_token)
      end
      assert.is_true(store.reads - reads <= 8)
    end)

    it("does not wait for another process's lock to write it", function()
      store.fail.put = nil
      store.locks[KEY] = "another process"
      runtime.time = runtime.time + 2
      local began = runtime.time
      assert.equal("fresh1", assert(get()).access_token)
      assert.equal(began, runtime.time)
    end)

    it("keeps it when the token that it replaced was marked as revoked meanwhile", function()
      store.fail.put = nil
      local marked = stored_token()
      marked.revoked_at = runtime:now()
      store_token(marked)
      runtime.time = runtime.time + 2
      assert.equal("fresh1", assert(get()).access_token)
      local stored = stored_token()
      assert.equal("fresh1", stored.access_token)
      assert.is_nil(stored.revoked_at)
    end)

    it("drops it for a token that another process wrote", function()
      store.fail.put = nil
      store_token(new_token("other", runtime:now()))
      runtime.time = runtime.time + 2
      assert.equal("other", assert(get()).access_token)
      assert.equal("other", stored_token().access_token)
    end)

    it("does not connect an account again that was disconnected", function()
      store.fail.put = nil
      store.data = {}
      runtime.time = runtime.time + 2
      local _, err = get()
      assert.equal("no_token", err.code)
      assert.same({}, store.data)
    end)
  end)

  it("tries to write for a second, since there may be no other copy of the token", function()
    runtime.time = runtime.time + 3600
    local attempts, put = 0, store.put
    function store:put(key, text)
      attempts = attempts + 1
      if attempts < 3 then return nil, outage end
      return put(self, key, text)
    end
    assert.equal("fresh1", assert(make()()).access_token)
    assert.same({ { "fresh1" } }, refreshed)
    assert.equal("fresh1", stored_token().access_token)
  end)

  it("uses a stale token while the store is down, reports that once, and fails when the token has expired", function()
    local get = make()
    assert(get())
    runtime.time = runtime.time + 3550
    store.fail.lock = outage
    for _ = 1, 5 do assert.equal("old", assert(get()).access_token) end
    assert.same({ outage.message }, reported)
    runtime.time = runtime.time + 60
    local none, err = get()
    assert.is_nil(none)
    assert.equal("store", err.kind)
  end)

  describe("with reserve", function()
    it("reserves room under the lock before it requests a token", function()
      local reserved
      function store:reserve(key, bytes)
        reserved = { key, bytes, self.locks[key] ~= nil, #grants }
        return true
      end
      runtime.time = runtime.time + 3600
      assert(make()())
      assert.equal(KEY, reserved[1])
      assert.is_true(reserved[2] > #store.data[KEY])
      assert.is_true(reserved[3])
      assert.equal(0, reserved[4])
    end)

    it("requests no token on a full disk, and uses one that is still accepted", function()
      function store:reserve() return nil, errors.new { kind = "store", message = "no space left" } end -- luacheck: no self
      runtime.time = runtime.time + 3550
      local get = make()
      assert.equal("old", assert(get()).access_token)
      assert.same({ "no space left" }, reported)
      runtime.time = runtime.time + 60
      local none, err = get()
      assert.is_nil(none)
      assert.equal("no space left", err.message)
      assert.same({}, grants)
      assert.is_nil(next(store.locks))
    end)
  end)

  local function invalid_grant()
    return nil, errors.new { kind = "oauth", code = "invalid_grant", status = 400, message = "no" }
  end

  it("accepts invalid_grant only after it has read the store again, and keeps the token, marked as revoked", function()
    runtime.time = runtime.time + 3600
    tested.grant = invalid_grant
    local get = make()
    local none, err = get()
    assert.is_nil(none)
    assert.equal("oauth", err.kind)
    assert.equal("7", err.account)
    local marked = stored_token()
    assert.truthy(marked.revoked_at)
    assert.equal("r-old", marked.refresh_token)
    none, err = get()
    assert.is_nil(none)
    assert.equal("invalid_grant", err.code)
    assert.equal(1, #grants)
  end)

  it("uses what another process wrote while invalid_grant was on its way", function()
    runtime.time = runtime.time + 3600
    tested.grant = function()
      store_token(new_token("other", runtime:now()))
      return invalid_grant()
    end
    assert.equal("other", assert(make()()).access_token)
  end)

  it("asks to try again when that token is due for a refresh, too, and does not mark it as revoked", function()
    runtime.time = runtime.time + 3600
    tested.grant = function()
      store_token(new_token("other", runtime:now() - 3600))
      return invalid_grant()
    end
    local none, err = make()()
    assert.is_nil(none)
    assert.same({ "oauth", "invalid_grant", true, "7" }, { err.kind, err.code, err.retryable, err.account })
    assert.truthy(err.message:find("another process has refreshed this token meanwhile", 1, true), err.message)
    assert.is_nil(stored_token().revoked_at)
  end)

  it("does not connect an account again that was disconnected while invalid_grant was on its way", function()
    runtime.time = runtime.time + 3600
    tested.grant = function()
      store.data = {}
      return invalid_grant()
    end
    local _, err = make()()
    assert.equal("invalid_grant", err.code)
    assert.same({}, store.data)
  end)

  describe("after its lease", function()
    local function late_grant(also)
      return function()
        runtime.time = runtime.time + 100
        if also then also() end
        return new_token("late", runtime:now())
      end
    end

    before_each(function() runtime.time = runtime.time + 3600 end)

    it("writes only over the token that it had read", function()
      tested.grant = late_grant(function() store_token(new_token("other", runtime:now())) end)
      local get = make()
      assert.equal("late", assert(get()).access_token)
      assert.equal("other", stored_token().access_token)
      assert.truthy(refreshed[1][2]:find("the new token is not stored", 1, true))
      assert.equal("other", assert(get()).access_token)
    end)

    it("writes when the token that it had read is still stored", function()
      tested.grant = late_grant()
      assert.equal("late", assert(make()()).access_token)
      assert.equal("late", stored_token().access_token)
      assert.same({ { "late" } }, refreshed)
    end)

    it("keeps the token in this process while the store can't be read, and writes it later", function()
      tested.grant = late_grant(function() store.fail.get = outage end)
      local get = make()
      assert.equal("late", assert(get()).access_token)
      assert.equal(outage.message, refreshed[1][2])
      store.fail.get = nil
      assert.equal("old", stored_token().access_token)
      runtime.time = runtime.time + 2
      assert.equal("late", assert(get()).access_token)
      assert.equal("late", stored_token().access_token)
    end)
  end)

  describe("when something raises in a refresh", function()
    local function raise() error("a mistake", 0) end

    before_each(function() runtime.time = runtime.time + 3600 end)

    -- Each raises once; the call that follows must find neither a lock nor a flight.
    for _, case in ipairs {
      { "the grant", function() tested.grant = function() tested.grant = nil raise() end end },
      { "the runtime's clock", function()
        local now = runtime.now
        function runtime:now()
          if next(store.locks) then runtime.now = now raise() end
          return now(self)
        end
      end },
      { "the count of refreshes", nil, { count = raise } },
      { "on_refresh", nil, { on_refresh = raise } },
    } do
      it("releases the lock and raises again what was raised by " .. case[1], function()
        if case[2] then case[2]() end
        local ok, raised = pcall(make(case[3]))
        assert.is_false(ok)
        assert.equal("a mistake", raised)
        assert.is_nil(next(store.locks))
        local began = runtime.time
        assert(make()())
        assert.is_true(runtime.time - began < 1)
      end)
    end

    it("keeps the token when on_refresh raises", function()
      local get = make { on_refresh = raise }
      assert.is_false(pcall(get))
      assert.equal("fresh1", assert(get()).access_token)
      assert.equal("fresh1", stored_token().access_token)
      assert.equal(1, #grants)
    end)

    it("lets one of the waiters refresh next", function()
      local get, got = make(), {}
      tested.grant = function()
        runtime:sleep(1)
        tested.grant = nil
        error("a mistake", 0)
      end
      local calls = {}
      for i = 1, 10 do
        calls[i] = function()
          local one = assert(get())
          got[#got + 1] = one.access_token
        end
      end
      local ok, raised = pcall(runtime.together, runtime, calls)
      assert.is_false(ok)
      assert.equal("a mistake", raised)
      assert.equal(9, #got)
      for _, name in ipairs(got) do assert.equal("fresh2", name) end
      assert.is_nil(next(store.locks))
    end)

    for _, name in ipairs { "get", "put", "try_lock", "unlock", "reserve" } do
      it("treats an error raised in the store's " .. name .. " as a failure of the store, and leaves no lock behind", function()
        store.reserve = function() return true end
        local method = store[name]
        store[name] = function() error("a mistake of the store's", 0) end
        local one, err = make()()
        local message = err and err.message or refreshed[1] and refreshed[1][2] or reported[1]
        assert.equal(name == "put" or name == "unlock", one ~= nil)
        if err then
          assert.equal("store", err.kind)
          assert.equal("7", err.account)
          assert.is_false(err.sent)
        end
        store[name] = method
        if name == "unlock" then
          message = reported[1]
          store.locks = {} -- as its ttl would
        end
        assert.truthy(message:find("a mistake of the store's", 1, true), message)
        assert.is_nil(next(store.locks))
        local began = runtime.time
        assert(make()())
        assert.is_true(runtime.time - began < 1)
      end)
    end
  end)

  it("reports a lock that could not be released to on_error", function()
    runtime.time = runtime.time + 3600
    store.fail.unlock = errors.new { kind = "store", message = "NOPERM this user has no permissions to run 'evalsha'" }
    assert.equal("fresh1", assert(make()()).access_token)
    assert.same({ store.fail.unlock.message }, reported)
  end)

  it("accepts an err of the store that is only a string", function()
    store.fail.get = "out of order"
    local _, err = make()()
    assert.equal("store", err.kind)
    assert.truthy(err.message:find("out of order", 1, true))
  end)

  it("is a store err when a method of the store returns a value of another type", function()
    local call_store = require "lofty.internal.call_store"
    local odd = { true, 1, {}, io.stdout, function() end, "text", 0 / 0 }
    local good = { get = "string", keys = "table", take = "number" }
    for method, expected in pairs(good) do
      for _, value in ipairs(odd) do
        local got, err = call_store({ [method] = function() return value end }, method, "key")
        if type(value) == expected and value == value then
          assert.equal(value, got)
        else
          assert.is_nil(got)
          assert.equal("store", err.kind)
          assert.truthy(err.message:find("its method " .. method .. " returned a ", 1, true), err.message)
        end
      end
    end
    local _, err = call_store({ keys = function() return { "app/7", 8 } end }, "keys")
    assert.equal("the store failed: its method keys returned a list with a number", err.message)
    store.get = function() return io.stdout end -- as ngx.null is a userdata
    local one, problem = make()()
    assert.is_nil(one)
    assert.same({ "store", "7" }, { problem.kind, problem.account })
  end)

  it("accepts an err of the store that can't be shown", function()
    store.fail.get = setmetatable({}, { __tostring = function() error "no text" end })
    local _, err = make()()
    assert.equal("the store failed: it gave no reason", err.message)
  end)
end)
