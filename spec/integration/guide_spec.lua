-- SPDX-License-Identifier: MIT

-- Runs each code block of docs/guide that is marked "lua run", in a process of its own, against the emulator.
local child = require "spec.support.child"
local nginx = require "lofty.sandbox.nginx"
local sandbox = require "lofty.sandbox"

local PAGES = { "calls", "errors", "keeping-a-copy", "limits", "nginx", "numbers", "oauth", "paging", "stores", "testing", "webhooks" }

-- What an example may use beside the library: the person who agrees at the consent page.
local PRELUDE = [[
local function consent(url)
  local pipe = assert(io.popen(CLICK .. " '" .. url .. "'"))
  local landed = pipe:read("*l")
  pipe:close()
  return landed
end
]]

local function blocks_of(page)
  local list, block = {}, nil
  local number = 0
  for line in io.lines("docs/guide/" .. page .. ".md") do
    number = number + 1
    if block and line == "```" then
      list[#list + 1] = block
      block = nil
    elseif block then
      block.text = block.text .. line .. "\n"
    elseif line == "```lua run" then
      block = { line = number, text = "" }
    end
  end
  return list
end

describe("the guide's example", function()
  local box, folder
  local root = nginx.shell("pwd")

  setup(function()
    box = sandbox.start { rate_limit = 500 }
    folder = nginx.shell("mktemp -d")
  end)
  teardown(function()
    box:stop()
    nginx.shell("rm -rf " .. folder)
  end)
  before_each(function() box:control("reset") end)

  for _, page in ipairs(PAGES) do
    for _, block in ipairs(blocks_of(page)) do
      it(("on page %s at line %d runs"):format(page, block.line), function()
        local place = ("%s/%s-%d"):format(folder, page, block.line)
        nginx.shell("mkdir " .. place)
        local prelude = PRELUDE:gsub("CLICK", ("%q"):format("lua5.4 " .. nginx.quote(root .. "/lua/lofty/sandbox/click.lua"))):gsub("\n", " ")
        nginx.write(place .. "/example.lua", prelude .. "local ok, why = pcall(function() " .. block.text
          .. ' end)\nprint(ok and "done" or tostring(why))\n')
        local environment = {}
        for name, value in pairs {
          LOFTY_BASE_URL = box.url, LOFTY_API_KEY = box.api_key, LOFTY_CLIENT_ID = box.client_id,
          LOFTY_CLIENT_SECRET = box.client_secret, LOFTY_REDIRECT_URI = box.redirect_uri,
          LOFTY_OAUTH_TOKEN_URL = box.token_url, LOFTY_AUTHORIZE_URL = box.authorize_url,
          LUA_PATH = package.path:gsub("%./", root .. "/"), LUA_CPATH = package.cpath:gsub("%./", root .. "/"),
        } do
          environment[#environment + 1] = name .. "=" .. nginx.quote(value)
        end
        local printed = child.script("example.lua", "", "-C " .. place .. " " .. table.concat(environment, " "))
        assert.truthy(("\n" .. printed):find("\ndone$"), printed)
      end)
    end
  end
end)
