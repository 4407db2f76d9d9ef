-- SPDX-License-Identifier: MIT

--- Resident memory and open descriptors of processes over time, from Linux's /proc.
--
-- The memory is VmRSS without RssShmem: pages of nginx's shared dicts count as resident in each worker that touched them.
-- @module bench.soak.watch

local launcher = require "lofty.sandbox.nginx"
local median = require "bench.median"

local format = string.format

local watch = {}

-- What a process may have grown by: memory at the end, compared with its middle; descriptors at the end, compared with
-- the most in its first half, since connections move between workers. And the least age of a process that is judged: one
-- that was just started still fills its caches.
watch.MEMORY, watch.DESCRIPTORS, watch.LEAST_AGE = 512, 3, 900 -- KiB, number, seconds

local Watch = {}
Watch.__index = Watch

--- Starts without a process.
function watch.new() return setmetatable({ series = {}, order = {} }, Watch) end

--- Reads the values of processes now.
-- @tparam number now seconds since the start
-- @tparam {table,...} processes `pid`, `name`; `judged`; `may_grow`: its memory is not judged
function Watch:sample(now, processes)
  local words = {}
  for i, one in ipairs(processes) do words[i] = tostring(one.pid) end
  local text = launcher.shell("exec 2>/dev/null; for p in " .. table.concat(words, " ") .. "; do "
    .. [[echo "$p $(ls /proc/$p/fd | wc -l) $(tr '\n' ' ' </proc/$p/status)"; done]])
  local read = {}
  for line in text:gmatch("[^\n]+") do
    local pid, descriptors = line:match("^(%d+) (%d+)")
    local resident, shared = line:match("VmRSS:%s*(%d+)"), line:match("RssShmem:%s*(%d+)")
    if resident then read[tonumber(pid)] = { tonumber(descriptors), tonumber(resident) - tonumber(shared) } end
  end
  for _, one in ipairs(processes) do
    local values = read[tonumber(one.pid)]
    if values then
      local series = self.series[one.pid]
      if not series then
        series = {
          name = one.name, pid = one.pid, judged = one.judged, may_grow = one.may_grow, times = {}, memory = {}, descriptors = {},
        }
        self.series[one.pid], self.order[#self.order + 1] = series, series
      end
      local n = #series.times + 1
      series.times[n], series.descriptors[n], series.memory[n] = now, values[1], values[2]
    end
  end
end

-- The median of the values between two fractions of a series' time.
local function between(series, values, from, to)
  local first, last = series.times[1], series.times[#series.times]
  local list = {}
  for i, time in ipairs(series.times) do
    local at = last > first and (time - first) / (last - first) or 1
    if at >= from and at <= to then list[#list + 1] = values[i] end
  end
  return median(list) or values[#values]
end

-- The slope of the second half by least squares, an hour.
local function slope(series, values)
  local first, last = series.times[1], series.times[#series.times]
  local n, st, sv, stt, stv = 0, 0, 0, 0, 0
  for i, time in ipairs(series.times) do
    if time - first >= (last - first) / 2 then
      local t = (time - first) / 3600
      n, st, sv, stt, stv = n + 1, st + t, sv + values[i], stt + t * t, stv + t * values[i]
    end
  end
  local below = n * stt - st * st
  return below > 0 and (n * stv - st * sv) / below or 0
end

--- The table of all processes that were seen for a tenth of the time or longer, and whether each was flat.
-- @tparam number seconds the time of the whole run
-- @treturn {string,...} lines
-- @treturn {table,...} verdicts: `name`, `what`, `good`, of processes that are judged
function Watch:report(seconds)
  local lines = {
    "process                  pid     minutes | RSS KiB at 10 %   50 %     100 %   slope/h | descriptors 10 %  50 %  100 %  slope/h",
  }
  local verdicts = {}
  for _, series in ipairs(self.order) do
    local age = series.times[#series.times] - series.times[1]
    if age >= seconds / 10 then
      local shown = {}
      for _, values in ipairs { series.memory, series.descriptors } do
        for _, window in ipairs { { 0.05, 0.15 }, { 0.45, 0.55 }, { 0.9, 1 } } do
          shown[#shown + 1] = between(series, values, window[1], window[2])
        end
        shown[#shown + 1] = slope(series, values)
      end
      lines[#lines + 1] = format("%-22s %7d %9.1f | %15.0f %8.0f %8.0f %+9.0f | %16.0f %5.0f %6.0f %+8.1f", series.name, series.pid, age / 60,
        shown[1], shown[2], shown[3], shown[4], shown[5], shown[6], shown[7], shown[8])
      if series.judged and age >= watch.LEAST_AGE then
        local most = 0
        for i = 1, math.ceil(#series.times / 2) do most = math.max(most, series.descriptors[i]) end
        if not series.may_grow then
          verdicts[#verdicts + 1] = { name = series.name, what = "memory", good = shown[3] - shown[2] <= watch.MEMORY }
        end
        verdicts[#verdicts + 1] = { name = series.name, what = "descriptors", good = shown[7] - most <= watch.DESCRIPTORS }
      end
    end
  end
  return lines, verdicts
end

return watch
