-- SPDX-License-Identifier: MIT

-- Token refresh on a virtual clock: who refreshes, who waits, and for how long.
local errors = require "lofty.errors"
local fake = require "spec.support.fake_runtime"
local source = require "lofty.oauth.source"
local static_source = require "lofty.oauth.static_source"
local times = require "lofty.oauth.times"
local token = require "lofty.token"
local token_cache = require "lofty.oauth.token_cache"
local token_source = require "spec.support.token_source"

local KEY, GRANT_TIMEOUT, outage = token_source.key, token_source.grant_timeout, token_source.outage
local new_token = token_source.new_token

describe("a source over a store", function()
  local tested, runtime, store, grants, refreshed, reported

  before_each(function()
    tested = token_source.new()
    runtime, store, grants, refreshed, reported = tested.runtime, tested.store, tested.grants, tested.refreshed, tested.reported
  end)

  local function make(options) return tested:make(options) end
  local function store_token(one) tested:store_token(one) end
  local function stored_token() return tested:stored_token() end

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

  it("takes over the token of another client's refresh with its stored text, so that the next call does not read the store", function()
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

  it("reports an account that is not connected, and takes no lock for it", function()
    store.data = {}
    local none, err = make()()
    assert.is_nil(none)
    assert.equal("oauth", err.kind)
    assert.equal("no_token", err.code)
    assert.equal("7", err.account)
    assert.equal(0, store.lock_attempts)
  end)

  it("reports an account that is disconnected between the first read and the lock", function()
    runtime.time = runtime.time + 3600
    local try_lock = store.try_lock
    function store:try_lock(...)
      self.data = {}
      return try_lock(self, ...)
    end
    assert.equal("no_token", select(2, make()()).code)
    assert.is_nil(next(store.locks))
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

  it("waits five seconds for another process's refresh with a stale token, and then uses the stale token", function()
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
      tested.grant = function()
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

  it("retries the lock for a moment while the store restarts", function()
    runtime.time = runtime.time + 3600
    local attempts, try_lock = 0, store.try_lock
    function store:try_lock(...)
      attempts = attempts + 1
      if attempts < 5 then return nil, errors.new { kind = "store", retryable = true, message = "restarting" } end
      return try_lock(self, ...)
    end
    assert.equal("fresh1", assert(make()()).access_token)
  end)

  it("backs off from a token endpoint that is down while the token is stale, and tries each time once it is invalid", function()
    runtime.time = runtime.time + 3545
    tested.grant = function() return nil, errors.new { kind = "network", retryable = true, message = "down" } end
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
    tested.grant = function()
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

  it("waits no longer than its time for a refresh of this process whose coroutine was dropped", function()
    runtime.time = runtime.time + 3600
    tested.grant = function() coroutine.yield() end
    local dropped = coroutine.create(make())
    runtime.running = { releases = {} } -- as in a task that is never resumed
    coroutine.resume(dropped)
    runtime.running = nil
    assert.equal(1, #grants)
    store.locks = {} -- as its ttl would
    tested.grant = nil
    local get = make()
    local none, err = get()
    assert.is_nil(none)
    assert.equal("timeout", err.kind)
    assert.is_true(err.retryable)
    runtime.time = runtime.time + times.of(GRANT_TIMEOUT).detach_timeout
    assert.equal("fresh2", assert(get()).access_token)
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

  it("uses an expired token that it cannot refresh, and leaves the decision to the server", function()
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
    local get = static_source(assert(token.fixed("key", "token")))
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
