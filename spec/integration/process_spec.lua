-- SPDX-License-Identifier: MIT

-- What other processes, signals and the environment do to the libcurl runtime; each case runs in a process of its own.

local child = require "spec.support.child"
local nginx = require "lofty.sandbox.nginx"
local wires = require "spec.support.wire"

local PRELUDE = [[
local runtime = require "lofty.runtime.curl"
local notes, hello, slow, granting = %q, %q, %q, %q
local function get(url, more)
  local req = { method = "GET", url = url, headers = {}, timeout = { connect = 5, total = 20 } }
  for name, value in pairs(more or {}) do req[name] = value end
  local res, err = runtime:request(req)
  return res, err
end
-- Sends this process an interrupt as soon as the slow URL has been asked `count` times.
local function interrupt_at(count)
  return io.popen("until [ \"$(cat " .. notes .. " 2>/dev/null | wc -l)\" -ge " .. count .. " ]; do sleep 0.01; done; kill -INT $PPID")
end
-- Sends it one now, and returns when it was sent. (os.execute would ignore it meanwhile.)
local function interrupt()
  io.popen("kill -INT $PPID; echo"):read("*a")
end
]]

describe("the libcurl runtime,", function()
  local wire, hello, slow, granting
  local names = 0

  setup(function()
    wire = wires.start { tls = true }
    hello = wire:lua("hello", "ngx.print('hello')")
    granting = wire:lua("granting", "ngx.print('token')")
  end)
  teardown(function() wire:stop() end)

  before_each(function()
    names = names + 1
    slow = wire:raw("slow" .. names, "note(read()) gone()")
  end)

  local function notes_path() return wire.server.folder .. "/slow" .. names .. ".notes" end

  local function run(code, environment, lua)
    return child.run(PRELUDE:format(notes_path(), hello, slow, granting) .. code, environment, lua)
  end

  describe("interrupted by a signal,", function()
    for _, case in ipairs {
      { "in a request", "get(slow)" },
      { "in a coroutine of the caller's", "coroutine.wrap(function() get(slow) end)()" },
      { "in a map", "runtime:map({ 1, 2 }, function() local res, err = get(slow) return res, err end)" },
      { "in a map whose items end with a tail call", "runtime:map({ 1, 2 }, function() return get(slow) end)" },
      { "in a map whose items call within pcall",
        "runtime:map({ 1, 2 }, function() local ok, res, err = pcall(get, slow) return res, err end)" },
      { "in a map within a map", [[
        runtime:map({ 1, 2 }, function()
          local results, errors = runtime:map({ 1 }, function() local res, err = get(slow) return res, err end)
          return results, errors
        end)]] },
      { "in a request that is detached", "runtime:detach(60, get, slow)" },
      { "in a request inside ensure", "runtime:ensure(function() end, get, slow)" },
      { "beside tasks that sleep or wait for an event", [[
        local event = runtime:event()
        runtime:map({ 1, 2, 3 }, function(item)
          if item == 1 then return (get(slow)) end
          if item == 2 then runtime:sleep(60) else event:wait(60) end
        end)]] },
    } do
      it("raises " .. case[1] .. " and goes on afterwards", function()
        local printed = run([[
          local pipe = interrupt_at(1)
          local before = runtime:monotonic()
          local ok, err = pcall(function() ]] .. case[2] .. [[ end)
          print(ok, (tostring(err):gsub("^.*: ", "")), runtime:monotonic() - before < 15)
          pipe:close()
          print(get(hello).body)
          local results = runtime:map({ 1, 2 }, function() return get(hello).body end)
          print(results[1], results[2])
        ]])
        assert.equal("false\tinterrupted!\ttrue\nhello\nhello\thello", printed)
      end)
    end

    it("raises in a sleep", function()
      assert.equal("false\tinterrupted!\ttrue", run [[
        local before = runtime:monotonic()
        local ok, err = pcall(function()
          io.popen("kill -INT $PPID")
          runtime:sleep(60)
        end)
        print(ok, (tostring(err):gsub("^.*: ", "")), runtime:monotonic() - before < 30)
      ]])
    end)

    it("begins no further item of a map, and tells the items in flight that their request was sent", function()
      local printed = run [[
        local pipe, begun, seen = interrupt_at(2), 0, {}
        local ok, err = pcall(runtime.map, runtime, { 1, 2, 3, 4, 5, 6 }, function(item)
          begun = begun + 1
          local _, failure = get(slow)
          seen[item] = failure.message:match("interrupted") .. " " .. tostring(failure.sent)
          get(slow)
          seen[item] = "went on"
        end, { concurrency = 2 })
        pipe:close()
        print(ok, (tostring(err):gsub("^.*: ", "")), begun, seen[1], seen[2])
      ]]
      assert.equal("false\tinterrupted!\t2\tinterrupted true\tinterrupted true", printed)
      assert.equal(2, #wire:notes("slow" .. names))
    end)

    it("releases what ensure holds in every task", function()
      assert.equal("false\t3", run [[
        local pipe, released = interrupt_at(3), 0
        local ok = pcall(runtime.map, runtime, { 1, 2, 3 }, function(item)
          local res, err = runtime:ensure(function() released = released + 1 end, function()
            local res, err = get(slow)
            return res, err
          end)
          runtime:sleep(60)
        end)
        pipe:close()
        print(ok, released)
      ]])
    end)

    for _, place in ipairs {
      { "outside of tasks", "runtime:detach(60, grant)" },
      { "in a task", "runtime:map({ 1 }, function() local token = runtime:detach(60, grant) return token end)" },
      { "in a coroutine of the caller's", "coroutine.wrap(function() runtime:detach(60, grant) end)() runtime:sleep(60)" },
    } do
      it("holds an interruption back in detach once the response has begun, " .. place[1] .. ", and raises it afterwards", function()
        assert.equal("false\tinterrupted!\ttoken", run([[
          local written
          local function grant()
            local res = get(granting)
            interrupt()
            runtime:sleep(0.01) -- a store that waits
            written = res.body
          end
          local ok, err = pcall(function() ]] .. place[2] .. [[ end)
          if ok then ok, err = pcall(runtime.sleep, runtime, 60) end
          print(ok, (tostring(err):gsub("^.*: ", "")), written)
        ]]))
      end)
    end
  end)

  describe("in a process that was forked,", function()
    local FORK = [[
      local ffi = require "ffi"
      ffi.cdef "int fork(void); void _exit(int); int waitpid(int, int *, int);"
      local ca = %q
      local function connection(url)
        local res = assert(get(url, { ca = ca }))
        return res.body, res.reused
      end
      local function in_child(fn)
        local pid = ffi.C.fork()
        if pid == 0 then
          local ok, problem = pcall(fn)
          if not ok then io.stderr:write(tostring(problem), "\n") end
          ffi.C._exit(0)
        end
        ffi.C.waitpid(pid, nil, 0)
      end
    ]]

    for _, server in ipairs { "plain", "tls", "h2" } do
      it("opens connections of its own and leaves those of its parent alone, over " .. server, function()
        if not nginx.shell("command -v luajit"):find("luajit") then return pending("no LuaJIT to fork with") end
        local url = wire:lua("connection", "ngx.print(ngx.var.connection)", server)
        local printed = run(FORK:format(wire.ca) .. ("local url = %q\n"):format(url) .. [[
          local mine, other = connection(url), nil
          local file = os.tmpname()
          in_child(function()
            local body, reused = connection(url)
            local again, kept = connection(url)
            assert(not reused and kept and body == again)
            local out = io.open(file, "w")
            out:write(body)
            out:close()
            runtime:close()
            collectgarbage()
          end)
          for line in io.lines(file) do other = line end
          os.remove(file)
          local after, reused = connection(url)
          print(other ~= nil and other ~= mine, after == mine, reused)
        ]], nil, "luajit")
        assert.equal("true\ttrue\ttrue", printed)
      end)
    end

    it("ends the requests that its parent has under way as sent, and lets the parent go on", function()
      if not nginx.shell("command -v luajit"):find("luajit") then return pending("no LuaJIT to fork with") end
      local waiting = wire:lua("waiting", "ngx.sleep(0.2) ngx.print('late')")
      local printed = run(FORK:format(wire.ca) .. ("local url = %q\n"):format(waiting) .. [[
        local results = runtime:map({ 1, 2 }, function(item)
          if item == 1 then
            local res, err = get(url)
            return res and res.body or err.message:match("forked") .. " " .. tostring(err.sent)
          end
          runtime:sleep(0.02)
          local pid = ffi.C.fork()
          if pid ~= 0 then ffi.C.waitpid(pid, nil, 0) end
          return pid == 0 and "child" or "parent"
        end)
        print(results[1], results[2])
        io.stdout:flush()
        if results[2] == "child" then ffi.C._exit(0) end
      ]], nil, "luajit")
      assert.equal("forked true\tchild\nlate\tparent", printed)
    end)
  end)

  it("gives no descriptor of its own to a program that it starts", function()
    local printed = run [[
      local function descriptors()
        local pipe = io.popen("ls /proc/self/fd | wc -l")
        local count = pipe:read("*n")
        pipe:close()
        return count
      end
      local before = descriptors()
      assert(get(hello))
      print(descriptors() - before)
    ]]
    assert.matches("^0%.?0?$", printed)
  end)

  describe("and the environment:", function()
    local function request(environment)
      local url = wire:lua("hi", "ngx.print('hi')", "tls")
      local cleared = "-u CURL_CA_BUNDLE -u SSL_CERT_FILE -u SSL_CERT_DIR -u SSLKEYLOGFILE "
      return run(("local res, err = get(%q) print(res and res.body or err.message)"):format(url), cleared .. environment)
    end

    it("trusts the certificates that CURL_CA_BUNDLE or SSL_CERT_FILE names", function()
      assert.matches("certificate was not accepted", request "")
      assert.equal("hi", request("CURL_CA_BUNDLE=" .. wire.ca))
      assert.equal("hi", request("SSL_CERT_FILE=" .. wire.ca))
      assert.matches("certificate was not accepted", request("CURL_CA_BUNDLE= SSL_CERT_FILE="))
    end)

    it("trusts those of the folder that SSL_CERT_DIR names", function()
      local folder = wire.server.folder .. "/trusted"
      nginx.shell(("mkdir -p %s && ln -sf %s %s/$(openssl x509 -noout -hash -in %s).0"):format(folder, wire.ca, folder, wire.ca))
      assert.equal("hi", request("SSL_CERT_DIR=" .. folder))
    end)

    it("names the file that is not there", function()
      assert.matches("file of trusted certificates /nonexistent/ca could not be read$", request "CURL_CA_BUNDLE=/nonexistent/ca")
    end)

    it("writes no TLS keys where SSLKEYLOGFILE says", function()
      local path = wire.server.folder .. "/keys"
      assert.equal("hi", request("CURL_CA_BUNDLE=" .. wire.ca .. " SSLKEYLOGFILE=" .. path))
      assert.equal("", nginx.shell("cat " .. path .. " 2>/dev/null"))
    end)
  end)
end)
