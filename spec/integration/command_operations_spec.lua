-- SPDX-License-Identifier: MIT

-- `lofty RESOURCE VERB` and `lofty api`.
local command = require "spec.support.command"
local json = require("lofty").json
local nginx = require "lofty.sandbox.nginx"
local sandbox = require "lofty.sandbox"

local unpack = rawget(_G, "unpack") or table.unpack -- luacheck: ignore 143
local load_text = rawget(_G, "loadstring") or load

command.describe("an operation of the command", function()
  local LEAD = "651095960136641"
  local box, user

  setup(function()
    box = sandbox.start {}
    user = command.user(box)
    user:log_in()
  end)
  teardown(function()
    user:close()
    box:stop()
  end)
  before_each(function()
    box:control "reset"
    box:journal(true)
  end)

  local function run(...)
    return user:run { ... }
  end

  -- The requests that were sent, as "METHOD path".
  local function sent()
    local list = {}
    for _, request in ipairs(box:journal()) do list[#list + 1] = request.method .. " " .. request.path end
    return table.concat(list, ", ")
  end

  it("prints JSON with exact ids", function()
    local code, out, err = run("leads", "get", LEAD)
    assert.equal(0, code, err)
    assert.truthy(out:find('"leadId":"?' .. LEAD))
    assert.equal("", err)
  end)

  it("takes fields as NAME=VALUE, and ids in the path by position or by name", function()
    local code, out = run("leads", "list", "limit=2")
    assert.equal(0, code)
    assert.equal(2, #json.decode(out).leads)
    assert.equal(0, (run("leads", "get", "leadId=" .. LEAD)))
    assert.equal(0, (run("leads", "update", "stage=Hot", LEAD, "tagsAdd=a,b")))
    local body = box:journal()[3].body
    assert.same({ stage = "Hot", tagsAdd = { "a", "b" } }, json.decode(body))
  end)

  it("calls the resources under v1", function()
    assert.equal(0, (run("v1.tasks", "list", "leadId=" .. LEAD)))
    assert.equal("GET /v1.0/tasks", sent())
  end)

  it("reads a body from standard input", function()
    local code, _, err = user:run({ "leads", "assign", LEAD, "--input", "-" },
      { input = '[{"role":"Agent","assignee":"ada@whitfield.example"}]' })
    assert.equal(0, code, err)
    assert.equal('[{"assignee":"ada@whitfield.example","role":"Agent"}]', box:journal()[1].body)
  end)

  it("reports a wrong argument, and sends nothing", function()
    for _, case in ipairs {
      { "limit must be a whole number", "leads", "list", "limit=many" },
      { 'unknown parameter "stagee", did you mean "stage"', "leads", "list", "stagee=x" },
      { "missing: leadId", "leads", "get" },
      { "is neither an id in the path nor a field (NAME=VALUE)", "leads", "list", "five" },
      { "Fields are written as NAME=VALUE: limit=", "leads", "list", "--limit", "5" },
      { "give --jsonl or --csv, not both", "leads", "list", "--csv", "--jsonl" },
    } do
      local code, out, err = run(unpack(case, 2))
      assert.equal(2, code, err)
      assert.equal("", out)
      assert.truthy(err:find(case[1], 1, true), err)
    end
    assert.equal("", sent())
  end)

  it("says what to do about an error", function()
    for _, case in ipairs {
      { "leads", "get", "999999999999999", hint = "Check the id or path" },
      { "leads", "get", "x", hint = "`lofty leads get --help` lists the fields." },
      { "v1.tasks", "list", "leadId=1", "leadIds=2", hint = "`lofty v1.tasks list --help` lists the fields." },
    } do
      local code, _, err = run(unpack(case))
      assert.is_true(code == 2 or code == 4, err)
      assert.truthy(err:find(case.hint, 1, true), err)
    end
  end)

  it("exits with 4 when there is no such record, and with 3 when nobody is logged in", function()
    assert.equal(4, (run("leads", "get", "999999999999999")))
    local other = command.user(box)
    finally(function() other:close() end)
    local code, _, err = other:run { "leads", "list" }
    assert.equal(3, code)
    assert.truthy(err:find("lofty auth login", 1, true), err)
  end)

  it("exits with 6 without a connection, 7 after a failure of the server, and 8 when the outcome is unknown", function()
    -- Its waits take no time.
    local runtime = setmetatable({ sleep = function() return true end }, { __index = require "lofty.runtime.curl" })
    local function code_of(words, base_url)
      local code, _, err = user:run(words, { runtime = runtime, variables = { LOFTY_BASE_URL = base_url,
        LOFTY_API_KEY = box.api_key } })
      return code, err
    end
    assert.equal(6, (code_of({ "leads", "list" }, "http://127.0.0.1:" .. nginx.free_ports(1)[1])))
    box:control("fault", { path = "/v1.0/leads", status = 500, times = 0 })
    assert.equal(7, (code_of { "leads", "list" }))
    box:control "clear_faults"
    box:control("fault", { method = "POST", path = "/v1.0/notes", preset = "cut-after" })
    local code, err = code_of { "notes", "create", "leadId=" .. LEAD, "content=x" }
    assert.equal(8, code)
    assert.truthy(err:find("crm.notes:list", 1, true), err)
  end)

  it("shows a write with --dry-run, and sends nothing", function()
    for _, words in ipairs {
      { "leads", "update", LEAD, "stage=Hot" }, { "leads", "delete", LEAD, "reason=x" },
      { "communication", "send_sms", "leadId=" .. LEAD, "content=hi" }, { "api", "DELETE", "/v1.0/leads/" .. LEAD },
    } do
      words[#words + 1] = "--dry-run"
      local code, out, err = run(unpack(words))
      assert.equal(0, code, err)
      assert.equal("", out)
    end
    assert.equal("", sent())
  end)

  it("has --dry-run for every write in the table of operations, and for no read", function()
    for resource, verbs in pairs(require "lofty.api.operations") do
      for verb, op in pairs(verbs) do
        local _, out = run(resource, verb, "--help")
        assert.equal(op.class ~= "read", out:find("--dry-run", 1, true) ~= nil, resource .. " " .. verb)
      end
    end
  end)

  it("asks on a terminal before a call that reaches people or deletes, and needs --yes elsewhere", function()
    local cases = {
      { "leads", "delete", LEAD, "reason=duplicate" }, { "communication", "send_sms", "leadId=" .. LEAD, "content=hi" },
      { "leads", "create", "firstName=Ann", "welcomeEmail=true" }, { "api", "DELETE", "/v1.0/leads/" .. LEAD .. "?reason=x" },
    }
    for _, words in ipairs(cases) do
      local code, _, err = run(unpack(words))
      assert.equal(9, code)
      assert.truthy(err:find("--yes", 1, true), err)
      code = user:run(words, { terminal = true, input = "n\n" })
      assert.equal(9, code)
    end
    assert.equal("", sent())
    for _, words in ipairs(cases) do
      local code, _, err = user:run(words, { terminal = true, input = "y\n" })
      assert.not_equal(9, code, err) -- what the emulator says of it does not matter here
    end
    assert.equal(4, #box:journal())
    assert.equal(0, (run("leads", "create", "firstName=Ann", "welcomeEmail=false")))
  end)

  it("prints the same call as a script with --lua, which gives the same value", function()
    local _, expected = run("leads", "list", "limit=2", "stage=New Lead")
    local code, source = run("leads", "list", "limit=2", "stage=New Lead", "--lua")
    assert.equal(0, code)
    local out = {}
    -- The script with this emulator's client, and with what it prints in `out`.
    source = "local print, require = ...\n" .. source
    load_text(source)(function(text) out[#out + 1] = text end, function(name)
      assert.equal("lofty", name)
      local lofty = require "lofty"
      return setmetatable({
        client = function() return lofty.client { api_key = box.api_key, base_url = box.url } end,
      }, { __index = lofty })
    end)
    assert.equal(json.decode(expected).leads[1].leadId, json.decode(out[1]).leads[1].leadId)
  end)

  it("writes numbers in a script as numbers, and ids with all digits", function()
    local _, source = run("leads", "list", "limit=50", "assignedUserId=651095960136641", "--lua")
    assert.truthy(source:find('{ assignedUserId = "651095960136641", limit = 50 }', 1, true), source)
  end)

  it("writes text in a script so that Lua reads the same text", function()
    local hostile = 'a"b\\c\nd\27e]]--é'
    local _, source = run("notes", "create", "leadId=" .. LEAD, "content=" .. hostile, "--lua")
    local literal = source:match 'content = ("[^\n]*"), leadId'
    assert.equal(hostile, load_text("return " .. literal)())
    assert.equal("", sent())
  end)

  describe("leads find", function()
    it("finds by name, e-mail, phone and id", function()
      for text, parameter in pairs {
        ["Sofía"] = "key=Sof", ["lead6@mail.example"] = "email=", ["(517) 555-0005"] = "phone=5175550005",
      } do
        box:journal(true)
        local code, out, err = run("leads", "find", text, "-f", "firstName,phones")
        assert.equal(0, code, err)
        assert.same({ "5175550005" }, json.decode(out)[1].phones, text)
        assert.truthy(box:journal()[1].query:find(parameter, 1, true), box:journal()[1].query)
      end
      assert.equal(0, (run("leads", "find", LEAD)))
    end)

    it("names the command that fetches all leads found when they do not fit on one page", function()
      local code, _, err = run("leads", "find", "Sofía")
      assert.equal(0, code, err)
      assert.truthy(err:find("25 of 41 leads; lofty leads list key=TEXT --all fetches them all", 1, true), err)
    end)

    it("is an error when the response to a request by id is another lead or none", function()
      for _, body in ipairs { '{"lead":{"leadId":8}}', '{"lead":null}', '{"message":"maintenance"}', "", "null" } do
        box:control("fault", { path = "/v1.0/leads/" .. LEAD, status = 200, body = body, times = 1 })
        local code, out, err = run("leads", "find", LEAD)
        assert.same({ 7, "" }, { code, out }, err)
        assert.truthy(err:find(LEAD .. " does not contain this lead", 1, true), err)
      end
    end)

    it("exits with 4 when nothing is found", function()
      local code, out = run("leads", "find", "nobody@mail.example")
      assert.equal(4, code)
      assert.equal("[]\n", out)
    end)
  end)

  describe("by path", function()
    it("sends a query for GET, as fields or in the path", function()
      for _, words in ipairs { { "/v1.0/leads", "limit=1" }, { "/v1.0/leads?limit=1" } } do
        local code, out, err = run("api", "GET", unpack(words))
        assert.equal(0, code, err)
        assert.equal(1, #json.decode(out).leads)
      end
    end)

    it("sends a JSON body for POST, with numbers, booleans and quoted text", function()
      local code, _, err = run("api", "post", "/v1.0/notes", "leadId=" .. LEAD, "content=01", "isPin=true")
      assert.equal(0, code, err)
      assert.equal('{"content":"01","isPin":true,"leadId":' .. LEAD .. "}", box:journal()[1].body)
    end)

    it("rejects a field that is given twice", function()
      for _, words in ipairs {
        { "leads", "update", LEAD, "tagsAdd=a", "tagsAdd=b" }, { "leads", "list", "limit=1", "limit=2" },
        { "leads", "get", "leadId=1", "leadId=2" }, { "api", "GET", "/v1.0/leads", "limit=1", "limit=2" },
      } do
        local code, _, err = run(unpack(words))
        assert.equal(2, code)
        assert.truthy(err:find("is given twice", 1, true), err)
      end
      assert.equal("", sent())
    end)

    it("rejects an empty text to find, for which the server would list all leads", function()
      for _, text in ipairs { "", " " } do assert.equal(2, (run("leads", "find", text))) end
      assert.equal("", sent())
    end)

    it("rejects other methods, and addresses", function()
      assert.equal(2, (run("api", "PATCH", "/v1.0/leads")))
      assert.equal(2, (run("api", "GET", "https://example.com/v1.0/leads")))
    end)
  end)

end)
