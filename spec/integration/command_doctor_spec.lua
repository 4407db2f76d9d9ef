-- SPDX-License-Identifier: MIT

-- `lofty doctor`: its findings, their fixes, its exit code.
local command = require "spec.support.command"
local nginx = require "lofty.sandbox.nginx"

command.describe("lofty doctor", function()
  local on = command.set_up { rate_limit = 500 }
  local run = on.run
  local function log_in() on.user:log_in() end

  -- The findings by subject; if a subject has several, the last one.
  local function findings(arguments, opt)
    arguments[#arguments + 1] = "--json"
    local code, out, err = run(arguments, opt)
    local by_subject = {}
    for _, finding in ipairs(assert(require("lofty").json.decode(out), err)) do by_subject[finding.subject] = finding end
    return by_subject, code
  end

  -- Runs the command as a process with these variables.
  local function in_process(variables)
    return nginx.shell(on.user:shell_words("doctor", variables) .. " 2>&1; echo exit $?")
  end

  it("exits with 0 when nothing is wrong, and lists what it checked", function()
    log_in()
    local found, code = findings { "doctor" }
    for _, subject in ipairs { "lua", "modules", "libcurl", "certificates", "credentials", "dns", "connection", "clock",
                               "credential", "rate limit", "scope" } do
      assert.equal("ok", found[subject] and found[subject].level, subject)
    end
    assert.equal(0, code)
    assert.truthy(found.libcurl.text:find "^%d+%.%d+%.%d+$", found.libcurl.text)
  end)

  it("prints a line for each finding, and never the credential", function()
    log_in()
    local code, out = run { "doctor" }
    assert.equal(0, code)
    assert.truthy(out:find("\nok       clock ", 1, true), out)
    assert.is_nil(out:find(on.box.api_key, 1, true))
  end)

  it("reports that nobody is logged in", function()
    local found, code = findings { "doctor" }
    assert.truthy(found.credentials.text:find("none are stored", 1, true))
    assert.equal(1, code)
    assert.equal("failure", found.credential.level)
    assert.truthy(found.credential.fix:find("lofty auth login", 1, true))
  end)

  it("reports a refused credential", function()
    log_in()
    on.box:control("fault", { path = "/v1.0/me", status = 401, json = { code = 200001, message = "no" }, times = 0 })
    local found, code = findings { "doctor" }
    assert.equal(1, code)
    assert.equal("failure", found.credential.level)
  end)

  it("reports an API key in LOFTY_ACCESS_TOKEN", function()
    local said = in_process("LOFTY_ACCESS_TOKEN=" .. nginx.quote(on.box.api_key))
    assert.truthy(said:find("LOFTY_ACCESS_TOKEN holds an API key", 1, true), said)
    assert.truthy(said:find("exit 1", 1, true), said)
    assert.is_nil(said:find(on.box.api_key, 1, true))
  end)

  it("reports an access token in LOFTY_API_KEY", function()
    local token = on.box:issue().access_token
    local said = in_process("LOFTY_API_KEY=" .. nginx.quote(token))
    assert.truthy(said:find("LOFTY_API_KEY holds an access token", 1, true), said)
  end)

  it("reports by how much the clock is wrong", function()
    log_in()
    local found, code = findings({ "doctor" }, { now = os.time() + 4000 })
    assert.equal(1, code)
    assert.equal("failure", found.clock.level)
    assert.truthy(found.clock.text:find "clock is %d+ s fast", found.clock.text)
  end)

  it("reports a wrong setting of the environment", function()
    local found, code = findings({ "doctor" }, { variables = { LOFTY_BASE_URL = "garbage", LOFTY_API_KEY = "x" } })
    assert.equal(1, code)
    assert.truthy(found.settings.text:find("base_url: the URL is not absolute", 1, true))
    found = findings({ "doctor" }, { variables = { LOFTY_BASE_URL = "garbage" } })
    assert.equal("correct LOFTY_BASE_URL", found.connection.fix)
  end)

  it("reports a host name without an address", function()
    local found, code = findings({ "doctor" }, { variables = { LOFTY_BASE_URL = "https://lofty.invalid" } })
    assert.equal(1, code)
    assert.equal("failure", found.dns.level)
  end)

  it("reports a refused connection", function()
    local port = nginx.free_ports(1)[1]
    local found = findings({ "doctor" }, { variables = { LOFTY_BASE_URL = "http://127.0.0.1:" .. port } })
    assert.equal("failure", found.connection.level)
  end)

  it("reports missing permissions of the credential", function()
    log_in()
    on.box:control("fault", { path = "/v1.0/webhooks", preset = "forbidden", times = 0 })
    on.box:control("fault", { path = "/v1.0/members", preset = "forbidden", times = 0 })
    local _, out = run { "doctor" }
    assert.truthy(out:find("warning  scope           webhooks list is not allowed", 1, true), out)
    assert.truthy(out:find("warning  scope           members list is not allowed", 1, true), out)
  end)

  it("reports credentials that other users can read; the fix makes them private", function()
    log_in()
    local folder = on.user.home .. "/.local/share/lofty/credentials"
    nginx.shell("chmod -R go+rX " .. folder)
    local found, code = findings { "doctor", "--offline" }
    assert.equal(1, code)
    assert.equal("failure", found.credentials.level)
    nginx.shell(found.credentials.fix)
    found, code = findings { "doctor", "--offline" }
    assert.equal("ok", found.credentials.level)
    assert.equal(0, code)
  end)

  it("reports an unreachable Redis without its password", function()
    log_in()
    local url = "redis://user:pass-word@127.0.0.1:" .. nginx.free_ports(1)[1]
    local code, out = run({ "doctor" }, { variables = { LOFTY_REDIS_URL = url } })
    assert.equal(1, code)
    assert.truthy(out:find("failure  redis", 1, true), out)
    assert.is_nil(out:find("pass-word", 1, true))
  end)

  describe("without the C modules", function()
    -- The command's Lua files alone, in the layout of a checkout.
    local root
    before_each(function()
      root = on.user:file "checkout"
      nginx.shell(("mkdir -p %s/build/5.4/lofty && cp -R bin lua %s/"):format(root, root))
    end)

    local function doctor(words)
      return nginx.shell(("HOME=%s LUA_CPATH_5_4=%s/absent.so %s/bin/lofty %s 2>&1; echo exit $?"):format(on.user.home, root,
        root, words))
    end

    it("reports which are missing, and how to build them", function()
      local said = doctor "doctor"
      assert.truthy(said:find("failure  modules         not installed for Lua 5.4: lofty.core, lofty.curl", 1, true), said)
      assert.truthy(said:find("run make, then make install; the build needs liblua5.4-dev, zlib1g-dev", 1, true), said)
      assert.truthy(said:find("ok       credentials", 1, true), said)
      assert.truthy(said:find("exit 1", 1, true), said)
    end)

    it("reports why one cannot be loaded", function()
      nginx.shell(("cp build/5.4/lofty/*.so %s/build/5.4/lofty/ && echo no library > %s/build/5.4/lofty/curl.so")
        :format(root, root))
      local said = doctor "doctor --offline"
      assert.truthy(said:find("failure  modules         error loading module 'lofty.curl'", 1, true), said)
    end)

    it("reports a missing Redis module as a warning", function()
      nginx.shell(("cp build/5.4/lofty/*.so %s/build/5.4/lofty/ && rm %s/build/5.4/lofty/redis.so"):format(root, root))
      local said = doctor "doctor --offline"
      assert.truthy(said:find("warning  modules         lofty.redis is not installed", 1, true), said)
      assert.truthy(said:find("libhiredis-dev", 1, true), said)
      assert.truthy(said:find("exit 0", 1, true), said)
    end)

    it("other commands refer to lofty doctor", function()
      local said = doctor "leads list"
      assert.truthy(said:find("is not installed for Lua 5.4; `lofty doctor --offline` checks", 1, true), said)
      assert.truthy(said:find("exit 1", 1, true), said)
      assert.truthy(doctor("help"):find("exit 0", 1, true))
    end)
  end)

  describe("--nginx", function()
    local function check(text, variables)
      nginx.write(on.user.home .. "/nginx.conf", text)
      return findings({ "doctor", "--offline", "--nginx", on.user.home .. "/nginx.conf" }, { variables = variables })
    end

    it("accepts a file with env lines, resolver and trusted certificates", function()
      local found, code = check([[
        env LOFTY_CLIENT_ID; # env LOFTY_API_KEY;
        env LOFTY_BASE_URL;
        http {
          resolver 127.0.0.53 valid=60s;
          lua_ssl_trusted_certificate "]] .. on.user.home .. [[/nginx.conf";
          lua_ssl_verify_depth 3;
          init_by_lua_block { local x = "}" and { "resolver;" } }
        }]], { LOFTY_CLIENT_ID = "id" })
      assert.equal(0, code)
      assert.equal("127.0.0.53", found["nginx resolver"].text)
    end)

    it("reports variables that nginx does not pass on, and missing directives", function()
      local found, code = check("env LOFTY_BASE_URL;\nhttp { # resolver 1.1.1.1;\n log_format a 'resolver;\\'{'; }",
        { LOFTY_CLIENT_ID = "id", LOFTY_CLIENT_SECRET = "secret" })
      assert.equal(1, code)
      assert.truthy(found["nginx env"].fix:find("env LOFTY_CLIENT_ID; env LOFTY_CLIENT_SECRET;", 1, true))
      assert.equal("failure", found["nginx resolver"].level)
      assert.equal("failure", found["nginx trust"].level)
    end)

    it("warns that included files are not checked", function()
      local found = check "include mime.types; http { include conf.d/*.conf; }"
      assert.truthy(found.nginx.text:find("conf.d/*.conf", 1, true))
    end)

    it("reports a file that cannot be read", function()
      local found, code = findings { "doctor", "--offline", "--nginx", on.user.home .. "/absent.conf" }
      assert.equal(1, code)
      assert.equal("failure", found.nginx.level)
    end)
  end)
end)
