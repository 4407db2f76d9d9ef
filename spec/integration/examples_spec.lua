-- SPDX-License-Identifier: MIT

-- Runs the examples against the sandbox.
local child = require "spec.support.child"
local lofty = require "lofty"
local nginx = require "lofty.sandbox.nginx"
local sandbox = require "lofty.sandbox"

local box

local function run(name, arguments, environment)
  local words = { "LOFTY_BASE_URL='" .. box.url .. "'" }
  for variable, value in pairs(environment or { LOFTY_API_KEY = box.api_key }) do
    words[#words + 1] = variable .. "='" .. value .. "'"
  end
  return child.script("examples/" .. name .. ".lua", arguments, table.concat(words, " "))
end

describe("the example", function()
  setup(function() box = sandbox.start {} end)
  teardown(function() box:stop() end)
  before_each(function() box:control("reset") end)

  it("quickstart runs the whole flow", function()
    local printed = run("quickstart", "", {
      LOFTY_CLIENT_ID = box.client_id, LOFTY_CLIENT_SECRET = box.client_secret, LOFTY_REDIRECT_URI = box.redirect_uri,
      LOFTY_OAUTH_TOKEN_URL = box.token_url, LOFTY_AUTHORIZE_URL = box.authorize_url,
      LOFTY_BROWSER = child.lua .. " lua/lofty/sandbox/click.lua",
    })
    assert.truthy(printed:find("Hello Ada", 1, true), printed)
    assert.truthy(printed:find("651095960136641 now has", 1, true), printed)
    assert.is_nil(printed:find(box.client_secret, 1, true))
  end)

  it("quickstart reads leads with an API key", function()
    assert.truthy(run("quickstart", ""):find("calls left in this minute", 1, true))
  end)

  -- The bodies of all PUTs that the emulator has seen.
  local function updates()
    local list = {}
    for _, request in ipairs(box:journal()) do
      if request.method == "PUT" then list[#list + 1] = request.body end
    end
    return list
  end

  it("tag_hygiene shows what it would do, and writes nothing", function()
    local printed = run("tag_hygiene", "Closed portal")
    assert.truthy(printed:find("leads would lose the tag portal; add --apply", 1, true), printed)
    assert.same({}, updates())
  end)

  it("tag_hygiene --apply removes the one tag, and leaves the others", function()
    local crm = lofty.client { api_key = box.api_key, base_url = box.url }
    local function others()
      local list = {}
      for _, lead in ipairs(lofty.assert(crm.leads:all { stage = "Closed" })) do
        for _, tag in ipairs(lead.tags) do
          if tag.tagName ~= "portal" then list[#list + 1] = tostring(lead.leadId) .. " " .. tag.tagName end
        end
      end
      table.sort(list)
      return list
    end
    local before = others()
    local printed = run("tag_hygiene", "Closed portal --apply")
    local done, all = printed:match("(%d+) of (%d+) leads lost the tag portal")
    assert.equal(all, done, printed)
    assert.is_true(tonumber(all) > 0)
    local sent = updates()
    assert.equal(tonumber(all), #sent)
    for _, body in ipairs(sent) do assert.equal('{"tagsRemove":["portal"]}', body) end
    assert.same({}, lofty.assert(crm.leads:all { stage = "Closed", allTags = "portal" }))
    assert.is_true(#before > 0)
    assert.same(before, others())
  end)

  for _, arguments in ipairs { "", "Closed", "Closed ''", "Closed portal --aply" } do
    it("tag_hygiene does nothing when called with: " .. arguments, function()
      assert.truthy(run("tag_hygiene", arguments):find("usage", 1, true))
      assert.same({}, box:journal())
    end)
  end

  it("sync copies every lead once, and continues where it stopped", function()
    local path = os.tmpname()
    local total = lofty.assert(lofty.client { api_key = box.api_key, base_url = box.url }:get("/v1.0/leads"))._metadata.total
    local function ids()
      local seen, count = {}, 0
      for line in io.lines(path) do
        local id = line:match("^(%d+)\t")
        if not seen[id] then count = count + 1 end
        seen[id] = true
      end
      return count
    end
    local printed = run("sync", path)
    assert.equal(total, ids(), printed)
    assert.is_nil(io.open(path .. ".part"))
    -- The fourth page fails for good: the next run goes on from there.
    box:control("fault", { path = "/v1.0/leads", skip = 3, times = 1, status = 400, body = '"no"' })
    printed = run("sync", path)
    assert.truthy(printed:find("(invalid, HTTP 400)", 1, true), printed)
    assert.equal(total, ids(), "the last complete copy")
    printed = run("sync", path)
    assert.equal(total, ids(), printed)
    assert.is_nil(io.open(path .. ".cursor"))
    os.remove(path)
  end)

  it("bulk_notes shows its plan, and with --apply makes each note once", function()
    assert.truthy(run("bulk_notes", "'Hello' 20"):find("20 leads would get a note", 1, true))
    local printed = run("bulk_notes", "'Hello' 20 --apply")
    assert.truthy(printed:find("20 notes made; ", 1, true), printed)
    local posts = 0
    for _, request in ipairs(box:journal()) do if request.method == "POST" and request.path == "/v1.0/notes" then posts = posts + 1 end end
    assert.equal(20, posts)
  end)

  it("reassign shows its plan, and with --apply assigns each lead of the agent once", function()
    local key = box.api_keys["9007199254740993"] -- an account with 40 leads
    local crm = lofty.client { api_key = key, base_url = box.url }
    local user = tostring(lofty.assert(crm.leads:list { limit = 1 }).leads[1].assignedUserId)
    local email = "agent1@sandbox-realty.example"
    local function assignments()
      local count = 0
      for _, request in ipairs(box:journal()) do
        if request.path:find("/assignment", 1, true) then
          count = count + 1
          assert.equal('[{"assignee":"' .. email .. '","role":"Agent"}]', request.body)
        end
      end
      return count
    end
    local function reassign(arguments) return run("reassign", arguments, { LOFTY_API_KEY = key }) end
    assert.truthy(reassign(user .. " " .. email):find("40 leads would be assigned", 1, true))
    assert.truthy(reassign(user .. " nobody@example.com --apply"):find("no member", 1, true))
    assert.equal(0, assignments())
    local printed = reassign(user .. " " .. email .. " --apply")
    assert.truthy(printed:find("40 of 40 leads assigned", 1, true), printed)
    assert.equal(40, assignments())
    assert.truthy(reassign("ann@example.com"):find("usage", 1, true))
  end)

  it("chat_command replies with matches, to a search without one, and to an error", function()
    assert.truthy(run("chat_command", "alvarez"):find("Alvarez, ", 1, true))
    assert.equal("No lead matches nobody at all.", run("chat_command", "nobody at all"))
    box:control("fault", { path = "/v1.0/leads", times = 1, status = 429 })
    assert.truthy(run("chat_command", "alvarez"):find("try again in a minute", 1, true))
    assert.truthy(run("chat_command", ""):find("usage", 1, true))
  end)

  it("daily_digest prints its mail, which counts every lead once and shows names as text", function()
    local crm = lofty.client { api_key = box.api_key, base_url = box.url }
    lofty.assert(crm.leads:create { firstName = "<b>Zoë", lastName = "New", emails = { "zoe@example.com" } })
    local total = lofty.assert(crm:get("/v1.0/leads"))._metadata.total
    local printed = run("daily_digest", "")
    assert.truthy(printed:find(total .. " leads on ", 1, true), printed)
    local sum = 0
    for count in printed:gmatch "<rect[^\n]*>(%d+)</text>" do sum = sum + tonumber(count) end
    assert.equal(total, sum)
    assert.truthy(printed:find("&lt;b&gt;Zoë New", 1, true), printed)
    assert.truthy(printed:find("1 mail; add --apply to send", 1, true), printed)
    assert.truthy(run("daily_digest", "--aply"):find("usage", 1, true))
  end)

  it("daily_digest --apply sends each account one mail a day, however many processes run it", function()
    local folder = nginx.shell "mktemp -d"
    local app = box:app { runtime = require "lofty.runtime.curl", store = lofty.store.file { path = folder .. "/tokens" } }
    for _, account in ipairs { "113209", "9007199254740993" } do
      local url, state = app:authorize_url()
      lofty.assert(app:connect(box:consent(url, { account = account }), { state = state }))
    end
    nginx.write(folder .. "/sendmail", "cat > '" .. folder .. "'/mail.$$\n")
    local environment = {}
    for name, value in pairs {
      LOFTY_BASE_URL = box.url, LOFTY_CLIENT_ID = box.client_id, LOFTY_CLIENT_SECRET = box.client_secret,
      LOFTY_OAUTH_TOKEN_URL = box.token_url, TOKEN_STORE = folder .. "/tokens", DIGEST_STORE = folder .. "/sent",
      SENDMAIL = "sh " .. folder .. "/sendmail",
    } do
      environment[#environment + 1] = name .. "=" .. nginx.quote(value)
    end
    local one = nginx.quote(child.lua) .. " examples/daily_digest.lua --apply"
    local function run_at_once(count)
      local commands = nginx.quote((one .. " & "):rep(count) .. "wait")
      return child.script("-c", commands, table.concat(environment, " "), "sh")
    end
    local printed = run_at_once(3)
    local sent = select(2, printed:gsub("account %d+: sent", ""))
    assert.equal(2, sent, printed)
    assert.equal("2", nginx.shell("ls " .. folder .. " | grep -c mail\\."))
    printed = run_at_once(1)
    assert.equal(2, select(2, printed:gsub("account %d+: already sent today", "")), printed)
    assert.equal("2", nginx.shell("ls " .. folder .. " | grep -c mail\\."))
    -- Each to its own account.
    local to = nginx.shell("cat " .. folder .. "/mail.* | grep '^To: ' | sort -u | wc -l"):gsub("%s", "")
    assert.equal("2", to)
    nginx.shell("rm -rf " .. nginx.quote(folder))
  end)

  it("daily_digest --apply tries again when a mail could not be sent", function()
    local folder = nginx.shell "mktemp -d"
    nginx.write(folder .. "/sendmail", "cat >/dev/null; test -e '" .. folder .. "/works'\n")
    local function digest()
      return run("daily_digest", "--apply", {
        LOFTY_API_KEY = box.api_key, DIGEST_STORE = folder .. "/sent", SENDMAIL = "sh " .. folder .. "/sendmail",
      })
    end
    if _VERSION ~= "Lua 5.1" then -- whose popen does not tell how a command ended
      assert.truthy(digest():find("account me: sendmail failed", 1, true))
    end
    nginx.write(folder .. "/works", "")
    assert.truthy(digest():find("account me: sent", 1, true))
    assert.truthy(digest():find("account me: already sent today", 1, true))
    nginx.shell("rm -rf " .. nginx.quote(folder))
  end)

  -- A lead whose fields are null, and one whose fields have other types.
  local ODD = '{"leads":[{"leadId":7,"firstName":null,"lastName":null,"stage":null,"tags":null,"phones":null},'
    .. '{"leadId":8,"firstName":[],"lastName":1,"stage":{},"tags":[null,"portal",{"tagName":null}],"phones":[null]}],'
    .. '"_metadata":{"total":2}}'

  it("bulk_notes, reassign, tag_hygiene, chat_command and sync take fields that are null or of another type", function()
    local path = os.tmpname()
    for name, case in pairs {
      bulk_notes = { "hello 2", "2 leads would get a note" }, tag_hygiene = { "Closed portal", "1 leads would lose the tag" },
      reassign = { "7 ada.whitfield@sunrise.example", "2 leads would be assigned" }, chat_command = { "ann", "no phone" },
      sync = { path, "2 leads in" },
    } do
      box:control("fault", { path = "/v1.0/leads", status = 200, body = ODD, times = 1 })
      if name == "reassign" then
        box:control("fault", { path = "/v1.0/members", status = 200, times = 1,
          body = '{"members":[{"email":null},{"email":"ada.whitfield@sunrise.example"}],"_metadata":{"total":2}}' })
      end
      local printed = run(name, case[1])
      assert.truthy(printed:find(case[2], 1, true), printed)
      assert.is_nil(printed:find("attempt to", 1, true), printed)
      box:control "clear_faults"
    end
    assert.equal("7\t\t\t\n8\t\t\t\n", nginx.contents(path))
    os.remove(path)
  end)

  it("chat_command and sync report a response without a list, and sync keeps the earlier copy", function()
    local path = os.tmpname()
    nginx.write(path, "an earlier copy")
    for body, part in pairs { ['{"message":"maintenance"}'] = "no list", ["{}"] = "list", ['{"leads":null}'] = "is empty" } do
      box:control("fault", { path = "/v1.0/leads", status = 200, body = body, times = 1 })
      local printed = run("sync", path)
      assert.truthy(printed:find(part, 1, true), printed)
      assert.equal("an earlier copy", nginx.contents(path))
      box:control "clear_faults"
    end
    os.remove(path)
    os.remove(path .. ".part")
    for _, body in ipairs { '{"message":"maintenance"}', "", '"ok"' } do
      box:control("fault", { path = "/v1.0/leads", status = 200, body = body, times = 1 })
      local printed = run("chat_command", "ann")
      assert.truthy(printed:find("Lofty sent no list of leads", 1, true), printed)
    end
  end)

  it("webhook_to_sms logs what it would send, and with SEND=1 texts a new lead once", function()
    local crm = lofty.client { api_key = box.api_key, base_url = box.url }
    local id = tostring(lofty.assert(crm.leads:list { limit = 1 }).leads[1].leadId)
    local folder = nginx.shell "mktemp -d"
    nginx.write(folder .. "/body", '{"listId":2,"newLead":[{"leadId":' .. id .. '}],"updatedLead":[{"leadId":' .. id .. "}]}")
    local length = #nginx.contents(folder .. "/body")
    local function request(path, send)
      return run("webhook_to_sms", "< " .. folder .. "/body", {
        LOFTY_API_KEY = box.api_key, HOOK_SECRET = "a-random-text", HOOK_SPOOL = folder .. "/spool", SEND = send,
        REQUEST_METHOD = "POST", PATH_INFO = path, CONTENT_LENGTH = tostring(length),
      })
    end
    local function sent()
      local count = 0
      for _, each in ipairs(box:journal()) do
        if each.path == "/v1.0/message/sms/send" then count = count + 1 end
      end
      return count
    end
    assert.truthy(request("/hook/guessed", "1"):find("Status: 404", 1, true))
    assert.equal(0, sent())
    local printed = request("/hook/a-random-text", "0")
    assert.truthy(printed:find("Status: 200", 1, true), printed)
    assert.truthy(printed:find("would send a text message to lead " .. id, 1, true), printed)
    assert.equal(0, sent())
    for _ = 1, 2 do assert.truthy(request("/hook/a-random-text", "1"):find("Status: 200", 1, true)) end
    assert.equal(1, sent())
    nginx.shell("rm -rf " .. nginx.quote(folder))
  end)
end)

it("every file in examples/ is run by a spec", function()
  local this = nginx.contents "spec/integration/examples_spec.lua"
  for name in nginx.shell("ls examples/*.lua"):gmatch "examples/([%w_]+)%.lua" do
    local here = this:find('run("' .. name .. '"', 1, true) or this:find("examples/" .. name .. ".lua", 1, true)
    assert.truthy(here or name == "cqueues_runtime", name) -- event_loop_spec.lua
  end
end)
