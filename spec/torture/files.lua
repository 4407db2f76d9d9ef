-- SPDX-License-Identifier: MIT

-- The cases of files.c, which runs this file: each runs with system call 1, 2, 3, ... failing until no call fails. A case
-- fails if the store or the spool loses or damages what it said it had, if an err is not one, if a descriptor or a
-- temporary file stays behind, or if the same job fails afterwards, without faults.
package.path = "./lua/?.lua;./lua/?/init.lua;" .. package.path
local torture = torture -- luacheck: globals torture

local file = require "lofty.file"
local new_store = require "lofty.store.file"
local spool_file = require("lofty.spool").file

local ALONE, ON = { false }, { false, true }
-- The faults, and whether only one call has them or all later ones too. A signal at every call would never end.
local FAULTS = {
  { "EIO", ON }, { "ENOSPC", ON }, { "EINTR", ALONE }, { "short", ON }, { "done", ON }, { "end", ALONE }, { "ended", ALONE },
}
local KEY, OLD, NEW, LAST = "client/account", "the old token", ("the new token "):rep(500), "the last token"

local only_case, only_fault, only_n, only_on = ...
local root = os.tmpname()
os.remove(root)
local path = root .. "/files"
assert(file.directory(root, true)):close()

local function names()
  local dir, _, code = file.directory(path)
  if not dir then return assert(code == "absent" and {}) end
  local list = assert(dir:list())
  dir:close()
  return list
end

local function write_file(name, text)
  local dir = assert(file.directory(path, true))
  local handle = assert(dir:open(name, "create"))
  assert(handle:write(text))
  handle:close()
  dir:close()
end

local function read_file(name)
  local handle = assert(io.open(path .. "/" .. name, "rb"))
  local text = handle:read("*a")
  handle:close()
  return text
end

local function clear()
  for _, name in ipairs(names()) do assert(os.remove(path .. "/" .. name)) end
  os.remove(path)
  os.remove(root .. "/handled")
end

local function store(key_count)
  local made = new_store { path = path }
  for i = 1, key_count or 0 do assert(made:put(KEY .. i, OLD)) end
  return made
end

local function is_store_error(err) return type(err) == "table" and err.kind == "store" end

-- The value of a key is one of those given; then the same store, and another, can replace it, and no other file is left.
local function check_value(used, allowed, why)
  local value, err = store():get(KEY)
  assert(not err, tostring(err))
  assert(allowed[value == nil and "none" or value], why .. ": the value is " .. tostring(value and value:sub(1, 20)))
  for _, one in ipairs { used, store() } do
    assert(one:put(KEY, LAST))
    assert(one:get(KEY) == LAST, "the last value can be read")
  end
  for _, name in ipairs(names()) do assert(name:find "%.token$" or name:find "%.lock$", "a file is left: " .. name) end
end

