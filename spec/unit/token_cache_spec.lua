-- SPDX-License-Identifier: MIT

-- Tokens in a store: as JSON, plain or sealed, and what is read back.
local core = require "lofty.core"
local crypto = require "lofty.crypto"
local errors = require "lofty.errors"
local fake = require "spec.support.fake_runtime"
local token_cache = require "lofty.oauth.token_cache"
local token_response = require "lofty.oauth.token_response"
local lofty = require "lofty"

local KEY, OTHER = ("k"):rep(32), ("q"):rep(32)

local function new_token(name)
  return assert(token_response.read({
    access_token = name .. "+/=", refresh_token = "r-" .. name, expires_in = 3600, scope = "openApi",
    app_info = { limits = core.array {}, name = "ä\0" },
  }, 1000000))
end

-- The cache of an account's token in a store; its clock stands still but for its waits.
local function cache_of(store, account, seal_key)
  return token_cache.new {
    runtime = fake.new(), store = store, key = token_cache.key("app", account), account = account,
    seal_key = seal_key and function() return seal_key end,
  }
end

describe("a stored token", function()
  local store
  before_each(function() store = lofty.store.memory() end)

  it("is read as it was written", function()
    local new = new_token("a")
    for _, key in ipairs { KEY, false } do
      assert.is_true(cache_of(store, "7", key or nil):replace(new))
      local stored = assert(cache_of(store, "7", key or nil):get())
      assert.same(new, stored)
      assert.equal("Bearer a+/=", stored:authorization())
    end
  end)

  it("is not readable in the store when it is sealed", function()
    assert.is_true(cache_of(store, "7", KEY):replace(new_token("secret")))
    local text = store:get("app/7")
    for _, word in ipairs { "secret", "access_token", "Bearer" } do assert.is_nil(text:find(word, 1, true)) end
  end)

  for _, case in ipairs {
    { "sealed with another key", KEY, OTHER, "is encryption_key the one it was sealed with" },
    { "sealed, and there is no key", KEY, nil, "lofty.app needs its encryption_key" },
    { "plain, and there is a key", nil, KEY, "it is not sealed" },
  } do
    it("is not read, and stays as it is, when it is " .. case[1], function()
      assert.is_true(cache_of(store, "7", case[2]):replace(new_token("secret")))
      local text = store:get("app/7")
      local stored, _, err = cache_of(store, "7", case[3]):get()
      assert.is_nil(stored)
      assert.equal("store", err.kind)
      assert.equal("7", err.account)
      assert.is_false(err.sent)
      assert.truthy(err.message:find(case[4], 1, true), err.message)
      assert.is_nil(err.message:find("secret", 1, true))
      assert.equal(text, store:get("app/7"))
    end)
  end

  for _, case in ipairs {
    { "damaged", function(text) return text:sub(1, -2) .. string.char((text:byte(-1) + 1) % 256) end },
    { "cut short", function(text) return text:sub(1, 20) end },
    { "empty", function() return "" end },
    { "another account's", function() return store:get("app/8") end },
  } do
    it("is not read when it is sealed and " .. case[1], function()
      for _, account in ipairs { "7", "8" } do
        assert.is_true(cache_of(store, account, KEY):replace(new_token(account)))
      end
      store:put("app/7", case[2](store:get("app/7")))
      local stored, _, err = cache_of(store, "7", KEY):get()
      assert.is_nil(stored)
      assert.equal("store", err.kind)
    end)
  end

  for _, text in ipairs { "", "null", "[]", "{}", "5", '{"access_token":5}', '{"access_token":"a b\\u0000"}', "{",
                          '{"access_token":"x","expires_at":"soon"}' } do
    it("is not read when it is " .. (text == "" and "nothing" or text), function()
      store:put("app/7", text)
      local stored, _, err = cache_of(store, "7"):get()
      assert.is_nil(stored)
      assert.equal("store", err.kind)
    end)
  end

  it("is sealed by the loop of lofty.app's documentation, which may run twice", function()
    local options = { client_id = "app", client_secret = "s", store = store }
    for _, account in ipairs { "7", "8" } do
      assert.is_true(cache_of(store, account):replace(new_token(account)))
    end
    for _ = 1, 2 do
      for _, key in ipairs(store:keys()) do
        local text = store:get(key, true)
        if lofty.json.decode(text) then store:put(key, crypto.seal(KEY, text, key)) end
      end
    end
    options.encryption_key = KEY
    assert.same({ "7", "8" }, lofty.app(options):accounts())
    assert.equal("7+/=", assert(cache_of(store, "7", KEY):get()).access_token)
  end)

  it("is sealed with an encryption_key that no tostring and no field of the application shows", function()
    local app = lofty.app { client_id = "app", client_secret = "hidden", store = store, encryption_key = KEY }
    local function search(value, depth)
      if type(value) == "string" then
        assert.is_nil(value:find(KEY, 1, true))
        assert.is_nil(value:find("hidden", 1, true))
      elseif type(value) == "table" and depth < 4 then
        for name, field in pairs(value) do
          search(name, depth + 1)
          search(field, depth + 1)
        end
      end
    end
    search(app, 0)
    search(tostring(app), 0)
    search(app:client("7"), 0)
  end)
end)

