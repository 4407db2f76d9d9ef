-- SPDX-License-Identifier: MIT

-- `lofty import` against the emulator.
local child = require "spec.support.child"
local command = require "spec.support.command"
local nginx = require "lofty.sandbox.nginx"

command.describe("lofty import", function()
  local on = command.set_up()
  local key

  before_each(function() key = on.box.api_keys["113377"] end) -- an account without leads

  local function write(text) on.user:file("leads.csv", text) end

  local function run(...)
    return on.run({ "import", on.user:file "leads.csv", ... }, { variables = { LOFTY_API_KEY = key } })
  end

  -- Without it, another import of the file starts over.
  local function remove_journal() nginx.shell("rm -r " .. nginx.quote(on.user:file "leads.csv.import")) end

  local function leads()
    local crm = require("lofty").client { api_key = key, base_url = on.box.url, limit = 100000 }
    return require("lofty").assert(crm.leads:all())
  end

  it("shows a plan and writes nothing", function()
    write "First Name,Last Name,E-mail,Mobile,Shoe size\r\nAnn,Smith,ann@example.com,(512) 555-0101,8\r\n"
    local code, out, err = run()
    assert.equal(0, code, err)
    assert.equal("line 2: create Ann Smith <ann@example.com>\n", out)
    assert.truthy(err:find("E-mail -> emails", 1, true), err)
    assert.truthy(err:find("Shoe size is not imported", 1, true), err)
    assert.truthy(err:find("1 to create. Nothing was written", 1, true), err)
    assert.equal(0, #leads())
  end)

  it("creates, updates with the differences, and skips", function()
    write "Name,Email,Phone,Stage,Tags\nAnn Smith,ann@example.com,5125550101,New Lead,vip; portal\n"
    assert.equal(0, (run "--apply"))
    local lead = leads()[1]
    assert.same({ "Ann", "Smith", "New Lead" }, { lead.firstName, lead.lastName, lead.stage })
    assert.equal(2, #lead.tags)
    write "Name,Email,Phone,Stage,Tags\nAnn Smith,ANN@example.com,+1 512 555 0101,Contacted,vip;hot\n"
    remove_journal()
    local _, out = run()
    assert.truthy(out:find('line 2: update Ann Smith.*stage "New Lead" %-> "Contacted"; tags %+ hot'), out)
    assert.equal(0, (run "--apply"))
    assert.equal(1, #leads())
    assert.equal("Contacted", leads()[1].stage)
    assert.equal(3, #leads()[1].tags)
    remove_journal()
    _, out = run()
    assert.truthy(out:find("line 2: skip", 1, true), out)
  end)

  it("finds a lead by its id, and adds to its addresses", function()
    write "Name,Email,City\nAnn Smith,ann@example.com,Austin\n"
    assert.equal(0, (run "--apply"))
    remove_journal()
    local id = require("lofty").json.encode(leads()[1].leadId)
    write("Lead ID,Email,City\n" .. id .. ",other@example.com,Austin\n999999999999999,x@example.com,\n")
    local code, out = run "--apply"
    assert.equal(10, code)
    assert.truthy(out:find("line 2: updated", 1, true), out)
    assert.truthy(out:find("line 3: bad.*there is no lead 999999999999999"), out)
    assert.equal(1, #leads())
    assert.same({ "ann@example.com", "other@example.com" }, leads()[1].emails)
  end)

  it("reports bad rows with line and reason, and applies the others", function()
    write(table.concat({
      "First,Email,Phone", "Ann,ann@example.com,5125550101", "Bob,nonsense,", ",nobody@example.com,", "Cy,,12",
      '"Dee\nDee",dee@example.com,', "Eve,ANN@example.com,", "Fay,f@example.com,5125550109,more",
    }, "\n") .. "\n")
    local code, out = run "--apply"
    assert.equal(10, code)
    assert.truthy(out:find('line 3: bad: "nonsense" is not an e-mail address', 1, true), out)
    assert.truthy(out:find("line 4: bad <nobody@example.com>: a new lead needs a first name", 1, true), out)
    assert.truthy(out:find('line 5: bad: "12" is not a phone number', 1, true), out)
    assert.truthy(out:find("line 8: bad Eve <ANN@example.com>: same email as line 2", 1, true), out)
    assert.truthy(out:find("line 9: bad: 4 cells, but the first line has 3", 1, true), out)
    assert.equal(2, #leads())
  end)

  describe("understands", function()
    local TEXT = "Vorname;E-Mail\r\n\"Zo\195\171; \"\"Z\"\"\";zoe@example.com\r\n"

    local function expect(name)
      local code, out, err = run("--map", "Vorname=firstName")
      assert.equal(0, code, err)
      assert.truthy(err:find("Encoding " .. name .. ", separator semicolon", 1, true), err)
      assert.equal('line 2: create Zo\195\171; "Z" <zoe@example.com>\n', out)
    end

    it("UTF-8, with Excel's byte order mark and without", function()
      write(TEXT)
      expect "UTF-8"
      write("\239\187\191" .. TEXT)
      expect "UTF-8"
    end)

    it("Windows-1252", function()
      write((TEXT:gsub("\195\171", "\235")))
      expect "Windows-1252"
    end)

    it("UTF-16 in both byte orders", function()
      write("\255\254" .. TEXT:gsub("\195\171", "\235"):gsub("[%z\1-\255]", "%0\0"))
      expect "UTF-16LE"
      write("\254\255" .. TEXT:gsub("\195\171", "\235"):gsub("[%z\1-\255]", "\0%0"))
      expect "UTF-16BE"
    end)

    it("tabs, and lines that end with a bare CR", function()
      write "First name\tEmail\rAnn\tann@example.com\rBo\tbo@example.com\r"
      local code, out, err = run()
      assert.equal(0, code, err)
      assert.truthy(err:find("separator tab", 1, true))
      assert.equal("line 2: create Ann <ann@example.com>\nline 3: create Bo <bo@example.com>\n", out)
    end)
  end)

  it("shows the reason of a bad row, however long its cells are", function()
    write("First,Email,Notes\n" .. ("A"):rep(1000000) .. ",a@example.com,\nBo,b@example.com," .. ("n"):rep(1000000) .. "\n")
    local code, out = run()
    assert.equal(10, code)
    assert.truthy(out:find("\"firstName\": is longer than", 1, true), out)
    assert.truthy(out:find("\"content\": is longer than", 1, true), out)
    assert.truthy(#out < 1000)
  end)

  it("takes a list of leads, or of a lead's addresses, that is null for an empty one", function()
    write "First,Email\nAnn,ann@example.com\n"
    on.box:fail("GET /v1.0/leads", "list-null")
    local code, out, err = run()
    assert.equal(0, code, err)
    assert.equal("line 2: create Ann <ann@example.com>\n", out)
    local null = require("lofty").null
    local crm = { leads = { list = function() return { leads = { { leadId = 7, emails = null } } }, {} end } }
    local keys = { { name = "email", value = "ann@example.com", key = "ann@example.com" } }
    assert.same({}, { require("lofty.cli.import.decision").find(crm, keys) })
  end)

  it("shows no control characters of cells and file names", function()
    local path = on.user:file("a\27[31m.csv", "First,Email\nAnn\27[2J\226\128\174,a@example.com\n")
    local code, out, err = on.run({ "import", path }, { variables = { LOFTY_API_KEY = key } })
    assert.equal(0, code, err)
    assert.is_nil((out .. err):find "[\27\226]")
    code, out, err = on.run({ "import", path .. "x" }, { variables = { LOFTY_API_KEY = key } })
    assert.equal(2, code)
    assert.is_nil((out .. err):find("\27", 1, true))
  end)

  it("refuses two columns for one field", function()
    for head, message in pairs {
      ["First,First,Email"] = 'two columns are named "First"',
      ["First,Given name,Email"] = 'leave one out with --map "Given name="',
      ["Shoe size"] = "does the first line name the columns?",
      [""] = "has no lines",
    } do
      write(head .. "\nA,B,c@example.com\n")
      if head == "" then write "" end
      local code, _, err = run()
      assert.equal(2, code)
      assert.truthy(err:find(message, 1, true), err)
    end
  end)

  it("reports the line of an unclosed quote", function()
    write 'First,Email\nAnn,a@example.com\n"Bo,b@example.com\n'
    local code, _, err = run()
    assert.equal(1, code)
    assert.truthy(err:find("line 3: a quote is not closed", 1, true), err)
  end)

  describe("interrupted", function()
    it("finds a lead whose response was lost, and does not create it again", function()
      write "First,Email\nAnn,ann@example.com\nBo,bo@example.com\n"
      on.box:control("fault", { method = "POST", path = "/v1.0/leads", preset = "cut-after" })
      local code, out, err = run "--apply"
      assert.equal(0, code, err)
      assert.truthy(out:find("line 2: created Ann", 1, true), out)
      assert.equal(2, #leads())
    end)

    for _, body in ipairs { "", "null", '{"message":"maintenance"}', '{"leadId":null}' } do
      it("looks a lead up when the response to its create is " .. (body == "" and "empty" or body), function()
        write "First,Email\nAnn,ann@example.com\nBo,bo@example.com\n"
        on.box:control("fault", { method = "POST", path = "/v1.0/leads", status = 200, body = body, process = true, times = 1 })
        local code, out, err = run "--apply"
        assert.equal(0, code, err)
        assert.truthy(out:find("line 2: created Ann <ann@example.com>: %d+\n"), out)
        assert.equal(2, #leads())
      end)
    end

    it("stops with 8 when the response to a create has no id and the lead is not found, and continues later", function()
      write "First,Email\nAnn,ann@example.com\nBo,bo@example.com\n"
      on.box:control("fault", { method = "POST", path = "/v1.0/leads", status = 200, body = '{"message":"maintenance"}', times = 0 })
      local code, out, err = run("--apply", "--settle", "0")
      assert.equal(8, code, err)
      assert.truthy(err:find("the response has no leadId; it may have been done", 1, true), err)
      assert.is_nil(out:find("created", 1, true), out)
      on.box:control "clear_faults"
      code, out, err = run "--apply"
      assert.equal(0, code, err)
      assert.truthy(out:find("line 2: created Ann", 1, true), out)
      assert.equal(2, #leads())
    end)

    it("stops with 8 when the response to an update does not confirm it", function()
      write "First,Email\nAnn,ann@example.com\n"
      assert.equal(0, (run "--apply"))
      remove_journal()
      write "First,Last,Email\nAnn,Smith,ann@example.com\n"
      on.box:control("fault", { method = "PUT", status = 200, body = '{"message":"maintenance"}', times = 1 })
      local code, out = run "--apply"
      assert.same({ 8, "" }, { code, out })
      code, out = run "--apply"
      assert.equal(0, code)
      assert.truthy(out:find("line 2: updated Ann Smith", 1, true), out)
    end)

    it("does not send a row without a key again, but lists it and exits with 8", function()
      write "First,Email\nAnn,\nBo,bo@example.com\n"
      on.box:control("fault", { method = "POST", path = "/v1.0/leads", preset = "cut-after" })
      for _ = 1, 2 do
        local code, _, err = run "--apply"
        assert.equal(8, code, err)
        assert.truthy(err:find("look for them in Lofty: line 2", 1, true), err)
        assert.equal(2, #leads())
      end
    end)

    it("continues where it stopped", function()
      write "First,Email\nAnn,ann@example.com\nBo,bo@example.com\nCy,cy@example.com\n"
      on.box:control("fault", { path = "/v1.0/leads", status = 401, skip = 3, times = 2 })
      assert.equal(3, (run "--apply"))
      on.box:control "clear_faults"
      assert.equal(1, #leads())
      on.box:journal(true)
      local code, out, err = run "--apply"
      assert.equal(0, code, err)
      assert.is_nil(out:find("line 2", 1, true))
      assert.truthy(err:find("Earlier runs: 1 created", 1, true), err)
      assert.equal(3, #leads())
    end)

    it("reports rows that were bad in an earlier run, and exits with 10 again", function()
      write "First,Email\nAnn,ann@example.com\nBo,nonsense\n"
      assert.equal(10, (run "--apply"))
      local code, out, err = run "--apply"
      assert.equal(10, code)
      assert.equal("", out)
      assert.truthy(err:find("All rows were finished by earlier runs.\nEarlier runs: 1 created, 1 bad\n"
        .. "Bad and failed rows are not tried again: ", 1, true), err)
    end)

    it("by kill -9 at several instants, creates each lead with a key once", function()
      local printed = child.script("bench/endurance/import_kill.lua", "8 1")
      assert.truthy(printed:find("with a key: 0 twice, 0 missing", 1, true), printed)
    end)

    it("refuses the journal of other contents of the file", function()
      write "First,Email\nAnn,ann@example.com\n"
      assert.equal(0, (run "--apply"))
      write "First,Email\nBo,bo@example.com\n"
      local code, _, err = run "--apply"
      assert.equal(1, code)
      assert.truthy(err:find("move it away", 1, true) and err:find("created again", 1, true), err)
    end)

    it("refuses the journal of a run with fewer options, and keeps it", function()
      write "First,Email,Other\nAnn,ann@example.com,x\n"
      assert.equal(0, (run "--apply"))
      local path = on.user:file "leads.csv.import/journal"
      local journal = nginx.contents(path)
      for _, option in ipairs { "--excel", "--map=Other=" } do
        local code, _, err = run("--apply", option)
        assert.equal(1, code)
        assert.truthy(err:find("move it away", 1, true), err)
        assert.equal(journal, nginx.contents(path))
      end
    end)

    it("starts over when only a part of the journal's first line was written, and then continues", function()
      write "First,Email\nAnn,ann@example.com\n"
      assert.equal(0, (run "--apply"))
      local path = on.user:file "leads.csv.import/journal"
      local head = nginx.contents(path):match "^[^\n]*"
      for _, size in ipairs { 0, 1, #head - 1, #head } do
        nginx.write(path, head:sub(1, size))
        for _ = 1, 2 do
          local code, _, err = run "--apply"
          assert.equal(0, code, size .. " of " .. #head .. ": " .. err)
        end
        assert.equal(head, nginx.contents(path):match "^[^\n]*")
      end
      assert.equal(1, #leads())
    end)
  end)

  it("says that a pipe cannot be imported, and in which file a quote is not closed", function()
    local path = on.user:file "pipe.csv"
    nginx.shell("mkfifo " .. path .. "; { echo 'First,Email' > " .. path .. "; } >/dev/null 2>&1 &")
    local code, _, err = on.run({ "import", path }, { variables = { LOFTY_API_KEY = key } })
    assert.equal(2, code)
    assert.truthy(err:find("pipe.csv is a pipe, but an import reads its file twice: save it first", 1, true), err)
    write 'First,Email\n"Ann,ann@example.com\n'
    code, _, err = run()
    assert.equal(1, code)
    assert.truthy(err:find("leads.csv, line 2: a quote is not closed", 1, true), err)
  end)

  it("is an error when a look-up gets a response without a list of leads", function()
    local decision = require "lofty.cli.import.decision"
    local function other() return { message = "maintenance" }, { status = 200 } end
    local crm = { leads = { list = other, get = other } }
    local lead, problem, err = decision.find(crm, { { name = "email", value = "ann@example.com", key = "ann@example.com" } })
    assert.same({ n = 2 }, { lead, problem, n = 2 })
    assert.equal("server", err.kind)
    lead, problem, err = decision.find(crm, { { name = "leadId", value = "651095960136641" } })
    assert.same({ n = 2 }, { lead, problem, n = 2 })
    assert.truthy(err.message:find("651095960136641 does not contain this lead", 1, true), err.message)
  end)
end)
