-- SPDX-License-Identifier: MIT

-- `lofty report`: its numbers, hostile names, and how a browser shows it.
local browser = require "spec.support.browser"
local command = require "spec.support.command"
local nginx = require "lofty.sandbox.nginx"

local has_sqlite, sqlite = pcall(require, "luasql.sqlite3")

command.describe("lofty report", function()
  local on = command.set_up { rate_limit = 5000 }
  local run = on.run
  local function log_in(account) on.user:log_in(on.box.api_keys[account]) end

  local function database(rows)
    local path = on.user:file "crm.db"
    local environment = sqlite.sqlite3()
    local connection = assert(environment:connect(path))
    assert(connection:execute "CREATE TABLE leads (id TEXT PRIMARY KEY, record TEXT NOT NULL, deleted_at TEXT)")
    for i, row in ipairs(rows) do
      assert(connection:execute(("INSERT INTO leads VALUES ('%d', '%s', %s)"):format(i,
        require("lofty").json.encode(row[1]):gsub("'", "''"), row[2] or "NULL")))
    end
    connection:close()
    environment:close()
    return path
  end

  it("counts the leads of the account by stage, week and agent", function()
    log_in "113209"
    local code, _, err = run { "report", "--html", on.user:file "report.html" }
    assert.equal(0, code, err)
    local html = nginx.contents(on.user:file "report.html")
    assert.truthy(html:find("1250 leads", 1, true))
    assert.truthy(html:find('<th scope="row">Closed</th><td>208</td><td>16.6 %</td>', 1, true))
    assert.truthy(html:find('<th scope="row">Ada Whitfield</th><td>1250</td>', 1, true))
    local new, closed = html:find("New Lead</th>", 1, true), html:find("Closed</th>", 1, true)
    assert.truthy(new < closed, "stages come in the order of their ids")
  end)

  it("writes to standard output, and a report of no leads", function()
    log_in "113377"
    local code, out = run { "report", "--html", "-" }
    assert.equal(0, code)
    assert.truthy(out:find("0 leads", 1, true))
    assert.truthy(out:find("</html>\n$"))
  end)

  it("does not count a lead by week when its createTime is not a time", function()
    log_in "113377"
    on.box:control("fault", { path = "/v1.0/leads", status = 200, times = 1, body =
      '{"leads":[{"leadId":7,"createTime":null},{"leadId":8,"createTime":true,"stage":[]}],"_metadata":{"total":2}}' })
    local code, out, err = run { "report", "--html", "-" }
    assert.equal(0, code, err)
    assert.truthy(out:find("2 leads", 1, true), out)
  end)

  it("keeps the file of an earlier report when the list is not complete or holds other things than leads", function()
    log_in "113377"
    local path = on.user:file("report.html", "an earlier report")
    for body, part in pairs {
      ['{"leads":[],"_metadata":{"total":3}}'] = "the list ended after 0 of 3 items",
      ['{"leads":[null],"_metadata":{"total":1}}'] = "item 1 of the list is null",
      ['{"leads":["Ann"]}'] = "item 1 of the list is a string", ['{"message":"maintenance"}'] = "no list of items",
    } do
      on.box:control("fault", { path = "/v1.0/leads", status = 200, times = 1, body = body })
      local code, _, err = run { "report", "--html", path }
      assert.equal(7, code, err)
      assert.truthy(err:find(part, 1, true), err)
      assert.equal("an earlier report", nginx.contents(path))
    end
  end)

  it("writes through a symbolic link, which stays one", function()
    log_in "113377"
    local link = on.user:file "link.html"
    nginx.shell(("ln -s %s %s"):format(nginx.quote(on.user:file "behind.html"), nginx.quote(link)))
    assert.equal(0, (run { "report", "--html", link }))
    assert.equal("link", nginx.shell("test -L " .. nginx.quote(link) .. " && printf link"))
    assert.matches("</html>\n$", nginx.contents(on.user:file "behind.html"))
  end)

  it("fails when it cannot write the file", function()
    log_in "113377"
    local code, _, err = run { "report", "--html", on.user:file "absent/report.html" }
    assert.equal(1, code)
    assert.truthy(err:find("cannot write", 1, true), err)
  end)

  it("reports a device that is full", function()
    log_in "113377"
    local code, _, err = run { "report", "--html", "/dev/full" }
    assert.equal(1, code)
    assert.truthy(err:find("cannot write /dev/full: No space left", 1, true), err)
  end)

  it("rejects a wrong number of weeks", function()
    assert.equal(2, (run { "report", "--html", "-", "--weeks", "0" }))
    assert.equal(2, (run { "report", "--html", "-", "--weeks", "many" }))
  end)

  it("writes no file when Lofty responds with an error", function()
    log_in "113209"
    on.box:control("fault", { path = "/v1.0/leads", status = 403, json = { code = 1, message = "no" }, times = 0 })
    assert.equal(3, (run { "report", "--html", on.user:file "report.html" }))
    assert.is_nil(io.open(on.user:file "report.html"))
  end)

  describe("--from", function()
    if not has_sqlite then
      pending "needs lua-sql-sqlite3"
      return
    end

    it("makes the same report of an export as of the account", function()
      log_in "113209"
      local db, now = on.user:file "crm.db", 1794441600
      local code, _, err = run { "export", "leads", "--to", "sqlite:" .. db }
      assert.equal(0, code, err)
      local _, expected = run({ "report", "--html", "-" }, { now = now })
      local out
      code, out, err = run({ "report", "--html", "-", "--from", db }, { now = now })
      assert.equal(0, code, err)
      assert.truthy(out:find("1250 leads, 2026-11-12", 1, true))
      assert.equal(expected, out)
    end)

    it("leaves out the leads that an export has marked as deleted", function()
      log_in "9007199254740993"
      local db = on.user:file "crm.db"
      assert.equal(0, (run { "export", "leads", "--to", "sqlite:" .. db }))
      assert.equal(0, (run { "leads", "delete", "1738234566814937089", "reason=duplicate", "--yes" }))
      assert.equal(0, (run { "export", "leads", "--to", "sqlite:" .. db }))
      local _, out = run { "report", "--html", "-", "--from", db }
      assert.truthy(out:find(">39 leads, ", 1, true), out)
    end)

    it("counts the records that are not marked as deleted", function()
      local path = database {
        { { stage = "New Lead", stageId = 1, source = "Zillow", createTime = "2026-11-03T12:00:00GMT" } },
        { { stage = "New Lead", stageId = 1, source = "Zillow", createTime = "2026-11-09T00:00:00GMT" } },
        { { stage = "Closed", stageId = 5, source = "Web", createTime = "2026-11-08T23:59:59GMT" }, "'2026-11-09'" },
      }
      local code, out = run({ "report", "--html", "-", "--from", path, "--weeks", "2" }, { now = 1794441600 })
      assert.equal(0, code)
      assert.truthy(out:find("2 leads, 2026-11-12 00:00 UTC", 1, true), out)
      assert.truthy(out:find('<th scope="row">2026-11-02</th><td>1</td><td>1</td>', 1, true), out)
      assert.truthy(out:find('<th scope="row">2026-11-09</th><td>1</td><td>1</td>', 1, true), out)
      assert.is_nil(out:find("Closed", 1, true))
    end)

    it("sums up further sources when there are more than six", function()
      local rows = {}
      for i = 1, 9 do rows[i] = { { source = "source " .. i, createTime = "2026-11-09T00:00:00GMT" } } end
      local _, out = run({ "report", "--html", "-", "--from", database(rows) }, { now = 1794441600 })
      assert.truthy(out:find('<th scope="col">source 5</th><th scope="col">other sources</th>', 1, true))
      assert.truthy(out:find("<td>1</td><td>4</td><td>9</td>", 1, true), out)
    end)

    it("escapes the text of records", function()
      local evil = [["><script>alert(1)</script><b onclick='x'>&]] .. "\226\128\174\27[31m"
      local path = database {
        { { stage = evil, source = evil, assignedUser = evil, createTime = "2026-11-09T00:00:00GMT" } },
      }
      local _, out = run({ "report", "--html", "-", "--from", path }, { now = 1794441600 })
      assert.is_nil(out:find("<script", 1, true))
      assert.is_nil(out:find("<b ", 1, true))
      assert.is_nil(out:find("[\27]"))
      assert.is_nil(out:find("\226\128\174", 1, true))
      assert.truthy(out:find("&quot;&gt;&lt;script&gt;", 1, true))
    end)

    it("fails when a row cannot be read, as in a damaged file, and keeps the earlier report", function()
      local path, html = on.user:file "view.db", on.user:file("report.html", "earlier")
      local environment = sqlite.sqlite3()
      local connection = assert(environment:connect(path))
      assert(connection:execute [[CREATE VIEW leads AS SELECT '{}' AS record, NULL AS deleted_at
        UNION ALL SELECT abs(-9223372036854775807 - 1), NULL]])
      connection:close()
      environment:close()
      local code, _, err = run { "report", "--html", html, "--from", path }
      assert.equal(1, code)
      assert.truthy(err:find("integer overflow", 1, true), err)
      assert.equal("earlier", nginx.contents(html))
    end)

    it("reports a file that is not an export", function()
      assert.equal(2, (run { "report", "--html", "-", "--from", on.user:file "absent.db" }))
      assert.is_nil(io.open(on.user:file "absent.db"))
      nginx.write(on.user:file "text.db", "this is not a database at all, but a text of some length\n")
      local code, _, err = run { "report", "--html", "-", "--from", on.user:file "text.db" }
      assert.equal(1, code)
      assert.truthy(err:find("was not written by", 1, true), err)
    end)

    it("is accessible in a browser, light and dark, wide and narrow #browser", function()
      local found, missing = browser.find()
      if not found then
        pending(missing)
        return
      end
      local rows = {}
      for i = 1, 60 do
        rows[i] = { { stage = "Stage " .. i % 7, stageId = i % 7, source = "<i>source</i> " .. i % 8,
                      assignedUser = "Agent " .. i % 5, createTime = ("2026-%02d-09T00:00:00GMT"):format(i % 12 + 1) } }
      end
      assert.equal(0, (run({ "report", "--html", on.user:file "report.html", "--from", database(rows) },
        { now = 1794441600 })))
      local page = browser.start(found)
      page:go("file://" .. on.user:file "report.html")
      assert.truthy(page:text():find("Funnel by stage", 1, true))
      assert.equal(3, page:count("img"))
      for _, scheme in ipairs { "light", "dark" } do
        page:scheme(scheme)
        assert.same({}, page:audit())
      end
      page:resize(360, 700)
      assert.equal(0, page:overflow())
      assert.same({}, page:audit())
      assert.same({}, page:trouble())
      page:stop()
    end)
  end)
end)
