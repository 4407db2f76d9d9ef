-- SPDX-License-Identifier: MIT

-- The example application inside nginx, used through a headless browser.
local browser = require "spec.support.browser"
local json = require "lofty.sandbox.server.json"
local nginx = require "lofty.sandbox.nginx"
local openresty = require "examples.openresty.launch"

local CONNECT = "Connect your Lofty account"

describe("the example application in a browser #once #nginx #browser", function()
  local found, missing = browser.find()
  if not found then
    pending(missing)
    return
  end
  local demo, box, page

  setup(function()
    demo = openresty.start()
    box = demo.box
    page = browser.start(found)
  end)
  teardown(function()
    if page then page:stop() end
    if demo then demo:stop() end
  end)
  before_each(function()
    box:control("reset")
    page:open {}
  end)
  after_each(function()
    assert.same({}, page:trouble(), "the browser's console")
  end)

  -- Goes through the consent page to the list of leads.
  local function connect(person)
    page:go(demo.url .. "/")
    page:click("button", CONNECT)
    if person then page:check(person) end
    page:click("button", "Allow")
    assert.equal(demo.url .. "/leads?notice=connected", page:url())
  end

  local function assert_shows(text) assert.truthy(page:text():find(text, 1, true), text .. " in: " .. page:text()) end
  local function assert_lacks(text) assert.is_nil(page:text():find(text, 1, true)) end

  local function deliver(opt)
    opt.url = opt.url or page:address()
    return box:control("deliver", opt).statuses
  end

  it("returns to the start page after Deny, and connects after Allow", function()
    page:go(demo.url .. "/")
    page:click("button", CONNECT)
    assert.equal("Leadboard wants to use your Lofty account", page:title())
    page:click("button", "Deny")
    assert.equal("Connect – Leadboard", page:title())
    assert_shows "Access was not allowed"
    page:click("button", CONNECT)
    page:click("button", "Allow")
    assert.equal("Leads – Leadboard", page:title())
    assert_shows "Your Lofty account is connected."
    assert_shows "Ada Whitfield"
  end)

  it("lists leads page by page, with exact ids", function()
    connect()
    assert_shows "1–20 of 1,250 leads"
    assert_shows "651095960136641"
    assert.equal(20, #page:texts("tbody tr"))
    assert.equal(0, page:count("link", "Previous"))
    page:click("link", "Next")
    assert.equal("Leads, page 2 – Leadboard", page:title())
    assert_shows "21–40 of 1,250 leads"
    assert_shows "Page 2 of 63"
    page:go(demo.url .. "/leads?page=63")
    assert.equal(10, #page:texts("tbody tr"))
    assert.equal(0, page:count("link", "Next"))
    page:click("link", "Previous")
    assert_shows "Page 62 of 63"
    page:go(demo.url .. "/leads?page=64")
    assert_shows "There is no such page."
  end)

  it("shows ids above 2^53 exactly", function()
    connect "Bruno Kessler"
    assert_shows "1–20 of 40 leads"
    assert_shows "1738234566814937089"
    assert_shows "9007199254740993"
  end)

  it("shows a message when there are no leads", function()
    connect "Chidi Okafor"
    assert_shows "This account has no leads yet."
  end)

  it("finds leads by name, and keeps the search from page to page", function()
    connect()
    page:fill("Name or email", "alvarez")
    page:press("Enter")
    page:wait_text("1–20 of 35 leads for “alvarez”")
    for _, name in ipairs(page:texts("tbody .name")) do assert.truthy(name:find "Alvarez$") end
    page:click("link", "Next")
    assert_shows "21–35 of 35 leads for “alvarez”"
    assert.equal("“alvarez”, leads, page 2 – Leadboard", page:title())
    page:fill("Name or email", "lead77@mail.example")
    page:click("button", "Search")
    assert_shows "1 lead for “lead77@mail.example”"
    page:fill("Name or email", "nobody at all")
    page:click("button", "Search")
    assert_shows "No lead has that name or email."
    page:click("link", "Show all leads")
    assert_shows "1–20 of 1,250 leads"
  end)

  it("escapes HTML in records and searches", function()
    local name = [[<i onclick="f()">&amp;'{text}]] -- Lofty keeps 30 characters
    local status = box:request("POST", "/v1.0/leads", {
      headers = { ["Content-Type"] = "application/json", Authorization = "token " .. box.api_key },
      body = json.encode { firstName = name, lastName = "Q", emails = json.array { "x@y.example" } },
    })
    assert.equal(200, status)
    connect()
    page:fill("Name or email", name)
    page:click("button", "Search")
    assert.same({ name .. " Q" }, page:texts("tbody .name"))
    assert_shows("1 lead for “" .. name .. "”")
    page:fill("Name or email", [["><script>alert(1)</script>]])
    page:click("button", "Search")
    assert_shows [[No leads for “"><script>alert(1)</script>”]]
  end)

  it("refreshes an expired access token once, without the person noticing", function()
    connect()
    box:control("counters", { reset = true })
    box:control("expire", { account = box.account })
    page:click("link", "Next")
    assert_shows "21–40 of 1,250 leads"
    page:click("link", "Next")
    assert_shows "41–60 of 1,250 leads"
    assert.equal(1, box:control("counters").grants.refresh_token)
  end)

  it("asks to connect again when the grant was revoked in Lofty", function()
    connect()
    box:control("revoke", { account = box.account })
    assert.equal(403, page:go(demo.url .. "/leads"))
    assert_shows "Leadboard no longer has access to this account."
    page:click("button", CONNECT)
    page:click("button", "Allow")
    assert_shows "1–20 of 1,250 leads"
  end)

  it("shows a page when Lofty does not respond, and keeps the account", function()
    connect()
    box:control("fault", { path = "/v1.0/leads*", status = 500, body = "oops", times = 0 })
    assert.equal(502, page:go(demo.url .. "/leads?page=3"))
    assert_shows "Lofty does not respond"
    box:control("clear_faults")
    page:click("link", "Try again")
    assert_shows "41–60 of 1,250 leads"
  end)

  it("shows an error page when the response has no list of leads, and shows a null list as an empty one", function()
    connect()
    for _, body in ipairs { '{"message":"maintenance"}', '"ok"', "null" } do
      box:control("fault", { path = "/v1.0/leads*", status = 200, body = body, times = 1 })
      assert.equal(502, page:go(demo.url .. "/leads"))
    end
    box:control("fault", { path = "/v1.0/leads*", status = 200, body = '{"leads":null}', times = 1 })
    assert.equal(200, page:go(demo.url .. "/leads"))
    assert_shows "This account has no leads yet."
  end)

  it("shows new events, keeps them, and drops a repeated one", function()
    connect()
    page:click("link", "Events")
    page:wait_text("New events appear here automatically.")
    local before = #page:texts("#feed li")
    assert.same({ 200 }, deliver { events = 3 })
    page:wait_text("3 new events.")
    assert.same({ 200, 200 }, deliver { list = 9, what = "created", times = 2 })
    page:wait_text("One new event.")
    assert_shows "Note: created"
    assert_shows "Lead 651095960136648"
    page:click("link", "Reload")
    assert.equal(before + 4, #page:texts("#feed li"))
    assert.truthy(page:texts("#feed li")[1]:find("Note: created", 1, true))
  end)

  it("continues to show events after nginx was reloaded", function()
    connect()
    page:click("link", "Events")
    page:wait_text("New events appear here automatically.")
    nginx.shell("kill -HUP " .. demo.pid)
    assert.same({ 200 }, deliver { list = 10, what = "finished" })
    page:wait_text("Task: finished")
  end)

  it("shows the events of an account to no other account", function()
    connect()
    page:click("link", "Events")
    deliver { list = 5, what = "created" }
    page:wait_text("Transaction: created")
    page:open {}
    connect "Chidi Okafor"
    page:click("link", "Events")
    assert_shows "There are no events yet."
    assert_lacks "Transaction"
  end)

  it("accepts deliveries only with the account's own secret, and within the limits", function()
    connect()
    page:click("link", "Events")
    local address = page:address()
    assert.same({ 404 }, deliver { url = address .. "x" })
    assert.same({ 404 }, deliver { url = address:gsub("/" .. box.account .. "/", "/113377/") })
    assert.same({ 400 }, deliver { url = address, body = "not a delivery" })
    assert.same({ 413 }, deliver { url = address, body = ("x"):rep(1024 * 1024 + 1) })
    assert.same({ 413 }, deliver { url = address, body = '{"listId":2,"updatedLead":[' .. ("1,"):rep(500) .. "1]}" })
    assert.equal(200, (box:request("GET", address)))
    assert.equal(405, (box:request("PUT", address)))
  end)

  it("works without JavaScript", function()
    page:open { javaScriptEnabled = false }
    connect()
    page:click("link", "Events")
    deliver { list = 6, what = "created" }
    repeat page:click("link", "Reload") until page:text():find("Call: created", 1, true)
    page:click("button", "Disconnect")
    assert_shows "Disconnected."
  end)

  it("deletes the account's token when the person disconnects", function()
    local function files() return nginx.shell("ls " .. nginx.quote(demo.folder .. "/tokens") .. " | grep -c 113377.*token") end
    connect "Chidi Okafor"
    assert.equal("1", files())
    page:click("button", "Disconnect")
    assert.equal(demo.url .. "/?notice=disconnected", page:url())
    assert_shows "Leadboard has deleted its access to your account."
    assert.equal("0", files())
    page:go(demo.url .. "/leads")
    assert_shows "Connect your Lofty account first."
  end)

  it("asks to connect again when a session's account was disconnected meanwhile", function()
    connect "Chidi Okafor"
    local cookies = page:cookies()
    page:click("button", "Disconnect")
    local kept
    for _, cookie in ipairs(cookies) do kept = cookie.name == "session" and cookie.value or kept end
    local status, body = box:request("GET", demo.url .. "/leads", { headers = { Cookie = "session=" .. kept } })
    assert.equal(403, status)
    assert.truthy(body:find("Please connect again", 1, true))
  end)

  it("refuses a callback with the state of another browser, and does not exchange its code", function()
    local location = box:consent(box.authorize_url .. "?clientId=" .. box.client_id .. "&state=theirs")
    box:control("counters", { reset = true })
    page:go(demo.url .. "/")
    page:click("button", CONNECT)
    assert.equal(403, page:go(location))
    assert_shows "Please connect again"
    page:open {}
    assert.equal(403, page:go(location))
    assert.equal(0, box:control("counters").grants.total or 0)
  end)

  -- The session's cookie as a header.
  local function session_cookie()
    for _, cookie in ipairs(page:cookies()) do
      if cookie.name == "session" then return "session=" .. cookie.value end
    end
  end

  it("keeps the session when a link to the callback was forged", function()
    connect()
    for _, query in ipairs { "error=invalid_request", "error=access_denied", "code=x&state=y", "", "state=" } do
      page:go(demo.url .. "/callback?" .. query)
      page:go(demo.url .. "/leads")
      assert_shows "Ada Whitfield"
    end
  end)

  it("still takes the real answer after a forged refusal", function()
    page:go(demo.url .. "/")
    page:click("button", CONNECT)
    local consent = page:url()
    page:go(demo.url .. "/callback?error=access_denied")
    assert.equal(demo.url .. "/?notice=denied", page:url())
    assert.equal(403, page:go(demo.url .. "/callback?error=server_error&state=guessed"))
    page:go(consent)
    page:click("button", "Allow")
    assert.equal(demo.url .. "/leads?notice=connected", page:url())
  end)

  it("offers to try again only on this site", function()
    connect()
    box:control("fault", { path = "/v1.0/leads*", status = 500, body = "oops", times = 0 })
    for path, link in pairs {
      ["//evil.example/..%2fleads"] = "/leads", ["/%5cevil.example/..%2fleads?page=2"] = "/leads?page=2",
    } do
      local status, body = box:request("GET", demo.url .. path, { headers = { Cookie = session_cookie() } })
      assert.equal(502, status)
      assert.equal(link, body:match 'href="([^"]*)">Try again')
    end
  end)

  it("compares cookie names exactly", function()
    connect()
    local status, _, headers = box:request("GET", demo.url .. "/leads", {
      headers = { Cookie = session_cookie():gsub("^session", "SESSION") },
    })
    assert.equal(303, status)
    assert.equal("/?notice=first", headers.location)
  end)

  it("limits the open event streams of an account", function()
    connect()
    -- 13 at the same time: two workers with 6 each. Ends when all have a status line.
    local said = nginx.shell(([[
cd %s; cookie=%s; n=13; i=0; pids=
while [ $i -lt $n ]; do
  i=$((i + 1))
  curl -sN --noproxy '*' -m 60 -H "Cookie: $cookie" -D stream-$i -o /dev/null %s/events/stream & pids="$pids $!"
done
while [ "$(cat stream-* 2>/dev/null | grep -c '^HTTP/')" -lt $n ]; do sleep 0.05; done
cat stream-* | sed -n 's/^HTTP[^ ]* \([0-9]*\).*/\1/p' | sort | uniq -c | tr -s ' \n' ' '
kill $pids 2>/dev/null; wait; rm -f stream-*]]):format(nginx.quote(demo.folder), nginx.quote(session_cookie()), demo.url))
    local allowed, refused = said:match("(%d+) 200 (%d+) 503")
    assert.truthy(allowed, said)
    assert.is_true(tonumber(allowed) <= 12 and tonumber(allowed) >= 6)
    assert.equal(13, allowed + refused)
    -- Streams that ended are not counted: the page gets one again.
    page:go(demo.url .. "/events")
    repeat page:click("link", "Reload") until page:text():find("New events appear here automatically.", 1, true)
  end)

  it("refuses a form of another site or without the session's token", function()
    connect()
    local held
    for _, cookie in ipairs(page:cookies()) do held = cookie.name == "session" and "session=" .. cookie.value or held end
    local function post(headers, body)
      headers.Cookie, headers["Content-Type"] = held, "application/x-www-form-urlencoded"
      return (box:request("POST", demo.url .. "/disconnect", { headers = headers, body = body }))
    end
    assert.equal(403, post({}, "token=guessed"))
    assert.equal(403, post({}, ""))
    assert.equal(403, post({ Origin = "https://elsewhere.example" }, "token=guessed"))
    assert.equal(405, (box:request("GET", demo.url .. "/disconnect", { headers = { Cookie = held } })))
    page:go(demo.url .. "/leads")
    assert_shows "Ada Whitfield"
  end)

  it("ignores a cookie that was changed", function()
    connect()
    for _, cookie in ipairs(page:cookies()) do
      assert.is_true(cookie.httpOnly)
      assert.equal("Lax", cookie.sameSite)
      local payload, mark = cookie.value:match("^(.*)%.(.*)$")
      local other = mark:sub(1, 1) == "A" and "B" or "A"
      for _, value in ipairs { payload .. "." .. other .. mark:sub(2), payload .. "A." .. mark, payload, "" } do
        local status, _, headers = box:request("GET", demo.url .. "/leads", { headers = { Cookie = "session=" .. value } })
        assert.equal(303, status)
        assert.equal("/?notice=first", headers.location)
      end
    end
  end)

  it("sends header fields that restrict its pages", function()
    for _, path in ipairs { "/", "/nowhere", "/public/style.css", "/callback" } do
      local _, _, headers = box:request("GET", demo.url .. path)
      local policy = headers["content-security-policy"]
      assert.truthy(policy:find("default-src 'none'", 1, true), path)
      assert.is_nil(policy:find("unsafe", 1, true))
      assert.equal("nosniff", headers["x-content-type-options"])
      assert.equal("same-origin", headers["referrer-policy"])
    end
    local _, _, headers = box:request("GET", demo.url .. "/")
    assert.equal("no-store", headers["cache-control"])
  end)

  it("can be used by keyboard alone", function()
    page:go(demo.url .. "/")
    page:press("Tab")
    assert.equal("Skip to the content", page:focus())
    page:press("Enter")
    page:press("Tab")
    assert.equal(CONNECT, page:focus())
    page:press("Enter")
    page:wait("button", "Allow")
    for _ = 1, 2 do page:press("Tab") end
    assert.equal("Allow", page:focus())
    page:press("Enter")
    page:wait("heading", "Leads")
  end)

  it("has no accessibility problem that axe finds, and no page wider than 320 pixels", function()
    local function look(what)
      for _, scheme in ipairs { "light", "dark" } do
        page:scheme(scheme)
        for _, width in ipairs { 320, 1280 } do
          page:resize(width, 800)
          assert.same({}, page:audit(), what .. " " .. scheme .. " " .. width)
          assert.equal(0, page:overflow(), what .. " " .. width)
        end
      end
    end
    page:go(demo.url .. "/?notice=denied")
    look "first page"
    page:go(demo.url .. "/nowhere")
    look "no page"
    connect()
    look "leads"
    page:go(demo.url .. "/leads?q=nobody+at+all")
    look "no leads"
    page:click("link", "Events")
    deliver { events = 2 }
    page:wait_text("new events.")
    look "events"
  end)

  it("redirects another host name to the one of APP_URL", function()
    local port = demo.url:match(":(%d+)$")
    page:go("http://localhost:" .. port .. "/leads?page=2")
    assert.equal(demo.url .. "/?notice=first", page:url())
  end)

  it("has logged no error, and no secret", function()
    connect()
    local log = demo:log()
    for _, level in ipairs { "[error]", "[crit]", "[alert]", "[emerg]" } do assert.is_nil(log:find(level, 1, true), log) end
    assert.is_nil(log:find(box.client_secret, 1, true))
    assert.is_nil(log:find("code=", 1, true))
    assert.is_nil(log:find("/hook/", 1, true))
  end)
end)

describe("the example's templates", function()
  local path = package.path
  local html
  setup(function()
    package.path = "examples/openresty/?.lua;" .. path
    html = require "leadboard.html"
  end)
  teardown(function() package.path = path end)

  it("escape what is filled in, once", function()
    local item = html "<li title=\"{text}\">{text}</li>"
    local list = html "<ul>{items}</ul>"
    assert.equal("<ul><li title=\"&lt;&amp;&quot;&#39;&gt;\">&lt;&amp;&quot;&#39;&gt;</li><li title=\"{x}\">{x}</li></ul>",
      tostring(list { items = { item { text = "<&\"'>" }, item { text = "{x}" } } }))
  end)

  it("treat no other table as markup", function()
    assert.equal("&lt;b&gt;", tostring((html "{x}") { x = { "<b>" } }))
    assert.equal("", tostring((html "{x}") { x = { text = "<b>" } }))
    assert.equal("", tostring((html "{x}") { x = false }))
    assert.has_error(function() (html "{x}") {} end)
  end)
end)
