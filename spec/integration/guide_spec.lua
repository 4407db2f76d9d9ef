-- SPDX-License-Identifier: MIT

-- Runs each code block of docs/guide that is marked "lua run" or "sh run", in a process of its own, against the emulator.
-- A block marked "lua busted NAME" is a spec that busted runs, beside the files of its page's blocks "lua file NAME".
local child = require "spec.support.child"
local nginx = require "lofty.sandbox.nginx"
local lofty = require "lofty"
local sandbox = require "lofty.sandbox"

local PAGES = { "calls", "errors", "keeping-a-copy", "limits", "nginx", "numbers", "oauth", "paging", "stores", "testing", "webhooks" }
-- There is no cqueues for Lua 5.5.
if _VERSION ~= "Lua 5.5" then PAGES[#PAGES + 1] = "event-loops" end

-- What an example may use beside the library: the person who agrees at the consent page.
local PRELUDE = [[
local function consent(url)
  local pipe = assert(io.popen(CLICK .. " '" .. url .. "'"))
  local landed = pipe:read("*l")
  pipe:close()
  return landed
end
]]

-- Pages about the command, which runs on Lua 5.4. What their examples find in their directory and environment: FILES.
local COMMAND_PAGES = { "command", "command-tools", "export-import" }

local FILES = {
  ["leads.csv"] = "First Name,Email\nAnn,ann@example.com\n", ["my_script.lua"] = "print(os.getenv 'LOFTY_BASE_URL')\n",
  ["seed.json"] = '{"leads": [{"firstName": "Sofía", "notes": [{"content": "called"}]}]}',
  ["nginx.conf"] = [[
    env LOFTY_API_KEY; env LOFTY_BASE_URL;
    http { resolver 127.0.0.53; lua_ssl_trusted_certificate nginx.conf; lua_ssl_verify_depth 3; }]],
}
-- The blocks of a page with a mark: "lua run", or "lua busted" and a name.
local function blocks_of(page, mark)
  local list, block = {}, nil
  local number = 0
  for line in io.lines("docs/guide/" .. page .. ".md") do
    number = number + 1
    if block and line == "```" then
      list[#list + 1] = block
      block = nil
    elseif block then
      block.text = block.text .. line .. "\n"
    elseif line:sub(1, #mark + 3) == "```" .. mark then
      block = { line = number, text = "", name = line:sub(#mark + 5) }
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

  -- Makes a folder for an example.
  local function new_place(page, block)
    local place = ("%s/%s-%d"):format(folder, page, block.line)
    nginx.shell("mkdir " .. place)
    return place
  end

  -- Makes such a folder; returns it, and the environment to run Lua there as an argument of child.script.
  local function new_lua_place(page, block)
    local place = new_place(page, block)
    local environment = { "-C " .. place }
    for name, value in pairs {
      LOFTY_BASE_URL = box.url, LOFTY_API_KEY = box.api_key, LOFTY_CLIENT_ID = box.client_id,
      LOFTY_CLIENT_SECRET = box.client_secret, LOFTY_REDIRECT_URI = box.redirect_uri,
      LOFTY_OAUTH_TOKEN_URL = box.token_url, LOFTY_AUTHORIZE_URL = box.authorize_url,
      LUA_PATH = "./?.lua;" .. package.path:gsub("%./", root .. "/"), LUA_CPATH = package.cpath:gsub("%./", root .. "/"),
    } do
      environment[#environment + 1] = name .. "=" .. nginx.quote(value)
    end
    return place, table.concat(environment, " ")
  end

  for _, page in ipairs(PAGES) do
    for _, block in ipairs(blocks_of(page, "lua run")) do
      it(("on page %s at line %d runs"):format(page, block.line), function()
        local place, environment = new_lua_place(page, block)
        if page == "event-loops" then nginx.shell("cp examples/cqueues_runtime.lua " .. place) end
        local prelude = PRELUDE:gsub("CLICK", ("%q"):format("lua5.4 " .. nginx.quote(root .. "/lua/lofty/sandbox/click.lua"))):gsub("\n", " ")
        nginx.write(place .. "/example.lua", prelude .. "local ok, why = pcall(function() " .. block.text
          .. ' end)\nprint(ok and "done" or tostring(why))\n')
        local printed = child.script("example.lua", "", environment)
        assert.truthy(("\n" .. printed):find("\ndone$"), printed)
      end)
    end

    for _, block in ipairs(blocks_of(page, "lua busted")) do
      it(("on page %s at line %d is a spec that passes"):format(page, block.line), function()
        local place, environment = new_lua_place(page, block)
        for _, file in ipairs(blocks_of(page, "lua file")) do nginx.write(place .. "/" .. file.name, file.text) end
        nginx.write(place .. "/" .. block.name, block.text)
        local busted = nginx.shell "command -v busted"
        local printed = child.script(busted, "--output=plainTerminal " .. block.name, environment)
        assert.truthy(printed:find("[1-9]%d* success%a* / 0 failures / 0 errors"), printed)
      end)
    end
  end

  for _, page in ipairs(COMMAND_PAGES) do
    for _, block in ipairs(blocks_of(page, "sh run")) do
      it(("of the command on page %s at line %d runs #once #command"):format(page, block.line), function()
        for _, program in ipairs { "lua5.4", "sqlite3" } do
          if nginx.shell("command -v " .. program .. " || true") == "" then
            pending("needs " .. program)
            return
          end
        end
        local place = new_place(page, block)
        for name, text in pairs(FILES) do nginx.write(place .. "/" .. name, text) end
        local spool = lofty.spool.file { path = place .. "/spool" }
        spool:attach(function() return nil, "failed" end, 1)
        assert(spool:put('{"listId":2,"updatedLead":[{"leadId":651095960136641,"updateTime":1}]}'))
        assert(spool:run(0))
        nginx.write(place .. "/example.sh", block.text)
        local status = nginx.shell(("cd %s && HOME=$PWD PATH=%s:$PATH LOFTY_BASE_URL=%s KEY=%s SECRET=s sh -c "
          .. "'printf %%s \"$KEY\" | lofty auth login --with-key && sh -e example.sh' >out 2>&1 </dev/null; echo $?")
          :format(place, nginx.quote(root .. "/bin"), box.url, nginx.quote(box.api_key)))
        assert.equal("0", status, nginx.contents(place .. "/out"))
      end)
    end
  end
end)
