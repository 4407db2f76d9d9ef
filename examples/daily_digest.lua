-- SPDX-License-Identifier: MIT

-- Mails each account a daily digest: a funnel of its stages as a small SVG drawing, and the leads of the last 24 hours.
-- Any number of processes may run it, also on several machines with Redis: each account gets one mail a day.
--
--     LOFTY_CLIENT_ID=... LOFTY_CLIENT_SECRET=... TOKEN_STORE=/var/lib/myapp/tokens lua5.4 examples/daily_digest.lua
--     ... lua5.4 examples/daily_digest.lua --apply
--
-- TOKEN_STORE is the store of the application's tokens, a folder or redis://...; DIGEST_STORE is another one, for the
-- days on which mails were sent. With LOFTY_API_KEY instead it is one account. Without --apply the mails are printed.
-- With it, SENDMAIL sends them ("sendmail -t" when it is not set).

local lofty = require "lofty"

local DAY, MAX_NEW = 24 * 3600, 50
local WIDTH, BAR, LABEL = 320, 22, 170 -- of the funnel, in pixels
local LONGEST = 600 -- seconds for which a process may hold an account

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }

-- Text from a record: one line, safe in HTML.
local function escape(value)
  local text = lofty.sanitize(tostring(value == lofty.null and "" or value or ""), 200)
  return (text:gsub('[&<>"]', ENTITIES))
end

-- Counts of leads by stage, and the leads that were created after `since`.
local function collect(crm, since)
  local counts, new, total = {}, {}, 0
  for lead in crm.leads:each { returnFields = "leadId,firstName,lastName,stage,source,createTime" } do
    local stage = type(lead.stage) == "string" and lead.stage or "no stage"
    counts[stage] = (counts[stage] or 0) + 1
    total = total + 1
    local created = type(lead.createTime) == "string" and lofty.time.parse(lead.createTime)
    if created and created >= since and #new < MAX_NEW then new[#new + 1] = lead end
  end
  local stages = {}
  for name, count in pairs(counts) do stages[#stages + 1] = { name = name, count = count } end
  table.sort(stages, function(a, b)
    if a.count ~= b.count then return a.count > b.count end
    return a.name < b.name
  end)
  return { stages = stages, new = new, total = total }
end

-- The stages as centred bars, the largest on top.
local function funnel(stages)
  local out, most = {}, stages[1] and stages[1].count or 1
  for i, stage in ipairs(stages) do
    local y, width = (i - 1) * BAR, math.max(2, math.floor(stage.count / most * WIDTH))
    local x = LABEL + math.floor((WIDTH - width) / 2)
    out[i] = ('<text x="0" y="%d">%s</text><rect x="%d" y="%d" width="%d" height="%d" rx="3" fill="#4f46e5"/>'
      .. '<text x="%d" y="%d">%d</text>'):format(y + 14, escape(stage.name), x, y, width, BAR - 4,
      LABEL + WIDTH + 10, y + 14, stage.count)
  end
  return ('<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="Leads by stage" width="%d" height="%d" '
    .. 'font-family="sans-serif" font-size="13">\n%s\n</svg>'):format(LABEL + WIDTH + 60, #stages * BAR,
    table.concat(out, "\n"))
end

local function mail(digest, me, today)
  local rows = {}
  for i, lead in ipairs(digest.new) do
    rows[i] = ("<li>%s %s, %s, from %s</li>"):format(escape(lead.firstName), escape(lead.lastName),
      escape(lead.stage), escape(lead.source))
  end
  return ([[
To: %s
Subject: %d leads on %s
MIME-Version: 1.0
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: 8bit

<!doctype html>
<html lang="en"><body>
<h1>%s: %d leads on %s</h1>
%s
<h2>%s</h2>
<ul>
%s
</ul>
</body></html>
]]):format(me.email, digest.total, today, escape(me.firstName), digest.total, today, funnel(digest.stages),
    #rows == 0 and "No new leads in the last 24 hours" or "New in the last 24 hours", table.concat(rows, "\n"))
end

-- The mail for one account; nil, err when it can't be made.
local function digest_of(crm, today)
  local me, err = crm:me()
  if not me then return nil, err end
  if type(me) ~= "table" or type(me.email) ~= "string" or not me.email:find "^[%w.+_-]+@[%w.-]+$" then
    return nil, "no e-mail address to send to"
  end
  return mail(collect(crm, os.time() - DAY), me, today)
end

local function send(text)
  local pipe = assert(io.popen(os.getenv "SENDMAIL" or "sendmail -t", "w"))
  pipe:write(text)
  local ok, _, code = pipe:close()
  if not ok or code and code ~= 0 then return nil, "sendmail failed" end
  return true
end

local function open_store(variable, default)
  local place = os.getenv(variable) or default
  if place:find "^rediss?://" then return lofty.store.redis { url = place } end
  return lofty.store.file { path = place }
end

-- Calls send_digest() unless the account has had today's, or another process is about to send it. A process that is
-- killed after it sent the mail and before it recorded that leaves the account to the next one, which sends it again.
local function once_a_day(sent, account, today, send_digest)
  local owner = ("%s %s"):format(tostring({}), os.time() + os.clock())
  if not lofty.assert(sent:try_lock(account, owner, LONGEST)) then return "another process sends it" end
  local ok, outcome, err = pcall(function()
    if sent:get(account) == today then return "already sent today" end
    lofty.assert(send_digest())
    lofty.assert(sent:put(account, today))
    return "sent"
  end)
  sent:unlock(account, owner)
  if not ok then return nil, outcome end
  return outcome, err
end

local function main(apply)
  local today = os.date "!%Y-%m-%d"
  local client_of, accounts
  if os.getenv "LOFTY_CLIENT_ID" then
    local app = lofty.app { store = open_store("TOKEN_STORE", "tokens") }
    accounts = lofty.assert(app:accounts())
    client_of = function(account) return app:client(account) end
  else
    accounts, client_of = { "me" }, function() return lofty.client() end
  end
  local sent = apply and open_store("DIGEST_STORE", "digests-sent")

  local results, errors = lofty.map(accounts, function(account)
    local crm = client_of(account)
    if not apply then return digest_of(crm, today) end
    return once_a_day(sent, account, today, function()
      local text, err = digest_of(crm, today)
      if not text then return nil, err end
      return send(text)
    end)
  end, { concurrency = 4 })

  for i, account in ipairs(accounts) do
    local err = errors and errors[i]
    print(apply and ("account %s: %s"):format(account, err and tostring(err) or results[i])
      or err and ("account %s: %s"):format(account, tostring(err)) or results[i])
  end
  if not apply then print(("%d %s; add --apply to send"):format(#accounts, #accounts == 1 and "mail" or "mails")) end
  return errors == nil
end

if arg[1] ~= nil and arg[1] ~= "--apply" or arg[2] then
  io.stderr:write "usage: lua5.4 examples/daily_digest.lua [--apply]\n"
  os.exit(2)
end
-- lua5.1 prints no error that is a table.
local ok, result = pcall(main, arg[1] == "--apply")
if not ok then io.stderr:write(tostring(result), "\n") end
if not ok or not result then os.exit(1) end
