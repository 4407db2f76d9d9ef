-- SPDX-License-Identifier: MIT

--- A soak: mixed calls for an hour in four processes of plain Lua and two workers of nginx, whose tokens are in files and
-- in Redis and end every few seconds, while the emulator fails in many ways, Redis is killed or stopped every minute, and
-- nginx reloads. Prints the figures, and ends with "N passed, N failed": no token was lost, each create happened once
-- if it was reported as done, at most once if its outcome is unknown, not at all if it failed, and resident memory and
-- descriptors of each process are flat. Linux only.
--
--     eval "$(make -s env)"; lua5.4 bench/soak/run.lua [minutes]

package.path = "./?.lua;" .. package.path
local faults = require "bench.soak.faults"
local launcher = require "lofty.sandbox.nginx"
local lofty = require "lofty"
local redis_server = require "spec.support.redis"
local runtime = require "lofty.runtime.curl"
local sandbox = require "lofty.sandbox"
local seeded = require "spec.support.random"
local token_processes = require "spec.support.token_processes"
local watch = require "bench.soak.watch"

local format, quote, shell = string.format, launcher.quote, launcher.shell

local SECONDS = (tonumber(arg[1]) or 60) * 60
-- Accounts of each store; mean seconds between two steps of a slot, and of nginx's client.
local ACCOUNTS, PAUSE, NGINX_PAUSE = 12, 1, 0.3
local ACCESS_TTL, GRACE, OUTAGE, FAULTS = 20, 120, 5, 8 -- three times seconds; faults at a time
local RELOADS = { 0.05, 0.1, 0.15, 0.2 } -- fractions of the time; afterwards the workers stay, so that they can be judged
local EACH = { faults = 2, expire = 3, sample = 10, redis = 60, outage = 60, progress = 300 } -- seconds

local CONF = [[
worker_processes 2;
events { worker_connections 1024; }
http {
  lua_shared_dict soak_file 2m;
  lua_shared_dict soak_redis 2m;
  lua_shared_dict counts 1m;
  lua_socket_log_errors off;
  lua_package_path "%s/?.lua;%s/lua/?.lua;%s/lua/?/init.lua;;";
  lua_package_cpath "%s/build/5.1/?.so;;";
  init_by_lua_block { site = require("bench.soak.site") site.open("%s", "nginx") }
  init_worker_by_lua_block { site.start_worker() }
  server {
    listen 127.0.0.1:%d;
    location = /step { content_by_lua_block { site.step() } }
    location = /counts { content_by_lua_block { site.counts() } }
    location ~ ^/hook/ { content_by_lua_block { site.hook() } }
  }
}
]]

