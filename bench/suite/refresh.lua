-- SPDX-License-Identifier: MIT

-- Processes that share an account whose token has expired call at the same moment.

local lofty = require "lofty"
local measure = require "bench.measure"
local nginx = require "lofty.sandbox.nginx"
local sandbox = require "lofty.sandbox"
local token_processes = require "spec.support.token_processes"

local ACCOUNT, PROCESSES, CALLS, ROUNDS = "113209", 8, 10, 3

local GRANTS, FAILED = { name = "token requests granted", is_own = true }, { name = "calls failed", is_own = true }

local WAITS = "A process that finds the token locked looks again after about 20 ms, then after half as long again each time, at "
  .. "most 0.5 s; without a lock each waits for its own token request alone."

-- The grants that reached the server, the calls that failed and the time of the slowest process.
local function figures(box, sum)
  assert(sum.dead == 0, sum.problem)
  local grants = box:control("counters", { reset = true }).grants.refresh_token or 0
  return grants, PROCESSES * CALLS - sum.done, sum.seconds
end

-- With rotation the calls without a lock fail, so that their time says nothing.
local function storm(name, rotation, title)
  local columns = { GRANTS, FAILED, { name = "time of the slowest process", unit = "s", is_own = rotation } }
  local box = sandbox.start { refresh_rotation = rotation, rate_limit = 0, journal = false }
  local folder = measure.folder()
  box:control("fault", { method = "POST", path = "/api/user-web/oauth/token", delay = 0.2, times = 0 })
  local ours = token_processes.place(box, { path = folder .. "/tokens" })
  local theirs = {
    token_file = folder .. "/token.json", token_url = box.token_url, base_url = box.url,
    credentials = "Basic " .. nginx.shell(("printf %%s %s | base64 -w 0"):format(
      nginx.quote(box.client_id .. ":" .. box.client_secret))),
  }
  local ways = {
    {
      name = "lofty, a file store",
      run = function()
        token_processes.stale(ours, { ACCOUNT })
        return figures(box, token_processes.ask(ours, {
          processes = PROCESSES, coroutines = CALLS, calls = CALLS, accounts = { ACCOUNT },
        }))
      end,
    },
    {
      name = "lua-curl and a JSON file, without a lock", peer = "lua-curl", why = WAITS,
      run = function()
        local issued = box:control("issue", { account = ACCOUNT })
        box:control("expire", { account = ACCOUNT })
        nginx.write(theirs.token_file, lofty.json.encode {
          access_token = issued.access_token, refresh_token = issued.refresh_token, expires_at = 1,
        })
        return figures(box, token_processes.ask(theirs, {
          processes = PROCESSES, calls = CALLS, program = "lua5.2 bench/peers/refresh.lua",
        }))
      end,
    },
  }
  local rows = measure.compare(ways, ROUNDS, columns)
  box:stop()
  nginx.shell("rm -rf " .. nginx.quote(folder))
  return { name = name, title = title, columns = columns, rows = rows }
end

return function()
  return {
    storm("refresh", false, "Refresh storm: 8 processes make 10 calls each with an expired token"),
    storm("refresh-rotating", true, "Refresh storm, each refresh token can be used once"),
  }
end
