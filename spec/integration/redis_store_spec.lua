-- SPDX-License-Identifier: MIT

-- What the Redis store promises beyond the contract: logins, TLS, permissions, servers that go away and come back.

local child = require "spec.support.child"
local during = require("spec.support.finalizers").during
local in_nginx = require "spec.support.in_nginx"
local nginx = require "lofty.sandbox.nginx"
local redis_cases = require "spec.support.redis_cases"
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
      conf = "user app on >" .. PASSWORD .. " ~lofty:* +@all\nuser reader on >reader ~lofty:* +get",
    }
  end)

  teardown(function() server:stop() end)

  local function url(login, db)
    return format("redis://%s@127.0.0.1:%d%s", login or ":" .. ENCODED, server.port, db and "/" .. db or "")
  end

  local function shows_no_password(err)
    local text = tostring(err) .. err.message
    for _, word in ipairs { PASSWORD, ENCODED, "wrong" } do assert.is_nil(text:find(word, 1, true), text) end
  end

  it("reports a reply that the command does not have, and works again after it", function()
    local null = require("lofty.core").null
    local calls = {
      { "get", "k" }, { "unlock", "k", "owner" }, { "take", "k", 5, 5 }, { "keys" }, { "check" },
    }
    local odd = {
      get = { 5, {} }, unlock = { {}, null, "OK" }, take = { {}, null, "OK" },
      keys = { 5, null, "OK", {}, { "0" }, { 0, {} }, { "0", { 4 } }, { "0", { null } } }, check = { {}, "OK" },
    }
    for _, call in ipairs(calls) do
      for _, reply in ipairs(odd[call[1]]) do
        local store, answer = redis_store { url = url() }, reply
        local connections = store.connections
        local fake = { command = function() return answer end, keep = function() end, close = function() end }
        store.connections = { connect = function() return fake, true end }
        local got, err = store[call[1]](store, call[2], call[3], call[4])
        assert.is_nil(got)
        assert.equal("store", err.kind)
        store.connections = connections
        got, err = store[call[1]](store, call[2], call[3], call[4])
        assert.is_nil(err)
        assert.is_true(got ~= nil or call[1] == "get")
      end
    end
  end)

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

    it("with a wrong or missing login gives an err without the password", function()
      for _, login in ipairs { ":wrong", "nobody:wrong", "" } do
        local store = redis_store { url = login == "" and format("redis://127.0.0.1:%d", server.port) or url(login) }
        for _ = 1, 2 do
          local value, err = store:get("k")
          assert.is_nil(value)
          assert.equal("store", err.kind)
          assert.truthy(err.message:find("password", 1, true), err.message)
          assert.truthy(err.message:find("127.0.0.1:" .. server.port, 1, true), err.message)
          shows_no_password(err)
        end
      end
    end)

    for _, case in ipairs {
      { "no url", nil }, { "no scheme", "127.0.0.1:6379" }, { "another scheme", "http://:wrong@127.0.0.1" },
      { "a password without its colon", "redis://wrong@127.0.0.1" },
      { "a user without a password", "redis://app:@127.0.0.1" },
      { "a password with a bare @", "redis://:wr@ong/wrong@127.0.0.1" },
      { "a bare %", "redis://:wrong%zz@127.0.0.1" },
      { "a port that is not a number", "redis://:wrong@127.0.0.1:wrong" }, { "port 0", "redis://127.0.0.1:0" },
      { "port 65536", "redis://127.0.0.1:65536" }, { "a database that is not a number", "redis://127.0.0.1/wrong" },
      { "a relative path", "unix://run/redis.sock" }, { "an unknown path escape", "unix:///run/%zz" },
    } do
      it("refuses " .. case[1], function()
        local ok, why = pcall(redis_store, { url = case[2] })
        assert.is_false(ok)
        assert.truthy(why:find("lofty.store.redis: ", 1, true), why)
        assert.is_nil(why:find("wrong", 1, true), why)
      end)
    end
  end)

  it("reports a server that is not there, as retryable", function()
    local port = nginx.free_ports(1)[1]
    for _, place in ipairs { "redis://:" .. ENCODED .. "@127.0.0.1:" .. port, "unix:///nowhere/redis.sock" } do
      local value, err = redis_store { url = place }:get("k")
      assert.is_nil(value)
      assert.truthy(err.message:find("cannot connect", 1, true), err.message)
      assert.is_true(err.retryable)
      shows_no_password(err)
    end
  end)

  it("does not show a token that the server quotes in a refusal", function()
    local odd = redis.start { conf = 'rename-command SET ""' }
    local ok, err = redis_store { url = "unix://" .. odd.socket }:put("k", "secret-token")
    odd:stop()
    assert.is_nil(ok)
    assert.truthy(err.message:find("unknown command", 1, true), err.message)
    assert.is_nil(err.message:find("secret", 1, true), err.message)
  end)

  it("names the command that gives a user the missing permissions", function()
    local store = redis_store { url = url("reader:reader") }
    for _, call in ipairs { "put", "check" } do
      local ok, err = store[call](store, "k", "v")
      assert.is_nil(ok)
      assert.truthy(err.message:find("NOPERM", 1, true), err.message)
      assert.is_nil(err.retryable)
      server:cli((err.message:match("allow it: (ACL SETUSER .*)$"):gsub("%S+", nginx.quote)))
      assert.is_true(store:check())
      server:cli("acl setuser reader nocommands +get")
    end
  end)

  it("needs no other permission than those of that command", function()
    server:cli("acl setuser least on '>least' '~lofty:*' +get +set +del +scan +eval +evalsha '+script|load' +time "
      .. "+lindex +lpush +ltrim +pexpire")
    local store = redis_store { url = url("least:least") }
    assert.is_true(store:check())
    server:cli("flushall")
    assert.is_true(store:put("k", "v"))
    assert.equal("v", store:get("k"))
    assert.same({ "k" }, store:keys())
    assert.is_true(store:try_lock("k", "one", 60))
    assert.is_true(store:unlock("k", "one"))
    assert.equal(0, store:take("app", 2, 60))
    assert.is_true(store:delete("k"))
    assert.is_true(store:check())
    assert.same({}, store:keys())
  end)

  it("reports each of those permissions when it is missing", function()
    for _, command in ipairs {
      "get", "set", "del", "scan", "eval", "evalsha", "script|load", "time", "lindex", "lpush", "ltrim", "pexpire",
    } do
      server:cli("acl setuser fewer reset on '>fewer' '~lofty:*' +get +set +del +scan +eval +evalsha '+script|load' "
        .. "+time +lindex +lpush +ltrim +pexpire " .. nginx.quote("-" .. command))
      local ok, err = redis_store { url = url("fewer:fewer") }:check()
      assert.is_nil(ok, command)
      assert.truthy(err.message:find("allow it: ACL SETUSER fewer ~lofty:* +get ", 1, true), err.message)
    end
  end)

  describe("over a closed connection,", function()
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

    it("try_lock recognizes a lock that it took just before the connection broke", function()
      -- The first answer is lost: the command is done, and its connection is closed.
      local connections, lost = store.connections, false
      local connect = connections.connect
      connections.connect = function(self, anew)
        local connection, kept = connect(self, anew)
        return setmetatable({ command = function(_, words)
          local reply, why = connection:command(words)
          if words[1] ~= "SET" or lost then return reply, why end
          lost = true
          return nil, "broken"
        end }, { __index = function(_, name)
          return function() return connection[name](connection) end
        end }), kept
      end
      assert.is_true(store:try_lock("k", "one", 60))
      assert.is_true(lost)
      assert.is_false(store:try_lock("k", "two", 60))
    end)
  end)

  it("goes on after a restart of the server", function()
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
    shows_no_password(err)
    server:up()
    assert.equal("v", store:get("k"))
    assert.is_false(store:try_lock("k", "two", 60))
    assert.equal(0, store:take("app", 5, 60)) -- its script is loaded again
    assert.is_true(store:unlock("k", "one"))
    server:kill()
    server:up()
    assert.equal("v", store:get("k"))
  end)

  it("waits no longer than its timeout for a server that is stopped", function()
    local store = redis_store { url = url(), timeout = 30 }
    assert.is_true(store:put("k", "v"))
    store.connections:connect():close() -- the next one has the shorter timeout
    store.connections.timeout = 0.2
    nginx.shell("kill -STOP " .. server.pid)
    local value, err = store:get("k")
    nginx.shell("kill -CONT " .. server.pid)
    assert.is_nil(value)
    assert.is_true(err.retryable)
    store.connections.timeout = 30 -- a busy machine may need more than 0.2 s
    assert.equal("v", store:get("k"))
  end)

  it("grants no more than the limit in any window, and says when the next call is free", function()
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

  describe("over TLS", function()
    local secure
    setup(function() secure = redis.start { tls = "client" } end)
    teardown(function() secure:stop() end)

    local function store(opt)
      opt = opt or {}
      local function path(name) return name and secure.folder .. "/" .. name end
      return redis_store {
        url = format("rediss://%s:%d", opt.host or "localhost", opt.port or secure.tls_port), timeout = opt.timeout or 30,
        ca = path(opt.ca or "ca.pem"), certificate = path(opt.certificate), key = path(opt.key),
        server_name = opt.server_name,
      }
    end
    local CLIENT = { certificate = "client.pem", key = "client-key.pem" }
    local function with_client(opt) return store(setmetatable(opt or {}, { __index = CLIENT })) end

    it("keeps tokens of any size, with a client's certificate", function()
      local one = with_client()
      assert.is_true(one:check())
      for _, size in ipairs { 1, 16384, 200000, 1000000 } do
        assert.is_true(one:put("k", ("t"):rep(size)))
        assert.equal(("t"):rep(size), one:get("k"))
      end
      secure:cli("client kill type normal skipme yes")
      assert.equal(1000000, #one:get("k"))
      assert.is_true(with_client { host = "127.0.0.1" }:put("k", "by address"))
      assert.is_true(with_client { host = "127.0.0.1", server_name = "localhost" }:put("k", "by another name"))
    end)

    for _, case in ipairs {
      { "a certificate of an unknown authority", { ca = "other.pem" },
        "TLS: the server's certificate was not accepted: " },
      { "a certificate for another host", { server_name = "elsewhere.invalid" },
        "TLS: the server's certificate is for another host: set server_name" },
      { "a file of authorities that is missing", { ca = "missing.pem" }, "missing.pem cannot be used" },
      { "a certificate file that is missing", { certificate = "missing.pem" }, "TLS: certificate: " },
      { "a key that is not the certificate's", { key = "key.pem" }, "TLS: key: " },
    } do
      it("refuses " .. case[1] .. ", as not retryable", function()
        local value, err = with_client(case[2]):get("k")
        assert.is_nil(value)
        assert.equal("store", err.kind)
        assert.truthy(err.message:find(case[3], 1, true), err.message)
        assert.is_false(err.retryable)
      end)
    end

    it("says that the server wants a certificate", function()
      local value, err = store():get("k")
      assert.is_nil(value)
      assert.truthy(err.message:find("certificate required: set certificate and key", 1, true), err.message)
    end)

    -- Redis without TLS waits for the end of a line, or answers when it finds one in the handshake's random bytes.
    it("says that the server may not speak TLS on that port", function()
      local value, err = with_client { port = secure.port, timeout = 0.2 }:get("k")
      assert.is_nil(value)
      assert.truthy(err.message:find("speak TLS on this port", 1, true), err.message)
      local plain = nginx.start { ports = 1, conf = function(ports)
        return format("events {}\nhttp { server { listen 127.0.0.1:%d; } }", ports[1])
      end }
      value, err = with_client { port = plain.ports[1] }:get("k")
      plain:stop()
      assert.is_nil(value)
      assert.truthy(err.message:find("the server does not speak TLS on this port", 1, true), err.message)
    end)

    it("waits no longer than its timeout for a server that is stopped", function()
      local one = with_client { timeout = 0.2 }
      nginx.shell("kill -STOP " .. secure.pid)
      local value, err = one:get("k")
      nginx.shell("kill -CONT " .. secure.pid)
      assert.is_nil(value)
      assert.truthy(err.message:find("no TLS handshake within 0.2 s", 1, true), err.message)
      assert.is_true(err.retryable)
    end)

    it("raises for options that make no sense", function()
      for _, opt in ipairs {
        { url = "redis://127.0.0.1", ca = "ca.pem" }, { url = "unix:///socket", server_name = "localhost" },
        { url = "rediss://127.0.0.1", key = "key.pem" }, { url = "rediss://127.0.0.1", ca = 5 },
        { url = "redis://127.0.0.1", timeout = 0 }, { url = "redis://127.0.0.1", timeout = "2" },
      } do
        assert.has_error(function() redis_store(opt) end)
      end
    end)
  end)

  -- fork() is called through LuaJIT's ffi, whatever Lua runs the specs.
  it("gives a forked child a connection of its own", function()
    if nginx.shell("command -v luajit") == "" then return pending("no luajit") end
    server:cli("flushall")
    local said = child.run(([[
      local ffi = require "ffi"
      ffi.cdef "int fork(void); int waitpid(int, int *, int); void _exit(int);"
      local store = require "lofty.store.redis" { url = %q, timeout = 30 }
      assert(store:put("parent", "parent"))
      assert(store:put("child", "child"))
      local pid = ffi.C.fork()
      local own = pid == 0 and "child" or "parent"
      local wrong = 0
      for _ = 1, 500 do
        if store:get(own) ~= own then wrong = wrong + 1 end
      end
      io.stdout:write(own, " ", wrong, "\n")
      io.stdout:flush()
      if pid == 0 then ffi.C._exit(0) end
      ffi.C.waitpid(pid, nil, 0)
      io.stdout:write(tostring(store:get("parent")), "\n")
    ]]):format(url()), nil, "luajit")
    local lines = {}
    for line in said:gmatch("[^\n]+") do lines[line] = true end
    assert.same({ ["child 0"] = true, ["parent 0"] = true, parent = true }, lines)
  end)

  it("shows no password in its tables", function()
    local store = redis_store { url = url("app:" .. ENCODED) }
    assert.is_true(store:put("k", "v"))
    local seen = {}
    local function look(value)
      if type(value) == "string" then
        assert.is_nil(value:find(PASSWORD, 1, true))
        assert.is_nil(value:find(ENCODED, 1, true))
      elseif type(value) == "table" and not seen[value] then
        seen[value] = true
        for name, field in pairs(value) do look(name) look(field) end
      end
    end
    look(store)
  end)

  it("can be used by a finalizer while it reads a reply", function()
    local store = redis_store { url = url() }
    server:cli("flushall")
    for number = 1, 100 do assert.is_true(store:put("id/" .. number .. ("x"):rep(60), "v")) end
    local function nothing() return {} end
    local function use() return store:unlock("id/1", "me") == false end
    during(nothing, function() return store:keys() end, use, function(_, keys) assert.equal(100, #keys) end)
  end)

  -- lua.c's handler of SIGINT sets a debug hook, which raises as soon as Lua code runs.
  it("lets a signal handler raise while it waits for a reply, and goes on afterwards", function()
    local folder = nginx.shell('mktemp -d "${TMPDIR:-/tmp}/lofty-signal.XXXXXX"')
    local lua = child.preloaded_lua
    nginx.write(folder .. "/script.lua", ([[
      local store = require "lofty.store.redis" { url = %q, timeout = 60 }
      local function say(...) io.stdout:write(table.concat({ ... }, " "), "\n") io.stdout:flush() end
      assert(store:put("k", "v"))
      say("ready")
      local ok, why = pcall(function() while true do assert(store:get("k")) end end)
      say(tostring(ok), tostring(why))
      say(tostring(store:get("k")))
    ]]):format(url()))
    nginx.write(folder .. "/run", ([[
      cd %s; mkfifo out; %s script.lua >out 2>&1 & pid=$!
      exec 3<out; read -r line <&3
      kill -STOP %d
      n=0; until grep -q poll /proc/$pid/wchan || [ $n = 200 ]; do n=$((n + 1)); sleep 0.01; done
      kill -INT $pid
      read -r line <&3; echo "$line"; kill -CONT %d
      read -r line <&3; echo "$line"; wait $pid
    ]]):format(nginx.quote(folder), lua, server.pid, server.pid))
    local said = nginx.shell("sh " .. nginx.quote(folder .. "/run") .. " 2>&1")
    nginx.shell("rm -rf " .. nginx.quote(folder))
    assert.truthy(said:find("^false .*interrupted!\nv$"), said)
  end)

  for _, case in ipairs(redis_cases) do
    it(case.name, function()
      local scripted = redis.scripted(case.connections)
      local ok, why = pcall(case.run, scripted.url)
      scripted:stop()
      assert.is_true(ok, why)
    end)
  end

  describe("in nginx", function()
    local results
    setup(function()
      local servers, urls = {}, {}
      for index, case in ipairs(redis_cases) do
        servers[index] = redis.scripted(case.connections)
        urls[index] = servers[index].url
      end
      results = in_nginx("spec.support.redis_cases_nginx",
        format("%d %s %s", server.port, ENCODED, table.concat(urls, " ")))
      for _, scripted in ipairs(servers) do scripted:stop() end
    end)

    for index, case in ipairs(redis_cases) do
      it(case.name, function() assert.equal("ok", (results.redis or {})[index]) end)
    end
    for index, case in ipairs(redis_cases.nginx) do
      it(case.name, function() assert.equal("ok", (results.login or {})[index]) end)
    end
  end)
end)
