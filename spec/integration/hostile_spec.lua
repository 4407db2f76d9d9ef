-- SPDX-License-Identifier: MIT

-- What calls return, in every runtime, when the server's answer is hostile: spec/support/hostile/answers.lua.

local answers = require "spec.support.hostile.answers"
local servers = require "spec.support.hostile.servers"

local page = assert(loadfile("tools/hostile_answers.lua"))("module")

-- The server offers 64 MiB; max_body is 1 MiB, the rest is what the sockets of both sides hold.
local MAX_SENT = 24 * 1024 * 1024
local MAX_GROWN = 48 * 1024 -- KiB

describe("a hostile server: #hostile", function()
  local box
  setup(function() box = servers.start() end)
  teardown(function()
    require "lofty.runtime.curl":close()
    if box then box:stop() end
  end)

  local function forget() require "lofty.runtime.curl":request { method = "GET", url = box.plain .. "/forget" } end

  local function check(entry, expected, result)
    local said = result.message or "no err"
    assert.equal(expected, result.outcome, said)
    assert.is_nil(result.problem, said)
    assert.equal(entry.following or '="pong"', result.following, "the next call")
    if entry.call ~= "list" then assert.equal(entry.posts or 1, result.posts, "POST requests") end
    assert.equal(0, result.open, "connections that the client left open")
    assert.is_true(result.bytes <= (entry.max_sent or MAX_SENT), "bytes sent: " .. result.bytes)
    assert.is_true(result.grown <= MAX_GROWN, "KiB of memory: " .. result.grown)
  end

  it("the published table is up to date (make hostile-answers)", function()
    local file = assert(io.open(page.path, "rb"))
    local rows, n = {}, 0
    for line in file:read("*a"):gsub("%[%^%d+%]", ""):gmatch("[^\n]+") do
      local cells, curl, resty = line:match("^(| .- | .- | .- |) ([^|]+) | ([^|]+) |$")
      if cells and curl ~= "curl" then
        n = n + 1
        rows[n] = cells
        assert.is_true(#curl > 0 and #resty > 0, line)
      end
    end
    file:close()
    assert.equal(#answers, n)
    for i, entry in ipairs(answers) do assert.equal(page.first_cells(entry), rows[i]) end
  end)

  describe("plain Lua:", function()
    local runtime = require "lofty.runtime.curl"
    local exercise = require "spec.support.hostile.exercise"
    setup(forget)
    for _, entry in ipairs(answers) do
      it(entry.group .. ": " .. entry.name, function()
        runtime:close()
        check(entry, servers.expected_in_plain_lua(entry), exercise(entry, { runtime = runtime, plain = box.plain, tls = box.tls, ca = box.ca }))
      end)
    end
  end)

  describe("nginx:", function()
    setup(forget)
    for _, entry in ipairs(answers) do
      it(entry.group .. ": " .. entry.name, function()
        check(entry, entry.nginx or entry.expected, box:exercise_in_nginx(entry))
      end)
    end
  end)

  -- A runtime made by lofty.runtime; its TLS is cqueues' own, see event_loop_spec.lua. There is no cqueues for Lua 5.5.
  if _VERSION == "Lua 5.5" then return end
  describe("an event loop:", function()
    local cqueues = require "cqueues"
    local runtime = dofile "examples/cqueues_runtime.lua"
    local exercise = require "spec.support.hostile.exercise"
    setup(forget)
    for _, entry in ipairs(answers) do
      if not entry.is_tls then
        it(entry.group .. ": " .. entry.name, function()
          runtime:close()
          local loop, result = cqueues.new(), nil
          loop:wrap(function() result = exercise(entry, { runtime = runtime, plain = box.plain, tls = {} }) end)
          assert(loop:loop())
          check(entry, entry.nginx or entry.expected, result)
        end)
      end
    end
  end)
end)
