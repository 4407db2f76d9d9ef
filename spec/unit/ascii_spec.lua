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

  it("trims white space at both ends, and only there", function()
    assert.equal("a \t b", ascii.trim(" \t\n\v\f\ra \t b\r\f\v\n\t "))
    assert.equal("\0a\160", ascii.trim("\0a\160")) -- NUL and Latin-1's no-break space are no white space
    for _, text in ipairs { "", " ", "\r\n" } do assert.equal("", ascii.trim(text)) end
  end)

  it("trims a text with long runs of spaces in linear time", function()
    local run = (" "):rep(300000)
    assert.equal("a" .. run .. "b", ascii.trim(run .. "a" .. run .. "b" .. run))
    assert.equal("", ascii.trim(run))
  end)

  it("writes each byte as two hexadecimal digits in lower case", function()
    assert.equal("", ascii.hex "")
    assert.equal("00097fabff", ascii.hex "\0\9\127\171\255")
    assert.equal(512, #ascii.hex(every))
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
