-- SPDX-License-Identifier: MIT

local limits = require("lofty.core").limits

describe("the table of limits", function()
  it("names every limit of core/limits.h, each above zero", function()
    local in_header = 0
    for line in io.lines("src/core/limits.h") do
      if line:find("^#define LOFTY_MAX_") or line:find("^#define LOFTY_%u+_TIMEOUT") then in_header = in_header + 1 end
    end
    local in_lua = 0
    for name, value in pairs(limits) do
      in_lua = in_lua + 1
      assert.is_true(value > 0, name)
    end
    assert.equal(in_header, in_lua)
  end)
end)
