-- SPDX-License-Identifier: MIT

--- Measures lofty beside what one would use otherwise, in one run: all of bench/suite, or what the arguments name. Without
-- arguments it writes bench/RESULTS.md and a chart of each table.
--
--     eval "$(make -s env)"; lua5.4 bench/run.lua [get] [map] ...

package.path = "./?.lua;" .. package.path
local chart = require "bench.chart"
local nginx = require "lofty.sandbox.nginx"
local peers = require "bench.peers"
local pinned = require "bench.pinned"
local report = require "bench.report"

local SUITE = {
  "get", "map", "cold_start", "json", "export", "memory", "refresh", "nginx", "deadlines", "accounts",
}
-- The share of the processors' time that other processes may use before the run; above it the page says so.
local QUIET = 0.1

local shell, format = nginx.shell, string.format

local is_known = {}
for _, name in ipairs(SUITE) do is_known[name] = true end
for _, name in ipairs(arg) do
  if not is_known[name] then
    io.stderr:write("bench: there is no ", name, " in bench/suite; there are ", table.concat(SUITE, " "), "\n")
    os.exit(2)
  end
end

-- Ticks of all processors: all, and those that were used.
local function ticks()
  local total, used, i = 0, 0, 0
  for count in nginx.contents "/proc/stat":match "^cpu +([^\n]*)":gmatch "%d+" do
    i, total = i + 1, total + count
    if i ~= 4 and i ~= 5 then used = used + count end -- 4 and 5 are idle and iowait
  end
  return total, used
end

local total, used = ticks()
shell "sleep 2"
local total_after, used_after = ticks()
local busy = (used_after - used) / math.max(total_after - total, 1)

local began = os.time()
local tables, failures = {}, {}
for _, name in ipairs(arg[1] and arg or SUITE) do
  local started = os.time()
  local ok, made = pcall(require("bench.suite." .. name))
  if not ok then
    io.stderr:write("bench: ", name, " failed: ", tostring(made), "\n")
    failures[#failures + 1] = name
  end
  for _, of in ipairs(ok and made or {}) do
    tables[#tables + 1] = of
    print(report.text(of))
  end
  print(format("(%s took %d s)\n", name, os.time() - started))
end
for _, text in ipairs(report.worse(tables)) do print("- " .. text) end
if arg[1] then os.exit(failures[1] and 1 or 0) end

local function about()
  local versions = {}
  for _, peer in ipairs(peers.list) do
    versions[#versions + 1] = peer.name .. " " .. (peers.version(peer.name) or peers.missing(peer.name))
  end
  return {
    "Written by `make bench`; `make bench ONLY=get` measures a part and writes nothing. Everything ran on one machine in one "
      .. "run, one after the other, in rounds whose order changes; each round starts new processes, which make a quarter of the "
      .. "calls to warm up and measure themselves with CLOCK_MONOTONIC and their CPU time. Figures are medians; a ratio is the median "
      .. "of the rounds' ratios, and above 1 lofty needs more.",
    "",
    "- " .. os.date "!%Y-%m-%d" .. ", commit " .. shell "git rev-parse --short=10 HEAD 2>/dev/null || echo unknown"
      .. format("; the run took %d minutes.", math.ceil((os.time() - began) / 60)),
    "- Machine: " .. shell "sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1" .. ", " .. shell "nproc" .. " processors, "
      .. shell "uname -sr" .. ", " .. shell ". /etc/os-release; echo $PRETTY_NAME"
      .. (pinned.client ~= "" and "; servers ran on one processor, clients on another." or "."),
    format("- Other processes used %.0f %% of the processors before the run%s", busy * 100, busy > QUIET
      and ". **The machine was busy: these figures show the form, and say little.**" or "."),
    "- lofty " .. require "lofty"._VERSION .. " on " .. shell "lua5.4 -v | cut -d' ' -f1-2" .. ", lua-curl and lua-http on "
      .. shell "lua5.2 -v 2>&1 | cut -d' ' -f1-2" .. " (the newest for which Debian 12 has them), "
      .. shell(peers.python .. " --version") .. ".",
    "- " .. table.concat(versions, ", ") .. ".",
    "- The server is an nginx on loopback that sends constant bytes, not compressed. All clients send the same method, path, "
      .. "Authorization, Content-Type, Accept and Accept-Encoding; httpx and node add Connection, node also Accept-Language and "
      .. "Sec-Fetch-Mode, and the curl command numbers its requests in the query and accepts more codings. In the tables of new "
      .. "processes the scripts send Authorization and what their library adds. All but libcurl's loops and the curl command "
      .. "decode the JSON.",
  }
end

local head = about()
if failures[1] then head[#head + 1] = "- **Not measured, because it failed: " .. table.concat(failures, ", ") .. ".**" end
for _, of in ipairs(tables) do nginx.write("bench/" .. of.name .. ".svg", chart.draw(of)) end
nginx.write("bench/RESULTS.md", report.page(head, tables))
print(format("bench/RESULTS.md and %d charts are written; the run took %d s", #tables, os.time() - began))
os.exit(failures[1] and 1 or 0)
