-- SPDX-License-Identifier: MIT

local two_accounts = require "spec.support.two_accounts"
local wires = require "spec.support.wire"

describe("No token goes out with the other account's calls", function()
  local wire, url

  setup(function()
    wire = wires.start {}
    url = wire:lua("accounts", two_accounts.HANDLER)
  end)
  teardown(function() wire:stop() end)

  it("over libcurl", function()
    local runtime = require "lofty.runtime.curl"
    assert.equal("fine", two_accounts.run(url, runtime, 4000))
    runtime:close()
  end)

  it("inside nginx", function()
    local results = require "spec.support.in_nginx"("spec.support.two_accounts_nginx", url)
    assert.same({ calls = { "fine" } }, results)
  end)

  local it_with_cqueues = _VERSION == "Lua 5.5" and pending or it
  it_with_cqueues("over cqueues", function()
    local runtime = dofile("examples/cqueues_runtime.lua")
    local loop, said = require("cqueues").new(), nil
    loop:wrap(function() said = two_accounts.run(url, runtime, 4000) end)
    assert(loop:loop())
    runtime:close()
    assert.equal("fine", said)
  end)
end)
