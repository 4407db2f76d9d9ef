-- SPDX-License-Identifier: MIT

--- A spool for webhook deliveries: a crash loses no event of a delivery that got the response 200.
--
-- A delivery is one file in a private directory, written, forced to disk and renamed before the 200. One process at a
-- time, the one that holds the flock lock of `worker.lock`, handles the events. Files of a delivery:
--
-- - `ID.delivery` is its body, while it has events to handle; it is never changed. It is renamed to `ID.failed` when
--   all events were handled but some, which have failed for good.
-- - `ID.log` has one line for each attempt that ended: "INDEX STATUS ATTEMPTS DUE MESSAGE". The status is "done",
--   "again" (to be repeated at DUE, in epoch seconds) or "failed". A crash may lose lines; then events are repeated.
-- @module lofty.spool

local ascii = require "lofty.internal.ascii"
local complete_file = require "lofty.internal.complete_file"
local core = require "lofty.core"
local crypto = require "lofty.crypto"
local delete_abandoned = require "lofty.internal.delete_abandoned"
local errors = require "lofty.errors"
local file = require "lofty.file"
local misuse = require "lofty.internal.misuse"

local ipairs, rawget, select, setmetatable, tonumber, tostring, type =
  ipairs, rawget, select, setmetatable, tonumber, tostring, type
local format, gmatch, match = string.format, string.gmatch, string.match
local ceil, floor, huge, max, min = math.ceil, math.floor, math.huge, math.max, math.min
local sort = table.sort

local DELIVERY, FAILED, LOG, LOCK = ".delivery", ".failed", ".log", "worker.lock"
-- Seconds before an event is tried again after its first, second, ... failed attempt; the last one for all later ones.
local WAITS = { 2, 8, 30, 120, 600 }
local ATTEMPTS = 6
-- Seconds between two looks for deliveries that other processes have added.
local POLL = 1

local Spool = { __name = "lofty.spool" }
Spool.__index = Spool

local spool = {}

local function failed(self, what, why)
  return nil, errors.new { kind = "store", sent = false, message = format("spool: %s: %s %s", self.path, what, why) }
end

-- A unique name for a delivery. Names sort by their time and, those of one process, by their order.
local count = 0
local function new_id(self)
  count = (count + 1) % 10000
  return format("%014.0f%04d-%s", floor(self.runtime:now() * 1000), count, ascii.hex(crypto.random(8)))
end

-- The handler has checked the body before it was stored, so its limits and its choice of JSON do not apply again.
local ACCEPTED = { json = "repair", max_events = huge }

-- The events of a delivery; nil if the file does not hold what was written.
local function events_of(self, body)
  return (self.parse(body, ACCEPTED))
end

local function directory(self)
  local dir, why = file.directory(self.path, true)
  if not dir then return failed(self, "the directory", why) end
  return dir
end

--- Adds a delivery. It survives a crash of the process or the machine once this has returned.
-- @tparam string body
-- @treturn[1] string its id
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Spool:put(body)
  local dir, err = directory(self)
  if not dir then return nil, err end
  local handle, draft = dir:create()
  if not handle then
    dir:close()
    return failed(self, "a new file", draft)
  end
  local id = new_id(self)
  local ok, why = complete_file(dir, handle, draft, id .. DELIVERY, body)
  if ok then ok, why = dir:sync() end
  dir:close()
  if not ok then return failed(self, "a delivery", why) end
  return id
end

