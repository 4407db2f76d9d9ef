-- SPDX-License-Identifier: MIT

local child = require "spec.support.child"

describe("lofty.curl", function()
  local curl = require "lofty.curl"

  local function start(transfer, url)
    return transfer:start(1, "GET", url, {}, nil, false, 5, 5, 1000, 1000, nil, nil)
  end

  it("frees everything in whatever order handles are closed or collected", function()
    for _, order in ipairs { "multi first", "transfer first", "collected" } do
      local multi = curl.multi()
      local transfers = {}
      for i = 1, 3 do
        transfers[i] = multi:transfer()
        assert(start(transfers[i], "http://127.0.0.1:1/"))
      end
      if order == "multi first" then
        multi:close()
        for i = 1, 3 do transfers[i]:close() end
      elseif order == "transfer first" then
        for i = 1, 3 do transfers[i]:close() end
        multi:close()
      end
      multi:close()
      multi, transfers = nil, nil -- luacheck: ignore
      collectgarbage()
      collectgarbage()
    end
  end)

  it("raises when a closed handle is used", function()
    local multi = curl.multi()
    local transfer = multi:transfer()
    multi:close()
    assert.has_error(function() multi:wait(0) end)
    assert.has_error(function() transfer:result() end)
    assert.has_error(function() start(transfer, "http://127.0.0.1:1/") end)
  end)

  it("raises when a transfer is started twice, or has no result because it was not started", function()
    local multi = curl.multi()
    local transfer = multi:transfer()
    assert.has_error(function() transfer:result() end)
    assert(start(transfer, "http://127.0.0.1:1/"))
    assert.has_error(function() start(transfer, "http://127.0.0.1:1/") end)
    local status
    repeat status = transfer:result() until status ~= false
    assert.is_nil(status)
    assert.has_error(function() transfer:result() end)
    transfer:close()
    multi:close()
  end)

  it("refuses a self of another type", function()
    local multi = curl.multi()
    assert.has_error(function() multi.wait(io.stdout, 0) end)
    assert.has_error(function() multi:transfer().result(multi) end)
    assert.has_error(function() multi:transfer().done(io.stdout) end)
    multi:close()
  end)

  -- In a process of its own: with a small heap the collector soon comes to its finalizers.
  for name, use in pairs { close = "transfer:close()", start = "start(transfer)", result = "transfer:result()" } do
    it("refuses " .. name .. " when a finalizer calls it while result makes its values", function()
      assert.equal("refused", child.run(([[
        package.path = "./?.lua;" .. package.path
        local during = require("spec.support.finalizers").during
        local multi = require("lofty.curl").multi()
        local function start(transfer)
          return transfer:start(1, "GET", "http://127.0.0.1:1/", {}, nil, false, 5, 5, 1000, 1000, nil, nil)
        end
        local function ended()
          local transfer = multi:transfer()
          assert(start(transfer))
          while not transfer:done() do multi:wait(1) end
          return transfer
        end
        during(ended, function(transfer) return transfer:result() end, function(transfer)
          local ok, why = pcall(function() return %s end)
          return not ok and why:find("this transfer is in use", 1, true) ~= nil
        end, function(called, status, kind, message)
          assert(called, status)
          assert(status == nil and kind == "network" and message:find("could not connect", 1, true), message)
        end)
        print "refused"
      ]]):format(use)))
    end)
  end
end)
