-- SPDX-License-Identifier: MIT

-- tools/check_arrows.lua, tried on small trees.
local nginx = require "lofty.sandbox.nginx"

-- The output of the check on a tree that holds these files (path -> text).
local function check(tree)
  local root = nginx.shell("mktemp -d")
  nginx.shell("mkdir -p " .. root .. "/lua/lofty " .. root .. "/examples " .. root .. "/src/core " .. root .. "/src/curl "
    .. root .. "/src/lua")
  for path, text in pairs(tree) do
    nginx.shell("mkdir -p " .. root .. "/" .. (path:match("^(.*)/") or "."))
    nginx.write(root .. "/" .. path, text)
  end
  local said = nginx.shell("lua5.4 tools/check_arrows.lua " .. root .. " 2>&1; echo exit $?")
  nginx.shell("rm -rf " .. root)
  return said
end

describe("the check of arrows between layers", function()
  it("passes a tree whose arrows go down", function()
    assert.equal("exit 0", check {
      ["lua/lofty/client.lua"] = 'local resources = require "lofty.api.resources"\n',
      ["lua/lofty/api/resources.lua"] = 'local pages = require "lofty.api.pages"\n',
      ["lua/lofty/api/pages.lua"] = 'local errors = require "lofty.errors"\n',
      ["lua/lofty/errors.lua"] = "return {}\n",
    })
  end)

  it("refuses a tree without a file, and a folder that is not a checkout", function()
    local said = check {}
    assert.truthy(said:find("there is no file to check", 1, true), said)
    assert.truthy(said:find("exit 1", 1, true), said)
    assert.truthy(nginx.shell("lua5.4 tools/check_arrows.lua docs 2>&1; echo exit $?"):find("exit 1", 1, true))
  end)

  for _, case in ipairs {
    { "an arrow up", "lua/lofty/http/response.lua", 'require "lofty.client"\n', "may not require lofty.client" },
    { "a lazy arrow up", "lua/lofty/http/response.lua", 'lazy "lofty.client"\n', "may not require lofty.client" },
    { "an arrow to a neighbour", "lua/lofty/store/file.lua", 'require "lofty.pacing.limiter"\n', "arrows go down only" },
    { "another folder's helper", "lua/lofty/client.lua", 'require "lofty.api.cycle"\n', "is a helper of api" },
    { "a cycle", "lua/lofty/api/pages.lua", 'require "lofty.api.pages"\n', "a cycle: api.pages -> api.pages" },
    { "a second reader of the environment", "lua/lofty/client.lua", 'os.getenv "HOME"\n', "may read the environment" },
    { "a folder without a layer", "lua/lofty/extra/one.lua", "return 1\n", "belongs to no layer" },
    { "an emulator that uses the library", "lua/lofty/sandbox/server/json.lua", 'require "lofty.core"\n', "emulator" },
    { "an example that uses an inner module", "examples/one.lua", 'require "lofty.client"\n', "lofty alone" },
    { "Lua in the pure core", "src/core/buf.c", "#include <lua.h>\n", "may not include" },
    { "a binding that sees libcurl's header", "src/lua/curl.c", "#include <curl/curl.h>\n", "may not include" },
  } do
    it("refuses " .. case[1], function()
      local said = check { [case[2]] = case[3] }
      assert.truthy(said:find(case[4], 1, true), said)
      assert.truthy(said:find("exit 1", 1, true), said)
    end)
  end
end)
