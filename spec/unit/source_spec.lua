-- SPDX-License-Identifier: MIT

-- Token refresh on a virtual clock: who refreshes, who waits, what is written, and what an outage costs.
local errors = require "lofty.errors"
local fake = require "spec.support.fake_runtime"
local source = require "lofty.oauth.source"
local times = require "lofty.oauth.times"
local token = require "lofty.token"
local token_cache = require "lofty.oauth.token_cache"

local KEY, GRANT_TIMEOUT = "app/7", 10

local function new_token(name, now, life)
  return assert(token.read({ access_token = name, refresh_token = "r-" .. name, expires_in = life or 3600 }, now))
end

-- A store that is a table, with the failures that a case asks for.
local function table_store()
  local store = { data = {}, locks = {}, fail = {}, reads = 0, puts = 0, lock_attempts = 0, calls = {} }
  local function called(name) store.calls[#store.calls + 1] = name end
  function store:get(key)
    called "get"
    self.reads = self.reads + 1
    if self.fail.get then return nil, self.fail.get end
    return self.data[key]
  end
  function store:put(key, text)
    called "put"
    if self.fail.put then return nil, self.fail.put end
    self.puts = self.puts + 1
    self.data[key] = text
    return true
  end
  function store:try_lock(key, owner)
    called "try_lock"
    self.lock_attempts = self.lock_attempts + 1
    if self.fail.lock then return nil, self.fail.lock end
    if self.locks[key] then return false end
    self.locks[key] = owner
    return true
  end
  function store:unlock(key, owner)
    called "unlock"
    if self.fail.unlock then return nil, self.fail.unlock end
    if self.locks[key] == owner then self.locks[key] = nil end
    return true
  end
  return store
end

local outage = errors.new { kind = "store", message = "the store is down" }

describe("a source over a store", function()
  local runtime, store, grants, refreshed, reported, grant_hook

  local function cache_of()
    return token_cache.new { runtime = runtime, store = store, key = KEY, account = "7" }
  end

  local function make(options)
    local opt = {
      runtime = runtime, grant_timeout = GRANT_TIMEOUT, account = "7", count = function() end,
      on_refresh = function(new, err) refreshed[#refreshed + 1] = { new.access_token, err and err.message } end,
      on_error = function(err) reported[#reported + 1] = err.message end,
    }
    for name, value in pairs(options or {}) do opt[name] = value end
    return source.cached(function(old)
      grants[#grants + 1] = old.refresh_token
      if grant_hook then return grant_hook(old) end
      runtime:sleep(0.2)
      return new_token("fresh" .. #grants, runtime:now())
    end, cache_of(), opt)
  end

  local function store_token(one)
    assert(cache_of():replace(one))
  end

  local function stored_token()
    return (assert(cache_of():get()))
  end

  before_each(function()
    runtime, store, grants, refreshed, reported, grant_hook = fake.new(), table_store(), {}, {}, {}, nil
    store_token(new_token("old", runtime:now()))
  end)

  it("uses a fresh token without a refresh", function()
    assert.equal("old", assert(make()()).access_token)
    assert.same({}, grants)
  end)

  it("refreshes a token that is about to expire, writes it and calls on_refresh", function()
    runtime.time = runtime.time + 3550
    assert.equal("fresh1", assert(make()()).access_token)
    assert.same({ "r-old" }, grants)
    assert.same({ { "fresh1" } }, refreshed)
    assert.equal("fresh1", stored_token().access_token)
    assert.is_nil(next(store.locks))
    assert.same({}, reported)
  end)

  it("refreshes a token that the server rejected, though it expires much later", function()
    assert.equal("fresh1", assert(make()("old")).access_token)
  end)

  it("gives back a lock that the store took without a reply, in this refresh or in the next one", function()
    local try_lock = store.try_lock
    for _, lost in ipairs { 1, 100 } do
      store_token(new_token("old" .. lost, runtime:now()))
      runtime.time = runtime.time + 3600
      local attempts = 0
      function store:try_lock(...)
        local locked = try_lock(self, ...)
        attempts = attempts + 1
        if attempts > lost then return locked end
        return nil, errors.new { kind = "store", message = "no reply", retryable = true }
      end
      local get = make()
      local began = runtime.time
      if lost == 100 then
        local none, err = get()
        assert.is_nil(none)
        assert.equal("no reply", err.message)
        assert.truthy(next(store.locks))
        attempts, began = lost, runtime.time
      end
      assert.equal("fresh" .. #grants + 1, assert(get()).access_token)
      assert.truthy(runtime.time - began < 1)
      assert.is_nil(next(store.locks))
    end
  end)

  it("makes one grant for 400 callers at the same moment, of 8 clients", function()
    runtime.time = runtime.time + 3600
    local got, calls = {}, {}
    for _ = 1, 8 do
      local get = make()
      for _ = 1, 50 do
        calls[#calls + 1] = function()
          local name = assert(get()).access_token
          got[#got + 1] = name
        end
      end
    end
    runtime:together(calls)
    assert.equal(400, #got)
    for _, name in ipairs(got) do assert.equal("fresh1", name) end
    assert.equal(1, #grants)
    assert.equal(1, store.lock_attempts)
  end)

  it("wakes the waiters as soon as the refresh has ended, without polling", function()
    runtime.time = runtime.time + 3600
    local get, began, waits = make(), runtime.time, {}
    local sleeps, sleep = 0, runtime.sleep
    function runtime:sleep(...)
      sleeps = sleeps + 1
      return sleep(self, ...)
    end
    local calls = {}
    for i = 1, 10 do
      calls[i] = function()
        assert(get())
        waits[i] = runtime.time - began
      end
    end
    runtime:together(calls)
    for i = 1, 10 do assert.is_true(math.abs(waits[i] - 0.2) < 1e-6) end
    assert.equal(1, sleeps, "the grant's own")
  end)

  it("takes over another client's refresh with its store's text, so that the next call reads nothing", function()
    runtime.time = runtime.time + 3600
    local one, other = make(), make()
    runtime:together { function() assert(one()) end, function() assert(other()) end }
    local reads = store.reads
    assert.equal("fresh1", assert(other()).access_token)
    assert.equal(reads, store.reads)
  end)

  it("does not share a token with a caller for whom the server rejected that same one", function()
    runtime.time = runtime.time + 3600
    local get, names = make(), {}
    runtime:together {
      function() names[1] = assert(get()).access_token end,
      function() names[2] = assert(get("fresh1")).access_token end,
    }
    assert.equal("fresh1", names[1])
    assert.equal("fresh2", names[2])
  end)

  it("reports a failed read, and never takes it for an absent token", function()
    local get = make()
    store.fail.get = outage
    local none, err = get()
    assert.is_nil(none)
    assert.equal("store", err.kind)
    assert.same({}, grants)
  end)

  it("says that an account is not connected, and takes no lock for it", function()
    store.data = {}
    local none, err = make()()
    assert.is_nil(none)
    assert.equal("oauth", err.kind)
    assert.equal("no_token", err.code)
    assert.equal("7", err.account)
    assert.equal(0, store.lock_attempts)
  end)

  it("says so, too, when the account is disconnected between the first read and the lock", function()
    runtime.time = runtime.time + 3600
    local try_lock = store.try_lock
    function store:try_lock(...)
      self.data = {}
      return try_lock(self, ...)
    end
    assert.equal("no_token", select(2, make()()).code)
    assert.is_nil(next(store.locks))
  end)

  describe("whose new token could not be saved", function()
    local get

    before_each(function()
      runtime.time = runtime.time + 3600
      get = make()
      store.fail.put = outage
      assert.equal("fresh1", assert(get()).access_token)
    end)

    it("uses it all the same, and tells on_refresh", function()
      assert.same({ { "fresh1", outage.message } }, refreshed)
      assert.equal("fresh1", assert(get()).access_token)
      assert.equal(1, #grants)
    end)

    it("writes it later, over the one that it replaced", function()
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

    it("tries that rarely while the store is down", function()
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

    it("prefers it to a mark that the one which it replaced was revoked", function()
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

    it("gives it up for one that another process wrote", function()
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

  it("believes invalid_grant after it has read the store once more, and keeps the token, marked as revoked", function()
    runtime.time = runtime.time + 3600
    grant_hook = invalid_grant
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
    grant_hook = function()
      store_token(new_token("other", runtime:now()))
      return invalid_grant()
    end
    assert.equal("other", assert(make()()).access_token)
  end)

  it("does not connect an account again that was disconnected while invalid_grant was on its way", function()
    runtime.time = runtime.time + 3600
    grant_hook = function()
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
      grant_hook = late_grant(function() store_token(new_token("other", runtime:now())) end)
      local get = make()
      assert.equal("late", assert(get()).access_token)
      assert.equal("other", stored_token().access_token)
      assert.truthy(refreshed[1][2]:find("not kept", 1, true))
      assert.equal("other", assert(get()).access_token)
    end)

    it("writes when the token that it had read is still stored", function()
      grant_hook = late_grant()
      assert.equal("late", assert(make()()).access_token)
      assert.equal("late", stored_token().access_token)
      assert.same({ { "late" } }, refreshed)
    end)

    it("keeps in this process what it can't compare, and writes it later", function()
      grant_hook = late_grant(function() store.fail.get = outage end)
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

  it("requests no token when taking the lock and reading took too much of the lease", function()
    runtime.time = runtime.time + 3600
    local get = store.get
    function store:get(...)
      runtime.time = runtime.time + times.latest_request + 1
      return get(self, ...)
    end
    local none, err = make()()
    assert.is_nil(none)
    assert.equal("store", err.kind)
    assert.is_true(err.retryable)
    assert.same({}, grants)
    assert.is_nil(next(store.locks))
  end)

  for _, hours in ipairs { 1, -1 } do
    it("neither loses a token nor refreshes in a loop when the clock jumps by " .. hours .. " h", function()
      local get = make()
      assert(get())
      runtime.skew = hours * 3600
      for _ = 1, 10 do assert(get()) end
      assert.is_true(#grants <= 1)
      runtime.skew = 0
      for _ = 1, 10 do assert(get()) end
      assert.is_true(#grants <= 2)
    end)
  end

  it("returns a retryable err when another process keeps the lock for longer than its time", function()
    runtime.time = runtime.time + 3600
    store.locks[KEY] = "another process"
    local began = runtime.time
    local none, err = make()()
    assert.is_nil(none)
    assert.is_true(err.retryable)
    assert.same({}, grants)
    assert.is_true(runtime.time - began >= times.of(GRANT_TIMEOUT).lease_ttl)
  end)

  it("waits five seconds for another process's refresh with a stale token, and then uses that", function()
    runtime.time = runtime.time + 3550
    store.locks[KEY] = "another process"
    local get, began = make(), runtime.time
    assert.equal("old", assert(get()).access_token)
    assert.is_true(runtime.time - began >= 5 and runtime.time - began < 6)
    began = runtime.time
    assert.equal("old", assert(get()).access_token)
    assert.equal(began, runtime.time)
    assert.same({}, grants)
    assert.equal(1, #reported)
  end)

  it("uses another process's token as soon as that is written, without the lock", function()
    runtime.time = runtime.time + 3600
    store.locks[KEY] = "another process"
    local sleep = runtime.sleep
    function runtime:sleep(...)
      sleep(self, ...)
      store_token(new_token("other", self:now()))
    end
    assert.equal("other", assert(make()()).access_token)
    assert.same({}, grants)
  end)

  describe("with a call's deadline", function()
    it("waits for another process's lock no longer", function()
      runtime.time = runtime.time + 3600
      store.locks[KEY] = "another process"
      local get, before = make(), runtime.time
      local _, err = get(nil, runtime.time + 2.5)
      assert.equal("locked", err.code)
      assert.is_true(runtime.time - before <= 2.5, runtime.time - before .. " s")
    end)

    it("waits for another call's refresh no longer, and lets that go on", function()
      runtime.time = runtime.time + 3600
      grant_hook = function()
        runtime:sleep(10)
        return new_token("slow", runtime:now())
      end
      local get, left_at, got = make(), nil, nil
      local before = runtime.time
      runtime:together {
        function() got = get() end,
        function()
          local _, err = get(nil, before + 2)
          left_at = runtime.time
          assert.equal("timeout", err.kind)
        end,
      }
      assert.equal("slow", got.access_token)
      assert.is_true(left_at - before <= 2)
      assert.equal(1, #grants)
    end)

    it("does not make calls with more time give up", function()
      runtime.time = runtime.time + 3600
      store.locks[KEY] = "another process"
      local get, got = make(), nil
      local before = runtime.time
      runtime:together {
        function() get(nil, before + 1) end,
        function() got = get(nil, before + 60) end,
        function()
          runtime:sleep(5)
          store.locks[KEY] = nil
        end,
      }
      assert.equal("fresh1", got.access_token)
    end)
  end)

  it("waits a moment for a store that restarts", function()
    runtime.time = runtime.time + 3600
    local attempts, try_lock = 0, store.try_lock
    function store:try_lock(...)
      attempts = attempts + 1
      if attempts < 5 then return nil, errors.new { kind = "store", retryable = true, message = "restarting" } end
      return try_lock(self, ...)
    end
    assert.equal("fresh1", assert(make()()).access_token)
  end)

  it("backs off from a token endpoint that is down while its token is stale, and asks each time when it is not", function()
    runtime.time = runtime.time + 3545
    grant_hook = function() return nil, errors.new { kind = "network", retryable = true, message = "down" } end
    local get = make()
    for _ = 1, 50 do
      runtime.time = runtime.time + 1
      assert.equal("old", assert(get()).access_token)
    end
    assert.is_true(#grants >= 3 and #grants <= 6, #grants)
    assert.equal(#grants, #reported)
    runtime.time = runtime.time + 10
    local before = #grants
    for _ = 1, 3 do
      local none, err = get()
      assert.is_nil(none)
      assert.equal("network", err.kind)
    end
    assert.equal(before + 3, #grants)
  end)

  it("makes one attempt for all that wait together, and gives each an err of its own", function()
    runtime.time = runtime.time + 3600
    grant_hook = function()
      runtime:sleep(10)
      return nil, errors.new { kind = "network", retryable = true, message = "down" }
    end
    local get, calls, errs = make(), {}, {}
    for _ = 1, 50 do
      calls[#calls + 1] = function()
        local _, err = get()
        errs[#errs + 1] = err
      end
    end
    local began = runtime.time
    runtime:together(calls)
    assert.equal(1, #grants)
    assert.is_true(runtime.time - began < 12)
    assert.equal(50, #errs)
    local seen = {}
    for _, err in ipairs(errs) do
      assert.equal("network", err.kind)
      assert.is_true(errors.is(err))
      assert.is_nil(seen[err])
      seen[err] = true
    end
  end)

  describe("when something raises in a refresh", function()
    local function raise() error("a mistake", 0) end

    before_each(function() runtime.time = runtime.time + 3600 end)

    -- Each raises once; the call that follows must find neither a lock nor a flight.
    for _, case in ipairs {
      { "the grant", function() grant_hook = function() grant_hook = nil raise() end end },
      { "the runtime's clock", function()
        local now, calls = runtime.now, 0
        function runtime:now()
          calls = calls + 1
          if next(store.locks) and calls > 0 then runtime.now = now raise() end
          return now(self)
        end
      end },
      { "the count of refreshes", nil, { count = raise } },
      { "on_refresh", nil, { on_refresh = raise } },
    } do
      it("gives the lock back and raises it again: " .. case[1], function()
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
      grant_hook = function()
        runtime:sleep(1)
        grant_hook = nil
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
      it("takes it for a failure of the store in " .. name .. ", and leaves no lock behind", function()
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

  it("reports a lock that could not be given back to on_error", function()
    runtime.time = runtime.time + 3600
    store.fail.unlock = errors.new { kind = "store", message = "NOPERM this user has no permissions to run 'evalsha'" }
    assert.equal("fresh1", assert(make()()).access_token)
    assert.same({ store.fail.unlock.message }, reported)
  end)

  it("does not wait for ever for a refresh of this process whose coroutine was dropped", function()
    runtime.time = runtime.time + 3600
    grant_hook = function() coroutine.yield() end
    local dropped = coroutine.create(make())
    runtime.running = { releases = {} } -- as in a task that is never resumed
    coroutine.resume(dropped)
    runtime.running = nil
    assert.equal(1, #grants)
    store.locks = {} -- as its ttl would
    grant_hook = nil
    local get = make()
    local none, err = get()
    assert.is_nil(none)
    assert.equal("timeout", err.kind)
    assert.is_true(err.retryable)
    runtime.time = runtime.time + times.of(GRANT_TIMEOUT).detach_timeout
    assert.equal("fresh2", assert(get()).access_token)
  end)

  it("accepts an err of the store that is only a string", function()
    store.fail.get = "out of order"
    local _, err = make()()
    assert.equal("store", err.kind)
    assert.truthy(err.message:find("out of order", 1, true))
  end)
end)

describe("a source without a store", function()
  local function make(runtime, grant)
    local cache = token_cache.new { runtime = runtime, token = new_token("old", runtime:now()) }
    return source.cached(grant, cache, {
      runtime = runtime, grant_timeout = GRANT_TIMEOUT, count = function() end, on_refresh = function() end,
      on_error = function() end,
    })
  end

  it("makes one grant for many calls that are rejected at the same moment", function()
    local runtime, grants, calls = fake.new(), 0, {}
    local get = make(runtime, function()
      grants = grants + 1
      runtime:sleep(0.3)
      return new_token("fresh" .. grants, runtime:now())
    end)
    for _ = 1, 50 do calls[#calls + 1] = function() assert.equal("fresh1", assert(get("old")).access_token) end end
    runtime:together(calls)
    assert.equal(1, grants)
  end)

  it("uses an expired token that nothing can renew, for the server to judge", function()
    local runtime = fake.new()
    local cache = token_cache.new { runtime = runtime, token = assert(token.wrap { access_token = "a", expires_at = 5 }) }
    local get = source.cached(function() error "nothing to refresh with" end, cache, {
      runtime = runtime, grant_timeout = GRANT_TIMEOUT, count = function() end, on_refresh = function() end,
      on_error = function() end,
    })
    assert.equal("a", assert(get()).access_token)
    local none, err = get("a")
    assert.is_nil(none)
    assert.is_nil(err)
  end)
end)

describe("a static source", function()
  it("has no other token than the one that was rejected", function()
    local get = source.static(assert(token.fixed("key", "token")))
    assert.equal("key", get().access_token)
    assert.is_nil((get("key")))
  end)
end)

describe("the times of a refresh", function()
  it("let a repeated token request and a write end within the lease", function()
    for _, grant_timeout in ipairs { 0.5, 5, 60, 3600 } do
      local durations = times.of(grant_timeout)
      assert.is_true(times.latest_request + 2 * grant_timeout + times.write < durations.lease_ttl)
      assert.is_true(durations.max_wait.fresh == 0 and durations.max_wait.stale < durations.max_wait.invalid)
      assert.is_true(durations.max_wait.invalid > durations.lease_ttl)
      assert.is_true(durations.detach_timeout >= durations.max_wait.invalid + durations.lease_ttl)
    end
  end)
end)
