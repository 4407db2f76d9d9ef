-- SPDX-License-Identifier: MIT

local child = require "spec.support.child"
local lofty = require "lofty"
local misuse = require "lofty.internal.misuse"

local function position(message)
  return message:match("^(.-):(%d+): ")
end

describe("misuse", function()
  it("reports the caller's line, whatever frames lie between", function()
    local line = debug.getinfo(1, "l").currentline + 1
    local ok, message = pcall(function() local _ = lofty.json.decode(nil) end)
    assert.is_false(ok)
    local file, found = position(message)
    assert.truthy(file:find("misuse_spec.lua", 1, true), message)
    assert.equal(line, tonumber(found))
  end)

  it("skips C functions such as pcall", function()
    local line = debug.getinfo(1, "l").currentline + 1
    local _, message = pcall(lofty.json.decode, nil)
    assert.equal(line, tonumber((select(2, position(message)))), message)
  end)

  it("skips tail calls, which have no line", function()
    local function tail() return lofty.json.decode(nil) end
    local line = debug.getinfo(1, "l").currentline + 1
    local _, message = pcall(function() local _ = tail() end)
    -- The tail call's own line on no Lua; the line that called the function that made it.
    assert.equal(line, tonumber((select(2, position(message)))), message)
  end)

  it("reports the name of a chunk that was loaded from text", function()
    local loader = rawget(_G, "loadstring") or load
    local chunk = assert(loader("local misuse = ...\n\nmisuse 'wrong'", "=(content_by_lua)"))
    local _, message = pcall(chunk, misuse)
    assert.equal("(content_by_lua):3: wrong", message)
  end)

  it("adds no position where the coroutine has no caller outside lofty", function()
    local _, message = coroutine.resume(coroutine.create(misuse), "wrong")
    assert.equal("wrong", message)
  end)

  it("reports the line of the script in a process of its own", function()
    local printed = child.run([[
      local lofty = require "lofty"
      print(select(2, pcall(function() local _ = lofty.client { apikey = "x" } end)))
    ]])
    assert.truthy(printed:find(":2: lofty.client: unknown option \"apikey\", did you mean \"api_key\"?", 1, true), printed)
    assert.is_nil(printed:find("lofty/", 1, true), printed)
  end)
end)
