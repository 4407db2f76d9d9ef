-- SPDX-License-Identifier: MIT

-- The client of bench/soak's nginx: asks for steps of the mix and posts webhook deliveries until its end.
--
--     lua5.4 bench/soak/driver.lua FOLDER NAME       FOLDER/NAME.lua is its task

package.path = "./?.lua;" .. package.path
local mix = require "bench.soak.mix"
local runtime = require "lofty.runtime.curl"

local SLOTS = 16

local task = require "bench.soak.task"(arg[1], arg[2])
local given, random = task.given, task.random

-- Sends a request; a response with another status than the expected one is odd.
local function ask(method, path, body, expected)
  local res, err = runtime:request {
    method = method, url = given.url .. path, body = body, headers = { ["Content-Type"] = body and "application/json" },
  }
  if res and res.status == expected then return task:count "driver: answered" end
  -- A worker that was told to end by a reload closes its kept connections; libcurl sends a GET again by itself.
  if not res and method == "POST" and err.kind == "network" then return task:count "driver: lost by a reload" end
  task:odd(method .. " " .. path:gsub("%d+", "N") .. ": " .. tostring(res and res.status or err))
end

task:run(SLOTS, function()
  if random(10) == 1 then
    ask("POST", "/hook/" .. mix.SECRET, mix.delivery(random(1000000000)), 200)
    ask("POST", "/hook/another", mix.delivery(1), 404)
  else
    ask("GET", "/step?user=" .. random(given.users), nil, 200)
  end
end)
