--- Many processes that ask for tokens at the same moment, for specs and for bench/.
--
--     local place = crowd.place(box, { path = folder })             -- or { redis = "redis://..." }
--     crowd.stale(place, { "113209" })                              -- accounts whose tokens have ended
--     local sum = crowd.ask(place, { processes = 8, coroutines = 50, calls = 50, accounts = { "113209" } })
--     -- sum.done, sum.failed, sum.refreshes, sum.seconds, sum.problem (of the first call that failed)
--
-- The processes run spec/support/crowd_member.lua with the Lua that runs this. They wait for one another before they
-- ask, and end when this process does.
-- @module spec.support.crowd

local child = require "spec.support.child"
local lofty = require "lofty"
local nginx = require "lofty.sandbox.nginx"

local quote, shell = nginx.quote, nginx.shell

local crowd = {}

--- What a process has to know.
-- @tparam table box a sandbox
-- @tparam table where `path` of a file store, or `redis`, a url; further options of `lofty.app`
-- @treturn table strings and numbers alone
function crowd.place(box, where)
  local place = {
    client_id = box.client_id, client_secret = box.client_secret, redirect_uri = box.redirect_uri,
    base_url = box.url, token_url = box.token_url, authorize_url = box.authorize_url, limit = 100000000,
  }
  for name, value in pairs(where) do place[name] = value end
  return place
end

--- The store and the application of a place.
-- @tparam table place
-- @tparam[opt] table more further options of `lofty.app`
-- @treturn table store
-- @treturn table app
function crowd.open(place, more)
  local store = place.redis and lofty.store.redis { url = place.redis } or lofty.store.file { path = place.path }
  local opt = { store = store }
  for name, value in pairs(place) do
    if name ~= "path" and name ~= "redis" then opt[name] = value end
  end
  for name, value in pairs(more or {}) do opt[name] = value end
  return store, lofty.app(opt)
end

--- Puts a token for each account into the place's store that ended an hour ago, here and at the server.
-- @tparam table place
-- @tparam {string,...} accounts
function crowd.stale(place, accounts)
  local store = crowd.open(place)
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

-- A Lua table of strings and numbers as a file that gives it back.
local function write_table(path, fields)
  local lines = { "return {" }
  for name, value in pairs(fields) do
    if type(value) == "table" then
      local words = {}
      for i, word in ipairs(value) do words[i] = ("%q"):format(word) end
      value = "{ " .. table.concat(words, ", ") .. " }"
    elseif type(value) == "string" then
      value = ("%q"):format(value)
    else
      value = tostring(value)
    end
    lines[#lines + 1] = ("  %s = %s,"):format(name, value)
  end
  lines[#lines + 1] = "}"
  nginx.write(path, table.concat(lines, "\n") .. "\n")
end

--- Starts processes that wait for the word.
-- @tparam table place
-- @tparam table opt `processes`, `coroutines` of each, `calls` of each for every one of `accounts`; `clients` = "each":
--   every call makes its own client, else they share one for each account
-- @treturn table the crowd: `go()` -> what they came to; `pids`; `stop()`
function crowd.gather(place, opt)
  local folder = shell('mktemp -d "${TMPDIR:-/tmp}/lofty-crowd.XXXXXX"')
  assert(folder ~= "", "crowd: no temporary folder could be made")
  local fields = { clients = opt.clients or "one", coroutines = opt.coroutines, calls = opt.calls or 1 }
  for name, value in pairs(place) do fields["place_" .. name] = value end
  fields.accounts = opt.accounts
  write_table(folder .. "/task.lua", fields)
  local self = { folder = folder, pipes = {}, pids = {}, count = opt.processes }
  for i = 1, opt.processes do
    -- The shell's pid, which the member takes over.
    self.pipes[i] = assert(io.popen(("echo $$ >%s/%d.pid; exec %s spec/support/crowd_member.lua %s %d >%s/%d.out 2>&1"):format(
      quote(folder), i, quote(child.lua), quote(folder), i, quote(folder), i), "w"))
  end
  shell(("cd %s; n=0; until [ $(ls | grep -c ready) = %d ] || [ $n = 6000 ]; do n=$((n + 1)); sleep 0.01; done"):format(
    quote(folder), opt.processes))
  for i = 1, opt.processes do self.pids[i] = tonumber(nginx.contents(folder .. "/" .. i .. ".pid"):match("%d+")) end
  return setmetatable(self, { __index = crowd })
end

--- Says the word and waits for all of them.
-- @treturn table `done`, `failed`, `refreshes`, `seconds` (the slowest's), `problem`, `dead` (who did not tell)
function crowd:go()
  for _, pipe in ipairs(self.pipes) do
    pipe:write("go\n")
    pipe:flush()
  end
  local sum = { done = 0, failed = 0, refreshes = 0, seconds = 0, dead = 0 }
  for i, pipe in ipairs(self.pipes) do
    pipe:close()
    local text = nginx.contents(self.folder .. "/" .. i .. ".out")
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
  self.pipes = {}
  self:stop()
  return sum
end

--- Ends them, and takes their folder away.
function crowd:stop()
  for _, pipe in ipairs(self.pipes) do pipe:close() end
  self.pipes = {}
  shell("rm -rf " .. quote(self.folder))
end

--- `gather` and `go`.
function crowd.ask(place, opt)
  local gathered = crowd.gather(place, opt)
  return gathered:go()
end

return crowd
