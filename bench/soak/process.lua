-- SPDX-License-Identifier: MIT

-- One process of plain Lua of bench/soak: makes steps of the mix until its end, and writes what it counted.
--
--     lua5.4 bench/soak/process.lua FOLDER NAME       FOLDER/NAME.lua is its task

package.path = "./?.lua;" .. package.path
local lofty = require "lofty"
local mix = require "bench.soak.mix"
local runtime = require "lofty.runtime.curl"
local seeded = require "spec.support.random"
local token_processes = require "spec.support.token_processes"

local SLOTS = 4 -- steps at the same time

local folder, name = arg[1], arg[2]
local task = dofile(folder .. "/" .. name .. ".lua")
local ledger = assert(io.open(folder .. "/" .. name .. ".ledger", "a"))
local odd = assert(io.open(folder .. "/odd", "a"))
ledger:setvbuf "line"
odd:setvbuf "line"

local counts, number = {}, 0
local function count(what) counts[what] = (counts[what] or 0) + 1 end
local opt = mix.hooks(count)
opt.retry, opt.timeout, opt.deadline = task.retry, task.timeout, task.deadline
local _, app = token_processes.open(task.place, opt)

local hook = lofty.webhook.handler { secret = mix.SECRET, on_event = function() count "events" end }
local random = seeded(task.seed)
local users = {}
for i, account in ipairs(task.accounts) do
  users[i] = {
    crm = app:client(account), random = random, count = count,
    unique = function()
      number = number + 1
      return name .. "-" .. number
    end,
    note = function(content, outcome) ledger:write(account, " ", content, " ", outcome, "\n") end,
    odd = function(text) odd:write(name, ": ", text, "\n") end,
    deliver = function(secret, event) return mix.deliver(hook, secret, event) end,
  }
end

mix.fill(hook)
local ends = runtime:monotonic() + task.seconds
local slots = {}
for i = 1, SLOTS do slots[i] = i end
local _, failures = lofty.map(slots, function()
  while runtime:monotonic() < ends do
    mix.step(users[random(#users)])
    runtime:sleep(task.pause * (0.5 + random(1000) / 1000))
  end
  return true
end, { concurrency = SLOTS })
for _, why in pairs(failures or {}) do odd:write(name, ": ", tostring(why), "\n") end

local out = assert(io.open(folder .. "/" .. name .. ".counts", "w"))
for what, n in pairs(counts) do out:write(n, " ", what, "\n") end
out:close()
