-- SPDX-License-Identifier: MIT

-- What one Lua accepts, another may refuse: 5.5 makes the variables of a `for` constant.
local nginx = require "lofty.sandbox.nginx"

describe("every Lua source", function()
  it("compiles on this Lua", function()
    local problems, count = {}, 0
    for path in nginx.shell("find bin/lofty lua examples spec bench -type f -name '*.lua' -o -path bin/lofty"):gmatch "[^\n]+" do
      local chunk, why = loadfile(path)
      if not chunk then problems[#problems + 1] = why end
      count = count + 1
    end
    assert.same({}, problems)
    assert.is_true(count > 300, count .. " sources")
  end)
end)
