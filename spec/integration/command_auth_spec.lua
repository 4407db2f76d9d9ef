-- SPDX-License-Identifier: MIT

-- `lofty auth`, and which account a command acts for.
local command = require "spec.support.command"
local nginx = require "lofty.sandbox.nginx"
local sandbox = require "lofty.sandbox"

command.describe("lofty auth", function()
  local has_socket = pcall(require, "socket")
  local port = nginx.free_ports(1)[1]
  local loopback = ("http://127.0.0.1:%d/back"):format(port)
  local box, user

  setup(function() box = sandbox.start { redirect_uris = { "https://example.com/back" } } end)
  teardown(function() box:stop() end)
  before_each(function()
    box:control "reset"
    user = command.user(box)
  end)
  after_each(function() user:close() end)

  -- The environment of a login with OAuth.
  local function application(redirect_uri)
    return {
      LOFTY_CLIENT_ID = box.client_id, LOFTY_CLIENT_SECRET = box.client_secret, LOFTY_REDIRECT_URI = redirect_uri,
      LOFTY_OAUTH_SERVER = "vendor", LOFTY_OAUTH_TOKEN_URL = box.token_url, LOFTY_AUTHORIZE_URL = box.authorize_url,
    }
  end

  local function address_in(text)
    return text:match(box.authorize_url:gsub("%p", "%%%0") .. "%?%S+")
  end

  it("logs in with a key from standard input, and says where it is stored", function()
    local said = user:log_in()
    assert.truthy(said:find("Logged in as Ada", 1, true), said)
    assert.truthy(said:find(user.home .. "/.local/share/lofty/credentials", 1, true), said)
    assert.is_nil(said:find(box.api_key, 1, true))
  end)

  it("stores the credential in files that only their owner can read", function()
    user:log_in()
    local folder = user.home .. "/.local/share/lofty/credentials"
    assert.equal("600", nginx.shell("find " .. folder .. " -name '*.token' -exec stat -c %a {} +"))
    assert.equal("700", nginx.shell("stat -c %a " .. folder))
  end)

  it("shows, lists and forgets the account", function()
    user:log_in()
    local code, out = user:run { "auth", "status" }
    assert.equal(0, code)
    assert.truthy(out:find("account   113209\n", 1, true), out)
    assert.truthy(out:find("server    " .. box.url, 1, true), out)
    code, out = user:run { "auth", "list" }
    assert.equal(0, code)
    assert.truthy(out:find("^113209\t"), out)
    assert.equal(9, (user:run { "auth", "logout" }))
    assert.equal(0, (user:run { "auth", "logout", "--yes" }))
    code, out = user:run { "auth", "list" }
    assert.equal(0, code)
    assert.equal("", out)
  end)

  it("reports a wrong key and stores nothing", function()
    local code, _, err = user:run({ "auth", "login" }, { input = "wrong\n" })
    assert.equal(3, code)
    assert.truthy(err:find("lofty auth login", 1, true), err)
    assert.is_nil(err:find("wrong", 1, true), err)
    assert.equal("", (select(2, user:run { "auth", "list" })))
  end)

  for _, body in ipairs { "", "true", '{"message":"maintenance"}', '{"id":null}', '{"id":{}}', '{"id":""}', '{"id":1.5}' } do
    it("stores nothing and shows no account when the response of /v1.0/me is " .. (body == "" and "empty" or body), function()
      box:control("fault", { path = "/v1.0/me", status = 200, body = body, times = 0 })
      local code, _, err = user:run({ "auth", "login" }, { input = box.api_key .. "\n" })
      assert.equal(7, code, err)
      assert.truthy(err:find("the response of GET /v1.0/me has no id", 1, true), err)
      assert.equal("", (select(2, user:run { "auth", "list" })))
      local out
      code, out, err = user:run({ "auth", "status" }, { variables = { LOFTY_API_KEY = box.api_key } })
      assert.same({ 7, "" }, { code, out }, err)
    end)
  end

  it("accepts a response without a name and e-mail address", function()
    box:control("fault", { path = "/v1.0/me", status = 200, body = '{"id":113209,"firstName":null}', times = 0 })
    local code, _, err = user:run({ "auth", "login" }, { input = box.api_key .. "\n" })
    assert.equal(0, code, err)
    local out
    code, out, err = user:run { "auth", "status" }
    assert.equal(0, code, err)
    assert.truthy(out:find("email     ?\n", 1, true), out)
  end)

  it("has no option that takes a secret", function()
    local _, out = user:run { "auth", "login", "--help" }
    for option in out:gmatch "%-%-[%w-]+" do
      assert.truthy(({ ["--help"] = 1, ["--with-key"] = 1, ["--oauth"] = 1, ["--paste"] = 1, ["--account"] = 1,
        ["--no-wait"] = 1 })[option], option)
    end
    assert.equal(2, (user:run { "auth", "login", "--with-key=" .. box.api_key }))
  end)

  it("reports a wrong setting of the environment without a line of a program", function()
    for name, value in pairs { LOFTY_BASE_URL = "garbage", LOFTY_API_KEY = "a\nb" } do
      local code, _, err = user:run({ "leads", "list" }, { variables = { LOFTY_API_KEY = box.api_key, [name] = value } })
      assert.equal(2, code, err)
      assert.truthy(err:find("lofty help environment", 1, true), err)
      assert.is_nil(err:find ":%d+:", err)
    end
    local variables = application "https://example.com/back"
    variables.LOFTY_OAUTH_SERVER = "bogus"
    local code, _, err = user:run({ "auth", "login", "--oauth" }, { variables = variables })
    assert.equal(2, code, err)
    assert.truthy(err:find("oauth_server must be", 1, true), err)
  end)

  describe("with OAuth", function()
    -- Logs in with the address that the browser was redirected to, after change(address).
    local function log_in_by_pasting(change)
      local said
      return user:run({ "auth", "login", "--oauth" }, {
        variables = application "https://example.com/back",
        on_err = function(text) said = text end,
        read_line = function() return change(box:consent(address_in(said))) end,
      })
    end

    it("logs in with the pasted address", function()
      local code, _, err = log_in_by_pasting(function(address) return address end)
      assert.equal(0, code, err)
      assert.truthy(err:find("Logged in as Ada", 1, true), err)
      local status, out = user:run { "auth", "status" }
      assert.equal(0, status)
      assert.truthy(out:find("kind      OAuth", 1, true), out)
      assert.truthy(out:find("the refresh token ends in %d+ days"), out)
      assert.equal(0, (user:run { "leads", "list", "limit=1" }))
      assert.equal(0, (user:run { "auth", "logout", "--yes" }))
      assert.equal(3, (user:run { "leads", "list", "limit=1" }))
    end)

    it("rejects an address with another state", function()
      local code, _, err = log_in_by_pasting(function(address)
        return (address:gsub("state=[^&]*", "state=forged"))
      end)
      assert.not_equal(0, code)
      assert.truthy(err:find("state", 1, true), err)
      assert.equal("", (select(2, user:run { "auth", "list" })))
    end)

    it("changes nothing when no address is pasted", function()
      local code, _, err = user:run({ "auth", "login", "--oauth" },
        { variables = application "https://example.com/back", input = "\n" })
      assert.equal(2, code)
      assert.truthy(err:find(box.authorize_url, 1, true), err)
    end)

    it("receives the redirect on 127.0.0.1, and answers other requests with 404", function()
      if not has_socket then
        pending "needs lua-socket"
        return
      end
      local folder, sent = nginx.shell "mktemp -d", false
      local other = box
      box = sandbox.start { redirect_uri = loopback }
      user.box = box
      finally(function()
        box:stop()
        box = other
        nginx.shell("rm -rf " .. folder)
      end)
      local code, _, err = user:run({ "auth", "login", "--oauth" }, {
        variables = application(loopback),
        on_err = function(text)
          if sent or not text:find("Waiting for the redirect", 1, true) then return end
          sent = true
          local landed = box:consent(address_in(text))
          -- In the background, since the command answers only after this function has returned.
          os.execute(("(unset LD_PRELOAD; for a in %s/favicon.ico %s %s; do curl -s -o /dev/null -w '%%{http_code} ' \"$a\"; done > %s/codes"
            .. " && mv %s/codes %s/done) &"):format(("http://127.0.0.1:" .. port),
            nginx.quote((landed:gsub("state=[^&]*", "state=forged"))), nginx.quote(landed), folder, folder, folder))
        end,
      })
      assert.equal(0, code, err)
      local codes
      repeat codes = nginx.shell("cat " .. folder .. "/done 2>/dev/null || sleep 0.02") until codes ~= ""
      assert.equal("404 404 200", (codes:gsub("%s+$", "")))
      assert.equal(0, (user:run { "leads", "list", "limit=1" }))
    end)
  end)

  describe("the account to act for", function()
    local function two_accounts()
      user:log_in()
      user:log_in(box.api_keys["113377"])
    end

    local function account_of(arguments, opt)
      local words = { "auth", "status" }
      for _, word in ipairs(arguments) do words[#words + 1] = word end
      local code, out, err = user:run(words, opt)
      return out:match "account   (%d+)", code, err
    end

    it("must be named when several are logged in", function()
      two_accounts()
      local _, code, err = account_of {}
      assert.equal(2, code)
      assert.truthy(err:find("--account, LOFTY_ACCOUNT or a .lofty file", 1, true), err)
    end)

    it("is that of --account, LOFTY_ACCOUNT, or a .lofty file in this directory or above, in this order", function()
      two_accounts()
      local work = user.home .. "/work/deep"
      nginx.shell("mkdir -p " .. work)
      nginx.write(user.home .. "/work/.lofty", "# this project\naccount = 113377\n")
      assert.equal("113377", account_of({}, { directory = work }))
      assert.equal("113209", account_of({}, { directory = work, variables = { LOFTY_ACCOUNT = "113209" } }))
      assert.equal("113377", account_of({ "--account", "113377" },
        { directory = work, variables = { LOFTY_ACCOUNT = "113209" } }))
    end)

    it("is that of the working directory, also when PWD names another one", function()
      if not command.has "lua5.4" then
        pending "needs lua5.4"
        return
      end
      two_accounts()
      nginx.shell(("mkdir -p %s/one %s/other; ln -s ../other %s/one/link"):format(user.home, user.home, user.home))
      nginx.write(user.home .. "/one/.lofty", "account = 113377\n")
      nginx.write(user.home .. "/other/.lofty", "account = 113209\n")
      local line = user:shell_words("auth status", "PWD=" .. user.home .. "/one")
      assert.truthy(nginx.shell("cd " .. user.home .. "/other && " .. line):find("account   113209", 1, true))
      -- A symbolic link by which the shell came there counts, as for the shell's pwd.
      os.remove(user.home .. "/other/.lofty")
      line = user:shell_words "auth status"
      assert.truthy(nginx.shell("cd " .. user.home .. "/one/link && " .. line):find("account   113377", 1, true))
    end)

    it("is an error when a .lofty file names none", function()
      user:log_in()
      nginx.write(user.home .. "/.lofty", "acount = 1\n")
      local _, code, err = account_of({}, { directory = user.home })
      assert.equal(2, code)
      assert.truthy(err:find("account = ID", 1, true), err)
    end)

    it("is the owner of a credential in the environment, unless an account is named", function()
      user:log_in()
      local variables = { LOFTY_API_KEY = box.api_keys["113377"] }
      assert.equal("113377", account_of({}, { variables = variables }))
      assert.equal("113209", account_of({ "--account", "113209" }, { variables = variables }))
    end)

    it("is shown on stderr before a write", function()
      user:log_in()
      local _, out, err = user:run { "notes", "create", "leadId=651095960136641", "content=x" }
      assert.truthy(err:find("acting for Ada Whitfield (account 113209)", 1, true), err)
      assert.is_nil(out:find("acting", 1, true))
    end)
  end)
end)
