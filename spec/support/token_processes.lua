-- SPDX-License-Identifier: MIT

--- Processes that use the same token at the same time, for specs and for bench/.
--
--     local place = token_processes.place(box, { path = folder })             -- or { redis = "redis://..." }
--     token_processes.stale(place, { "113209" })                              -- stores expired tokens for these accounts
--     local sum = token_processes.ask(place, { processes = 8, coroutines = 50, calls = 50, accounts = { "113209" } })
--     -- sum.done, sum.failed, sum.refreshes, sum.seconds, sum.problem (the first error)
--
-- The processes run spec/support/token_process.lua with the Lua that runs this. They start
-- their calls together, and end when this process does.
-- @module spec.support.token_processes

local child = require "spec.support.child"
local lofty = require "lofty"
local nginx = require "lofty.sandbox.nginx"

local quote, shell = nginx.quote, nginx.shell

local token_processes = {}

--- The settings of an application and its store, as the processes read them.
-- @tparam table box a sandbox
-- @tparam table where `path` of a file store, or `redis`, a URL; further options of `lofty.app`
-- @treturn table of strings and numbers
function token_processes.place(box, where)
  local place = {
    client_id = box.client_id, client_secret = box.client_secret, redirect_uri = box.redirect_uri,
    base_url = box.url, token_url = box.token_url, authorize_url = box.authorize_url, limit = 100000000,
  }
  for name, value in pairs(where) do place[name] = value end
  return place
end

--- Opens the store and the application of a place.
-- @tparam table place
-- @tparam[opt] table more further options of `lofty.app`
-- @treturn table store
-- @treturn table app
function token_processes.open(place, more)
  local store = place.redis and lofty.store.redis { url = place.redis, timeout = 30 } or lofty.store.file { path = place.path }
  local opt = { store = store }
  for name, value in pairs(place) do
    if name ~= "path" and name ~= "redis" then opt[name] = value end
  end
  for name, value in pairs(more or {}) do opt[name] = value end
  return store, lofty.app(opt)
end

--- Stores a token for each account that expired an hour ago, and makes it expire at the server.
-- @tparam table place
-- @tparam {string,...} accounts
function token_processes.stale(place, accounts)
  local store = token_processes.open(place)
  local runtime = require "lofty.runtime.curl"
  local function control(name, fields)
    local res = lofty.assert(runtime:request {
      method = "POST", url = place.base_url .. "/_sandbox/" .. name,
      headers = { ["Content-Type"] = "application/json" }, body = lofty.json.encode(fields),
    })
    assert(res.status == 200, res.body)
    return lofty.json.decode(res.body)
  end
  local now = math.floor(runtime:now())
  local _, failures = lofty.map(accounts, function(account)
    local issued = control("issue", { account = account })
    lofty.assert(store:put(place.client_id .. "/" .. account, lofty.json.encode {
      access_token = issued.access_token, refresh_token = issued.refresh_token, token_type = "Bearer",
      expires_in = 3600, obtained_at = now - 7200, expires_at = now - 3600, account = account,
    }))
    control("expire", { account = account })
  end)
  assert(not failures, failures and tostring(next(failures)))
end

-- A value as Lua text.
local function literal(value)
  if type(value) ~= "table" then return type(value) == "string" and ("%q"):format(value) or tostring(value) end
  local items = {}
  for key, item in pairs(value) do items[#items + 1] = ("[%s] = %s"):format(literal(key), literal(item)) end
  return "{ " .. table.concat(items, ", ") .. " }"
end

--- Writes a task as a Lua file that returns it: the fields of `opt`, and `place`.
-- @tparam string path
-- @tparam table place
-- @tparam table opt as of `gather`
function token_processes.write_task(path, place, opt)
  local task = { place = place }
  for name, value in pairs(opt) do task[name] = value end
  nginx.write(path, "return " .. literal(task) .. "\n")
end

--- Adds up the results that processes have written.
-- @tparam {string,...} outputs one for each process
-- @treturn table `done`, `failed`, `refreshes`, `seconds` (of the slowest), `problem` (the first), `dead` (processes
--   without a result)
function token_processes.add_up(outputs)
  local sum = { done = 0, failed = 0, refreshes = 0, seconds = 0, dead = 0 }
  for _, text in ipairs(outputs) do
    local done, failed, refreshes, seconds, problem = text:match("^done (%d+) (%d+) (%d+) ([%d.]+) ?([^\n]*)")
    if done then
      sum.done, sum.failed = sum.done + tonumber(done), sum.failed + tonumber(failed)
      sum.refreshes = sum.refreshes + tonumber(refreshes)
      sum.seconds = math.max(sum.seconds, tonumber(seconds))
    else
      sum.dead, problem = sum.dead + 1, text
    end
    if problem ~= "" then sum.problem = sum.problem or problem end
  end
  return sum
end

--- Starts the processes, which wait for `go`.
-- @tparam table place
-- @tparam table opt `processes`, `coroutines` of each, `calls` of each for every one of `accounts`; `clients` = "each":
--   every call makes its own client; otherwise the calls of an account share one; `program`: a command that is run
--   instead of spec/support/token_process.lua, with the same arguments
-- @treturn table the processes: `go()` -> the sum of their results; `pids`; `stop()`
function token_processes.gather(place, opt)
  local folder = shell('mktemp -d "${TMPDIR:-/tmp}/lofty-tokens.XXXXXX"')
  assert(folder ~= "", "processes: no temporary folder could be made")
  token_processes.write_task(folder .. "/task.lua", place, opt)
  local self = { folder = folder, pipes = {}, pids = {}, count = opt.processes }
  for i = 1, opt.processes do
    -- The shell's pid, which exec passes on to the process.
    self.pipes[i] = assert(io.popen(("echo $$ >%s/%d.pid; exec %s %s %d >%s/%d.out 2>&1"):format(quote(folder), i,
      opt.program or quote(child.lua) .. " spec/support/token_process.lua", quote(folder), i, quote(folder), i), "w"))
  end
  shell(("cd %s; n=0; until [ $(ls | grep -c ready) = %d ] || [ $n = 6000 ]; do n=$((n + 1)); sleep 0.01; done"):format(
    quote(folder), opt.processes))
  for i = 1, opt.processes do self.pids[i] = tonumber(nginx.contents(folder .. "/" .. i .. ".pid"):match("%d+")) end
  return setmetatable(self, { __index = token_processes })
end

--- Starts the calls and waits for all processes.
-- @treturn table as of `add_up`
function token_processes:go()
  for _, pipe in ipairs(self.pipes) do
    pipe:write("go\n")
    pipe:flush()
  end
  local outputs = {}
  for i, pipe in ipairs(self.pipes) do
    pipe:close()
    outputs[i] = nginx.contents(self.folder .. "/" .. i .. ".out")
  end
  self.pipes = {}
  self:stop()
  return token_processes.add_up(outputs)
end

--- Ends the processes and removes their folder.
function token_processes:stop()
  for _, pipe in ipairs(self.pipes) do pipe:close() end
  self.pipes = {}
  shell("rm -rf " .. quote(self.folder))
end

--- Does `gather` and `go`.
function token_processes.ask(place, opt)
  local gathered = token_processes.gather(place, opt)
  return gathered:go()
end

return token_processes
