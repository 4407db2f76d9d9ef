-- SPDX-License-Identifier: MIT

-- The client of bench/soak's nginx: asks for steps of the mix and posts webhook deliveries until its end.
--
--     lua5.4 bench/soak/driver.lua FOLDER NAME       FOLDER/NAME.lua is its task

package.path = "./?.lua;" .. package.path
local lofty = require "lofty"
local mix = require "bench.soak.mix"
local runtime = require "lofty.runtime.curl"
local seeded = require "spec.support.random"

local SLOTS = 8

local folder, name = arg[1], arg[2]
local task = dofile(folder .. "/" .. name .. ".lua")
local odd = assert(io.open(folder .. "/odd", "a"))
odd:setvbuf "line"
local random = seeded(task.seed)
local counts = {}
local function count(what) counts[what] = (counts[what] or 0) + 1 end

-- The status of the response, and an entry in the file of odd things where it isn't the expected one.
local function ask(method, path, body, expected)
  local res, err = runtime:request {
    method = method, url = task.url .. path, body = body, headers = { ["Content-Type"] = body and "application/json" },
  }
  if res and res.status == expected then return count("answered") end
  -- A worker that was told to end by a reload closes its kept connections; libcurl sends a GET again by itself.
  if not res and method == "POST" and err.kind == "network" then return count("lost by a reload") end
  odd:write(name, ": ", method, " ", path:gsub("%d+", "N"), ": ", tostring(res and res.status or err), "\n")
end

local ends = runtime:monotonic() + task.seconds
local slots = {}
for i = 1, SLOTS do slots[i] = i end
local _, failures = lofty.map(slots, function()
  while runtime:monotonic() < ends do
    if random(10) == 1 then
      ask("POST", "/hook/" .. mix.SECRET, mix.delivery(random(1000000000)), 200)
      ask("POST", "/hook/another", mix.delivery(1), 404)
    else
      ask("GET", "/step?user=" .. random(task.users), nil, 200)
    end
    runtime:sleep(task.pause * (0.5 + random(1000) / 1000))
  end
  return true
end, { concurrency = SLOTS })
for _, why in pairs(failures or {}) do odd:write(name, ": ", tostring(why), "\n") end

local out = assert(io.open(folder .. "/" .. name .. ".counts", "w"))
for what, n in pairs(counts) do out:write(n, " driver: ", what, "\n") end
out:close()
