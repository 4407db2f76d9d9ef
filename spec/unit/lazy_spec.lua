-- SPDX-License-Identifier: MIT

-- Which modules are loaded, and when.
local child = require "spec.support.child"
local lazy = require "lofty.internal.lazy"

-- The modules of lofty that a program has loaded at its end, sorted, on one line; on a line before it those that it had
-- loaded where it calls show().
local function loaded_by(code)
  return child.run([[
    local function show()
      local names = {}
      for name in pairs(package.loaded) do
        if name:find "^lofty" then names[#names + 1] = name end
      end
      table.sort(names)
      print(table.concat(names, " "))
    end
  ]] .. code .. "\nshow()")
end

describe("a lazy module", function()
  local NAME = "lofty.a_module_of_this_spec"
  local loads
  before_each(function()
    loads = 0
    package.preload[NAME] = function()
      loads = loads + 1
      return { double = function(number) return 2 * number end }
    end
  end)
  after_each(function()
    package.preload[NAME], package.loaded[NAME] = nil, nil
    rawset(_G, "ngx", nil)
  end)

  it("is loaded when a field is read, once", function()
    local module = lazy(NAME)
    assert.equal(0, loads)
    assert.equal(14, module.double(7))
    assert.equal(16, module.double(8))
    assert.is_nil(module.absent)
    assert.equal(1, loads)
  end)

  it("is loaded at once in nginx's init phase alone", function()
    rawset(_G, "ngx", { get_phase = function() return "access" end })
    lazy(NAME)
    assert.equal(0, loads)
    rawset(_G, "ngx", { get_phase = function() return "init" end })
    local module = lazy(NAME)
    assert.equal(1, loads)
    assert.equal(package.loaded[NAME], module)
  end)
end)

describe("require \"lofty\"", function()
  it("loads no part of the library", function()
    assert.equal("lofty lofty.core lofty.internal.lazy lofty.internal.misuse lofty.internal.version",
      loaded_by [[ require "lofty" ]])
  end)
end)

describe("a client with an API key", function()
  it("loads no module of OAuth, webhooks or cryptography for a call", function()
    local names = loaded_by [[
      local runtime = require("spec.support.fake_runtime").new(function()
        return { status = 200, body = "{}", headers = {} }
      end)
      assert(require("lofty").client { api_key = "key", runtime = runtime }:me())
    ]]
    assert.truthy(names:find("lofty.client", 1, true), names)
    for _, name in ipairs { "lofty.app", "lofty.crypto", "lofty.oauth.source", "lofty.webhook", "lofty.internal.redact" } do
      assert.is_nil(names:find(name, 1, true), names)
    end
  end)
end)

describe("a process's third call", function()
  -- lofty.crypto gives random numbers for waits; without it math.random does.
  it("loads no module but lofty.crypto to fail, to wait, to split parameters or to read any rate limits", function()
    local before, after = loaded_by([[
      local headers = {
        ["x-ratelimit-limit"] = "100;w=60", ["x-ratelimit-remaining"] = "0", ["x-ratelimit-reset"] = "1m30s",
        date = "Sun, 06 Nov 1994 08:49:37 GMT", ["retry-after"] = "Sun, 06 Nov 1994 08:49:39 GMT",
      }
      local answers = {
        { status = 200, body = "{}", headers = { ["x-ratelimit-limit"] = "300" } },
        [3] = { status = 429, body = "{}", headers = headers },
        [4] = { status = 503, body = "<html>", headers = {} },
        [5] = { status = 404, body = '{"code":20006,"message":"none"}', headers = {} },
      }
      local runtime = require("spec.support.fake_runtime").new(function(_, number)
        return answers[number] or { status = 200, body = "{}", headers = {} }
      end)
      local crm = require("lofty").client { api_key = "key", runtime = runtime }
      assert(crm:me())
      assert(crm:me())
      require "lofty.crypto"
      show()
      local value, err = crm:get("/v1.0/leads/{leadId}", { leadId = 1 })
      assert(not value and err.status == 404 and #runtime.requests == 5 and crm.limiter.count == 1)
    ]]):match "^(.-)\n(.*)$"
    assert.equal(before, after)
  end)
end)

describe("core.load_lazily", function()
  local core = require "lofty.core"

  it("ignores a path of any length that cannot be loaded", function()
    for _, size in ipairs { 1, 4095, 4096, 17 * 1024 * 1024 } do
      core.load_lazily(("x"):rep(size))
      core.load_lazily("/" .. ("x"):rep(size))
    end
  end)
end)