-- A draft as the put of a process that died leaves it: what put writes, under the draft's name.
local function leave_draft(value, size)
  assert(store():put(KEY, value))
  local name = names()[1]
  local text = read_file(name)
  clear()
  assert(store():put(KEY, OLD))
  write_file(name:gsub("%.token$", ".new"), text:sub(1, size or #text))
end

-- A case: `prepare` makes the files, `act` does the job under faults and returns the job's result, `check` gets that
-- result, nil where the process ended, and what `prepare` returned.
local function put_case(prepare, absent)
  return {
    prepare = prepare,
    act = function(used) return used:put(KEY, NEW) end,
    check = function(ok, err, used)
      if ok then return check_value(used, { [NEW] = true }, "put returned true") end
      assert(err == nil or is_store_error(err))
      check_value(used, { [NEW] = true, [absent and "none" or OLD] = true }, "put failed")
    end,
  }
end

local function seeded()
  assert(store():put(KEY, OLD))
  return store()
end

local cases = {
  put = put_case(seeded),
  first_put = put_case(store, true),
  put_over_draft = put_case(function()
    leave_draft(OLD)
    return store()
  end),
  put_cleans = put_case(function()
    assert(store():put(KEY, OLD))
    write_file(".lofty-1-1-1.tmp", "abandoned")
    return store()
  end),
  -- As a token refresh does it.
  refresh = {
    prepare = seeded,
    act = function(used)
      local locked, err = used:try_lock(KEY, "me", 60)
      if not locked then return nil, err end
      local ok
      ok, err = used:reserve(KEY, #NEW)
      if ok then ok, err = used:put(KEY, NEW) end
      local unlocked, problem = used:unlock(KEY, "me")
      assert(unlocked, problem)
      return ok, err
    end,
    check = function(ok, err, used)
      assert(ok or err == nil or is_store_error(err))
      check_value(used, { [NEW] = true, [not ok and OLD or NEW] = true }, ok and "refreshed" or "the refresh failed")
      local other = store()
      assert(other:try_lock(KEY, "other", 60) == true, "the lock is free")
      assert(other:unlock(KEY, "other"))
    end,
  },
  reserve_alone = {
    prepare = seeded,
    act = function(used)
      local locked, err = used:try_lock(KEY, "me", 60)
      if not locked then return nil, err end
      local ok
      ok, err = used:reserve(KEY, 1000)
      used:unlock(KEY, "me")
      return ok, err
    end,
    check = function(ok, err, used)
      assert(ok or err == nil or is_store_error(err))
      check_value(used, { [OLD] = true }, "nothing was put")
    end,
  },
  get = {
    prepare = seeded,
    act = function(used) return used:get(KEY) end,
    check = function(value, err, used, ended)
      assert(value == OLD or is_store_error(err) or ended, "get returns the value or an err")
      check_value(used, { [OLD] = true }, "only read")
    end,
  },
  -- The put of a process that died was complete: its token must not be lost.
  get_finishes = {
    prepare = function()
      leave_draft(NEW)
      return store()
    end,
    act = function(used) return used:get(KEY) end,
    check = function(value, err, used, ended)
      assert(value == NEW or is_store_error(err) or ended, "get returns the draft's value or an err")
      check_value(used, { [NEW] = true }, "the draft was complete")
    end,
  },
  get_drops = {
    prepare = function()
      leave_draft(NEW, 100)
      return store()
    end,
    act = function(used) return used:get(KEY) end,
    check = function(value, err, used, ended)
      assert(value == OLD or is_store_error(err) or ended, "get returns the old value or an err")
      check_value(used, { [OLD] = true }, "the draft was incomplete")
    end,
  },
  delete = {
    prepare = function()
      leave_draft(NEW)
      return store()
    end,
    act = function(used) return used:delete(KEY) end,
    check = function(ok, err, used)
      assert(ok or err == nil or is_store_error(err))
      check_value(used, ok and { none = true } or { none = true, [OLD] = true, [NEW] = true }, "deleted")
    end,
  },
  keys = {
    prepare = function() return store(3) end,
    act = function(used) return used:keys() end,
    check = function(keys, err, used, ended)
      assert(ended or is_store_error(err) or #keys == 3, "all keys are listed, or none")
      check_value(used, { none = true }, "only listed")
    end,
  },
  lock = {
    prepare = seeded,
    act = function(used)
      local locked, err = used:try_lock(KEY, "me", 60)
      if not locked then return nil, err end
      torture.allow()
      assert(store():try_lock(KEY, "other", 60) == false, "nobody else gets the lock")
      assert(used:unlock(KEY, "me"))
      return true
    end,
    check = function(ok, err, used)
      assert(ok or err == nil or is_store_error(err))
      check_value(used, { [OLD] = true }, "only locked")
      assert(used:try_lock(KEY, "again", 60), "the lock is free")
      assert(used:unlock(KEY, "again"))
    end,
  },
}

-- The events that were handled, in this process and in children.
local function handled()
  local counts, list = {}, io.open(root .. "/handled")
  for line in list and list:lines() or function() end do
    local event = tonumber(line)
    counts[event] = (counts[event] or 0) + 1
  end
  if list then list:close() end
  return counts
end

-- A spool whose clock only sleeping moves. Event 2 fails the first time, event 3 unless `all_succeed`.
local function new_spool(all_succeed)
  local time = 1e9
  local runtime = {
    now = function() return time end,
    monotonic = function() return time end,
    sleep = function(_, seconds) time = time + seconds end,
  }
  local made = spool_file({ path = path }, runtime, function(body)
    local events = {}
    for number in body:gmatch "%d+" do events[#events + 1] = tonumber(number) end
    return events
  end)
  made:attach(function(event)
    local list = assert(io.open(root .. "/handled", "a"))
    list:write(event, "\n")
    list:close()
    if event == 2 and handled()[2] == 1 or event == 3 and not all_succeed then return nil, "not yet" end
    return true
  end, 2)
  return made
end

local function check_empty()
  for _, name in ipairs(names()) do assert(name == "worker.lock", "a file is left: " .. name) end
end

cases.spool_put = {
  prepare = new_spool,
  act = function(used) return used:put "1 2 4" end,
  check = function(id, err)
    assert(id or err == nil or is_store_error(err))
    assert(new_spool():run())
    local counts = handled()
    if counts[1] or id then
      assert(counts[1] == 1 and counts[2] == 2 and counts[4] == 1, "all of the delivery is handled, once")
    end
    check_empty()
  end,
}

cases.spool_run = {
  prepare = function()
    local used = new_spool()
    assert(used:put "1 2 4")
    return used
  end,
  act = function(used) return used:run() end,
  check = function(ok, err)
    assert(ok or err == nil or is_store_error(err))
    assert(new_spool():run())
    local counts = handled()
    for event, least in pairs { 1, 2, [4] = 1 } do
      assert((counts[event] or 0) >= least, "event " .. event .. " is handled")
      assert(counts[event] <= least + 1, "event " .. event .. " is repeated once at most")
    end
    check_empty()
  end,
}

cases.spool_retry = {
  prepare = function()
    local used = new_spool()
    assert(used:put "1 3 4")
    assert(used:run())
    assert(handled()[3] == 2)
    return used
  end,
  act = function(used)
    local list, err = used:failed()
    if not list then return nil, err end
    assert(#list == 1 and list[1].event == 3, "the failed event is listed")
    return used:retry(list[1].id)
  end,
  check = function(ok, err)
    assert(ok or err == nil or is_store_error(err))
    local fixed = new_spool(true)
    assert(fixed:run())
    if handled()[3] == 2 then
      assert(not ok, "a retried event is handled")
      local list = assert(fixed:failed())
      assert(#list == 1 and list[1].event == 3, "an event that was not retried is still listed")
      assert(fixed:retry(list[1].id))
      assert(fixed:run())
    end
    local counts = handled()
    assert(counts[3] == 3 and counts[1] == 1 and counts[4] == 1, "only the failed event is handled again")
    check_empty()
  end,
}

local function run(case, fault, n, later)
  clear()
  collectgarbage()
  local open_before = torture.descriptors()
  local used = case.prepare()
  local ended = fault:find "^end" ~= nil
  local hit, ok, err
  if ended then
    local status = torture.in_child(function()
      torture.refuse(fault, n, later)
      case.act(used)
    end)
    assert(status == 0 or status == 3, "the process crashed")
    hit = status == 0 and fault
  else
    torture.refuse(fault, n, later)
    ok, err = case.act(used)
    hit = torture.allow()
    assert(hit or not err, "without a fault: " .. tostring(err))
  end
  if not ended or hit then case.check(ok, err, used, ended) end
  used, ok = nil, nil -- luacheck: no unused
  collectgarbage()
  collectgarbage()
  assert(torture.descriptors() == open_before, "all descriptors are closed")
  return hit
end

local function attempt(name, fault, n, later)
  local passed, hit = xpcall(run, debug.traceback, cases[name], fault, n, later)
  if passed then return hit end
  local call = torture.allow()
  clear()
  os.remove(root)
  error(("%s\nrepeat with: build/torture/5.4/files %s %s %d%s%s"):format(hit, name, fault, n, later and " on" or "",
    call and "    # " .. call or ""), 0)
end

local count, faults, ends = 0, 0, 0
local sorted = {}
for name in pairs(cases) do sorted[#sorted + 1] = name end
table.sort(sorted)
if only_case and not cases[only_case] then error("the cases are " .. table.concat(sorted, ", "), 0) end
for _, name in ipairs(only_case and { only_case } or sorted) do
  count = count + 1
  if only_n then
    print(attempt(name, only_fault, tonumber(only_n), only_on == "on") or "untouched")
  else
    for _, fault in ipairs(FAULTS) do
      for _, later in ipairs(fault[2]) do
        local n = 1
        while attempt(name, fault[1], n, later) do n = n + 1 end
        if fault[1]:find "^end" then ends = ends + n - 1 else faults = faults + n - 1 end
      end
    end
  end
end
clear()
os.remove(root)
print(("files: %d cases, %d failed system calls, %d ends of the process, nothing lost"):format(count, faults, ends))
