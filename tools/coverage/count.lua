-- SPDX-License-Identifier: MIT

-- Counts which lines of lua/lofty run. LUA_INIT_5_4 names this file, so that child processes count too. When it exits,
-- each adds a file to the folder that COVERAGE names, with a line "FILE LINE" for each line that ran.

local folder = os.getenv "COVERAGE"
local getinfo, sethook = debug.getinfo, debug.sethook
local create, exit = coroutine.create, os.exit

local seen = {}
local function count(_, line)
  local source = getinfo(2, "S").source
  local lines = seen[source]
  if lines == nil then
    lines = source:find("lua/lofty/", 1, true) and {} or false
    seen[source] = lines
  end
  if lines then lines[line] = true end
end

local written
local function write()
  if written then return end
  written = true
  sethook()
  local name = folder .. "/" .. tostring(seen):gsub("^table: ", "") .. "-" .. os.time() .. "-" .. os.clock()
  local file = assert(io.open(name, "w"))
  for source, lines in pairs(seen) do
    local path = lines and source:match "(lua/lofty/.*)$"
    for line in pairs(lines or {}) do file:write(path, " ", line, "\n") end
  end
  file:close()
end

-- A hook belongs to one coroutine.
function coroutine.create(fn) -- luacheck: ignore 122
  local thread = create(fn)
  sethook(thread, count, "l")
  return thread
end
function coroutine.wrap(fn) -- luacheck: ignore 122
  local thread = coroutine.create(fn)
  local function finish(ok, ...)
    if ok then return ... end
    error((...), 0)
  end
  return function(...) return finish(coroutine.resume(thread, ...)) end
end

function os.exit(...) -- luacheck: ignore 122
  write()
  exit(...)
end
_G.lofty_coverage = setmetatable({}, { __gc = write }) -- luacheck: ignore 111 112
sethook(count, "l")
