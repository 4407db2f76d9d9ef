-- SPDX-License-Identifier: MIT

-- All leads to CSV: the command beside a script with requests and csv that writes the same bytes.

local measure = require "bench.measure"
local nginx = require "lofty.sandbox.nginx"
local peers = require "bench.peers"
local server = require "bench.server"

local COLUMNS = {
  { name = "wall time", unit = "s" }, { name = "CPU", unit = "s" }, { name = "peak memory", unit = "MiB" },
}

local function export(leads, rounds, timed, is_checked)
  local started = server.start(leads)
  local command = measure.env { LOFTY_API_KEY = server.key, LOFTY_BASE_URL = started.url } .. "%s lua5.4 bin/lofty export leads"
  local script = measure.env { BENCH_KEY = server.key } .. "%s " .. peers.python .. " bench/peers/export.py " .. started.url
  local function way(name, peer, run)
    return {
      name = name, peer = peer,
      run = function()
        local wall, cpu, _, peak = measure.output(run:format(timed))
        return wall, cpu, peak / 1024
      end,
    }
  end
  local ways = { way("lofty export leads", nil, command), way("Python requests and csv", "requests", script) }
  local rows = measure.compare(ways, rounds, COLUMNS)
  local text
  if is_checked and not rows[2].missing then
    local function sum(run) return nginx.shell(run:format "" .. " 2>/dev/null | cksum") end
    text = sum(command) == sum(script) and "Both wrote the same bytes." or "The two wrote different bytes."
  end
  started:stop()
  return {
    name = "export-" .. leads, title = ("Export of %d leads to CSV, pages of 100"):format(leads), columns = COLUMNS,
    rows = rows, text = text,
    why = "perf record: 73 % of the command's CPU is the Lua interpreter, which makes each cell and looks whether it has to be "
      .. "quoted; Python's json and csv are written in C.",
  }
end

return function()
  local folder = measure.folder()
  local timed = measure.compile("timed", folder)
  local tables = { export(10000, 5, timed, true), export(100000, 2, timed) }
  nginx.shell("rm -rf " .. nginx.quote(folder))
  return tables
end
