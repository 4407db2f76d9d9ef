-- SPDX-License-Identifier: MIT

-- How the command writes results.
local command = require "spec.support.command"
local json = require("lofty").json
local sandbox = require "lofty.sandbox"
local width = require "lofty.cli.width"

command.describe("the output of the command", function()
  local box, user, lead

  setup(function()
    box = sandbox.start {}
    user = command.user(box)
  end)
  teardown(function()
    user:close()
    box:stop()
  end)
  before_each(function()
    box:control "reset"
    user:log_in()
    -- A lead whose name has control characters, an escape sequence, a bidirectional override and wide characters.
    local crm = require("lofty").client { api_key = box.api_key, base_url = box.url }
    lead = assert(crm.leads:create {
      firstName = "山田\27[31m\226\128\174", lastName = 'a,"b"', emails = { "y@mail.example", "z@mail.example" },
    }).leadId
  end)

  local function run(arguments, opt)
    return user:run(arguments, opt)
  end

  local function lines_of(text)
    local lines = {}
    for line in text:gmatch "[^\n]+" do lines[#lines + 1] = line end
    return lines
  end

  it("is the whole response as JSON when it is piped", function()
    local _, out = run { "leads", "list", "limit=2" }
    assert.truthy(json.decode(out)._metadata)
  end)

  it("is a table of the window's width on a terminal", function()
    for _, columns in ipairs { 40, 80, 200 } do
      local code, out = run({ "leads", "list", "limit=5" }, { terminal = true, columns = columns, variables = { NO_COLOR = "1" } })
      assert.equal(0, code)
      local lines = lines_of(out)
      assert.equal(6, #lines)
      assert.truthy(lines[1]:find "^leadId")
      for _, line in ipairs(lines) do assert.truthy(width.of(line) <= columns, line) end
    end
  end)

  it("never cuts an id", function()
    local _, out = run({ "leads", "list", "limit=5" }, { terminal = true, columns = 30 })
    assert.truthy(out:find("651095960136641", 1, true), out)
    _, out = run({ "leads", "list", "limit=1", "-f", "firstName,leadId" }, { terminal = true, columns = 30 })
    assert.truthy(out:find("651095960136641", 1, true), out)
    for _, words in ipairs { { "leads", "list", "limit=1" }, { "leads", "get", "651095960136641" } } do
      for _, columns in ipairs { 1, 12, 20 } do
        _, out = run(words, { terminal = true, columns = columns })
        assert.truthy(out:find("651095960136641", 1, true), out)
      end
    end
  end)

  it("aligns columns after wide characters", function()
    local _, out = run({ "leads", "list", "-f", "firstName,stage", "key=y@mail", "limit=1" },
      { terminal = true, variables = { NO_COLOR = "1" } })
    local lines = lines_of(out)
    assert.truthy(lines[2]:find("山田", 1, true), out)
    local before = lines[2]:match "^(.-)%s%s"
    assert.truthy(width.of(before) < width.of(lines[1]), out)
  end)

  it("has a bold first line, unless NO_COLOR is set or the terminal is dumb", function()
    local words = { "leads", "list", "limit=1" }
    local _, out = run(words, { terminal = true })
    assert.equal("\27[1m", out:sub(1, 4))
    for _, variables in ipairs { { NO_COLOR = "1" }, { TERM = "dumb" } } do
      local _, plain = run(words, { terminal = true, variables = variables })
      assert.is_nil(plain:find("\27", 1, true))
    end
  end)

  it("has no control characters of records on a terminal, in any form", function()
    for _, form in ipairs { {}, { "--json", "all" }, { "--jsonl" }, { "--csv" }, { "-f", "firstName" } } do
      local words = { "leads", "get", tostring(lead) }
      for _, word in ipairs(form) do words[#words + 1] = word end
      local _, out, err = run(words, { terminal = true, variables = { NO_COLOR = "1" } })
      assert.truthy(out:find("山田", 1, true), err)
      assert.is_nil(out:find("[%z\1-\9\11\12\14-\31\127]"), form[1])
      assert.is_nil(out:find("\226\128\174", 1, true), form[1])
    end
  end)

  it("has the record unchanged when it is piped", function()
    local _, out = run { "leads", "get", tostring(lead), "--json", "firstName" }
    assert.equal("山田\27[31m\226\128\174", json.decode(out).firstName)
  end)

  it("is JSON with the named fields in their order, also those inside objects", function()
    local _, out = run { "leads", "list", "limit=1", "--json", "stage,leadId,leadInquiry.priceMin,nothing" }
    assert.truthy(out:find('^%[{"stage":"[^"]+","leadId":"?%d+"?,"leadInquiry.priceMin":[^,]+,"nothing":null}%]\n$'), out)
  end)

  it("is one record a line with --jsonl", function()
    local _, out = run { "leads", "list", "limit=3", "--jsonl" }
    local lines = lines_of(out)
    assert.equal(3, #lines)
    for _, line in ipairs(lines) do assert.truthy(json.decode(line).leadId) end
  end)

  it("is CSV by RFC 4180 with --csv", function()
    local _, out = run { "leads", "get", tostring(lead), "--csv", "-f", "leadId,lastName,emails" }
    assert.equal(("leadId,lastName,emails\r\n%s,\"a,\"\"b\"\"\",\"y@mail.example, z@mail.example\"\r\n"):format(
      tostring(lead)), out)
  end)

  it("walks the whole list with --all", function()
    local _, out = run { "leads", "list", "--all", "-f", "leadId", "--csv" }
    local seen, count = {}, 0
    for id in out:gmatch "(%d+)\r\n" do
      assert.is_nil(seen[id])
      seen[id], count = true, count + 1
    end
    assert.equal(1251, count)
    _, out = run { "leads", "list", "--all", "--json", "leadId", "stage=No Such Stage" }
    assert.equal("[]\n", out)
  end)

  it("shows progress on a terminal, and removes it", function()
    local _, _, err = run({ "leads", "list", "--all", "-f", "leadId" }, { terminal = true })
    assert.truthy(err:find("100 of 1251", 1, true), err)
    assert.truthy(err:find "\r\27%[K$", err)
    _, _, err = run { "leads", "list", "--all", "-f", "leadId" }
    assert.equal("", err)
  end)

  it("goes through the pager when it is longer than the window", function()
    local paged
    local opt = { terminal = true, rows = 10, page = function(text)
      paged = text
      return true
    end }
    local _, out = run({ "leads", "list", "limit=20" }, opt)
    assert.equal("", out)
    assert.equal(21, #lines_of(paged))
    paged = nil
    _, out = run({ "leads", "list", "limit=5" }, opt)
    assert.is_nil(paged)
    assert.equal(6, #lines_of(out))
  end)

  describe("at the rate limit", function()
    -- Its waits take no time, but move its clock and the emulator's.
    local function virtual_runtime()
      local base = require "lofty.runtime.curl"
      local offset = 0
      local runtime = setmetatable({ slept = 0 }, { __index = base })
      function runtime:sleep(seconds)
        offset, self.slept = offset + seconds, self.slept + seconds
        box:control("clock", { advance = seconds })
        return true
      end
      function runtime.monotonic() return base:monotonic() + offset end
      function runtime.now() return base:now() + offset end
      return runtime
    end

    before_each(function() box:control("settings", { rate_limit = 5 }) end)

    it("waits with a countdown on a terminal", function()
      local runtime = virtual_runtime()
      local code, _, err = run({ "leads", "list", "--all", "-f", "leadId" }, { terminal = true, runtime = runtime })
      assert.equal(0, code, err)
      assert.truthy(runtime.slept > 10)
      assert.truthy(err:find("rate limit: continuing in %d+ s"), err)
      local counts = {}
      for seconds in err:gmatch "continuing in (%d+) s" do counts[#counts + 1] = tonumber(seconds) end
      assert.truthy(counts[2] == counts[1] - 1, err)
    end)

    it("says so in one line elsewhere", function()
      local code, _, err = run({ "leads", "list", "--all", "-f", "leadId" }, { runtime = virtual_runtime() })
      assert.equal(0, code, err)
      for line in err:gmatch "[^\n]+" do assert.truthy(line:find("rate limit: continuing in", 1, true), line) end
    end)

    it("exits with 5 at once with --no-wait", function()
      local runtime = virtual_runtime()
      local code, _, err = run({ "leads", "list", "--all", "-f", "leadId", "--no-wait" }, { runtime = runtime })
      assert.equal(5, code, err)
      assert.equal(0, runtime.slept)
      assert.truthy(err:find("--no-wait", 1, true), err)
    end)
  end)
end)
