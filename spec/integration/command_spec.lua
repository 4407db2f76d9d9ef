-- SPDX-License-Identifier: MIT

-- What all parts of the command have in common. Each part has a spec of its own, command_*_spec.lua.
local command = require "spec.support.command"
local exit_codes = require "lofty.cli.exit_codes"

command.describe("the command", function()
  it("prints its version", function()
    local code, out = command.run { "--version" }
    assert.equal(0, code)
    assert.equal("lofty " .. require("lofty")._VERSION .. "\n", out)
  end)

  it("finds the modules below the PREFIX that it was installed in", function()
    local nginx = require "lofty.sandbox.nginx"
    local root, prefix = nginx.quote(nginx.shell "pwd"), nginx.shell "mktemp -d"
    finally(function() nginx.shell("rm -rf " .. prefix) end)
    nginx.shell(("cd %s && mkdir -p bin share/lua/5.4 lib/lua/5.4 && cp %s/bin/lofty bin/ && ln -s %s/lua/lofty share/lua/5.4/ "
      .. "&& ln -s %s/build/5.4/lofty lib/lua/5.4/"):format(prefix, root, root, root))
    local out = nginx.shell(("cd / && env -u LUA_PATH_5_4 -u LUA_CPATH_5_4 %s/bin/lofty doctor --offline 2>&1"):format(prefix))
    assert.truthy(out:find("the C modules load, from " .. prefix .. "/bin/../lib/lua/5.4/lofty", 1, true), out)
  end)

  it("finds the modules beside it when it is called by a symbolic link", function()
    local nginx = require "lofty.sandbox.nginx"
    local folder = nginx.shell "mktemp -d"
    finally(function() nginx.shell("rm -rf " .. folder) end)
    local out = nginx.shell(([[cd %s && mkdir "it's" && ln -s %s/bin/lofty "it's/lofty" && ln -s "it's/lofty" again &&
      env -u LUA_PATH_5_4 -u LUA_CPATH_5_4 ./again --version 2>&1]]):format(folder, nginx.quote(nginx.shell "pwd")))
    assert.equal("lofty " .. require("lofty")._VERSION, out)
  end)

  it("prints its version without loading the library", function()
    local loaded = {}
    for name, module in pairs(package.loaded) do loaded[name] = module end
    for name in pairs(loaded) do
      if name:find "^lofty" or name == "argparse" then package.loaded[name] = nil end
    end
    finally(function()
      for name, module in pairs(loaded) do package.loaded[name] = module end
    end)
    assert.equal(0, (command.run { "--version" }))
    for _, name in ipairs { "argparse", "lofty", "lofty.core", "lofty.curl", "lofty.api.operations.index" } do
      assert.is_nil(package.loaded[name], name)
    end
  end)

  it("prints an overview", function()
    for _, arguments in ipairs { {}, { "--help" }, { "-h" }, { "help" } } do
      local code, out = command.run(arguments)
      assert.equal(0, code)
      assert.truthy(out:find("Usage: lofty COMMAND", 1, true))
    end
  end)

  it("shows the usage of every part", function()
    for _, part in ipairs(require "lofty.cli.parts") do
      local code, out = command.run { part[1], "--help" }
      assert.equal(0, code, part[1])
      assert.truthy(out:find("Usage: lofty " .. part[1], 1, true), out)
    end
  end)

  it("suggests the command that was meant", function()
    local code, out, err = command.run { "leeds", "list" }
    assert.equal(2, code)
    assert.equal("", out)
    assert.truthy(err:find("there is no command leeds, did you mean leads?", 1, true), err)
  end)

  it("shows a name from the command line without its control characters", function()
    local _, _, err = command.run { "\27[2Jx" }
    assert.is_nil(err:find("\27", 1, true))
  end)

  it("refers to --help after a wrong argument", function()
    local code, _, err = command.run { "leads", "lst" }
    assert.equal(2, code)
    assert.truthy(err:find("Run `lofty leads --help` for its usage.", 1, true), err)
    code, _, err = command.run { "leads" }
    assert.equal(2, code)
    assert.truthy(err:find("a command is required", 1, true), err)
  end)

  it("reports that there is no place for credentials, before it asks for one", function()
    local asked = false
    for _, words in ipairs { { "auth", "login" }, { "auth", "list" }, { "leads", "list" } } do
      local code, _, err = command.run(words, { terminal = true, read_line = function() asked = true end })
      assert.equal(1, code)
      assert.truthy(err:find("neither HOME nor XDG_DATA_HOME is set to an absolute path", 1, true), err)
    end
    assert.is_false(asked)
  end)

  it("ignores a relative XDG_DATA_HOME, and reports a directory of credentials that it cannot read", function()
    local code, _, err = command.run({ "auth", "login" }, { variables = { XDG_DATA_HOME = "data", HOME = "home" } })
    assert.equal(1, code)
    assert.truthy(err:find("absolute path", 1, true), err)
    local path = os.tmpname()
    finally(function() os.remove(path) end)
    for _, words in ipairs { { "auth", "list" }, { "auth", "login", "--with-key" } } do
      code, _, err = command.run(words, { input = "key\n", variables = { XDG_DATA_HOME = path } })
      assert.is_not.equal(0, code)
      if words[2] == "list" then
        assert.equal(1, code)
        assert.truthy(err:find("the directory of the credentials: " .. path .. "/lofty/credentials: Not a directory", 1,
          true), err)
      end
    end
  end)

  it("explains each exit code under `lofty help exit-codes`", function()
    local code, out = command.run { "help", "exit-codes" }
    assert.equal(0, code)
    for _, value in pairs(exit_codes) do
      if type(value) == "number" then
        assert.truthy(("\n" .. out):find("\n" .. value .. " ", 1, true), tostring(value))
      end
    end
  end)

  it("explains topics, commands and resources", function()
    for _, topic in ipairs { "accounts", "fields", "output", "environment", "auth", "notes" } do
      local code, out = command.run { "help", topic }
      assert.equal(0, code, topic)
      assert.truthy(#out > 100, topic)
    end
    local code, _, err = command.run { "help", "exit-code" }
    assert.equal(2, code)
    assert.truthy(err:find("topics: accounts", 1, true), err)
  end)

  describe("interrupted by Ctrl-C", function()
    local on = command.set_up { login = true }
    local json = require("lofty").json

    -- A runtime in which a request for a path that the pattern matches is interrupted.
    local function interrupted(pattern)
      local base = require "lofty.runtime.curl"
      local runtime = setmetatable({}, { __index = base })
      function runtime.request(_, req)
        if req.url:find(pattern) then error("x.lua:5: interrupted!", 0) end
        return base:request(req)
      end
      return runtime
    end

    local function expect(arguments, opt)
      local code, _, err = on.run(arguments, opt)
      assert.equal(130, code, table.concat(arguments, " ") .. ": " .. err)
      assert.truthy(err:find("lofty: interrupted\n$"), err)
    end

    it("exits with 130, whatever it was doing", function()
      local file = on.user:file("leads.csv", "First,Email\nAnn,ann@example.com\n")
      for _, arguments in ipairs {
        { "auth", "status" }, { "api", "GET", "/v1.0/me" }, { "leads", "list" }, { "leads", "list", "--all" },
        { "leads", "find", "Ann" }, { "export", "leads" }, { "import", file }, { "report", "--html", "-" },
        { "webhooks", "ensure", "https://hooks.example.com/lofty", "lead" },
      } do
        expect(arguments, { runtime = interrupted "" })
      end
    end)

    it("ends lofty mcp within a tool, and within a part of lead_picture", function()
      for name, pattern in pairs { whoami = "/me", lead_picture = "/notes" } do
        local request = json.encode {
          jsonrpc = "2.0", id = 1, method = "tools/call",
          params = { name = name, arguments = name == "lead_picture" and { leadId = "651095960136641" } or nil },
        }
        expect({ "mcp" }, { runtime = interrupted(pattern), input = request .. "\n" })
      end
    end)

    it("ends lofty sandbox while the emulator starts", function()
      local sandbox = require "lofty.sandbox"
      local start = sandbox.start
      finally(function() sandbox.start = start end)
      function sandbox.start() error("x.lua:5: interrupted!", 0) end
      expect { "sandbox" }
    end)
  end)
end)
