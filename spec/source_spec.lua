local errors = require "lofty.errors"
local fake = require "spec.support.fake_runtime"
local kept = require "lofty.kept"
local source = require "lofty.source"
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

  it("serves a token that could not be saved, tells, and saves it later over the one it replaced", function()
    runtime.time = runtime.time + 3600
    local ask = make()
    store.fail.put = away
    assert.equal("fresh1", assert(ask()).access_token)
    assert.equal(away, told[1][2])
    assert.equal("fresh1", assert(ask()).access_token)
    store.fail.put = nil
    assert.equal("fresh1", assert(ask()).access_token)
    assert.truthy(store.data["app/7"]:find("fresh1", 1, true))
    assert.equal(1, #grants)
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

  it("writes after its lease only over the token that it had read", function()
    runtime.time = runtime.time + 3600
    inner_answer = function()
      runtime.time = runtime.time + 100
      store_token(new_token("other", runtime:now()))
      return new_token("late", runtime:now())
    end
    assert.equal("late", assert(make()()).access_token)
    assert.truthy(store.data["app/7"]:find("other", 1, true))
    assert.equal("store", told[1][2].kind)
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
end)

describe("a source without anything to renew", function()
  it("has nothing better than what was refused", function()
    local ask = source.static(assert(token.fixed("key", "token")))
    assert.equal("key", ask().access_token)
    assert.is_nil((ask("key")))
  end)
end)
