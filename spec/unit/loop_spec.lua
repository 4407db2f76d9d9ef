-- SPDX-License-Identifier: MIT

-- lofty.runtime over functions that wait for nothing: when connections are made, kept and closed.
local child = require "spec.support.child"
local lofty = require "lofty"

local URL = "http://127.0.0.1:9/"
local RESPONSE = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

describe("a runtime over an event loop", function()
  local clock, made, closed, answer, on_close, refused, runtime

  local function get()
    local res, err = runtime:request { method = "GET", url = URL, headers = {}, timeout = { connect = 5, total = 10 } }
    return res, err
  end

  before_each(function()
    clock, made, closed = 1000, {}, {}
    answer = function() return RESPONSE end
    on_close = function() end
    refused = nil
    runtime = lofty.runtime {
      monotonic = function() return clock end,
      sleep = function(seconds) clock = clock + seconds end,
      spawn = function(fn) fn() end,
      event = function() return { set = function() end, wait = function() return true end } end,
      connect = function(_, _, seconds)
        if refused then return nil, refused end
        made[#made + 1] = seconds
        return #made
      end,
      send = function() return true end,
      receive = function(socket, seconds)
        if seconds == 0 then return nil, "timeout" end
        return answer(socket, seconds)
      end,
      close = function(socket)
        closed[#closed + 1] = socket
        on_close(socket)
      end,
    }
  end)

  it("makes no second connection for a request whose time is over", function()
    assert.is_false(get().reused)
    answer = function(_, seconds)
      clock = clock + seconds
      return nil, "closed"
    end
    local res, err = get()
    assert.is_nil(res)
    assert.same({ "timeout", true }, { err.kind, err.sent })
    assert.matches("a connection to 127.0.0.1:9 took longer than 10 s", err.message, 1, true)
    assert.same({ 5 }, made)
    assert.same({ 1 }, closed)
  end)

  it("has an error that contains nothing of the request before", function()
    answer = function() return "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" end
    assert.is_false(get().reused)
    refused = "refused"
    local _, err = get()
    assert.same({ "network", false, false, false }, { err.kind, err.sent, err.connected, err.head })
  end)

  it("gives a second connection no more time than the request has left", function()
    assert.is_false(get().reused)
    answer = function(socket)
      if socket == 2 then return RESPONSE end
      clock = clock + 8
      return nil, "closed"
    end
    assert.is_false(get().reused)
    assert.same({ 5, 2 }, made)
  end)

  -- Leaves so many connections kept, the first for the longest time, and `seconds` between one and the next.
  local function keep(count, seconds)
    local inner = 0
    answer = function()
      inner = inner + 1
      if inner < count then get() end
      clock = clock + seconds
      return RESPONSE
    end
    get()
    assert.equal(count, #made)
    answer = function() return RESPONSE end
  end

  it("closes the connections that were kept for too long when it keeps another", function()
    keep(3, 20) -- kept after 20, 40 and 60 s
    assert.same({ 3 }, closed) -- made last and kept first
    clock = clock + 29
    assert.is_true(get().reused)
    assert.same({ 3, 2 }, closed)
    assert.is_true(get().reused)
  end)

  it("closes only the connections that it held when it was told to close", function()
    keep(3, 0)
    on_close = function()
      on_close = function() end
      assert.is_false(get().reused) -- a coroutine that runs meanwhile
    end
    runtime:close()
    table.sort(closed)
    assert.same({ 1, 2, 3 }, closed)
    assert.is_true(get().reused)
    runtime:close()
    assert.same({ 1, 2, 3, 4 }, closed)
    runtime:close()
    assert.same({ 1, 2, 3, 4 }, closed)
  end)

  -- In a process of its own, whose malloc returns large blocks to the system at once. (A sanitizer's keeps them.)
  it("keeps no large body in memory once its call has returned", function()
    if not io.open "/proc/self/status" or os.getenv "LD_PRELOAD" then return end
    local printed = child.run([[
      local lofty = require "lofty"
      local SIZE, CALLS = 4 * 2 ^ 20, 24
      local text, has_waited = ("x"):rep(SIZE), {}
      local runtime = lofty.runtime {
        monotonic = function() return 0 end, sleep = function() end, spawn = function(fn) fn() end,
        event = function() return { set = function() end, wait = function() return true end } end,
        connect = function() return {} end, send = function() return true end, close = function() end,
        receive = function(socket)
          if has_waited[socket] then return text end
          has_waited[socket] = true
          coroutine.yield()
          return "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " .. #text .. "\r\n\r\n"
        end,
      }
      local function resident()
        local file = io.open "/proc/self/status"
        local size = file:read("*a"):match "VmRSS:%s*(%d+) kB"
        file:close()
        return tonumber(size) / 1024
      end
      local received, threads = 0, {}
      local before = resident()
      for i = 1, CALLS do
        threads[i] = coroutine.create(function()
          local res = assert(runtime:request { method = "GET", url = "http://127.0.0.1:9/" })
          received = received + #res.body
        end)
        assert(coroutine.resume(threads[i]))
      end
      for i = 1, CALLS do assert(coroutine.resume(threads[i])) end
      assert(received == CALLS * SIZE)
      collectgarbage()
      collectgarbage()
      print(resident() - before < 32 and "freed" or resident() - before)
    ]], "MALLOC_MMAP_THRESHOLD_=65536")
    assert.equal("freed", printed)
  end)

  it("works again after any function of the loop has raised", function()
    local loop = {
      spawn = function(fn) fn() end,
      event = function() return { set = function() end, wait = function() return true end } end,
    }
    local functions = {
      monotonic = function() return clock end,
      sleep = function(seconds) clock = clock + seconds end,
      connect = function() return {} end,
      send = function(socket, bytes)
        socket.number = bytes:match("Number: (%d+)")
        return true
      end,
      receive = function(socket, seconds)
        if seconds == 0 then return nil, "timeout" end
        return ("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"):format(#socket.number, socket.number)
      end,
      close = function() end,
    }
    -- The call of a function at which it raises, counted from the beginning of a request.
    local calls, raise_at = 0, nil
    for name, fn in pairs(functions) do
      loop[name] = function(...)
        calls = calls + 1
        if calls == raise_at then error("a mistake in " .. name, 0) end
        return fn(...)
      end
    end
    runtime = lofty.runtime(loop)
    local number = 0
    local function numbered()
      number = number + 1
      local res = runtime:request { method = "GET", url = URL, headers = { Number = tostring(number) } }
      assert.equal(tostring(number), res.body)
    end
    for _, kept in ipairs { false, true } do
      for at = 1, 12 do
        runtime:close()
        raise_at = nil
        if kept then numbered() end
        calls, raise_at = 0, at
        local ok, problem = pcall(runtime.request, runtime, { method = "GET", url = URL, headers = { Number = "0" } })
        assert.is_true(ok or problem:find("^a mistake in ") ~= nil, problem)
        raise_at = nil
        numbered()
        numbered()
      end
    end
  end)
end)
