-- SPDX-License-Identifier: MIT

-- What one new process costs: the library loaded, a script and the command that send one GET, beside what else sends
-- the same GET to the same emulator. CPU is user and system time of the process and its children (cost.c). The programs
-- take turns; each figure is the median of all rounds.
--
--     eval "$(make -s env)"; lua5.4 bench/cold_start/run.lua [rounds]
package.path = "./?.lua;" .. package.path
local median = require "bench.median"
local nginx = require "lofty.sandbox.nginx"
local sandbox = require "lofty.sandbox"

local rounds = tonumber(arg[1] or 41)
local quote, shell = nginx.quote, nginx.shell
local lua = shell("command -v " .. quote(arg[-1] or "lua5.4"))

local PATH = "/v1.0/leads/651095960136641"
local OURS = ([[local lofty = require "lofty" local crm = lofty.client() assert(crm:get "%s")]]):format(PATH)
-- Lua-cURLv3, or the LuaCURL that Debian 12 packages for Lua 5.1 and 5.2.
local LUA_CURL = ([[
  local url, header = os.getenv "LOFTY_BASE_URL" .. "%s", "Authorization: token " .. os.getenv "LOFTY_API_KEY"
  local function discard() return true end
  local ok, curl = pcall(require, "cURL")
  if ok then
    curl.easy { url = url, httpheader = { header }, writefunction = discard }:perform():close()
  else
    curl = require "curl"
    local easy = curl.easy_init()
    easy:setopt(curl.OPT_URL, url)
    easy:setopt(curl.OPT_HTTPHEADER, { header })
    easy:setopt(curl.OPT_WRITEFUNCTION, function(body) return #body end)
    assert(easy:perform() == 0)
  end]]):format(PATH)
local REQUESTS = ([[
import os, requests
requests.get(os.environ["LOFTY_BASE_URL"] + "%s",
  headers={"Authorization": "token " + os.environ["LOFTY_API_KEY"]}).raise_for_status()]]):format(PATH)

local function command(...)
  local words = { ... }
  for i, word in ipairs(words) do words[i] = quote(word) end
  return table.concat(words, " ")
end

-- The program that says yes to a check in the shell, or nothing.
local function first(check, ...)
  for _, name in ipairs { ... } do
    local path = shell(check:format(name, name))
    if path ~= "" then return path end
  end
end

local folder = shell 'mktemp -d "${TMPDIR:-/tmp}/lofty-cold-start.XXXXXX"'
local cost = folder .. "/cost"
local said = shell(("${CC:-cc} -O2 -D_GNU_SOURCE -o %s bench/cold_start/cost.c 2>&1"):format(quote(cost)))
assert(said == "", said)
local box = sandbox.start { journal = false, rate_limit = 0 }
local environment = ("env LOFTY_BASE_URL=%s LOFTY_API_KEY=%s "):format(quote(box.url), quote(box.api_key))

local programs = {
  { "curl", command(shell "command -v curl", "-s", "-f", "-H", "Authorization: token " .. box.api_key, box.url .. PATH) },
  { "lua, empty script", command(lua, "-e", "") },
  { 'lua, require "lofty"', command(lua, "-e", 'require "lofty"') },
  { "lua, one GET", command(lua, "-e", OURS) },
  { "lofty --version", command("bin/lofty", "--version") },
  { "lofty leads get", command("bin/lofty", "leads", "get", "651095960136641") },
}
local skipped = {}
local function peer(name, path, ...)
  if path then programs[#programs + 1] = { name, command(path, ...) } else skipped[#skipped + 1] = name end
end
local with_curl = first([[%s -e 'assert(pcall(require, "cURL") or require "curl")' 2>/dev/null && command -v %s]],
  "lua5.4", "lua5.3", "lua5.1")
peer("Lua-cURL, one GET" .. (with_curl and " (" .. with_curl:match "[^/]*$" .. ")" or ""), with_curl, "-e", LUA_CURL)
peer("Python requests, one GET",
  first("%s -c 'import requests, sys; print(sys.executable)' 2>/dev/null", "python3", "/usr/bin/python3"), "-c", REQUESTS)

local cpu, wall = {}, {}
for _, program in ipairs(programs) do cpu[program], wall[program] = {}, {} end
for round = 0, rounds do
  for _, program in ipairs(programs) do
    local printed = shell(environment .. quote(cost) .. " " .. program[2] .. " || echo failed")
    local used, took = printed:match "^(%d+) (%d+)$"
    assert(used, program[1] .. ": " .. printed)
    -- Round 0 reads the files into memory.
    if round > 0 then
      table.insert(cpu[program], used / 1000)
      table.insert(wall[program], took / 1000)
    end
  end
end
box:stop()
shell("rm -rf " .. quote(folder))

print(("%-28s %7s %8s %13s %14s"):format("", "cpu ms", "wall ms", "cpu / curl's", "wall / curl's"))
local curl = programs[1]
for _, program in ipairs(programs) do
  local used, took = median(cpu[program]), median(wall[program])
  print(("%-28s %7.1f %8.1f %13.2f %14.2f"):format(program[1], used, took, used / median(cpu[curl]),
    took / median(wall[curl])))
end
for _, name in ipairs(skipped) do print(name .. ": not installed, skipped") end
