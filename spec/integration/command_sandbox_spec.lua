-- SPDX-License-Identifier: MIT

-- `lofty sandbox`: the emulator while a command runs.
local command = require "spec.support.command"
local nginx = require "lofty.sandbox.nginx"

command.describe("lofty sandbox", function()
  local folder

  setup(function() folder = nginx.shell "mktemp -d" end)
  teardown(function() nginx.shell("rm -rf " .. folder) end)

  -- Runs a shell command in the emulator; returns the exit code, what the command printed, and stderr.
  local function in_sandbox(words, script)
    words[#words + 1] = "--"
    words[#words + 1] = "sh"
    words[#words + 1] = "-c"
    words[#words + 1] = "{ " .. script .. "; } > " .. folder .. "/said 2>&1"
    table.insert(words, 1, "sandbox")
    os.remove(folder .. "/said")
    local code, _, err = command.run(words)
    local file = io.open(folder .. "/said")
    local said = file and file:read "*a"
    if file then file:close() end
    return code, said, err
  end

  local GET = [[curl -s -H "Authorization: token $LOFTY_API_KEY" "$LOFTY_BASE_URL]]

  it("runs a command with the variables set, and exits with its status", function()
    local code, said = in_sandbox({ "--set", "rate_limit=7" }, GET .. [[/v1.0/me" -o /dev/null -D -; exit 3]])
    assert.equal(3, code)
    assert.truthy(said:find("X%-RateLimit%-Limit: 7"), said)
  end)

  it("stops the emulator when the command has ended", function()
    local _, said = in_sandbox({}, [[echo "$LOFTY_BASE_URL"]])
    assert.equal("000", nginx.shell("curl -s -o /dev/null -w '%{http_code}' " .. said))
  end)

  it("prints the variables, and ends when standard input ends", function()
    local code, out = command.run { "sandbox" }
    assert.equal(0, code)
    assert.truthy(out:find("The sandbox listens at http://127.0.0.1:", 1, true), out)
    assert.truthy(out:find("export LOFTY_API_KEY=", 1, true), out)
  end)

  it("has exactly the leads of a seed file", function()
    nginx.write(folder .. "/seed.json", [[{"leads": [{"firstName": "Sofía", "emails": ["sofia@example.com"],
      "notes": [{"content": "called"}]}, {"firstName": "Per"}]}]])
    local code, said, err = in_sandbox({ "--seed", folder .. "/seed.json" }, GET .. [[/v1.0/leads"]])
    assert.equal(0, code, err)
    local page = require("lofty").json.decode(said)
    assert.equal(2, #page.leads, said)
    local names = { [page.leads[1].firstName] = true, [page.leads[2].firstName] = true }
    assert.same({ ["Sofía"] = true, Per = true }, names)
  end)

  it("reports which record of a seed file is wrong", function()
    nginx.write(folder .. "/seed.json", [[{"leads": [{"firstName": "Per", "notes": [{"contents": "x"}]}]}]])
    local code, _, err = in_sandbox({ "--seed", folder .. "/seed.json" }, "true")
    assert.equal(2, code)
    assert.truthy(err:find([[seed.json: leads[1].notes[1]: unknown field "contents", did you mean "content"?]], 1, true), err)
    nginx.write(folder .. "/seed.json", [[{"leeds": []}]])
    code, _, err = in_sandbox({ "--seed", folder .. "/seed.json" }, "true")
    assert.equal(2, code)
    assert.truthy(err:find([[unknown member "leeds"; there are calls, emails, leads, members,]], 1, true), err)
  end)

  it("does not write its variables over another file, and removes only what it has written", function()
    local path = folder .. "/mine"
    nginx.write(path, "kept\n")
    local code, _, err = command.run { "sandbox", "--write", path, "--", "true" }
    assert.equal(1, code)
    assert.equal("lofty: " .. path .. " exists and was not written by `lofty sandbox`: name another file\n", err)
    assert.equal("kept\n", nginx.contents(path))
    nginx.shell("mkdir " .. folder .. "/empty")
    for _, name in ipairs { "/empty", "/absent/file" } do
      assert.equal(1, (command.run { "sandbox", "--write", folder .. name, "--", "true" }))
    end
    assert.equal("empty", nginx.shell("ls -d " .. folder .. "/empty"):match "[^/]*$")
    nginx.write(path, "export LOFTY_BASE_URL='http://127.0.0.1:1'\n") -- of a sandbox that was killed
    assert.equal(0, (command.run { "sandbox", "--write", path, "--", "true" }))
    assert.is_nil(io.open(path))
  end)

  it("reports a directory in place of a file of records", function()
    local code, _, err = command.run { "sandbox", "--seed", folder, "--", "true" }
    assert.equal(2, code)
    assert.equal("lofty: " .. folder .. ": Is a directory\n", err)
  end)

  it("leaves no process and no folder behind when its process group gets a signal", function()
    if not (command.has "lua5.4" and command.has "setsid") then
      pending "needs lua5.4 and setsid"
      return
    end
    -- A shell lets a process in the background ignore INT and QUIT; nohup lets all of them ignore HUP.
    for _, signal in ipairs { "HUP", "TERM" } do
      local place = nginx.shell("mktemp -d -p " .. folder)
      nginx.shell(([[cd %s; mkfifo input; sleep 60 >input & sleeper=$!
        TMPDIR=$PWD setsid env --default-signal %s/bin/lofty sandbox --write exports <input >/dev/null 2>&1 & group=$!
        left=400; until [ -s exports ] || [ $left = 0 ]; do left=$((left - 1)); sleep 0.05; done
        kill -%s -$group
        until ! [ -e lofty-nginx.* ] || [ $left = 0 ]; do left=$((left - 1)); sleep 0.05; done
        kill $sleeper $group]]):format(place, nginx.shell "pwd", signal) .. " 2>/dev/null")
      assert.equal("", nginx.shell("ls " .. place .. " | grep nginx; true"), signal)
      assert.equal("exports", nginx.shell("cd " .. place .. "; ls exports"))
    end
  end)

  it("rejects a setting without a value", function()
    local code, _, err = command.run { "sandbox", "--set", "rate_limit" }
    assert.equal(2, code)
    assert.truthy(err:find("--set takes NAME=VALUE", 1, true), err)
  end)

  it("refuses an unknown setting", function()
    local code, _, err = command.run { "sandbox", "--set", "rate_limt=5" }
    assert.equal(2, code)
    assert.truthy(err:find("unknown setting rate_limt, did you mean rate_limit?", 1, true), err)
  end)

  it("reports a wrong value of a setting without a line of the program", function()
    local code, _, err = command.run { "sandbox", "--set", "rate_limit=abc" }
    assert.equal(1, code)
    assert.equal("lofty: lofty.sandbox.start: rate_limit must be a number\n", err)
  end)
end)
