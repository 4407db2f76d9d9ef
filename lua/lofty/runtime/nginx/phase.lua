-- SPDX-License-Identifier: MIT

--- In which of nginx's phases code may wait, and what to do in the others.
-- @module lofty.runtime.nginx.phase

local ngx = ngx -- luacheck: globals ngx
local errors = require "lofty.errors"

local find, get_phase, type = string.find, ngx.get_phase, type

local phase = {}

-- The phases without cosockets, light threads and ngx.sleep, each with what to do there. A timer can be created in each
-- of them but init. In any other phase a call is attempted.
local IN_TIMER = "hand the work to ngx.timer.at(0, fn)"
local IN_FILTER = "call in access_by_lua or content_by_lua and keep the result in ngx.ctx"
local ADVICE = {
  init = "no worker process runs yet: make clients and apps there, and call them in a request or in a timer",
  init_worker = IN_TIMER,
  set = "use rewrite_by_lua or access_by_lua",
  balancer = "call in access_by_lua and keep the result in ngx.ctx",
  header_filter = IN_FILTER,
  body_filter = IN_FILTER,
  log = IN_TIMER .. ", with what it needs as arguments",
  ssl_session_store = IN_TIMER,
  exit_worker = "the worker process ends: call before that",
}

--- The err for this phase, where code can't wait.
-- @treturn nil
-- @treturn table err with the phase's name in `phase`
function phase.refuse()
  local name = get_phase()
  return nil, errors.new {
    kind = "invalid", sent = false, connected = false, head = false, phase = name,
    message = "code can't wait in nginx's " .. name .. " phase: " .. (ADVICE[name] or IN_TIMER),
  }
end

--- Tells whether this phase lets code wait for a socket or a time. A phase that is not known counts as one that does;
-- when nginx refuses the wait after all, see `is_refusal`.
-- (Whether a call may yield at this point is not known here: LuaJIT raises "attempt to yield across C-call boundary"
-- under require, table.sort and the like.)
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] table err, see `refuse`
function phase.may_wait()
  if not ADVICE[get_phase()] then return true end
  return phase.refuse()
end

--- Tells whether a message is nginx's refusal of a function in a phase.
-- @param message what a function of nginx's raised or returned
-- @treturn boolean
function phase.is_refusal(message)
  return type(message) == "string" and find(message, "API disabled in the ", 1, true) ~= nil
end

return phase
