-- SPDX-License-Identifier: MIT

local table_layout = require "lofty.cli.table"
local width = require "lofty.cli.width"

describe("the width of text in a terminal", function()
  for text, columns in pairs {
    [""] = 0, ["abc"] = 3, ["Sofía"] = 5, ["Sofi\204\129a"] = 5, ["山田太郎"] = 8, ["한글"] = 4, ["ｱ"] = 1, ["Ａ"] = 2,
    ["😀"] = 2, ["👍🏽"] = 2, ["👩‍👩‍👧"] = 2, ["🇪🇸"] = 2, ["❤"] = 1, ["❤\239\184\143"] = 2, ["a\226\128\139b"] = 2,
    ["\225\132\146\225\133\161\225\134\171"] = 2,
  } do
    it(("of %q is %d"):format(text, columns), function() assert.equal(columns, width.of(text)) end)
  end

  it("stays within a cut, which splits neither a wide character nor a letter and its mark", function()
    assert.equal("abc", (width.cut("abc", 3)))
    assert.equal("ab…", (width.cut("abcd", 3)))
    assert.equal("山…", (width.cut("山田太郎", 4)))
    assert.equal("山田…", (width.cut("山田太郎", 5)))
    assert.equal("e\204\129…", (width.cut("e\204\129xyz", 2)))
    for columns = 1, 12 do
      assert.equal(columns, width.of(width.fit("a山田👩‍👩‍👧e\204\129xyz", columns)))
    end
  end)
end)

describe("a table", function()
  local rows = { { "651095960136641", ("long "):rep(20), "山田" }, { "1", "x", "" } }

  it("fits any window that has room for its ids, and does not cut them", function()
    for columns = 15, 150 do
      local lines = table_layout.lines({ "id", "text", "name" }, rows, columns, false)
      assert.equal(3, #lines)
      for _, line in ipairs(lines) do assert.truthy(width.of(line) <= columns) end
      assert.truthy(lines[2]:find("651095960136641", 1, true))
    end
  end)

  it("tells how many columns it shows", function()
    assert.equal(1, (select(2, table_layout.lines({ "id", "text", "name" }, rows, 20, false))))
    assert.equal(3, (select(2, table_layout.lines({ "id", "text", "name" }, rows, 80, false))))
  end)
end)
