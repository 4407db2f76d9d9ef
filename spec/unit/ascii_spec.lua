-- SPDX-License-Identifier: MIT

local ascii = require "lofty.internal.ascii"

describe("ascii", function()
  local every = {}
  for code = 0, 255 do every[#every + 1] = string.char(code) end
  every = table.concat(every)

  it("changes the 26 letters of ASCII and nothing else", function()
    local upper, lower = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"
    assert.equal(lower, ascii.lower(upper))
    assert.equal(upper, ascii.upper(lower))
    local letters = "[A-Za-z]"
    assert.equal((every:gsub(letters, "")), (ascii.lower(every):gsub(letters, "")))
    assert.equal((every:gsub(letters, "")), (ascii.upper(every):gsub(letters, "")))
  end)

  -- string.lower and string.upper follow the locale: in a Turkish one "I" becomes a dotless i.
  it("is what the library uses: no module calls string.lower or string.upper", function()
    local pipe = assert(io.popen("grep -rnE '[.:](lower|upper) ?\\(|string\\.(lower|upper)' lua/lofty "
      .. "--include=*.lua --exclude-dir=server"))
    local found = {}
    for line in pipe:lines() do
      if not line:find("ascii.", 1, true) then found[#found + 1] = line end
    end
    pipe:close()
    assert.same({}, found)
  end)
end)
