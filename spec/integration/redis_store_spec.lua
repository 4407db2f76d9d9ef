-- What the Redis store promises beyond the contract: logins, servers that go away and come back, and no word of a password.

local nginx = require "lofty.sandbox.nginx"
local redis = require "spec.support.redis"
local redis_store = require "lofty.store.redis"

local format = string.format

describe("redis store", function()
  local PASSWORD = "p@ss/w:rd%1"
  local ENCODED = "p%40ss%2Fw%3Ard%251"
  local server

  setup(function()
    server = redis.start {
      password = PASSWORD,
      conf = "user app on >" .. PASSWORD .. " ~lofty:* +@all\nuser reader on >reader ~* +get +ping",
    }
  end)

  teardown(function() server:stop() end)

  local function url(login, db)
    return format("redis://%s@127.0.0.1:%d%s", login or ":" .. ENCODED, server.port, db and "/" .. db or "")
  end

  local function silent(err)
    local text = tostring(err) .. err.message
    for _, word in ipairs { PASSWORD, ENCODED, "wrong" } do assert.is_nil(text:find(word, 1, true), text) end
  end

  describe("url", function()
    it("logs in with a password, or a user and a password, percent-decoded", function()
      for _, login in ipairs { ":" .. ENCODED, "app:" .. ENCODED, "default:" .. ENCODED } do
        local store = redis_store { url = url(login) }
        assert.is_true(store:put("k", login))
        assert.equal(login, store:get("k"))
      end
      local unix = redis_store { url = format("unix://:%s@%s?db=2", ENCODED, server.socket) }
      assert.is_true(unix:put("k", "two"))
      assert.equal("two", server:cli("-n 2 get lofty:token:k"))
    end)

    it("chooses a database", function()
      assert.is_true(redis_store { url = url(nil, 7) }:put("k", "seven"))
      assert.is_nil((redis_store { url = url(nil, 6) }:get("k")))
      assert.equal("seven", redis_store { url = url(nil, "7") }:get("k"))
      local value, err = redis_store { url = url(nil, 99) }:get("k")
      assert.is_nil(value)
      assert.truthy(err.message:find("DB index", 1, true), err.message)
    end)

    it("that does not open the server ends in an err that says so, without the password", function()
      for _, login in ipairs { ":wrong", "nobody:wrong", "" } do
        local store = redis_store { url = login == "" and format("redis://127.0.0.1:%d", server.port) or url(login) }
        for _ = 1, 2 do
          local value, err = store:get("k")
          assert.is_nil(value)
          assert.equal("store", err.kind)
          assert.truthy(err.message:find("password", 1, true), err.message)
          assert.truthy(err.message:find("127.0.0.1:" .. server.port, 1, true), err.message)
          silent(err)
        end
      end
    end)

    for _, case in ipairs {
      { "no url", nil }, { "no scheme", "127.0.0.1:6379" }, { "another scheme", "http://:wrong@127.0.0.1" },
      { "a password without its colon", "redis://wrong@127.0.0.1" },
      { "a user without a password", "redis://app:@127.0.0.1" },
      { "a password with a bare @", "redis://:wr@ong/wrong@127.0.0.1" },
      { "a bare %", "redis://:wrong%zz@127.0.0.1" },
      { "a port that is no number", "redis://:wrong@127.0.0.1:wrong" }, { "port 0", "redis://127.0.0.1:0" },
      { "port 65536", "redis://127.0.0.1:65536" }, { "a database that is no number", "redis://127.0.0.1/wrong" },
      { "a relative path", "unix://run/redis.sock" }, { "TLS, which hiredis has not", "rediss://:wrong@127.0.0.1" },
    } do
      it("refuses " .. case[1], function()
        local ok, why = pcall(redis_store, { url = case[2] })
        assert.is_false(ok)
        assert.truthy(why:find("lofty.store.redis: ", 1, true), why)
        assert.is_nil(why:find("wrong", 1, true), why)
      end)
    end
  end)

  it("says where it found nobody, and that another try may help", function()
    local port = nginx.free_ports(1)[1]
    for _, place in ipairs { "redis://:" .. ENCODED .. "@127.0.0.1:" .. port, "unix:///nowhere/redis.sock" } do
      local value, err = redis_store { url = place }:get("k")
      assert.is_nil(value)
      assert.truthy(err.message:find("cannot connect", 1, true), err.message)
      assert.is_true(err.retryable)
      silent(err)
    end
  end)

  it("does not recite a token that the server refused with its arguments", function()
    local odd = redis.start { conf = 'rename-command SET ""' }
    local ok, err = redis_store { url = "unix://" .. odd.socket }:put("k", "secret-token")
    odd:stop()
    assert.is_nil(ok)
    assert.truthy(err.message:find("unknown command", 1, true), err.message)
    assert.is_nil(err.message:find("secret", 1, true), err.message)
  end)

  it("says what a user may not do", function()
    local ok, err = redis_store { url = url("reader:reader") }:put("k", "v")
    assert.is_nil(ok)
    assert.truthy(err.message:find("NOPERM", 1, true), err.message)
    assert.is_nil(err.retryable)
  end)

  describe("over a connection that is dead,", function()
    local store
    before_each(function()
      store = redis_store { url = url() }
      server:cli("flushall")
      assert.is_true(store:put("k", "v"))
    end)

    for _, case in ipairs {
      { "get", function() assert.equal("v", store:get("k")) end },
      { "put", function() assert.is_true(store:put("k", "new")) assert.equal("new", store:get("k")) end },
      { "delete", function() assert.is_true(store:delete("k")) assert.is_nil((store:get("k"))) end },
      { "keys", function() assert.same({ "k" }, store:keys()) end },
      { "try_lock", function() assert.is_true(store:try_lock("k", "one", 60)) end },
      { "unlock", function() assert.is_false(store:unlock("k", "one")) end },
      { "take", function() assert.equal(0, store:take("k", 5, 60)) end },
    } do
      it(case[1] .. " takes a new one", function()
        server:cli("client kill type normal skipme yes")
        case[2]()
      end)
    end

    it("a lock that was taken just before it broke is known as ours", function()
      -- The first answer is lost: the command is done, and its connection closed under it.
      local wire = store.wire
      local run, lost = wire.run, false
      wire.run = function(self, command, again)
        local reply, why, kept = run(self, command, again)
        if command[1] == "SET" and not lost then
          lost = true
          return nil, "broken", true
        end
        return reply, why, kept
      end
      assert.is_true(store:try_lock("k", "one", 60))
      assert.is_true(lost)
      lost = false
      assert.is_false(store:try_lock("k", "two", 60))
    end)
  end)

  it("goes on when the server is restarted, with what it has on disk", function()
    local store = redis_store { url = url() }
    server:cli("flushall")
    assert.is_true(store:put("k", "v"))
    assert.is_true(store:try_lock("k", "one", 60))
    assert.equal(0, store:take("app", 5, 60))
    assert.is_false(store:unlock("k", "two"))
    server:down()
    local value, err = store:get("k")
    assert.is_nil(value)
    assert.is_true(err.retryable)
    silent(err)
    server:up()
    assert.equal("v", store:get("k"))
    assert.is_false(store:try_lock("k", "two", 60))
    assert.equal(0, store:take("app", 5, 60)) -- its script is told again
    assert.is_true(store:unlock("k", "one"))
    server:kill()
    server:up()
    assert.equal("v", store:get("k"))
  end)

  it("does not wait longer than it was told for a server that is stopped", function()
    local store = redis_store { url = url(), timeout = 0.2 }
    assert.is_true(store:put("k", "v"))
    nginx.shell("kill -STOP " .. server.pid)
    local value, err = store:get("k")
    nginx.shell("kill -CONT " .. server.pid)
    assert.is_nil(value)
    assert.is_true(err.retryable)
    assert.equal("v", store:get("k"))
  end)

  it("never grants more than the limit in any window, and tells when the next is free", function()
    local store = redis_store { url = url() }
    local function times() return server:cli("lrange lofty:budget:app 0 -1") end
    server:cli("del lofty:budget:app")
    for _ = 1, 3 do assert.equal(0, store:take("app", 3, 60)) end
    -- As if the first two calls had been 59 and 31 seconds ago.
    local newest = tonumber(times():match("%d+"))
    server:cli(format("del lofty:budget:app"))
    server:cli(format("rpush lofty:budget:app %.0f %.0f %.0f", newest, newest - 31e6, newest - 59e6))
    local seconds = store:take("app", 3, 60)
    assert.truthy(seconds > 0 and seconds <= 1, tostring(seconds))
    assert.equal(0, store:take("app", 4, 60))
    -- A clock that was set back by an hour makes nobody wait for an hour.
    server:cli("del lofty:budget:app")
    server:cli(format("rpush lofty:budget:app %.0f %.0f", newest + 3600e6, newest + 3599e6))
    assert.equal(0, store:take("app", 2, 60))
    assert.is_nil(times():find("\n", 1, true))
  end)

  describe("in nginx", function()
    -- nginx's world, played: what the client library is asked, in order.
    local function played(version, script)
      local asked, fake = {}, { _VERSION = version }
      local loaded = {}
      for _, name in ipairs { "resty.redis", "nginx.redis", "lofty.store.redis" } do
        loaded[name] = package.loaded[name]
        package.loaded[name] = nil
      end
      package.loaded["resty.redis"] = fake
      rawset(_G, "ngx", { socket = {} })
      function fake.new() return setmetatable({}, { __index = function(_, name)
        return function(_, ...)
          asked[#asked + 1] = { name, ... }
          if script[name] then return script[name](...) end
          return "OK"
        end
      end }) end
      local made, store = pcall(require "lofty.store.redis", script.options)
      rawset(_G, "ngx", nil)
      for name in pairs { ["resty.redis"] = 1, ["nginx.redis"] = 1, ["lofty.store.redis"] = 1 } do
        package.loaded[name] = loaded[name]
      end
      return made, store, asked
    end

    local function words(asked)
      local list = {}
      for index, call in ipairs(asked) do list[index] = call[1] end
      return table.concat(list, " ")
    end

    it("logs in on new connections alone, and keeps them apart by where they lead", function()
      local reused = 0
      local _, store, asked = played("0.27", {
        options = { url = "redis://app:secret@h:1/2", idle = 5, connections = 3, timeout = 1.5 },
        get_reused_times = function() return reused end,
      })
      assert.equal("OK", store:get("k"))
      assert.equal("set_timeout connect get_reused_times auth select get set_keepalive", words(asked))
      assert.same({ "set_timeout", 1500 }, asked[1])
      assert.same({ "h", 1, { pool = "lofty|h:1|2|app|" } }, { asked[2][2], asked[2][3], asked[2][4] })
      assert.same({ "auth", "app", "secret" }, asked[4])
      assert.same({ "set_keepalive", 5000, 3 }, asked[7])
      reused = 1
      assert.equal("OK", store:get("k"))
      assert.truthy(words(asked):find("set_keepalive set_timeout connect get_reused_times get set_keepalive$"))
    end)

    it("takes a new connection when the kept one is dead, once", function()
      local reused = 1
      local _, store, asked = played("0.27", {
        options = { url = "redis://h:1" },
        get_reused_times = function() return reused end,
        get = function()
          reused = 0
          return nil, "closed"
        end,
      })
      local value, err = store:get("k")
      assert.is_nil(value)
      assert.is_true(err.retryable)
      local pools = {}
      for _, call in ipairs(asked) do
        if call[1] == "connect" then pools[#pools + 1] = call[4].pool end
      end
      assert.equal(2, #pools)
      assert.not_equal(pools[1], pools[2])
      assert.is_nil(words(asked):find("set_keepalive", 1, true))
    end)

    it("does TLS where the library can, and never in clear", function()
      local made, why = played("0.27", { options = { url = "rediss://:secret@h:1" } })
      assert.is_false(made)
      assert.truthy(why:find("in clear", 1, true), why)
      assert.is_nil(why:find("secret", 1, true), why)
      local _, store, asked = played("0.29", { options = { url = "rediss://:secret@h:1" } })
      assert.equal("OK", store:get("k"))
      assert.same({ pool = "lofty|h:1|0||tls", ssl = true, ssl_verify = true, server_name = "h" }, asked[2][4])
    end)
  end)
end)
