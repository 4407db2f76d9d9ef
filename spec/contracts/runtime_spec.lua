-- SPDX-License-Identifier: MIT

-- The contract over the runtime of plain Lua; spec/integration/nginx_runtime_spec.lua runs it inside nginx.

local cases = require "spec.contracts.runtime"
local nginx = require "lofty.sandbox.nginx"
local wires = require "spec.support.wire"

describe("runtime contract:", function()
  local runtime = require "lofty.runtime.curl"
  local wire, fixture

  setup(function()
    wire = wires.start()
    fixture = {
      runtime = runtime,
      hello = wire:lua("hello", "ngx.header['X-Two'] = { 'a', 'b' }; ngx.print('hello')"),
      cut = wire:raw("cut", ""),
      refused = ("http://127.0.0.1:%d/"):format(nginx.free_ports(1)[1]),
    }
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
