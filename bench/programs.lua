-- SPDX-License-Identifier: MIT

--- The programs of bench/peers that make calls of one URL, a number of them in flight, as ways for `bench.measure`.
-- @module bench.programs

local measure = require "bench.measure"
local nginx = require "lofty.sandbox.nginx"
local peers = require "bench.peers"
local server = require "bench.server"

local programs = {}
local methods = {}

local NAMES = {
  lofty = "lofty", libcurl = "libcurl in C, not decoded", ["libcurl+lua-cjson"] = "libcurl in C, and lua-cjson in Lua",
  curl = "the curl command, not decoded", ["lua-curl"] = "lua-curl and lua-cjson", ["lua-http"] = "lua-http and lua-cjson",
  requests = "Python requests", httpx = "Python httpx", node = "Node's fetch",
}

local CURL = [[%s curl -sS -f -o /dev/null --compressed %s -H %s -H 'Content-Type: application/json' \
  -H 'Accept: application/json' -A bench '%s%s?n=[1-%d]']]

-- The curl command makes all calls in one process; what its start takes, with one call, is subtracted.
local function curl_runner(self, task)
  local function command(count)
    return measure.env { CURL_CA_BUNDLE = self.server.ca } .. CURL:format(self.timed,
      task.flight > 1 and "-Z --parallel-max " .. task.flight or "", nginx.quote("Authorization: token " .. server.key),
      task.url, task.path, count)
  end
  return function()
    local wall, cpu = measure.output(command(task.count + 1))
    local first_wall, first_cpu = measure.output(command(1))
    return wall - first_wall, math.max(cpu - first_cpu, 0)
  end
end

-- What the fetched pages cost and, measured apart, decoding as many by lua-cjson.
local function floor_runner(self, task)
  local fetch = methods.runner(self, "libcurl", task)
  return function()
    local wall, cpu = fetch()
    local more_wall, more_cpu = measure.output(("lua5.4 bench/peers/json.lua cjson decode %d %s/page.json"):format(task.count,
      self.server.folder))
    return wall + more_wall, cpu + more_cpu
  end
end

-- A function that makes the calls of a task by a program, and returns what it prints.
function methods:runner(name, task)
  if name == "libcurl+lua-cjson" then return floor_runner(self, task) end
  if name == "curl" then return curl_runner(self, task) end
  local variables = { BENCH_KEY = server.key }
  if task.url:find "^https" then variables.BENCH_CA, variables.NODE_EXTRA_CA_CERTS = self.server.ca, self.server.ca end
  local commands = {
    lofty = "lua5.4 bench/peers/lofty.lua", libcurl = self.libcurl, ["lua-curl"] = "lua5.2 bench/peers/lua_curl.lua",
    ["lua-http"] = "lua5.2 bench/peers/lua_http.lua", requests = peers.python .. " bench/peers/with_requests.py",
    httpx = peers.python .. " bench/peers/with_httpx.py", node = "node bench/peers/with_fetch.js",
  }
  local command = ("%s%s %s %s %d %d"):format(measure.env(variables), commands[name], task.url, task.path, task.count,
    task.flight)
  return function() return measure.output(command) end
end

--- Ways to make the calls of a task, with microseconds of wall time and CPU a call.
-- @tparam table task `url`, `path`, `count`, `flight`; `names` of peers, with lofty first; `why`, reasons by name;
--   `figures(wall, cpu, before, after)`, what a way returns instead: see `measure.output`
-- @treturn {table,...}
function methods:ways(task)
  local figures = task.figures or function(wall, cpu) return wall / task.count * 1e6, cpu / task.count * 1e6 end
  local ways = {}
  for i, name in ipairs(task.names) do
    local run = self:runner(name, task)
    ways[i] = {
      name = NAMES[name], peer = name ~= "lofty" and name:match "[^+]*$" or nil, why = task.why and task.why[name],
      run = function() return figures(run()) end,
    }
  end
  return ways
end

--- Removes the compiled programs and stops the server.
function methods:stop()
  nginx.shell("rm -rf " .. nginx.quote(self.folder))
  self.server:stop()
end

--- Starts the server of `bench.server` and compiles what is written in C.
-- @treturn table with `ways(task)`, `server`, `timed` (the program that times a command) and `stop()`
function programs.start()
  local folder = measure.folder()
  return setmetatable({
    server = server.start(), folder = folder, libcurl = measure.compile("libcurl", folder, "$(curl-config --libs)"),
    timed = measure.compile("timed", folder),
  }, { __index = methods })
end

return programs
