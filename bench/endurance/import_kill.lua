-- SPDX-License-Identifier: MIT

-- Kills `lofty import --apply` with kill -9 at many instants and starts it again, until all rows are done; then counts
-- the leads: no row that has a key may be there twice or be missing, and a row without one at most once.
--
--     eval "$(make -s env)"; lua5.4 bench/endurance/import_kill.lua [kills] [settle]

package.path = "./?.lua;" .. package.path
local kill_after = require "bench.endurance.kill_after"
local lofty = require "lofty"
local nginx = require "lofty.sandbox.nginx"
local sandbox = require "lofty.sandbox"

local kills = tonumber(arg[1]) or 200
-- With 0 a lead that was sent is looked up once: the emulator finds it at once, and starting again takes longer than a
-- response.
local settle = tonumber(arg[2]) or 0
-- One run does some rows before it is killed; the last rows are done without kills.
local rows = kills * 5 + 20
-- One row in so many has no key.
local KEYLESS = 10

local box = sandbox.start { rate_limit = 0, journal = false }
local folder = nginx.shell 'mktemp -d "${TMPDIR:-/tmp}/lofty-import-kill.XXXXXX"'
local key = box.api_keys["113377"] -- an account without leads

local lines, expected, keyless = { "First,Last,Email" }, {}, {}
for i = 1, rows do
  if i % KEYLESS == 0 then
    lines[#lines + 1] = ("Keyless%d,Row,"):format(i)
    keyless["Keyless" .. i] = true
  else
    local email = ("row%d@example.com"):format(i)
    lines[#lines + 1] = ("Row%d,Row,%s"):format(i, email)
    expected[email] = true
  end
end
nginx.write(folder .. "/leads.csv", table.concat(lines, "\n") .. "\n")

local COMMAND = ("env HOME=%s LOFTY_BASE_URL=%s LOFTY_API_KEY=%s lua5.4 bin/lofty import %s/leads.csv --apply --settle %d >>%s/out "
  .. "2>>%s/err"):format(folder, box.url, key, folder, settle, folder, folder)

-- A slow server, so that many kills hit a request that is under way.
box:control("fault", { method = "POST", path = "/v1.0/leads", delay = 0.02, times = 0 })
math.randomseed(os.time())
for _ = 1, kills do kill_after(COMMAND, math.random(60, 400)) end

-- How many lines of the journal have this text.
local function count(text)
  return tonumber(nginx.shell("grep -c '" .. text .. "' " .. folder .. "/leads.csv.import/journal || true"))
end

local done_before = count " done "
-- 0, or 8 when rows without a key were in flight.
local status = nginx.shell(COMMAND .. "; echo $?")

local crm = lofty.client { api_key = key, base_url = box.url, limit = 1000000 }
local twice, missing, keyless_twice, keyless_missing, seen = 0, 0, 0, 0, {}
for lead in crm.leads:each() do
  local name = lead.emails and lead.emails[1] or lead.firstName
  if seen[name] and keyless[name] then keyless_twice = keyless_twice + 1
  elseif seen[name] then twice = twice + 1 end
  seen[name] = true
end
for email in pairs(expected) do
  if not seen[email] then missing = missing + 1 end
end
for name in pairs(keyless) do
  if not seen[name] then keyless_missing = keyless_missing + 1 end
end
local unknown, begun, ended = count "done unknown", count " begin ", count " done "
print(("%d kills, %d rows of %d done before the last run (exit code %s); killed before the response: %d; "
  .. "with a key: %d twice, %d missing; without: %d twice, %d not made, %d listed as unknown"):format(kills,
  done_before, rows, status, begun - ended, twice, missing, keyless_twice, keyless_missing, unknown))
box:stop()
nginx.shell("rm -rf " .. folder)
os.exit(twice == 0 and missing == 0 and keyless_twice == 0 and keyless_missing <= unknown and 0 or 1)
