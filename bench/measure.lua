-- SPDX-License-Identifier: MIT

--- Measures ways to do the same, in rounds: each round starts every way anew, one after the other, in an order that
-- changes, so that other load on the machine meets all alike.
--
-- A way is a table: `name`; `peer`, its name in `bench.peers`, whose absence leaves it out; `run()`, which returns a
-- number for each column; `why`, the reason for which lofty may need more than it; `note`. The first way is lofty.
--
-- A column is a table: `name`, `unit` (nil for a count), and `is_own` if the ways' figures are not compared with each other.
--
-- A row, which `bench.report` shows: `subject` (the first way's name), `peer` (nil in the first row), `values` (medians,
-- one a column), `ratios` (how many times as much the first way needs: the median of the rounds' ratios), `rounds`,
-- `why`, `note`, and `missing` (a text) where the peer is not installed.
-- @module bench.measure

local median = require "bench.median"
local nginx = require "lofty.sandbox.nginx"
local peers = require "bench.peers"
local pinned = require "bench.pinned"

local measure = {}

--- Wall time and CPU of one call in microseconds.
measure.MICROSECONDS = { { name = "wall time", unit = "µs" }, { name = "CPU", unit = "µs" } }
--- Wall time and CPU in milliseconds.
measure.MILLISECONDS = { { name = "wall time", unit = "ms" }, { name = "CPU", unit = "ms" } }

local function ratio(ours, theirs)
  local list = {}
  for i, value in ipairs(ours) do
    if theirs[i] > 0 then list[#list + 1] = value / theirs[i] end
  end
  return median(list)
end

--- Rows out of what the rounds have measured.
-- @tparam {table,...} ways each with `samples`, for each column a list with a number a round, unless it is `missing`
-- @tparam {table,...} columns
-- @treturn {table,...}
function measure.rows(ways, columns)
  local rows, first = {}, ways[1]
  for i, way in ipairs(ways) do
    local row = {
      subject = first.name, peer = i > 1 and way.name or nil, why = way.why, note = way.note, missing = way.missing,
      values = {}, ratios = {}, rounds = 0,
    }
    for c, column in ipairs(way.missing and {} or columns) do
      row.rounds = #way.samples[c]
      row.values[c] = median(way.samples[c])
      if i > 1 and not column.is_own then row.ratios[c] = ratio(first.samples[c], way.samples[c]) end
    end
    rows[i] = row
  end
  return rows
end

--- Measures ways in rounds.
-- @tparam {table,...} ways
-- @tparam number rounds; the environment variable ROUNDS is used instead, if it is set
-- @tparam {table,...} columns
-- @treturn {table,...} rows
function measure.compare(ways, rounds, columns)
  local present = {}
  for _, way in ipairs(ways) do
    way.missing = way.peer and peers.missing(way.peer) or nil
    way.samples = {}
    for c = 1, #columns do way.samples[c] = {} end
    if not way.missing then present[#present + 1] = way end
  end
  for round = 1, tonumber(os.getenv "ROUNDS") or rounds do
    for i = 1, #present do
      local way = present[(i + round) % #present + 1]
      local figures = { way.run() }
      for c = 1, #columns do way.samples[c][round] = figures[c] end
    end
  end
  return measure.rows(ways, columns)
end

--- Runs a command on the clients' processor.
-- @tparam string command its last line of output is `WALL CPU BEFORE AFTER`: seconds, and KiB of its resident set
-- @treturn number,number,number,number
-- @raise with what it printed, if it failed
function measure.output(command)
  local printed = nginx.shell(pinned.client .. command .. " 2>&1")
  local wall, cpu, before, after = printed:match "([%d.]+) ([%d.]+) (%d+) (%d+)$"
  if not wall then error("bench: " .. command .. "\nprinted: " .. printed, 0) end
  return tonumber(wall), tonumber(cpu), tonumber(before), tonumber(after)
end

--- Compiles a program of bench/peers.
-- @tparam string name
-- @tparam string folder where the program is put
-- @tparam[opt] string libraries
-- @treturn string its path, quoted for the shell
function measure.compile(name, folder, libraries)
  local path = nginx.quote(folder .. "/" .. name)
  local said = nginx.shell(("${CC:-cc} -O2 -o %s bench/peers/%s.c %s 2>&1"):format(path, name, libraries or ""))
  assert(said == "", said)
  return path
end

--- The beginning of a command that sets environment variables.
-- @tparam table variables
-- @treturn string
function measure.env(variables)
  local parts = { "env" }
  for name, value in pairs(variables) do parts[#parts + 1] = name .. "=" .. nginx.quote(value) end
  return table.concat(parts, " ") .. " "
end

--- A new temporary folder.
function measure.folder()
  local folder = nginx.shell 'mktemp -d "${TMPDIR:-/tmp}/lofty-bench.XXXXXX"'
  assert(folder ~= "", "bench: no temporary folder could be made")
  return folder
end

return measure
