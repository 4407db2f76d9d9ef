-- SPDX-License-Identifier: MIT

-- What one new process costs: a script and the command that send one GET, and the library loaded.

local measure = require "bench.measure"
local nginx = require "lofty.sandbox.nginx"
local peers = require "bench.peers"
local programs = require "bench.programs"
local server = require "bench.server"

local ROUNDS = 21
local quote = nginx.quote

local LOFTY = [[assert(require("lofty").client():get "/v1.0/leads/651095960136641")]]

local LUA_CURL = [[
  local curl = require "curl"
  local easy, body = curl.easy_init(), {}
  easy:setopt(curl.OPT_URL, os.getenv "LOFTY_BASE_URL" .. "/v1.0/leads/651095960136641")
  easy:setopt(curl.OPT_HTTPHEADER, { "Authorization: token " .. os.getenv "LOFTY_API_KEY" })
  easy:setopt(curl.OPT_FAILONERROR, 1)
  easy:setopt(curl.OPT_WRITEFUNCTION, function(bytes) body[#body + 1] = bytes return #bytes end)
  assert(easy:perform() == 0)
  assert(require "cjson".decode(table.concat(body)))]]

local LUA_HTTP = [[
  local request = require "http.request".new_from_uri(os.getenv "LOFTY_BASE_URL" .. "/v1.0/leads/651095960136641")
  request.headers:append("authorization", "token " .. os.getenv "LOFTY_API_KEY")
  local headers, stream = assert(request:go())
  assert(headers:get ":status" == "200" and require "cjson".decode(assert(stream:get_body_as_string())))]]

local PYTHON = [[
import os, %s as http
response = http.get(os.environ["LOFTY_BASE_URL"] + "/v1.0/leads/651095960136641", headers={"Authorization": "token " + os.environ["LOFTY_API_KEY"]})
response.raise_for_status()
response.json()]]

local NODE = [[
fetch(process.env.LOFTY_BASE_URL + "/v1.0/leads/651095960136641", { headers: { Authorization: "token " + process.env.LOFTY_API_KEY } })
  .then((response) => response.json());]]

-- os.clock() and strace, Debian 12: loading libcurl with the 30 libraries that it needs takes 9 ms of lofty's 17.
local LOADS = "All load libcurl and the 30 shared libraries that it needs, which is more than half of the time."
local WHY = {
  curl = "lofty also starts Lua and reads about 20 Lua modules.",
  ["lua-curl"] = "lofty also reads about 20 Lua modules, where the script needs two modules in C.",
  command = "The command also starts Lua and reads about 40 Lua modules, among them argparse and the operation's fields.",
  alone = "lofty reads a few Lua modules, which load others at first use, and lofty.core with zlib.",
}

return function()
  local started = programs.start()
  local env = measure.env { LOFTY_BASE_URL = started.server.url, LOFTY_API_KEY = server.key, HOME = started.folder }
  local function way(name, peer, command, why)
    return {
      name = name, peer = peer, why = why,
      run = function()
        local wall, cpu = measure.output(env .. started.timed .. " " .. command)
        return wall * 1000, cpu * 1000
      end,
    }
  end
  local lua, lua52, python = "lua5.4 -e ", "lua5.2 -e ", peers.python .. " -c "
  local curl = ("curl -sS -f -H %s %s/v1.0/leads/651095960136641"):format(quote("Authorization: token " .. server.key),
    started.server.url)
  local function case(name, title, why, ways)
    return {
      name = name, title = title, columns = measure.MILLISECONDS, why = why,
      rows = measure.compare(ways, ROUNDS, measure.MILLISECONDS),
    }
  end
  local tables = {
    case("cold-get", "A new process: one GET by a script", LOADS, {
      way("lua5.4 with lofty", nil, lua .. quote(LOFTY)),
      way("the curl command, not decoded", "curl", curl, WHY.curl),
      way("lua5.2 with lua-curl and lua-cjson", "lua-curl", lua52 .. quote(LUA_CURL), WHY["lua-curl"]),
      way("lua5.2 with lua-http and lua-cjson", "lua-http", lua52 .. quote(LUA_HTTP)),
      way("python3 with requests", "requests", python .. quote(PYTHON:format "requests")),
      way("python3 with httpx", "httpx", python .. quote(PYTHON:format "httpx")),
      way("node's fetch", "node", "node -e " .. quote(NODE)),
    }),
    case("cold-command", "A new process: one GET by the command", LOADS, {
      way("lofty leads get", nil, "lua5.4 bin/lofty leads get 651095960136641"),
      way("the curl command", "curl", curl, WHY.command),
    }),
    case("cold-load", "A new process: the library is loaded", nil, {
      way('require "lofty"', nil, lua .. quote 'require "lofty"'),
      way("lua5.4 alone", nil, lua .. "''", WHY.alone),
      way('require "curl" (lua-curl)', "lua-curl", lua52 .. quote 'require "curl"'),
      way('require "http.request" (lua-http)', "lua-http", lua52 .. quote 'require "http.request"'),
      way("import requests", "requests", python .. quote "import requests"),
      way("import httpx", "httpx", python .. quote "import httpx"),
    }),
  }
  started:stop()
  return tables
end