-- The ids of all files with an ending, oldest first.
local function ids_of(names, ending)
  local list = {}
  for _, name in ipairs(names) do
    local id = match(name, "^(%d+%-%x+)%" .. ending .. "$")
    if id then list[#list + 1] = id end
  end
  sort(list)
  return list
end

-- Removes what crashes left: drafts without a writer, logs without a delivery.
local function clean(dir, names)
  local known = {}
  for _, ending in ipairs { DELIVERY, FAILED } do
    for _, id in ipairs(ids_of(names, ending)) do known[id] = true end
  end
  for _, id in ipairs(ids_of(names, LOG)) do
    if not known[id] then dir:unlink(id .. LOG) end
  end
  delete_abandoned(dir, names)
end

-- The contents of a file; false if it is absent; nil, err.
local function read(self, dir, name)
  local handle, why, code = dir:open(name, "read")
  if code == "absent" then return false end
  if not handle then return failed(self, name, why) end
  local text
  text, why = handle:read(core.limits.request)
  handle:close()
  if not text then return failed(self, name, why) end
  return text
end

-- The state of each event in the log: index -> { status =, attempts =, due =, error = }; nil, err.
-- A line that was cut off, by a crash or a full disk, counts if its numbers are complete.
local function read_log(self, dir, id)
  local text, err = read(self, dir, id .. LOG)
  if text == nil then return nil, err end
  local states = {}
  for line in gmatch(text or "", "[^\n]+") do
    local index, status, attempts, due, message = match(line, "^(%d+) (%a+) (%d+) (%d+) (.*)$")
    if index then
      states[tonumber(index)] = { status = status, attempts = tonumber(attempts), due = tonumber(due), error = message }
    end
  end
  return states
end

-- Each line begins with a line break, so that it is not read as the rest of one that was cut off.
local function append_log(self, dir, id, index, state)
  local log, why = dir:open(id .. LOG, "create")
  if not log then return failed(self, "a log", why) end
  local ok
  ok, why = log:append(
    format("\n%d %s %d %.0f %s\n", index, state.status, state.attempts, state.due, state.error))
  log:close()
  if not ok then return failed(self, "a log", why) end
  return true
end

-- The state of an event after an attempt.
local function next_state(self, attempts, ok, err)
  if ok then return { status = "done", attempts = attempts, due = 0, error = "" } end
  -- An outcome that is unknown may be a success: trying again might do the same thing twice.
  local is_final = attempts >= self.attempts or errors.is(err) and err.outcome_unknown
  return {
    status = is_final and "failed" or "again", attempts = attempts,
    due = ceil(self.runtime:now() + (WAITS[attempts] or WAITS[#WAITS])),
    error = errors.sanitize(tostring(err), core.limits.message),
  }
end

local function pause()
  local ngx = rawget(_G, "ngx")
  if ngx then ngx.sleep(0.001) end -- nginx may log a warning about a sleep of 0
end

-- No wait is longer than the last of WAITS: an event that is due later than that was written before the clock was set
-- back, and is due now.
local function is_due(at, now)
  return at <= now or at > now + WAITS[#WAITS] + 1
end

-- Handles the events of one delivery that are due. Returns when the next one is due, or false when none is left; or
-- nil, an err, and true if the err concerns only this delivery.
local function handle_delivery(self, dir, id)
  local body, err = read(self, dir, id .. DELIVERY)
  if not body then return body, err, true end
  local states, problem = read_log(self, dir, id)
  if not states then return nil, problem, true end
  local events = events_of(self, body)
  if not events then
    err = select(2, failed(self, id .. DELIVERY, "is not a delivery; it is kept"))
    return nil, err, true
  end
  local next_due, has_failed = nil, false
  for index, event in ipairs(events) do
    local state = states[index] or { status = "again", attempts = 0, due = 0 }
    if state.status == "again" and is_due(state.due, self.runtime:now()) then
      local ok, why = self.handle(event)
      state = next_state(self, state.attempts + 1, ok, why)
      local logged
      logged, problem = append_log(self, dir, id, index, state)
      if not logged then return nil, problem end
      pause()
    end
    if state.status == "again" and (not next_due or state.due < next_due) then next_due = state.due end
    has_failed = has_failed or state.status == "failed"
  end
  if next_due then return next_due end
  local ok, why
  if has_failed then
    ok, why = dir:rename(id .. DELIVERY, id .. FAILED)
  else
    ok, why = dir:unlink(id .. DELIVERY)
    if ok then dir:unlink(id .. LOG) end
  end
  if not ok then return failed(self, id, why) end
  return false
end

local function is_exiting()
  local ngx = rawget(_G, "ngx")
  return ngx and ngx.worker.exiting()
end

-- Handles deliveries. Returns true when none is left, false when it is time to stop; or nil, err. A delivery that can't
-- be read does not hold up the others.
local function work(self, dir, ends)
  local runtime, due, problem = self.runtime, {}, nil
  local unreadable = {} -- id -> true
  while true do
    local names, why = dir:list()
    if not names then return failed(self, "the directory", why) end
    clean(dir, names)
    local next_due
    for _, id in ipairs(ids_of(names, DELIVERY)) do
      if not unreadable[id] and (not due[id] or is_due(due[id], runtime:now())) then
        local at, err, is_local = handle_delivery(self, dir, id)
        if err and not is_local then return nil, err end
        if err then
          unreadable[id], problem = true, problem or err
        end
        due[id] = at or nil
      end
      if due[id] then next_due = min(next_due or due[id], due[id]) end
      if is_exiting() then return false end
    end
    if not next_due and problem then return nil, problem end
    if not next_due then return true end
    local left = ends and ends - runtime:monotonic() or POLL
    if left <= 0 or is_exiting() then
      if problem then return nil, problem end
      return false
    end
    runtime:sleep(max(0.01, min(POLL, left, next_due - runtime:now())))
  end
end

--- Handles the spooled events, and those that are added meanwhile, until none is left to handle or to try again.
-- Returns at once when another process does so. Inside nginx the handler calls this after each delivery; call it from a
-- timer of init_worker_by_lua too, for events that were left at the last exit. In plain Lua your program calls it.
-- @tparam[opt] number seconds stop after this time; 0: handle what is due now
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Spool:run(seconds)
  if not self.handle then misuse("spool:run: give the spool to lofty.webhook.handler first") end
  local ends = seconds and self.runtime:monotonic() + seconds
  local dir, err = directory(self)
  if not dir then return nil, err end
  local finished, why
  repeat
    local lock, problem = dir:open(LOCK, "create")
    local locked = lock and lock:lock()
    if not locked then
      if lock then lock:close() end
      dir:close()
      if lock and locked == false then return true end -- another process handles them
      return failed(self, LOCK, problem or "cannot be locked")
    end
    finished, why = work(self, dir, ends)
    lock:close()
    -- Another process may have added a delivery meanwhile and left it to this one, because of the lock.
    local names = finished and dir:list()
  until not names or #ids_of(names, DELIVERY) == 0
  dir:close()
  if finished == nil then return nil, why end
  return true
end

--- The events that failed for good: after all attempts, or with an outcome that is unknown.
-- @treturn[1] {table,...} `{ id =, event =, attempts =, error = }`, oldest first; `error` is a text
-- @treturn[2] nil
-- @treturn[2] table err of kind "store"
function Spool:failed()
  local dir, err = directory(self)
  if not dir then return nil, err end
  local list, names, why = {}, dir:list()
  if not names then
    dir:close()
    return failed(self, "the directory", why)
  end
  for _, ending in ipairs { FAILED, DELIVERY } do
    for _, id in ipairs(ids_of(names, ending)) do
      local body, problem = read(self, dir, id .. ending)
      local states
      if body then states, problem = read_log(self, dir, id) end
      if problem then
        dir:close()
        return nil, problem
      end
      -- false when it was handled meanwhile.
      for index, event in ipairs(body and events_of(self, body) or {}) do
        local state = states[index]
        -- "again" beside a failed delivery: `retry` did not come to its end.
        if state and (state.status == "failed" or state.status == "again" and ending == FAILED) then
          list[#list + 1] = { id = id .. "." .. index, event = event, attempts = state.attempts, error = state.error }
        end
      end
    end
  end
  dir:close()
  sort(list, function(a, b) return a.id < b.id end)
  return list
end

local function retry(self, dir, id)
  local delivery, index = match(id, "^(%d+%-%x+)%.(%d+)$")
  local states, err = {}, nil
  if delivery then states, err = read_log(self, dir, delivery) end
  if not states then return nil, err end
  local state = states[tonumber(index)]
  local has_failed, is_waiting = state and state.status == "failed", state and state.status == "again"
  if has_failed then
    local ok
    ok, err = append_log(self, dir, delivery, tonumber(index),
      { status = "again", attempts = 0, due = 0, error = state.error })
    if not ok then return nil, err end
  end
  if has_failed or is_waiting then
    local renamed, why, code = dir:rename(delivery .. FAILED, delivery .. DELIVERY)
    if not renamed and code ~= "absent" then return failed(self, id, why) end
    if renamed or has_failed then return true end
  end
  return nil, errors.new { kind = "not_found", sent = false, message = "spool: no failed event has this id" }
end

--- Makes `run` try a failed event again, with all its attempts.
-- @tparam string id of `failed`
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] table err of kind "not_found" or "store"
function Spool:retry(id)
  if type(id) ~= "string" then misuse("spool:retry: an id of spool:failed() expected, got " .. type(id)) end
  local dir, err = directory(self)
  if not dir then return nil, err end
  local ok
  ok, err = retry(self, dir, id)
  dir:close()
  return ok, err
end

--- Called by `lofty.webhook.handler`.
-- @tparam function handle (event) -> true | nil, err
-- @tparam[opt=6] number attempts of an event before it has failed for good
function Spool:attach(handle, attempts)
  self.handle, self.attempts = handle, attempts or ATTEMPTS
end

local OPTIONS = { path = true }

--- Makes a spool in a directory, which is created with mode 0700 if it is absent.
--     lofty.spool.file { path = "/var/spool/myapp" }
-- @tparam table opt `path`
-- @tparam table runtime
-- @tparam function parse `lofty.webhook.parse`
-- @treturn table the spool
function spool.file(opt, runtime, parse)
  errors.options("lofty.spool.file", opt, OPTIONS)
  if type(opt) ~= "table" or type(opt.path) ~= "string" or opt.path == "" then
    misuse("lofty.spool.file: path must be a directory's name")
  end
  return setmetatable({ path = opt.path, runtime = runtime, parse = parse }, Spool)
end

return spool
