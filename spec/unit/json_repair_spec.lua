-- SPDX-License-Identifier: MIT

local core = require "lofty.core"
local json = require "lofty.json"

describe("json.decode with repair", function()
  local MARK = "\239\191\189" -- U+FFFD

  for _, case in ipairs {
    { "a high surrogate alone", '{"a":"Jo\\ud83d"}', "Jo" .. MARK },
    { "a low surrogate alone", '{"a":"\\uDE00Jo"}', MARK .. "Jo" },
    { "two high surrogates and a low one", '{"a":"\\ud83d\\ud83d\\ude00"}', MARK .. "\240\159\152\128" },
    { "a high surrogate before another escape", '{"a":"\\ud83d\\n"}', MARK .. "\n" },
    { "a surrogate in UTF-8", '{"a":"Jo\237\160\189"}', "Jo" .. MARK },
    { "a byte of Latin-1", '{"a":"Jos\233 P"}', "Jos" .. MARK .. " P" },
    { "UTF-8 that is cut short", '{"a":"\226\130"}', MARK .. MARK },
    { "an unknown escape", [[{"a":"O\'Neil"}]], "O" .. MARK .. "'Neil" },
    { "\\u without digits", [[{"a":"\uD8"}]], MARK .. "uD8" },
    { "nothing for an unescaped control character, which is kept", '{"a":"Jo\tS\1"}', "Jo\tS\1" },
    { "nothing in a valid string", [[{"a":"\\ \" \u00e9 \ud83d\ude00"}]], '\\ " \195\169 \240\159\152\128' },
  } do
    it("replaces " .. case[1], function()
      local value, err = json.decode(case[2], { repair = true })
      assert.is_nil(err)
      assert.same({ a = case[3] }, value)
    end)
  end

  it("changes only strings", function()
    for _, text in ipairs { "[\233]", '["a",\1]', '["a" "b"]', '["\\', '["a\233', "\\" } do
      local value, err = json.decode(text, { repair = true })
      assert.is_nil(value)
      assert.equal("decode", err.kind)
    end
  end)

  it("gives the position that the message names, where the text is invalid even so", function()
    local value, err = json.decode('{"a":"\233\233","b":x}', { repair = true })
    assert.is_nil(value)
    assert.equal(19, err.offset)
    assert.matches("at byte 19", err.message, 1, true)
  end)

  it("does not change a valid text", function()
    for _, text in ipairs { "[]", '"\\\\"', '{"":[null,true,1.5,"x"]}', '["\\\\","a\\"b",{"c":"\\\\\\""}]' } do
      assert.equal(text, core.json_repair(text))
    end
  end)

  it("refuses an unknown option", function()
    assert.has_error(function() json.decode("[]", { repare = true }) end)
  end)
end)
