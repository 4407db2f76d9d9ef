-- SPDX-License-Identifier: MIT

--- The libcurl multi handle of this Lua state, and slots to send requests with. The transfer of a slot is reused.
--
-- A request outside of tasks needs only this module. The scheduler is loaded by the first wait or task, or by the
-- second request; it sets `slots.scheduler`, and `slots.active` while it has tasks or sections.
-- @module lofty.runtime.curl.slots

local curl = require "lofty.curl"

local error = error

local slots = {
  --- `lofty.runtime.curl.scheduler`, once it is loaded.
  scheduler = nil,
  --- The scheduler while there are tasks or sections, else nil.
  active = nil,
}

local multi                           -- made when first needed
local free, free_count = {}, 0        -- slots that no request uses
local last_id = 0

--- The multi handle.
function slots.multi()
  if not multi then multi = curl.multi() end
  return multi
end

--- A slot to send a request with: { id, transfer }.
function slots.acquire()
  if free_count > 0 then
    -- In this order, so that the list has no hole if a signal's hook raises in between.
    local count = free_count
    local slot = free[count]
    free_count = count - 1
    free[count] = nil
    return slot
  end
  last_id = last_id + 1
  return { id = last_id, transfer = slots.multi():transfer() }
end

--- Releases a slot, so that the next request can use it.
local function release(slot)
  free[free_count + 1] = slot
  free_count = free_count + 1
end
slots.release = release

--- Waits until a slot's transfer has ended, and releases the slot.
-- @return the transfer's result, see `result` in src/lua/curl.c
function slots.finish(slot)
  local transfer = slot.transfer
  local code, headers, body, reused, elapsed, head, final
  repeat
    code, headers, body, reused, elapsed, head, final = transfer:result()
    if code == false and headers then -- a signal handler has raised
      local value = body
      transfer:cancel()
      transfer:result()
      release(slot)
      if slots.active then slots.active.interrupt(value) end
      error(value, 0)
    end
  until code ~= false
  release(slot)
  return code, headers, body, reused, elapsed, head, final
end

--- Closes all connections, unless something still runs. The next request opens a new one.
-- @treturn boolean whether it was done
function slots.close()
  if not multi then return true end
  if slots.active and slots.active.is_running() then return false end
  for i = 1, free_count do
    free[i].transfer:close()
    free[i] = nil
  end
  free_count = 0
  multi:close()
  multi = nil
  return true
end

return slots
