-- SPDX-License-Identifier: MIT

-- Tokens that many processes share: refreshes at the same moment, killed processes, a Redis that restarts, lost responses.
-- bench/endurance/tokens does the same with larger numbers.
local child = require "spec.support.child"
local token_processes = require "spec.support.token_processes"
local lofty = require "lofty"
local nginx = require "lofty.sandbox.nginx"
local redis_server = require "spec.support.redis"
local sandbox = require "lofty.sandbox"
local workers = require "spec.support.token_workers"

local shell, quote = nginx.shell, nginx.quote
local ACCOUNT = "113209"

local box, redis, folder
local count = 0

local function start(rotation)
  box = sandbox.start { refresh_rotation = rotation, rate_limit = 10000000 }
  folder = shell('mktemp -d "${TMPDIR:-/tmp}/lofty-tokens.XXXXXX"')
end

local function stop()
  box:stop()
  if redis then redis:stop() end
  redis = nil
  shell("rm -rf " .. quote(folder))
end

-- A new directory or Redis database.
local function place_of(kind, more)
  count = count + 1
  local place = kind == "file" and { path = folder .. "/" .. count }
    or { redis = ("redis://127.0.0.1:%d/%d"):format(redis.port, count % 16) }
  place.timeout = 5
  for name, value in pairs(more or {}) do place[name] = value end
  return token_processes.place(box, place)
end

local function grants() return box:control("counters").grants.refresh_token or 0 end

local function fresh_start()
  box:control("reset")
  box:control("counters", { reset = true })
  if redis then redis:cli("flushall") end
end

describe("processes that share a file store", function()
  setup(function() start(true) end)
  teardown(stop)
  before_each(fresh_start)

  it("make one grant when they ask for one stale account at the same moment, where refresh tokens rotate", function()
    local place = place_of "file"
    token_processes.stale(place, { ACCOUNT })
    local sum = token_processes.ask(place, { processes = 3, coroutines = 10, calls = 10, accounts = { ACCOUNT } })
    assert.equal(30, sum.done, sum.problem)
    assert.equal(1, sum.refreshes)
    assert.equal(1, grants())
  end)
end)

describe("processes #once", function()
  for _, rotation in ipairs { false, true } do
    describe(rotation and "where refresh tokens rotate," or "where refresh tokens stay,", function()
      setup(function()
        start(rotation)
        redis = redis_server.start()
      end)
      teardown(stop)
      before_each(fresh_start)

      for _, kind in ipairs { "file", "redis" } do
        for _, clients in ipairs { "one", "each" } do
          it("with " .. (clients == "one" and "a client each" or "a client for every call")
            .. " make one grant for one stale account over " .. kind, function()
            local place = place_of(kind)
            token_processes.stale(place, { ACCOUNT })
            local sum = token_processes.ask(place, {
              processes = 3, coroutines = 10, calls = 10, accounts = { ACCOUNT }, clients = clients,
            })
            assert.equal(30, sum.done, sum.problem)
            assert.equal(1, sum.refreshes)
            assert.equal(1, grants())
            assert.equal(30, box:control("counters").requests["GET /v1.0/me"])
          end)
        end

        it("that are nginx's workers make one grant for one stale account, over a shared dict and " .. kind, function()
          local place = place_of(kind)
          token_processes.stale(place, { ACCOUNT })
          place.dict = true
          local sum = workers(place, {
            processes = 3, coroutines = 10, calls = 10, accounts = { ACCOUNT }, clients = "each",
          })
          assert.equal(30, sum.done, sum.problem)
          assert.equal(1, sum.refreshes)
          assert.equal(1, grants())
        end)

        it("make as many grants as there are stale accounts over " .. kind, function()
          local place, accounts = place_of(kind), {}
          for i = 1, 20 do accounts[i] = tostring(700000 + i) end
          token_processes.stale(place, accounts)
          local sum = token_processes.ask(place, { processes = 3, coroutines = 30, accounts = accounts })
          assert.equal(60, sum.done, sum.problem)
          assert.equal(20, grants())
          local each = box:control("counters").account_grants
          for _, account in ipairs(accounts) do assert.equal(1, each[account]) end
        end)
      end
    end)
  end
end)

