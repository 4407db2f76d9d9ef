-- SPDX-License-Identifier: MIT

-- A short run of spec/fuzz/lua_text.lua; `make fuzz` does a long one.

local run = require "spec.fuzz.lua_text"

describe("changed texts of servers and browsers", function()
  for _, seed in ipairs { 1, 2, 3 } do
    it("are values or errs: seed " .. seed, function() assert.is_nil(run(1000, seed)) end)
  end
end)
