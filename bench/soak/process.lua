-- SPDX-License-Identifier: MIT

-- One process of plain Lua of bench/soak: makes steps of the mix until its end.
--
--     lua5.4 bench/soak/process.lua FOLDER NAME       FOLDER/NAME.lua is its task

package.path = "./?.lua;" .. package.path
local mix = require "bench.soak.mix"
local token_processes = require "spec.support.token_processes"

local SLOTS = 4 -- steps at the same time

local task = require "bench.soak.task"(arg[1], arg[2])
local given, random = task.given, task.random
local ledger = task:file(task.name .. ".ledger")

local number = 0
local function count(what) task:count(what) end
local _, app = token_processes.open(given.place, mix.options(given, count))

local hook = mix.hook(count)
local users = {}
for i, account in ipairs(given.accounts) do
  users[i] = {
    crm = app:client(account), random = random, count = count,
    unique = function()
      number = number + 1
      return task.name .. "-" .. number
    end,
    note = function(content, outcome) ledger:write(account, " ", content, " ", outcome, "\n") end,
    odd = function(text) task:odd(text) end,
    deliver = function(secret, event) return mix.deliver(hook, secret, event) end,
  }
end

task:run(SLOTS, function() mix.step(users[random(#users)]) end)