describe("a lock whose holder dies #once", function()
  setup(function()
    start(true)
    redis = redis_server.start()
  end)
  teardown(stop)
  before_each(fresh_start)

  -- Starts a process that holds the lock and waits for a response that does not come; returns the function that kills it.
  local function start_holder(place)
    token_processes.stale(place, { ACCOUNT })
    box:control("fault", { method = "POST", path = "/api/user-web/oauth/token", delay = 60 })
    local holder = token_processes.gather(place, { processes = 1, coroutines = 1, accounts = { ACCOUNT } })
    holder.pipes[1]:write("go\n")
    holder.pipes[1]:flush()
    local runtime = require "lofty.runtime.curl"
    local path = "POST /api/user-web/oauth/token"
    for _ = 1, 1000 do
      if box:control("counters").faults then break end
      runtime:sleep(0.005)
    end
    assert.is_truthy(box:control("counters").faults, path)
    return function()
      shell("kill -9 " .. holder.pids[1])
      holder:stop()
    end
  end

  it("is released at once with a file store", function()
    local place = place_of "file"
    local kill = start_holder(place)
    local store, app = token_processes.open(place)
    local key = place.client_id .. "/" .. ACCOUNT
    assert.is_false(store:try_lock(key, "me", 60))
    kill()
    lofty.assert(app:client(ACCOUNT):me())
    assert.equal(1, grants())
    assert.is_true(store:try_lock(key, "me", 60))
  end)

  it("is released after its ttl in Redis", function()
    local place = place_of "redis"
    local kill = start_holder(place)
    kill()
    local store, app = token_processes.open(place)
    local key, db = place.client_id .. "/" .. ACCOUNT, place.redis:match("%d+$")
    assert.is_false(store:try_lock(key, "me", 60))
    local lock = quote("lofty:lock:" .. key)
    local left = tonumber(redis:cli("-n " .. db .. " pttl " .. lock))
    assert.is_true(left > 2 * place.timeout * 1000 and left <= (2 * place.timeout + 20) * 1000, left)
    redis:cli("-n " .. db .. " pexpire " .. lock .. " 200") -- so that the spec does not wait for it
    lofty.assert(app:client(ACCOUNT):me())
    assert.equal(1, grants())
  end)
end)

describe("a process killed in the middle of refreshes #once", function()
  it("leaves a usable token, no lock and no incomplete file", function()
    local said = child.script("bench/endurance/kill.lua", "6")
    for _, rotation in ipairs { "off", "on " } do
      local line = said:match("rotation " .. rotation .. ": 6 kills[^\n]*")
      assert.truthy(line, said)
      assert.truthy(line:find("tokens not whole: 0, locks left: 0", 1, true), line)
      if rotation == "off" then assert.truthy(line:find("accounts lost: 0", 1, true), line) end
    end
  end)
end)

