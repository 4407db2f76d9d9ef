-- SPDX-License-Identifier: MIT

-- Text from outside must not make a pattern take quadratic time: tools/check_patterns.lua finds such patterns.
local lofty = require "lofty"
local nginx = require "lofty.sandbox.nginx"

local function check(root)
  local printed = nginx.shell("lua5.4 tools/check_patterns.lua " .. nginx.quote(root) .. " 2>&1; echo $?")
  return tonumber(printed:match "(%d+)$"), printed
end

describe("the check of patterns", function()
  it("refuses a tree without a file", function()
    local folder = nginx.shell "mktemp -d" .. "/it's"
    nginx.shell("mkdir " .. nginx.quote(folder) .. " && cd " .. nginx.quote(folder)
      .. " && mkdir lua examples tools && echo 'return {}' >tools/check_patterns_allowed.lua")
    local status, printed = check(folder)
    nginx.shell("rm -rf " .. nginx.quote(folder))
    assert.equal(1, status)
    assert.truthy(printed:find("there is no file to check", 1, true), printed)
  end)

  -- A line of Lua, and whether its pattern is refused.
  for _, case in ipairs {
    { [[x = text:gsub("%s+$", "")]], true },
    { [[x = text:match("([^/]*)/*$")]], true },
    { [[x = text:match("^%s*(.-)%s*$")]], true },
    { [[x = string.match(text, "(%d+):")]], true },
    { [[x = find(text, "%b()")]], true },
    { [[x = text:match "^(.-)(%u%l+)$"]], true },
    { [[for w in text:gmatch("([^\n]*)\n") do f(w) end]], true },
    { [[x = text:gsub(f("a", 1), "a+b", "")]], false },
    { [[x = gsub(f("x+y", 1), "a+b", "")]], true },
    { [[x = text:find("%s+$", 1, true)]], false },
    { [[x = text:match("^%s*(%w+)%s*=%s*(.*)$")]], false },
    { [[x = text:gsub("%s+", " ")]], false },
    { [[x = text:match("^[^?#]*")]], false },
    { [[x = text:match("^(%d+):(%d+)$")]], false },
    { [[x = text:gsub('"[^"]*"', "")]], false },
    { [[x = text:match("{(%w+)}")]], false },
    { [[x = text:match("^.*/(.*)$")]], false },
    { [[x = match(text, "[" .. set .. "]")]], false },
    { [[-- x = text:match("%s+$")]], false },
    { [[x = "%s+$"]], false },
  } do
    it((case[2] and "refuses " or "accepts ") .. case[1], function()
      local folder = nginx.shell "mktemp -d"
      nginx.shell("cd " .. nginx.quote(folder) .. " && mkdir lua examples tools && echo 'return {}' >tools/check_patterns_allowed.lua")
      nginx.write(folder .. "/lua/sample.lua", case[1] .. "\n")
      local status, printed = check(folder)
      nginx.shell("rm -rf " .. nginx.quote(folder))
      assert.equal(case[2] and 1 or 0, status, printed)
    end)
  end
end)

describe("a callback given as text", function()
  local app = lofty.app { client_id = "i", client_secret = "s", redirect_uri = "https://x/cb" }

  it("may end in white space, as a pasted line does", function()
    assert.equal("c", app:callback("https://x/cb?code=c&state=s \t\r\n", { state = "s" }))
    assert.equal("c", app:callback("code=c&state=s\n", { state = "s" }))
  end)

  it("is refused when it is longer than a URI may be", function()
    local code, err = app:callback("https://x/cb?state=s&code=" .. ("c"):rep(70000), { state = "s" })
    assert.is_nil(code)
    assert.truthy(err.message:find("longer than", 1, true))
  end)
end)
