-- SPDX-License-Identifier: MIT

describe("lofty.curl", function()
  local curl = require "lofty.curl"
  local during = require("spec.support.finalizers").during

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

  describe("when a finalizer runs during a call", function()
    local multi

    before_each(function() multi = curl.multi() end)
    after_each(function() multi:close() end)

    local function ended()
      local transfer = multi:transfer()
      assert(start(transfer, "http://127.0.0.1:1/"))
      while not transfer:done() do multi:wait(1) end
      return transfer
    end

    local function result(transfer) return transfer:result() end

    local function check_result(status, kind, message)
      assert.is_nil(status)
      assert.equal("network", kind)
      assert.truthy(message:find("could not connect", 1, true))
    end

    for name, use in pairs {
      close = function(transfer) return transfer:close() end,
      start = function(transfer) return start(transfer, "http://127.0.0.1:1/") end,
      result = result,
    } do
      it("refuses " .. name .. " while result makes its values", function()
        local refused
        during(ended, result, function(transfer) refused = { pcall(use, transfer) } end, check_result)
        assert.is_false(refused[1])
        assert.matches("this transfer is in use", refused[2], 1, true)
      end)
    end
  end)
end)