describe("a Redis that restarts", function()
  setup(function()
    start(true)
    redis = redis_server.start()
  end)
  teardown(stop)
  before_each(fresh_start)

  it("fails no call with a valid token, and the next refresh finds the token again", function()
    local place = place_of "redis"
    token_processes.stale(place, { ACCOUNT })
    local _, app = token_processes.open(place)
    local crm = app:client(ACCOUNT)
    lofty.assert(crm:me())
    redis:kill()
    for _ = 1, 5 do lofty.assert(crm:me()) end
    local none, err = app:client(ACCOUNT):me()
    assert.is_nil(none)
    assert.equal("store", err.kind)
    redis:up()
    lofty.assert(app:client(ACCOUNT):me())
    box:control("expire", { account = ACCOUNT })
    lofty.assert(crm:me())
    assert.equal(2, grants())
  end)

  it("loses no token when it stops between a grant and its write", function()
    local place = place_of "redis"
    token_processes.stale(place, { ACCOUNT })
    local told = {}
    -- The runtime stops Redis between the response to the token request and the write.
    local real = require "lofty.runtime.curl"
    local runtime = setmetatable({}, { __index = real })
    function runtime.request(_, request)
      local res, err = real:request(request)
      if request.url == place.token_url then redis:kill() end
      return res, err
    end
    local _, app = token_processes.open(place, { runtime = runtime, on_refresh = function(_, err) told[#told + 1] = err or "saved" end })
    local crm = app:client(ACCOUNT)
    lofty.assert(crm:me())
    assert.equal("store", told[1].kind)
    lofty.assert(crm:me())
    redis:up()
    -- The lock of that refresh could not be released: delete it instead of waiting for its ttl.
    redis:cli("-n " .. place.redis:match("%d+$") .. " del " .. quote("lofty:lock:" .. place.client_id .. "/" .. ACCOUNT))
    for _ = 1, 200 do
      lofty.assert(crm:me())
      real:sleep(0.02)
      local text = lofty.assert(token_processes.open(place):get(place.client_id .. "/" .. ACCOUNT))
      if lofty.json.decode(text).expires_at > real:now() then break end
    end
    _, app = token_processes.open(place)
    lofty.assert(app:client(ACCOUNT):me())
    assert.equal(1, grants())
  end)
end)

describe("a POST", function()
  setup(function() start(false) end)
  teardown(stop)
  before_each(fresh_start)

  local function posts()
    local seen = 0
    for _, request in ipairs(box:journal()) do
      if request.method == "POST" and request.path == "/v1.0/notes" then seen = seen + 1 end
    end
    return seen
  end
  local NOTE = { content = "Once", isPin = false }

  before_each(function() NOTE.leadId = lofty.integer "651095960136641" end)

  it("whose connection breaks after its bytes were sent is not sent again", function()
    for _, preset in ipairs { "cut-before", "cut-after", "cut-head" } do
      box:journal(true)
      local crm = lofty.client { api_key = box.api_key, base_url = box.url }
      lofty.assert(crm:me()) -- on a connection that is kept alive libcurl would send it again
      box:control("fault", { method = "POST", path = "/v1.0/notes", preset = preset })
      local none, err = crm:post("/v1.0/notes", NOTE)
      assert.is_nil(none)
      assert.is_true(err.sent)
      assert.is_true(err.outcome_unknown)
      assert.equal(1, posts(), preset)
    end
  end)

  it("whose connection is refused is sent again, and arrives once", function()
    local real = require "lofty.runtime.curl"
    local runtime = setmetatable({}, { __index = real })
    local closed, tries = nginx.free_ports(1)[1], 0
    function runtime.request(_, request)
      tries = tries + 1
      local copy = {}
      for name, value in pairs(request) do copy[name] = value end
      if tries < 3 then copy.url = copy.url:gsub(":%d+/", ":" .. closed .. "/") end
      local res, err = real:request(copy)
      return res, err
    end
    local crm = lofty.client { api_key = box.api_key, base_url = box.url, runtime = runtime, retry = { base = 0.01 } }
    lofty.assert(crm:post("/v1.0/notes", NOTE))
    assert.equal(3, tries)
    assert.equal(2, crm:stats().retries)
    assert.equal(1, posts())
  end)

  it("of a token request whose response is lost is sent once more, at once, and the account is not lost", function()
    local place = place_of "file"
    token_processes.stale(place, { ACCOUNT })
    box:control("fault", { method = "POST", path = "/api/user-web/oauth/token", preset = "cut-after" })
    local _, app = token_processes.open(place)
    lofty.assert(app:client(ACCOUNT):me())
    assert.equal(2, grants())
  end)
end)
