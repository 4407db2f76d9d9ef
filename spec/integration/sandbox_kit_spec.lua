-- SPDX-License-Identifier: MIT

--- What `lofty.sandbox` offers to users' own specs: records to start with, clients without real waits, failures, and
-- what was sent.

local lofty = require "lofty"
local luassert = require "lofty.sandbox.luassert"
local nginx = require "lofty.sandbox.nginx"
local sandbox = require "lofty.sandbox"
local child = require "spec.support.child"

local DAY = 86400

-- The message of the error that fn raises.
local function message_of(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  return tostring(err)
end

local function contains(text, part)
  assert.truthy(text:find(part, 1, true), text)
end

describe("the records of a sandbox", function()
  local box, crm
  local records = {
    members = { { memberUserId = 5001, firstName = "Mo", lastName = "Vance", email = "mo@example.com" } },
    leads = {
      { firstName = "Ann", emails = { "ann@example.com" }, tags = { "vip" }, createTime = "-3d", stage = "Contacted",
        assignedUserId = 5001, score = 70, notes = { { content = "called", createTime = "-2h" } } },
      { leadId = 42, firstName = "Bo", phones = { "5125550142" }, createTime = "2026-01-31T09:00:00+01:00" },
    },
    notes = { { leadId = 42, content = "pinned", isPin = true } },
    tasks = { { leadId = 42, content = "call", type = "Call", endAt = "-1d" }, { leadId = 42, content = "visit",
      type = "Appointment", startAt = "+1d", endAt = "+1d" } },
    calls = { { leadId = 42, startTime = "-1h", callingOutcome = "NoAnswer", direction = "Inbound" } },
    texts = { { leadId = 42, textTime = "-2h", textContent = "hello" } },
    emails = { { leadId = 42, emailEventTime = "-3h", emailSubject = "Hi" } },
  }

  setup(function()
    box = sandbox.start(records)
    crm = box:client()
  end)
  teardown(function() box:finish() end)
  after_each(function() box:reset() end)

  it("are those of its account, which has no generated ones", function()
    local leads = lofty.assert(crm.leads:all {})
    assert.same({ "Ann", "Bo" }, { leads[1].firstName, leads[2].firstName })
    assert.same({ "ann@example.com", "vip", "Contacted", 70 },
      { leads[1].emails[1], leads[1].tags[1].tagName, leads[1].stage, leads[1].score })
    assert.equal("2026-01-31T08:00:00GMT", leads[2].createTime)
    assert.equal(0, #lofty.assert(crm:get("/v1.0/systemLogs", { leadId = 42 })).timeLines)
    assert.equal(0, #lofty.assert(crm:get("/v1.0/leads/{leadId}/activities", { leadId = 42 })))
    assert.equal(0, lofty.assert(crm:get "/v2.0/transactions").totalCount)
    assert.equal(0, lofty.assert(crm:get "/v2.0/working-leads").metadata.total)
  end)

  it("have times that count from the start", function()
    local lead = lofty.assert(crm.leads:get(box.ids.leads[1]))
    local age = os.time() - lofty.time.parse(lead.createTime)
    assert.is_true(age >= 3 * DAY and age < 3 * DAY + 600, lead.createTime)
  end)

  it("belong to their lead", function()
    local id = box.ids.leads[1]
    assert.equal("called", lofty.assert(crm.notes:list { leadId = id }).notes[1].content)
    local note = lofty.assert(crm.notes:list { leadId = 42 }).notes[1]
    assert.same({ "pinned", true }, { note.content, note.isPin })
    assert.equal(note.noteId, box.ids.notes[2]) -- after that of the first lead
    local task = lofty.assert(crm.tasks:list { leadId = 42 }).tasks[1]
    assert.same({ "call", "Call", true }, { task.content, task.type, task.overdueFlag })
    local call = lofty.assert(crm.calls:list { leadId = 42 }).calls[1]
    assert.same({ "NoAnswer", "Inbound", 0, "5125550142" },
      { call.callingOutcome, call.direction, call.duration, call.leadPhoneNumber })
    local list = lofty.assert(crm:get("/v2.0/leads/{leadId}/activities", { leadId = 42 })).activities
    assert.same({ "Email", "Text", "Call" }, { list[1].channel, list[2].channel, list[3].channel })
  end)

  it("name the owner of a lead", function()
    local lead = lofty.assert(crm.leads:get(box.ids.leads[1]))
    assert.same({ 5001, "Mo Vance" }, { lead.assignedUserId, lead.assignedUser })
    assert.equal(2, #lofty.assert(crm.members:all {})) -- the account itself, and Mo
  end)

  it("have the same ids at each start, as this Lua's JSON gives them", function()
    local other = sandbox.start(records)
    local ids, again = box.ids, other.ids
    local id = lofty.assert(other:client().leads:all {})[1].leadId
    other:stop()
    assert.same(ids, again)
    assert.equal(id, ids.leads[1])
    assert.equal(42, ids.leads[2])
  end)

  it("are back after a reset", function()
    lofty.assert(crm.leads:update(42, { lastName = "Changed" }))
    lofty.assert(crm.leads:create { firstName = "Cy" })
    box:reset()
    local leads = lofty.assert(crm.leads:all {})
    assert.equal(2, #leads)
    assert.is_nil(leads[2].lastName)
  end)

  it("may be many", function()
    local leads = {}
    for i = 1, 500 do leads[i] = { firstName = "Lead " .. i, notes = { { content = ("long "):rep(50) } } } end
    local other = sandbox.start { leads = leads }
    local found = other:client().leads:all {}
    other:stop()
    assert.equal(500, #lofty.assert(found))
    assert.equal("Lead 500", found[500].firstName)
  end)

  for _, case in ipairs {
    { "an unknown resource", { leeds = {} }, 'unknown option "leeds", did you mean "leads"?' },
    { "an unknown field", { leads = { { firstNam = "A" } } }, 'leads[1]: unknown field "firstNam", did you mean "firstName"?' },
    { "an unknown field of a part", { leads = { { firstName = "A", notes = { { contents = "x" } } } } },
      'leads[1].notes[1]: unknown field "contents", did you mean "content"?' },
    { "an unknown field of an object", { leads = { { firstName = "A", inquiry = { priceMaxi = 5 } } } },
      'leads[1].inquiry: unknown field "priceMaxi", did you mean "priceMax"?' },
    { "an array for an object", { leads = { { firstName = "A", inquiry = { "x" } } } },
      'leads[1].inquiry: unknown field "1"' },
    { "a missing field", { leads = { { lastName = "A" } } }, "leads[1]: firstName is missing" },
    { "a time that is none", { leads = { { firstName = "A", createTime = "yesterday" } } },
      'leads[1].createTime: "yesterday" is not a time: write "-3d"' },
    { "a time in milliseconds", { leads = { { firstName = "A", createTime = 1767614400000 } } }, "is not a time" },
    { "a text for an array", { leads = { { firstName = "A", emails = "a@b.c" } } }, "leads[1].emails: a table is needed" },
    { "a number for a text", { leads = { { firstName = 5 } } }, "leads[1].firstName: a string is needed, got number" },
    { "a word that is not one of its", { leads = { { firstName = "A", leadId = 1 } }, calls = { { leadId = 1, direction = "in" } } },
      'calls[1].direction: "in" is not one of Outbound, Inbound' },
    { "one record for an array", { leads = { firstName = "A" } }, "leads: an array of records is needed" },
    { "a note without a lead", { notes = { { content = "x" } } }, "notes[1]: leadId is missing" },
    { "a lead that is not there", { notes = { { leadId = 7, content = "x" } } }, "notes[1].leadId: no lead has the id 7" },
    { "an owner who is not a member", { leads = { { firstName = "A", assignedUserId = 7 } } },
      "leads[1].assignedUserId: no member has the memberUserId 7" },
    { "an id twice", { leads = { { firstName = "A", leadId = 1 }, { firstName = "B", leadId = "1" } } },
      "leads[2]: leadId 1 is the id of leads[1]" },
    { "a setting of another type", { rate_limit = "5" }, "rate_limit must be a number" },
  } do
    it("are refused with " .. case[1], function()
      local message = message_of(sandbox.start, case[2])
      contains(message, "lofty.sandbox.start: ")
      contains(message, case[3])
    end)
  end
end)

describe("a client of a sandbox", function()
  local box

  setup(function() box = sandbox.start { leads = { { firstName = "Ann" }, { firstName = "Bo" } }, rate_limit = 20 } end)
  teardown(function() box:finish() end)
  before_each(function() box:reset() end)

  -- Calls fn, and returns the longest wait in it that took real time.
  local function longest_real_wait(fn)
    local base = require "lofty.runtime.curl"
    local sleep, longest = base.sleep, 0
    base.sleep = function(self, seconds)
      longest = math.max(longest, seconds)
      local ok = sleep(self, seconds)
      return ok
    end
    local ok, err = pcall(fn)
    base.sleep = sleep
    assert.is_true(ok, tostring(err))
    return longest
  end

  it("waits for a 429 without real time, and moves the box's clock", function()
    local before, crm = box:control("clock").now, box:client()
    assert.is_true(longest_real_wait(function()
      for _ = 1, 3 do
        box:fail("GET /v1.0/leads", "too-many")
        lofty.assert(crm.leads:list {})
      end
    end) < 0.01)
    assert.equal(3, crm:stats().retries)
    assert.is_true(box:control("clock").now - before >= 3 * 55)
  end)

  it("stays in the rate limit without real time, also with many calls at once", function()
    local crm, ids = box:client(), {}
    lofty.assert(crm:me()) -- tells the limit
    for i = 1, 100 do ids[i] = i end
    assert.is_true(longest_real_wait(function()
      local _, failures = lofty.map(ids, function(i)
        local note, err = crm.notes:create { leadId = box.ids.leads[1], content = "n" .. i }
        return note, err
      end)
      assert.is_nil(failures)
    end) < 0.01)
    assert.is_nil(box:control("counters").refused)
    assert.equal(100, #box:sent("POST", "/v1.0/notes"))
    assert.is_true(crm:stats().waited > 200)
  end)

  it("repeats a read until its deadline on the virtual clock", function()
    local crm = box:client { deadline = 30, retry = { attempts = 100, total = 1000 } }
    box:fail("GET /v1.0/leads", "unavailable", { times = 0 })
    assert.is_true(longest_real_wait(function()
      local page, err = crm.leads:list {}
      assert.is_nil(page)
      assert.equal("timeout", err.kind)
    end) < 0.01)
  end)

  it("waits in calls that may not yield, among others", function()
    local crm, ids = box:client(), {}
    lofty.assert(crm:me())
    for i = 1, 40 do ids[i] = i end
    assert.is_true(longest_real_wait(function()
      local _, failures = lofty.map(ids, function(i)
        local note, err
        local function create() note, err = crm.notes:create { leadId = box.ids.leads[1], content = "n" .. i } end
        -- table.sort calls its function from C, which no Lua can yield across.
        if i % 3 == 0 then table.sort({ 1, 2 }, function(a, b) if not note and not err then create() end return a < b end)
        else create() end
        return note, err
      end)
      assert.is_nil(failures)
    end) < 0.01)
    assert.equal(40, #box:sent("POST", "/v1.0/notes"))
  end)

  it("sees the clock that a control moves", function()
    local crm = box:client()
    local before = crm.settings.runtime:now()
    box:control("clock", { advance = 3600 })
    local moved = crm.settings.runtime:now() - before
    assert.is_true(moved >= 3600 and moved < 3660)
  end)

  it("takes options of its own, and another credential", function()
    local seen = 0
    local crm = box:client { on_request = function() seen = seen + 1 end, api_key = box.api_keys["113209"] }
    assert.equal(1250, lofty.assert(crm.leads:list { limit = 1 })._metadata.total)
    assert.equal(1, seen)
    contains(message_of(box.client, box, { rety = false }), 'unknown option "rety", did you mean "retry"?')
    contains(message_of(box.client, box, 5), "a table of options expected, got number")
  end)

  it("comes of an application, too, whose tokens end on the virtual clock", function()
    local app = box:app { store = lofty.store.memory {} }
    local url, state = app:authorize_url()
    local account = lofty.assert(app:connect(box:consent(url), { state = state }))
    assert.equal("113377", account)
    local crm = app:client(account)
    lofty.assert(crm:me())
    box:control("clock", { advance = 3600 })
    lofty.assert(crm:me())
    assert.equal(1, crm:stats().refreshes)
  end)

  it("may be that of a script in a process of its own", function()
    local printed, status = box:execute([[printf '%s\n' "$LOFTY_BASE_URL" "$LOFTY_API_KEY"; echo oops >&2; exit 3]])
    assert.equal(box.url .. "\n" .. box.api_key .. "\noops", printed)
    assert.equal(3, status)
    assert.same({ "", 0 }, { box:execute "true" })
  end)

  it("is refreshed when it was made of a token", function()
    local token = box:issue()
    local crm = box:client { token = token }
    box:control("expire")
    lofty.assert(crm:me())
    assert.equal(1, crm:stats().refreshes)
  end)
end)

describe("a failure on demand", function()
  local box, crm

  setup(function()
    box = sandbox.start { leads = { { firstName = "Ann" } } }
    crm = box:client { retry = false }
  end)
  teardown(function() box:finish() end)
  before_each(function() box:reset() end)

  it("loses the response to a write that was done, once", function()
    box:fail("POST /v1.0/notes", "cut-after")
    local fields = { leadId = box.ids.leads[1], content = "called" }
    local note, err = crm.notes:create(fields)
    assert.is_nil(note)
    assert.is_true(err.outcome_unknown)
    assert.equal(1, #lofty.assert(crm.notes:list { leadId = box.ids.leads[1] }).notes)
    lofty.assert(crm.notes:create(fields))
  end)

  it("applies to as many calls as asked for, after others", function()
    box:fail("GET /v1.0/leads/{leadId}", "server-error", { times = 2, skip = 1 })
    local seen = {}
    for i = 1, 4 do seen[i] = crm.leads:get(box.ids.leads[1]) ~= nil end
    assert.same({ true, false, false, true }, seen)
    assert.truthy(crm.leads:list {}) -- another call
  end)

  it("applies to whatever begins with a path", function()
    box:fail("GET /v1.0/le*", "forbidden", { times = 2 })
    assert.is_nil(crm.leads:list {})
    assert.is_nil(crm.leads:get(box.ids.leads[1]))
  end)

  it("is refused with an unknown name, call or option", function()
    local message = message_of(box.fail, box, "POST /v1.0/notes", "cut-afer")
    contains(message, 'box:fail: unknown fault "cut-afer", did you mean "cut-after"? (one of ')
    for _, name in ipairs(sandbox.faults) do contains(message, name) end
    contains(message_of(box.fail, box, "POST /v1.0/note", "cut-after"),
      "box:fail: the API has no call POST /v1.0/note, did you mean POST /v1.0/notes?")
    contains(message_of(box.fail, box, "notes.create", "cut-after"), 'a call such as "POST /v1.0/notes" expected')
    contains(message_of(box.fail, box, "POST /v1.0/notes", "cut-after", { time = 2 }), 'did you mean "times"?')
  end)

  it("has its names in the README", function()
    local readme = nginx.contents("lua/lofty/sandbox/README.md")
    for _, name in ipairs(sandbox.faults) do contains(readme, "`" .. name .. "`") end
  end)
end)

describe("what was sent to a sandbox", function()
  local box, crm, id

  setup(function()
    box = sandbox.start { leads = { { firstName = "Ann" }, { firstName = "Bo" } }, journal_size = 50 }
    crm = box:client()
    id = box.ids.leads[1]
  end)
  teardown(function() box:finish() end)
  before_each(function() box:reset() end)

  it("is found by method, path and fields of body, query and path", function()
    lofty.assert(crm.notes:create { leadId = id, content = "one" })
    lofty.assert(crm.notes:create { leadId = box.ids.leads[2], content = "two" })
    lofty.assert(crm.leads:update(id, { stage = "Contacted", tagsAdd = { "vip", "web" } }))
    lofty.assert(crm.leads:list { email = "ann+1@example.com", limit = 5 })
    assert.equal(2, #box:sent("POST", "/v1.0/notes"))
    local call = box:sent("POST", "/v1.0/notes", { leadId = id })[1]
    assert.same({ "POST", "/v1.0/notes", "one" }, { call.method, call.path, call.body.content })
    assert.equal(1, #box:sent("POST", "/v1.0/notes", { leadId = tostring(id) }))
    assert.equal(0, #box:sent("POST", "/v1.0/notes", { leadId = id, content = "two" }))
    assert.equal(1, #box:sent("PUT", "/v1.0/leads/{leadId}", { leadId = id, tagsAdd = { "vip", "web" } }))
    assert.equal(0, #box:sent("PUT", "/v1.0/leads/{leadId}", { tagsAdd = { "vip" } }))
    assert.equal(1, #box:sent("GET", "/v1.0/leads", { email = "ann+1@example.com", limit = 5 }))
    assert.equal(2, #box:sent("POST", "/v1.0/no*"))
  end)

  it("is found by the items of an array", function()
    local me = lofty.assert(crm:me())
    lofty.assert(crm.leads:assign(id, { { role = "Agent", assignee = me.email } }))
    assert.equal(1, #box:sent("POST", "/v1.0/leads/{leadId}/assignment", { { role = "Agent" } }))
    assert.equal(0, #box:sent("POST", "/v1.0/leads/{leadId}/assignment", { { role = "Lender" } }))
  end)

  it("includes what the box answered with a failure", function()
    box:fail("POST /v1.0/notes", "cut-before")
    crm:with { retry = false }.notes:create { leadId = id, content = "one" }
    assert.equal(1, #box:sent("POST", "/v1.0/notes"))
  end)

  it("can't be asked for with a call or a field that the API does not have", function()
    contains(message_of(box.sent, box, "GET", "/v1.0/lead"), "box:sent: the API has no call GET /v1.0/lead")
    contains(message_of(box.sent, box, "POST", "/v1.0/notes", { leadID = 1 }),
      'box:sent: POST /v1.0/notes has no field "leadID", did you mean "leadId"?')
  end)

  it("is an error when the journal has dropped requests", function()
    for _ = 1, 51 do lofty.assert(crm:me()) end
    contains(message_of(box.sent, box, "GET", "/v1.0/me"), "the journal has dropped 1 requests")
  end)

  it("is checked by an assertion whose message shows what was sent instead", function()
    lofty.assert(crm.notes:create { leadId = id, content = "one" })
    lofty.assert(crm.leads:list { limit = 5 })
    luassert.sent(box, "POST", "/v1.0/notes", { leadId = id })
    luassert.sent(box, "POST", "/v1.0/notes", { leadId = id }, 1)
    luassert.is_not.sent(box, "POST", "/v1.0/message/sms/send")
    local message = message_of(luassert.sent, box, "POST", "/v1.0/notes", { content = "two" })
    contains(message, 'Expected a call POST /v1.0/notes with {"content":"two"}; 0 matched. The calls were:\n')
    contains(message, '  POST /v1.0/notes {"content":"one"')
    contains(message, "\n  GET /v1.0/leads?limit=5")
    message = message_of(luassert.sent, box, "POST", "/v1.0/notes", nil, 2)
    contains(message, "Expected 2 calls POST /v1.0/notes; 1 matched.")
    message = message_of(luassert.is_not.sent, box, "POST", "/v1.0/notes")
    contains(message, "Expected not a call POST /v1.0/notes; 1 matched.")
    message = message_of(function() luassert.sent(box, "POST", "/v1.0/notes", { leadID = 1 }) end)
    assert.truthy(message:find('sandbox_kit_spec%.lua:%d+: box:sent: POST /v1.0/notes has no field "leadID"'), message)
    contains(message_of(luassert.sent, "POST", "/v1.0/notes"), "the first argument must be a sandbox's box, got string")
  end)

  it("reaches a webhook handler", function()
    local seen = {}
    local hook = lofty.webhook.handler { secret = "s3cret", on_event = function(event)
      seen[#seen + 1] = event.name .. " " .. tostring(event.leadId)
    end }
    lofty.assert(crm.webhooks:ensure { callbackUrl = "https://example.com/hook/s3cret", lists = { "lead", "note" } })
    lofty.assert(crm.leads:update(id, { stage = "Contacted" }))
    lofty.assert(crm.notes:create { leadId = id, content = "one" })
    local deliveries = box:deliveries()
    for _, request in ipairs(deliveries) do assert.equal(200, (hook(request))) end
    assert.same({ "lead.updated " .. tostring(id), "note.created " .. tostring(id) }, seen)
    assert.equal("https://example.com/hook/s3cret", deliveries[1].url)
    assert.equal(2, #box:deliveries(true))
    assert.equal(0, #box:deliveries())
  end)
end)

describe("a sandbox that can't start", function()
  local folder

  setup(function() folder = nginx.shell "mktemp -d" end)
  teardown(function() nginx.shell("rm -rf " .. folder) end)

  -- What a start says in a process whose PATH is one folder with the usual commands, and maybe an nginx of ours.
  local function start_with(name, script)
    local path = folder .. "/" .. name
    nginx.shell("mkdir " .. path .. [[; for c in sh mktemp mkfifo id sleep grep rm mkdir cat kill curl pwd; do
      p=$(command -v $c) && case $p in /*) ln -s $p ]] .. path .. "/$c ;; esac; done")
    if script then nginx.write(path .. "/nginx", "#!/bin/sh\n" .. script .. "\n") end
    nginx.shell("chmod +x " .. path .. "/* 2>/dev/null")
    return child.run([[
      require("lofty.sandbox.nginx").more_path = ""
      print(select(2, pcall(require("lofty.sandbox").start)))
    ]], "PATH=" .. path, nginx.shell("command -v " .. child.lua))
  end

  it("names the packages when there is no nginx", function()
    contains(start_with "none", "install the packages nginx-light and libnginx-mod-http-lua")
  end)

  it("names the packages when nginx has no Lua module", function()
    contains(start_with("bare", [[echo 'nginx: [emerg] unknown directive "lua_package_path" in nginx.conf:9' >&2; exit 1]]),
      "install the packages nginx-light and libnginx-mod-http-lua")
  end)

  it("shows nginx's own words otherwise", function()
    contains(start_with("broken", [[echo 'nginx: [emerg] something else' >&2; exit 1]]), "nginx: [emerg] something else")
  end)
end)
