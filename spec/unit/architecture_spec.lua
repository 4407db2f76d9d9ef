-- SPDX-License-Identifier: MIT

-- ARCHITECTURE.md against the tree.
local nginx = require "lofty.sandbox.nginx"

-- The names in the first column of the table of folders: "cli/" -> true.
local function folders_of(text)
  local folders = {}
  for cell in text:gmatch "\n|([^|]*`[^|]*)|" do
    for name in cell:gmatch "`([^`]+)`" do folders[name] = true end
  end
  return folders
end

local architecture = nginx.contents "ARCHITECTURE.md"

describe("ARCHITECTURE.md", function()
  it("names every folder of lua/lofty and src in its table, and none that does not exist", function()
    local named, expected = folders_of(architecture), { ["lua/lofty/"] = true }
    -- Folders below sandbox/server are the emulator's own.
    for path in nginx.shell("find lua/lofty src -mindepth 1 -type d -not -path '*/server/*'"):gmatch "[^\n]+" do
      expected[path:gsub("^lua/lofty/", "") .. "/"] = true
    end
    for name in pairs(expected) do assert.truthy(named[name], name .. " is missing in the table of ARCHITECTURE.md") end
    for name in pairs(named) do
      assert.truthy(expected[name] or io.open(name .. "."), name .. " does not exist")
    end
  end)

  it("names every public module", function()
    local row = architecture:match "`lua/lofty/` |([^\n]*)"
    for path in nginx.shell("ls lua/lofty/*.lua"):gmatch "[^\n]+" do
      local name = path:match "([%w_]+)%.lua$"
      assert.truthy(row:find("`" .. name .. "`", 1, true), name .. " is missing in the row of lua/lofty/")
    end
  end)

  it("shows a drawing that is made from tools/layers.lua", function()
    assert.equal(nginx.shell "lua5.4 tools/draw_layers.lua", (nginx.contents("docs/internals/layers.svg"):gsub("\n$", "")))
  end)
end)
