-- SPDX-License-Identifier: MIT

--- The emulator, asked with curl and without the library.
-- Its OAuth servers are in sandbox_oauth_spec, its pages in sandbox_pages_spec.

local json = require "lofty.sandbox.server.json"
local asking = require "spec.support.sandbox_requests"
local child = require "spec.support.child"
local nginx = require "lofty.sandbox.nginx"
local sandbox = require "lofty.sandbox"

local LEAD = "651095960136641"

describe("the sandbox #sandbox", function()
  local box, ask

  setup(function()
    box = sandbox.start()
    ask = asking(box)
  end)
  teardown(function() box:finish() end)
  after_each(function() box:control("reset") end)

  describe("asked in the wrong way", function()
    it("wants a Content-Type where Lofty wants one", function()
      local none = { ["Content-Type"] = false }
      local status, body = ask.api("DELETE", "/v1.0/notes/1", nil, nil, none)
      assert.equal(400, status)
      assert.equal(20001, body.code)
      assert.equal(415, (ask.api("GET", "/v1.0/team-features/lead-ponds", nil, nil, none)))
      assert.equal(415, (ask.api("GET", "/v1.0/teamFeatures/listCustomField", nil, nil, none)))
      assert.equal(200, (ask.api("GET", "/v1.0/me", nil, nil, none)))
    end)

    it("gives the XML feed only with Accept: application/xml", function()
      local path = "/v1.0/getPublishedListings?type=LuxVT"
      assert.equal(406, (ask.api("GET", path, nil, nil, { Accept = "application/json" })))
      local status, _, headers, text = ask.api("GET", path, nil, nil, { Accept = "application/xml" })
      assert.equal(200, status)
      assert.is_truthy(headers["content-type"]:find("^application/xml"))
      assert.is_truthy(text:find("^<%?xml"))
    end)

    it("answers 403 and 404 to unknown paths, 405 to another method", function()
      assert.equal(403, (ask.api("GET", "/v1/leads")))
      assert.equal(404, (ask.api("GET", "/v1.0/contacts")))
      assert.equal(405, (ask.api("PUT", "/v1.0/leads")))
    end)

    for _, case in ipairs {
      { "an id in quotes", "/v1.0/notes", '{"leadId":"651095960136641","content":"x","isPin":false}' },
      { "an object for a list", "/v1.0/leads", '{"firstName":"A","tags":{}}' },
      { "a missing field", "/v1.0/notes", '{"leadId":651095960136641,"isPin":true}' },
      { "what is not JSON", "/v1.0/notes", '{"leadId":' },
      { "a name twice", "/v1.0/leads", '{"firstName":"A","firstName":"B"}' },
    } do
      it("refuses " .. case[1], function()
        local status, body = ask.api("POST", case[2], case[3])
        assert.equal(400, status)
        assert.equal(20012, body.code)
      end)
    end

    it("has the same error in each shape", function()
      local shapes = {
        live = '{"message":"BaseApplicationException:errorCode=20006,errorMsg=LEAD_NOT_EXIST"}',
        code = '{"code":20006,"message":"LEAD_NOT_EXIST"}', string = '"LEAD_NOT_EXIST"',
        error_code = '{"data":null,"errorCode":20006,"errorMsg":"LEAD_NOT_EXIST"}',
        status = '{"data":null,"status":{"code":20006,"msg":"LEAD_NOT_EXIST"}}',
      }
      for shape, expected in pairs(shapes) do
        box:control("settings", { error_shape = shape })
        local status, _, _, text = ask.api("GET", "/v1.0/leads/1")
        assert.equal(404, status)
        assert.equal(expected, text)
      end
    end)
  end)

  describe("with leads and notes", function()
    it("has ids with all digits", function()
      local _, _, _, text = ask.api("GET", "/v1.0/leads?limit=1")
      assert.is_truthy(text:find('"leadId":' .. LEAD .. ",", 1, true))
      local key = "token " .. box.api_keys["9007199254740993"]
      for _, id in ipairs { "1738234566814937089", "9007199254740993" } do
        assert.is_truthy(select(4, ask.api("GET", "/v1.0/leads/" .. id, nil, key)):find('"leadId":' .. id .. ",", 1, true))
      end
      assert.is_truthy(select(4, ask.api("GET", "/v1.0/me", nil, key)):find('"id":9007199254740993,', 1, true))
    end)

    it("creates, changes, trashes", function()
      local _, made = ask.api("POST", "/v1.0/leads", '{"firstName":"Zoë","emails":["zoe@mail.example"],"tags":["a","b"],"content":"hi"}')
      local path = "/v1.0/leads/" .. tostring(made.leadId)
      local _, got = ask.api("GET", path)
      assert.equal("Zoë", got.lead.firstName)
      assert.equal(2, #got.lead.tags)
      assert.equal("hi", select(2, ask.api("GET", "/v1.0/notes?leadId=" .. tostring(made.leadId))).notes[1].content)
      assert.equal(200, (ask.api("PUT", path, '{"stage":"Contacted","tags":[],"lastName":null}')))
      got = select(2, ask.api("GET", path))
      assert.equal("Contacted", got.lead.stage)
      assert.equal(0, #got.lead.tags)
      assert.equal(400, (ask.api("DELETE", path)))
      local status, _, _, text = ask.api("DELETE", path .. "?reason=test")
      assert.equal(200, status)
      assert.equal("", text)
      assert.equal(404, (ask.api("GET", path)))
      assert.equal(200, (ask.api("GET", path .. "?withTrash=true")))
      assert.equal(404, (ask.api("PUT", path, '{"stage":"Contacted"}')))
    end)

    it("adds, removes and clears tags", function()
      local path = "/v1.0/leads/" .. LEAD
      local function tags()
        local names = {}
        for _, tag in ipairs(select(2, ask.api("GET", path)).lead.tags) do names[#names + 1] = tag.tagName end
        return table.concat(names, ",")
      end
      ask.api("PUT", path, '{"tags":["a","b"]}')
      ask.api("PUT", path, '{"tagsAdd":["c","a"],"tagsRemove":["b"]}')
      assert.equal("a,c", tags())
      ask.api("PUT", path, '{"clearAllTags":true}')
      assert.equal("", tags())
    end)

    it("requires an address for a property, and merges by it", function()
      assert.equal(200057, select(2, ask.api("POST", "/v1.0/leads", '{"firstName":"A","property":{"price":1}}')).code)
      local path = "/v1.0/leads/" .. LEAD
      ask.api("POST", path .. "/property", '{"city":"Waco"}')
      ask.api("POST", path .. "/property", '{"city":"Waco","price":5}')
      local list = select(2, ask.api("GET", path)).lead.leadPropertyList
      assert.equal(2, #list)
      assert.equal(5, list[2].price)
      assert.equal(404, (ask.api("POST", path .. "/property", '{"city":"Waco","id":12345}')))
    end)

    it("finds by e-mail, tags, stage and name, and returns the fields asked for", function()
      local function total(query) return select(2, ask.api("GET", "/v1.0/leads?" .. query))._metadata.total end
      assert.equal(1, total("email=lead5%40mail.example&preciseSearchFlag=true"))
      assert.is_true(total("allTags=portal") > total("allTags=portal,first-time+buyer"))
      assert.is_true(total("anyTags=portal,first-time+buyer") > total("allTags=portal"))
      assert.equal(1250, total("nonsense=1"))
      local _, page = ask.api("GET", "/v1.0/leads?returnFields=leadId,stage&limit=2")
      assert.same({ leadId = json.int(LEAD), stage = "New Lead" }, page.leads[1])
    end)

    it("creates, changes and deletes notes, with empty responses", function()
      local _, made = ask.api("POST", "/v1.0/notes", '{"leadId":' .. LEAD .. ',"content":"one","isPin":false}')
      local path = "/v1.0/notes/" .. tostring(made.noteId)
      local status, _, _, text = ask.api("PUT", path, '{"leadId":' .. LEAD .. ',"content":"two","isPin":true}')
      assert.equal(200, status)
      assert.equal("", text)
      local _, got = ask.api("GET", path)
      assert.equal("two", got.note.content)
      assert.is_true(got.note.isPin)
      assert.equal(400, (ask.api("PUT", path, '{"leadId":1,"content":"two","isPin":true}')))
      assert.equal(200, (ask.api("DELETE", path)))
      assert.equal(404, (ask.api("DELETE", path)))
    end)

    it("keeps the first 2000 characters of a note, not bytes", function()
      local long = ("é"):rep(2100)
      local _, made = ask.api("POST", "/v1.0/notes", '{"leadId":' .. LEAD .. ',"content":"' .. long .. '","isPin":false}')
      assert.equal(4000, #select(2, ask.api("GET", "/v1.0/notes/" .. tostring(made.noteId))).note.content)
    end)

    it("answers 404 to the first reads of a new lead, as settle_reads says", function()
      box:control("settings", { settle_reads = 2 })
      local _, made = ask.api("POST", "/v1.0/leads", '{"firstName":"A"}')
      local path = "/v1.0/leads/" .. tostring(made.leadId)
      assert.equal(404, (ask.api("GET", path)))
      assert.equal(404, (ask.api("GET", path)))
      assert.equal(200, (ask.api("GET", path)))
    end)

    it("merges a lead with a known e-mail when merge_leads is set", function()
      box:control("settings", { merge_leads = true })
      local _, made = ask.api("POST", "/v1.0/leads", '{"firstName":"A","emails":["lead7@mail.example"]}')
      assert.equal(404, (ask.api("GET", "/v1.0/leads/" .. tostring(made.leadId))))
    end)
  end)

  describe("counting calls", function()
    it("states the rate limit in three headers and refuses calls over it", function()
      box:control("settings", { rate_limit = 2 })
      local _, _, headers = ask.api("GET", "/v1.0/me")
      assert.equal("2", headers["x-ratelimit-limit"])
      assert.equal("1", headers["x-ratelimit-remaining"])
      assert.is_true(tonumber(headers["x-ratelimit-reset"]) > 1e9)
      ask.api("GET", "/v1.0/me")
      local status, body = ask.api("GET", "/v1.0/me")
      assert.equal(429, status)
      assert.same({ message = "Too Many Requests" }, body)
      box:control("clock", { advance = 60 })
      assert.equal(200, (ask.api("GET", "/v1.0/me")))
      assert.equal(1, box:control("counters").refused["GET /v1.0/me"])
    end)

    it("has X-RateLimit-Reset in each form", function()
      local shapes = { epoch_ms = "^%d%d%d%d%d%d%d%d%d%d%d%d%d$", left_ms = "^%d?%d?%d?%d?%d$", seconds = "^%d?%d$", word = "^soon$" }
      for form_of, pattern in pairs(shapes) do
        box:control("settings", { reset_form = form_of })
        local _, _, headers = ask.api("GET", "/v1.0/me")
        assert.is_truthy(headers["x-ratelimit-reset"]:match(pattern), form_of)
      end
      box:control("settings", { reset_form = "missing" })
      assert.is_nil(select(3, ask.api("GET", "/v1.0/me"))["x-ratelimit-reset"])
    end)

    it("has a lower limit of its own for an AI route", function()
      local _, _, headers = ask.api("POST", "/v2.0/ai/lead-analysis", '{"leadIds":[' .. LEAD .. "]}")
      assert.equal("20", headers["x-ratelimit-limit"])
    end)
  end)

  describe("remembering", function()
    it("keeps a journal of whole requests", function()
      ask.api("GET", "/v1.0/leads?limit=1&key=%C3%A9")
      ask.api("PUT", "/v1.0/leads/" .. LEAD, '{"stage":"Contacted"}')
      local journal = box:journal(true)
      assert.equal(2, #journal)
      assert.equal("limit=1&key=%C3%A9", journal[1].query)
      assert.equal("token " .. box.api_key, journal[1].headers.authorization)
      assert.equal('{"stage":"Contacted"}', journal[2].body)
      assert.is_true(journal[2].connection > 0)
      assert.equal(0, #box:journal())
    end)

    it("counts grants and calls by account", function()
      local _, token = ask.vendor(ask.code_grant(ask.consent(nil, { account = "113377" })))
      ask.vendor(ask.refresh_grant(token.refresh_token))
      ask.api("GET", "/v1.0/me", nil, "Bearer " .. token.access_token)
      local counters = box:control("counters")
      assert.equal(1, counters.grants.refresh_token)
      assert.equal(2, counters.grants.total)
      assert.equal(2, counters.account_grants["113377"])
      assert.equal(1, counters.accounts["113377"])
      assert.equal(1, counters.operations["GET /v1.0/me"])
    end)

    it("counts the requests that each fault was applied to", function()
      local number = box:control("fault", { path = "/v1.0/me", preset = "unavailable", times = 2 }).fault
      for _ = 1, 3 do ask.api("GET", "/v1.0/me") end
      local counters = box:control("counters")
      assert.equal(2, counters.fault_numbers[tostring(number)])
      assert.equal(2, counters.faults["GET /v1.0/me"])
    end)

    it("refuses an unknown control, setting and fault", function()
      assert.has_error(function() box:control("nonsense") end)
      assert.has_error(function() box:control("settings", { refresh_rotaton = true }) end)
      assert.has_error(function() box:control("settings", { refresh_rotation = "yes" }) end)
      assert.has_error(function() box:control("fault", { statsu = 500 }) end)
      assert.has_error(function() box:control("fault", { preset = "nonsense" }) end)
    end)

    it("does not start with an unknown setting", function()
      local ok, why = pcall(sandbox.start, { refresh_rotaton = true })
      assert.is_false(ok)
      assert.is_truthy(why:find('unknown option "refresh_rotaton", did you mean "refresh_rotation"?', 1, true))
    end)

    it("serves an account of any number", function()
      local token = box:issue("5000017")
      local _, page = ask.api("GET", "/v1.0/leads?limit=100", nil, "Bearer " .. token.access_token)
      assert.equal(30, page._metadata.total)
    end)
  end)

  describe("with a fault", function()
    local function fault(opt) box:control("fault", opt) end

    it("applies `times` times, after the first `skip` requests", function()
      fault { method = "GET", path = "/v1.0/m*", status = 503, body = "busy", times = 2, skip = 1 }
      local seen = {}
      for i = 1, 4 do seen[i] = (ask.api("GET", "/v1.0/me")) end
      assert.same({ 200, 503, 503, 200 }, seen)
      fault { status = 500, times = 0 }
      for _ = 1, 3 do assert.equal(500, (ask.api("GET", "/v1.0/me"))) end
      box:control("clear_faults")
      assert.equal(200, (ask.api("GET", "/v1.0/me")))
    end)

    it("applies to one request by its header", function()
      assert.equal(502, (ask.api("GET", "/v1.0/me", nil, nil, { ["X-Sandbox-Fault"] = "html-502" })))
      assert.equal(418, (ask.api("GET", "/v1.0/me", nil, nil, { ["X-Sandbox-Fault"] = '{"status":418,"body":"{}"}' })))
    end)

    it("cuts the connection before, in and after the head", function()
      local whole = select(4, ask.api("GET", "/v1.0/me"))
      fault { preset = "cut-before" }
      assert.equal(0, (ask.api("GET", "/v1.0/me")))
      fault { preset = "cut-head" }
      assert.equal("", select(4, ask.api("GET", "/v1.0/me")))
      fault { preset = "cut-body" }
      local part = select(4, ask.api("GET", "/v1.0/me"))
      assert.equal(whole:sub(1, math.floor(#whole / 2)), part)
      fault { truncate = 5 }
      assert.equal(whole:sub(1, 5), select(4, ask.api("GET", "/v1.0/me")))
    end)

    it("sends a wrong Content-Length, and any bytes", function()
      fault { preset = "long-length" }
      assert.equal("100000", select(3, ask.api("GET", "/v1.0/me"))["content-length"])
      fault { raw = "HTTP/1.1 200 OK\r\nX-Odd: yes\r\nContent-Length: 2\r\n\r\nok" }
      assert.equal("yes", select(3, ask.api("GET", "/v1.0/me"))["x-odd"])
    end)

    it("can lose the response after the request took effect", function()
      local before = select(2, ask.api("GET", "/v1.0/leads?limit=1"))._metadata.total
      fault { method = "POST", path = "/v1.0/leads", preset = "cut-after" }
      assert.equal(0, (ask.api("POST", "/v1.0/leads", '{"firstName":"A"}')))
      assert.equal(before + 1, select(2, ask.api("GET", "/v1.0/leads?limit=1"))._metadata.total)
      fault { method = "POST", path = "/v1.0/leads", preset = "cut-before" }
      assert.equal(0, (ask.api("POST", "/v1.0/leads", '{"firstName":"A"}')))
      assert.equal(before + 1, select(2, ask.api("GET", "/v1.0/leads?limit=1"))._metadata.total)
    end)
  end)

  describe("delivering webhooks", function()
    it("posts arrays of events with exact ids to a subscriber on loopback", function()
      local said = box:control("deliver", { url = box.url .. "/hook/x", events = 2 })
      assert.equal(404, said.statuses[1]) -- the emulator is the subscriber here
      local seen = box:journal()[1]
      assert.equal("/hook/x", seen.path)
      assert.equal(said.body, seen.body)
      local body = json.decode(seen.body)
      assert.equal(2, body.listId)
      assert.equal(json.int(LEAD), body.updatedLead[1].leadId)
      assert.equal(2, #body.updatedLead)
      assert.is_truthy(json.decode(box:control("deliver", { url = box.url .. "/", list = 6, what = "created" }).body).createdCall)
    end)

    it("keeps subscriptions, requires https, and has a quota", function()
      local function subscribe(url, list)
        return ask.api("POST", "/v1.0/webhook", '{"listId":' .. (list or 2) .. ',"callbackUrl":"' .. url .. '"}')
      end
      local _, made = subscribe("https://hooks.example/x")
      assert.equal(100, made.limit)
      assert.equal(400, (subscribe("http://hooks.example/x")))
      assert.equal(400, (subscribe("https://hooks.example/x", 13)))
      assert.equal(1, #select(2, ask.api("GET", "/v1.0/webhooks")))
      for _ = 2, 20 do assert.equal(200, (subscribe("https://hooks.example/x"))) end
      assert.equal(400, (subscribe("https://hooks.example/x")))
      assert.equal(200, (ask.api("DELETE", "/v1.0/webhook/" .. tostring(made.subscribeId))))
      assert.equal(400, (ask.api("DELETE", "/v1.0/webhook/" .. tostring(made.subscribeId))))
    end)
  end)
end)

describe("the sandbox with three workers #sandbox", function()
  local box, ask

  setup(function()
    box = sandbox.start { workers = 3, refresh_rotation = true }
    ask = asking(box)
  end)
  teardown(function() box:finish() end)

  it("shows each worker what another has written", function()
    for n = 1, 15 do
      local _, made = ask.api("POST", "/v1.0/leads", '{"firstName":"N' .. n .. '"}')
      local _, got = ask.api("GET", "/v1.0/leads/" .. tostring(made.leadId))
      assert.equal("N" .. n, got.lead.firstName)
      assert.equal(1250 + n, select(2, ask.api("GET", "/v1.0/leads?limit=1"))._metadata.total)
    end
  end)

  it("accepts a refresh token once among all workers", function()
    local token = box:issue("5000017")
    local succeeded = 0
    for _ = 1, 6 do
      if ask.vendor(ask.refresh_grant(token.refresh_token)) == 200 then succeeded = succeeded + 1 end
    end
    assert.equal(1, succeeded)
  end)

  it("resets every worker", function()
    box:control("reset")
    for _ = 1, 6 do assert.equal(1250, select(2, ask.api("GET", "/v1.0/leads?limit=1"))._metadata.total) end
  end)
end)

describe("the sandbox command #sandbox", function()
  it("runs a command with the variables set, and exits with its status", function()
    local said = nginx.shell(child.lua .. " lua/lofty/sandbox/run.lua --set rate_limit=7 -- sh -c "
      .. nginx.quote('curl -sD - -o /dev/null -H "Authorization: token $LOFTY_API_KEY" "$LOFTY_BASE_URL/v1.0/me"; exit 3')
      .. "; echo status $?")
    assert.is_truthy(said:find("X%-RateLimit%-Limit: 7"))
    assert.is_truthy(said:find("status 3", 1, true))
  end)

  it("shows its credentials in no process's command line", function()
    local said = nginx.shell(child.lua .. " lua/lofty/sandbox/run.lua -- sh -c " .. nginx.quote [[
all=$(cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' ' ')
for secret in "$LOFTY_CLIENT_SECRET" "$LOFTY_API_KEY" "$LOFTY_CUSTOMER_KEY"; do
  case $all in *"$secret"*) echo shown ;; *run.lua*) echo hidden ;; esac
done]])
    assert.equal("hidden\nhidden\nhidden", said)
  end)

  it("ends when its input ends, and leaves no server and no file", function()
    local said = nginx.shell("f=$(mktemp -u); " .. child.lua .. " lua/lofty/sandbox/run.lua --write $f </dev/null; ls $f 2>&1")
    local url = said:match("listens at (%S+)")
    assert.is_truthy(said:find("No such file", 1, true))
    assert.equal("000", nginx.shell("curl -s -o /dev/null -w '%{http_code}' " .. url))
  end)
end)
