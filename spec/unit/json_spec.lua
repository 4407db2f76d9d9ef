-- SPDX-License-Identifier: MIT

local core = require "lofty.core"
local json = require "lofty.json"

local decode, encode, null = core.json_decode, core.json_encode, core.null
local rep, char, format = string.rep, string.char, string.format
local luajit = type(rawget(_G, "jit")) == "table"
local number_type = rawget(math, "type") -- absent before 5.3, as integers are
local has_integers = number_type ~= nil

-- Decodes a text and encodes the value.
local function recode(text) return assert(encode(assert(decode(text)))) end

-- The value of a valid text.
local function read(text)
  local value, message = decode(text)
  assert.is_nil(message)
  return value
end

describe("decoding JSON", function()
  for _, case in ipairs{
    { "null", null }, { "true", true }, { "false", false }, { "0", 0 }, { "-1", -1 }, { '""', "" },
    { " \t\r\n1 \t\r\n", 1 }, { '"a/b\\/c"', "a/b/c" }, { "1.5", 1.5 }, { "-0.25", -0.25 }, { "1e3", 1000 },
    { "1E+3", 1000 }, { "25e-1", 2.5 }, { "0e0", 0 }, { "1e-400", 0 }, { "0.1", 0.1 }, { "1e22", 1e22 },
    { "1e23", 1e23 },
    { "0.1e1", 1 }, { "179769313486231570000e288", 1.7976931348623157e308 }, { "4.9e-324", 4.9406564584124654e-324 },
    { "0." .. rep("0", 400) .. "1e401", 1 }, { "1" .. rep("0", 400) .. "e-400", 1 },
    { "9007199254740993.0", 9007199254740992 }, { "9007199254740993." .. rep("0", 900) .. "1", 9007199254740994 },
    { [["\"\\\/\b\f\n\r\t"]], "\"\\/\b\f\n\r\t" }, { [["\u0041\u00e9\u20AC\ud83d\ude00\u0000"]], "Aé€😀\0" },
    { '"\127"', "\127" }, { '"é€😀\244\143\191\191"', "é€😀\244\143\191\191" },
  } do
    it("accepts " .. case[1]:sub(1, 40), function() assert.equal(case[2], read(case[1])) end)
  end

  it("accepts arrays and objects, empty and nested", function()
    assert.same({}, read "[]")
    assert.same({}, read "{ }")
    assert.same({ 1, { 2, {} }, { a = { b = false } }, null }, read '[1, [2 ,[]], {"a": {"b" :false}} ,null]')
    assert.same({ ["a\nb"] = 1, [""] = 2 }, read [[{"a\nb":1,"":2}]])
  end)

  it("keeps the last member when a name is repeated", function()
    assert.same({ a = 2, b = 3 }, read '{"a":1,"b":3,"a":2}')
    assert.same({ a = 2, b = { a = 1 } }, read [[{"a":1,"b":{"a":1},"\u0061":2}]])
    local many = {}
    for i = 1, 300 do many[i] = format('"n%d":%d', i, i) end
    assert.equal(9, read('{"n300":0,' .. table.concat(many, ",") .. ',"n7":9}').n7)
  end)

  it("decodes objects and arrays of any size", function()
    for _, width in ipairs{ 63, 64, 65, 127, 128, 129, 191, 192, 193, 255, 256, 257, 5000 } do
      local items, members = {}, {}
      for i = 1, width do items[i], members[i] = tostring(i), format('"a name longer than sixteen %d":%d', i, i) end
      local array = read("[" .. table.concat(items, ",") .. "]")
      local object = read("{" .. table.concat(members, ",") .. "}")
      assert.equal(width, #array)
      for i = 1, width do
        assert.equal(i, array[i])
        assert.equal(i, object["a name longer than sixteen " .. i])
      end
    end
  end)

  it("distinguishes names that share their first and last bytes", function()
    local names, members = {}, {}
    for size = 0, 40 do
      for _, middle in ipairs{ "x", "y" } do
        names[#names + 1] = rep("a", math.floor(size / 2)) .. middle .. rep("b", size - math.floor(size / 2))
        members[#members + 1] = format('"%s":%d', names[#names], #names)
      end
    end
    local list = read("[{" .. table.concat(members, ",") .. "},{" .. table.concat(members, ",") .. "}]")
    for i, name in ipairs(names) do
      assert.equal(i, list[1][name])
      assert.equal(i, list[2][name])
    end
    -- The same across texts, where the names come from the string cache.
    for i, name in ipairs(names) do
      assert.equal(i, read("{" .. members[i] .. "}")[name])
    end
    for i = 1, 600 do
      local name = "name" .. i % 300
      assert.same({ [name] = { [name] = i } }, read(format('{"%s":{"%s":%d}}', name, name, i)))
    end
  end)

  it("limits nesting", function()
    assert.is_table(decode(rep("[", 128) .. rep("]", 128)))
    assert.is_table(decode(rep('{"a":', 127) .. "[]" .. rep("}", 127)))
    local value, message, offset = decode(rep("[", 129) .. rep("]", 129))
    assert.is_nil(value)
    assert.matches("nested too deeply", message)
    assert.equal(129, offset)
    assert.is_nil((decode(rep("[", 1000000))))
  end)

  it("decodes large arrays at every depth", function()
    local row = rep("0,", 200)
    local text = rep("[" .. row, 128) .. "0" .. rep("]", 128)
    assert.equal(text, recode(text))
    local object = rep('{"a":1,"b":[' .. row .. '0],"c":', 64) .. "0" .. rep("}", 64)
    assert.equal(object, recode(object))
  end)

  for _, case in ipairs{
    { "an empty text", "", 1 }, { "only white space", " \n ", 4 }, { "only a byte order mark", "\239\187\191", 4 },
    { "two byte order marks", "\239\187\191\239\187\191[]", 4 }, { "an incomplete byte order mark", "\239\187[]", 1 },
    { "a byte order mark in an array", "[\239\187\191]", 2 },
    { "a leading zero", "[01]", 2 }, { "a leading zero after a sign", "-012", 2 }, { "a plus", "+1", 1 },
    { "a point without digits before it", ".5", 1 }, { "a point without digits after it", "[1.]", 4 }, { "an exponent without digits", "1e", 3 },
    { "a signed exponent without digits", "[1e+]", 5 }, { "a lone minus", "-", 2 }, { "minus and a letter", "-a", 2 },
    { "hexadecimal", "0x10", 2 }, { "NaN", "NaN", 1 }, { "Infinity", "[-Infinity]", 3 },
    { "a float that is too large", "[1e999]", 2 },
    { "an incomplete literal", "tru", 1 }, { "a literal with a suffix", "truely", 5 }, { "a literal in capitals", "True", 1 },
    { "a comma before ]", "[1,]", 4 }, { "a comma before }", '{"a":1,}', 8 }, { "a leading comma", "[,1]", 2 },
    { "a missing comma", "[1 2]", 4 }, { "a missing comma in an object", '{"a":1 "b":2}', 8 },
    { "a missing colon", '{"a" 1}', 6 }, { "a missing value", '{"a":}', 6 }, { "a missing name", "{:1}", 2 },
    { "a name that is not a string", "{1:2}", 2 }, { "a name without quotes", "{a:2}", 2 }, { "single quotes", "['a']", 2 },
    { "the wrong bracket", "[1}", 3 }, { "the wrong brace", '{"a":1]', 7 }, { "an additional bracket", "[]]", 3 },
    { "text after the value", "1 x", 3 }, { "two values", "{}{}", 3 }, { "a NUL after the value", "1\0", 2 },
    { "a comment", "[1/*x*/]", 3 }, { "an open array", "[1", 3 }, { "an open object", '{"a":1', 7 },
    { "an object that ends after a comma", '{"a":1,', 8 }, { "an open name", '{"a', 4 }, { "an open string", '"abc', 5 },
    { "a string that ends after a backslash", '"abc\\', 6 }, { "an unknown escape", '"a\\x41"', 3 },
    { "an escaped NUL", '"\\\0"', 2 }, { "\\u with three digits", '"\\u123"', 2 }, { "\\u with a sign", '"\\u+123"', 2 },
    { "\\u cut short", '"\\u12', 2 }, { "a lone high surrogate", '"\\ud83d"', 2 },
    { "a lone low surrogate", '"\\ude00"', 2 },
    { "two high surrogates", '"\\ud83d\\ud83d"', 2 }, { "a high surrogate and a letter", '"\\ud83d\\u0041"', 2 },
    { "a high surrogate cut short", '"\\ud83d\\u', 2 }, { "an unescaped newline", '"a\nb"', 3 }, { "an unescaped tab", '"\t"', 2 },
    { "an unescaped NUL", '"ab\0"', 4 }, { "an unescaped control character after 20 bytes", '"' .. rep("x", 20) .. '\31"', 22 },
    { "a lone continuation byte", '"\128"', 2 }, { "an overlong slash", '"\192\175"', 2 },
    { "an overlong NUL", '"\193\128"', 2 },
    { "an overlong euro", '"\224\130\172"', 2 }, { "an overlong encoding of four bytes", '"\240\130\130\172"', 2 },
    { "a surrogate in UTF-8", '"\237\160\128"', 2 }, { "more than U+10FFFF", '"\244\144\128\128"', 2 },
    { "a byte F5", '"\245\128\128\128"', 2 }, { "a byte FF", '"\255"', 2 }, { "UTF-8 cut by a quote", '"\226\130"', 2 },
    { "UTF-8 cut by the end", '"abcdefgh\226\130', 10 }, { "invalid UTF-8 in a name", '{"\255":1}', 3 },
    { "other white space", "[1,\0112]", 4 }, { "a no-break space", "[\194\1601]", 2 },
  } do
    it("refuses " .. case[1] .. " with its position", function()
      local value, message, offset = decode(case[2])
      assert.is_nil(value)
      assert.equal(case[3], offset)
      assert.matches(" at byte " .. case[3] .. "$", message)
    end)
  end

  it("refuses every incomplete text, and trailing bytes other than white space", function()
    local text = [[{"a":[1,-2.5e3,"\u00e9é",{"b":null}],"c":true,"d":{}}]]
    assert.is_table(decode(text))
    for cut = 0, #text - 1 do
      local value, message, offset = decode(text:sub(1, cut))
      assert.is_nil(value, "cut after byte " .. cut)
      assert.is_string(message)
      assert.is_true(offset <= cut + 1)
    end
    for byte = 0, 255 do
      local c = char(byte)
      assert.equal(c:find "[ \t\r\n]" ~= nil, decode(text .. c) ~= nil)
    end
  end)

  it("raises for a value that is not a string", function()
    assert.error(function() decode() end)
    assert.error(function() decode(12) end)
    assert.error(function() decode{} end)
  end)
end)

describe("exact numbers", function()
  local ids = { "651095960136641", "9007199254740993", "1738234566814937089", "-9223372036854775808",
                "9223372036854775807", "999999999999999", "-100000000000000" }
  for _, id in ipairs(ids) do
    it("keeps all digits of " .. id, function()
      local value = read(id)
      assert.equal(id, tostring(value))
      assert.equal(id, "" .. value)
      assert.equal(has_integers and "integer" or nil, has_integers and number_type(value) or nil)
      assert.equal(has_integers and id or '"' .. id .. '"', encode(value))
      assert.equal('{"leadId":' .. id .. "}", encode{ leadId = core.integer(tostring(value)) })
      if has_integers then assert.equal(id, core.number_text(value)) end
      assert.equal(id, core.number_text(core.integer(id)))
    end)
  end

  it("decodes small integers as integers", function()
    assert.equal("3600", tostring(read "3600"))
    assert.equal("[3600,-7,0,99999999999999]", recode "[3600,-7,0,99999999999999]")
  end)

  it("decodes an integer beyond 64 bits as a string of its digits", function()
    for _, text in ipairs{ "18446744073709551615", "9223372036854775808", "-9223372036854775809", "1" .. rep("0", 400) } do
      assert.equal(text, read(text))
    end
  end)

  it("decodes more than 14 digits as a string where Lua has no integers", function()
    assert.equal("number", type(read "99999999999999"))
    assert.equal(has_integers and "number" or "string", type(read "100000000000000"))
    assert.equal("number", type(read "-99999999999999"))
    assert.equal("number", type(read "100000000000000.0"))
  end)

  it("keeps the sign of -0", function()
    assert.equal(-math.huge, 1 / read "-0")
    assert.equal(-math.huge, 1 / read "-0.0")
    assert.equal(has_integers and "[-0.0,0]" or "[-0,0]", recode "[-0,0]")
  end)

  it("encodes floats in the shortest form that decodes to the same value", function()
    for _, text in ipairs{ "0.1", "-2.5", "123456.789", "33.448377", "-112.074037", "0.0001", "1e-7",
                           "1.7976931348623157e308", "5e-324",
                           "2.2250738585072014e-308", "1e100", "3.141592653589793", "0.30000000000000004", "1.25e-9" } do
      assert.equal(text, recode(text))
    end
    local seed = 1
    for _ = 1, 2000 do
      seed = (seed * 16807) % 2147483647
      local value = (seed / 2147483647 - 0.5) * 10 ^ (seed % 600 - 300)
      local size, whole = math.abs(value), value == math.floor(value)
      if has_integers or not whole or size > 2 ^ 64 then
        assert.equal(value, read(encode(value)))
      elseif size < 2 ^ 53 then
        assert.equal(value, tonumber(encode(value)))
      end
    end
  end)

  it("encodes integral floats as floats where Lua has integers", function()
    assert.equal(has_integers and "[1000.0,1.0]" or "[1000,1]", recode "[1e3,1.0]")
    assert.equal("1e+20", format("%g", read(encode(1e20))))
    if has_integers then
      assert.equal("float", number_type(read "1e3"))
      assert.equal("float", number_type(read(recode "1e15")))
      assert.equal("[1000000000000000.0,1e17]", encode{ 1e15, 1e17 })
    else
      assert.equal("[1000000000000000,9007199254740991]", encode{ 1e15, 9007199254740991 })
    end
  end)

  it("refuses integral floats from 2^53 on, which may have been rounded", function()
    local text, message = core.number_text(2 ^ 53)
    assert.is_nil(text)
    assert.matches("too large to be exact", message)
    assert.equal("9007199254740991", core.number_text(2 ^ 53 - 1.0))
    if not has_integers then
      text, message = encode{ lead = { leadId = 9007199254740993 } }
      assert.is_nil(text)
      assert.matches("too large to be exact .* at %.lead%.leadId$", message)
    end
  end)

  it("refuses NaN and infinity", function()
    for _, value in ipairs{ 0 / 0, math.huge, -math.huge } do
      local text, message = encode{ list = { 1, value } }
      assert.is_nil(text)
      assert.equal("a number that is not finite at .list[2]", message)
      assert.is_nil((core.number_text(value)))
    end
  end)

  it("does not depend on the locale's decimal point", function()
    local before, found = os.setlocale(), nil
    for _, name in ipairs{ "de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "fr_FR.utf8", "de_DE", "fr_FR" } do
      found = os.setlocale(name)
      if found then break end
    end
    if not found then return pending "no locale with a decimal comma is installed" end
    local comma = format("%.1f", 1.5)
    local values = read "[1.5,1e-7,123456789.123456789012345,4.9e-324]"
    local text = encode(values)
    os.setlocale(before)
    assert.equal(luajit and "1.5" or "1,5", comma) -- LuaJIT formats numbers without the C library
    assert.same({ 1.5, 1e-7, 123456789.123456789012345, 4.9e-324 }, values)
    assert.equal("[1.5,1e-7,123456789.12345679,5e-324]", text)
  end)

  it("encodes 64-bit integers of LuaJIT's ffi", function()
    if not luajit then return end
    local ffi = require "ffi"
    local most = loadstring("return 18446744073709551615ULL")() -- luacheck: ignore 113
    local list = { ffi.new("int64_t", -5), most, ffi.cast("int64_t", 651095960136641) }
    assert.equal("[-5,18446744073709551615,651095960136641]", encode(list))
    assert.equal("651095960136641", core.number_text(list[3]))
    local text, message = encode{ x = ffi.new("int[2]") }
    assert.is_nil(text)
    assert.matches("cdata .* at %.x$", message)
  end)
end)

describe("lofty.integer", function()
  it("has its digits as text, and is equal for equal digits", function()
    local id = core.integer "9007199254740993"
    assert.equal("9007199254740993", tostring(id))
    assert.equal("/leads/9007199254740993/x", "/leads/" .. id .. "/x")
    assert.is_true(id == core.integer "9007199254740993")
    assert.is_false(id == core.integer "9007199254740992")
    assert.equal("found", ({ [id] = "found" })[core.integer "9007199254740993"])
    assert.equal("[-5,0]", encode{ core.integer "-5", core.integer "0" })
  end)

  it("is immutable", function()
    local id = core.integer "5"
    assert.error(function() id.x = 1 end)
    assert.error(function() setmetatable(id, {}) end)
    assert.is_string(getmetatable(id))
  end)

  it("is not collected while it is in use", function()
    local id = core.integer "77"
    collectgarbage()
    collectgarbage()
    assert.is_true(id == core.integer "77")
    assert.equal("77", encode(id))
  end)

  for _, bad in ipairs{ "", "-", "01", "-0", "1.0", "1e3", " 1", "1 ", "0x1", "+1", "1\0", "a", rep("1", 100) } do
    it(format("refuses %q", bad), function() assert.error(function() core.integer(bad) end) end)
  end
  it("refuses values that are not strings", function()
    for _, bad in ipairs{ 1, 1.5, true, {} } do assert.error(function() core.integer(bad) end) end
    assert.error(function() core.integer() end)
  end)
end)

describe("encoding JSON", function()
  it("puts each item and member on its own line when indented", function()
    local value = { a = { 1, {}, { b = true } }, c = core.array {}, ["x y"] = core.null }
    assert.equal([[
{
  "a": [
    1,
    {},
    {
      "b": true
    }
  ],
  "c": [],
  "x y": null
}]], json.encode(value, { indent = 2 }))
    assert.equal(json.encode(value), json.encode(value, { indent = 0 }))
    assert.same(value, json.decode(json.encode(value, { indent = 16 })))
    local wide, holed = {}, {}
    for i = 1, 600 do wide["n" .. i] = i end
    holed[3], holed[2], holed[1] = "c", "b", "a"
    assert.same(wide, json.decode(json.encode(wide, { indent = 1 })))
    assert.equal('[\n "a",\n "b",\n "c"\n]', json.encode(holed, { indent = 1 }))
  end)

  it("refuses unknown options and invalid indents", function()
    assert.error_matches(function() json.encode({}, { ident = 2 }) end, 'did you mean "indent"')
    for _, indent in ipairs { -1, 17, 1.5, "2", 0 / 0 } do
      assert.error_matches(function() json.encode({}, { indent = indent }) end, "indent must be a number of spaces")
    end
  end)

  it("limits the size of an indented text, too", function()
    local deep = {}
    for _ = 1, 100 do deep = { deep } end
    local list = {}
    for i = 1, 20000 do list[i] = deep end
    local text, err = json.encode(list, { indent = 16 })
    assert.is_nil(text)
    assert.equal("invalid", err.kind)
  end)

  it("encodes scalars", function()
    assert.equal("null", encode(null))
    assert.equal("true", encode(true))
    assert.equal("false", encode(false))
    assert.equal('""', encode "")
    assert.equal("12", encode(12))
  end)

  it("escapes only the characters that need it", function()
    assert.equal([["\"\\/\b\f\n\r\t\u0000\u000b\u001f]] .. "\127é€😀\"", encode "\"\\/\b\f\n\r\t\0\11\31\127é€😀")
    for byte = 0, 127 do
      local text = rep("x", byte % 19) .. char(byte) .. rep("y", byte % 7)
      assert.equal(text, decode(encode(text)))
    end
  end)

  it("escapes a character at any place of a text of any size", function()
    for character, escaped in pairs { ['"'] = '\\"', ["\\"] = "\\\\", ["\31"] = "\\u001f", ["\127"] = "\127", ["é"] = "é" } do
      for size = 0, 20 do
        assert.equal('"' .. rep("x", size) .. '"', encode(rep("x", size)))
        for before = 0, size do
          assert.equal('"' .. rep("x", before) .. escaped .. rep("y", size - before) .. '"',
            encode(rep("x", before) .. character .. rep("y", size - before)))
        end
      end
    end
  end)

  it("writes whole numbers of any number of digits", function()
    for digits = 1, 15 do
      for _, text in ipairs { "1" .. rep("0", digits - 1), rep("9", digits), ("1234567890123456789"):sub(1, digits) } do
        local number = core.json_decode(text .. ".0e0") -- a float, also where there are integers
        assert.equal(text, core.number_text(number))
        assert.equal("-" .. text, core.number_text(-number))
      end
    end
    assert.equal("0", core.number_text(0))
  end)

  it("sorts members by name", function()
    assert.equal('{"":0,"A":1,"a":2,"aa":3,"abcdefgh":4,"abcdefgha":5,"abcdefghb":6,"b":7,"é":8}',
      encode{ b = 7, abcdefghb = 6, a = 2, [""] = 0, ["é"] = 8, abcdefgha = 5, aa = 3, A = 1, abcdefgh = 4 })
    assert.equal('{"a":1,"a\\u0000":2,"a\\u0000\\u0000":3,"a\\u0001":4}',
      encode{ ["a\0\0"] = 3, ["a\1"] = 4, a = 1, ["a\0"] = 2 })
    for _, size in ipairs { 2, 3, 6, 7, 8, 13, 64, 500 } do
      local object, names = {}, {}
      for i = 1, size do
        names[i] = "n" .. (i * 7919) % 100003
        object[names[i]] = true
      end
      table.sort(names)
      assert.equal('{"' .. table.concat(names, '":true,"') .. '":true}', encode(object))
    end
  end)

  it("encodes objects of any size", function()
    for _, size in ipairs{ 1, 15, 16, 17, 511, 512, 513, 3000 } do
      local object = {}
      for i = 1, size do object["n" .. i] = { v = i } end
      assert.same(object, decode(encode{ x = object }).x)
    end
  end)

  it("distinguishes arrays and objects", function()
    assert.equal("{}", encode{})
    assert.equal("[]", encode(core.array{}))
    assert.equal("[]", encode(core.array()))
    assert.equal("[1,2]", encode{ 1, 2 })
    assert.equal('{"tags":[]}', recode '{"tags":[]}')
    assert.equal(core.array_mt, getmetatable(read "[]"))
    local emptied = read "[1]"
    emptied[1] = nil
    assert.equal("[]", encode(emptied))
    local t = {}
    assert.equal(t, core.array(t))
  end)

  it("encodes an array whatever order it was filled in", function()
    local backwards, mixed = {}, { "1", "2" }
    for i = 20, 1, -1 do backwards[i] = i end
    mixed[5], mixed[4], mixed[3] = "5", "4", "3"
    assert.equal("[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]", encode(backwards))
    assert.equal('["1","2","3","4","5"]', encode(mixed))
    assert.equal("[[1,2,3]]", encode{ setmetatable({ [3] = 3, [2] = 2, [1] = 1 }, {}) })
  end)

  for _, case in ipairs{
    { "a function", { a = { print } }, "a function has no JSON form at .a[1]" },
    { "a coroutine", { coroutine.create(function() end) }, "a coroutine has no JSON form at [1]" },
    { "a userdata", { file = io.stdout }, "a userdata has no JSON form at .file" },
    { "a hole", { list = { 1, nil, 3 } }, "an array with holes at .list" },
    { "a single large index", { [1000000] = 1 }, "an array with holes" },
    { "index 0", { [0] = 1 }, "an array with holes" },
    { "a fraction as an index", { 1, [1.5] = 2 }, "an array with holes" },
    { "names in an array", { x = { 1, 2, name = 3 } }, "an array with keys that are not numbers at .x" },
    { "names in lofty.array", core.array{ name = 3 }, "an array with keys that are not numbers" },
    { "a boolean key", { x = { [true] = 1 } }, "an object with a key that is not a string at .x" },
    { "a string that is not UTF-8", { emails = { "ok", "\255" } }, "a string that is not UTF-8 at .emails[2]" },
    { "a name that is not UTF-8", { ["a\255 b"] = 1 }, 'a string that is not UTF-8 at ["a? b"]' },
    { "a value deep inside", { ["two words"] = { _x1 = { [rep("n", 60)] = { print } } } },
      'a function has no JSON form at ["two words"]._x1["' .. rep("n", 40) .. '..."][1]' },
  } do
    it("refuses " .. case[1] .. " with its path", function()
      local text, message = encode(case[2])
      assert.is_nil(text)
      assert.equal(case[3], message)
    end)
  end

  it("refuses a table with string and number keys in any order", function()
    assert.is_nil((encode{ 1, a = 2 }))
    assert.is_nil((encode{ a = 2, [2] = 1 }))
    assert.is_nil((encode(setmetatable({ a = 1 }, core.array_mt))))
  end)

  it("refuses a table that contains itself", function()
    local cyclic = {}
    cyclic.self = { cyclic }
    local text, message = encode(cyclic)
    assert.is_nil(text)
    assert.matches("^nested too deeply or cyclic at %.self%[1%]%.self", message)
    assert.is_true(#message < 100)
    assert.matches("%.%.%.$", message)
  end)

  it("limits nesting as the decoder does", function()
    local deep = {}
    for _ = 2, 128 do deep = { deep } end
    assert.is_string(encode(deep))
    assert.is_table(decode(encode(deep)))
    assert.is_nil((encode{ deep }))
  end)

  it("limits the size of the text to that of a request", function()
    local text = rep("x", 1024 * 1024)
    local list = {}
    for i = 1, 65 do list[i] = text end
    local result, message = encode(list)
    assert.is_nil(result)
    assert.is_string(message)
    local wide = text
    for _ = 1, 100 do wide = { wide, wide } end
    assert.is_nil((encode(wide)))
  end)

  it("calls no metamethods", function()
    local trap = function() error "called" end
    local t = setmetatable({ a = 1 }, { __index = trap, __pairs = trap, __len = trap, __tostring = trap })
    assert.equal('{"a":1}', encode(t))
  end)

  it("accepts the empty arrays of lua-cjson", function()
    local loaded, safe = package.loaded.cjson, package.loaded["cjson.safe"]
    package.loaded.cjson = { empty_array = io.stderr, array_mt = {}, empty_array_mt = {} }
    local cjson = package.loaded.cjson
    local result = { encode{ setmetatable({}, cjson.array_mt), setmetatable({}, cjson.empty_array_mt),
                             setmetatable({ 1 }, cjson.empty_array_mt), setmetatable({ a = 1 }, cjson.empty_array_mt) },
                     encode(setmetatable({ a = 1 }, cjson.array_mt)), encode(setmetatable({}, {})) }
    package.loaded.cjson, package.loaded["cjson.safe"] = loaded, safe
    assert.equal('[[],[],[1],{"a":1}]', result[1])
    assert.is_nil(result[2])
  end)

  it("raises without a value", function()
    assert.error(function() encode() end)
    assert.is_nil((encode(nil)))
  end)
end)

describe("lofty.json", function()
  it("decodes values, including false and null", function()
    assert.same({ a = { 1, null } }, json.decode '{"a":[1,null]}')
    assert.is_false(json.decode "false")
    assert.equal(null, json.decode "null")
    assert.equal('{"a":[]}', json.encode{ a = core.array{} })
  end)

  it("returns an err with the position or the path", function()
    local value, err = json.decode '{"a":[1,2}'
    assert.is_nil(value)
    assert.equal("decode", err.kind)
    assert.equal(10, err.offset)
    assert.matches("at byte 10", tostring(err))
    value, err = json.encode{ tags = { print } }
    assert.is_nil(value)
    assert.equal("invalid", err.kind)
    assert.matches("at %.tags%[1%]", tostring(err))
  end)
end)