describe("the details of accounts", function()
  local DAY = 86400
  local store, app
  local now = 1700000000

  local function put(account, fields)
    local one = { access_token = "a-" .. account, account = account }
    for name, value in pairs(fields) do one[name] = value end
    store:put("c/" .. account, assert(lofty.json.encode(one)))
  end

  before_each(function()
    store = lofty.store.memory()
    local runtime = require("spec.support.fake_runtime").new()
    runtime.time = now
    app = lofty.app { client_id = "c", client_secret = "s", store = store, runtime = runtime }
    put("1", { connected_at = 1, obtained_at = 2, refresh_expires_at = now + 30 * DAY })
    put("2", { refresh_expires_at = now + 10 * DAY })
    put("3", { refresh_expires_at = now - DAY })
    put("4", { refresh_expires_at = now + DAY, revoked_at = 5 })
    put("5", {})
  end)

  it("are the times of each token, and no secret", function()
    local list = assert(app:accounts { details = true })
    assert.same({ account = "1", connected_at = 1, refreshed_at = 2, refresh_expires_at = now + 30 * DAY }, list[1])
    assert.same({ account = "4", refresh_expires_at = now + DAY, revoked_at = 5 }, list[4])
    assert.same({ account = "5" }, list[5])
  end)

  it("report a token that can't be read, and are an err when the store can't be read", function()
    store:put("c/6", "{")
    local list = assert(app:accounts { details = true })
    assert.equal("6", list[6].account)
    assert.equal("unreadable", list[6].err.code)
    function store.get() return nil, "no route" end
    local none, err = app:accounts { details = true }
    assert.is_nil(none)
    assert.equal("store", err.kind)
  end)

  it("list the accounts that have to connect again within some days, soonest first", function()
    local function expiring(days)
      local names = {}
      for i, one in ipairs(assert(app:expiring(days))) do names[i] = one.account end
      return table.concat(names, " ")
    end
    assert.equal("3", expiring(0))
    assert.equal("3 2", expiring(10))
    assert.equal("3 2 1", expiring(30.5))
    for _, days in ipairs { "10", -1, 0 / 0 } do
      assert.error_matches(function() app:expiring(days) end, "a number of days expected")
    end
  end)
end)

describe("a user's own store", function()
  for _, raises in ipairs { true, false } do
    it("that " .. (raises and "raises" or "returns a string") .. " in keys() makes accounts() return an err", function()
      local store = lofty.store.memory()
      function store.keys()
        if raises then error("no keys", 0) end
        return nil, "no keys"
      end
      local list, err = lofty.app { client_id = "c", client_secret = "s", store = store }:accounts()
      assert.is_nil(list)
      assert.equal("store", err.kind)
      assert.truthy(err.message:find("no keys", 1, true))
    end)
  end

  it("gives an err that shows neither the old token nor the new one, whoever made it", function()
    local store = lofty.store.memory()
    assert(cache_of(store, "7"):replace(new_token("old-secret")))
    for _, how in ipairs { "our err", "a string", "raised" } do
      local cache = cache_of(store, "7")
      local old = assert(cache:get())
      local raw
      function store.put(_, _, text)
        raw = "failing row contains " .. text .. " instead of " .. old.refresh_token
        if how == "our err" then return nil, errors.new { kind = "store", retryable = true, message = raw } end
        if how == "a string" then return nil, raw end
        error(raw, 0)
      end
      local ok, err = cache:replace(new_token("new-secret"))
      store.put = nil
      assert.is_nil(ok)
      assert.truthy(raw:find("new-secret", 1, true) and raw:find("old-secret", 1, true))
      assert.equal("7", err.account)
      assert.equal(how == "our err" or nil, err.retryable)
      assert.truthy(err.message:find("failing row", 1, true))
      assert.is_nil(err.message:find("secret", 1, true), err.message)
    end
  end)

  it("keeps its own err unchanged", function()
    local store, own = lofty.store.memory(), errors.new { kind = "store", message = "down" }
    function store.get() return nil, own end
    local _, _, err = cache_of(store, "7"):get()
    assert.equal("down", err.message)
    assert.not_equal(own, err)
    assert.is_nil(own.account)
  end)
end)

describe("a token's key", function()
  it("differs for every pair of client id and account", function()
    local seen = {}
    for _, pair in ipairs {
      { "a", "b/c" }, { "a/b", "c" }, { "a", "b%2Fc" }, { "a%2Fb", "c" }, { "a/", "b" }, { "a", "/b" }, { "a", "//b" },
    } do
      local key = token_cache.key(pair[1], pair[2])
      assert.is_nil(seen[key], key)
      seen[key] = true
    end
    assert.equal("app/113209", token_cache.key("app", "113209"))
  end)

  it("leads back to the account", function()
    local store = lofty.store.memory()
    for _, account in ipairs { "b/c", "7", "a b", "%41" } do store:put(token_cache.key("a/b", account), "x") end
    store:put(token_cache.key("a", "b/c"), "x")
    store:put("a%2Fb//" .. ("0"):rep(64), "x") -- that of a LOFTY_REFRESH_TOKEN
    local accounts = assert(token_cache.accounts(store, "a/b"))
    table.sort(accounts)
    assert.same({ "%41", "7", "a b", "b/c" }, accounts)
  end)
end)
