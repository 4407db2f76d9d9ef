-- SPDX-License-Identifier: MIT

--- Ends reads over TLS that exceed their deadline.
--
-- nginx restarts a read's timer whenever a byte arrives, also when the byte only adds to an unfinished TLS record. So a
-- server that sends a record byte by byte holds a read for as long as it likes. Here a timer, which runs only while
-- there are reads over TLS, finds those that are late and gives them a timeout of one millisecond: the next byte ends
-- them, or without one the timer that nginx has already set.
-- @module lofty.runtime.nginx.watchdog

local ngx = ngx -- luacheck: globals ngx
local clock = require "lofty.runtime.nginx.clock"

local monotonic, timer_at = clock.monotonic, ngx.timer.at
local next, pairs, setmetatable = next, pairs, setmetatable

local INTERVAL = 1 -- seconds between two checks
local OVERDUE = 3 -- seconds after which nginx has dropped the timer: create another

local watchdog = {}

-- Exchanges (see `lofty.runtime.exchange`) that read. The keys are weak, since an aborted request's exchange is never
-- done.
local reading = setmetatable({}, { __mode = "k" })
local created_at -- when the timer was created that has not run yet

local look

local function create_timer(now)
  created_at = timer_at(INTERVAL, look) and now or nil
end

function look(premature)
  local now = monotonic()
  for exchange in pairs(reading) do
    if exchange.deadline <= now then
      reading[exchange] = nil
      exchange.socket:settimeouts(1, 1, 1)
    end
  end
  created_at = nil
  if not premature and next(reading) then create_timer(now) end
end

--- Watches an exchange until `done` is called for it.
-- @tparam table exchange with `deadline` (of clock.monotonic) and `socket`
function watchdog.watch(exchange)
  reading[exchange] = true
  local now = monotonic()
  if not created_at or now - created_at > OVERDUE then create_timer(now) end
end

--- Stops watching an exchange.
-- @tparam table exchange
function watchdog.done(exchange) reading[exchange] = nil end

return watchdog
