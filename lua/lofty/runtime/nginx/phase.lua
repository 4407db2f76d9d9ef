--- Where in nginx one may wait, and what to say where one may not.
-- @module lofty.runtime.nginx.phase

local ngx = ngx -- luacheck: globals ngx
local errors = require "lofty.errors"

local get_phase = ngx.get_phase

local phase = {}

-- The phases that have cosockets, light threads and ngx.sleep.
local WAITS = {
  rewrite = true, server_rewrite = true, access = true, content = true, timer = true,
  ssl_cert = true, ssl_session_fetch = true, ssl_client_hello = true,
}

-- Elsewhere a timer does the work: it may be made in each of these phases but init.
local IN_TIMER = "hand the work to ngx.timer.at(0, fn)"
local ADVICE = {
  init = "no worker runs yet: make clients and apps there, call them in a request or in a timer",
  init_worker = IN_TIMER,
  log = IN_TIMER .. ", with what it needs as arguments",
  exit_worker = "the worker ends: call before that",
  set = "use rewrite_by_lua or access_by_lua",
  header_filter = "call in access_by_lua or content_by_lua and keep the result in ngx.ctx",
  body_filter = "call in access_by_lua or content_by_lua and keep the result in ngx.ctx",
}

--- The err for this phase, which can't wait.
-- @treturn nil
-- @treturn table err that names the phase and says what to do
function phase.refuse()
  local name = get_phase()
  return nil, errors.new {
    kind = "invalid", sent = false, connected = false, head = false, phase = name,
    message = "nothing can be waited for in nginx's " .. name .. " phase: " .. (ADVICE[name] or IN_TIMER),
  }
end

--- Tells whether this phase may wait for a socket or a time.
-- (Whether this very call may is LuaJIT's to say: it raises "attempt to yield across C-call boundary"
-- under require, table.sort and the like.)
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] table err, see `refuse`
function phase.may_wait()
  if WAITS[get_phase()] then return true end
  return phase.refuse()
end

return phase
