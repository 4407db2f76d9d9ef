-- SPDX-License-Identifier: MIT

-- The contract over the runtime of plain Lua; spec/integration/nginx_runtime_spec.lua runs it inside nginx.

local cases = require "spec.contracts.runtime"
local wires = require "spec.support.wire"

describe("runtime contract:", function()
  local runtime = require "lofty.runtime.curl"
  local wire, fixture

  setup(function()
    wire = wires.start()
    fixture = wire:contract_fixture(runtime)
  end)

  teardown(function()
    runtime:close()
    wire:stop()
  end)

  describe("the libcurl runtime", function()
    for _, case in ipairs(cases) do
      it(case.name, function() case.run(fixture) end)
    end

    for _, case in ipairs(cases) do
      it("in a task of map, " .. case.name, function()
        local _, errors = runtime:map({ 1 }, function() case.run(fixture) end)
        if errors then error(errors[1], 0) end
      end)
    end
  end)
end)
