-- SPDX-License-Identifier: MIT

-- crm.leads:compare and crm.leads:upsert against a server that keeps leads in a table.
local errors = require "lofty.errors"
local fake = require "spec.support.fake_runtime"
local lofty = require "lofty"

local accounts = 0

-- A server with an account of its own: `leads` in order; `hidden` hides a lead from lists; `lose` loses the response to the next create;
-- with `maintenance` lists are responses without one.
local function server_with(leads)
  local server = { leads = leads or {}, hidden = {}, calls = {}, puts = {}, posts = {}, next_id = 100 }

  local function find(id)
    for i, lead in ipairs(server.leads) do
      if tostring(lead.leadId) == id then return lead, i end
    end
  end

  local function unescape(text)
    return (text:gsub("+", " "):gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
  end

  local function matches(lead, query)
    if server.hidden[tostring(lead.leadId)] then return false end
    local email, phone = query:match("email=([^&]*)"), query:match("phone=([^&]*)")
    local wanted, list = email or phone, email and lead.emails or lead.phones
    if not wanted then return true end
    if server.loose then return true end
    for _, one in ipairs(list or {}) do
      if one:lower() == unescape(wanted):lower() or one:gsub("%D", ""):find(wanted .. "$") then return true end
    end
    return false
  end

  local function answer(request)
    local path, query = request.url:match("^http://127%.0%.0%.1:1/v1%.0/leads([^?]*)%??(.*)$")
    server.calls[#server.calls + 1] = request.method .. " " .. path .. " " .. query
    local id = path:match("^/(%d+)$")
    if request.method == "GET" and id then
      local lead = find(id)
      if not lead then return fake.json(404, '{"errorCode":"20006","message":"LEAD_NOT_EXIST"}') end
      return fake.json(200, assert(lofty.json.encode { lead = lead }))
    elseif request.method == "GET" then
      if server.maintenance then return fake.json(200, '{"message":"maintenance"}') end
      local page = lofty.array {}
      for _, lead in ipairs(server.leads) do
        if matches(lead, query) then page[#page + 1] = lead end
      end
      return fake.json(200, assert(lofty.json.encode { leads = page, _metadata = { total = #page } }))
    elseif request.method == "PUT" then
      local body = assert(lofty.json.decode(request.body))
      server.puts[#server.puts + 1] = body
      local lead = find(id)
      for name, value in pairs(body) do lead[name] = value end
      return fake.json(200, '{"leadId":' .. id .. '}')
    end
    if server.fail then return nil, errors.new { kind = "network", message = "cut", sent = true } end
    local body = assert(lofty.json.decode(request.body))
    server.posts[#server.posts + 1] = body
    body.leadId = server.next_id
    server.next_id = server.next_id + 1
    server.leads[#server.leads + 1] = body
    if server.unsettled then server.hidden[tostring(body.leadId)] = true end
    if server.lose then return nil, errors.new { kind = "network", message = "cut", sent = true } end
    return fake.json(200, '{"leadId":' .. body.leadId .. '}')
  end

  local runtime = fake.new(answer)
  server.runtime = runtime
  accounts = accounts + 1
  server.crm = lofty.client { api_key = "key-" .. accounts, base_url = "http://127.0.0.1:1", runtime = runtime, retry = false }
  return server
end

local function lead(id, fields)
  local one = { leadId = id }
  for name, value in pairs(fields or {}) do one[name] = value end
  return one
end

-- What a walk says, as words.
local function walk(server, state, filter)
  local out = {}
  for kind, one in server.crm.leads:compare(state, filter) do out[#out + 1] = kind .. " " .. tostring(one.leadId) end
  return table.concat(out, ", ")
end

describe("crm.leads:compare", function()
  it("gives all leads at first, then those that are new, changed or gone", function()
    local server, state = server_with { lead(1), lead(2, { stage = "New" }), lead(3) }, {}
    assert.equal("created 1, created 2, created 3", walk(server, state))
    assert.equal("", walk(server, state))
    server.leads = { lead(1), lead(2, { stage = "Contacted" }), lead(4) }
    assert.equal("changed 2, created 4, deleted 3", walk(server, state))
    assert.equal("", walk(server, state))
  end)

  it("keeps a state that survives encoding as JSON", function()
    local server, state = server_with { lead("651095960136641"), lead(2) }, {}
    walk(server, state)
    for id, digest in pairs(state) do assert.same({ "string", "string" }, { type(id), type(digest) }) end
    assert.equal("", walk(server, assert(lofty.json.decode(assert(lofty.json.encode(state))))))
  end)

  it("does not record a lead in the state when the loop body raised on it", function()
    local server, state = server_with { lead(1), lead(2) }, {}
    pcall(function()
      for _, one in server.crm.leads:compare(state) do
        if one.leadId == 2 then error("the database is gone") end
      end
    end)
    assert.equal("created 2", walk(server, state))
  end)

  it("does not report a lead as deleted that is missing in the list but that the server still has", function()
    local server, state = server_with { lead(1), lead(2) }, {}
    walk(server, state)
    server.hidden["2"] = true
    assert.equal("", walk(server, state))
    server.leads = { lead(1) }
    assert.equal("deleted 2", walk(server, state))
  end)

  it("reports a lead as deleted that no longer matches the filter", function()
    local server, state = server_with { lead(1), lead(2) }, {}
    walk(server, state, { stage = "New" })
    server.hidden["2"] = true
    assert.equal("deleted 2", walk(server, state, { stage = "New" }))
  end)

  it("raises the err of a failed call, and then reports nothing as deleted", function()
    local server, state = server_with { lead(1), lead(2) }, {}
    walk(server, state)
    function server.runtime.answer() return fake.json(500, '{"message":"down"}') end
    local ok, err = pcall(walk, server, state)
    assert.is_false(ok)
    assert.equal("server", err.kind)
    assert.truthy(state["2"])
  end)

  it("raises for a state that is not a table and for returnFields without leadId", function()
    local server = server_with { { firstName = "Ann" } }
    assert.error_matches(function() server.crm.leads:compare() end, "a table expected as state")
    assert.error_matches(function() walk(server, {}, { returnFields = "firstName" }) end, "returnFields must name leadId")
  end)

  for name, leads in pairs {
    ["no id"] = '{"firstName":"Ann"}', ["an id that is null"] = '{"leadId":null}', ["an id that is not an integer"] = '{"leadId":1.5}',
    ["the form of a text"] = '"Ann"', ["the form of null"] = "null",
  } do
    it("raises an err for a lead that has " .. name .. ", and changes no state", function()
      local server, state = server_with { lead(1) }, {}
      walk(server, state)
      function server.runtime.answer() return fake.json(200, '{"leads":[' .. leads .. "]}") end
      local ok, err = pcall(walk, server, state)
      assert.same({ false, "server", "leads.list" }, { ok, err.kind, err.operation })
      assert.truthy(state["1"])
    end)
  end
end)

describe("crm.leads:upsert", function()
  local ANN = { firstName = "Ann", emails = { "ann@example.com" }, phones = { "(206) 555-0123" } }

  it("creates a lead that does not exist", function()
    local server = server_with()
    local made, how = server.crm.leads:upsert(ANN)
    assert.same({ "100", "created" }, { tostring(made.leadId), how })
    assert.same({
      "GET  email=ann%40example.com&preciseSearchFlag=true", "GET  phone=2065550123&preciseSearchFlag=true", "POST  ",
    }, server.calls)
  end)

  it("creates nothing after a response without a list of leads", function()
    local server = server_with()
    server.maintenance = true
    local made, err = server.crm.leads:upsert(ANN)
    assert.is_nil(made)
    assert.same({ "server", "leads.list", 0 }, { err.kind, err.operation, #server.posts })
  end)

  -- Of each: the list, and a part of the message.
  for name, case in pairs {
    ["an item that is null"] = { '{"leads":[null]}', "item 1 of the list is null" },
    ["an item that is a number"] = { '{"leads":[{"leadId":1},7]}', "item 2 of the list is a number" },
    ["a lead without an id"] = { '{"leads":[{"emails":["ann@example.com"]}]}', "item 1 of the list has no leadId" },
    ["a lead whose id is a table"] = { '{"leads":[{"leadId":{},"emails":["ann@example.com"]}]}', "has no leadId" },
    ["a lead whose id has 20 digits"] = { '{"leads":[{"leadId":99999999999999999999}]}', "has no leadId" },
    ["a lead whose emails are not an array"] = { '{"leads":[{"leadId":7,"emails":"ann@example.com"}]}', "emails of item 1" },
    ["an empty object"] = { "{}", "the response has no list" },
    ["no lead and a total"] = { '{"leads":[],"_metadata":{"total":1}}', "has 0 of 1 leads" },
    ["other leads and a larger total"] = {
      '{"leads":[{"leadId":7,"emails":["bob@example.com"]}],"_metadata":{"total":5000}}', "has 1 of 5000 leads",
    },
  } do
    it("writes nothing after a look-up with " .. name, function()
      local server = server_with()
      local answer = server.runtime.answer
      function server.runtime.answer(request)
        if request.method == "GET" then return fake.json(200, case[1]) end
        return answer(request)
      end
      local made, err = server.crm.leads:upsert(ANN)
      assert.is_nil(made)
      assert.same({ "server", 0, 0 }, { err.kind, #server.posts, #server.puts })
      assert.truthy(err.message:find(case[2], 1, true), err.message)
    end)
  end

  for _, body in ipairs { "", "null", '"ok"', '{"message":"maintenance"}', '{"leadId":null}', '{"leadId":"x"}', '{"code":0}' } do
    it("looks the lead up when the response to a create is " .. (body == "" and "empty" or body), function()
      local server = server_with()
      local answer, is_kept = server.runtime.answer, true
      function server.runtime.answer(request)
        if request.method ~= "POST" then return answer(request) end
        if is_kept then answer(request) end
        return fake.json(200, body)
      end
      local made, how = server.crm.leads:upsert(ANN)
      assert.same({ 100, "created", 1 }, { made.leadId, how, #server.leads })
      server.leads, is_kept = {}, false
      local none, err = server.crm.leads:upsert { firstName = "Bob", emails = { "bob@example.com" } }
      assert.is_nil(none)
      assert.is_true(err.outcome_unknown)
      assert.truthy(err.message:find("the response has no leadId; it may have been done", 1, true), err.message)
    end)
  end

  it("is an err when the response to an update does not confirm it", function()
    local server = server_with { lead(7, { emails = { "ann@example.com" } }) }
    local answer, body = server.runtime.answer, nil
    function server.runtime.answer(request)
      return request.method == "PUT" and fake.json(200, body) or answer(request)
    end
    for _, each in ipairs { '{"message":"maintenance"}', '"sorry"', "7", "[null]" } do
      body = each
      local found, err = server.crm.leads:upsert(ANN)
      assert.is_nil(found, each)
      assert.is_true(err.outcome_unknown)
    end
    for _, each in ipairs { "", "null", "{}", '"ok"', '{"code":0,"message":"OK"}', '{"leadId":7}', '{"success":true}' } do
      body = each
      assert.equal("7", tostring(lofty.assert(server.crm.leads:upsert(ANN)).leadId))
    end
  end)

  it("updates the lead that has the e-mail address, whatever the case of its letters", function()
    local server = server_with { lead(7, { emails = { "Ann@Example.com" } }) }
    local found, how = server.crm.leads:upsert { firstName = "Anna", emails = { "ann@example.com" }, leadRouting = true }
    assert.same({ "7", "updated" }, { tostring(found.leadId), how })
    assert.same({ { firstName = "Anna" } }, server.puts)
  end)

  it("updates the lead that has the phone number, and adds to its addresses, numbers and tags", function()
    local server = server_with { lead(7, { emails = { "old@example.com" }, phones = { "+1 206 555 0123" } }) }
    local _, how = server.crm.leads:upsert {
      firstName = "Ann", emails = { "ann@example.com" }, phones = { "2065550123" }, tags = { "portal" },
    }
    assert.equal("updated", how)
    assert.same({
      { firstName = "Ann", emails = { "old@example.com", "ann@example.com" }, tagsAdd = { "portal" } },
    }, server.puts)
  end)

  it("ignores leads that a search returns and that do not have the address", function()
    local server = server_with { lead(7, { emails = { "joann@example.com" } }) }
    server.loose = true
    local _, how = server.crm.leads:upsert(ANN)
    assert.equal("created", how)
  end)

  it("creates one lead for two concurrent calls, also while searches do not find it yet", function()
    for _, unsettled in ipairs { false, true } do
      local server = server_with()
      server.unsettled = unsettled
      local address = { "two-" .. tostring(unsettled) .. "@example.com" }
      local hows = {}
      local inner = server.runtime.answer
      function server.runtime.answer(request)
        server.runtime:sleep(0.1)
        return inner(request)
      end
      local function call()
        local _, how = server.crm.leads:upsert { firstName = "Two", emails = address }
        hows[#hows + 1] = how
      end
      server.runtime:together { call, call, call }
      assert.same({ "created", "updated", "updated" }, hows)
      assert.equal(1, #server.leads)
    end
  end)

  it("does not use what it remembers of one account for another", function()
    local one, other = server_with(), server_with()
    one.unsettled, other.unsettled = true, true
    assert.equal("created", select(2, one.crm.leads:upsert(ANN)))
    assert.equal("created", select(2, other.crm.leads:upsert(ANN)))
    assert.equal("updated", select(2, one.crm.leads:upsert(ANN)))
  end)

  it("lets waiting calls continue when one raises", function()
    local server = server_with()
    local inner, first = server.runtime.answer, true
    function server.runtime.answer(request)
      server.runtime:sleep(0.1)
      if first then
        first = false
        error("a bug")
      end
      return inner(request)
    end
    local how
    local function call() how = select(2, server.crm.leads:upsert { firstName = "X", emails = { "x@example.com" } }) end
    pcall(function() server.runtime:together { call, call } end)
    assert.equal("created", how)
  end)

  it("looks the lead up when the outcome of the create is unknown", function()
    local server = server_with()
    server.lose = true
    local made, how = server.crm.leads:upsert { firstName = "Lo", emails = { "lo@example.com" } }
    assert.same({ "100", "created" }, { tostring(made.leadId), how })
    assert.equal(1, #server.posts)
  end)

  it("returns the err when that lookup does not find it", function()
    local server = server_with()
    server.fail = true
    local before = server.runtime.time
    local made, err = server.crm.leads:upsert { firstName = "No", emails = { "no@example.com" } }
    assert.is_nil(made)
    assert.is_true(err.outcome_unknown)
    assert.equal(7, server.runtime.time - before)
  end)

  it("ends with the deadline of a view", function()
    local server = server_with()
    local inner = server.runtime.answer
    function server.runtime.answer(request)
      server.runtime:sleep(1)
      return inner(request)
    end
    local made, err = server.crm:with({ deadline = 0.5 }).leads:upsert { firstName = "D", emails = { "d@example.com" } }
    assert.is_nil(made)
    assert.equal("timeout", err.kind)
    assert.equal(0, #server.posts)
  end)

  it("sends nothing for wrong fields, or without an address and a number", function()
    local server = server_with()
    for _, case in ipairs {
      { { firstName = "Ann" }, 'needs "emails" or "phones"' }, { { firstName = "Ann", emails = {} }, "needs" },
      { { firstName = "Ann", emails = { "a@example.com" }, stagee = "x" }, 'did you mean "stage"' },
      { { emails = { "a@example.com" } }, '"firstName": is required' },
    } do
      local made, err = server.crm.leads:upsert(case[1])
      assert.is_nil(made)
      assert.same({ "invalid", "leads.upsert", false }, { err.kind, err.operation, err.sent })
      assert.truthy(err.message:find(case[2], 1, true), err.message)
    end
    assert.same({}, server.calls)
    assert.error_matches(function() server.crm.leads:upsert() end, "a table of fields expected")
  end)

  it("is shown in a dry run, and remembers nothing of it", function()
    local server, shown = server_with(), {}
    local plan = server.crm:with { dry_run = true, on_dry_run = function(call) shown[#shown + 1] = call.operation end }
    for _ = 1, 2 do
      local _, how = plan.leads:upsert { firstName = "Dry", emails = { "dry@example.com" } }
      assert.equal("created", how)
    end
    assert.same({ "leads.create", "leads.create" }, shown)
  end)
end)