local random = seeded(os.time())
local folder = shell('mktemp -d "${TMPDIR:-/tmp}/lofty-soak.XXXXXX"')
local redis = redis_server.start { conf = "auto-aof-rewrite-min-size 8mb" }
local box = sandbox.start {
  refresh_rotation = true, refresh_grace = GRACE, access_ttl = ACCESS_TTL, rate_limit = 0, journal_size = 20000,
}
local TOKEN_PATH = box.token_url:sub(#box.url + 1)

-- Both stores, and their accounts.
local places = {
  file = token_processes.place(box, { path = folder .. "/tokens", limit = 100000 }),
  redis = token_processes.place(box, { redis = "redis://127.0.0.1:" .. redis.port, limit = 100000 }),
}
local accounts, account_list = { file = {}, redis = {} }, {}
for i = 1, ACCOUNTS do
  accounts.file[i], accounts.redis[i] = tostring(500100 + i), tostring(500200 + i)
  account_list[#account_list + 1], account_list[#account_list + 2] = accounts.file[i], accounts.redis[i]
end
for kind, place in pairs(places) do token_processes.stale(place, accounts[kind]) end

local function write_task(name, more)
  local task = {
    seconds = SECONDS, pause = PAUSE, seed = random(1000000), retry = { attempts = 4, base = 0.2, cap = 2, total = 20, window = 2 },
    timeout = { connect = 2, total = 3 }, deadline = 20,
  }
  for key, value in pairs(more) do task[key] = value end
  token_processes.write_task(folder .. "/" .. name .. ".lua", more.place, task)
end

-- nginx.
local nginx_parts = {}
for kind, place in pairs(places) do
  nginx_parts[#nginx_parts + 1] = { place = place, dict = "soak_" .. kind, accounts = accounts[kind] }
end
write_task("nginx", { parts = nginx_parts })
local root = shell "pwd"
local site = launcher.start {
  conf = function(ports) return format(CONF, root, root, root, root, folder, ports[1]) end,
}
local site_url = "http://127.0.0.1:" .. site.ports[1]

-- The processes of plain Lua.
local processes = {}
local function start(name, lua, script, task)
  write_task(name, task)
  local pipe = assert(io.popen(format("echo $$ >%s/%s.pid; exec %s %s %s %s >%s/%s.out 2>&1", quote(folder), name, lua, script,
    quote(folder), name, quote(folder), name), "w"))
  processes[#processes + 1] = { name = name, pipe = pipe }
end
local function kind_of(kind) return { place = places[kind], accounts = accounts[kind] } end
start("lua5.4-file", "lua5.4", "bench/soak/process.lua", kind_of "file")
start("luajit-file", "luajit", "bench/soak/process.lua", kind_of "file")
start("lua5.4-redis", "lua5.4", "bench/soak/process.lua", kind_of "redis")
start("lua5.1-redis", "lua5.1", "bench/soak/process.lua", kind_of "redis")
start("driver", "lua5.4", "bench/soak/driver.lua", { url = site_url, users = 2 * ACCOUNTS, pause = NGINX_PAUSE })
for _, one in ipairs(processes) do
  repeat
    runtime:sleep(0.01)
    one.pid = tonumber(launcher.contents(folder .. "/" .. one.name .. ".pid"):match("%d+"))
  until one.pid
  one.judged = true
end

-- What happened, for the report.
local began = runtime:monotonic()
local totals = { restarts = 0, kills = 0, reloads = 0, expired = 0, requests = 0, grants = 0 }
local met, names, posted = {}, {}, {}
local seen = watch.new()

local function now() return runtime:monotonic() - began end

local function set_faults(list)
  for _, pair in ipairs(list) do names[tostring(box:control("fault", pair[2]).fault)] = pair[1] end
end

local function collect()
  local counters = box:control("counters", { reset = true })
  for _, n in pairs(counters.requests) do totals.requests = totals.requests + n end
  totals.grants = totals.grants + (counters.grants.refresh_token or 0)
  for number, n in pairs(counters.fault_numbers or {}) do
    local name = names[number] or "unknown"
    met[name] = (met[name] or 0) + n
  end
  local journal = box:control("journal", { reset = true })
  assert(journal.dropped == 0, "soak: the journal is too small")
  for _, request in ipairs(journal.requests) do
    local content = request.method == "POST" and request.path == "/v1.0/notes" and lofty.json.decode(request.body).content
    if content then posted[content] = (posted[content] or 0) + 1 end
  end
end

-- LuaJIT compiles what faults make run now and then for hours, so the memory of the worker that compiles nothing is judged.
local function add_workers(list, server, name, judged)
  local compiles_nothing = launcher.contents(folder .. "/worker-without-jit")
  for pid in shell("ps -o pid= --ppid " .. server.pid):gmatch("%d+") do
    local compiles = judged and pid ~= compiles_nothing
    list[#list + 1] = {
      name = name .. (compiles and ", compiles" or ""), pid = tonumber(pid), judged = judged, may_grow = compiles,
    }
  end
end

local function sample()
  local list = { { name = "nginx master", pid = site.pid, judged = true }, { name = "emulator master", pid = box.pid },
                 { name = "redis (since restart)", pid = redis.pid } }
  for _, one in ipairs(processes) do list[#list + 1] = one end
  add_workers(list, site, "nginx worker", true)
  add_workers(list, box, "emulator worker")
  seen:sample(now(), list)
end

local JOBS = {
  faults = function(time)
    box:control "clear_faults"
    set_faults(faults.batch(random, FAULTS))
    -- The first seconds of each minute are those of an outage of the token endpoint.
    if time % EACH.outage < OUTAGE then set_faults(faults.outage(math.floor(time / EACH.outage) + 1, TOKEN_PATH)) end
  end,
  expire = function()
    box:control("expire", { account = account_list[random(#account_list)] })
    totals.expired = totals.expired + 1
  end,
  sample = function()
    sample()
    collect()
  end,
  redis = function(time)
    local kill = math.floor(time / EACH.redis) % 2 == 0
    if kill then redis:kill() else redis:down() end
    runtime:sleep(1 + random(20) / 10)
    redis:up()
    totals.restarts, totals.kills = totals.restarts + 1, totals.kills + (kill and 1 or 0)
  end,
  progress = function(time)
    local problems = #launcher.contents(folder .. "/odd")
    io.write(format("%5.0f s: %d requests, %d refresh grants, %d restarts of Redis%s\n", time, totals.requests, totals.grants,
      totals.restarts, problems > 0 and ", odd: " .. launcher.contents(folder .. "/odd"):sub(1, 300) or ""))
    io.flush()
  end,
}
-- The outage of Redis is not at the same time as that of the token endpoint.
local due = { faults = 10, expire = 10, sample = 2, redis = 30, progress = EACH.progress }

local function run()
  local reloads = 0
  while now() < SECONDS do
    for name, job in pairs(JOBS) do
      if now() >= due[name] then
        job(due[name])
        due[name] = due[name] + EACH[name]
      end
    end
    if RELOADS[reloads + 1] and now() >= RELOADS[reloads + 1] * SECONDS then
      reloads = reloads + 1
      shell("kill -HUP " .. site.pid)
    end
    runtime:sleep(0.2)
  end
  totals.reloads = reloads
  sample()
end

local passed, failed = 0, 0
local function check(good, what)
  if good then passed = passed + 1 else failed = failed + 1 end
  print((good and "ok      " or "NOT OK  ") .. what)
end

local counts = {}
local function add_counts(text)
  for n, what in text:gmatch("(%d+) ([^\n]+)") do counts[what] = (counts[what] or 0) + tonumber(n) end
end

local function print_sorted(title, list)
  local keys = {}
  for key in pairs(list) do keys[#keys + 1] = key end
  table.sort(keys)
  print(title)
  for _, key in ipairs(keys) do print(format("  %8d  %s", list[key], key)) end
end

-- Ends the access tokens of all accounts: each one's stored refresh token must still work. Returns how often each note
-- exists, by account and content, and how many accounts are lost.
local function survey()
  local existing, lost = {}, 0
  for kind, place in pairs(places) do
    local _, app = token_processes.open(place)
    for _, account in ipairs(accounts[kind]) do
      box:control("expire", { account = account })
      local crm = app:client(account)
      local me, err = crm:me()
      if not me then
        lost = lost + 1
        print("lost: account " .. account .. " (" .. kind .. "): " .. tostring(err))
      else
        lofty.assert(lofty.map(lofty.assert(crm.leads:all { limit = 30 }), function(lead)
          for _, note in ipairs(lofty.assert(crm.notes:list { leadId = lead.leadId }).notes) do
            local key = account .. " " .. note.content
            existing[key] = (existing[key] or 0) + 1
          end
          return true
        end))
      end
    end
  end
  return existing, lost
end

-- Waits until all processes have ended; returns how many did so by themselves.
local function wait_for_processes()
  local ended = 0
  for _, one in ipairs(processes) do
    local good, _, code = one.pipe:close()
    if good then
      ended = ended + 1
    else
      print(format("%s ended with %s: %s", one.name, tostring(code),
        launcher.contents(folder .. "/" .. one.name .. ".out"):sub(1, 1000)))
    end
    add_counts(launcher.contents(folder .. "/" .. one.name .. ".counts"))
  end
  add_counts(lofty.assert(runtime:request { method = "GET", url = site_url .. "/counts" }).body)
  collect()
  return ended
end

-- Compares what the creates returned with the notes that exist.
local function compare(existing)
  local found = { done = 0, unknown = 0, failed = 0, doubled = 0, missing = 0, unexpected = 0, happened = 0, unaccounted = 0 }
  local function add(what) found[what] = found[what] + 1 end
  local known, text = {}, launcher.contents(folder .. "/nginx.ledger")
  for _, one in ipairs(processes) do text = text .. launcher.contents(folder .. "/" .. one.name .. ".ledger") end
  for key, outcome in text:gmatch("(%d+ %S+) (%a+)\n") do
    local n = existing[key] or 0
    known[key] = true
    add(outcome)
    if n > 1 then add "doubled" end
    if outcome == "done" and n == 0 then add "missing" end
    if outcome == "failed" and n > 0 then add "unexpected" end
    if outcome == "unknown" and n > 0 then add "happened" end
  end
  for key in pairs(existing) do -- the other notes are the emulator's own
    if key:find("^%d+ [%w.]+%-?%a*%-%d+$") and not known[key] then add "unaccounted" end
  end
  return found
end

local function print_figures(found, lines)
  local repeated = 0
  for _, n in pairs(posted) do
    if n > 1 then repeated = repeated + 1 end
  end
  print(format("\n%.0f minutes, %d requests to the emulator, %d grants by refresh token, %d access tokens ended early;\n"
    .. "%d restarts of Redis (%d by kill -9), %d reloads of nginx",
    SECONDS / 60, totals.requests, totals.grants, totals.expired, totals.restarts, totals.kills, totals.reloads))
  print_sorted("faults met, by kind:", met)
  print_sorted("counted by the clients:", counts)
  print(format("creates: %d done, %d with an unknown outcome (%d of them happened), %d failed; %d were sent more than once",
    found.done, found.unknown, found.happened, found.failed, repeated))
  for _, line in ipairs(lines) do print(line) end
  print()
end

local function judge()
  local ended = wait_for_processes()
  box:control "clear_faults"
  local existing, lost = survey()
  local found, odd, log = compare(existing), launcher.contents(folder .. "/odd"), site:log()
  local lines, verdicts = seen:report(SECONDS)
  print_figures(found, lines)
  check(ended == #processes, format("%d of %d processes ended by themselves", ended, #processes))
  check(lost == 0, format("%d of %d accounts lost their token", lost, 2 * ACCOUNTS))
  check(found.doubled == 0, format("%d creates happened twice", found.doubled))
  check(found.missing == 0, format("%d creates reported as done did not happen", found.missing))
  check(found.unexpected == 0, format("%d creates reported as failed happened", found.unexpected))
  check(found.unaccounted == 0, format("%d creates happened without a report", found.unaccounted))
  check(odd == "", odd == "" and "no err that no fault explains" or "errs that no fault explains:\n" .. odd:sub(1, 2000))
  -- nginx itself logs the end of a connection to a Redis that was killed.
  local _, resets = log:gsub("recv%(%) failed %(104: Connection reset by peer%)", "")
  local _, lines_of_error = log:gsub("%[error%]", "")
  check(not log:find("%[alert%]") and lines_of_error == resets, "nginx logged no error but closed connections")
  check(not log:find("%[warn%]"), "nginx logged no warning")
  for _, one in ipairs(verdicts) do check(one.good, format("%s: %s flat", one.name, one.what)) end
end

local ok, problem = xpcall(function()
  run()
  judge()
end, debug.traceback)
if not ok then
  for _, one in ipairs(processes) do os.execute(format("kill %d 2>/dev/null", one.pid)) end
end
local log = site:log()
site:stop()
box:stop()
redis:stop()
if not ok then print(problem) end
if failed == 0 and ok then
  shell("rm -rf " .. quote(folder))
else
  launcher.write(folder .. "/nginx.log", log)
  print("kept: " .. folder)
end
print(format("%d passed, %d failed", passed, failed + (ok and 0 or 1)))
os.exit(ok and failed == 0 and 0 or 1)
