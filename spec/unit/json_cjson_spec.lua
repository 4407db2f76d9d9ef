-- SPDX-License-Identifier: MIT

-- Compares lofty.core with lua-cjson, value by value. Texts for which lua-cjson is wrong or not strict are left out;
-- spec/unit/json_spec.lua has them.
local core = require "lofty.core"
local installed, cjson = pcall(require, "cjson")
if not installed then
  pending("lua-cjson is not installed for " .. _VERSION)
  return
end

local decode, encode = core.json_decode, core.json_encode
local format, rep, floor = string.format, string.rep, math.floor

-- A random number generator that gives the same numbers in every run and every Lua.
local seed
local function below(n)
  seed = (seed * 16807) % 2147483647
  return seed % n
end
local function pick(list) return list[below(#list) + 1] end

-- The path where a and b differ in type, key or value, or nil. An integer equals a float of the same value, because
-- lua-cjson decodes every number as a float.
local function difference(a, b, at)
  if type(a) ~= type(b) then return format("%s: %s, %s", at, type(a), type(b)) end
  if type(a) ~= "table" then return a ~= b and format("%s: %s, %s", at, tostring(a), tostring(b)) or nil end
  for key, value in pairs(a) do
    local found = difference(value, b[key], at .. "." .. tostring(key))
    if found then return found end
  end
  for key in pairs(b) do
    if a[key] == nil then return at .. "." .. tostring(key) .. ": only in one" end
  end
end

local function decode_both(text)
  local theirs = cjson.decode(text)
  local ours, message = decode(text)
  assert.is_nil(message, text)
  assert.is_nil(difference(ours, theirs, "value"), text)
  return ours, theirs
end

local white = { "", "", "", "", " ", "\n", "\t", "\r\n", "  " }
local scalars = {
  "null", "true", "false", "0", "-1", "12", "3600", "99999999999999", "-99999999999999", "1.5", "-0.25", "1e3", "2E-2",
  "1.25e+10", "33.448377", "-112.074037", "0.1", "1e300", "5e-324", "123456789.987654321", '""', '"a"', '"New Lead"',
  [["\"\\\/\b\f\n\r\t"]], [["\u0041\u00e9\u20ac"]], [["\ud83d\ude00 smile"]], '"é€😀"', '"jane.doe@example.com"',
  '"' .. rep("long ", 30) .. '"', [["]] .. rep([[\n]], 300) .. [["]], [["\u0000"]],
}

local function document(depth)
  local space = pick(white)
  local kind = depth > 5 and 0 or below(4)
  if kind < 2 then return space .. pick(scalars) .. pick(white) end
  local parts = {}
  for i = 1, pick{ 0, 1, 2, 3, 5, 8, 40 } do
    local value = document(depth + 1 + floor(i / 5))
    if kind == 2 then
      parts[i] = value
    else
      local stem = pick{ "id", "leadId", "aVeryLongNameOfAFieldIndeed", "é", [[\u00e9\n]], "" }
      local name = format('"%s%d"', stem, below(30))
      parts[i] = pick(white) .. name .. pick(white) .. ":" .. value
    end
  end
  local content = table.concat(parts, ",")
  return space .. (kind == 2 and "[" .. content .. "]" or "{" .. content .. "}") .. pick(white)
end

describe("lofty.core and lua-cjson", function()
  it("have the same null", function() assert.equal(cjson.null, core.null) end)

  it("decode each scalar alike", function()
    for _, text in ipairs(scalars) do decode_both("[" .. text .. "]") end
  end)

  it("decode random documents alike, and lofty's encoding of them", function()
    seed = 7
    for _ = 1, 300 do
      local text = "[" .. document(0) .. "]"
      local ours = decode_both(text)
      local written = assert(encode(ours))
      assert.is_nil(difference(ours, cjson.decode(written), "encoded by lofty, decoded by lua-cjson"))
      assert.is_nil(difference(ours, decode(written), "encoded and decoded by lofty"))
    end
  end)

  it("encode alike values that have one encoding", function()
    for _, value in ipairs{ "", "plain", "é€😀", "a\"b\\c\n\t\r\b\f", 0, 1, -12, 3600, 99999999999999, 0.5, -2.25,
                              true, false } do
      assert.equal(cjson.encode{ value }, encode{ value })
      assert.equal(cjson.encode{ name = value }, encode{ name = value })
    end
    assert.equal(cjson.encode{ {}, { { 1 } }, cjson.null }, encode{ {}, { { 1 } }, core.null })
  end)

  it("refuse the same invalid texts", function()
    seed = 11
    local refused = 0
    for _ = 1, 600 do
      local text = "[" .. document(1) .. "]"
      local at = below(#text) + 1
      local byte = pick{ "", "}", "]", ",", '"', ":", "{", "x", "0", "\\", "\1" }
      local broken = text:sub(1, at - 1) .. byte .. text:sub(at + below(2))
      -- lua-cjson accepts more than RFC 8259 (leading zeros, NaN); whatever it refuses, lofty must refuse
      if not pcall(cjson.decode, broken) then
        refused = refused + 1
        assert.is_nil((decode(broken)), broken)
      end
    end
    assert.is_true(refused > 200)
  end)
end)
