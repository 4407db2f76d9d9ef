-- SPDX-License-Identifier: MIT

--- Shows long waits, for the rate limit or before a call is repeated, with a countdown on a terminal.
-- @module lofty.cli.waiting

local floor, min = math.floor, math.min

local waiting = {}

-- A wait of at least this many seconds is shown.
local SHOWN_FROM = 2

--- A runtime whose long sleeps are shown.
-- @tparam table context
-- @tparam table base the runtime that waits
-- @treturn table
function waiting.runtime(context, base)
  local streams = context.streams
  local is_showing = false
  local runtime = setmetatable({}, { __index = base })

  function runtime.sleep(_, seconds)
    -- When several tasks wait, one of the waits is shown.
    if seconds < SHOWN_FROM or is_showing then return base:sleep(seconds) end
    local reason = context.wait_reason or "waiting"
    if not streams.err_is_terminal then
      context:say("lofty: ", reason, (": continuing in %d s"):format(floor(seconds + 0.5)))
      return base:sleep(seconds)
    end
    is_showing = true
    local ends = base:monotonic() + seconds
    local left, ok, problem = seconds, true, nil
    while left > 0 do
      streams.err:write("\r\27[K", reason, (": continuing in %d s"):format(math.ceil(left)))
      streams.err:flush()
      ok, problem = base:sleep(min(left, 1))
      if problem then break end
      left = ends - base:monotonic()
    end
    streams.err:write "\r\27[K"
    streams.err:flush()
    is_showing = false
    return ok, problem
  end
  return runtime
end

--- Adds the runtime and the hooks to a client's options: they show waits, or with `--no-wait` make them an error.
-- @tparam table context
-- @tparam table opt
function waiting.complete(context, opt)
  opt.runtime = context:runtime()
  function opt.on_wait(event)
    context.wait_reason = event.reason == "429" and "Lofty's rate limit is exceeded" or "waiting for Lofty's rate limit"
    if context.args.no_wait then
      error(require("lofty.errors").new {
        kind = "rate_limit", sent = false, operation = event.operation, retry_after = event.seconds,
        message = ("the call would wait %.0f s for the rate limit, but --no-wait was given"):format(event.seconds),
      }, 0)
    end
  end
  function opt.on_retry(event)
    if event.err.kind == "rate_limit" then
      context.wait_reason = "Lofty's rate limit is exceeded"
      if context.args.no_wait then error(event.err, 0) end
    else
      context.wait_reason = ("the call failed (%s)"):format(event.err.kind)
    end
  end
end

return waiting
