-- SPDX-License-Identifier: MIT

local cases = require "spec.support.shdict_cases"
local in_nginx = require "spec.support.in_nginx"

describe("shared dict store", function()
  local results

  setup(function() results = in_nginx("spec.support.shdict_cases_nginx").cases end)

  for index, case in ipairs(cases) do
    it(case.name, function() assert.equal("ok", results[index]) end)
  end

  it("says outside nginx that it belongs there, and what to take instead", function()
    local ok, why = pcall(require "lofty.store.shdict", { dict = "lofty" })
    assert.is_false(ok)
    assert.truthy(why:find("lofty.store.file", 1, true), why)
  end)
end)
