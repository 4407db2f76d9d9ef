-- SPDX-License-Identifier: MIT

-- The whole flow: a user authorizes, the code is exchanged for a token, the token is refreshed, leads are listed.
-- `make demo` runs it against a Lofty emulator on this machine, where it also writes a note and deletes it again. With
-- credentials in the environment it talks to Lofty itself and writes nothing:
--
--   LOFTY_API_KEY                                                 a personal API key
--   LOFTY_CLIENT_ID, LOFTY_CLIENT_SECRET and LOFTY_REDIRECT_URI   a vendor's application

local lofty = require "lofty"

local function say(...)
  io.write(string.format(...), "\n")
end

-- A column is as wide as its UTF-8 characters, not its bytes. Fields are printed through lofty.sanitize: they may hold
-- anything.
local function padded(value, width)
  local text = lofty.sanitize(tostring(value == lofty.null and "" or value or ""))
  local characters = select(2, text:gsub("[^\128-\191]", ""))
  return text .. (" "):rep(width - characters)
end

local function print_leads(crm)
  local page, response = lofty.assert(crm.leads:list { limit = 8 })
  local columns = { { "leadId", 18 }, { "firstName", 14 }, { "lastName", 16 }, { "stage", 18 }, { "source", 14 } }
  local head, rule = {}, {}
  for i, column in ipairs(columns) do
    head[i], rule[i] = padded(column[1], column[2]), ("-"):rep(column[2])
  end
  say("\n  %s\n  %s", table.concat(head, "  "), table.concat(rule, "  "))
  for _, lead in ipairs(page.leads) do
    local cells = {}
    for i, column in ipairs(columns) do cells[i] = padded(lead[column[1]], column[2]) end
    say("  %s", table.concat(cells, "  "))
  end
  if response.rate.remaining then say("\n  %s calls left in this minute", response.rate.remaining) end
  return page.leads
end

if os.getenv("LOFTY_API_KEY") then
  local crm = lofty.client()
  say("Hello %s", lofty.sanitize(tostring(lofty.assert(crm:me()).email)))
  print_leads(crm)
  return
end

local redirect_uri = os.getenv("LOFTY_REDIRECT_URI")
if not (os.getenv("LOFTY_CLIENT_ID") and redirect_uri) then
  say("Set LOFTY_API_KEY, or LOFTY_CLIENT_ID, LOFTY_CLIENT_SECRET and LOFTY_REDIRECT_URI; or run: make demo")
  os.exit(1)
end

local app = lofty.app { redirect_uri = redirect_uri, authorize_url = os.getenv("LOFTY_AUTHORIZE_URL") }

-- 1. Send the user to the consent page; keep `state` in their session.
local url, state = app:authorize_url()
say("1. Open this address, and allow access:\n   %s", url)

-- 2. They come back to the redirect address. In `make demo` LOFTY_BROWSER is a program that presses Allow.
local landed
local browser = os.getenv("LOFTY_BROWSER")
if browser then
  local pipe = assert(io.popen(browser .. " '" .. url .. "'"))
  landed = pipe:read("*l")
  pipe:close()
else
  io.write("   and paste the address you land on: ")
  landed = io.read("*l")
end
local code = lofty.assert(app:callback(landed or "", { state = state }))
say("2. The user came back with a code, and with the state that was sent")

-- 3. The code is exchanged for a token; it is valid once.
local token = lofty.assert(app:exchange(code))
say("3. %s", tostring(token))

-- 4. A client refreshes its token when that is due; here it is done by hand, to show it.
token = lofty.assert(app:refresh(token))
say("4. refreshed: %s", tostring(token))

-- 5. Calls. on_refresh receives each new token: save it, since the old one may no longer be valid.
local crm = app:client(token, { on_refresh = function(fresh) token = fresh end })
local me = lofty.assert(crm:me())
say("5. Hello %s, here are your leads:", lofty.sanitize(me.firstName .. " " .. me.lastName))
local leads = print_leads(crm)

-- 6. Ids are exact, however long: one from the list is used in a body, a query and a path.
if browser and leads[1] then
  local id = leads[1].leadId
  local note = lofty.assert(crm.notes:create { leadId = id, content = "Seen by the demo", isPin = false })
  local notes = lofty.assert(crm.notes:list { leadId = id })
  say("\n6. Lead %s now has %d notes, the newest is %s", tostring(id), #notes.notes, tostring(note.noteId))
  lofty.assert(crm.notes:delete(note.noteId))
end
local stats = crm:stats()
say("\n%d calls, %d retries, %d refreshes", stats.calls, stats.retries, stats.refreshes)
