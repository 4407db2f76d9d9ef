-- The command against the emulator, without a process: see spec/support/command.lua.
local command = require "spec.support.command"
local nginx = require "lofty.sandbox.nginx"
local sandbox = require "lofty.sandbox"

local has_argparse = pcall(require, "argparse")

-- The command runs on Lua 5.4.
describe("the command #once", function()
  if not has_argparse then
    pending "needs lua-argparse"
    return
  end

  local box, home

  setup(function() box = sandbox.start { rate_limit = 500 } end)
  teardown(function() box:stop() end)
  before_each(function()
    box:control "reset"
    home = nginx.shell "mktemp -d"
  end)
  after_each(function() nginx.shell("rm -rf " .. home) end)

  local function run(arguments, opt)
    opt = opt or {}
    opt.variables = opt.variables or {}
    opt.variables.HOME, opt.variables.LOFTY_BASE_URL = home, box.url
    return command.run(arguments, opt)
  end

  local function log_in()
    local code, _, err = run({ "auth", "login", "--with-key" }, { input = box.api_key .. "\n" })
    assert.equal(0, code, err)
    return err
  end

  it("prints its version and an overview", function()
    local code, out = run { "--version" }
    assert.equal(0, code)
    assert.equal("lofty " .. require("lofty")._VERSION .. "\n", out)
    code, out = run {}
    assert.equal(0, code)
    assert.truthy(out:find("Usage: lofty COMMAND", 1, true))
  end)

  it("suggests the command that was meant", function()
    local code, out, err = run { "leeds", "list" }
    assert.equal(2, code)
    assert.equal("", out)
    assert.truthy(err:find("there is no command leeds, did you mean leads?", 1, true), err)
  end)

  describe("auth", function()
    it("logs in with a key from standard input, and says openly where it is kept", function()
      local said = log_in()
      assert.truthy(said:find("Logged in as Ada", 1, true), said)
      assert.truthy(said:find(home .. "/.local/share/lofty/credentials", 1, true), said)
      assert.is_nil(said:find(box.api_key, 1, true))
    end)

    it("keeps the credential in files that only their owner reads", function()
      log_in()
      local modes = nginx.shell("find " .. home .. "/.local/share/lofty/credentials -name '*.token' -exec stat -c %a {} +")
      assert.equal("600", modes)
    end)

    it("shows, lists and forgets the account", function()
      log_in()
      local code, out = run { "auth", "status" }
      assert.equal(0, code)
      assert.truthy(out:find("account   113209", 1, true), out)
      code, out = run { "auth", "list" }
      assert.equal(0, code)
      assert.truthy(out:find("^113209\t"), out)
      assert.equal(9, (run { "auth", "logout" }))
      assert.equal(0, (run { "auth", "logout", "--yes" }))
      code, out = run { "auth", "list" }
      assert.equal(0, code)
      assert.equal("", out)
    end)

    it("refuses a wrong key and keeps nothing", function()
      local code, _, err = run({ "auth", "login" }, { input = "wrong\n" })
      assert.equal(3, code)
      assert.truthy(err:find("lofty auth login", 1, true), err)
      assert.equal("", (select(2, run { "auth", "list" })))
    end)

    it("logs in with OAuth by the address that was pasted", function()
      local variables = {
        LOFTY_CLIENT_ID = box.client_id, LOFTY_CLIENT_SECRET = box.client_secret, LOFTY_REDIRECT_URI = "https://example.com/back",
        LOFTY_OAUTH_TOKEN_URL = box.token_url, LOFTY_AUTHORIZE_URL = box.authorize_url,
      }
      local code, _, err = run({ "auth", "login", "--oauth" }, { variables = variables, input = "\n" })
      assert.equal(2, code)
      assert.truthy(err:find(box.authorize_url, 1, true), err)
    end)
  end)

  describe("an operation", function()
    it("prints JSON with exact ids", function()
      log_in()
      local code, out, err = run { "leads", "get", "651095960136641" }
      assert.equal(0, code, err)
      assert.truthy(out:find('"leadId":"?651095960136641'), out)
    end)

    it("takes fields as NAME=VALUE", function()
      log_in()
      local code, out = run { "leads", "list", "limit=2" }
      assert.equal(0, code)
      assert.equal(2, #require("lofty").json.decode(out).leads)
    end)

    it("says what is wrong with a field, and sends nothing", function()
      log_in()
      box:journal(true)
      local code, _, err = run { "leads", "list", "limit=many" }
      assert.equal(2, code)
      assert.truthy(err:find("limit must be a whole number", 1, true), err)
      assert.equal(0, #box:journal())
    end)

    it("asks before it deletes, and needs --yes without a terminal", function()
      log_in()
      assert.equal(9, (run { "leads", "delete", "651095960136641", "reason=duplicate" }))
      local code, _, err = run { "leads", "delete", "651095960136641", "reason=duplicate", "--yes" }
      assert.equal(0, code, err)
    end)

    it("ends with 4 when there is no such record", function()
      log_in()
      assert.equal(4, (run { "leads", "get", "999999999999999" }))
    end)

    it("ends with 3 when nobody is logged in", function()
      local code, _, err = run { "leads", "list" }
      assert.equal(3, code)
      assert.truthy(err:find("lofty auth login", 1, true), err)
    end)
  end)
end)
