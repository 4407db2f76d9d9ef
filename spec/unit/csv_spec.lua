-- SPDX-License-Identifier: MIT

-- CSV as the command writes it, and the form for spreadsheets.
local csv = require "lofty.cli.csv"
local reader = require "lofty.cli.import.reader"

-- The fields that a reader finds in a text.
local function read(text)
  local done = false
  return (reader.new(function()
    if done then return nil end
    done = true
    return text
  end, ","):record())
end

describe("CSV", function()
  it("quotes what RFC 4180 asks for, and texts that begin or end with a space", function()
    assert.equal('a,"b,c","d""e","f\ng"," h","i "\r\n', csv.new():line { "a", "b,c", 'd"e', "f\ng", " h", "i " })
    assert.equal('""\r\n', csv.new():line { "" })
  end)

  it("writes each text as it is, and warns of those that a spreadsheet takes for a formula", function()
    local writer = csv.new()
    assert.equal("=1+1,@SUM(A1),+49 30 1234,-5,-5.25,x\r\n", writer:line { "=1+1", "@SUM(A1)", "+49 30 1234", "-5", "-5.25", "x" })
    assert.truthy(writer:warning():find("would take 2 cells for a formula", 1, true))
    writer = csv.new()
    writer:line { "a=b", "+1 (512) 555-0101", "" }
    assert.is_nil(writer:warning())
  end)

  describe("for spreadsheets", function()
    for _, case in ipairs {
      { "a formula", "=1+1", "'=1+1" },
      { "a phone number that begins with +", "+15125550101", "'+15125550101" },
      { "a formula after a minus", "-2+3", "'-2+3" },
      { "a negative number", "-2.5", "-2.5" },
      { "an at sign", "@x", "'@x" },
      { "a tab", "\t=x", "'\t=x" },
      { "NUL", "\0=x", "'\0=x" },
      { "a full-width equals sign", "\239\188\157x", "'\239\188\157x" },
      { "another character of the same first byte", "\239\188\161", "\239\188\161" },
      { "an id of 15 digits", "651095960136641", "651095960136641" },
      { "an id of 19 digits", "1738234566814937089", "'1738234566814937089" },
      { "an apostrophe before a formula", "'=x", "''=x" },
      { "an apostrophe before a name", "'t Hooft", "'t Hooft" },
    } do
      it("writes " .. case[1], function()
        local writer = csv.new(true)
        assert.equal(case[3], read(writer:line { case[2], "x" })[1])
        assert.equal(case[2], csv.unguard(case[3]))
        assert.is_nil(writer:warning())
      end)
    end

    it("begins with a byte order mark", function()
      assert.equal("\239\187\191a,b\r\n", csv.new(true):head { "a", "b" })
    end)

    it("gives back every text", function()
      local pieces = { "=", "+", "-", "@", "'", "\t", "\n", "1234567890123456", "-1", "a", '"', "\239\188\157", "" }
      for _, a in ipairs(pieces) do
        for _, b in ipairs(pieces) do
          for _, c in ipairs(pieces) do
            local text = a .. b .. c
            assert.equal(text, csv.unguard(read(csv.new(true):line { text, "x" })[1]))
          end
        end
      end
    end)
  end)
end)
