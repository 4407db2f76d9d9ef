-- SPDX-License-Identifier: MIT

--- The faults of bench/soak, as the emulator takes them; each with a name for the report.
-- @module bench.soak.faults

local faults = {}

local SLOW, TOO_SLOW = 1, 4 -- seconds; the clients' timeout is between them

local ANY = {
  { name = "connection closed before a response", preset = "cut-before" },
  { name = "connection closed after the call took effect", preset = "cut-after" },
  { name = "half a head", preset = "cut-head" },
  { name = "half a body", preset = "cut-body" },
  { name = "500", preset = "server-error" },
  { name = "502 with HTML", preset = "html-502" },
  { name = "503", preset = "unavailable" },
  { name = "429", status = 429, json = { message = "Too Many Requests" }, headers = { ["Retry-After"] = "1" } },
  { name = "slow response", delay = SLOW },
  { name = "response after the timeout", delay = TOO_SLOW },
}

-- For reads only: the library takes the outcome of a write from its response.
local READS = {
  { name = "Content-Length too large", preset = "long-length" },
  { name = "10 bytes of the body", truncate = 10 },
  { name = "200 with HTML", preset = "html-200" },
  { name = "200 without valid JSON", preset = "not-json" },
  { name = "no HTTP", raw = "SSH-2.0-OpenSSH_9.2\r\n" },
}

-- Each for some seconds, one after the other.
local OUTAGES = {
  { name = "token endpoint: 503", preset = "unavailable" },
  { name = "token endpoint: closed before a response", preset = "cut-before" },
  { name = "token endpoint: closed after the grant", preset = "cut-after" },
  { name = "token endpoint: half a body", preset = "cut-body" },
  { name = "token endpoint: slow", delay = SLOW },
  { name = "token endpoint: 502 with HTML", preset = "html-502" },
}

local function copy(fault, more)
  local whole = {}
  for name, value in pairs(fault) do
    if name ~= "name" then whole[name] = value end
  end
  for name, value in pairs(more) do whole[name] = value end
  return whole
end

--- Some faults for the next seconds.
-- @tparam function random(n)
-- @tparam number count
-- @treturn {table,...} pairs: name, fault
function faults.batch(random, count)
  local list = {}
  for i = 1, count do
    local read = random(3) == 1
    local fault = read and READS[random(#READS)] or ANY[random(#ANY)]
    local method = read and "GET" or ({ "GET", "POST", "PUT" })[random(3)]
    list[i] = { fault.name, copy(fault, { method = method, path = "/v1.0/*", skip = method == "GET" and random(30) or random(3) }) }
  end
  return list
end

--- The outage of this number.
-- @tparam number number from 1
-- @tparam string path of the token endpoint
-- @treturn {table,...} as of `batch`
function faults.outage(number, path)
  local fault = OUTAGES[(number - 1) % #OUTAGES + 1]
  return { { fault.name, copy(fault, { method = "POST", path = path, times = 0 }) } }
end

return faults
