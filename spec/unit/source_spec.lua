local errors = require "lofty.errors"
local fake = require "spec.support.fake_runtime"
local kept = require "lofty.oauth.token_cache"
local source = require "lofty.oauth.source"
local token = require "lofty.token"

local function new_token(name, now, life)
  return assert(token.read({ access_token = name, refresh_token = "r-" .. name, expires_in = life or 3600 }, now, nil, nil))
end

-- A store that is a table, with the failures that a case asks for.
local function table_store()
  local store = { data = {}, locks = {}, fail = {}, reads = 0, puts = 0 }
  function store:get(key)
    self.reads = self.reads + 1
    if self.fail.get then return nil, self.fail.get end
    return self.data[key]
  end
  function store:put(key, text)
    if self.fail.put then return nil, self.fail.put end
    self.puts = self.puts + 1
    self.data[key] = text
    return true
  end
  function store:try_lock(key, owner)
    if self.fail.lock then return nil, self.fail.lock end
    if self.locks[key] and self.locks[key] ~= owner then return false end
    self.locks[key] = owner
    return true
  end
  function store:unlock(key, owner)
    if self.locks[key] == owner then self.locks[key] = nil end
    return true
  end
  return store
end

local away = errors.new { kind = "store", message = "the store is away" }

describe("a source under a lock", function()
  local runtime, store, grants, told, inner_answer

  local function make()
    local where = kept.stored(store, "app/7", "7")
    return source.locked(function(_, held)
      grants[#grants + 1] = held.refresh_token
      if inner_answer then return inner_answer(held) end
      runtime:sleep(0.2)
      return new_token("fresh" .. #grants, runtime:now())
    end, where, {
      runtime = runtime, grant_timeout = 10, account = "7", refreshed = function() end,
      on_refresh = function(fresh, err) told[#told + 1] = { fresh.access_token, err } end,
    })
  end

  local function store_token(held)
    assert(kept.stored(store, "app/7", "7"):write(held))
  end

  before_each(function()
    runtime, store, grants, told, inner_answer = fake.new(), table_store(), {}, {}, nil
    store_token(new_token("old", runtime:now()))
  end)

  it("serves a token that is good without a grant", function()
    assert.equal("old", assert(make()()).access_token)
    assert.same({}, grants)
  end)

  it("refreshes one near its end, stores it and tells", function()
    runtime.time = runtime.time + 3550
    assert.equal("fresh1", assert(make()()).access_token)
    assert.same({ "r-old" }, grants)
    assert.same({ { "fresh1" } }, told)
    assert.truthy(store.data["app/7"]:find("fresh1", 1, true))
    assert.is_nil(next(store.locks))
  end)

  it("refreshes one that was refused, though its end is far", function()
    assert.equal("fresh1", assert(make()("old")).access_token)
  end)

  it("makes one grant for 400 that ask at the same moment, of 8 sources", function()
    runtime.time = runtime.time + 3600
    local got, asks = {}, {}
    for _ = 1, 8 do
      local ask = make()
      for _ = 1, 50 do
        asks[#asks + 1] = function()
          local name = assert(ask()).access_token
          got[#got + 1] = name
        end
      end
    end
    runtime:together(asks)
    assert.equal(400, #got)
    for _, name in ipairs(got) do assert.equal("fresh1", name) end
    assert.equal(1, #grants)
  end)

  it("takes a failed read for an error, never for no token", function()
    local ask = make()
    store.fail.get = away
    local t, err = ask()
    assert.is_nil(t)
    assert.equal("store", err.kind)
    assert.same({}, grants)
  end)

  it("says that an account was never connected", function()
    store.data = {}
    local t, err = make()()
    assert.is_nil(t)
    assert.equal("oauth", err.kind)
    assert.equal("no_token", err.code)
    assert.equal("7", err.account)
  end)

  describe("a token that could not be saved", function()
    local ask

    before_each(function()
      runtime.time = runtime.time + 3600
      ask = make()
      store.fail.put = away
      assert.equal("fresh1", assert(ask()).access_token)
    end)

    it("serves all the same, and somebody is told", function()
      assert.equal(away, told[1][2])
      assert.equal("fresh1", assert(ask()).access_token)
      assert.equal(1, #grants)
    end)

    it("is saved later, over the one that it replaced", function()
      store.fail.put = nil
      runtime.time = runtime.time + 2
      assert.equal("fresh1", assert(ask()).access_token)
      assert.truthy(store.data["app/7"]:find("fresh1", 1, true))
      assert.equal(1, #grants)
      local reads = store.reads
      assert(ask())
      assert.equal(reads, store.reads)
    end)

    it("is tried rarely while the store is away", function()
      local reads = store.reads
      for _ = 1, 600 do
        runtime.time = runtime.time + 0.1
        assert.equal("fresh1", assert(ask()).access_token)
      end
      assert.is_true(store.reads - reads <= 8)
    end)

    it("wins over a mark that the one it replaced was revoked", function()
      store.fail.put = nil
      local marked = assert(kept.stored(store, "app/7", "7"):read())
      marked.revoked_at = runtime:now()
      store_token(marked)
      runtime.time = runtime.time + 2
      assert.equal("fresh1", assert(ask()).access_token)
      local held = assert(kept.stored(store, "app/7", "7"):read())
      assert.equal("fresh1", held.access_token)
      assert.is_nil(held.revoked_at)
    end)

    it("gives way to what another process wrote", function()
      store.fail.put = nil
      store_token(new_token("other", runtime:now()))
      runtime.time = runtime.time + 2
      assert.equal("other", assert(ask()).access_token)
      assert.truthy(store.data["app/7"]:find("other", 1, true))
    end)

    it("does not bring an account back that was disconnected", function()
      store.fail.put = nil
      store.data = {}
      runtime.time = runtime.time + 2
      local _, err = ask()
      assert.equal("no_token", err.code)
      assert.same({}, store.data)
    end)
  end)

  it("tries a write again for a moment, for there may be no other copy", function()
    runtime.time = runtime.time + 3600
    local failures, put = 0, store.put
    function store:put(key, text)
      failures = failures + 1
      if failures < 3 then return nil, away end
      return put(self, key, text)
    end
    assert.equal("fresh1", assert(make()()).access_token)
    assert.same({ { "fresh1" } }, told)
    assert.truthy(store.data["app/7"]:find("fresh1", 1, true))
  end)

  it("goes on with a token that is valid when the store is away", function()
    local ask = make()
    runtime.time = runtime.time + 3550
    assert(kept.stored(store, "app/7", "7"):read())
    ask("nothing")
    runtime.time = runtime.time + 3550
    store.fail.lock = away
    assert.equal("fresh1", assert(ask()).access_token)
    runtime.time = runtime.time + 60
    local t, err = ask()
    assert.is_nil(t)
    assert.equal("store", err.kind)
  end)

  local function invalid_grant()
    return nil, errors.new { kind = "oauth", code = "invalid_grant", status = 400, message = "no" }
  end

  it("believes invalid_grant after one more look, marks the token and keeps it", function()
    runtime.time = runtime.time + 3600
    inner_answer = invalid_grant
    local ask = make()
    local t, err = ask()
    assert.is_nil(t)
    assert.equal("oauth", err.kind)
    assert.equal("7", err.account)
    local marked = assert(kept.stored(store, "app/7", "7"):read())
    assert.truthy(marked.revoked_at)
    assert.equal("r-old", marked.refresh_token)
    t, err = ask()
    assert.is_nil(t)
    assert.equal("invalid_grant", err.code)
    assert.equal(1, #grants)
  end)

  it("takes what another wrote while invalid_grant was on its way", function()
    runtime.time = runtime.time + 3600
    inner_answer = function()
      store_token(new_token("other", runtime:now()))
      return invalid_grant()
    end
    assert.equal("other", assert(make()()).access_token)
  end)

  it("does not bring an account back that was disconnected while invalid_grant was on its way", function()
    runtime.time = runtime.time + 3600
    inner_answer = function()
      store.data = {}
      return invalid_grant()
    end
    local _, err = make()()
    assert.equal("invalid_grant", err.code)
    assert.same({}, store.data)
  end)

  it("writes after its lease only over the token that it had read", function()
    runtime.time = runtime.time + 3600
    inner_answer = function()
      runtime.time = runtime.time + 100
      store_token(new_token("other", runtime:now()))
      return new_token("late", runtime:now())
    end
    local ask = make()
    assert.equal("late", assert(ask()).access_token)
    assert.truthy(store.data["app/7"]:find("other", 1, true))
    assert.equal("store", told[1][2].kind)
    assert.equal("other", assert(ask()).access_token)
  end)

  it("writes after its lease when the token that it had read still stands there", function()
    runtime.time = runtime.time + 3600
    inner_answer = function()
      runtime.time = runtime.time + 100
      return new_token("late", runtime:now())
    end
    assert.equal("late", assert(make()()).access_token)
    assert.truthy(store.data["app/7"]:find("late", 1, true))
    assert.same({ { "late" } }, told)
  end)

  it("keeps in mind what it can't compare after its lease, and writes it later", function()
    runtime.time = runtime.time + 3600
    inner_answer = function()
      runtime.time = runtime.time + 100
      store.fail.get = away
      return new_token("late", runtime:now())
    end
    local ask = make()
    assert.equal("late", assert(ask()).access_token)
    assert.equal(away, told[1][2])
    assert.is_nil(store.data["app/7"]:find("late", 1, true))
    store.fail.get = nil
    runtime.time = runtime.time + 2
    assert.equal("late", assert(ask()).access_token)
    assert.truthy(store.data["app/7"]:find("late", 1, true))
  end)

  it("sends nothing when taking the lock and reading took too much of its lease", function()
    runtime.time = runtime.time + 3600
    local get = store.get
    function store:get(...)
      runtime.time = runtime.time + 11
      return get(self, ...)
    end
    local t, err = make()()
    assert.is_nil(t)
    assert.equal("store", err.kind)
    assert.is_true(err.retryable)
    assert.same({}, grants)
    assert.is_nil(next(store.locks))
  end)

  it("raises what on_refresh raises, with the token kept and the lock free", function()
    runtime.time = runtime.time + 3600
    local ask = source.locked(function() return new_token("fresh", runtime:now()) end, kept.stored(store, "app/7", "7"), {
      runtime = runtime, grant_timeout = 10, refreshed = function() end, on_refresh = function() error("mine", 0) end,
    })
    local ok, raised = pcall(ask)
    assert.is_false(ok)
    assert.equal("mine", raised)
    assert.equal("fresh", assert(ask()).access_token)
    assert.is_nil(next(store.locks))
  end)

  for _, hours in ipairs { 1, -1 } do
    it("neither loses a token nor refreshes in a loop when the clock jumps by " .. hours .. " h", function()
      local ask = make()
      assert(ask())
      runtime.skew = hours * 3600
      for _ = 1, 10 do assert(ask()) end
      assert.is_true(#grants <= 1)
      runtime.skew = 0
      for _ = 1, 10 do assert(ask()) end
      assert.is_true(#grants <= 2)
    end)
  end

  it("gives up on a lock that nobody frees with an error that may be tried again", function()
    runtime.time = runtime.time + 3600
    store.locks["app/7"] = "somebody"
    local t, err = make()()
    assert.is_nil(t)
    assert.is_true(err.retryable)
    assert.same({}, grants)
  end)

  it("waits five seconds for another's refresh when its token still serves, then goes on with that", function()
    runtime.time = runtime.time + 3550
    store.locks["app/7"] = "somebody"
    local ask, began = make(), runtime.time
    assert.equal("old", assert(ask()).access_token)
    assert.is_true(runtime.time - began < 6)
    began = runtime.time
    assert.equal("old", assert(ask()).access_token)
    assert.equal(began, runtime.time)
    assert.same({}, grants)
  end)

  it("waits a moment for a store that restarts", function()
    runtime.time = runtime.time + 3600
    local tries, try_lock = 0, store.try_lock
    function store:try_lock(...)
      tries = tries + 1
      if tries < 5 then return nil, errors.new { kind = "store", retryable = true, message = "restarting" } end
      return try_lock(self, ...)
    end
    assert.equal("fresh1", assert(make()()).access_token)
  end)

  it("asks a token endpoint that is away rarely while its token serves, and each time when it does not", function()
    runtime.time = runtime.time + 3545
    inner_answer = function() return nil, errors.new { kind = "network", retryable = true, message = "away" } end
    local ask = make()
    for _ = 1, 50 do
      runtime.time = runtime.time + 1
      assert.equal("old", assert(ask()).access_token)
    end
    assert.is_true(#grants >= 3 and #grants <= 6, #grants)
    runtime.time = runtime.time + 10
    local before = #grants
    for _ = 1, 3 do
      local t, err = ask()
      assert.is_nil(t)
      assert.equal("network", err.kind)
    end
    assert.equal(before + 3, #grants)
  end)

  it("makes one attempt for all that wait together, and its failure is each one's own", function()
    runtime.time = runtime.time + 3600
    inner_answer = function()
      runtime:sleep(10)
      return nil, errors.new { kind = "network", retryable = true, message = "away" }
    end
    local ask, asks, errs = make(), {}, {}
    for _ = 1, 50 do
      asks[#asks + 1] = function()
        local _, err = ask()
        errs[#errs + 1] = err
      end
    end
    local began = runtime.time
    runtime:together(asks)
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

  it("does not wait for ever for an attempt of this process that was dropped", function()
    runtime.time = runtime.time + 3600
    local ask = make()
    inner_answer = function() error("dropped in the middle", 0) end
    assert.is_false(pcall(ask))
    store.locks = {} -- as its ttl would
    inner_answer = nil
    assert.equal("fresh2", assert(ask()).access_token)
  end)

  for _, name in ipairs { "get", "put", "try_lock", "unlock" } do
    it("takes what a store raises in " .. name .. " for its failure, and leaves no lock behind", function()
      runtime.time = runtime.time + 3600
      local method, broken = store[name], true
      store[name] = function(...)
        if broken then error("a mistake of the store's") end
        return method(...)
      end
      local t, err = make()()
      local failure = err or told[1][2]
      if name ~= "unlock" then
        assert.equal("store", failure.kind)
        assert.truthy(failure.message:find("a mistake of the store's", 1, true))
        assert.equal("7", failure.account)
        assert.is_false(failure.sent)
        assert.is_nil(next(store.locks))
      end
      assert.equal(name == "put" or name == "unlock", t ~= nil)
      broken = false
      store.locks = {}
      assert(make()())
    end)
  end

  it("takes an err that is only a word", function()
    store.fail.get = "out of order"
    local _, err = make()()
    assert.equal("store", err.kind)
    assert.truthy(err.message:find("out of order", 1, true))
  end)
end)

describe("a source in this process alone", function()
  local function make(runtime, inner)
    return source.locked(inner, kept.memory(runtime, new_token("old", runtime:now())), {
      runtime = runtime, grant_timeout = 10, refreshed = function() end, on_refresh = function() end,
    })
  end

  it("makes one grant for many that are refused at the same moment", function()
    local runtime, grants, asks = fake.new(), 0, {}
    local ask = make(runtime, function()
      grants = grants + 1
      runtime:sleep(0.3)
      return new_token("fresh" .. grants, runtime:now())
    end)
    for _ = 1, 50 do asks[#asks + 1] = function() assert.equal("fresh1", assert(ask("old")).access_token) end end
    runtime:together(asks)
    assert.equal(1, grants)
  end)

  it("frees the lock of a coroutine that was dropped after its time", function()
    local runtime = fake.new()
    local held = kept.memory(runtime)
    assert.is_true(held:try_lock("one", 30))
    assert.is_false(held:try_lock("one", 30), "no lock is re-entrant")
    assert.is_false(held:try_lock("two", 30))
    runtime.time = runtime.time + 31
    assert.is_true(held:try_lock("two", 30))
    held:unlock("one")
    assert.is_false(held:try_lock("three", 30))
  end)

  it("serves a stale token that nothing can renew, for the server to judge", function()
    local runtime = fake.new()
    local ask = make(runtime, function() return nil end)
    runtime.time = runtime.time + 7200
    assert.equal("old", assert(ask()).access_token)
    local t, err = ask("old")
    assert.is_nil(t)
    assert.is_nil(err)
  end)
end)

describe("a source without anything to renew", function()
  it("has nothing better than what was refused", function()
    local ask = source.static(assert(token.fixed("key", "token")))
    assert.equal("key", ask().access_token)
    assert.is_nil((ask("key")))
  end)
end)
