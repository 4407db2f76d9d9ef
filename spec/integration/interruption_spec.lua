-- SPDX-License-Identifier: MIT

local wires = require "spec.support.wire"

-- A signal handler of Lua's sets a debug hook, which raises between any two instructions of the main thread. Here a
-- count hook does so, after the first instruction of a call, then in the next run after the second, and so on.
describe("An error out of the debug hook of a signal, at each instruction of", function()
  local runtime = require "lofty.runtime.curl"
  local slots = require "lofty.runtime.curl.slots"
  local wire, url
  local items = 0

  setup(function()
    wire = wires.start {}
    url = wire:lua("hello", "ngx.print('hello')")
  end)
  teardown(function()
    runtime:close()
    wire:stop()
  end)

  local function request()
    local res = assert(runtime:request { method = "GET", url = url, headers = {} })
    return res.body
  end

  local function wait(item)
    items = items + 1
    runtime:sleep(item / 1e5)
  end

  local cases = {
    { "a map whose items do not wait", function() runtime:map({ 1, 2, 3 }, function() items = items + 1 end) end },
    { "a map whose items sleep", function() runtime:map({ 1, 2, 3 }, wait) end },
    { "a map with requests", function()
      runtime:map({ 1, 2 }, function()
        items = items + 1
        local text = request()
        return text
      end)
    end },
    { "a nested map", function()
      runtime:map({ 1, 2 }, function() runtime:map({ 1, 2 }, wait) end)
    end },
    { "a map in ensure", function()
      runtime:ensure(function() end, function() runtime:map({ 1, 2 }, wait) end)
    end },
    { "a map that waits for an event", function()
      local event = runtime:event()
      runtime:map({ 1, 2 }, function(item)
        items = items + 1
        if item == 1 then event:wait(5) else event:set() end
      end)
    end },
    { "a request", request },
  }

  -- Calls fn with a hook that raises after `count` instructions, in this coroutine. False when fn has fewer.
  local function interrupt(fn, count)
    local thread, fired = coroutine.running(), false
    local function hook()
      if coroutine.running() ~= thread then return end
      debug.sethook()
      fired = true
      error("interrupted", 0)
    end
    pcall(function()
      debug.sethook(hook, "", count)
      fn()
      debug.sethook()
    end)
    debug.sethook()
    return fired
  end

  for _, case in ipairs(cases) do
    it(case[1] .. " leaves no task behind, and the next calls work", function()
      local hook, mask, every = debug.gethook()
      case[2]() -- loads what it needs
      local count, missed = 0, 0
      while missed < 3 do
        count = count + 1
        missed = interrupt(case[2], count) and 0 or missed + 1
        assert.is_nil(slots.active, count)
        local begun = items
        local results = runtime:map({ 1, 2 }, function(item)
          runtime:sleep(0)
          return item
        end)
        assert.same({ 1, 2 }, results)
        assert.equal(begun, items, count) -- none of the interrupted map begins in the next one
        assert.equal("hello", request())
      end
      if hook then debug.sethook(hook, mask, every) end
      assert.is_true(count > 3)
    end)
  end

  -- The hook of a signal that comes when the section is entered, before signals are held back.
  it("detach raises before its function is called, and holds no later signal back", function()
    local hook, mask, every = debug.gethook()
    local called, raised = 0, 0
    local function raise()
      if debug.getinfo(2, "S").source ~= "" then return end -- the empty function by which C runs a pending hook
      debug.sethook()
      raised = raised + 1
      error("interrupted", 0)
    end
    local ok, problem = pcall(function()
      debug.sethook(raise, "c")
      runtime:detach(5, function() called = called + 1 end)
    end)
    debug.sethook()
    if hook then debug.sethook(hook, mask, every) end
    assert.same({ false, "interrupted", 0, 1 }, { ok, problem, called, raised })
    assert.is_nil(slots.active)
    assert.equal("hello", runtime:detach(5, request))
    assert.is_nil(slots.active)
  end)
end)
