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
end)
